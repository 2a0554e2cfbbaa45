//! What has not ended.

use super::*;

const NO_FUNDS: &str = "AM04";

#[test]
fn a_scheduled_instalment_says_what_is_due_and_when() {
    let told = told(&subject(State::Scheduled), &[]);

    assert_eq!(told.summary, "$1,234.50 due on 2026-07-01 is scheduled.");
    assert_eq!(
        (told.reason.code(), told.reason.rule()),
        ("not_due_yet", None)
    );
    assert_eq!(
        figures(&told),
        ["due_date 2026-07-01", "collectable_until 2026-07-14"]
    );
    let at = date("2026-07-01").at_hour(6, 0);
    assert_eq!(
        told.next,
        Some(Next {
            at,
            what: NextStep::Send
        })
    );
    assert_eq!(told.would_go_if, Some(Cure::DueDateComes));
}

#[test]
fn it_is_due_from_the_first_instant_of_its_date() {
    let at = |now| {
        let told = explain(&subject(State::Scheduled), &history(&terms(), &[]), now);
        (told.reason.code(), told.would_go_if)
    };
    let opens = date("2026-07-01").opens_at();

    let earlier = opens - chrono::TimeDelta::seconds(1);
    assert_eq!(at(earlier), ("not_due_yet", Some(Cure::DueDateComes)));
    assert_eq!(at(opens), ("due", Some(Cure::TimePasses)));
}

#[test]
fn one_that_the_rule_of_dates_held_back_is_not_due_yet() {
    let waiting = Subject {
        waiting_because: Some("not_due_yet"),
        ..subject(State::Scheduled)
    };

    let told = told(&waiting, &[]);
    assert_eq!(told.reason, Reason::NotDueYet);
    assert_eq!(told.next.map(|next| next.what), Some(NextStep::Send));
}

#[test]
fn one_that_waits_for_another_date_than_its_own_takes_time() {
    // The terms fix a later date for the agreement's first payment.
    let waiting = Subject {
        waiting_because: Some("not_due_yet"),
        ..subject(State::Scheduled)
    };
    let cure = |today: &str| {
        let now = date(today).opens_at();
        let told = explain(&waiting, &history(&terms(), &[]), now);
        assert_eq!(told.reason, Reason::NotDueYet);
        told.would_go_if
    };

    assert_eq!(cure("2026-06-30"), Some(Cure::DueDateComes));
    assert_eq!(cure("2026-07-01"), Some(Cure::TimePasses));
}

#[test]
fn one_scheduled_again_names_its_tries_and_its_last_failure() {
    let tried = [attempt(Payment::Rejected, 1, None)];
    assert_eq!(
        told(&subject(State::Scheduled), &tried).summary,
        "$1,234.50 due on 2026-07-01 is scheduled again after 2 tries."
    );
    let failed = [attempt(Payment::Failed, 0, Some(NO_FUNDS))];
    assert_eq!(
        told(&subject(State::Scheduled), &failed).summary,
        "$1,234.50 due on 2026-07-01 is scheduled again after 1 try, the last of which failed \
         with AM04 (Insufficient Funds)."
    );
}

#[test]
fn a_live_payment_says_what_comes_next() {
    let table = [
        (Payment::Intended, NextStep::Send, "about to be sent"),
        (Payment::Sending, NextStep::AskProvider, "is being sent"),
        (
            Payment::Unknown,
            NextStep::AskProvider,
            "asked until it says",
        ),
        (
            Payment::Submitted,
            NextStep::AskProvider,
            "the provider has the payment",
        ),
        (
            Payment::UnderInvestigation,
            NextStep::AskProvider,
            "money may still move",
        ),
    ];
    let ask_at = date("2026-07-01").at_hour(7, 0);
    for (state, what, words) in table {
        let live = Attempt {
            wake_at: Some(ask_at),
            ..attempt(state, 1, None)
        };
        let earlier = attempt(Payment::Rejected, 0, None);
        let told = told(&subject(State::Collecting), &[earlier, live]);

        let begins = "$1,234.50 due on 2026-07-01 is being collected, on try 3: ";
        assert!(told.summary.starts_with(begins), "{}", told.summary);
        assert!(
            told.summary.ends_with(&format!("{words}.")),
            "{}",
            told.summary
        );
        assert_eq!(told.reason, Reason::InFlight(state));
        assert_eq!(told.next, Some(Next { at: ask_at, what }));
        assert_eq!(told.would_go_if, Some(Cure::ProviderAnswers));
        let payment = format!("payment_state {state}");
        assert_eq!(figures(&told)[..2], ["tries 3".to_owned(), payment]);
    }
}

#[test]
fn one_being_collected_whose_payment_is_over_is_asked_about() {
    let over = [attempt(Payment::Settled, 0, None)];
    let told = told(&subject(State::Collecting), &over);

    assert_eq!(told.next.map(|next| next.what), Some(NextStep::AskProvider));
    assert_eq!(told.reason, Reason::InFlight(Payment::Sending));
}

#[test]
fn a_retrying_instalment_names_the_last_failure_and_what_would_help() {
    let table = [
        (NO_FUNDS, Cure::FundsArrive),
        ("AC05", Cure::PersonPutsRight),
        ("MD20", Cure::NewAgreement),
        ("FRAD", Cure::NewAgreement),
        ("ED06", Cure::TimePasses),
        ("G005", Cure::TimePasses),
    ];
    for (code, cure) in table {
        let told = told(
            &subject(State::Retrying),
            &[attempt(Payment::Failed, 1, Some(code))],
        );
        let named = ProviderCode::new(code);

        assert_eq!(
            told.summary,
            format!(
                "$1,234.50 due on 2026-07-01 will be tried again after 2 tries, \
                 the last of which failed with {named}."
            )
        );
        assert_eq!(told.reason.provider_codes(), [&named]);
        assert_eq!(told.next.map(|next| next.what), Some(NextStep::Retry));
        assert_eq!(told.would_go_if, Some(cure), "{code}");
        assert_eq!(figures(&told), ["tries 2", "collectable_until 2026-07-14"]);
    }
}

