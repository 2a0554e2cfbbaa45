//! The only `match` on a provider: requests out of our values, reports out of its answers.

use std::net::IpAddr;

use oligo_client as oligo;
use oligo_client::{CallError, Certainty, OligoClient};

use domain::agreement::Reported;
use store::agreements::{AgreementRow, PayerLookUp};
use store::payments::DueRow;

use bodies::{agreement_request, reference, terms_body};
use echo::{difference, other_account};
use look_up::{is_somebody_else, look_up};

use crate::report::{AgreementFact, CancelFact, FoundPayment, PaymentFact, Standing};

mod bodies;
mod echo;
mod lists;
mod look_up;

pub use lists::ListError;
pub(crate) use lists::{ListOf, ListedAgreement, ListedPayment};

/// Who sets up agreements and moves the money.
#[derive(Clone, Debug)]
pub enum Provider {
    /// Oligo.
    Oligo(OligoClient),
}

/// What a provider can do; flows ask this, never for its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Capabilities {
    /// Whether a payment can be looked up by our uid.
    pub asks_by_uid: bool,
    /// Whether a failed payment can be retried under its uid.
    pub retries_by_uid: bool,
}

impl Provider {
    /// What this provider can do.
    pub fn capabilities(&self) -> Capabilities {
        match self {
            Provider::Oligo(_) => Capabilities {
                asks_by_uid: true,
                retries_by_uid: true,
            },
        }
    }

    /// The body of a payment's creation, to be frozen: the same text is sent however often it is sent.
    pub fn payment_body(&self, row: &DueRow, uid: &str, last_payment: Option<bool>) -> String {
        match self {
            Provider::Oligo(_) => {
                let request = oligo::CreatePayment {
                    uid: uid.to_owned(),
                    agreement_uid: row.agreement_uid.to_string(),
                    amount: row.amount.get(),
                    priority: oligo::Priority::Unattended,
                    reference: reference(&row.plan_external_id),
                    description: None,
                    last_payment,
                    metadata: None,
                };
                serde_json::to_string(&request).unwrap_or_default()
            }
        }
    }

    /// Creates a payment from its frozen body.
    pub(crate) async fn create_payment(&self, uid: &str, body: &str) -> PaymentFact {
        match self {
            Provider::Oligo(client) => {
                let Ok(request) = serde_json::from_str::<oligo::CreatePayment>(body) else {
                    // Nothing left; the row is asked about and a person sees it stand.
                    tracing::error!(payment.uid = uid, "a frozen request cannot be read back");
                    return PaymentFact::NotSent;
                };
                match client.create_payment(&request).await {
                    Ok(payment) => PaymentFact::Found(found(payment)),
                    Err(error) => self.after_refusal(uid, error, Refusal::Creation).await,
                }
            }
        }
    }

    /// Asks the provider to retry a failed payment.
    pub(crate) async fn retry_payment(&self, uid: &str) -> PaymentFact {
        match self {
            Provider::Oligo(client) => match client.retry_payment(uid).await {
                Ok(()) => PaymentFact::RetryAccepted,
                Err(error) => self.after_refusal(uid, error, Refusal::Retry).await,
            },
        }
    }

    /// Asks how a payment stands.
    pub(crate) async fn ask_payment(&self, uid: &str) -> PaymentFact {
        match self {
            Provider::Oligo(client) => match client.payment(uid).await {
                Ok(payment) => PaymentFact::Found(found(payment)),
                Err(CallError::NotFound) => PaymentFact::Absent,
                Err(error) => {
                    tracing::info!(payment.uid = uid, %error, "the provider did not say");
                    PaymentFact::Undecided
                }
            },
        }
    }

    /// A refusal is believed when the provider, asked at once, confirms it: a request that was refused as a
    /// repetition may have been done the first time.
    async fn after_refusal(&self, uid: &str, error: CallError, of: Refusal) -> PaymentFact {
        tracing::info!(payment.uid = uid, %error, codes = ?codes(&error), "a request did not succeed");
        match error.certainty() {
            Certainty::NotSent => PaymentFact::NotSent,
            Certainty::Refused => match (self.ask_payment(uid).await, of) {
                (PaymentFact::Absent, Refusal::Creation) => PaymentFact::Refused {
                    codes: codes(&error),
                },
                (PaymentFact::Found(found), Refusal::Retry)
                    if matches!(found.standing, Standing::Failed { .. }) =>
                {
                    PaymentFact::RetryRefused {
                        codes: codes(&error),
                    }
                }
                (fact, _) => fact,
            },
            // Something stands under the uid already: look at it now rather than later.
            Certainty::Unknown if matches!(error, CallError::Refused { .. }) => {
                self.ask_payment(uid).await
            }
            Certainty::Unknown => PaymentFact::Undecided,
        }
    }

