//! The kinds of misfortune, which of them a seed has, and how often each struck.

use std::collections::BTreeMap;
use std::str::FromStr;
use std::sync::{Arc, Mutex, PoisonError};

use crate::dice::Dice;

macro_rules! faults {
    ($($(#[$meta:meta])* $name:ident = $word:literal, $rate:literal;)+) => {
        /// A kind of misfortune.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fault { $($(#[$meta])* $name),+ }

        impl Fault {
            /// Every kind.
            pub const ALL: &'static [Fault] = &[$(Fault::$name),+];

            /// Its name on the command line and in reports.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Fault::$name => $word),+ }
            }

            /// How often it strikes where it can, per mille.
            pub(crate) const fn per_mille(self) -> u64 {
                match self { $(Fault::$name => $rate),+ }
            }
        }
    };
}

faults! {
    /// A worker dies after a transaction, or in the middle of one.
    CrashInDatabase = "crash_in_database", 12;
    /// A worker dies when it has armed and not sent.
    CrashBeforeCall = "crash_before_call", 8;
    /// A worker dies when the provider has answered and nothing is recorded.
    CrashAfterCall = "crash_after_call", 8;
    /// A worker dies when all is done and its lease is not given back.
    CrashBeforeFinish = "crash_before_finish", 8;
    /// A worker stands still for minutes or hours, others take over, and then it goes on.
    Freeze = "freeze", 4;
    /// A worker's leases are taken while it works: two workers attend the same rows.
    LeaseWiped = "lease_wiped", 12;
    /// A transaction commits, and its answer is lost.
    CommitAnswerLost = "commit_answer_lost", 10;
    /// A request never arrives, and nobody answers.
    RequestLost = "request_lost", 8;
    /// A request is carried out, and its answer is lost.
    AnswerLost = "answer_lost", 8;
    /// A request arrives minutes after its sender gave it up.
    RequestLate = "request_late", 5;
    /// 503, not carried out.
    Unavailable = "unavailable", 8;
    /// 429, not carried out.
    TooManyRequests = "too_many_requests", 8;
    /// 500, although carried out.
    ErrorAfter = "error_after", 8;
    /// A page of HTML, although carried out.
    Garbage = "garbage", 5;
    /// An answer that breaks off, although carried out.
    Truncated = "truncated", 5;
    /// A question that is answered with 404, although it is there.
    Hidden = "hidden", 10;
    /// The provider is away for hours or days.
    Outage = "outage", 30;
    /// A webhook that never comes.
    WebhookLost = "webhook_lost", 100;
    /// A webhook that comes twice.
    WebhookRepeated = "webhook_repeated", 100;
    /// Webhooks that come in another order.
    WebhookReordered = "webhook_reordered", 200;
    /// A webhook that comes hours or days late.
    WebhookLate = "webhook_late", 50;
    /// A forged webhook.
    WebhookForged = "webhook_forged", 20;
    /// A payment that failed settles after all.
    LateSettlement = "late_settlement", 40;
    /// The bank gives no word for days, then decides.
    Silence = "silence", 10;
    /// The payer has no money on some days.
    Short = "short", 60;
    /// The payer closes the account.
    AccountClosed = "account_closed", 15;
    /// The payer suspends the agreement, and later lets it go on, or not.
    Suspended = "suspended", 60;
    /// The payer cancels the agreement.
    Cancelled = "cancelled", 30;
    /// The payer declines the agreement.
    Declined = "declined", 20;
    /// The payer never answers.
    NeverAnswers = "never_answers", 20;
    /// The payer moves the agreement to another account.
    AccountMoved = "account_moved", 60;
    /// The lender cancels the plan.
    PlanCancelled = "plan_cancelled", 40;
    /// The lender pauses the plan, until a date or until it is resumed.
    PlanPaused = "plan_paused", 80;
    /// An operator closes the switch of a plan or of its agreement for a while.
    SwitchClosed = "switch_closed", 60;
    /// An operator stops everything, or everything of the provider, for a while.
    Stopped = "stopped", 15;
}

/// Which kinds a storm has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FaultChoice {
    /// Half of them, as the seed will have it: what is rare alone is not drowned by the rest.
    Swarm,
    /// These.
    Only(Vec<Fault>),
}

