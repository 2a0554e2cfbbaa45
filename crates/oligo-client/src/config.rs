//! What a client is made of.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::metrics::Meter;
use secrecy::SecretString;
use url::Url;

use crate::gate::{CircuitConfig, Permits, RateConfig};

/// Where Oligo is, how long to wait for it, and what holds calls back.
#[derive(Clone)]
pub struct ClientConfig {
    /// Up to and including the version: `https://api-sandbox.oligo.com.au/v1`.
    pub base_url: Url,
    /// The bearer token.
    pub token: SecretString,
    /// The most it may take to connect, TLS included.
    pub connect_timeout: Duration,
    /// The most one call may take, from connecting to the last byte of the answer.
    pub total_timeout: Duration,
    /// The most bytes of an answer that are read.
    pub answer_bytes_max: usize,
    /// The most bytes of one page of a list that are read.
    pub list_bytes_max: usize,
    /// The longest pause Oligo is granted (`Retry-After`); a longer one is cut to this.
    pub pause_max: Duration,
    /// The circuit breaker. None never opens.
    pub circuit: Option<CircuitConfig>,
    /// The most calls this process makes. None is without limit.
    pub rate: Option<RateConfig>,
    /// Who says whether all processes together may make one more call.
    pub permits: Option<Arc<dyn Permits>>,
    /// Where to count. None is OpenTelemetry's global meter, as it is when the client is made.
    pub meter: Option<Meter>,
}

impl ClientConfig {
    /// A configuration that waits 3 s to connect, 15 s in all, reads 64 KiB of an answer and 1 MiB
    /// of a page, and grants a pause of an hour; without breaker and without a limit of calls.
    pub fn new(base_url: Url, token: SecretString) -> Self {
        ClientConfig {
            base_url,
            token,
            connect_timeout: Duration::from_secs(3),
            total_timeout: Duration::from_secs(15),
            answer_bytes_max: 64 * 1024,
            list_bytes_max: 1024 * 1024,
            pause_max: Duration::from_secs(60 * 60),
            circuit: None,
            rate: None,
            permits: None,
            meter: None,
        }
    }

    /// The same with the usual breaker and the usual limit of calls.
    pub fn guarded(mut self) -> Self {
        self.circuit = Some(CircuitConfig::default());
        self.rate = Some(RateConfig::default());
        self
    }
}

impl fmt::Debug for ClientConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientConfig")
            .field("base_url", &self.base_url.as_str())
            .field("connect_timeout", &self.connect_timeout)
            .field("total_timeout", &self.total_timeout)
            .field("answer_bytes_max", &self.answer_bytes_max)
            .field("list_bytes_max", &self.list_bytes_max)
            .field("pause_max", &self.pause_max)
            .field("circuit", &self.circuit)
            .field("rate", &self.rate)
            .field("permits", &self.permits)
            .finish_non_exhaustive()
    }
}
