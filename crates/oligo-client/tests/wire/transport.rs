//! What each misfortune of the wire is called, and what is known after it.

use std::error::Error;
use std::time::Duration;

use crate::stub::{Then, answer, client, read_request, serve};
use oligo_client::{
    CallError, CancelAgreement, CancelReason, Certainty, ClientConfig, CreatePayment, JsonProblem,
    OligoClient, Payment, Priority,
};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpSocket};
use url::Url;

fn collection() -> CreatePayment {
    CreatePayment {
        uid: "PAY-7f3c0001-01".to_owned(),
        agreement_uid: "AGR-7f3c0001".to_owned(),
        amount: 48_250,
        priority: Priority::Unattended,
        reference: Some("Loan 40217".to_owned()),
        description: None,
        last_payment: None,
        metadata: None,
    }
}

async fn collect(then: Then) -> Result<Payment, CallError> {
    let (url, _served) = serve(then).await;
    client(url).create_payment(&collection()).await
}

async fn fail(then: Then) -> CallError {
    collect(then).await.unwrap_err()
}

/// An address at which connections are refused for as long as the socket is kept: nobody else
/// can take it, and it does not listen.
fn nobody() -> (TcpSocket, Url) {
    let held = TcpSocket::new_v4().unwrap();
    held.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let url = format!("http://{}/v1", held.local_addr().unwrap());
    (held, Url::parse(&url).unwrap())
}

#[tokio::test]
async fn a_refused_connection_means_nothing_was_sent() {
    let (_held, url) = nobody();
    let error = client(url).create_payment(&collection()).await.unwrap_err();
    assert!(matches!(error, CallError::NotSent { .. }), "{error:?}");
    assert_eq!(error.certainty(), Certainty::NotSent);
    assert!(error.is_transient());
}

#[tokio::test]
async fn a_tls_handshake_that_never_ends_means_nothing_was_sent() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/v1", listener.local_addr().unwrap());
    let error = client(Url::parse(&url).unwrap())
        .payment("P-1")
        .await
        .unwrap_err();
    assert!(matches!(error, CallError::NotSent { .. }), "{error:?}");
}

#[tokio::test]
async fn silence_after_the_request_leaves_everything_open() {
    let (url, _served) = serve(Then::WriteAndHang(vec![])).await;
    let mut config = ClientConfig::new(url, "token-1".into());
    config.total_timeout = Duration::from_millis(200);
    let client = OligoClient::new(config).unwrap();
    let error = client.create_payment(&collection()).await.unwrap_err();
    assert!(matches!(error, CallError::Timeout), "{error:?}");
    assert_eq!(error.certainty(), Certainty::Unknown);
}

#[tokio::test]
async fn silence_in_the_middle_of_an_answer_leaves_everything_open() {
    let half = b"HTTP/1.1 201 X\r\nContent-Length: 100\r\n\r\n{\"data\":".to_vec();
    let (url, _served) = serve(Then::WriteAndHang(half)).await;
    let mut config = ClientConfig::new(url, "token-1".into());
    config.total_timeout = Duration::from_millis(200);
    let client = OligoClient::new(config).unwrap();
    let error = client.create_payment(&collection()).await.unwrap_err();
    assert!(matches!(error, CallError::Timeout), "{error:?}");
}

#[tokio::test]
async fn a_connection_lost_after_the_request_leaves_everything_open() {
    let half = b"HTTP/1.1 201 X\r\nContent-Length: 100\r\n\r\n{\"data\":".to_vec();
    for then in [Then::Reset, Then::Write(vec![]), Then::Write(half)] {
        let error = fail(then).await;
        assert!(matches!(error, CallError::Broken { .. }), "{error:?}");
        assert_eq!(error.certainty(), Certainty::Unknown);
    }
}

#[tokio::test]
async fn a_call_whose_connection_is_lost_is_not_made_again_by_itself() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let connections = tokio::spawn(async move {
        let (mut kept, _) = listener.accept().await.unwrap();
        read_request(&mut kept).await;
        let body = r#"{"data":{"uid":"PAY-7f3c0001-01","state":"created"}}"#;
        let length = body.len();
        let reply = format!("HTTP/1.1 201 X\r\nContent-Length: {length}\r\n\r\n{body}");
        kept.write_all(reply.as_bytes()).await.unwrap();
        // The second call comes over the connection that was kept, and is lost there.
        let request = read_request(&mut kept).await;
        drop(kept);
        (request, listener)
    });
    let client = client(Url::parse(&url).unwrap());
    client.create_payment(&collection()).await.unwrap();

    let error = client.create_payment(&collection()).await.unwrap_err();

    assert!(matches!(error, CallError::Broken { .. }), "{error:?}");
    let (request, listener) = connections.await.unwrap();
    assert!(request.head.starts_with("post "), "{}", request.head);
    let again = tokio::time::timeout(Duration::from_millis(1), listener.accept()).await;
    assert!(again.is_err(), "the call was made again");
}

