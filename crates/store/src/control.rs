//! The kill switches: what may be started at all, of everything, of a provider, of a plan, of an agreement.
//!
//! Whoever arms a request holds the switches shared, from before its first look at them to its commit; whoever
//! turns one holds them alone. So once a closing has committed, nothing is armed that was not armed before, and
//! what was armed is found under way. The lock is an advisory one: it is fair, so a closing never waits behind
//! an endless stream of arming. Turned by hand, in SQL, a switch of everything or of a provider holds too: its
//! row is locked as well.

use serde_json::json;
use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::Instant;
use domain::gate::Scope;
use domain::payment;
use domain::uid::{InstalmentId, PaymentId, PlanId, ProviderUid};

use crate::agreements::InFlightPayment;
use crate::codec::understood;
use crate::idempotency::{self, Claimed, IdempotencyClaim};
use crate::journal::{JournalLine, NewEvent, append_events, append_journal};
use crate::{Store, StoreError};

mod scope;
mod trip;
mod wake_held;

pub use scope::{NoScope, SwitchScope};
pub use trip::Trip;

/// The advisory lock of the switches: our own class of locks, and the number in it.
const SWITCHES: (i32, i32) = (0x7064, 1);

/// The most payments under way that a closing names; it counts all.
const NAMED_MAX: i64 = 10_000;

/// A switch as it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Switch {
    /// What it stops.
    pub scope: SwitchScope,
    /// Whether it lets collections pass.
    pub open: bool,
    /// Why it was last turned, in the words of whoever did.
    pub reason: String,
    /// When it was last turned.
    pub changed_at: Instant,
}

/// That a switch is to be turned.
#[derive(Clone, Copy, Debug)]
pub struct Turn<'a> {
    /// Which one.
    pub scope: SwitchScope,
    /// Whether it is to let collections pass.
    pub open: bool,
    /// Why: a text that everybody may read who asks why something is not collected.
    pub reason: &'a str,
    /// Who turns it, for the journal: a word.
    pub cause: &'static str,
}

/// How a switch stands once it was to be turned.
#[derive(Clone, Debug)]
pub struct Turned {
    /// The switch. One that stood so already keeps its reason and its time.
    pub switch: Switch,
    /// Whether it was turned just now.
    pub is_changed: bool,
    /// The payments under it by which money may still move, by their ids: the first ten thousand. Of a switch
    /// that is opened, none.
    pub in_flight: Vec<InFlightPayment>,
    /// How many there are.
    pub in_flight_count: i64,
}

/// What a request to turn a switch led to.
#[derive(Debug)]
pub enum TurnOutcome {
    /// There is no such plan or agreement.
    NotFound,
    /// It stands as asked for.
    Turned(Box<Turned>),
    /// It was answered before, under the same key.
    Replayed {
        /// The HTTP status.
        status: u16,
        /// The body.
        body: String,
    },
    /// The key belongs to another request.
    KeyReused,
}

type Answer<'a> = dyn Fn(&Turned) -> Option<IdempotencyClaim> + Send + Sync + 'a;

