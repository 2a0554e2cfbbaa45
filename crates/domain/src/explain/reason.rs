//! Why an instalment stands where it stands.

use std::fmt;

use super::obstacle::obstacle;
use super::rule::Rule;
use super::titles::title;
use super::until::{is_over, rule_of_end};
use super::{History, Subject};
use crate::date::{BusinessDate, Instant};
use crate::failure::StopReason;
use crate::instalment::State;
use crate::payment;

/// A code of the provider, with its title.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ProviderCode {
    /// The code as the provider writes it, such as `AM04`.
    pub code: String,
    /// Its title, such as "Insufficient Funds"; nothing of a code nobody has listed.
    pub title: Option<&'static str>,
}

impl ProviderCode {
    /// The code with the title that the provider's documents give it.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::explain::ProviderCode;
    ///
    /// assert_eq!(ProviderCode::new("AM04").to_string(), "AM04 (Insufficient Funds)");
    /// assert_eq!(ProviderCode::new("G005").to_string(), "G005");
    /// ```
    #[must_use]
    pub fn new(code: &str) -> ProviderCode {
        ProviderCode {
            code: code.to_owned(),
            title: title(code),
        }
    }
}

impl fmt::Display for ProviderCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.title {
            Some(title) => write!(f, "{} ({title})", self.code),
            None => f.write_str(&self.code),
        }
    }
}

/// What holds an instalment back, or kept it until its room was over.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Hindrance {
    /// A rule of ours: the gate did not let it through.
    Rule(Rule),
    /// The provider refused to create its payment, with these codes.
    Refused(Vec<ProviderCode>),
    /// A recorded word that no rule has.
    Other(String),
}

impl Hindrance {
    /// The recorded hindrance; nothing where the text is neither a word nor codes.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::explain::{Hindrance, Rule};
    ///
    /// assert_eq!(Hindrance::parse("plan_frozen"), Some(Hindrance::Rule(Rule::PlanFrozen)));
    /// let Some(Hindrance::Refused(codes)) = Hindrance::parse("ZPPAY03 ZPPAY24") else { panic!() };
    /// assert_eq!(codes[0].title, Some("Agreement not active"));
    /// assert_eq!(Hindrance::parse("Robin called"), None);
    /// ```
    #[must_use]
    pub fn parse(text: &str) -> Option<Hindrance> {
        if let Some(rule) = Rule::parse(text) {
            return Some(Hindrance::Rule(rule));
        }
        if let Some(codes) = codes(text) {
            return Some(Hindrance::Refused(codes));
        }
        word(text).map(Hindrance::Other)
    }
}

/// Why an instalment stands where it stands.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Reason {
    /// Its due date has not come.
    NotDueYet,
    /// It is due, and nothing is known to hold it back.
    Due,
    /// Something holds it back, or will on its date.
    HeldBack(Hindrance),
    /// A payment for it stands like this: money may move.
    InFlight(payment::State),
    /// Its payment failed with this code, or its retry was refused with these, and it is tried
    /// again.
    TryingAgain {
        /// The code of the failure.
        failure: Option<ProviderCode>,
        /// The codes of the refused retry.
        refused: Vec<ProviderCode>,
    },
    /// It was collected.
    Collected,
    /// Its room was over before it was collected; what had kept it until then.
    Missed(Option<Hindrance>),
    /// It was tried, and is not tried again.
    FailedForGood {
        /// Why not again.
        stop: Option<StopReason>,
        /// The code of the last failure.
        failure: Option<ProviderCode>,
    },
    /// The provider refused to create its payment, or to retry it, and another day changes nothing.
    RefusedForGood(Vec<ProviderCode>),
    /// The lender waived it, for the recorded word.
    Waived(Option<String>),
    /// The lender cancelled it, for the recorded word.
    Cancelled(Option<String>),
    /// The borrower paid it another way, by the recorded word.
    PaidElsewhere(Option<String>),
    /// What is held of its payment and what the provider says of it cannot both be true.
    Contradicted {
        /// Where its payment stands.
        held: payment::State,
        /// Where the provider says it stands.
        claimed: payment::State,
    },
    /// Three processes in a row ended that attended to it, or to its payment, alone.
    Quarantined,
}

