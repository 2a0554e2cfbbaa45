//! Why an instalment was or was not collected, by which rule and with which numbers, what happens
//! to it next, and what would make it go.
//!
//! Everything is told from what the engine recorded: states, the word of the rule that holds an
//! instalment back, the reason of its end, the codes of its failures. Nothing is told of a person:
//! no name, no account, and no text that somebody typed but the reason for which collections were
//! closed, which is written to be read.

mod cure;
mod figures;
mod obstacle;
mod reason;
mod rule;
#[cfg(test)]
mod tests;
mod titles;
mod until;
mod words;

pub use cure::Cure;
pub use figures::{Figure, Value};
pub use reason::{Hindrance, ProviderCode, Reason};
pub use rule::Rule;
pub use titles::title;

use crate::date::{BusinessDate, Instant};
use crate::failure::{RetryPolicy, worded};
use crate::fit::Validity;
use crate::gate::{Carry, Scope};
use crate::instalment::State;
use crate::money::Cents;
use crate::terms::{AmountRefusal, PaymentTerms};
use crate::{agreement, payment, plan};

/// An instalment as it is recorded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Subject<'a> {
    /// Where it stands.
    pub state: State,
    /// The first date on which it may be collected.
    pub due_date: BusinessDate,
    /// What is to be collected.
    pub amount: Cents,
    /// Whether the agreement has no payment that has not failed, but for this instalment's own.
    pub first_of_agreement: bool,
    /// Whether it is the plan's last.
    pub last_of_plan: bool,
    /// What held it back when it was last looked at: a [`Rule`]'s word, or the provider's codes.
    pub waiting_because: Option<&'a str>,
    /// Why it ended: `<stop reason>:<failure code>`, `refused:<codes>`, or one word.
    pub ended_because: Option<&'a str>,
    /// When it is next looked at by itself.
    pub wake_at: Option<Instant>,
    /// Whether nobody attends to it, or to its payment, any more until a person says so: three processes in a row
    /// ended that did.
    pub quarantined: bool,
}

impl Subject<'_> {
    /// The rule of the terms that refuses its amount, as things stand.
    fn refused_amount(&self, history: &History<'_>) -> Option<AmountRefusal> {
        let (first, last) = (self.first_of_agreement, self.last_of_plan);
        let allowed = history.terms.allows_amount(self.amount, first, last);
        allowed.err()
    }
}

/// One payment that was made for it, with its retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// Where it stands.
    pub state: payment::State,
    /// How often it was retried under the same uid.
    pub retries_made: u32,
    /// The provider's code of its last failure.
    pub failure_code: Option<&'a str>,
    /// When it was last sent.
    pub last_sent_at: Option<Instant>,
    /// Where the provider says it stands, if that cannot be true together with `state` and nobody
    /// has decided yet which of the two is.
    pub conflict: Option<payment::State>,
    /// When the provider is next asked about it.
    pub wake_at: Option<Instant>,
}

/// A kill switch that is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Closure<'a> {
    /// What it stops.
    pub scope: Scope,
    /// Why, in the words of whoever closed it.
    pub because: &'a str,
    /// Since when.
    pub since: Instant,
}

/// What stands around an instalment.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// The payments made for it, oldest first.
    pub attempts: &'a [Attempt<'a>],
    /// The widest kill switch over it that is closed, where one is.
    pub closed: Option<Closure<'a>>,
    /// Where its plan stands.
    pub plan_state: plan::State,
    /// The date on which a paused plan goes on by itself, where one is set.
    pub paused_until: Option<BusinessDate>,
    /// The kind of the open question that freezes the plan, where one does.
    pub frozen_because: Option<&'a str>,
    /// Where the agreement stands.
    pub agreement_state: agreement::State,
    /// When the provider last said so.
    pub agreement_confirmed_at: Option<Instant>,
    /// What the agreement allows.
    pub terms: &'a PaymentTerms,
    /// The dates between which it holds.
    pub validity: Validity,
    /// The plan's own rule of how often and when a failed instalment is tried again.
    pub retry_policy: RetryPolicy,
    /// Whether the instalment, once it has failed, may go into the window after its own.
    pub carry: Carry<'a>,
}

impl History<'_> {
    /// Payments and their retries.
    pub(crate) fn tries(&self) -> u32 {
        let tries = self
            .attempts
            .iter()
            .map(|one| one.retries_made.saturating_add(1));
        tries.fold(0, u32::saturating_add)
    }

    /// The payment for which money may move.
    fn live(&self) -> Option<&Attempt<'_>> {
        self.attempts.iter().find(|one| one.state.is_live())
    }

    /// Whether its payment is known not to have arrived, and waits to be sent again.
    fn waits_to_be_sent_again(&self) -> bool {
        self.live()
            .is_some_and(|one| one.state == payment::State::Intended)
    }

    /// The code of the last failure that the provider told.
    fn last_failure(&self) -> Option<ProviderCode> {
        let last = self.attempts.last()?;
        last.failure_code.map(ProviderCode::new)
    }
}