impl Store {
    /// Turns a switch. From the commit of a closing on nothing new is sent under it; what has been sent is named,
    /// and followed to its end. An opening wakes what was held back. `answer` makes the claim of what is
    /// answered, kept in the same commit.
    ///
    /// # Errors
    ///
    /// Fails when the database does; then the switch stands as it stood.
    pub async fn turn_switch(
        &self,
        turn: Turn<'_>,
        now: Instant,
        event_id: Uuid,
        answer: &Answer<'_>,
    ) -> Result<TurnOutcome, StoreError> {
        let mut tx = self.begin().await?;
        hold_switches_alone(&mut tx).await?;
        let plan_id = match plan_of(&mut tx, turn.scope).await? {
            Found::Nothing => return Ok(TurnOutcome::NotFound),
            Found::OfAll => None,
            Found::Plan(id) => Some(id),
        };
        let stood = switch(&mut tx, turn.scope).await?;
        let is_open = stood.as_ref().is_none_or(|switch| switch.open);
        let is_changed = is_open != turn.open;
        let as_asked = Switch {
            scope: turn.scope,
            open: turn.open,
            reason: turn.reason.to_owned(),
            changed_at: now,
        };
        let (in_flight, in_flight_count) = match turn.open {
            true => (Vec::new(), 0),
            false => under_way(&mut tx, turn.scope).await?,
        };
        let turned = Turned {
            switch: stood.filter(|_| !is_changed).unwrap_or(as_asked),
            is_changed,
            in_flight,
            in_flight_count,
        };
        if let Some(claim) = answer(&turned) {
            match idempotency::claim(&mut tx, &claim, now).await? {
                Claimed::Fresh => {}
                Claimed::Replay { status, body } => {
                    return Ok(TurnOutcome::Replayed { status, body });
                }
                Claimed::OtherRequest => return Ok(TurnOutcome::KeyReused),
            }
        }
        if is_changed {
            write(&mut tx, &turned.switch).await?;
            append_journal(&mut tx, &[line(turn)], now).await?;
            if turn.open {
                wake_held::wake(&mut tx, turn.scope, plan_id, now).await?;
            }
            append_events(&mut tx, &[told(&turned, plan_id, event_id)], now).await?;
        }
        tx.commit().await?;
        self.poker.poke();
        Ok(TurnOutcome::Turned(Box::new(turned)))
    }

    /// Closes or opens collections altogether, by itself: no caller waits for an answer.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn set_collections(
        &self,
        open: bool,
        reason: &str,
        now: Instant,
    ) -> Result<(), StoreError> {
        let turn = Turn {
            scope: SwitchScope::All,
            open,
            reason,
            cause: "turned_by_itself",
        };
        self.turn_switch(turn, now, id_at(now), &|_| None).await?;
        Ok(())
    }
}

/// A UUIDv7 of this instant.
fn id_at(now: Instant) -> Uuid {
    let millis = u64::try_from(now.timestamp_millis()).unwrap_or_default();
    uuid::Builder::from_unix_timestamp_millis(millis, &rand::random()).into_uuid()
}

/// Holds the switches as they stand until the transaction ends, and answers the widest one over everything that
/// is closed: one that is missing is. The first lock of every transaction that arms.
pub(crate) async fn hold_switches(tx: &mut PgConnection) -> Result<Option<Scope>, StoreError> {
    sqlx::query("select pg_advisory_xact_lock_shared($1, $2)")
        .bind(SWITCHES.0)
        .bind(SWITCHES.1)
        .execute(&mut *tx)
        .await?;
    let rows: Vec<(String, bool)> = sqlx::query_as(
        "select scope, collections_open
         from control
         where scope in ('all', 'provider:oligo')
         order by scope
         for share",
    )
    .fetch_all(tx)
    .await?;
    let is_open = |scope: SwitchScope| {
        let key = scope.key();
        rows.iter().any(|(found, open)| *found == key && *open)
    };
    let wide = [SwitchScope::All, SwitchScope::Provider];
    let closed = wide.into_iter().find(|scope| !is_open(*scope));
    Ok(closed.map(SwitchScope::kind))
}

async fn hold_switches_alone(tx: &mut PgConnection) -> Result<(), StoreError> {
    sqlx::query("select pg_advisory_xact_lock($1, $2)")
        .bind(SWITCHES.0)
        .bind(SWITCHES.1)
        .execute(tx)
        .await?;
    Ok(())
}

/// Which plan a switch is of.
enum Found {
    /// There is nothing it could be of.
    Nothing,
    /// It is of no plan.
    OfAll,
    /// It is of this one.
    Plan(PlanId),
}

