//! What a call leaves behind for operators: one span and its measurements, and no secret.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex};

use oligo_client::{CircuitConfig, OligoClient};
use opentelemetry::metrics::MeterProvider;
use opentelemetry_sdk::metrics::data::{AggregatedMetrics, MetricData, ResourceMetrics};
use opentelemetry_sdk::metrics::{InMemoryMetricExporter, SdkMeterProvider};
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber;
use tracing::span::{Attributes, Id, Record};
use tracing_subscriber::layer::{Context, SubscriberExt};
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{Layer, Registry};

use crate::stub::{Then, answer, config, nobody, serve_each};

type Fields = BTreeMap<String, String>;

/// Keeps the fields of every span.
#[derive(Clone, Default)]
struct Spans {
    seen: Arc<Mutex<BTreeMap<u64, Fields>>>,
}

struct Into<'a>(&'a mut Fields);

impl Visit for Into<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let value = format!("{value:?}").trim_matches('"').to_owned();
        self.0.insert(field.name().to_owned(), value);
    }
}

impl<S: tracing::Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Spans {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, _: Context<'_, S>) {
        let mut fields = Fields::from([("name".into(), attributes.metadata().name().into())]);
        attributes.record(&mut Into(&mut fields));
        self.seen.lock().unwrap().insert(id.into_u64(), fields);
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, _: Context<'_, S>) {
        let mut seen = self.seen.lock().unwrap();
        if let Some(fields) = seen.get_mut(&id.into_u64()) {
            values.record(&mut Into(fields));
        }
    }
}

impl Spans {
    fn of_calls(&self) -> Vec<Fields> {
        let seen = self.seen.lock().unwrap();
        let calls = seen
            .values()
            .filter(|fields| fields["name"] == "oligo.call");
        calls.cloned().collect()
    }
}

async fn spans_of(client: &OligoClient, uid: &str) -> Vec<Fields> {
    let spans = Spans::default();
    let subscriber = Registry::default().with(spans.clone());
    // How it ended is in the span.
    let _ = client.payment(uid).with_subscriber(subscriber).await;
    spans.of_calls()
}