worded! {
    /// What happens next by itself.
    pub enum NextStep {
        /// A payment is sent, if nothing holds it back by then.
        Send = "send",
        /// The failed payment is tried again, if nothing holds it back by then.
        Retry = "retry",
        /// The provider is asked how the payment stands.
        AskProvider = "ask_provider",
        /// What holds it back, or has ended its time, is looked at again.
        LookAgain = "look_again",
    }
}

/// What happens next by itself, and when.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Next {
    /// When.
    pub at: Instant,
    /// What.
    pub what: NextStep,
}

/// An instalment's state, explained.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// One sentence, without personal data.
    pub summary: String,
    /// Why it stands where it stands.
    pub reason: Reason,
    /// The numbers behind the reason, by name.
    pub figures: Vec<Figure>,
    /// What happens next by itself; nothing once it has ended.
    pub next: Option<Next>,
    /// What would make it go; nothing once it has ended.
    pub would_go_if: Option<Cure>,
}

/// Explains an instalment: why it stands where it stands, and what comes next.
///
/// # Examples
///
/// ```
/// use domain::explain::{Cure, History, Subject, explain};
/// use domain::failure::RetryPolicy;
/// use domain::fit::Validity;
/// use domain::gate::Carry;
/// use domain::money::Cents;
/// use domain::terms::{PaymentTerms, TermsDraft};
/// use domain::{agreement, instalment, plan};
///
/// let due_date: domain::date::BusinessDate = "2026-07-01".parse().unwrap();
/// let subject = Subject {
///     state: instalment::State::Scheduled,
///     due_date,
///     amount: Cents::new(123_450).unwrap(),
///     first_of_agreement: true,
///     last_of_plan: false,
///     waiting_because: Some("agreement_not_active"),
///     ended_because: None,
///     wake_at: None,
///     quarantined: false,
/// };
/// let history = History {
///     attempts: &[],
///     closed: None,
///     plan_state: plan::State::AwaitingAgreement,
///     paused_until: None,
///     frozen_because: None,
///     agreement_state: agreement::State::Created,
///     agreement_confirmed_at: None,
///     terms: &PaymentTerms::from_draft(&TermsDraft {
///         kind: "fixed".to_owned(),
///         frequency: "monthly".to_owned(),
///         amount: Some(123_450),
///         ..TermsDraft::default()
///     })?,
///     validity: Validity { start_date: due_date, end_date: None },
///     retry_policy: RetryPolicy::default(),
///     carry: Carry::Never,
/// };
///
/// let told = explain(&subject, &history, due_date.opens_at());
/// assert_eq!(
///     told.summary,
///     "$1,234.50 due on 2026-07-01 waits: the agreement is created, not active; \
///      it can be collected until 2026-07-31."
/// );
/// assert_eq!(told.reason.code(), "held_back");
/// assert_eq!(told.would_go_if, Some(Cure::PayerApproves));
/// # Ok::<(), Vec<domain::violation::Violation>>(())
/// ```
#[must_use]
pub fn explain(subject: &Subject<'_>, history: &History<'_>, now: Instant) -> Explanation {
    let reason = Reason::of(subject, history, now);

    Explanation {
        summary: words::summary(subject, history, &reason, now),
        figures: figures::of(subject, history, &reason, now),
        next: next(subject, history, &reason, now),
        would_go_if: cure::of(subject, history, &reason, now),
        reason,
    }
}

fn next(
    subject: &Subject<'_>,
    history: &History<'_>,
    reason: &Reason,
    now: Instant,
) -> Option<Next> {
    if !subject.state.is_open() || *reason == Reason::Quarantined {
        return None;
    }
    // While a payment lives, its own wake-up is what comes next.
    let live = history.live();
    let at = live.and_then(|one| one.wake_at).or(subject.wake_at)?;
    let is_held = is_held(reason) || until::is_over(subject, history, now);
    let is_on_its_way = live.is_some() && !history.waits_to_be_sent_again();
    let what = match (is_on_its_way, live) {
        (true, Some(_) | None) => NextStep::AskProvider,
        (false, Some(_) | None) if is_held => NextStep::LookAgain,
        (false, Some(_)) => NextStep::Send,
        (false, None) => own_step(subject.state),
    };
    Some(Next { at, what })
}

/// Whether nothing is sent while this holds.
fn is_held(reason: &Reason) -> bool {
    match reason {
        Reason::HeldBack(Hindrance::Rule(_)) | Reason::Contradicted { .. } => true,
        Reason::Quarantined => true,
        Reason::HeldBack(Hindrance::Refused(_) | Hindrance::Other(_)) => false,
        Reason::NotDueYet | Reason::Due | Reason::InFlight(_) => false,
        Reason::TryingAgain { .. } | Reason::Collected | Reason::Missed(_) => false,
        Reason::FailedForGood { .. } | Reason::RefusedForGood(_) => false,
        Reason::Waived(_) | Reason::Cancelled(_) | Reason::PaidElsewhere(_) => false,
    }
}

/// What an instalment of which no payment lives is woken for.
const fn own_step(state: State) -> NextStep {
    match state {
        State::Retrying => NextStep::Retry,
        State::Collecting => NextStep::AskProvider,
        State::Scheduled | State::Collected | State::Missed | State::Failed => NextStep::Send,
        State::Waived | State::Cancelled | State::PaidElsewhere => NextStep::Send,
    }
}
