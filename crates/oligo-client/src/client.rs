//! The client: Oligo's operations, each one call and one answer.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::global;
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::redirect;
use secrecy::SecretString;
use serde::Serialize;
use serde::de::DeserializeOwned;
use url::Url;

use crate::agreement_answers::Agreement;
use crate::agreements::CreateAgreement;
use crate::alias::{ResolveAlias, ResolvedAlias};
use crate::answer::read_data;
use crate::call::{ALIAS_RESOLUTION, Operation, Wire};
use crate::cancellation::CancelAgreement;
use crate::check::{FieldProblem, Problem, uid_has_form};
use crate::config::ClientConfig;
use crate::error::{BuildError, CallError, JsonProblem};
use crate::gate::{CircuitState, Gate, GateConfig};
use crate::meter::Instruments;
use crate::payments::{CreatePayment, Payment};
use crate::token::Token;

/// How long an idle connection is kept. Short, so that a call rarely meets one just closed.
const POOL_IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// Oligo's PayTo API. Cheap to clone: clones share their connections, token, pauses and counts.
///
/// No call is repeated, no redirect is followed, no proxy of the environment is used. Each call
/// is one `tracing` span and one measurement after OpenTelemetry's HTTP client conventions.
#[derive(Clone)]
pub struct OligoClient {
    pub(crate) wire: Arc<Wire>,
    answer_bytes_max: usize,
    pub(crate) list_bytes_max: usize,
}

impl fmt::Debug for OligoClient {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OligoClient")
            .field("base_url", &self.wire.base_url.as_str())
            .finish_non_exhaustive()
    }
}

impl OligoClient {
    /// A client of the Oligo at `config.base_url`. Connects to nothing yet.
    ///
    /// # Errors
    ///
    /// Fails when the base URL is not plain http or https, when the token cannot stand in a
    /// header, or when the HTTP library cannot be set up.
    pub fn new(config: ClientConfig) -> Result<OligoClient, BuildError> {
        let base_url = checked_base(config.base_url)?;
        let token = Token::new(&config.token)?;
        let http = reqwest::Client::builder()
            .default_headers(headers())
            .user_agent(concat!("oligo-client/", env!("CARGO_PKG_VERSION")))
            .connect_timeout(config.connect_timeout)
            .timeout(config.total_timeout)
            .pool_idle_timeout(POOL_IDLE_TIMEOUT)
            .redirect(redirect::Policy::none())
            .retry(reqwest::retry::never())
            .referer(false)
            .no_proxy()
            .build()
            .map_err(|error| BuildError::Http {
                source: Box::new(error),
            })?;
        let gate = Gate::new(GateConfig {
            circuit: config.circuit,
            pause_max: config.pause_max,
            rate: config.rate,
            permits: config.permits,
            permit_timeout: config.total_timeout,
        });
        let meter = config
            .meter
            .unwrap_or_else(|| global::meter("oligo-client"));
        let meter = Instruments::new(&meter, &base_url, &gate.circuit);
        Ok(OligoClient {
            wire: Arc::new(Wire {
                http,
                base_url,
                token,
                gate,
                meter,
            }),
            answer_bytes_max: config.answer_bytes_max,
            list_bytes_max: config.list_bytes_max,
        })
    }

    /// Exchanges the bearer token of this client and its clones, for the calls that start from now
    /// on. Calls under way keep the one they started with.
    ///
    /// # Errors
    ///
    /// Fails when the token cannot stand in a header; the present one then stays.
    pub fn rotate_token(&self, token: &SecretString) -> Result<(), BuildError> {
        self.wire.token.rotate(token)
    }

    /// Where the circuit breaker stands; closed when there is none.
    pub fn circuit_state(&self) -> CircuitState {
        self.wire.gate.circuit.state()
    }

    /// Creates an agreement: `POST /payto/agreements`.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; unless its certainty says otherwise, the agreement may exist.
    pub async fn create_agreement(
        &self,
        request: &CreateAgreement,
    ) -> Result<Agreement, CallError> {
        request.validate().map_err(CallError::InvalidRequest)?;
        let operation = Operation::post("/payto/agreements", &["payto", "agreements"]);
        let read = |answer: &[u8]| agreement_about(&request.uid, answer);
        self.call(operation.with_body(text(request)?), read).await
    }