async fn plan_of(tx: &mut PgConnection, scope: SwitchScope) -> Result<Found, StoreError> {
    let (statement, id) = match scope {
        SwitchScope::All | SwitchScope::Provider => return Ok(Found::OfAll),
        SwitchScope::Plan(id) => ("select id from plan where id = $1", id.uuid()),
        SwitchScope::Agreement(id) => ("select plan_id from agreement where id = $1", id.uuid()),
    };
    let found: Option<Uuid> = sqlx::query_scalar(statement)
        .bind(id)
        .fetch_optional(tx)
        .await?;
    Ok(found.map_or(Found::Nothing, |id| Found::Plan(PlanId::new(id))))
}

async fn switch(tx: &mut PgConnection, scope: SwitchScope) -> Result<Option<Switch>, StoreError> {
    let row: Option<(bool, String, Instant)> =
        sqlx::query_as("select collections_open, reason, changed_at from control where scope = $1")
            .bind(scope.key())
            .fetch_optional(tx)
            .await?;
    Ok(row.map(|(open, reason, changed_at)| Switch {
        scope,
        open,
        reason,
        changed_at,
    }))
}

async fn write(tx: &mut PgConnection, switch: &Switch) -> Result<(), StoreError> {
    sqlx::query(
        "insert into control (scope, collections_open, changed_at, reason)
         values ($1, $2, $3, $4)
         on conflict (scope) do update
         set collections_open = excluded.collections_open,
             changed_at = excluded.changed_at,
             reason = excluded.reason",
    )
    .bind(switch.scope.key())
    .bind(switch.open)
    .bind(switch.changed_at)
    .bind(&switch.reason)
    .execute(tx)
    .await?;
    Ok(())
}

/// The payments under a switch whose requests may have left, and that have not ended; and how many they are.
async fn under_way(
    tx: &mut PgConnection,
    scope: SwitchScope,
) -> Result<(Vec<InFlightPayment>, i64), StoreError> {
    let (plan, agreement) = match scope {
        SwitchScope::All | SwitchScope::Provider => (None, None),
        SwitchScope::Plan(id) => (Some(id.uuid()), None),
        SwitchScope::Agreement(id) => (None, Some(id.uuid())),
    };
    let rows: Vec<(Uuid, String, Uuid, String, i64)> = sqlx::query_as(
        "select id, uid, instalment_id, state, count(*) over ()
         from payment
         where state in ('sending', 'unknown', 'submitted', 'under_investigation')
           and ($1::uuid is null or plan_id = $1)
           and ($2::uuid is null or agreement_id = $2)
         order by id
         limit $3",
    )
    .bind(plan)
    .bind(agreement)
    .bind(NAMED_MAX)
    .fetch_all(tx)
    .await?;
    let count = rows.first().map_or(0, |row| row.4);
    let named: Result<Vec<InFlightPayment>, StoreError> = rows
        .into_iter()
        .map(|(id, uid, instalment_id, state, _)| {
            Ok(InFlightPayment {
                id: PaymentId::new(id),
                uid: understood(ProviderUid::parse(&uid).ok(), "uid", id)?,
                instalment_id: InstalmentId::new(instalment_id),
                state: understood(payment::State::parse(&state), "state", id)?,
            })
        })
        .collect();
    Ok((named?, count))
}

const fn word(open: bool) -> &'static str {
    if open { "open" } else { "closed" }
}

fn line(turn: Turn<'_>) -> JournalLine {
    JournalLine {
        subject: "control",
        subject_id: turn.scope.own_id(),
        from_state: word(!turn.open),
        to_state: word(turn.open),
        cause: turn.cause,
        detail: Some(format!("{}: {}", turn.scope, turn.reason)),
    }
}

fn told(turned: &Turned, plan_id: Option<PlanId>, id: Uuid) -> NewEvent {
    let switch = &turned.switch;
    NewEvent {
        id,
        kind: match switch.open {
            true => "collections.opened",
            false => "collections.closed",
        },
        aggregate_id: plan_id.map_or(Uuid::nil(), PlanId::uuid),
        data: json!({
            "scope": switch.scope.to_string(),
            "plan_id": plan_id.map(|id| id.to_string()),
            "reason": switch.reason,
            "payments_in_flight_count": turned.in_flight_count,
        }),
    }
}
