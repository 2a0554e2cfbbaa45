//! Facts for the gates: likely ones, near every rule's edge, and any whatever.

use chrono::TimeDelta;
use domain::date::{BusinessDate, Instant};
use domain::fit::Validity;
use domain::gate::{Carry, CatchUp, GateFacts, ProposalFacts, Purpose, Scope, SendingHours};
use domain::money::Cents;
use domain::terms::{Frequency, PaymentTerms, TermsDraft};
use domain::{agreement, instalment, plan};
use proptest::prelude::*;

/// Facts that own what [`GateFacts`] borrows.
#[derive(Clone, Debug)]
pub struct Owned {
    now: Instant,
    flags: [bool; 6],
    states: (plan::State, instalment::State, agreement::State),
    due_date: BusinessDate,
    amount: Cents,
    confirmed_at: Option<Instant>,
    terms: PaymentTerms,
    validity: Validity,
    hours: SendingHours,
    purpose: u8,
    retries_made: u32,
    submitted_at: Vec<Instant>,
    others_due: Option<Vec<BusinessDate>>,
    consecutive_failures: u32,
    in_flight: u32,
    catch_up: CatchUp,
    slots_taken: [u32; 2],
    slots_undecided: [u32; 2],
}

impl Owned {
    pub fn facts(&self) -> GateFacts<'_> {
        let [open, frozen, other_live, first, last, last_made] = self.flags;
        let (plan_state, instalment_state, agreement_state) = self.states;
        GateFacts {
            now: self.now,
            database_reconciled: true,
            closed: (!open).then_some(Scope::All),
            plan_frozen: frozen,
            plan_state,
            instalment_state,
            due_date: self.due_date,
            amount: self.amount,
            agreement_state,
            agreement_confirmed_at: self.confirmed_at,
            terms: &self.terms,
            validity: self.validity,
            hours: self.hours,
            purpose: match self.purpose {
                0 => Purpose::First,
                1 => Purpose::Resend,
                _ => Purpose::Retry {
                    retries_made: self.retries_made,
                    submitted_at: &self.submitted_at,
                },
            },
            carry: match &self.others_due {
                Some(others_due) => Carry::IntoNextWindow { others_due },
                None => Carry::Never,
            },
            other_live_payment: other_live,
            first_of_agreement: first,
            last_of_plan: last,
            last_already_made: last_made,
            consecutive_failures: self.consecutive_failures,
            in_flight: self.in_flight,
            catch_up: self.catch_up,
            slots_taken: self.slots_taken,
            slots_undecided: self.slots_undecided,
        }
    }

    /// Facts at an extreme of time, with nothing else against them.
    pub fn at(now: Instant, confirmed: Instant) -> Owned {
        let day = BusinessDate::of_instant(now);
        Owned {
            now,
            flags: [true, false, false, false, false, false],
            states: (
                plan::State::Active,
                instalment::State::Retrying,
                agreement::State::Active,
            ),
            due_date: day,
            amount: cents(100),
            confirmed_at: Some(confirmed),
            terms: terms("daily", Some(5), None, None),
            validity: Validity {
                start_date: day,
                end_date: None,
            },
            hours: SendingHours {
                opens_hour: 0,
                closes_hour: 24,
                guard_minutes: u32::MAX,
            },
            purpose: 2,
            retries_made: 0,
            submitted_at: vec![now; 6],
            others_due: Some(vec![day]),
            consecutive_failures: 0,
            in_flight: 0,
            catch_up: CatchUp::UNLIMITED,
            slots_taken: [0, 0],
            slots_undecided: [0, 0],
        }
    }
}

fn cents(cents: i64) -> Cents {
    Cents::new(cents).expect("in range")
}

/// Variable terms up to 500 dollars, with the dates given.
fn terms(
    frequency: &str,
    count: Option<i64>,
    first: Option<BusinessDate>,
    last: Option<BusinessDate>,
) -> PaymentTerms {
    let draft = TermsDraft {
        kind: "variable".into(),
        frequency: frequency.into(),
        max_amount: Some(50_000),
        count,
        first_payment_date: first.map(|date| date.to_string()),
        last_payment_date: last.map(|date| date.to_string()),
        ..TermsDraft::default()
    };
    PaymentTerms::from_draft(&draft).expect("terms that hold")
}

/// Balloon terms of payments of one amount, with the dates given.
fn balloon(
    frequency: &str,
    amount: i64,
    first: Option<BusinessDate>,
    last: Option<BusinessDate>,
) -> PaymentTerms {
    let draft = TermsDraft {
        kind: "balloon".into(),
        frequency: frequency.into(),
        amount: Some(amount),
        last_payment_amount: Some(amount),
        first_payment_date: first.map(|date| date.to_string()),
        last_payment_date: last.map(|date| date.to_string()),
        ..TermsDraft::default()
    };
    PaymentTerms::from_draft(&draft).expect("terms that hold")
}

