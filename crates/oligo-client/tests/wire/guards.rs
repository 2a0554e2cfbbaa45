//! What holds calls back does so before a byte is sent, says for how long, and lets go again.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, SystemTime};

use futures::FutureExt;
use futures::future::BoxFuture;
use oligo_client::{
    AccountKind, CallError, Certainty, CircuitConfig, CircuitState, Hold, OligoClient, Permits,
    RateConfig, Requester, ResolveAlias, Wait,
};
use tokio::net::TcpListener;

use crate::stub::{Then, answer, answer_with, client, config, nobody, serve, serve_each};

const HOUR: Duration = Duration::from_secs(60 * 60);

fn settled() -> Then {
    let body = r#"{"data":{"uid":"P-1","state":"settled"}}"#;
    Then::Write(answer(200, body))
}

fn held(error: &CallError) -> (Hold, Duration) {
    assert_eq!(error.certainty(), Certainty::NotSent);
    assert!(error.is_transient());
    assert_eq!(
        error.retry_in().is_some(),
        matches!(error, CallError::HeldBack { .. })
    );
    let CallError::HeldBack { hold, retry_in } = error else {
        panic!("{error:?}")
    };
    (*hold, *retry_in)
}

#[tokio::test]
async fn a_pause_oligo_asks_for_holds_the_next_calls_back_without_sending_them() {
    let soon = SystemTime::now() + Duration::from_secs(120);
    let date = format!("Retry-After: {}\r\n", httpdate::fmt_http_date(soon));
    for status in [429, 503] {
        for header in ["Retry-After: 120\r\n", date.as_str()] {
            // A second connection would be refused: `NotSent`, and not `HeldBack`.
            let (url, served) = serve(Then::Write(answer_with(status, header, ""))).await;
            let client = client(url);

            let error = client.payment("P-1").await.unwrap_err();
            let asked = error.retry_in().expect("Oligo said how long");
            assert!(Duration::from_secs(110) < asked, "{asked:?}");
            assert!(asked <= Duration::from_secs(120), "{asked:?}");
            assert_eq!(error.certainty(), Certainty::Unknown);

            for clone in [client.clone(), client] {
                let (hold, retry_in) = held(&clone.payment("P-1").await.unwrap_err());
                assert_eq!(hold, Hold::RetryAfter);
                assert!(Duration::from_secs(100) < retry_in, "{retry_in:?}");
                assert!(retry_in <= asked, "{retry_in:?}");
            }
            served.await.unwrap();
        }
    }
}

#[tokio::test]
async fn a_pause_is_never_longer_than_the_longest_granted_and_then_calls_go_on() {
    let header = "Retry-After: 99999999\r\n";
    let limited = Then::Write(answer_with(429, header, ""));
    let (url, _served) = serve_each(vec![limited, settled()]).await;
    let mut config = config(url);
    config.pause_max = Duration::from_millis(40);
    let client = OligoClient::new(config).unwrap();

    client.payment("P-1").await.unwrap_err();
    let (_, retry_in) = held(&client.payment("P-1").await.unwrap_err());
    assert!(retry_in <= Duration::from_millis(40), "{retry_in:?}");

    tokio::time::sleep(retry_in).await;
    client.payment("P-1").await.unwrap();
}

#[tokio::test]
async fn without_a_pause_asked_for_the_next_call_is_sent() {
    for header in [
        "",
        "Retry-After: soon\r\n",
        "Retry-After: 0\r\n",
        "Retry-After: -5\r\n",
    ] {
        let limited = Then::Write(answer_with(429, header, ""));
        let (url, _served) = serve_each(vec![limited, settled()]).await;
        let client = client(url);
        client.payment("P-1").await.unwrap_err();
        client.payment("P-1").await.unwrap();
    }
}

#[tokio::test]
async fn a_look_up_that_is_out_of_service_does_not_stop_collecting() {
    let body = r#"{"errors":[{"title":"t","detail":"d","code":"ZPADD98"}]}"#;
    let down = Then::Write(answer_with(503, "Retry-After: 600\r\n", body));
    let (url, _served) = serve_each(vec![down, settled()]).await;
    let client = client(url);
    let request = serde_json::from_str(concat!(
        r#"{"type":"alias_phone","value":"+61-411222333","#,
        r#""requester":{"id":"user_1","remote_ip":"192.0.2.146"}}"#,
    ))
    .unwrap();

    let error = client.resolve_alias(&request).await.unwrap_err();
    assert!(error.has_code("ZPADD98"));
    assert_eq!(error.retry_in(), Some(Duration::from_secs(600)));

    client.payment("P-1").await.unwrap();
}

