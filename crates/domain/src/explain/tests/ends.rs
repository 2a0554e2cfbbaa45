//! What has ended.

use super::*;
use crate::failure::{RetryPolicyDraft, StopReason};

fn ended(state: State, because: &'static str) -> Subject<'static> {
    Subject {
        ended_because: Some(because),
        ..subject(state)
    }
}

#[test]
fn a_collected_instalment_names_its_try_only_where_it_took_several() {
    let one = [attempt(Payment::Settled, 0, None)];
    let two = [attempt(Payment::Settled, 1, None)];
    let collected = subject(State::Collected);

    assert_eq!(
        told(&collected, &one).summary,
        "$1,234.50 due on 2026-07-01 was collected."
    );
    assert_eq!(
        told(&collected, &two).summary,
        "$1,234.50 due on 2026-07-01 was collected on try 2."
    );
    assert_eq!(figures(&told(&collected, &two)), ["tries 2"]);
    assert_eq!(told(&collected, &one).reason.code(), "collected");
}

#[test]
fn a_missed_instalment_names_what_kept_it() {
    let told_of = |because| told(&ended(State::Missed, because), &[]);
    let told = told_of("plan_frozen");

    assert_eq!(
        told.summary,
        "$1,234.50 due on 2026-07-01 was missed before it was tried: the plan was frozen by a \
         question."
    );
    assert_eq!(
        (told.reason.code(), told.reason.rule()),
        ("missed", Some("plan_frozen"))
    );
    assert_eq!(figures(&told), ["collectable_until 2026-07-14"]);
    let refused = told_of("ZPPAY17");
    assert_eq!(refused.reason.rule(), Some("refused"));
    assert_eq!(refused.reason.provider_codes().len(), 1);
    assert_eq!(figures(&refused), ["collectable_until 2026-07-14"]);
}

#[test]
fn a_missed_instalment_that_was_tried_names_its_failure() {
    let failed = [attempt(Payment::Failed, 1, Some("AM04"))];
    assert_eq!(
        told(&subject(State::Missed), &failed).summary,
        "$1,234.50 due on 2026-07-01 was missed: its period ended after 2 tries, the last of \
         which failed with AM04 (Insufficient Funds)."
    );
}

#[test]
fn a_failure_for_good_names_its_reason_and_its_code() {
    let failed = [attempt(Payment::Failed, 0, Some("AC05"))];
    let told = told(&ended(State::Failed, "not_retryable:AC05"), &failed);

    assert_eq!(
        told.summary,
        "$1,234.50 due on 2026-07-01 failed for good after 1 try, the last of which failed with \
         AC05 (Closed Debtor Account): this does not pass by itself."
    );
    assert_eq!(told.reason.code(), "failed_for_good");
    assert_eq!(told.reason.rule(), Some("not_retryable"));
    assert_eq!(
        told.reason.provider_codes()[0].title,
        Some("Closed Debtor Account")
    );
}

#[test]
fn every_reason_to_stop_has_its_own_words() {
    let sentences: std::collections::BTreeSet<_> = StopReason::ALL
        .iter()
        .map(|stop| {
            let because = format!("{stop}:AM04");
            let subject = Subject {
                ended_because: Some(&because),
                ..subject(State::Failed)
            };
            let told = told(&subject, &[]);
            assert_eq!(told.reason.rule(), Some(stop.as_str()));
            assert!(told.summary.contains(": "), "{}", told.summary);
            told.summary
        })
        .collect();

    assert_eq!(sentences.len(), StopReason::ALL.len());
}

#[test]
fn a_stop_tells_the_limit_that_was_reached() {
    let told_of = |because| {
        let terms = terms();
        let mut history = history(&terms, &[]);
        history.validity.end_date = Some(date("2026-08-31"));
        figures(&explain(&ended(State::Failed, because), &history, before()))
    };

    assert_eq!(told_of("retries_used_up:AM04"), ["retries_max 3"]);
    assert_eq!(
        told_of("too_many_failures_in_a_row:AM04"),
        ["failures_in_a_row_max 5"]
    );
    assert_eq!(
        told_of("after_validity:MD20"),
        ["validity_end_date 2026-08-31"]
    );
    assert_eq!(told_of("window_over:AM04"), Vec::<String>::new());
}

#[test]
fn an_end_without_a_recorded_code_names_the_last_failure() {
    let failed = [attempt(Payment::Failed, 0, Some("AM04"))];
    let told = told(&subject(State::Failed), &failed);

    assert_eq!(told.reason.provider_codes()[0].code, "AM04");
    assert_eq!(
        told.summary,
        "$1,234.50 due on 2026-07-01 failed for good after 1 try, the last of which failed with \
         AM04 (Insufficient Funds)."
    );
    assert_eq!(told.reason.rule(), None);
}

#[test]
fn a_refusal_for_good_names_the_providers_codes() {
    let told_of = |because| told(&ended(State::Failed, because), &[]);
    let told = told_of("refused:ZPPAY15 ZPPAY12");

    assert_eq!(
        told.summary,
        "$1,234.50 due on 2026-07-01 failed for good: the provider refused the payment with \
         ZPPAY15 (Amount incorrect) and ZPPAY12 (Amount over maximum)."
    );
    assert_eq!(
        (told.reason.code(), told.reason.rule()),
        ("refused_for_good", Some("refused"))
    );
    assert_eq!(told.reason.provider_codes().len(), 2);
    assert_eq!(
        told_of("refused:").summary,
        "$1,234.50 due on 2026-07-01 failed for good: the provider refused the payment."
    );
}

#[test]
fn an_end_by_the_lender_names_the_recorded_word() {
    let table = [
        (State::Waived, "waived", "was waived: hardship."),
        (State::Cancelled, "cancelled", "was cancelled: hardship."),
        (
            State::PaidElsewhere,
            "paid_elsewhere",
            "was paid another way: hardship.",
        ),
    ];
    for (state, code, words) in table {
        let told = told(&ended(state, "hardship"), &[]);
        assert_eq!(told.summary, format!("$1,234.50 due on 2026-07-01 {words}"));
        assert_eq!(
            (told.reason.code(), told.reason.rule()),
            (code, Some("hardship"))
        );
    }
    assert_eq!(
        told(&subject(State::Waived), &[]).summary,
        "$1,234.50 due on 2026-07-01 was waived."
    );
}

#[test]
fn used_up_retries_tell_the_limit_that_stopped_them() {
    let told_of = |retries_max| {
        let (terms, failed) = (terms(), [attempt(Payment::Failed, 3, Some("AM04"))]);
        let draft = RetryPolicyDraft {
            retries_max: Some(retries_max),
            ..RetryPolicyDraft::default()
        };
        let history = History {
            retry_policy: RetryPolicy::from_draft(&draft).expect("a policy in range"),
            ..history(&terms, &failed)
        };
        let subject = ended(State::Failed, "retries_used_up:AM04");
        let told = explain(&subject, &history, before());
        let begins = "$1,234.50 due on 2026-07-01 failed for good after 4 tries, the last of \
                      which failed with AM04 (Insufficient Funds): ";
        let limit = told.summary.strip_prefix(begins).map(str::to_owned);
        (limit.expect("a limit"), figures(&told).split_off(1))
    };
    let table = [
        (0, "its plan allows no retries.", "retries_max 0"),
        (
            1,
            "the one retry that its plan allows has been made.",
            "retries_max 1",
        ),
        (
            2,
            "all 2 retries that its plan allows have been made.",
            "retries_max 2",
        ),
        (
            3,
            "all 3 retries that its plan allows have been made.",
            "retries_max 3",
        ),
        (
            9,
            "all 9 retries that its plan allows have been made.",
            "retries_max 9",
        ),
        (
            10,
            "all 10 retries that the provider allows have been made.",
            "retries_in_all_max 10",
        ),
    ];
    for (retries_max, limit, figure) in table {
        let told = told_of(retries_max);
        assert_eq!(told, (limit.to_owned(), vec![figure.to_owned()]));
    }
}
