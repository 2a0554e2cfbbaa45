-- How many calls all processes together make of a provider.

-- One row is a provider's turn: the time at which the next call of the even flow is due. Unlogged: after a crash
-- it is empty, and the flow begins anew.
create unlogged table provider_turn (
  provider text not null,
  next_at timestamptz not null,
  constraint provider_turn_pk primary key (provider)
);