fn breaker(failures: u32, pause: Duration) -> Option<CircuitConfig> {
    Some(CircuitConfig { failures, pause })
}

#[tokio::test]
async fn outages_in_a_row_open_the_circuit_and_then_nothing_is_sent() {
    let outages = [
        Then::Write(answer(500, "")),
        Then::Write(vec![]),
        Then::Reset,
    ];
    let (url, served) = serve_each(outages.into()).await;
    let mut config = config(url);
    config.circuit = breaker(4, HOUR);
    let client = OligoClient::new(config).unwrap();

    for _ in 0..3 {
        let error = client.payment("P-1").await.unwrap_err();
        assert_eq!(error.certainty(), Certainty::Unknown);
        assert_eq!(client.circuit_state(), CircuitState::Closed);
    }
    assert_eq!(served.await.unwrap().len(), 3);
    // Nobody listens any more: the fourth.
    let error = client.payment("P-1").await.unwrap_err();
    assert!(matches!(error, CallError::NotSent { .. }), "{error:?}");

    assert_eq!(client.circuit_state(), CircuitState::Open);
    let (hold, retry_in) = held(&client.payment("P-1").await.unwrap_err());
    assert_eq!(hold, Hold::CircuitOpen);
    assert!(retry_in <= HOUR && HOUR - Duration::from_secs(60) < retry_in);
}

#[tokio::test]
async fn look_ups_that_are_down_hold_back_look_ups_and_nothing_else() {
    let down = Then::Write(answer(500, ""));
    let (url, served) = serve_each(vec![down, settled()]).await;
    let mut config = config(url);
    config.circuit = breaker(1, HOUR);
    let client = OligoClient::new(config).unwrap();
    let question = ResolveAlias {
        kind: AccountKind::AliasEmail,
        value: "payer@example.com".to_owned(),
        requester: Requester {
            id: "cus-1".to_owned(),
            remote_ip: [127, 0, 0, 1].into(),
        },
    };

    client.resolve_alias(&question).await.unwrap_err();
    let (hold, _) = held(&client.resolve_alias(&question).await.unwrap_err());
    assert_eq!(hold, Hold::CircuitOpen);
    client.payment("P-1").await.unwrap();

    assert_eq!(client.circuit_state(), CircuitState::Closed);
    assert_eq!(served.await.unwrap().len(), 2);
}

#[tokio::test]
async fn a_timeout_opens_the_circuit_too() {
    let (url, _served) = serve(Then::WriteAndHang(vec![])).await;
    let mut config = config(url);
    config.total_timeout = Duration::from_millis(100);
    config.circuit = breaker(1, HOUR);
    let client = OligoClient::new(config).unwrap();
    let error = client.payment("P-1").await.unwrap_err();
    assert!(matches!(error, CallError::Timeout), "{error:?}");
    assert_eq!(client.circuit_state(), CircuitState::Open);
}

#[tokio::test]
async fn refusals_never_open_the_circuit() {
    let refusal = r#"{"errors":[{"title":"t","detail":"d","code":"ZPPAY17"}]}"#;
    let statuses = [400, 401, 403, 404, 408, 409, 422, 429, 301, 200];
    let answers = statuses.map(|status| Then::Write(answer(status, refusal)));
    let (url, served) = serve_each(answers.into()).await;
    let mut config = config(url);
    config.circuit = breaker(1, HOUR);
    let client = OligoClient::new(config).unwrap();
    for status in statuses {
        client.payment("P-1").await.unwrap_err();
        assert_eq!(client.circuit_state(), CircuitState::Closed, "{status}");
    }
    assert_eq!(served.await.unwrap().len(), statuses.len());
}

