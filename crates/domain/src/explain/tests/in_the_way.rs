//! What is in the way as things stand, whatever was recorded before.

use super::*;
use crate::agreement::State as Agreement;

/// What is told of one whose agreement stands like this, at the opening of its date.
fn under(state: Agreement, subject: &Subject<'_>) -> Explanation {
    on(date("2026-07-01"), subject, |history| {
        history.agreement_state = state;
    })
}

fn on(
    today: BusinessDate,
    subject: &Subject<'_>,
    change: impl Fn(&mut History<'_>),
) -> Explanation {
    let terms = terms();
    let mut history = history(&terms, &[]);
    change(&mut history);
    explain(subject, &history, today.opens_at())
}

fn waiting(state: State, because: &'static str) -> Subject<'static> {
    Subject {
        waiting_because: Some(because),
        ..subject(state)
    }
}

#[test]
fn what_is_in_the_way_now_comes_before_what_was_recorded() {
    let terms = terms();
    let cure = |change: &dyn Fn(&mut History<'_>)| {
        let mut history = history(&terms, &[]);
        change(&mut history);
        let held = waiting(State::Scheduled, "outside_sending_hours");
        explain(&held, &history, before()).would_go_if
    };
    let agreement = |state| cure(&move |history: &mut History<'_>| history.agreement_state = state);

    assert_eq!(agreement(Agreement::Active), Some(Cure::TimePasses));
    assert_eq!(agreement(Agreement::Created), Some(Cure::PayerApproves));
    for state in [
        Agreement::Drafted,
        Agreement::Sending,
        Agreement::Unknown,
        Agreement::Pending,
    ] {
        assert_eq!(agreement(state), Some(Cure::ProviderAnswers), "{state}");
    }
    assert_eq!(
        agreement(Agreement::Suspended),
        Some(Cure::SuspensionLifted)
    );
    for state in [
        Agreement::Declined,
        Agreement::Expired,
        Agreement::Cancelled,
        Agreement::Failed,
    ] {
        assert_eq!(agreement(state), Some(Cure::NewAgreement), "{state}");
    }
    let paused = cure(&|history| {
        history.plan_state = plan::State::Paused;
        history.agreement_state = Agreement::Suspended;
    });
    assert_eq!(paused, Some(Cure::PlanResumed));
    let frozen = cure(&|history| {
        history.frozen_because = Some("late_settlement");
        history.plan_state = plan::State::Paused;
    });
    assert_eq!(frozen, Some(Cure::QuestionAnswered));
}

#[test]
fn an_agreement_that_is_not_active_is_told_before_whatever_was_recorded() {
    let lost = [
        Agreement::Declined,
        Agreement::Expired,
        Agreement::Cancelled,
    ];
    let stopped = [Agreement::Failed, Agreement::Suspended];
    for state in lost.into_iter().chain(stopped) {
        for subject in [
            subject(State::Scheduled),
            waiting(State::Scheduled, "outside_sending_hours"),
            waiting(State::Scheduled, "not_due_yet"),
            waiting(State::Scheduled, "ZPPAY24"),
            subject(State::Retrying),
            waiting(State::Retrying, "retry_budget_spent"),
            waiting(State::Retrying, "ZPPRY03"),
        ] {
            // Its date, and a date before it.
            for today in ["2026-07-01", "2026-06-20"] {
                let told = on(date(today), &subject, |history| {
                    history.agreement_state = state;
                });
                assert_eq!(
                    told.summary,
                    format!(
                        "$1,234.50 due on 2026-07-01 waits: the agreement is {state}, not active; \
                         it can be collected until 2026-07-14."
                    )
                );
                assert_eq!(told.reason.rule(), Some("agreement_not_active"));
                assert_eq!(told.next.map(|next| next.what), Some(NextStep::LookAgain));
                let state = format!("agreement_state {state}");
                assert_eq!(figures(&told), [&state, "collectable_until 2026-07-14"]);
            }
        }
    }
}

#[test]
fn a_plan_that_its_agreement_blocks_names_the_agreement() {
    let blocked = |state| {
        on(date("2026-07-01"), &subject(State::Scheduled), |history| {
            history.plan_state = plan::State::Blocked;
            history.agreement_state = state;
        })
    };

    let told = blocked(Agreement::Cancelled);
    assert_eq!(told.reason.rule(), Some("agreement_not_active"));
    assert_eq!(told.would_go_if, Some(Cure::NewAgreement));
    // Its next agreement is active; the plan follows.
    let told = blocked(Agreement::Active);
    assert_eq!(
        told.summary,
        "$1,234.50 due on 2026-07-01 waits: the plan is blocked, not active; it can be collected \
         until 2026-07-14."
    );
    assert_eq!(told.would_go_if, Some(Cure::TimePasses));
    assert_eq!(told.next.map(|next| next.what), Some(NextStep::LookAgain));
}

#[test]
fn a_paused_plan_names_the_pause_before_its_agreement() {
    for state in [
        plan::State::Paused,
        plan::State::Completed,
        plan::State::Cancelled,
    ] {
        let told = on(date("2026-06-20"), &subject(State::Scheduled), |history| {
            history.plan_state = state;
            history.agreement_state = Agreement::Cancelled;
        });
        assert_eq!(
            told.summary,
            format!(
                "$1,234.50 due on 2026-07-01 waits: the plan is {state}, not active; it can be \
                 collected until 2026-07-14."
            )
        );
        assert_eq!(told.next.map(|next| next.what), Some(NextStep::LookAgain));
        let wanted = match state {
            plan::State::Paused => Cure::PlanResumed,
            plan::State::Completed | plan::State::Cancelled => Cure::TimePasses,
            plan::State::Active | plan::State::AwaitingAgreement | plan::State::Blocked => continue,
        };
        assert_eq!(told.would_go_if, Some(wanted));
    }
}

#[test]
fn before_its_date_an_agreement_that_is_not_accepted_yet_is_told_beside_the_date() {
    for (state, cure) in [
        (Agreement::Drafted, Cure::ProviderAnswers),
        (Agreement::Sending, Cure::ProviderAnswers),
        (Agreement::Unknown, Cure::ProviderAnswers),
        (Agreement::Pending, Cure::ProviderAnswers),
        (Agreement::Created, Cure::PayerApproves),
    ] {
        let early = on(date("2026-06-30"), &subject(State::Scheduled), |history| {
            history.plan_state = plan::State::AwaitingAgreement;
            history.agreement_state = state;
        });
        assert_eq!(
            early.summary,
            format!(
                "$1,234.50 due on 2026-07-01 is scheduled; the agreement is {state}, not active."
            )
        );
        assert_eq!(early.reason, Reason::NotDueYet);
        assert_eq!(early.next.map(|next| next.what), Some(NextStep::Send));
        assert_eq!(early.would_go_if, Some(cure));

        // On its date it is what holds it back, recorded or not.
        let due = under(state, &subject(State::Scheduled));
        assert_eq!(due.reason.rule(), Some("agreement_not_active"), "{state}");
        assert_eq!(due.next.map(|next| next.what), Some(NextStep::LookAgain));
        assert_eq!(due.would_go_if, Some(cure));
    }
}

#[test]
fn a_plan_whose_agreement_became_active_just_now_is_about_to_follow() {
    let told = |today| {
        on(date(today), &subject(State::Scheduled), |history| {
            history.plan_state = plan::State::AwaitingAgreement;
        })
    };

    assert_eq!(told("2026-06-30").reason, Reason::NotDueYet);
    assert_eq!(told("2026-07-01").reason.rule(), Some("plan_not_active"));
    assert_eq!(told("2026-07-01").would_go_if, Some(Cure::TimePasses));
}

#[test]
fn a_payment_that_is_to_be_sent_again_is_held_back_as_a_new_one_is() {
    let told = |payment, frozen_because| {
        let live = [Attempt {
            wake_at: Some(date("2026-07-01").at_hour(7, 0)),
            ..attempt(payment, 0, None)
        }];
        let terms = terms();
        let history = History {
            frozen_because,
            ..history(&terms, &live)
        };
        explain(&subject(State::Collecting), &history, before())
    };

    let held = told(Payment::Intended, Some("late_settlement"));
    assert_eq!(
        held.summary,
        "$1,234.50 due on 2026-07-01 waits again after 1 try: the plan is frozen by an open \
         question (late_settlement); it can be collected until 2026-07-14."
    );
    let at = date("2026-07-01").at_hour(7, 0);
    let what = NextStep::LookAgain;
    assert_eq!(held.next, Some(Next { at, what }));
    assert_eq!(held.would_go_if, Some(Cure::QuestionAnswered));

    // Nothing holds back what is on its way.
    for state in [
        Payment::Sending,
        Payment::Unknown,
        Payment::Submitted,
        Payment::UnderInvestigation,
    ] {
        let told = told(state, Some("late_settlement"));
        assert_eq!(told.reason, Reason::InFlight(state));
        let next = told.next.map(|next| next.what);
        assert_eq!(next, Some(NextStep::AskProvider));
        assert_eq!(told.would_go_if, Some(Cure::ProviderAnswers));
    }
    let free = told(Payment::Intended, None);
    assert_eq!(free.reason, Reason::InFlight(Payment::Intended));
    assert_eq!(free.next.map(|next| next.what), Some(NextStep::Send));
}
