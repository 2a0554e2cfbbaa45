//! What answers make of the rows: every pair of states, under every kind and answer.

use super::*;
use crate::instalment::State as I;
use crate::payment::{IncidentKind, State as P};

fn claims() -> Vec<Option<P>> {
    P::ALL.iter().copied().map(Some).chain([None]).collect()
}

/// Every row there can be.
fn rows() -> Vec<PaymentInQuestion> {
    let mut rows = Vec::new();
    for payment in P::ALL.iter().copied() {
        for claimed in claims() {
            for instalment in I::ALL.iter().copied() {
                for bits in 0..4 {
                    rows.push(PaymentInQuestion {
                        payment,
                        claimed,
                        instalment,
                        other_live_payment: bits & 1 == 1,
                        plan_ended: bits & 2 == 2,
                    });
                }
            }
        }
    }
    rows
}

/// Every answer that fits, with the row it was given to.
fn fitting() -> Vec<(Kind, Resolution, PaymentInQuestion, Corrected)> {
    let mut fitting = Vec::new();
    for kind in Kind::ALL.iter().copied() {
        for resolution in Resolution::ALL.iter().copied() {
            for row in rows() {
                if let Ok(corrected) = correct(kind, resolution, row) {
                    fitting.push((kind, resolution, row, corrected));
                }
            }
        }
    }
    fitting
}

#[test]
fn no_answer_makes_two_payments_of_an_instalment_live_or_settled() {
    for (kind, resolution, row, corrected) in fitting() {
        let holds_newly = corrected.payment.holds_slot() && !row.payment.holds_slot();
        assert!(
            !(holds_newly && row.other_live_payment),
            "{kind} {resolution} {row:?}"
        );
    }
}

#[test]
fn an_instalment_is_collected_again_only_when_no_payment_of_it_lives_or_has_settled() {
    let mut again = 0;
    for (kind, resolution, row, corrected) in fitting() {
        let is_reopened = !row.instalment.is_owed_now() && corrected.instalment.is_owed_now();
        if is_reopened {
            again += 1;
            assert_eq!(resolution, Resolution::CollectAgain);
            assert!(!row.other_live_payment && !row.plan_ended, "{kind} {row:?}");
            assert!(!corrected.payment.holds_slot(), "{kind} {row:?}");
        }
    }
    assert!(0 < again);
}

#[test]
fn an_answer_that_is_not_of_its_kind_is_refused() {
    for (kind, resolution, _, _) in fitting() {
        assert!(kind.resolutions("payment").contains(&resolution));
    }
    let row = rows()[0];
    let refused = correct(Kind::LateSettlement, Resolution::ByItself, row);
    assert_eq!(refused, Err(Misfit::OtherAnswers));
}

#[test]
fn every_kind_of_question_has_an_answer_and_nobody_gives_the_worlds() {
    for kind in Kind::ALL {
        for subject in ["payment", "agreement", "instalment", "webhook", "chore"] {
            let answers = kind.resolutions(subject);
            assert!(!answers.is_empty(), "{kind}");
            assert!(!answers.contains(&Resolution::ByItself), "{kind}");
        }
    }
}

#[test]
fn every_contradiction_of_a_payment_is_a_question_that_freezes_its_plan() {
    for incident in IncidentKind::ALL {
        let kind = Kind::parse(incident.as_str()).expect("a kind of question");
        assert!(kind.freezes(), "{kind}");
    }
    assert!(Kind::OverBudget.freezes());
}

#[test]
fn a_question_about_money_that_did_not_move_freezes_nothing() {
    for kind in [
        Kind::InstalmentFailed,
        Kind::AgreementHeldBack,
        Kind::AgreementLost,
        Kind::Quarantined,
        Kind::PaymentTheirsOnly,
        Kind::DatabaseMoved,
    ] {
        assert!(!kind.freezes(), "{kind}");
    }
}

#[test]
fn what_may_be_answered_depends_on_what_the_question_is_about() {
    use Resolution as R;
    let answers = |kind: Kind, subject| kind.resolutions(subject);
    assert_eq!(
        answers(Kind::EchoMismatch, "payment"),
        [R::Collected, R::NotCollected]
    );
    assert_eq!(answers(Kind::EchoMismatch, "agreement"), [R::Noted]);
    // A report can be thrown away; what is owed, or under way, cannot.
    assert_eq!(
        answers(Kind::Quarantined, "webhook"),
        [R::Release, R::Discard]
    );
    assert_eq!(answers(Kind::Quarantined, "instalment"), [R::Release]);
}

const LATE: PaymentInQuestion = PaymentInQuestion {
    payment: P::Failed,
    claimed: Some(P::Settled),
    instalment: I::Retrying,
    other_live_payment: false,
    plan_ended: false,
};

#[test]
fn money_that_moved_late_collects_the_instalment_or_is_given_back() {
    let collected = correct(Kind::LateSettlement, Resolution::Collected, LATE);
    let after = |payment, instalment| {
        Ok(Corrected {
            payment,
            instalment,
        })
    };
    assert_eq!(collected, after(P::Settled, I::Collected));

    let refunded = correct(Kind::LateSettlement, Resolution::Refunded, LATE);
    assert_eq!(refunded, after(P::Settled, I::Cancelled));
    let twice = PaymentInQuestion {
        instalment: I::Collecting,
        other_live_payment: true,
        ..LATE
    };
    let refunded = correct(Kind::LateSettlement, Resolution::Refunded, twice);
    assert_eq!(refunded, after(P::Failed, I::Collecting));

    let unclaimed = PaymentInQuestion {
        claimed: None,
        ..LATE
    };
    let refused = correct(Kind::LateSettlement, Resolution::Collected, unclaimed);
    assert_eq!(refused, Err(Misfit::MovedOn));
}

