//! The rules of the gate, one by one, and what is in the way as things stand.

use super::*;

fn held(rule: Rule) -> Subject<'static> {
    Subject {
        waiting_because: Some(rule.as_str()),
        ..subject(State::Scheduled)
    }
}

fn under(terms: &PaymentTerms) -> History<'_> {
    History {
        frozen_because: None,
        agreement_confirmed_at: Some(date("2026-06-18").opens_at()),
        validity: Validity {
            start_date: date("2026-06-15"),
            end_date: Some(date("2027-06-14")),
        },
        ..history(terms, &[])
    }
}

/// The rule's own figures, without the last date of collection.
fn own_figures(rule: Rule, history: &History<'_>) -> Vec<String> {
    let mut figures = figures(&explain(&held(rule), history, before()));
    let last = figures.pop().expect("the last date of collection");
    assert!(last.starts_with("collectable_until "), "{last}");
    figures
}

#[test]
fn every_rule_has_its_own_words_and_holds_back_but_the_date() {
    let terms = terms();
    let sentences: std::collections::BTreeSet<_> = Rule::ALL
        .iter()
        .map(|rule| {
            let told = explain(&held(*rule), &under(&terms), before());
            let is_date = *rule == Rule::NotDueYet;
            assert_eq!(told.reason == Reason::NotDueYet, is_date, "{rule}");
            assert_eq!(told.reason.rule(), (!is_date).then_some(rule.as_str()));
            let next = told.next.map(|next| next.what);
            let wanted = if is_date {
                NextStep::Send
            } else {
                NextStep::LookAgain
            };
            assert_eq!(next, Some(wanted), "{rule}");
            told.summary
        })
        .collect();

    assert_eq!(sentences.len(), Rule::ALL.len());
}

#[test]
fn every_rule_names_what_would_make_it_go() {
    let terms = terms();
    let of = |rules: &[Rule]| {
        let cures: std::collections::BTreeSet<_> = rules
            .iter()
            .filter_map(|rule| explain(&held(*rule), &under(&terms), before()).would_go_if)
            .map(Cure::as_str)
            .collect();
        cures.into_iter().collect::<Vec<_>>()
    };

    assert_eq!(
        of(&[Rule::OtherPaymentLive, Rule::AgreementStale]),
        ["provider_answers"]
    );
    assert_eq!(
        of(&[Rule::WindowOver, Rule::AfterValidity]),
        ["new_agreement"]
    );
    assert_eq!(of(&[Rule::AfterLastPaymentDate]), ["new_agreement"]);
    assert_eq!(of(&[Rule::FirstPaymentDateMismatch]), ["new_agreement"]);
    assert_eq!(of(&[Rule::RoomOver]), ["new_agreement"]);
    assert_eq!(of(&[Rule::TooManyFailuresInARow]), ["person_puts_right"]);
    assert_eq!(of(&[Rule::NotDueYet]), ["due_date_comes"]);
    let by_time = [
        Rule::CollectionsStopped,
        Rule::PlanFrozen,
        Rule::PlanNotActive,
        Rule::AgreementNotActive,
        Rule::InstalmentNotOwed,
        Rule::BeforeValidity,
        // These terms allow the amount by now.
        Rule::AmountRefused,
        Rule::NoFreeSlot,
        Rule::RetryBudgetSpent,
        Rule::CatchUpSpent,
        Rule::OutsideSendingHours,
        Rule::NearWindowEdge,
    ];
    assert_eq!(of(&by_time), ["time_passes"]);
}

#[test]
fn every_rule_tells_its_numbers() {
    let terms = terms();
    let history = under(&terms);
    let window = [
        "window_first_date 2026-06-15",
        "window_last_date 2026-07-14",
    ];
    let figures = |rule| own_figures(rule, &history);

    assert_eq!(figures(Rule::PlanNotActive), ["plan_state active"]);
    assert_eq!(
        figures(Rule::AgreementNotActive),
        ["agreement_state active"]
    );
    assert_eq!(
        figures(Rule::AgreementStale),
        ["agreement_confirmed_at 2026-06-17 14:00:00 UTC"]
    );
    assert_eq!(figures(Rule::NotDueYet), ["due_date 2026-07-01"]);
    assert_eq!(figures(Rule::WindowOver), window);
    assert_eq!(figures(Rule::NearWindowEdge), window);
    assert_eq!(figures(Rule::NoFreeSlot)[..2], window);
    assert_eq!(figures(Rule::NoFreeSlot)[2..], ["allowed 1"]);
    assert_eq!(
        figures(Rule::BeforeValidity),
        ["validity_start_date 2026-06-15"]
    );
    assert_eq!(
        figures(Rule::AfterValidity),
        ["validity_end_date 2027-06-14"]
    );
    assert_eq!(figures(Rule::AmountRefused), ["amount $1,234.50"]);
    assert_eq!(
        figures(Rule::TooManyFailuresInARow),
        ["failures_in_a_row_max 5"]
    );
    assert_eq!(
        figures(Rule::RetryBudgetSpent),
        ["submissions_in_24h_max 5"]
    );
    let none = Vec::<String>::new();
    for rule in [
        Rule::CollectionsStopped,
        Rule::PlanFrozen,
        Rule::InstalmentNotOwed,
        Rule::OtherPaymentLive,
        Rule::CatchUpSpent,
        Rule::OutsideSendingHours,
        Rule::RoomOver,
        // These terms name no such dates.
        Rule::AfterLastPaymentDate,
        Rule::FirstPaymentDateMismatch,
    ] {
        assert_eq!(figures(rule), none, "{rule}");
    }
}

