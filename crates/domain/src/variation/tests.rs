use super::*;
use crate::date::BusinessDate;
use crate::fit::{FitRule, Validity};
use crate::instalment::State;
use crate::money::Cents;
use crate::schedule::{Cadence, DueDay};
use crate::terms::{Amounts, Frequency, PaymentTerms};

mod dates;
mod late;
mod one_date;
mod overdue;
mod refusals;
mod sums;

fn date(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

fn cents(cents: i64) -> Cents {
    Cents::new(cents).expect("a test's amount")
}

const MONTHLY: &[&str] = &["2026-03-05", "2026-04-05", "2026-05-05", "2026-06-05"];

/// Four instalments of $300.00 on the fifth of a month, the first being collected, under a fixed
/// monthly agreement without an end; asked on 5 March.
fn plan() -> PlanView {
    plan_of(
        MONTHLY,
        Amounts::Fixed {
            amount: cents(30_000),
        },
        None,
    )
}

/// The same under an agreement for up to $500.00.
fn variable_plan() -> PlanView {
    let amounts = Amounts::Variable {
        max_amount: cents(50_000),
    };
    plan_of(MONTHLY, amounts, None)
}

fn plan_of(dates: &[&str], amounts: Amounts, end_date: Option<BusinessDate>) -> PlanView {
    let first_date = date(dates[0]);
    let instalments = (1..).zip(dates).map(|(sequence, due)| InstalmentView {
        sequence,
        due_date: date(due),
        amount: cents(30_000),
        state: match sequence {
            1 => State::Collecting,
            0 | 2.. => State::Scheduled,
        },
        collection_date: Some(first_date).filter(|_| sequence == 1),
        may_carry: false,
    });
    PlanView {
        instalments: instalments.collect(),
        rhythm: Some(Rhythm {
            cadence: Cadence::Monthly,
            first_date,
            due_day: DueDay::SameDay,
        }),
        terms: PaymentTerms::undated(amounts, Frequency::Monthly, None),
        validity: Validity {
            start_date: first_date,
            end_date,
        },
        today: first_date,
        retry_days: 0,
    }
}

fn asked(plan: &PlanView, change: Change) -> WhatIf {
    what_if(plan, &change).expect("a well-formed change")
}

/// The tail as text: number, date, amount and edit.
fn tail(answer: &WhatIf) -> Vec<String> {
    let lines = answer.tail.iter().map(|one| {
        let (sequence, due, amount) = (one.sequence, one.due_date, one.amount.get());
        format!("{sequence} {due} {amount} {}", one.edit)
    });
    lines.collect()
}

fn broken(plan: &PlanView, change: Change) -> Vec<(String, &'static str)> {
    let broken = what_if(plan, &change).expect_err("a broken rule");
    broken
        .into_iter()
        .map(|one| (one.pointer, one.code))
        .collect()
}

fn refusal(plan: &PlanView, change: Change) -> Refusal {
    let answer = asked(plan, change);
    let kept: Vec<_> = plan.unsent().map(TailInstalment::kept).collect();
    assert_eq!(
        answer.tail, kept,
        "a refused change leaves the tail as it is"
    );
    assert_eq!(answer.dropped, []);
    assert_eq!(answer.difference, Difference::None);
    match answer.verdict {
        Verdict::Refused { because } => because,
        other @ (Verdict::FitsAsItIs(_)
        | Verdict::NeedsNewAgreement { .. }
        | Verdict::NothingLeft) => panic!("not refused: {other:?}"),
    }
}

fn counter_example(answer: &WhatIf) -> (u32, FitRule, &str) {
    match &answer.verdict {
        Verdict::NeedsNewAgreement {
            because: Because::DoesNotFit(found),
            ..
        } => (found.instalment, found.rule, found.detail.as_str()),
        other @ (Verdict::NeedsNewAgreement { .. }
        | Verdict::FitsAsItIs(_)
        | Verdict::NothingLeft
        | Verdict::Refused { .. }) => panic!("it fits, or not for its terms: {other:?}"),
    }
}

/// The proof of an answer that fits: how many count, in how many windows, the fullest of them.
fn proof(answer: &WhatIf) -> (u32, u32, u32) {
    match &answer.verdict {
        Verdict::FitsAsItIs(proof) => (proof.instalments, proof.windows_used, proof.fullest_window),
        other @ (Verdict::NeedsNewAgreement { .. }
        | Verdict::NothingLeft
        | Verdict::Refused { .. }) => panic!("it does not fit: {other:?}"),
    }
}

/// Why the present agreement does not do, and what moves under another.
fn another(answer: &WhatIf) -> (&Because, Vec<String>) {
    match &answer.verdict {
        Verdict::NeedsNewAgreement { because, moved, .. } => {
            let line = |one: &MovedInstalment| {
                format!("{} {} to {}", one.sequence, one.from_date, one.to_date)
            };
            (because, moved.iter().map(line).collect())
        }
        other @ (Verdict::FitsAsItIs(_) | Verdict::NothingLeft | Verdict::Refused { .. }) => {
            panic!("it needs no other agreement: {other:?}")
        }
    }
}

/// Moves the last of the four instalments by a day, which no window minds.
fn harmless() -> Change {
    Change::Move {
        sequence: 4,
        to: date("2026-06-06"),
    }
}

#[test]
fn every_word_of_a_change_is_read_back() {
    for kind in ChangeKind::ALL {
        assert_eq!(ChangeKind::parse(kind.as_str()), Some(*kind));
    }
    for rest in Rest::ALL {
        assert_eq!(Rest::parse(rest.as_str()), Some(*rest));
    }
    for edit in Edit::ALL {
        assert_eq!(Edit::parse(edit.as_str()), Some(*edit));
    }
}

#[test]
fn every_change_has_its_kind() {
    let day = date("2026-03-05");
    let (sequence, amount, rest) = (1, cents(1), Rest::Waive);
    let changes = [
        Change::Pause {
            from: day,
            until: day,
        },
        Change::Skip { sequence, rest },
        Change::Move { sequence, to: day },
        Change::Lower {
            from: day,
            until: day,
            amount,
            rest,
        },
        Change::PayOut { on: day, amount },
        Change::ChangeAccount,
        Change::End,
    ];
    let kinds: Vec<_> = changes.iter().map(Change::kind).collect();
    assert_eq!(kinds, ChangeKind::ALL);
}

#[test]
fn every_difference_names_its_cents() {
    let words = [
        (Difference::None, "none", 0),
        (Difference::Waived { cents: 1 }, "waived", 1),
        (Difference::Rebate { cents: 2 }, "rebate", 2),
        (Difference::NotCollected { cents: 3 }, "not_collected", 3),
    ];
    for (difference, word, cents) in words {
        assert_eq!((difference.as_str(), difference.cents()), (word, cents));
    }
}

#[test]
fn another_account_takes_another_agreement_for_the_same_tail() {
    let answer = asked(&plan(), Change::ChangeAccount);

    assert_eq!(answer.tail.len(), 3);
    assert!(answer.tail.iter().all(|one| one.edit == Edit::Kept));
    let Verdict::NeedsNewAgreement {
        proposal,
        because,
        moved,
    } = answer.verdict
    else {
        panic!("an agreement belongs to one account");
    };
    assert_eq!(because, Because::PayerAccountChanges);
    assert_eq!(because.code(), "payer_account_changes");
    assert!(plan().today <= proposal.validity.start_date);
    assert_eq!(moved, []);
}

#[test]
fn verdicts_have_their_words() {
    let words = [
        asked(&plan(), Change::ChangeAccount).verdict.as_str(),
        asked(&plan(), Change::End).verdict.as_str(),
        asked(
            &plan(),
            Change::Move {
                sequence: 4,
                to: date("2026-06-06"),
            },
        )
        .verdict
        .as_str(),
    ];
    assert_eq!(
        words,
        ["needs_new_agreement", "nothing_left", "fits_as_it_is"]
    );
}

#[test]
fn only_what_counts_under_the_agreement_is_proved() {
    let mut plan = plan();
    // Missed: it took no slot, so its window has room for the next one.
    plan.instalments[0].state = State::Missed;
    let change = Change::Move {
        sequence: 2,
        to: date("2026-03-20"),
    };

    let Verdict::FitsAsItIs(proof) = asked(&plan, change).verdict else {
        panic!("a missed instalment takes no slot");
    };
    assert_eq!(proof.instalments, 3);
    plan.instalments[0].state = State::Retrying;
    assert_eq!(
        counter_example(&asked(&plan, change)).1,
        FitRule::TooManyInPeriod
    );
}

#[test]
fn what_an_earlier_agreement_collected_does_not_count_under_this_one() {
    let mut plan = plan();
    plan.instalments[0].state = State::Collected;
    plan.validity.start_date = date("2026-03-06");
    let change = Change::Move {
        sequence: 4,
        to: date("2026-06-10"),
    };

    let Verdict::FitsAsItIs(proof) = asked(&plan, change).verdict else {
        panic!("the tail fits");
    };
    assert_eq!(proof.instalments, 3);

    // Collected on the first date of the agreement, it was collected under it.
    plan.validity.start_date = date("2026-03-05");
    let Verdict::FitsAsItIs(proof) = asked(&plan, change).verdict else {
        panic!("the tail fits");
    };
    assert_eq!(proof.instalments, 4);
}

#[test]
fn a_counter_example_speaks_of_the_plans_own_numbers() {
    let mut plan = plan();
    plan.instalments[0].state = State::Failed;
    plan.validity.end_date = Some(date("2026-06-05"));
    let answer = asked(
        &plan,
        Change::Move {
            sequence: 4,
            to: date("2026-06-06"),
        },
    );

    let (instalment, rule, detail) = counter_example(&answer);
    assert_eq!((instalment, rule), (4, FitRule::AfterValidityEnd));
    assert!(
        detail.starts_with("instalment 4 on 2026-06-06 "),
        "{detail}"
    );
}

#[test]
fn room_for_retries_is_part_of_the_proof() {
    let mut plan = plan();
    plan.validity.end_date = Some(date("2026-06-12"));
    plan.retry_days = 4;
    let to = |text| Change::Move {
        sequence: 4,
        to: date(text),
    };

    assert_eq!(
        asked(&plan, to("2026-06-08")).verdict.as_str(),
        "fits_as_it_is"
    );
    assert_eq!(
        asked(&plan, to("2026-06-09")).verdict.as_str(),
        "needs_new_agreement"
    );
}
