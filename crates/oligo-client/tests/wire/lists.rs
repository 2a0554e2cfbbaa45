//! Lists over a real connection: pages are followed, and never to a place they must not lead to.

use std::time::Duration;

use futures::{StreamExt, TryStreamExt};
use oligo_client::{
    AgreementState, CallError, Certainty, JsonProblem, ListAgreements, ListPayments, OligoClient,
    PaymentState, Refunds,
};
use tokio::net::TcpListener;

use crate::stub::{Then, answer, client, config, nobody, serve_each, serve_from};

fn page(uids: &[&str], next: Option<&str>) -> Then {
    let items: Vec<String> = uids
        .iter()
        .map(|uid| format!(r#"{{"uid":"{uid}","state":"settled"}}"#))
        .collect();
    let links = next.map_or("{}".to_owned(), |next| format!(r#"{{"next":"{next}"}}"#));
    let body = format!(r#"{{"links":{links},"data":[{}]}}"#, items.join(","));
    Then::Write(answer(200, &body))
}

/// What a list of payments tells until it ends: uids, and where it could not be read.
async fn told(client: &OligoClient, request: &ListPayments) -> Vec<String> {
    let list = client.list_payments(request).unwrap();
    let told = list.map(|item| match item {
        Ok(payment) => payment.uid,
        Err(CallError::Unreadable { path, source }) => format!("{path}: {source}"),
        Err(error) => error.to_string(),
    });
    told.collect().await
}

#[tokio::test]
async fn a_list_is_followed_over_its_pages_whatever_form_the_links_have() {
    let (url, served) = serve_from(|url| {
        vec![
            page(&["P-1", "P-2"], Some("/payto/payments?starting_after=c-1")),
            page(&["P-3"], Some("/v1/payto/payments?starting_after=c-2")),
            page(
                &[],
                Some(&format!("{url}/payto/payments?starting_after=c-3")),
            ),
            page(&["P-4"], None),
        ]
    })
    .await;
    let request = ListPayments {
        per_page: Some(2),
        states: vec![PaymentState::Settled, PaymentState::Failed],
        agreement_uid: Some("AGR-1".to_owned()),
        refunds: Some(Refunds::Excluded),
        ..ListPayments::default()
    };

    assert_eq!(
        told(&client(url), &request).await,
        ["P-1", "P-2", "P-3", "P-4"]
    );

    let first = "get /v1/payto/payments?per_page=2&state=settled%2cfailed&agreement_uid=agr-1\
                 &refunds=excluded";
    let cursors = [
        "",
        "&starting_after=c-1",
        "&starting_after=c-2",
        "&starting_after=c-3",
    ];
    let requests = served.await.unwrap();
    assert_eq!(requests.len(), cursors.len());
    for (request, cursor) in requests.iter().zip(cursors) {
        let expected = format!("{first}{cursor} http/1.1");
        assert!(request.head.starts_with(&expected), "{}", request.head);
        assert!(
            request.head.contains("authorization: bearer token-1"),
            "{}",
            request.head
        );
    }
}

#[tokio::test]
async fn the_filters_hold_on_every_page_though_the_link_forgets_or_changes_them() {
    let (url, served) = serve_each(vec![
        page(
            &["P-1"],
            Some("/payto/payments?agreement_uid=another&starting_after=c-1"),
        ),
        page(&["P-2"], None),
    ])
    .await;
    let request = ListPayments {
        agreement_uid: Some("AGR-1".to_owned()),
        ..ListPayments::default()
    };
    assert_eq!(told(&client(url), &request).await, ["P-1", "P-2"]);
    let requests = served.await.unwrap();
    let second = "get /v1/payto/payments?agreement_uid=agr-1&starting_after=c-1 ";
    assert!(requests[1].head.starts_with(second), "{}", requests[1].head);
}

#[tokio::test]
async fn a_list_never_goes_on_at_another_server() {
    let elsewhere = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let other = elsewhere.local_addr().unwrap();
    let links = [
        format!("http://{other}/v1/payto/payments?starting_after=c-1"),
        format!("//{other}/v1/payto/payments?starting_after=c-1"),
        "https://127.0.0.1/v1/payto/payments?starting_after=c-1".to_owned(),
    ];
    for link in links {
        let (url, served) = serve_each(vec![page(&["P-1"], Some(&link))]).await;
        let told = told(&client(url), &ListPayments::default()).await;
        assert_eq!(
            told,
            ["P-1", "links.next: leads to another server"],
            "{link}"
        );
        assert_eq!(served.await.unwrap().len(), 1);
    }
    let visit = tokio::time::timeout(Duration::from_millis(1), elsewhere.accept()).await;
    assert!(visit.is_err(), "the token was carried elsewhere");
}

#[tokio::test]
async fn a_list_that_leads_back_to_a_page_read_before_ends_in_an_error() {
    let loops: [&[&str]; 3] = [
        &[
            "/payto/payments?starting_after=c-1",
            "/payto/payments?starting_after=c-1&x=2",
        ],
        &[
            "/payto/payments?starting_after=c-1",
            "/payto/payments?starting_after=c-2",
            "/payto/payments?starting_after=c-1",
        ],
        &["/payto/payments"],
    ];
    for links in loops {
        let pages = links.iter().map(|link| page(&["P"], Some(link))).collect();
        let (url, served) = serve_each(pages).await;
        let told = told(&client(url), &ListPayments::default()).await;
        let (last, before) = told.split_last().unwrap();
        assert_eq!(last, "links.next: leads back to a page read before");
        assert_eq!(before.len(), links.len());
        assert_eq!(served.await.unwrap().len(), links.len());
    }
}

#[tokio::test]
async fn a_page_that_could_not_be_had_is_asked_for_again() {
    let (url, _served) = serve_each(vec![
        page(&["P-1"], Some("/payto/payments?starting_after=c-1")),
        Then::Write(answer(500, "")),
        page(&["P-2"], None),
    ])
    .await;
    let mut pages = client(url).payment_pages(&ListPayments::default()).unwrap();

    assert_eq!(pages.next_page().await.unwrap().unwrap().items.len(), 1);
    let error = pages.next_page().await.unwrap_err();
    assert!(
        matches!(error, CallError::ServerError { status: 500, .. }),
        "{error:?}"
    );
    let page = pages.next_page().await.unwrap().unwrap();

    assert_eq!(page.items[0].as_ref().unwrap().uid, "P-2");
    assert!(pages.next_page().await.unwrap().is_none());
    assert!(pages.next_page().await.unwrap().is_none());
}

#[tokio::test]
async fn an_item_that_cannot_be_read_is_told_and_hides_nothing() {
    let body = concat!(
        r#"{"data":[{"uid":"P-1","state":"settled"},{"uid":"P-2"},"#,
        r#"{"uid":"P-3","status":"settled"}],"links":{"next":null}}"#,
    );
    let (url, _served) = serve_each(vec![Then::Write(answer(200, body))]).await;
    let told = told(&client(url), &ListPayments::default()).await;
    assert_eq!(
        told,
        ["P-1", "data[1]: missing or of the wrong shape", "P-3"]
    );
}

#[tokio::test]
async fn an_answer_that_is_no_list_names_the_field() {
    for (body, expected) in [
        ("<html>", "."),
        (r#"{"links":{}}"#, "."),
        (r#"{"data":{"uid":"P-1","state":"settled"}}"#, "data"),
    ] {
        let (url, _served) = serve_each(vec![Then::Write(answer(200, body))]).await;
        let mut pages = client(url).payment_pages(&ListPayments::default()).unwrap();
        let error = pages.next_page().await.unwrap_err();
        let CallError::Unreadable { path, .. } = error else {
            panic!("{body}: {error:?}")
        };
        assert_eq!(path, expected, "{body}");
    }
    let odd = r#"{"data":[],"links":{"next":7}}"#;
    let (url, _served) = serve_each(vec![Then::Write(answer(200, odd))]).await;
    let mut pages = client(url).payment_pages(&ListPayments::default()).unwrap();
    assert!(pages.next_page().await.unwrap().is_some());
    let error = pages.next_page().await.unwrap_err();
    let wrong = JsonProblem::WrongShape;
    assert!(matches!(error, CallError::Unreadable { source, .. } if source == wrong));
}

#[tokio::test]
async fn a_page_may_be_longer_than_an_answer_and_not_longer_than_its_own_limit() {
    let long = format!(r#"{{"data":[],"more":"{}"}}"#, "x".repeat(100_000));
    let answers = vec![
        Then::Write(answer(200, &long)),
        Then::Write(answer(200, &long)),
    ];
    let (url, _served) = serve_each(answers).await;
    let request = ListAgreements::default();

    let list = client(url.clone()).list_agreements(&request).unwrap();
    assert_eq!(list.try_collect::<Vec<_>>().await.unwrap(), []);

    let mut narrow = config(url);
    narrow.list_bytes_max = 99_999;
    let narrow = OligoClient::new(narrow).unwrap();
    let error = narrow
        .agreement_pages(&request)
        .unwrap()
        .next_page()
        .await
        .unwrap_err();
    assert!(
        matches!(error, CallError::TooLarge { limit: 99_999 }),
        "{error:?}"
    );
}

#[tokio::test]
async fn a_filter_that_breaks_a_limit_never_leaves() {
    let client = client(nobody().await);
    let request = ListAgreements {
        per_page: Some(0),
        states: vec![AgreementState::from("frozen")],
        ..ListAgreements::default()
    };
    let error = client.agreement_pages(&request).unwrap_err();
    assert_eq!(error.certainty(), Certainty::NotSent);
    let CallError::InvalidRequest(problems) = error else {
        panic!("{error:?}")
    };
    let fields: Vec<_> = problems
        .iter()
        .map(|problem| problem.field.as_str())
        .collect();
    assert_eq!(fields, ["per_page", "state"]);
    assert!(client.list_agreements(&request).is_err());
}