#[test]
fn a_reversal_stands_ends_the_instalment_or_opens_it_again() {
    let row = PaymentInQuestion {
        payment: P::Settled,
        claimed: Some(P::Failed),
        instalment: I::Collected,
        ..LATE
    };
    let after = |payment, instalment| {
        Ok(Corrected {
            payment,
            instalment,
        })
    };
    let answered = |resolution| correct(Kind::Reversal, resolution, row);

    assert_eq!(
        answered(Resolution::Stands),
        after(P::Settled, I::Collected)
    );
    assert_eq!(
        answered(Resolution::NotCollected),
        after(P::Failed, I::Failed)
    );
    assert_eq!(
        answered(Resolution::CollectAgain),
        after(P::Failed, I::Retrying)
    );

    let ended = PaymentInQuestion {
        plan_ended: true,
        ..row
    };
    let refused = correct(Kind::Reversal, Resolution::CollectAgain, ended);
    assert_eq!(refused, Err(Misfit::PlanEnded));
}

#[test]
fn what_was_held_to_be_dead_is_followed_as_the_provider_has_it() {
    let row = PaymentInQuestion {
        payment: P::Abandoned,
        claimed: Some(P::Submitted),
        instalment: I::Scheduled,
        ..LATE
    };
    let right = correct(Kind::PaymentConflict, Resolution::ProviderIsRight, row);
    let after = |payment, instalment| {
        Ok(Corrected {
            payment,
            instalment,
        })
    };
    assert_eq!(right, after(P::Submitted, I::Collecting));

    let failed = PaymentInQuestion {
        claimed: Some(P::Failed),
        ..row
    };
    let right = correct(Kind::PaymentConflict, Resolution::ProviderIsRight, failed);
    assert_eq!(right, after(P::Failed, I::Scheduled));
}

#[test]
fn a_payment_of_another_amount_collected_the_instalment_or_not() {
    let row = PaymentInQuestion {
        payment: P::Unknown,
        claimed: None,
        instalment: I::Collecting,
        ..LATE
    };
    let answered = |resolution| correct(Kind::EchoMismatch, resolution, row);
    let after = |payment, instalment| {
        Ok(Corrected {
            payment,
            instalment,
        })
    };

    assert_eq!(
        answered(Resolution::Collected),
        after(P::Settled, I::Collected)
    );
    assert_eq!(
        answered(Resolution::NotCollected),
        after(P::Rejected, I::Failed)
    );
    let sending = PaymentInQuestion {
        payment: P::Sending,
        ..row
    };
    let refused = correct(Kind::EchoMismatch, Resolution::NotCollected, sending);
    assert_eq!(refused, Err(Misfit::MovedOn));
}

#[test]
fn an_instalment_that_failed_is_tried_again_or_ends_another_way() {
    let row = PaymentInQuestion {
        claimed: None,
        instalment: I::Failed,
        ..LATE
    };
    for (resolution, instalment) in [
        (Resolution::CollectAgain, I::Retrying),
        (Resolution::PaidElsewhere, I::PaidElsewhere),
        (Resolution::Waived, I::Waived),
        (Resolution::Noted, I::Failed),
    ] {
        let answered = correct(Kind::InstalmentFailed, resolution, row);
        let corrected = Corrected {
            payment: P::Failed,
            instalment,
        };
        assert_eq!(answered, Ok(corrected), "{resolution}");
    }
    let open = PaymentInQuestion {
        instalment: I::Collected,
        ..row
    };
    let refused = correct(Kind::InstalmentFailed, Resolution::CollectAgain, open);
    assert_eq!(refused, Err(Misfit::MovedOn));
}

/// Whether `resolution` of a question of `kind` fits exactly the rows of which `fits` says so.
fn fits_exactly(
    kind: Kind,
    resolution: Resolution,
    fits: impl Fn(&PaymentInQuestion) -> bool,
) -> bool {
    rows()
        .into_iter()
        .all(|row| correct(kind, resolution, row).is_ok() == fits(&row))
}

#[test]
fn collected_fits_money_that_moved_once_and_nothing_else() {
    let is_over =
        |row: &PaymentInQuestion| matches!(row.payment, P::Failed | P::Rejected | P::Abandoned);
    let never_left = |row: &PaymentInQuestion| matches!(row.payment, P::Intended | P::Sending);
    let of_late = |row: &PaymentInQuestion| is_over(row) && row.claimed == Some(P::Settled);
    let of_ended = |row: &PaymentInQuestion| row.payment == P::Settled;
    let of_echo = |row: &PaymentInQuestion| !is_over(row) && !never_left(row);
    let collected = |kind: Kind, may_stand: &dyn Fn(&PaymentInQuestion) -> bool| {
        let fits = |row: &PaymentInQuestion| !row.other_live_payment && may_stand(row);
        assert!(fits_exactly(kind, Resolution::Collected, fits), "{kind}");
    };
    collected(Kind::LateSettlement, &of_late);
    collected(Kind::SettledAfterEnd, &of_ended);
    collected(Kind::EchoMismatch, &of_echo);
}

#[test]
fn a_reversal_fits_a_settled_payment_whose_money_is_said_to_be_gone() {
    let is_reversed =
        |row: &PaymentInQuestion| row.payment == P::Settled && row.claimed == Some(P::Failed);
    assert!(fits_exactly(
        Kind::Reversal,
        Resolution::NotCollected,
        is_reversed
    ));
}