#[tokio::test]
async fn after_the_pause_one_call_tries_and_its_success_closes_the_circuit() {
    let outage = Then::Write(answer(502, ""));
    let (url, _served) = serve_each(vec![outage, settled(), settled()]).await;
    let mut config = config(url);
    config.circuit = breaker(1, Duration::from_millis(30));
    let client = OligoClient::new(config).unwrap();
    client.payment("P-1").await.unwrap_err();

    let mut outcome = client.payment("P-1").await;
    while let Err(error) = &outcome {
        let (hold, retry_in) = held(error);
        assert_eq!(
            (hold, client.circuit_state()),
            (Hold::CircuitOpen, CircuitState::Open)
        );
        tokio::time::sleep(retry_in).await;
        outcome = client.payment("P-1").await;
    }

    assert_eq!(client.circuit_state(), CircuitState::Closed);
    client.payment("P-1").await.unwrap();
}

#[tokio::test]
async fn while_one_call_tries_the_others_are_held_back() {
    let outage = Then::Write(answer(502, ""));
    let silent = Then::WriteAndHang(vec![]);
    let (url, _served) = serve_each(vec![outage, silent]).await;
    let mut config = config(url);
    config.circuit = breaker(1, Duration::ZERO);
    let client = OligoClient::new(config).unwrap();
    client.payment("P-1").await.unwrap_err();

    let trial = tokio::spawn({
        let client = client.clone();
        async move { client.payment("P-1").await }
    });
    while client.circuit_state() != CircuitState::HalfOpen {
        tokio::task::yield_now().await;
    }
    let (hold, _) = held(&client.payment("P-1").await.unwrap_err());
    assert_eq!(hold, Hold::CircuitOpen);
    trial.abort();
}

#[tokio::test]
async fn calls_over_the_rate_wait_and_those_that_would_wait_too_long_are_not_sent() {
    let mut config = config(nobody().await);
    config.rate = Some(RateConfig {
        per_second: NonZeroU32::MIN,
        burst: NonZeroU32::new(2).unwrap(),
        wait_max: Duration::from_millis(10),
    });
    let client = OligoClient::new(config).unwrap();
    for _ in 0..2 {
        let error = client.payment("P-1").await.unwrap_err();
        assert!(matches!(error, CallError::NotSent { .. }), "{error:?}");
    }
    let (hold, retry_in) = held(&client.payment("P-1").await.unwrap_err());
    assert_eq!(hold, Hold::Rate);
    assert!(
        retry_in <= Duration::from_secs(1) && !retry_in.is_zero(),
        "{retry_in:?}"
    );
}

#[tokio::test]
async fn a_call_over_the_rate_waits_for_its_turn_within_the_bound() {
    let (url, served) = serve_each(vec![settled(), settled(), settled()]).await;
    let mut config = config(url);
    config.rate = Some(RateConfig {
        per_second: NonZeroU32::new(100).unwrap(),
        burst: NonZeroU32::MIN,
        wait_max: Duration::from_secs(5),
    });
    let client = OligoClient::new(config).unwrap();
    let calls = (0..3).map(|_| client.payment("P-1"));
    for outcome in futures::future::join_all(calls).await {
        outcome.unwrap();
    }
    assert_eq!(served.await.unwrap().len(), 3);
}

/// Gives so many permits and then none.
#[derive(Debug)]
struct Few {
    left: AtomicUsize,
}

impl Permits for Few {
    fn take(&self) -> BoxFuture<'_, Result<(), Wait>> {
        let one_less = |left: usize| left.checked_sub(1);
        let taken = self
            .left
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, one_less);
        let wait = Wait {
            retry_in: Duration::from_secs(7),
        };
        async move { taken.map(drop).map_err(|_| wait) }.boxed()
    }
}

#[tokio::test]
async fn a_call_without_a_shared_permit_is_not_sent() {
    let (url, served) = serve_each(vec![settled(), settled()]).await;
    let mut config = config(url);
    let left = AtomicUsize::new(2);
    config.permits = Some(Arc::new(Few { left }));
    let client = OligoClient::new(config).unwrap();
    client.payment("P-1").await.unwrap();
    client.payment("P-1").await.unwrap();
    let error = client.payment("P-1").await.unwrap_err();
    assert_eq!(held(&error), (Hold::SharedRate, Duration::from_secs(7)));
    assert_eq!(served.await.unwrap().len(), 2);
}