/// What is no choice of faults.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is no kind of fault; known are all, every, none and: {known}", known = words())]
pub struct NoSuchFault(String);

fn words() -> String {
    let words: Vec<&str> = Fault::ALL.iter().map(|fault| fault.as_str()).collect();
    words.join(", ")
}

impl FromStr for FaultChoice {
    type Err = NoSuchFault;

    fn from_str(text: &str) -> Result<FaultChoice, NoSuchFault> {
        match text {
            "all" => Ok(FaultChoice::Swarm),
            "every" => Ok(FaultChoice::Only(Fault::ALL.to_vec())),
            "none" => Ok(FaultChoice::Only(Vec::new())),
            listed => {
                let named = |word: &str| {
                    let found = Fault::ALL
                        .iter()
                        .copied()
                        .find(|fault| fault.as_str() == word);
                    found.ok_or_else(|| NoSuchFault(word.to_owned()))
                };
                let faults: Result<Vec<Fault>, NoSuchFault> =
                    listed.split(',').map(named).collect();
                Ok(FaultChoice::Only(faults?))
            }
        }
    }
}

/// The kinds that are switched on, and how often each struck. Shared by all parts of a storm.
#[derive(Clone, Debug)]
pub(crate) struct Faults {
    inner: Arc<Mutex<Inner>>,
}

#[derive(Debug)]
struct Inner {
    on: Vec<Fault>,
    is_calm: bool,
    struck: BTreeMap<Fault, u64>,
}

impl Faults {
    pub(crate) fn of(choice: &FaultChoice, seed: u64) -> Faults {
        let on = match choice {
            FaultChoice::Only(faults) => faults.clone(),
            FaultChoice::Swarm => {
                let mut dice = Dice::new(seed, "swarm");
                let mut all = Fault::ALL.to_vec();
                dice.shuffle(&mut all);
                all.truncate(all.len().div_ceil(2));
                all
            }
        };
        let inner = Inner {
            on,
            is_calm: false,
            struck: BTreeMap::new(),
        };
        Faults {
            inner: Arc::new(Mutex::new(inner)),
        }
    }

    /// Whether this kind may strike now.
    pub(crate) fn may(&self, fault: Fault) -> bool {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        !inner.is_calm && inner.on.contains(&fault)
    }

    /// Whether this kind strikes now, by these dice; it is not counted yet.
    pub(crate) fn rolls(&self, dice: &mut Dice, fault: Fault) -> bool {
        dice.strikes(fault.per_mille()) && self.may(fault)
    }

    /// Counts that it struck.
    pub(crate) fn count(&self, fault: Fault) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        *inner.struck.entry(fault).or_default() += 1;
    }

    /// Nothing strikes from now on.
    pub(crate) fn calm(&self) {
        let mut inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        inner.is_calm = true;
    }

    /// The kinds that were on, with how often each struck.
    pub(crate) fn struck(&self) -> BTreeMap<Fault, u64> {
        let inner = self.inner.lock().unwrap_or_else(PoisonError::into_inner);
        let of = |fault: &Fault| inner.struck.get(fault).copied().unwrap_or(0);
        inner.on.iter().map(|fault| (*fault, of(fault))).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_swarm_is_half_of_the_kinds_and_the_same_for_the_same_seed() {
        let of = |seed| Faults::of(&FaultChoice::Swarm, seed).struck();
        assert_eq!(of(7), of(7));
        assert_ne!(of(7), of(8));
        assert_eq!(of(7).len(), Fault::ALL.len().div_ceil(2));
    }

    #[test]
    fn faults_are_chosen_by_name() {
        let chosen: FaultChoice = "freeze,hidden".parse().unwrap();
        assert_eq!(
            chosen,
            FaultChoice::Only(vec![Fault::Freeze, Fault::Hidden])
        );
        assert!("freeze,frost".parse::<FaultChoice>().is_err());
    }
}
