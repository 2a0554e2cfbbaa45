//! Plans, and changes of them.

use domain::date::BusinessDate;
use domain::fit::Validity;
use domain::instalment::State;
use domain::money::Cents;
use domain::schedule::{Cadence, DueDay};
use domain::terms::{Frequency, PaymentTerms, TermsDraft};
use domain::variation::{Change, ChangeKind, InstalmentView, PlanView, Rest, Rhythm};
use proptest::prelude::*;
use proptest::sample::select;

const CADENCES: [Cadence; 5] = [
    Cadence::Weekly,
    Cadence::Fortnightly,
    Cadence::FourWeekly,
    Cadence::Monthly,
    Cadence::Quarterly,
];

fn day(days: i64) -> BusinessDate {
    let first: BusinessDate = "2026-01-01".parse().expect("a date");
    first.plus_days(days).expect("in range")
}

fn cents(cents: i64) -> Cents {
    Cents::new(cents).expect("an amount")
}

fn terms(draft: TermsDraft) -> PaymentTerms {
    PaymentTerms::from_draft(&draft).expect("terms")
}

/// What a plan may be authorised by: narrow or wide, fixed or not.
fn some_terms() -> impl Strategy<Value = PaymentTerms> {
    let frequency = select(vec![
        Frequency::Weekly,
        Frequency::Monthly,
        Frequency::Quarterly,
        Frequency::Adhoc,
    ]);
    (frequency, 1_u32..15, any::<bool>(), 30_000_i64..400_000).prop_map(
        |(frequency, count, is_fixed, most)| {
            let amount = is_fixed.then_some(30_000);
            terms(TermsDraft {
                kind: if is_fixed { "fixed" } else { "variable" }.to_owned(),
                frequency: frequency.as_str().to_owned(),
                count: Some(count.into()),
                amount,
                max_amount: (!is_fixed).then_some(most),
                ..TermsDraft::default()
            })
        },
    )
}

/// One instalment of a plan but for its dates: state, amount, days it is late, may it carry.
fn an_instalment() -> impl Strategy<Value = (State, i64, i64, bool)> {
    (
        prop_oneof![6 => Just(State::Scheduled), 3 => select(State::ALL.to_vec())],
        prop_oneof![Just(30_000_i64), 1_i64..60_000],
        prop_oneof![3 => Just(0_i64), 1 => -5_i64..40],
        any::<bool>(),
    )
}

/// Instalments of a rhythm; some have ended, none that is due later was sent, and some were sent
/// late.
pub fn a_plan() -> impl Strategy<Value = PlanView> {
    (
        select(CADENCES.to_vec()),
        0_i64..400,
        prop::collection::vec(an_instalment(), 1..14),
        0_i64..120,
        some_terms(),
        (select(vec![0_u32, 0, 0, 3]), any::<bool>()),
        prop_oneof![4 => Just(0_i64), 1 => -20_i64..100],
    )
        .prop_map(|(cadence, first, ones, asked, terms, rest, start)| {
            let first_date = day(first);
            let rhythm = Rhythm {
                cadence,
                first_date,
                due_day: DueDay::SameDay,
            };
            let today = day(first + asked - 30);
            let dates = rhythm.dates_after(day(first - 1));
            let instalments = (1..).zip(dates.zip(ones)).map(|(sequence, (due, one))| {
                let (mut state, amount, late, may_carry) = one;
                let is_sent = matches!(
                    state,
                    State::Collecting | State::Retrying | State::Collected
                );
                if is_sent && today < due {
                    state = State::Scheduled;
                }
                let made = due.plus_days(late.max(0)).expect("in range").min(today);
                let next_try = today.plus_days(late).expect("in range");
                InstalmentView {
                    sequence,
                    due_date: due,
                    amount: cents(amount),
                    state,
                    collection_date: match state {
                        State::Collecting | State::Collected => Some(made),
                        State::Retrying => Some(next_try).filter(|_| late != 0),
                        State::Scheduled | State::Missed | State::Failed => None,
                        State::Waived | State::Cancelled | State::PaidElsewhere => None,
                    },
                    may_carry,
                }
            });
            PlanView {
                instalments: instalments.collect(),
                rhythm: rest.1.then_some(rhythm),
                terms,
                validity: Validity {
                    start_date: day(first + start),
                    end_date: None,
                },
                today,
                retry_days: rest.0,
            }
        })
}

/// A change of `plan`: its dates are about today, its numbers mostly the plan's.
fn change_of(plan: &PlanView, kind: ChangeKind, rest: Rest, numbers: [i64; 3]) -> Change {
    let [ahead, length, size] = numbers;
    let from = plan.today.plus_days(ahead).expect("in range");
    let until = from.plus_days(length).expect("in range");
    let count = i64::try_from(plan.instalments.len()).expect("few");
    let sequence = u32::try_from(size % (count + 1) + 1).expect("a number");
    let amount = cents(size + 1);
    match kind {
        ChangeKind::Pause => Change::Pause { from, until },
        ChangeKind::Skip => Change::Skip { sequence, rest },
        ChangeKind::Move => {
            let due = plan.instalments.iter().find(|one| one.sequence == sequence);
            let near = due.map_or(from, |one| one.due_date);
            let to = near.plus_days(ahead % 11 - 5).expect("in range");
            Change::Move { sequence, to }
        }
        ChangeKind::Lower => Change::Lower {
            from,
            until,
            amount,
            rest,
        },
        ChangeKind::PayOut => Change::PayOut { on: from, amount },
        ChangeKind::ChangeAccount => Change::ChangeAccount,
        ChangeKind::End => Change::End,
    }
}

/// A plan and a change of it.
pub fn a_case() -> impl Strategy<Value = (PlanView, Change)> {
    let numbers = (-5_i64..150, -2_i64..120, 0_i64..40_000);
    let kind = select(ChangeKind::ALL.to_vec());
    (a_plan(), kind, select(Rest::ALL.to_vec()), numbers).prop_map(|(plan, kind, rest, numbers)| {
        let change = change_of(&plan, kind, rest, numbers.into());
        (plan, change)
    })
}
