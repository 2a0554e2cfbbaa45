//! What was sent late, or is tried again, counts in the window in which it is collected.

use super::*;

/// The plan of four with this due on each date, its first collected on `collected`.
fn collected_on(dates: &[&str], collected: &str) -> PlanView {
    let fixed = Amounts::Fixed {
        amount: cents(30_000),
    };
    let mut plan = plan_of(dates, fixed, None);
    plan.instalments[0].collection_date = Some(date(collected));
    plan.today = date(collected);
    plan
}

/// The plan of four, its first waiting for a retry.
fn retrying(dates: &[&str], today: &str, next_try: Option<&str>, count: u32) -> PlanView {
    let amount = cents(30_000);
    let fixed = Amounts::Fixed { amount };
    let mut plan = plan_of(dates, fixed, None);
    plan.terms = PaymentTerms::undated(fixed, Frequency::Monthly, Some(count));
    plan.instalments[0].state = State::Retrying;
    plan.instalments[0].collection_date = next_try.map(date);
    plan.today = date(today);
    plan
}

#[test]
fn a_payment_takes_the_slot_of_the_window_it_was_made_in() {
    for state in [State::Collecting, State::Collected] {
        let with = |day| {
            let mut plan = collected_on(MONTHLY, day);
            plan.instalments[0].state = state;
            asked(&plan, harmless())
        };

        assert_eq!(proof(&with("2026-04-04")), (4, 4, 1));
        let carried = with("2026-04-05");
        let (instalment, rule, detail) = counter_example(&carried);
        assert_eq!((instalment, rule), (2, FitRule::TooManyInPeriod));
        let Because::DoesNotFit(found) = another(&carried).0 else {
            panic!("a window is full");
        };
        let window = found.window.map(|window| window.to_string());
        assert_eq!(window.as_deref(), Some("2026-04-05…2026-05-04"));
        assert_eq!(
            detail,
            "instalment 2 on 2026-04-05 finds its window 2026-04-05…2026-05-04 full, which allows 1"
        );
    }
}

#[test]
fn a_carried_payment_leaves_a_place_where_the_count_is_two() {
    let mut plan = collected_on(MONTHLY, "2026-04-05");
    let amount = cents(30_000);
    plan.terms = PaymentTerms::undated(Amounts::Fixed { amount }, Frequency::Monthly, Some(2));

    assert_eq!(proof(&asked(&plan, harmless())), (4, 3, 2));
}

#[test]
fn a_window_is_full_when_it_is_under_either_reading() {
    let change = Change::Move {
        sequence: 3,
        to: date("2026-05-02"),
    };
    let found = |dates: &[&str], collected| {
        let answer = asked(&collected_on(dates, collected), change);
        match answer.verdict {
            Verdict::NeedsNewAgreement {
                because: Because::DoesNotFit(found),
                ..
            } => Some((found.instalment, found.reading)),
            Verdict::FitsAsItIs(_) => None,
            other @ (Verdict::NeedsNewAgreement { .. }
            | Verdict::NothingLeft
            | Verdict::Refused { .. }) => panic!("{other:?}"),
        }
    };
    let march = ["2026-01-31", "2026-03-30", "2026-05-01"];
    let february = ["2026-01-31", "2026-02-28", "2026-05-01"];

    // Azupay's window from 28 February to 30 March.
    assert_eq!(found(&march, "2026-02-27"), None);
    assert_eq!(
        found(&march, "2026-02-28"),
        Some((2, Some(Reading::Azupay)))
    );
    // Oligo's from 31 January to 28 February.
    assert_eq!(
        found(&february, "2026-01-31"),
        Some((2, Some(Reading::Oligo)))
    );
}

#[test]
fn a_window_that_outlasts_the_calendar_has_no_place() {
    let mut plan = collected_on(&["2200-12-05", "2200-12-20"], "2200-12-05");
    let to = |day| Change::Move {
        sequence: 2,
        to: date(day),
    };

    let detail = "instalment 2 on 2200-12-21 finds its window full, which allows 1";
    assert_eq!(counter_example(&asked(&plan, to("2200-12-21"))).2, detail);
    plan.instalments[0].state = State::Failed;
    let detail = "instalment 2 on 2200-12-21 is due in a window that ends after 2200-12-31";
    assert_eq!(counter_example(&asked(&plan, to("2200-12-21"))).2, detail);
}

#[test]
fn what_was_sent_before_the_agreement_began_takes_no_slot_of_it() {
    let mut plan = plan();
    plan.today = date("2026-04-05");
    plan.instalments[0].collection_date = Some(date("2026-04-04"));
    for (start, counted) in [("2026-04-04", 4), ("2026-04-05", 3)] {
        plan.validity.start_date = date(start);
        let late = Change::Move {
            sequence: 2,
            to: date("2026-05-04"),
        };
        let mut plan = plan.clone();
        plan.terms = PaymentTerms::undated(
            Amounts::Fixed {
                amount: cents(30_000),
            },
            Frequency::Monthly,
            Some(2),
        );

        assert_eq!(proof(&asked(&plan, late)).0, counted, "{start}");
    }
}