#[tokio::test]
async fn a_call_is_one_span_in_the_words_of_opentelemetry_and_names_no_uid() {
    let body = r#"{"data":{"uid":"P-secret","state":"settled"}}"#;
    let answers = vec![Then::Write(answer(200, body)), Then::Write(answer(404, ""))];
    let (url, _served) = serve_each(answers).await;
    let port = url.port().unwrap().to_string();
    let client = OligoClient::new(config(url)).unwrap();

    let mut expected = Fields::from(
        [
            ("name", "oligo.call"),
            ("otel.name", "GET /payto/payments/{payment_uid}"),
            ("otel.kind", "client"),
            ("http.request.method", "GET"),
            ("url.template", "/payto/payments/{payment_uid}"),
            ("url.scheme", "http"),
            ("server.address", "127.0.0.1"),
            ("server.port", port.as_str()),
            ("http.response.status_code", "200"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned())),
    );
    assert_eq!(spans_of(&client, "P-secret").await, [expected.clone()]);

    for (name, value) in [
        ("http.response.status_code", "404"),
        ("otel.status_code", "ERROR"),
        ("error.type", "404"),
    ] {
        expected.insert(name.to_owned(), value.to_owned());
    }
    assert_eq!(spans_of(&client, "P-secret").await, [expected]);
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_told_though_its_status_was_fine() {
    for body in ["<html>", r#"{"data":{"uid":"P-2","state":"settled"}}"#] {
        let (url, _served) = serve_each(vec![Then::Write(answer(200, body))]).await;
        let client = OligoClient::new(config(url)).unwrap();
        let spans = spans_of(&client, "P-1").await;
        assert_eq!(spans[0]["http.response.status_code"], "200");
        assert_eq!(spans[0]["error.type"], "unreadable", "{body}");
    }
}

#[tokio::test]
async fn a_call_held_back_is_a_span_without_a_status() {
    let mut config = config(nobody().await);
    config.circuit = Some(CircuitConfig {
        failures: 1,
        ..CircuitConfig::default()
    });
    let client = OligoClient::new(config).unwrap();
    assert_eq!(spans_of(&client, "P-1").await[0]["error.type"], "not_sent");
    let held = spans_of(&client, "P-1").await;
    assert_eq!(held[0]["error.type"], "held_back");
    assert!(!held[0].contains_key("http.response.status_code"));
}

/// Each point of a metric as `name{attributes} value`; a histogram's value is its count.
fn points(exported: &[ResourceMetrics]) -> Vec<String> {
    let mut points = vec![];
    let scopes = exported.iter().flat_map(ResourceMetrics::scope_metrics);
    for metric in scopes.flat_map(|scope| scope.metrics()) {
        let mut tell = |attributes: Vec<String>, value: u64| {
            let mut attributes = attributes;
            attributes.sort();
            points.push(format!(
                "{}{{{}}} {value}",
                metric.name(),
                attributes.join(",")
            ));
        };
        if let AggregatedMetrics::F64(MetricData::Histogram(histogram)) = metric.data() {
            assert_eq!(metric.unit(), "s");
            for point in histogram.data_points() {
                assert!(point.sum() <= 5.0 && 0.0 < point.sum());
                tell(point.attributes().map(shown).collect(), point.count());
            }
        } else if let AggregatedMetrics::U64(MetricData::Sum(sum)) = metric.data() {
            for point in sum.data_points() {
                tell(point.attributes().map(shown).collect(), point.value());
            }
        } else if let AggregatedMetrics::U64(MetricData::Gauge(gauge)) = metric.data() {
            for point in gauge.data_points() {
                tell(point.attributes().map(shown).collect(), point.value());
            }
        } else {
            panic!("{} is of no kind that is used", metric.name());
        }
    }
    points.sort();
    points
}

fn shown(attribute: &opentelemetry::KeyValue) -> String {
    format!("{}={}", attribute.key, attribute.value)
}

#[tokio::test]
async fn calls_are_measured_and_counted_by_what_is_known_to_have_come_of_them() {
    let refusal = r#"{"errors":[{"title":"t","detail":"d","code":"ZPPRY00"}]}"#;
    let answers = vec![
        Then::Write(answer(202, "")),
        Then::Write(answer(422, refusal)),
        Then::Write(answer(500, "")),
    ];
    let (url, served) = serve_each(answers).await;
    let port = url.port().unwrap();
    let exporter = InMemoryMetricExporter::default();
    let provider = SdkMeterProvider::builder()
        .with_periodic_exporter(exporter.clone())
        .build();
    let mut config = config(url);
    config.meter = Some(provider.meter("oligo-client"));
    config.circuit = Some(CircuitConfig {
        failures: 2,
        ..CircuitConfig::default()
    });
    let client = OligoClient::new(config).unwrap();

    client.retry_payment("P-1").await.unwrap();
    for _ in 0..2 {
        client.retry_payment("P-1").await.unwrap_err();
    }
    served.await.unwrap();
    // Nobody listens any more: the circuit opens, and the last one is held back.
    for _ in 0..2 {
        client.retry_payment("P-1").await.unwrap_err();
    }
    provider.force_flush().unwrap();

    let duration = |more: &str| {
        let common = "http.request.method=POST";
        let server = format!("server.address=127.0.0.1,server.port={port}");
        let rest = format!("{server},url.scheme=http,url.template={TEMPLATE}}} 1");
        let (before, after) = more.split_once(';').unwrap();
        format!("http.client.request.duration{{{before}{common},{after}{rest}")
    };
    let calls = |before: &str, outcome: &str| {
        let common = format!("http.request.method=POST,oligo.outcome={outcome}");
        format!("oligo.client.calls{{{before}{common},url.template={TEMPLATE}}} 1")
    };
    let mut expected = vec![
        duration(";http.response.status_code=202,"),
        duration("error.type=422,;http.response.status_code=422,"),
        duration("error.type=500,;http.response.status_code=500,"),
        duration("error.type=not_sent,;"),
        calls("", "done"),
        calls("error.type=422,", "refused"),
        calls("error.type=500,", "unknown"),
        calls("error.type=not_sent,", "not_sent"),
        calls("error.type=held_back,", "not_sent"),
        "oligo.client.circuit{} 2".to_owned(),
    ];
    expected.sort();
    assert_eq!(points(&exporter.get_finished_metrics().unwrap()), expected);
}

const TEMPLATE: &str = "/payto/payments/{payment_uid}/retry";