    /// Proposes an agreement to the payer. A PayID is looked up first, as the provider wants; where the name
    /// behind it is nothing like the customer's, or where it is late after the look-up, nothing is sent.
    pub(crate) async fn create_agreement(
        &self,
        row: &AgreementRow,
        requester_ip: IpAddr,
        is_late: &(dyn Fn() -> bool + Sync),
    ) -> (AgreementFact, Option<PayerLookUp>) {
        match self {
            Provider::Oligo(client) => {
                let Some(request) = agreement_request(row) else {
                    let codes = vec!["unsendable".to_owned()];
                    return (AgreementFact::Refused { codes }, None);
                };
                let payer = match look_up(client, row, &request, requester_ip).await {
                    Ok(payer) => payer,
                    Err(fact) => return (fact, None),
                };
                if payer.as_ref().is_some_and(is_somebody_else) {
                    return (AgreementFact::OtherPayer, payer);
                }
                if is_late() {
                    tracing::warn!(agreement.uid = %row.uid, "a proposal was late and is not started");
                    return (AgreementFact::NotSent, payer);
                }
                let fact = match client.create_agreement(&request).await {
                    Ok(agreement) => found_agreement(row, agreement),
                    Err(error) => self.after_agreement_refusal(row, error).await,
                };
                (fact, payer)
            }
        }
    }

    /// Asks the provider to cancel an agreement; `reason` is one of its words.
    pub(crate) async fn cancel_agreement(&self, row: &AgreementRow, reason: &str) -> CancelFact {
        match self {
            Provider::Oligo(client) => {
                let Some(reason) = cancel_reason(reason) else {
                    return CancelFact::Refused { codes: Vec::new() };
                };
                let request = oligo::CancelAgreement {
                    reason,
                    narrative: None,
                };
                match client.cancel_agreement(row.uid.as_str(), &request).await {
                    Ok(()) => CancelFact::Taken,
                    Err(error) => {
                        tracing::info!(agreement.uid = %row.uid, %error, codes = ?codes(&error),
                            "a cancellation was not taken");
                        match error.certainty() {
                            Certainty::NotSent => CancelFact::NotSent,
                            Certainty::Refused => CancelFact::Refused {
                                codes: codes(&error),
                            },
                            Certainty::Unknown => CancelFact::Undecided,
                        }
                    }
                }
            }
        }
    }

    /// Asks how an agreement stands.
    pub(crate) async fn ask_agreement(&self, row: &AgreementRow) -> AgreementFact {
        match self {
            Provider::Oligo(client) => match client.agreement(row.uid.as_str()).await {
                Ok(agreement) => found_agreement(row, agreement),
                Err(CallError::NotFound) => AgreementFact::Absent,
                Err(error) => {
                    tracing::info!(agreement.uid = %row.uid, %error, "the provider did not say");
                    AgreementFact::Undecided
                }
            },
        }
    }

    async fn after_agreement_refusal(&self, row: &AgreementRow, error: CallError) -> AgreementFact {
        tracing::info!(agreement.uid = %row.uid, %error, codes = ?codes(&error), "a proposal did not succeed");
        match error.certainty() {
            Certainty::NotSent if matches!(error, CallError::InvalidRequest(_)) => {
                AgreementFact::Refused {
                    codes: vec!["invalid_request".to_owned()],
                }
            }
            Certainty::NotSent => AgreementFact::NotSent,
            Certainty::Refused => match self.ask_agreement(row).await {
                AgreementFact::Absent => AgreementFact::Refused {
                    codes: codes(&error),
                },
                fact @ (AgreementFact::NotSent
                | AgreementFact::NotLookedUp(_)
                | AgreementFact::OtherPayer
                | AgreementFact::Undecided
                | AgreementFact::Refused { .. }
                | AgreementFact::Found { .. }) => fact,
            },
            Certainty::Unknown if matches!(error, CallError::Refused { .. }) => {
                self.ask_agreement(row).await
            }
            Certainty::Unknown => AgreementFact::Undecided,
        }
    }
}

