//! What a fact about an agreement says, as an event, and what the write holds besides.

use chrono::TimeDelta;

use domain::account::PayerAccount;
use domain::agreement::{Event, State};
use domain::date::{BusinessDate, Instant};
use store::agreements::{AgreementRow, AgreementWrite, DebtorAccount};

use super::told::{amended, echoes_wrong, look_up_refused};
use super::{MISSING_AFTER, absent};
use crate::report::{AgreementFact, AgreementReport, NotLookedUp};

/// What a report's fact says, as an event; what else it tells goes into the write.
pub(super) fn heard(
    row: &AgreementRow,
    report: &AgreementReport,
    write: &mut AgreementWrite,
    now: Instant,
) -> Event {
    match &report.fact {
        AgreementFact::NotSent | AgreementFact::NotLookedUp(_) => {
            write.takes_back_sending = row.state == State::Sending;
            Event::NotSent
        }
        AgreementFact::OtherPayer => {
            write.takes_back_sending = row.state == State::Sending;
            write.reason = Some((OTHER_PAYER.to_owned(), OTHER_PAYER_SAYS.to_owned()));
            Event::Rejected
        }
        AgreementFact::Undecided => {
            // No answer confirms nothing: asked again before the next refresh.
            write.wake_at = write.wake_at.map(|at| at.min(now + MISSING_AFTER));
            Event::OutcomeUnknown
        }
        // Refused for now, not for ever: the draft waits.
        AgreementFact::Refused { codes } if is_limit(codes) || is_too_late(row, codes, now) => {
            Event::NotSent
        }
        AgreementFact::Refused { codes } => {
            write.reason = Some((codes.join(" "), "refused by the provider".to_owned()));
            confirmed(write, report);
            Event::Rejected
        }
        AgreementFact::Absent => absent(row, write, report.asked_at, now),
        AgreementFact::Found { state: None, .. } => Event::OutcomeUnknown,
        AgreementFact::Found {
            state: Some(state),
            reason,
            differs,
            account,
        } => {
            if let Some(field) = differs {
                echoes_wrong(row, write, field);
            }
            if let Some(account) = account {
                moved(row, write, account);
            }
            write.reason.clone_from(reason);
            confirmed(write, report);
            write.absent_since_at = None;
            Event::Reported(*state)
        }
    }
}

/// As of when the question left: what changed there while the answer was on its way, it need not hold.
fn confirmed(write: &mut AgreementWrite, report: &AgreementReport) {
    write.confirmed_at = Some(report.asked_at);
    write.is_confirmed = true;
}

/// The payer moved the agreement to another account, once it has been theirs to move. Before that it is only
/// the provider's way of writing the account: a PayID may come back as the account behind it.
fn moved(row: &AgreementRow, write: &mut AgreementWrite, account: &PayerAccount) {
    let is_moved = matches!(row.state, State::Active | State::Suspended);
    write.debtor_account = Some(DebtorAccount {
        account: account.clone(),
        is_moved,
    });
    if is_moved {
        amended(row, write);
    }
}

/// A draft that is to be proposed again waits by the name of what keeps it, and nothing of it is lost. A limit
/// is the provider's for a day; a refusal to look up is a person's to look at.
pub(super) fn wait(
    row: &AgreementRow,
    write: &mut AgreementWrite,
    fact: &AgreementFact,
    now: Instant,
) {
    match fact {
        AgreementFact::NotLookedUp(why) => {
            write.waiting_because = Some(why.code().to_owned());
            match why {
                NotLookedUp::Unavailable => {}
                NotLookedUp::LimitReached => write.wake_at = Some(now + LIMIT_AGAIN),
                NotLookedUp::Refused => {
                    write.wake_at = Some(now + LIMIT_AGAIN);
                    write.exception = Some(look_up_refused(row));
                }
            }
        }
        AgreementFact::Refused { codes } if is_limit(codes) => {
            write.waiting_because = Some("provider_creation_limit".to_owned());
            write.wake_at = Some(now + LIMIT_AGAIN);
        }
        AgreementFact::NotSent
        | AgreementFact::OtherPayer
        | AgreementFact::Undecided
        | AgreementFact::Refused { .. }
        | AgreementFact::Absent
        | AgreementFact::Found { .. } => {}
    }
}

/// Whether the provider refuses for its limits on creations alone: of the payer's account, or of ours. They
/// are counted over 24 hours, and by more than our own creations.
fn is_limit(codes: &[String]) -> bool {
    !codes.is_empty() && codes.iter().all(|code| LIMITS.contains(&code.as_str()))
}

/// Whether midnight came between the gate and the provider: the gate will say so too, and begin again.
fn is_too_late(row: &AgreementRow, codes: &[String], now: Instant) -> bool {
    codes.iter().any(|code| code == START_IN_PAST)
        && row.validity.start_date < BusinessDate::of_instant(now)
}

/// The provider's codes for its limits on creations.
const LIMITS: [&str; 2] = ["ZPAGR15", "ZPAGR16"];

/// The provider's code for an agreement that would begin in the past.
const START_IN_PAST: &str = "ZPAGR04";

/// The word for a PayID that is somebody else's.
pub(super) const OTHER_PAYER: &str = "payid_name_differs";
const OTHER_PAYER_SAYS: &str = "the name behind the PayID is not the customer's";

/// How soon one of the provider's limits is tried again.
const LIMIT_AGAIN: TimeDelta = TimeDelta::hours(1);
