//! Why an instalment was or was not collected, by which rule and with which numbers, what happens
//! to it next, and what would make it go.
//!
//! Everything is told from what the engine recorded: states, the word of the rule that holds an
//! instalment back, the reason of its end, the codes of its failures. Nothing is told of a person:
//! no name, no account, and no text that somebody typed.

mod cure;
mod figures;
mod reason;
mod rule;
#[cfg(test)]
mod tests;
mod titles;
mod words;

pub use cure::Cure;
pub use figures::{Figure, Value};
pub use reason::{Hindrance, ProviderCode, Reason};
pub use rule::Rule;
pub use titles::title;

use crate::date::{BusinessDate, Instant};
use crate::failure::worded;
use crate::fit::Validity;
use crate::gate::Carry;
use crate::instalment::State;
use crate::money::Cents;
use crate::terms::PaymentTerms;
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
    /// What held it back when it was last looked at: a [`Rule`]'s word, or the provider's codes.
    pub waiting_because: Option<&'a str>,
    /// Why it ended: `<stop reason>:<failure code>`, `refused:<codes>`, or one word.
    pub ended_because: Option<&'a str>,
    /// When it is next looked at by itself.
    pub wake_at: Option<Instant>,
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
    /// Where the provider says it stands, if that cannot be true together with `state`.
    pub conflict: Option<payment::State>,
    /// When the provider is next asked about it.
    pub wake_at: Option<Instant>,
}

/// What stands around an instalment.
#[derive(Clone, Copy, Debug)]
pub struct History<'a> {
    /// The payments made for it, oldest first.
    pub attempts: &'a [Attempt<'a>],
    /// Where its plan stands.
    pub plan_state: plan::State,
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
        /// The rule that holds it back is looked at again.
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
///     waiting_because: Some("agreement_not_active"),
///     ended_because: None,
///     wake_at: None,
/// };
/// let history = History {
///     attempts: &[],
///     plan_state: plan::State::AwaitingAgreement,
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
        summary: words::summary(subject, history, &reason),
        figures: figures::of(subject, history, &reason),
        next: next(subject, history, &reason),
        would_go_if: cure::of(subject, history, &reason, now),
        reason,
    }
}

fn next(subject: &Subject<'_>, history: &History<'_>, reason: &Reason) -> Option<Next> {
    if !subject.state.is_open() {
        return None;
    }
    // While a payment lives, its own wake-up is what comes next.
    let live = history.live();
    let at = live.and_then(|one| one.wake_at).or(subject.wake_at)?;
    let what = match live.map(|one| one.state) {
        Some(payment::State::Intended) => NextStep::Send,
        Some(payment::State::Sending | payment::State::Unknown) => NextStep::AskProvider,
        Some(payment::State::Submitted) => NextStep::AskProvider,
        Some(payment::State::UnderInvestigation) => NextStep::AskProvider,
        Some(payment::State::Settled | payment::State::Failed) | None => own_step(subject, reason),
        Some(payment::State::Rejected | payment::State::Abandoned) => own_step(subject, reason),
    };
    Some(Next { at, what })
}

/// What the instalment itself is woken for.
fn own_step(subject: &Subject<'_>, reason: &Reason) -> NextStep {
    if matches!(reason, Reason::HeldBack(Hindrance::Rule(_))) {
        return NextStep::LookAgain;
    }
    match subject.state {
        State::Retrying => NextStep::Retry,
        State::Collecting => NextStep::AskProvider,
        State::Scheduled | State::Collected | State::Missed | State::Failed => NextStep::Send,
        State::Waived | State::Cancelled | State::PaidElsewhere => NextStep::Send,
    }
}