    /// Asks about an agreement: `GET /payto/agreements/{agreement_uid}`.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn agreement(&self, uid: &str) -> Result<Agreement, CallError> {
        check_uid(uid)?;
        let template = "/payto/agreements/{agreement_uid}";
        let operation = Operation::get(template, &["payto", "agreements", uid]);
        self.call(operation, |answer| agreement_about(uid, answer))
            .await
    }

    /// Asks Oligo to cancel: `POST /payto/agreements/{agreement_uid}/cancellation`.
    ///
    /// Done when the agreement is seen cancelled, not when this returns.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; `ZPCAN00` means it cannot be cancelled from its state.
    pub async fn cancel_agreement(
        &self,
        uid: &str,
        request: &CancelAgreement,
    ) -> Result<(), CallError> {
        check_uid(uid)?;
        request.validate().map_err(CallError::InvalidRequest)?;
        let path = ["payto", "agreements", uid, "cancellation"];
        let operation = Operation::post("/payto/agreements/{agreement_uid}/cancellation", &path)
            .with_body(text(request)?)
            .without_answer();
        self.call(operation, |_| Ok(())).await
    }

    /// Makes a payment: `POST /payto/payments`. The body sent is `serde_json::to_string(request)`.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; unless its certainty says otherwise, money may move.
    pub async fn create_payment(&self, request: &CreatePayment) -> Result<Payment, CallError> {
        request.validate().map_err(CallError::InvalidRequest)?;
        let operation = Operation::post("/payto/payments", &["payto", "payments"]);
        let read = |answer: &[u8]| payment_about(&request.uid, answer);
        self.call(operation.with_body(text(request)?), read).await
    }

    /// Asks about a payment: `GET /payto/payments/{payment_uid}`.
    ///
    /// # Errors
    ///
    /// See [`CallError`].
    pub async fn payment(&self, uid: &str) -> Result<Payment, CallError> {
        check_uid(uid)?;
        let template = "/payto/payments/{payment_uid}";
        let operation = Operation::get(template, &["payto", "payments", uid]);
        self.call(operation, |answer| payment_about(uid, answer))
            .await
    }

    /// Asks Oligo to try a failed payment again: `POST /payto/payments/{payment_uid}/retry`.
    ///
    /// The operation has no id of its own: after an unknown outcome, ask about the payment first.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; unless its certainty says otherwise, money may move.
    pub async fn retry_payment(&self, uid: &str) -> Result<(), CallError> {
        check_uid(uid)?;
        let path = ["payto", "payments", uid, "retry"];
        let operation = Operation::post("/payto/payments/{payment_uid}/retry", &path)
            .with_body("{}".to_owned())
            .without_answer();
        self.call(operation, |_| Ok(())).await
    }

    /// Asks for the name behind a PayID: `POST /payto/alias_resolution`.
    ///
    /// # Errors
    ///
    /// See [`CallError`]; `ZPADD01` means there is none, `ZPADD98` (with 503) that the look-up is
    /// out of service.
    pub async fn resolve_alias(&self, request: &ResolveAlias) -> Result<ResolvedAlias, CallError> {
        request.validate().map_err(CallError::InvalidRequest)?;
        let operation =
            Operation::post(ALIAS_RESOLUTION, &["payto", "alias_resolution"]).with_reasons_in_503();
        self.call(operation.with_body(text(request)?), resource)
            .await
    }

    async fn call<T>(
        &self,
        operation: Operation<'_>,
        read: impl FnOnce(&[u8]) -> Result<T, CallError>,
    ) -> Result<T, CallError> {
        self.wire.ask(operation, self.answer_bytes_max, read).await
    }
}

fn checked_base(base_url: Url) -> Result<Url, BuildError> {
    let plain = matches!(base_url.scheme(), "http" | "https")
        && base_url.has_host()
        && base_url.username().is_empty()
        && base_url.password().is_none()
        && base_url.query().is_none()
        && base_url.fragment().is_none();
    if plain {
        Ok(base_url)
    } else {
        Err(BuildError::BaseUrl)
    }
}

fn headers() -> HeaderMap {
    let json = HeaderValue::from_static("application/json");
    HeaderMap::from_iter([(ACCEPT, json.clone()), (CONTENT_TYPE, json)])
}

fn check_uid(uid: &str) -> Result<(), CallError> {
    if uid_has_form(uid) {
        Ok(())
    } else {
        Err(invalid("uid", Problem::NotAUid))
    }
}

fn invalid(field: &str, problem: Problem) -> CallError {
    CallError::InvalidRequest(vec![FieldProblem {
        field: field.to_owned(),
        problem,
    }])
}

fn text(request: &impl Serialize) -> Result<String, CallError> {
    serde_json::to_string(request).map_err(|_| invalid("body", Problem::NotJson))
}

fn resource<T: DeserializeOwned>(answer: &[u8]) -> Result<T, CallError> {
    read_data(answer).map_err(|unread| CallError::Unreadable {
        path: unread.path,
        source: unread.problem,
    })
}

fn agreement_about(uid: &str, answer: &[u8]) -> Result<Agreement, CallError> {
    let agreement: Agreement = resource(answer)?;
    about(uid, &agreement.uid)?;
    Ok(agreement)
}

fn payment_about(uid: &str, answer: &[u8]) -> Result<Payment, CallError> {
    let payment: Payment = resource(answer)?;
    about(uid, &payment.uid)?;
    Ok(payment)
}

/// An answer about another uid must never be taken for this one's truth.
fn about(asked: &str, answered: &str) -> Result<(), CallError> {
    if asked == answered {
        return Ok(());
    }
    Err(CallError::Unreadable {
        path: "data.uid".to_owned(),
        source: JsonProblem::OtherUid,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(base_url: &str, token: &str) -> Result<OligoClient, BuildError> {
        OligoClient::new(ClientConfig::new(
            Url::parse(base_url).unwrap(),
            token.into(),
        ))
    }

    #[test]
    fn a_client_never_prints_its_token() {
        let config = ClientConfig::new(
            Url::parse("https://oligo.test/v1").unwrap(),
            "s3cret".into(),
        );
        assert!(!format!("{config:?}").contains("s3cret"));
        let client = OligoClient::new(config).unwrap();
        assert!(!format!("{client:?} {:?}", client.wire).contains("s3cret"));
    }

    #[test]
    fn a_base_url_that_is_not_plain_is_refused() {
        for base_url in [
            "ftp://oligo.test/v1",
            "https://user:pass@oligo.test/v1",
            "https://oligo.test/v1?x=1",
            "https://oligo.test/v1#x",
            "mailto:a@oligo.test",
        ] {
            assert!(
                matches!(build(base_url, "t"), Err(BuildError::BaseUrl)),
                "{base_url}"
            );
        }
    }

    #[test]
    fn a_token_that_cannot_stand_in_a_header_is_refused() {
        for token in ["", "  ", "two\nlines"] {
            assert!(matches!(
                build("https://oligo.test/v1", token),
                Err(BuildError::Token)
            ));
        }
    }
}