#[test]
fn a_failure_without_a_code_takes_time() {
    let told = told(
        &subject(State::Retrying),
        &[attempt(Payment::Failed, 0, None)],
    );
    assert_eq!(told.would_go_if, Some(Cure::TimePasses));
}

#[test]
fn a_refused_retry_names_both_the_failure_and_the_refusal() {
    let refused = Subject {
        waiting_because: Some("ZPPRY03"),
        ..subject(State::Retrying)
    };
    let told = told(&refused, &[attempt(Payment::Failed, 0, Some(NO_FUNDS))]);

    assert_eq!(
        told.summary,
        "$1,234.50 due on 2026-07-01 will be tried again after 1 try, the last of which failed \
         with AM04 (Insufficient Funds): the provider refused the retry with ZPPRY03 (Retry \
         timeout)."
    );
    let codes: Vec<_> = told
        .reason
        .provider_codes()
        .iter()
        .map(|one| one.code.clone())
        .collect();
    assert_eq!(codes, [NO_FUNDS, "ZPPRY03"]);
    assert_eq!(told.would_go_if, Some(Cure::TimePasses));
    assert_eq!(told.next.map(|next| next.what), Some(NextStep::Retry));
}

#[test]
fn a_refusal_of_the_provider_is_waited_out_with_its_codes() {
    let refused = Subject {
        waiting_because: Some("ZPPAY03 ZPPAY24"),
        ..subject(State::Scheduled)
    };
    let told = told(&refused, &[attempt(Payment::Rejected, 0, None)]);

    assert_eq!(
        told.summary,
        "$1,234.50 due on 2026-07-01 waits again after 1 try: the provider refused the payment \
         with ZPPAY03 (Agreement not active) and ZPPAY24 (Participant not available); it can be \
         collected until 2026-07-14."
    );
    assert_eq!(
        (told.reason.code(), told.reason.rule()),
        ("held_back", Some("refused"))
    );
    assert_eq!(told.reason.provider_codes().len(), 2);
    assert_eq!(told.next.map(|next| next.what), Some(NextStep::Send));
    assert_eq!(told.would_go_if, Some(Cure::TimePasses));
}

#[test]
fn a_retry_beyond_the_providers_limit_names_the_one_of_its_limits_that_is_reached() {
    let held = Subject {
        waiting_because: Some("retry_budget_spent"),
        ..subject(State::Retrying)
    };
    let told_of = |retries_made| {
        let told = told(&held, &[attempt(Payment::Failed, retries_made, None)]);
        let rule = Hindrance::Rule(Rule::RetryBudgetSpent);
        assert_eq!(told.reason, Reason::HeldBack(rule));
        assert_eq!(told.next.map(|next| next.what), Some(NextStep::LookAgain));
        assert_eq!(told.would_go_if, Some(Cure::TimePasses));
        (told.summary.clone(), figures(&told))
    };
    let in_a_day = "the provider takes a payment 5 times in 24 hours";
    let in_all = "the provider takes 10 retries of a payment";

    for (retries_made, tries, limit, figure) in [
        (4, 5, in_a_day, "submissions_in_24h_max 5"),
        (9, 10, in_a_day, "submissions_in_24h_max 5"),
        (10, 11, in_all, "retries_in_all_max 10"),
    ] {
        let (summary, figures) = told_of(retries_made);
        assert_eq!(
            summary,
            format!(
                "$1,234.50 due on 2026-07-01 waits again after {tries} tries: {limit}; it can be \
                 collected until 2026-07-14."
            )
        );
        let tries = format!("tries {tries}");
        assert_eq!(figures, [&tries, figure, "collectable_until 2026-07-14"]);
    }
}

#[test]
fn a_word_nobody_knows_is_told_as_it_is() {
    let held = Subject {
        waiting_because: Some("moon_phase"),
        ..subject(State::Scheduled)
    };
    let told = told(&held, &[]);

    assert_eq!(told.reason.rule(), Some("moon_phase"));
    assert_eq!(
        told.summary,
        "$1,234.50 due on 2026-07-01 waits: moon_phase; it can be collected until 2026-07-14."
    );
    assert_eq!(told.would_go_if, Some(Cure::TimePasses));
}

#[test]
fn what_has_ended_processes_waits_for_a_person_and_nothing_happens_to_it_by_itself() {
    let quarantined = |state| Subject {
        quarantined: true,
        ..subject(state)
    };
    for state in [State::Scheduled, State::Collecting, State::Retrying] {
        let told = told(&quarantined(state), &[]);

        assert_eq!(told.reason, Reason::Quarantined);
        assert_eq!(told.reason.code(), "quarantined");
        assert_eq!(told.reason.rule(), Some("crashed_three_times"));
        assert!(
            told.summary.contains("waits in quarantine"),
            "{}",
            told.summary
        );
        assert_eq!(told.next, None);
        assert_eq!(told.would_go_if, Some(Cure::QuestionAnswered));
    }

    let collected = told(&quarantined(State::Collected), &[]);
    assert_eq!(collected.reason, Reason::Collected);
}