#[test]
fn of_two_readings_the_window_that_ends_first_is_told() {
    let terms = terms();
    let mut history = under(&terms);
    history.validity.start_date = date("2026-05-31");
    // From the 31st, Azupay reads the period that holds 1 July as 30 June to 30 July.
    let told = own_figures(Rule::WindowOver, &history);

    assert_eq!(told[1], "window_last_date 2026-07-30");
}

#[test]
fn a_maximum_and_a_count_for_life_are_told_as_such() {
    let amounts = Amounts::Variable {
        max_amount: cents(100_000),
    };
    let terms = PaymentTerms::undated(amounts, Frequency::Adhoc, Some(7));
    let history = under(&terms);
    let figures = |rule| {
        let told = explain(&held(rule), &history, before());
        figures(&told)
    };

    assert_eq!(figures(Rule::AmountRefused)[1], "max_amount $1,000.00");
    assert_eq!(figures(Rule::NoFreeSlot)[0], "allowed 7");
}

#[test]
fn a_closed_switch_names_its_scope_and_its_reason() {
    let terms = terms();
    let mut history = under(&terms);
    history.closed = Some(Closure {
        scope: Scope::Plan,
        because: "the borrower disputes the loan",
        since: date("2026-06-19").at_hour(9, 0),
    });
    history.frozen_because = Some("late_settlement");
    let told = explain(&subject(State::Scheduled), &history, before());

    assert_eq!(
        told.summary,
        "$1,234.50 due on 2026-07-01 waits: collections are stopped for the plan: the borrower \
         disputes the loan; it can be collected until 2026-07-14."
    );
    assert_eq!(
        figures(&told)[..3],
        [
            "stopped_scope plan",
            "stopped_because the borrower disputes the loan",
            "stopped_at 2026-06-18 23:00:00 UTC"
        ]
    );
    assert_eq!(told.would_go_if, Some(Cure::CollectionsReopened));
}

#[test]
fn a_paused_plan_says_until_when() {
    let terms = terms();
    let mut history = under(&terms);
    history.plan_state = plan::State::Paused;
    history.paused_until = Some(date("2026-07-03"));
    let told = explain(&subject(State::Scheduled), &history, before());

    assert_eq!(
        told.summary,
        "$1,234.50 due on 2026-07-01 waits: the plan is paused until 2026-07-03; it can be \
         collected until 2026-07-14."
    );
    assert_eq!(
        figures(&told)[..2],
        ["plan_state paused", "paused_until 2026-07-03"]
    );
    assert_eq!(told.would_go_if, Some(Cure::PlanResumed));
}

#[test]
fn a_frozen_plan_names_its_question() {
    let terms = terms();
    let mut history = under(&terms);
    history.frozen_because = Some("late_settlement");
    let told = explain(&held(Rule::PlanFrozen), &history, before());

    assert_eq!(
        told.summary,
        "$1,234.50 due on 2026-07-01 waits: the plan is frozen by an open question \
         (late_settlement); it can be collected until 2026-07-14."
    );
    assert_eq!(figures(&told)[0], "frozen_because late_settlement");
}

#[test]
fn what_was_not_active_and_is_so_now_is_told_as_past() {
    let terms = terms();
    let summary = |rule| explain(&held(rule), &under(&terms), before()).summary;

    for (rule, words) in [
        (Rule::CollectionsStopped, "collections were stopped"),
        (Rule::PlanNotActive, "the plan was not active"),
        (Rule::AgreementNotActive, "the agreement was not active"),
        (Rule::PlanFrozen, "the plan was frozen by a question"),
    ] {
        assert_eq!(
            summary(rule),
            format!(
                "$1,234.50 due on 2026-07-01 waits: {words}; it can be collected until 2026-07-14."
            )
        );
    }
}

#[test]
fn every_refusal_of_the_gate_is_a_rule() {
    let source = include_str!("../../gate/refusal.rs");
    let words: Vec<&str> = source
        .lines()
        .filter_map(|line| line.split_once("=> \"")?.1.split_once('"'))
        .map(|(word, _)| word)
        .collect();

    let known: Vec<&str> = Rule::ALL.iter().map(|rule| rule.as_str()).collect();
    assert_eq!(words, known);
}