impl Reason {
    /// Its name in snake_case; stable, for programs.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::explain::{Hindrance, Reason, Rule};
    ///
    /// assert_eq!(Reason::NotDueYet.code(), "not_due_yet");
    /// let held_back = Reason::HeldBack(Hindrance::Rule(Rule::PlanFrozen));
    /// assert_eq!((held_back.code(), held_back.rule()), ("held_back", Some("plan_frozen")));
    /// ```
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Reason::NotDueYet => "not_due_yet",
            Reason::Due => "due",
            Reason::HeldBack(_) => "held_back",
            Reason::InFlight(_) => "in_flight",
            Reason::TryingAgain { .. } => "trying_again",
            Reason::Collected => "collected",
            Reason::Missed(_) => "missed",
            Reason::FailedForGood { .. } => "failed_for_good",
            Reason::RefusedForGood(_) => "refused_for_good",
            Reason::Waived(_) => "waived",
            Reason::Cancelled(_) => "cancelled",
            Reason::PaidElsewhere(_) => "paid_elsewhere",
            Reason::Contradicted { .. } => "contradicted",
            Reason::Quarantined => "quarantined",
        }
    }

    /// The word of the rule behind it: a [`Rule`], a [`StopReason`], or a word on record.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::explain::Reason;
    /// use domain::failure::StopReason;
    ///
    /// let stop = Some(StopReason::RetriesUsedUp);
    /// let failed = Reason::FailedForGood { stop, failure: None };
    /// assert_eq!(failed.rule(), Some("retries_used_up"));
    /// assert_eq!(Reason::Collected.rule(), None);
    /// ```
    #[must_use]
    pub fn rule(&self) -> Option<&str> {
        match self {
            Reason::HeldBack(hindrance) | Reason::Missed(Some(hindrance)) => match hindrance {
                Hindrance::Rule(rule) => Some(rule.as_str()),
                Hindrance::Refused(_) => Some("refused"),
                Hindrance::Other(word) => Some(word),
            },
            Reason::FailedForGood { stop, .. } => stop.map(StopReason::as_str),
            Reason::RefusedForGood(_) => Some("refused"),
            Reason::Waived(word) | Reason::Cancelled(word) | Reason::PaidElsewhere(word) => {
                word.as_deref()
            }
            Reason::Contradicted { .. } => Some("conflict"),
            Reason::Quarantined => Some("crashed_three_times"),
            Reason::NotDueYet | Reason::Due | Reason::InFlight(_) => None,
            Reason::TryingAgain { .. } | Reason::Collected | Reason::Missed(None) => None,
        }
    }

    /// The provider's codes behind it, the failure's first.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::explain::{ProviderCode, Reason};
    ///
    /// let refused = Reason::RefusedForGood(vec![ProviderCode::new("ZPPAY15")]);
    /// assert_eq!(refused.provider_codes()[0].title, Some("Amount incorrect"));
    /// assert!(Reason::Collected.provider_codes().is_empty());
    /// ```
    #[must_use]
    pub fn provider_codes(&self) -> Vec<&ProviderCode> {
        match self {
            Reason::TryingAgain { failure, refused } => failure.iter().chain(refused).collect(),
            Reason::FailedForGood { failure, .. } => failure.iter().collect(),
            Reason::HeldBack(Hindrance::Refused(codes))
            | Reason::Missed(Some(Hindrance::Refused(codes)))
            | Reason::RefusedForGood(codes) => codes.iter().collect(),
            Reason::HeldBack(Hindrance::Rule(_) | Hindrance::Other(_)) => Vec::new(),
            Reason::Missed(Some(Hindrance::Rule(_) | Hindrance::Other(_)) | None) => Vec::new(),
            Reason::NotDueYet | Reason::Due | Reason::InFlight(_) | Reason::Collected => Vec::new(),
            Reason::Waived(_) | Reason::Cancelled(_) | Reason::PaidElsewhere(_) => Vec::new(),
            Reason::Contradicted { .. } | Reason::Quarantined => Vec::new(),
        }
    }

    /// The reason for the state that the instalment is in.
    pub(super) fn of(subject: &Subject<'_>, history: &History<'_>, now: Instant) -> Reason {
        let contradicted = history.attempts.iter().rev().find_map(|one| {
            let held = one.state;
            // Where the two have met since, nothing is in question.
            let claimed = one.conflict.filter(|claimed| *claimed != held)?;
            Some(Reason::Contradicted { held, claimed })
        });
        if let Some(contradicted) = contradicted {
            return contradicted;
        }
        if subject.quarantined && subject.state.is_open() {
            return Reason::Quarantined;
        }
        let ended = subject.ended_because;
        match subject.state {
            State::Scheduled => Reason::of_scheduled(subject, history, now),
            State::Collecting => Reason::of_collecting(subject, history, now),
            State::Retrying => Reason::of_retrying(subject, history, now),
            State::Collected => Reason::Collected,
            State::Missed => Reason::Missed(ended.and_then(Hindrance::parse)),
            State::Failed => Reason::of_failed(ended.unwrap_or_default(), history),
            State::Waived => Reason::Waived(ended.and_then(word)),
            State::Cancelled => Reason::Cancelled(ended.and_then(word)),
            State::PaidElsewhere => Reason::PaidElsewhere(ended.and_then(word)),
        }
    }

    fn of_scheduled(subject: &Subject<'_>, history: &History<'_>, now: Instant) -> Reason {
        let is_due = subject.due_date <= BusinessDate::of_instant(now);
        let in_the_way = obstacle(history).filter(|one| is_due || !one.is_of_the_start());
        if let Some(obstacle) = in_the_way {
            return Reason::HeldBack(Hindrance::Rule(obstacle.rule()));
        }
        match subject.waiting_because.and_then(Hindrance::parse) {
            Some(Hindrance::Rule(Rule::NotDueYet)) => Reason::NotDueYet,
            Some(hindrance) => Reason::HeldBack(hindrance),
            None if is_over(subject, history, now) => Reason::of_end(subject, history, now),
            None if is_due => Reason::Due,
            None => Reason::NotDueYet,
        }
    }

    /// A payment that waits to be sent again is held back by the gate as a new one is.
    fn of_collecting(subject: &Subject<'_>, history: &History<'_>, now: Instant) -> Reason {
        let in_the_way = obstacle(history).filter(|_| history.waits_to_be_sent_again());
        match in_the_way {
            Some(obstacle) => Reason::HeldBack(Hindrance::Rule(obstacle.rule())),
            None if is_over(subject, history, now) => Reason::of_end(subject, history, now),
            None => {
                let live = history.live().map(|one| one.state);
                Reason::InFlight(live.unwrap_or(payment::State::Sending))
            }
        }
    }

    fn of_retrying(subject: &Subject<'_>, history: &History<'_>, now: Instant) -> Reason {
        if let Some(obstacle) = obstacle(history) {
            return Reason::HeldBack(Hindrance::Rule(obstacle.rule()));
        }
        let is_over = is_over(subject, history, now);
        match subject.waiting_because.and_then(Hindrance::parse) {
            Some(Hindrance::Refused(refused)) if !is_over => Reason::TryingAgain {
                failure: history.last_failure(),
                refused,
            },
            Some(hindrance) => Reason::HeldBack(hindrance),
            None if is_over => Reason::of_end(subject, history, now),
            None => Reason::TryingAgain {
                failure: history.last_failure(),
                refused: Vec::new(),
            },
        }
    }

    /// Nothing was recorded that held it back, but its time is over.
    fn of_end(subject: &Subject<'_>, history: &History<'_>, now: Instant) -> Reason {
        Reason::HeldBack(Hindrance::Rule(rule_of_end(subject, history, now)))
    }

    /// `refused:<codes>`, or `<stop reason>:<failure code>`.
    fn of_failed(ended: &str, history: &History<'_>) -> Reason {
        let (before, after) = ended.split_once(':').unwrap_or((ended, ""));
        if before == "refused" {
            return Reason::RefusedForGood(codes(after).unwrap_or_default());
        }
        let recorded = codes(after).and_then(|codes| codes.into_iter().next());
        Reason::FailedForGood {
            stop: StopReason::parse(before),
            failure: recorded.or_else(|| history.last_failure()),
        }
    }
}

/// The provider's codes in a text of them; nothing where it is another text.
fn codes(text: &str) -> Option<Vec<ProviderCode>> {
    let is_code = |code: &str| {
        let shaped = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'.';
        !code.is_empty() && code.bytes().all(shaped)
    };
    let found: Vec<&str> = text.split(' ').collect();
    found
        .iter()
        .all(|code| is_code(code))
        .then(|| found.into_iter().map(ProviderCode::new).collect())
}

/// A word of ours; nothing where somebody typed a text, which may name a person.
fn word(text: &str) -> Option<String> {
    let shaped = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (!text.is_empty() && text.bytes().all(shaped)).then(|| text.to_owned())
}
