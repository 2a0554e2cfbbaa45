//! Logs to stderr, and traces to an OpenTelemetry collector when one is named.

use std::io::{self, IsTerminal};
use std::sync::Arc;
use std::time::Duration;

use opentelemetry::trace::TracerProvider as _;
use opentelemetry_otlp::{ExporterBuildError, WithExportConfig};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use opentelemetry_sdk::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tokio::runtime::{Builder, Handle, Runtime};
use tracing::Dispatch;
use tracing_subscriber::filter::{EnvFilter, ParseError};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::{SubscriberInitExt, TryInitError};
use tracing_subscriber::{Layer, Registry, fmt};

use crate::config::{LogConfig, LogFormat, OtlpConfig};

/// Longest the end of the process waits for a collector that does not answer.
const FLUSH: Duration = Duration::from_secs(3);

/// Longest one export may take.
const EXPORT: Duration = Duration::from_secs(10);

/// Why there is no telemetry.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// `log.filter` is not a filter.
    #[error("log.filter is not a filter")]
    Filter(#[from] ParseError),
    /// The collector's address or the exporter's own settings cannot be used.
    #[error("traces cannot be exported")]
    Exporter(#[from] ExporterBuildError),
    /// No thread to export with.
    #[error("traces cannot be exported")]
    Resources(#[from] io::Error),
    /// The process has telemetry already.
    #[error(transparent)]
    Twice(#[from] TryInitError),
}

/// Telemetry, for as long as it is held. Dropping it sends what is not yet sent, for at most
/// three seconds.
#[derive(Debug)]
#[must_use = "telemetry ends when this is dropped"]
pub struct Telemetry {
    _traces: Option<Traces>,
}

/// Starts telemetry for the process. Call once.
///
/// A collector that cannot be reached costs its traces and nothing else: spans are queued up to a
/// limit and exported by a thread of their own.
///
/// # Errors
///
/// Fails on a filter or endpoint that cannot be read, or when started twice.
pub fn start(log: &LogConfig, otlp: &OtlpConfig) -> Result<Telemetry, TelemetryError> {
    let (subscriber, telemetry) = build(log, otlp)?;
    subscriber.try_init()?;
    Ok(telemetry)
}

fn build(log: &LogConfig, otlp: &OtlpConfig) -> Result<(Dispatch, Telemetry), TelemetryError> {
    let traces = is_wanted(otlp).then(|| Traces::start(otlp)).transpose()?;
    let (line_filter, span_filter) = (EnvFilter::try_new(&log.filter)?, filter_of_spans(log)?);
    let lines: Box<dyn Layer<Registry> + Send + Sync> = match log.format {
        LogFormat::Pretty => {
            let colours = io::stderr().is_terminal();
            let lines = fmt::layer().with_ansi(colours).with_writer(io::stderr);
            lines.with_filter(line_filter).boxed()
        }
        LogFormat::Json => {
            let lines = fmt::layer()
                .json()
                .flatten_event(true)
                .with_writer(io::stderr);
            lines.with_filter(line_filter).boxed()
        }
    };
    let spans = traces.as_ref().map(|traces| {
        let tracer = traces.provider.tracer("paydown");
        tracing_opentelemetry::layer()
            .with_tracer(tracer)
            .with_filter(span_filter)
    });
    let subscriber = tracing_subscriber::registry().with(lines).with(spans);
    Ok((subscriber.into(), Telemetry { _traces: traces }))
}

fn is_wanted(otlp: &OtlpConfig) -> bool {
    let names = [
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT",
    ];
    let named = |name| std::env::var_os(name).is_some_and(|endpoint| !endpoint.is_empty());
    otlp.endpoint.is_some() || names.into_iter().any(named)
}

/// The exporter's own calls must not become spans: each export would beget the next.
fn filter_of_spans(log: &LogConfig) -> Result<EnvFilter, ParseError> {
    let mut filter = EnvFilter::try_new(&log.filter)?;
    for target in [
        "opentelemetry",
        "opentelemetry_sdk",
        "opentelemetry_otlp",
        "hyper",
        "reqwest",
    ] {
        filter = filter.add_directive(format!("{target}=off").parse()?);
    }
    Ok(filter)
}

#[derive(Debug)]
struct Traces {
    provider: SdkTracerProvider,
    /// Where exports run. Not the caller's, which may be stopping or busy when the last one goes.
    runtime: Option<Runtime>,
}

impl Traces {
    fn start(otlp: &OtlpConfig) -> Result<Traces, TelemetryError> {
        let mut threads = Builder::new_multi_thread();
        let threads = threads
            .worker_threads(1)
            .thread_name("telemetry")
            .enable_all();
        let runtime = threads.build()?;
        let exporter = opentelemetry_otlp::SpanExporter::builder().with_http();
        let mut exporter = exporter.with_timeout(EXPORT);
        if let Some(endpoint) = &otlp.endpoint {
            let base = endpoint.as_str().trim_end_matches('/');
            exporter = exporter.with_endpoint(format!("{base}/v1/traces"));
        }
        let exporter = OnRuntime {
            exporter: Arc::new(exporter.build()?),
            runtime: runtime.handle().clone(),
        };
        let resource = Resource::builder()
            .with_service_name(otlp.service_name.clone())
            .build();
        let provider = SdkTracerProvider::builder().with_resource(resource);
        let provider = provider.with_batch_exporter(exporter).build();
        Ok(Traces {
            provider,
            runtime: Some(runtime),
        })
    }
}

impl Drop for Traces {
    fn drop(&mut self) {
        // A collector that is away is told in the log by the exporter.
        let _ = self.provider.shutdown_with_timeout(FLUSH);
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}

/// An exporter whose calls run on a runtime of ours: the SDK calls it from a plain thread, where an
/// asynchronous client panics.
#[derive(Debug)]
struct OnRuntime {
    exporter: Arc<opentelemetry_otlp::SpanExporter>,
    runtime: Handle,
}

impl SpanExporter for OnRuntime {
    async fn export(&self, batch: Vec<SpanData>) -> OTelSdkResult {
        let exporter = Arc::clone(&self.exporter);
        let export = self
            .runtime
            .spawn(async move { exporter.export(batch).await });
        export
            .await
            .map_err(|error| OTelSdkError::InternalFailure(error.to_string()))?
    }

    fn set_resource(&mut self, resource: &Resource) {
        if let Some(exporter) = Arc::get_mut(&mut self.exporter) {
            exporter.set_resource(resource);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpListener};
    use std::time::Instant;

    use super::*;

    fn traced(collector: SocketAddr) -> Telemetry {
        let endpoint = format!("http://{collector}").parse().expect("a URL");
        let otlp = OtlpConfig {
            endpoint: Some(endpoint),
            service_name: "canary-service".into(),
        };
        let (subscriber, telemetry) = build(&LogConfig::default(), &otlp).expect("valid");
        tracing::dispatcher::with_default(&subscriber, || {
            tracing::info_span!("canary_span").in_scope(|| tracing::info!("working"));
        });
        telemetry
    }

    fn local() -> TcpListener {
        TcpListener::bind("127.0.0.1:0").expect("a free port")
    }

    /// One whole request: up to the end its Content-Length says.
    fn received(collector: &TcpListener) -> String {
        let (mut stream, _) = collector.accept().expect("a call");
        let (mut request, mut part) = (Vec::new(), [0; 4096]);
        loop {
            let count = stream.read(&mut part).expect("readable");
            request.extend_from_slice(&part[..count]);
            let text = String::from_utf8_lossy(&request).into_owned();
            let length = text
                .to_lowercase()
                .split_once("content-length: ")
                .and_then(|(_, rest)| rest.split_once("\r\n")?.0.parse::<usize>().ok());
            let body_at = request.windows(4).position(|four| four == b"\r\n\r\n");
            let whole = length
                .zip(body_at)
                .is_some_and(|(length, at)| at + 4 + length <= request.len());
            if whole || count == 0 {
                stream
                    .write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
                    .expect("sent");
                return text;
            }
        }
    }

    #[tokio::test]
    async fn the_spans_of_a_stopping_process_reach_the_collector() {
        let collector = local();
        let address = collector.local_addr().expect("bound");
        let received = std::thread::spawn(move || received(&collector));

        // Dropped on the caller's only thread: the export must not need it.
        drop(traced(address));

        let request = received.join().expect("received");
        assert!(request.starts_with("POST /v1/traces "), "{request}");
        assert!(
            request.contains("canary_span") && request.contains("canary-service"),
            "{request}"
        );
    }

    #[test]
    fn a_collector_that_is_away_neither_blocks_nor_kills() {
        let collector = local();
        let address = collector.local_addr().expect("bound");
        drop(collector);

        let started = Instant::now();
        drop(traced(address));
        assert!(started.elapsed() <= 10 * FLUSH, "{:?}", started.elapsed());
    }

    #[test]
    fn a_collector_that_never_answers_holds_up_the_end_of_the_process_for_a_bounded_time() {
        let collector = local();

        let started = Instant::now();
        drop(traced(collector.local_addr().expect("bound")));
        assert!(started.elapsed() <= 10 * FLUSH, "{:?}", started.elapsed());
    }

    #[test]
    fn a_filter_that_cannot_be_read_is_refused() {
        let log = LogConfig {
            filter: "info,=,".into(),
            ..LogConfig::default()
        };
        let refused = build(&log, &OtlpConfig::default())
            .expect_err("refused")
            .to_string();
        assert!(refused.starts_with("log.filter"), "{refused}");
    }
}
