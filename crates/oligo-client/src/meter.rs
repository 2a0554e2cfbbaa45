//! What is counted and measured of the calls, in OpenTelemetry's words.

use std::fmt;
use std::sync::{Arc, Weak};
use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::metrics::{Counter, Histogram, Meter, ObservableGauge};
use reqwest::Method;
use url::Url;

use crate::call::word;
use crate::error::{CallError, Certainty};
use crate::gate::{Circuit, CircuitState};

/// OpenTelemetry's advice for the durations of HTTP calls, in seconds.
const BOUNDARIES: [f64; 14] = [
    0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0,
];

/// What is known of a call before it is made. No uid: each would be a series of its own.
pub(crate) struct Called {
    pub(crate) method: Method,
    pub(crate) template: &'static str,
}

/// The instruments of one client.
pub(crate) struct Instruments {
    durations: Histogram<f64>,
    calls: Counter<u64>,
    /// Held for its callback.
    _circuit: ObservableGauge<u64>,
    server: [KeyValue; 3],
}

impl Instruments {
    pub(crate) fn new(meter: &Meter, base_url: &Url, circuit: &Arc<Circuit>) -> Instruments {
        let durations = meter
            .f64_histogram("http.client.request.duration")
            .with_unit("s")
            .with_description("Duration of HTTP client requests.")
            .with_boundaries(BOUNDARIES.to_vec())
            .build();
        let calls = meter
            .u64_counter("oligo.client.calls")
            .with_unit("{call}")
            .with_description("Calls by what is known to have come of them.")
            .build();
        Instruments {
            durations,
            calls,
            _circuit: gauge(meter, Arc::downgrade(circuit)),
            server: [
                KeyValue::new("url.scheme", base_url.scheme().to_owned()),
                KeyValue::new(
                    "server.address",
                    base_url.host_str().unwrap_or_default().to_owned(),
                ),
                KeyValue::new(
                    "server.port",
                    i64::from(base_url.port_or_known_default().unwrap_or_default()),
                ),
            ],
        }
    }

    /// A request left, or tried to, and took this long.
    pub(crate) fn exchanged(
        &self,
        called: &Called,
        took: Duration,
        status: Option<u16>,
        error: Option<&str>,
    ) {
        let mut attributes = called.attributes();
        attributes.extend_from_slice(&self.server);
        if let Some(status) = status {
            let status = KeyValue::new("http.response.status_code", i64::from(status));
            attributes.push(status);
        }
        if let Some(error) = error {
            attributes.push(KeyValue::new("error.type", error.to_owned()));
        }
        self.durations.record(took.as_secs_f64(), &attributes);
    }

    /// A call ended, sent or not.
    pub(crate) fn ended(&self, called: &Called, error: Option<&CallError>) {
        let mut attributes = called.attributes();
        let outcome = match error.map(CallError::certainty) {
            None => "done",
            Some(Certainty::NotSent) => "not_sent",
            Some(Certainty::Refused) => "refused",
            Some(Certainty::Unknown) => "unknown",
        };
        attributes.push(KeyValue::new("oligo.outcome", outcome));
        if let Some(error) = error {
            attributes.push(KeyValue::new("error.type", word(error).into_owned()));
        }
        self.calls.add(1, &attributes);
    }
}

impl fmt::Debug for Instruments {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Instruments").finish_non_exhaustive()
    }
}

impl Called {
    fn attributes(&self) -> Vec<KeyValue> {
        vec![
            KeyValue::new("http.request.method", self.method.as_str().to_owned()),
            KeyValue::new("url.template", self.template),
        ]
    }
}

/// 0 closed, 1 half-open, 2 open; nothing once the client is gone.
fn gauge(meter: &Meter, circuit: Weak<Circuit>) -> ObservableGauge<u64> {
    meter
        .u64_observable_gauge("oligo.client.circuit")
        .with_description("The circuit to Oligo: 0 closed, 1 half-open, 2 open.")
        .with_callback(move |observer| {
            let Some(circuit) = circuit.upgrade() else {
                return;
            };
            let state = match circuit.state() {
                CircuitState::Closed => 0,
                CircuitState::HalfOpen => 1,
                CircuitState::Open => 2,
            };
            observer.observe(state, &[]);
        })
        .build()
}