fn date(year: i32, month: u32, day: u32) -> BusinessDate {
    BusinessDate::new(year, month, day).expect("a date")
}

fn days_from(from: BusinessDate, days: i64) -> BusinessDate {
    let last = if days < 0 {
        BusinessDate::MIN
    } else {
        BusinessDate::MAX
    };
    from.plus_days(days).unwrap_or(last)
}

/// True nine times of ten, so that a case gets past the rules before the one it is about.
fn usually() -> impl Strategy<Value = bool> {
    prop::bool::weighted(0.95)
}

fn mostly<T: Copy + std::fmt::Debug + 'static>(
    usual: T,
    all: &'static [T],
) -> impl Strategy<Value = T> {
    prop_oneof![12 => Just(usual), 1 => prop::sample::select(all)]
}

fn frequencies() -> impl Strategy<Value = &'static str> {
    prop::sample::select(Frequency::ALL.to_vec()).prop_map(Frequency::as_str)
}

prop_compose! {
    fn some_hours()(
        usual in usually(), opens_hour in 0_u32..30, closes_hour in 0_u32..30,
        guard_minutes in 0_u32..=240
    ) -> SendingHours {
        let hours = SendingHours { opens_hour: 0, closes_hour: 24, guard_minutes };
        if usual { hours } else { SendingHours { opens_hour, closes_hour, guard_minutes } }
    }
}

prop_compose! {
    /// An hour of the years 2026 to 2029, the hours around midnight more often than others.
    fn some_now()(
        day in 0_i64..1_400,
        minute in prop_oneof![3 => 0_i64..1_440, 1 => 0_i64..30, 1 => 1_410_i64..1_440]
    ) -> Instant {
        days_from(date(2026, 1, 1), day).opens_at() + TimeDelta::minutes(minute)
    }
}

prop_compose! {
    fn some_dates()(
        age in 0_i64..90, ends in prop::option::weighted(0.2, -3_i64..40),
        due in prop_oneof![4 => -3_i64..1, 2 => -40_i64..2, 1 => -120_i64..3],
        first in prop::option::weighted(0.1, -1_i64..3),
        last in prop::option::weighted(0.1, -2_i64..40),
        start_ahead in prop_oneof![20 => Just(false), 1 => Just(true)]
    ) -> (i64, Option<i64>, i64, Option<i64>, Option<i64>) {
        (if start_ahead { -2 } else { age }, ends, due, first, last)
    }
}

prop_compose! {
    /// Facts of an ordinary case, each rule of which is broken now and then.
    pub fn likely()(
        now in some_now(),
        flags in (usually(), usually(), usually(), any::<bool>(), any::<bool>()),
        plan in mostly(plan::State::Active, plan::State::ALL),
        agreement in mostly(agreement::State::Active, agreement::State::ALL),
        (instalment, purpose) in prop_oneof![
            4 => Just((instalment::State::Scheduled, 0)),
            4 => Just((instalment::State::Retrying, 0)),
            3 => Just((instalment::State::Collecting, 1)),
            5 => Just((instalment::State::Retrying, 2)),
            1 => (prop::sample::select(instalment::State::ALL), 0_u8..3),
        ],
        confirmed in prop::option::weighted(0.97, -1_i64..26),
        (age, ends, due, first, last) in some_dates(),
        (frequency, count) in (frequencies(), prop::option::of(1_i64..4)),
        (is_balloon, last_made) in (prop::bool::weighted(0.2), prop::bool::weighted(0.2)),
        hours in some_hours(),
        (amount, failures, in_flight) in (
            prop_oneof![9 => 1_i64..=50_000, 1 => 50_001_i64..60_000],
            prop_oneof![9 => 0_u32..5, 1 => 5_u32..9],
            0_u32..3,
        ),
        (retries_made, ago) in (0_u32..12, prop::collection::vec(0_i64..2_000, 0..8)),
        others in prop::option::of(prop::collection::vec(-10_i64..40, 0..4)),
        (slots, made_today, a_day_max) in (
            prop_oneof![3 => Just([0, 0]), 1 => [0_u32..3, 0_u32..3]],
            0_u32..4,
            prop::option::weighted(0.3, 1_u32..4),
        )
    ) -> Owned {
        let today = BusinessDate::of_instant(now);
        let day = |days| days_from(today, days);
        let (first, last) = (first.map(day), last.map(day));
        let last = last.map(|last| first.map_or(last, |first| last.max(first)));
        Owned {
            now,
            flags: [flags.0, !flags.1, !flags.2, flags.3, flags.4, last_made],
            states: (plan, instalment, agreement),
            due_date: day(due),
            amount: cents(amount),
            confirmed_at: confirmed.map(|hours| now - TimeDelta::hours(hours)),
            terms: if is_balloon {
                balloon(frequency, amount, first, last)
            } else {
                terms(frequency, count, first, last)
            },
            validity: Validity { start_date: day(-age), end_date: ends.map(day) },
            hours,
            purpose,
            retries_made,
            submitted_at: ago.into_iter().map(|minutes| now - TimeDelta::minutes(minutes)).collect(),
            others_due: others.map(|others| others.into_iter().map(day).collect()),
            consecutive_failures: failures,
            in_flight,
            catch_up: CatchUp { made_today, a_day_max },
            slots_taken: slots,
            slots_undecided: slots.map(|taken| taken / 2),
        }
    }
}