#[test]
fn a_retry_counts_while_its_window_lasts_and_no_longer() {
    let on = |today| proof(&asked(&retrying(MONTHLY, today, None, 1), harmless()));

    assert_eq!(on("2026-04-04"), (4, 4, 1));
    assert_eq!(on("2026-04-05"), (3, 3, 1));
}

#[test]
fn a_retry_that_may_go_on_counts_in_the_next_window_to_its_end() {
    let dates = ["2026-03-05", "2026-05-05", "2026-06-05", "2026-06-20"];
    let on = |today, may_carry| {
        let mut plan = retrying(&dates, today, None, 2);
        plan.instalments[0].may_carry = may_carry;
        proof(&asked(&plan, harmless_late())).0
    };

    assert_eq!(on("2026-04-04", false), 4);
    assert_eq!(on("2026-04-05", false), 3);
    assert_eq!(on("2026-05-04", true), 4);
    assert_eq!(on("2026-05-05", true), 3);
}

fn harmless_late() -> Change {
    Change::Move {
        sequence: 4,
        to: date("2026-06-21"),
    }
}

#[test]
fn a_retry_finds_no_place_that_the_next_instalment_needs() {
    let mut plan = retrying(MONTHLY, "2026-04-05", None, 1);
    plan.instalments[0].may_carry = true;

    assert_eq!(proof(&asked(&plan, harmless())), (3, 3, 1));
}

#[test]
fn a_retry_counts_on_the_date_it_is_planned_for() {
    let dates = ["2026-03-05", "2026-04-20", "2026-05-05", "2026-06-05"];
    let fullest = |today, next_try| {
        let mut plan = retrying(&dates, today, next_try, 2);
        plan.instalments[0].may_carry = true;
        proof(&asked(&plan, harmless()))
    };

    // Today, in its own window, when no date is planned.
    assert_eq!(fullest("2026-04-04", None), (4, 4, 1));
    assert_eq!(fullest("2026-04-04", Some("2026-04-04")), (4, 4, 1));
    assert_eq!(fullest("2026-04-04", Some("2026-04-05")), (4, 3, 2));
    // A plan that has passed means today.
    assert_eq!(fullest("2026-04-05", Some("2026-04-04")), (4, 3, 2));
    // One past the room means the last date of it.
    assert_eq!(fullest("2026-04-04", Some("2026-05-05")), (4, 3, 2));
}

#[test]
fn what_is_due_before_the_agreement_belongs_to_its_first_window() {
    let with = |count| {
        let mut plan = retrying(MONTHLY, "2026-04-05", None, count);
        plan.validity.start_date = date("2026-04-05");
        asked(&plan, harmless())
    };

    let answer = with(1);
    assert_eq!(
        counter_example(&answer).2,
        "instalment 2 on 2026-04-05 finds its window 2026-04-05…2026-05-04 full, which allows 1"
    );
    assert_eq!(proof(&with(2)), (4, 3, 2));
}

#[test]
fn what_is_added_comes_after_the_next_try_of_what_is_retried() {
    let added = |next_try| {
        let mut plan = retrying(&["2026-03-05"], "2026-03-05", next_try, 1);
        plan.instalments.push(InstalmentView {
            sequence: 2,
            due_date: date("2026-04-05"),
            state: State::Scheduled,
            collection_date: None,
            ..plan.instalments[0]
        });
        let change = Change::Skip {
            sequence: 2,
            rest: Rest::ToTheEnd,
        };
        asked(&plan, change).tail[0].due_date
    };

    assert_eq!(added(Some("2026-05-04")), date("2026-05-05"));
    assert_eq!(added(Some("2026-05-05")), date("2026-06-05"));
    assert_eq!(added(None), date("2026-05-05"));
}

#[test]
fn a_payment_has_a_date_from_its_due_date_to_today() {
    for state in [State::Collecting, State::Collected] {
        let told = |collection_date: Option<&str>| {
            let mut plan = plan();
            plan.today = date("2026-03-07");
            plan.instalments[0].state = state;
            plan.instalments[0].collection_date = collection_date.map(date);
            match what_if(&plan, &harmless()) {
                Ok(_) => Vec::new(),
                Err(broken) => broken
                    .into_iter()
                    .map(|one| (one.pointer, one.code))
                    .collect(),
            }
        };
        let broken = |code| vec![("/instalments/0/collection_date".to_owned(), code)];

        assert_eq!(told(None), broken("required"));
        assert_eq!(told(Some("2026-03-04")), broken("sent_before_due"));
        assert_eq!(told(Some("2026-03-05")), []);
        assert_eq!(told(Some("2026-03-07")), []);
        assert_eq!(told(Some("2026-03-08")), broken("in_the_future"));
    }
}