/// What was refused.
#[derive(Clone, Copy)]
enum Refusal {
    Creation,
    Retry,
}

fn found(payment: oligo::Payment) -> FoundPayment {
    use oligo::PaymentState as P;
    let word = payment.state.as_str().to_owned();
    let standing = match payment.state {
        P::Created | P::Submitting | P::Pending => Standing::InFlight,
        P::UnderInvestigation => Standing::Investigating,
        P::Settled => Standing::Settled,
        P::Failed => {
            let failure = payment.failure.unwrap_or_default();
            Standing::Failed {
                code: failure.code.unwrap_or_else(|| "UKNWN".to_owned()),
                title: failure.title.unwrap_or_default(),
                retryable: failure.retryable.unwrap_or(false),
            }
        }
        P::Unrecognised(_) => {
            tracing::warn!(
                state = word,
                "the provider used a payment state we do not know"
            );
            Standing::InFlight
        }
    };
    FoundPayment {
        standing,
        word,
        amount: payment.amount,
        agreement_uid: payment.agreement_uid,
    }
}

fn found_agreement(row: &AgreementRow, agreement: oligo::Agreement) -> AgreementFact {
    let state = reported(&agreement.state);
    let differs = difference(row, &agreement);
    let account = other_account(row, &agreement);
    let reason = agreement.state_reason.and_then(|reason| {
        reason
            .code
            .map(|code| (code, reason.title.unwrap_or_default()))
    });
    AgreementFact::Found {
        state,
        reason,
        differs,
        account,
    }
}

/// How an agreement stands, in our word; nothing where the provider's is not understood.
fn reported(state: &oligo::AgreementState) -> Option<Reported> {
    use oligo::AgreementState as A;
    match state {
        A::Pending => Some(Reported::Pending),
        A::Created => Some(Reported::Created),
        A::Active => Some(Reported::Active),
        A::Suspended => Some(Reported::Suspended),
        A::Declined => Some(Reported::Declined),
        A::Expired => Some(Reported::Expired),
        A::Cancelled => Some(Reported::Cancelled),
        A::Failed => Some(Reported::Failed),
        A::Unrecognised(word) => {
            tracing::warn!(
                state = word,
                "the provider used an agreement state we do not know"
            );
            None
        }
    }
}

/// The provider's word for why an agreement is cancelled, if it is one.
fn cancel_reason(word: &str) -> Option<oligo::CancelReason> {
    let mut all = oligo::CancelReason::ALL.iter().copied();
    all.find(|reason| reason.as_str() == word)
}

/// Whether the provider knows this word for why an agreement is cancelled.
pub fn is_cancel_reason(word: &str) -> bool {
    cancel_reason(word).is_some()
}

/// The provider's words for why an agreement is cancelled.
pub fn cancel_reasons() -> impl Iterator<Item = &'static str> {
    oligo::CancelReason::ALL
        .iter()
        .map(|reason| reason.as_str())
}

fn codes(error: &CallError) -> Vec<String> {
    error.codes().map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn standing(state: &str) -> Standing {
        let told = serde_json::json!({ "uid": "U-1", "state": state });
        found(serde_json::from_value(told).expect("a payment")).standing
    }

    #[test]
    fn a_payment_whose_state_is_a_new_word_is_under_way() {
        assert_eq!(standing("being_thought_about"), Standing::InFlight);
    }

    #[test]
    fn a_payment_stands_as_the_provider_says() {
        for state in ["created", "submitting", "pending"] {
            assert_eq!(standing(state), Standing::InFlight, "{state}");
        }
        assert_eq!(standing("under_investigation"), Standing::Investigating);
        assert_eq!(standing("settled"), Standing::Settled);
        let failed = Standing::Failed {
            code: "UKNWN".to_owned(),
            title: String::new(),
            retryable: false,
        };
        assert_eq!(
            standing("failed"),
            failed,
            "without a reason it is not retried"
        );
    }
}