fn any_instant() -> impl Strategy<Value = Instant> {
    let (first, last) = (Instant::MIN_UTC.timestamp(), Instant::MAX_UTC.timestamp());
    prop_oneof![
        4 => 0_i64..7_300_000_000,
        1 => first..=last,
        1 => prop::sample::select(vec![first, last, -1, 0, 7_289_524_800]),
    ]
    .prop_map(|seconds| Instant::from_timestamp(seconds, 0).unwrap_or(Instant::MAX_UTC))
}

fn any_date() -> impl Strategy<Value = BusinessDate> {
    let days = BusinessDate::MIN.days_until(BusinessDate::MAX);
    let edges = vec![0, 1, 30, days - 30, days - 1, days];
    prop_oneof![3 => 0..=days, 1 => prop::sample::select(edges)]
        .prop_map(|days| days_from(BusinessDate::MIN, days))
}

prop_compose! {
    /// Facts that need not make sense together.
    pub fn anything()(
        likely in likely(),
        now in any_instant(),
        flags in any::<[bool; 6]>(),
        confirmed_at in prop::option::of(any_instant()),
        due_date in any_date(),
        start_date in any_date(),
        end_date in prop::option::of(any_date()),
        submitted_at in prop::collection::vec(any_instant(), 0..8),
        others_due in prop::option::of(prop::collection::vec(any_date(), 0..4)),
        (opens_hour, closes_hour, guard_minutes) in any::<(u32, u32, u32)>(),
        (retries_made, consecutive_failures, slots_taken) in any::<(u32, u32, [u32; 2])>(),
        slots_undecided in any::<[u32; 2]>(),
        is_wild in any::<[bool; 2]>()
    ) -> Owned {
        let wild = SendingHours { opens_hour, closes_hour, guard_minutes };
        let [wild_hours, wild_flags] = is_wild;
        Owned {
            now,
            flags: if wild_flags { flags } else { likely.flags },
            due_date,
            confirmed_at,
            validity: Validity { start_date, end_date },
            hours: if wild_hours { wild } else { likely.hours },
            retries_made,
            submitted_at,
            others_due,
            consecutive_failures: if wild_flags { consecutive_failures } else { 0 },
            slots_taken: if wild_flags { slots_taken } else { [0, 0] },
            slots_undecided: if wild_flags { slots_undecided } else { [0, 0] },
            ..likely
        }
    }
}

/// Facts that own what [`ProposalFacts`] borrows.
#[derive(Clone, Debug)]
pub struct OwnedProposal {
    now: Instant,
    frozen: bool,
    states: (plan::State, agreement::State),
    start_date: BusinessDate,
    created_at: Vec<Instant>,
}

impl OwnedProposal {
    pub fn facts(&self) -> ProposalFacts<'_> {
        ProposalFacts {
            now: self.now,
            database_reconciled: true,
            closed: None,
            plan_frozen: self.frozen,
            plan_state: self.states.0,
            agreement_state: self.states.1,
            validity: Validity {
                start_date: self.start_date,
                end_date: None,
            },
            created_at: &self.created_at,
        }
    }

    /// A proposal at an extreme of time, after six others.
    pub fn at(now: Instant, created: Instant) -> OwnedProposal {
        OwnedProposal {
            now,
            frozen: false,
            states: (plan::State::AwaitingAgreement, agreement::State::Drafted),
            start_date: BusinessDate::of_instant(now),
            created_at: vec![created; 6],
        }
    }
}

prop_compose! {
    pub fn a_proposal()(
        now in some_now(),
        frozen in prop::bool::weighted(0.1),
        plan in mostly(plan::State::AwaitingAgreement, plan::State::ALL),
        agreement in mostly(agreement::State::Drafted, agreement::State::ALL),
        ahead in prop_oneof![9 => 0_i64..9, 1 => -3_i64..0],
        ago in prop::collection::vec(0_i64..2_000, 0..12)
    ) -> OwnedProposal {
        OwnedProposal {
            now,
            frozen,
            states: (plan, agreement),
            start_date: days_from(BusinessDate::of_instant(now), ahead),
            created_at: ago.into_iter().map(|minutes| now - TimeDelta::minutes(minutes)).collect(),
        }
    }
}