/// Never answers.
#[derive(Debug)]
struct Silent;

impl Permits for Silent {
    fn take(&self) -> BoxFuture<'_, Result<(), Wait>> {
        futures::future::pending().boxed()
    }
}

#[tokio::test]
async fn a_shared_limiter_that_never_answers_does_not_hold_a_call_for_ever() {
    let mut config = config(nobody().await);
    config.total_timeout = Duration::from_millis(20);
    config.permits = Some(Arc::new(Silent));
    let client = OligoClient::new(config).unwrap();
    let (hold, _) = held(&client.payment("P-1").await.unwrap_err());
    assert_eq!(hold, Hold::SharedRate);
}

#[tokio::test]
async fn an_open_circuit_takes_no_permit_from_others() {
    let mut config = config(nobody().await);
    config.circuit = breaker(1, HOUR);
    let few = Arc::new(Few {
        left: AtomicUsize::new(9),
    });
    config.permits = Some(Arc::clone(&few) as Arc<dyn Permits>);
    let client = OligoClient::new(config).unwrap();
    for _ in 0..5 {
        client.payment("P-1").await.unwrap_err();
    }
    assert_eq!(few.left.load(Ordering::SeqCst), 8);
}

#[tokio::test]
async fn a_token_exchanged_while_running_is_sent_by_the_next_call_of_every_clone() {
    let (url, served) = serve_each(vec![settled(), settled(), settled()]).await;
    let client = client(url);
    let clone = client.clone();
    client.payment("P-1").await.unwrap();

    client.rotate_token(&"token-2".into()).unwrap();
    clone.payment("P-1").await.unwrap();
    clone.rotate_token(&"no\ntoken".into()).unwrap_err();
    client.payment("P-1").await.unwrap();

    let tokens = ["token-1", "token-2", "token-2"];
    for (request, token) in served.await.unwrap().iter().zip(tokens) {
        let line = format!("authorization: bearer {token}\r\n");
        assert_eq!(request.head.matches("authorization").count(), 1);
        assert!(request.head.contains(&line), "{}", request.head);
    }
    assert!(!format!("{client:?} {clone:?}").contains("token-"));
}

#[tokio::test]
async fn a_call_keeps_the_token_it_started_with() {
    let (url, served) = serve(settled()).await;
    let mut config = config(url);
    let gate = Arc::new(Gated::default());
    config.permits = Some(Arc::clone(&gate) as Arc<dyn Permits>);
    let client = OligoClient::new(config).unwrap();
    let call = tokio::spawn({
        let client = client.clone();
        async move { client.payment("P-1").await }
    });
    gate.asked.notified().await;

    client.rotate_token(&"token-2".into()).unwrap();
    gate.open.notify_one();

    call.await.unwrap().unwrap();
    let head = served.await.unwrap().head;
    assert!(head.contains("authorization: bearer token-1\r\n"), "{head}");
}

/// Says when it is asked, and gives the permit when it is told to.
#[derive(Debug, Default)]
struct Gated {
    asked: tokio::sync::Notify,
    open: tokio::sync::Notify,
}

impl Permits for Gated {
    fn take(&self) -> BoxFuture<'_, Result<(), Wait>> {
        async {
            self.asked.notify_one();
            self.open.notified().await;
            Ok(())
        }
        .boxed()
    }
}

#[tokio::test]
async fn a_server_that_does_not_speak_tls_never_sees_the_token() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    let heard = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut bytes = vec![0; 4096];
        let count = tokio::io::AsyncReadExt::read(&mut stream, &mut bytes)
            .await
            .unwrap();
        let reply = answer(200, "{}");
        tokio::io::AsyncWriteExt::write_all(&mut stream, &reply)
            .await
            .unwrap();
        bytes.truncate(count);
        bytes
    });
    let error = client(url.parse().unwrap())
        .payment("P-1")
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::NotSent { .. }), "{error:?}");
    let heard = heard.await.unwrap();
    // A TLS handshake record, and nothing of ours in it.
    assert_eq!(heard[0], 22);
    let text = String::from_utf8_lossy(&heard);
    assert!(!text.contains("token-1") && !text.contains("payto"));
}