#[tokio::test]
async fn a_server_error_leaves_everything_open() {
    for status in [500, 502, 503, 504] {
        let error = fail(Then::Write(answer(status, "<html>"))).await;
        let CallError::ServerError { status: seen, .. } = error else {
            panic!("{error:?}")
        };
        assert_eq!(seen, status);
        assert_eq!(error.certainty(), Certainty::Unknown);
        assert!(error.is_transient());
    }
}

#[tokio::test]
async fn an_outage_of_a_payment_is_no_refusal_whatever_its_body_says() {
    let body = r#"{"errors":[{"title":"t","detail":"d","code":"ZPADD98"}]}"#;
    let error = fail(Then::Write(answer(503, body))).await;
    assert!(
        matches!(error, CallError::ServerError { status: 503, .. }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let elsewhere = listener.local_addr().unwrap();
    for status in [301, 302, 307, 308] {
        let redirect = format!(
            "HTTP/1.1 {status} X\r\nLocation: http://{elsewhere}/\r\nContent-Length: 0\r\n\r\n"
        );
        let error = fail(Then::Write(redirect.into_bytes())).await;
        let CallError::Redirected { status: seen } = error else {
            panic!("{error:?}")
        };
        assert_eq!(seen, status);
        assert_eq!(error.certainty(), Certainty::Unknown);
    }
    let visit = tokio::time::timeout(Duration::from_millis(1), listener.accept()).await;
    assert!(visit.is_err(), "the token was carried elsewhere");
}

#[tokio::test]
async fn an_answer_longer_than_the_limit_is_dropped() {
    let body = "x".repeat(64 * 1024 + 1);
    let chunked = format!(
        "HTTP/1.1 201 X\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{body}\r\n0\r\n\r\n",
        body.len()
    );
    for bytes in [answer(201, &body), chunked.into_bytes(), answer(422, &body)] {
        let error = fail(Then::Write(bytes)).await;
        assert!(
            matches!(error, CallError::TooLarge { limit: 65_536 }),
            "{error:?}"
        );
        assert_eq!(error.certainty(), Certainty::Unknown);
    }
}

#[tokio::test]
async fn an_answer_that_does_not_fit_names_the_field() {
    let cases = [
        (201, "<html>", "."),
        (201, "", "."),
        (201, r#"{"uid":"PAY-7f3c0001-01","state":"created"}"#, "."),
        (201, r#"{"data":{"uid":"PAY-7f3c0001-01"}}"#, "data"),
        (
            201,
            r#"{"data":{"uid":"PAY-7f3c0001-01","state":7}}"#,
            "data.state",
        ),
        (
            201,
            r#"{"data":{"uid":"p","state":"failed","failure":{"code":1}}}"#,
            "data.failure.code",
        ),
        (
            201,
            r#"{"data":{"uid":"PAY-another","state":"settled"}}"#,
            "data.uid",
        ),
        (422, "<html>", "."),
        (422, r#"{"errors":[]}"#, "errors"),
        (400, r#"{"errors":[{"title":7}]}"#, "errors[0].title"),
    ];
    for (status, body, expected) in cases {
        let error = fail(Then::Write(answer(status, body))).await;
        assert_eq!(error.certainty(), Certainty::Unknown, "{body}");
        let CallError::Unreadable { path, .. } = error else {
            panic!("{body}: {error:?}")
        };
        assert_eq!(path, expected, "{body}");
    }
}

#[tokio::test]
async fn an_answer_about_another_payment_is_never_taken_for_this_one() {
    let body = r#"{"data":{"uid":"PAY-another","state":"settled"}}"#;
    let (url, _served) = serve(Then::Write(answer(200, body))).await;
    let error = client(url).payment("PAY-7f3c0001-01").await.unwrap_err();
    assert!(
        matches!(
            error,
            CallError::Unreadable {
                source: JsonProblem::OtherUid,
                ..
            }
        ),
        "{error:?}"
    );
}

#[tokio::test]
async fn nothing_in_an_error_quotes_the_answer_or_the_token() {
    let body = r#"{"data":{"uid":"PAY-7f3c0001-01","state":"created","debtor":"Robin Sample"}}"#;
    let error = fail(Then::Write(answer(201, body))).await;
    let told = format!("{error} {error:?} {}", error.source().unwrap());
    assert!(told.contains("data.debtor"), "{told}");
    assert!(
        !told.contains("Robin") && !told.contains("token-1"),
        "{told}"
    );

    let error = fail(Then::Reset).await;
    assert!(!format!("{error:?}").contains("token-1"));
}

#[tokio::test]
async fn a_closed_door_has_its_own_name() {
    assert!(matches!(
        fail(Then::Write(answer(401, ""))).await,
        CallError::Unauthorised
    ));
    assert!(matches!(
        fail(Then::Write(answer(403, ""))).await,
        CallError::Forbidden
    ));
    assert!(matches!(
        fail(Then::Write(answer(404, ""))).await,
        CallError::NotFound
    ));
    let odd = fail(Then::Write(answer(409, ""))).await;
    assert!(
        matches!(odd, CallError::ServerError { status: 409, .. }),
        "{odd:?}"
    );
    assert!(!odd.is_transient());
}

#[tokio::test]
async fn a_call_too_many_says_how_long_to_wait_when_oligo_does() {
    let cases = [
        ("Retry-After: 7\r\n", Some(Duration::from_secs(7))),
        (
            "Retry-After: Wed, 21 Oct 2015 07:28:00 GMT\r\n",
            Some(Duration::ZERO),
        ),
        (
            "Retry-After: Sunday, 06-Nov-94 08:49:37 GMT\r\n",
            Some(Duration::ZERO),
        ),
        (
            "Retry-After: Sun Nov  6 08:49:37 1994\r\n",
            Some(Duration::ZERO),
        ),
        ("Retry-After: soon\r\n", None),
        ("", None),
    ];
    for (header, expected) in cases {
        let reply = format!("HTTP/1.1 429 X\r\n{header}Content-Length: 0\r\n\r\n");
        let error = fail(Then::Write(reply.into_bytes())).await;
        let CallError::RateLimited { retry_after } = error else {
            panic!("{error:?}")
        };
        assert_eq!(retry_after, expected, "{header}");
    }
}

#[tokio::test]
async fn a_payment_goes_out_as_the_very_text_of_the_request() {
    let body = r#"{"data":{"uid":"PAY-7f3c0001-01","state":"created"}}"#;
    let (url, served) = serve(Then::Write(answer(201, body))).await;
    client(url).create_payment(&collection()).await.unwrap();

    let request = served.await.unwrap();
    assert_eq!(request.body, serde_json::to_string(&collection()).unwrap());
    assert!(
        request.head.starts_with("post /v1/payto/payments http/1.1"),
        "{}",
        request.head
    );
    for line in [
        "authorization: bearer token-1",
        "content-type: application/json",
        "accept: application/json",
    ] {
        assert_eq!(
            request.head.matches(line).count(),
            1,
            "{line} in {}",
            request.head
        );
    }
}

#[tokio::test]
async fn an_accepted_answer_needs_no_body() {
    let accepted = || Then::Write(b"HTTP/1.1 202 X\r\nContent-Length: 0\r\n\r\n".to_vec());

    let (url, served) = serve(accepted()).await;
    client(url).retry_payment("PAY~1").await.unwrap();
    let request = served.await.unwrap();
    assert_eq!(request.body, "{}");
    assert!(
        request
            .head
            .starts_with("post /v1/payto/payments/pay~1/retry "),
        "{}",
        request.head
    );

    let (mut url, served) = serve(accepted()).await;
    url.set_path("/v1/");
    let reason = CancelReason::InitiatingPartyRequested;
    let request = CancelAgreement {
        reason,
        narrative: None,
    };
    client(url)
        .cancel_agreement("AGR-1", &request)
        .await
        .unwrap();
    let request = served.await.unwrap();
    assert_eq!(request.body, r#"{"reason":"initiating_party_requested"}"#);
    let path = "post /v1/payto/agreements/agr-1/cancellation ";
    assert!(request.head.starts_with(path), "{}", request.head);
}

#[tokio::test]
async fn a_request_that_breaks_a_limit_never_leaves() {
    // Nothing listens here: an attempt to send would end in `NotSent`.
    let (_held, url) = nobody();
    let client = client(url);

    let mut request = collection();
    request.amount = 0;
    let error = client.create_payment(&request).await.unwrap_err();
    assert!(matches!(&error, CallError::InvalidRequest(wrong) if wrong[0].field == "amount"));
    assert_eq!(error.certainty(), Certainty::NotSent);

    for uid in ["", ".", "..", "a/../b", "a?b"] {
        let error = client.payment(uid).await.unwrap_err();
        assert!(
            matches!(error, CallError::InvalidRequest(_)),
            "{uid}: {error:?}"
        );
        let error = client.retry_payment(uid).await.unwrap_err();
        assert!(
            matches!(error, CallError::InvalidRequest(_)),
            "{uid}: {error:?}"
        );
    }
}
