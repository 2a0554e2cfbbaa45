//! Every refusal Oligo's schemas know is produced by what it stands for, or else only on order.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::rig::{Answer, Rig, adhoc, agreement, codes, payment};

/// One call on the way to a refusal.
enum Step {
    Post(&'static str, Value),
    Put(&'static str, Value),
    Pass(i64),
}

use Step::{Pass, Post, Put};

/// A code, what leads to it, and the body of the call that is refused with it.
type Row = (&'static str, Vec<Step>, Value);

/// The day's end of the clock's first date is 14 hours away.
const A_DAY: i64 = 86_400;

async fn walk(rig: &Rig, steps: Vec<Step>) {
    for step in steps {
        let (status, answer) = match step {
            Post(path, body) => rig.post(path, body).await,
            Put(path, body) => rig.put(path, body).await,
            Pass(seconds) => {
                rig.pass(seconds).await;
                continue;
            }
        };
        assert!((200..300).contains(&status), "{status} {answer}");
    }
}

/// `body` with the values of `change` in place of its own, at any depth.
fn with(mut body: Value, change: Value) -> Value {
    let Value::Object(change) = change else {
        return change;
    };
    for (key, value) in change {
        let old = body[&key].take();
        body[&key] = if value.is_object() && old.is_object() {
            with(old, value)
        } else {
            value
        };
    }
    body
}

fn settings(change: Value) -> Step {
    Put("/sandbox/settings", change)
}

fn creditor(kind: &str, value: &str) -> Step {
    settings(json!({"creditor": {
        "party_name": "Sandbox Lender",
        "ultimate_party_name": "Sandbox Lender",
        "account_identifier": {"type": kind, "value": value},
    }}))
}

fn nobody_at(value: &str) -> Step {
    let account = json!({"type": "alias_email", "value": value});
    Post(
        "/sandbox/payers",
        json!({"account": account, "display_name": null}),
    )
}

fn addressing_down() -> Step {
    Put("/sandbox/outages", json!({"addressing_down": true}))
}

fn alias() -> Value {
    json!({"debtor": {"account_identifier": {"type": "alias_email", "value": "robin@example.com"}}})
}

/// An agreement `A1` that is active.
fn active(terms: Value, change: Value) -> Vec<Step> {
    let script = json!({"sandbox": {"simulate": "debtor_accept"}});
    let body = with(with(agreement("A1", terms), change), script);
    vec![Post("/v1/payto/agreements", body), Pass(2)]
}

fn and(mut steps: Vec<Step>, more: impl IntoIterator<Item = Step>) -> Vec<Step> {
    steps.extend(more);
    steps
}

/// Every refusal of an operation, each in a sandbox of its own.
async fn refuse_all(operation: &str, path: &str, rows: Vec<Row>, only_on_order: &[(&str, &str)]) {
    let mut met = BTreeSet::new();
    for (code, steps, body) in rows {
        let rig = Rig::start().await;
        walk(&rig, steps).await;
        let answer = rig.post(path, body).await;
        assert_refused(&answer, code);
        met.insert(code.to_owned());
    }
    for (code, why) in only_on_order {
        let rig = Rig::start().await;
        let order = json!({"operation": operation, "code": code});
        walk(&rig, vec![Post("/sandbox/refusals", order)]).await;
        assert_refused(&rig.post(path, json!({})).await, code);
        assert!(met.insert((*code).to_owned()), "{code} can be met: {why}");
    }
    let (_, known) = Rig::start().await.get("/sandbox/codes").await;
    let known = known["refusals"][operation].as_array().unwrap();
    let known: BTreeSet<String> = known
        .iter()
        .map(|code| code.as_str().unwrap().to_owned())
        .collect();
    assert_eq!(met, known, "{operation}");
}

fn assert_refused(answer: &Answer, code: &str) {
    let status = if code == "ZPADD98" { 503 } else { 422 };
    assert_eq!(answer.0, status, "{code}: {}", answer.1);
    assert!(codes(answer).contains(&code), "{code}: {}", answer.1);
}

/// A row whose refused call is an agreement with `change`.
fn proposal(code: &'static str, steps: Vec<Step>, change: Value) -> Row {
    (code, steps, with(agreement("A1", adhoc()), change))
}

fn at_account(value: &str) -> Value {
    json!({"debtor": {"account_identifier": {"value": value}}})
}

fn date_rows() -> Vec<Row> {
    let terms = |first: &str, last: &str| json!({"payment_terms": {"first_payment_date": first, "last_payment_date": last}});
    vec![
        proposal(
            "ZPAGR02",
            vec![],
            json!({"resolution_requested_before": "2026-06-06T00:00:01Z"}),
        ),
        proposal(
            "ZPAGR03",
            vec![],
            json!({"resolution_requested_before": "2026-05-31T00:00:00Z"}),
        ),
        proposal(
            "ZPAGR04",
            vec![],
            json!({"validity_start_date": "2026-05-31"}),
        ),
        proposal(
            "ZPAGR06",
            vec![],
            json!({"validity_start_date": "2026-06-03", "validity_end_date": "2026-06-02"}),
        ),
        proposal(
            "ZPAGR07",
            vec![],
            with(
                terms("2026-06-02", "2026-06-09"),
                json!({"validity_start_date": "2026-06-03"}),
            ),
        ),
        proposal(
            "ZPAGR08",
            vec![],
            json!({"validity_end_date": "2026-05-31"}),
        ),
        proposal("ZPAGR09", vec![], terms("2026-05-31", "2026-06-09")),
        proposal("ZPAGR10", vec![], terms("2026-06-09", "2026-06-02")),
        proposal("ZPAGR11", vec![], terms("2026-05-30", "2026-05-31")),
    ]
}

#[tokio::test]
async fn every_refusal_of_an_agreement_can_be_met() {
    let taken = || Post("/v1/payto/agreements", agreement("A1", adhoc()));
    let attempts = (0..6)
        .map(|n| Post("/v1/payto/agreements", agreement(&format!("B{n}"), adhoc())))
        .collect();
    let mut rows = vec![
        proposal("ZPUNP00", vec![], json!({"purpose": "fun"})),
        proposal("ZPUNP01", vec![], at_account("100001-123")),
        proposal("ZPUNP02", vec![creditor("bban", "100002-123")], json!({})),
        proposal("ZPUNP03", vec![creditor("bban", "123456-000")], json!({})),
        proposal(
            "ZPUNP04",
            vec![creditor("bban", "123456-999999999")],
            json!({}),
        ),
        proposal("ZPUNP05", vec![creditor("bban", "100000-123")], json!({})),
        proposal("ZPUNP06", vec![addressing_down()], alias()),
        proposal("ZPUNP07", vec![nobody_at("robin@example.com")], alias()),
        proposal(
            "ZPUNP08",
            vec![
                nobody_at("us@example.com"),
                creditor("alias_email", "us@example.com"),
            ],
            json!({}),
        ),
        proposal(
            "ZPUNP09",
            vec![settings(json!({"alias_resolution_enabled": false}))],
            alias(),
        ),
        proposal("ZPAGR00", vec![taken()], json!({})),
        proposal(
            "ZPAGR01",
            vec![settings(json!({"abn_configured": false}))],
            json!({}),
        ),
        proposal("ZPAGR12", vec![], at_account("062000-000")),
        proposal("ZPAGR13", vec![], at_account("062000-999999999")),
        proposal("ZPAGR14", vec![], at_account("100000-123")),
        proposal("ZPAGR15", attempts, json!({})),
        proposal(
            "ZPAGR16",
            vec![settings(json!({"agreements_per_day": 0}))],
            json!({}),
        ),
        proposal("ZPAGR17", vec![], json!({"cancel_if_unresolved": true})),
    ];
    rows.extend(date_rows());
    let only_on_order = [(
        "ZPAGR05",
        "a start date changes by an amendment, which Oligo has not",
    )];
    refuse_all(
        "create_agreement",
        "/v1/payto/agreements",
        rows,
        &only_on_order,
    )
    .await;
}

/// A row whose refused call is a payment of 100 cents with `change`.
fn pay(code: &'static str, steps: Vec<Step>, change: Value) -> Row {
    (code, steps, with(payment("P1", "A1", 100), change))
}

fn moved_to(value: &str) -> Step {
    let account = json!({"type": "bban", "value": value});
    Post(
        "/sandbox/agreements/A1/account",
        json!({"account": account}),
    )
}

fn renamed(name: &str, ultimate: &str, value: &str) -> Step {
    settings(json!({"creditor": {
        "party_name": name,
        "ultimate_party_name": ultimate,
        "account_identifier": {"type": "bban", "value": value},
    }}))
}

/// The refusals of the accounts on both sides, after `first`.
fn account_rows(
    first: fn(Value) -> Vec<Step>,
    call: fn(&'static str, Vec<Step>) -> Row,
) -> Vec<Row> {
    let after = |more: Vec<Step>| and(first(json!({})), more);
    vec![
        call("ZPUNP01", after(vec![moved_to("100001-123")])),
        call("ZPUNP02", after(vec![creditor("bban", "100002-123")])),
        call("ZPUNP03", after(vec![creditor("bban", "123456-000")])),
        call("ZPUNP04", after(vec![creditor("bban", "123456-999999999")])),
        call("ZPUNP05", after(vec![creditor("bban", "100000-123")])),
        call("ZPUNP06", and(first(alias()), [addressing_down()])),
        call(
            "ZPUNP07",
            and(first(alias()), [nobody_at("robin@example.com")]),
        ),
        call(
            "ZPUNP08",
            after(vec![
                nobody_at("us@example.com"),
                creditor("alias_email", "us@example.com"),
            ]),
        ),
        call(
            "ZPUNP09",
            and(
                first(alias()),
                [settings(json!({"alias_resolution_enabled": false}))],
            ),
        ),
    ]
}

fn term_rows() -> Vec<Row> {
    let balloon = |more: Value| {
        let terms = json!({"type": "balloon", "frequency": "adhoc", "amount": 200});
        active(with(terms, more), json!({}))
    };
    let dated = |first: &str, last: &str| {
        let dates = json!({"first_payment_date": first, "last_payment_date": last});
        active(with(adhoc(), dates), json!({}))
    };
    let plain = || active(adhoc(), json!({}));
    let last = json!({"last_payment": true});
    let fixed = json!({"type": "fixed", "frequency": "adhoc", "amount": 200});
    let once = json!({"type": "variable", "frequency": "adhoc", "count": 1});
    let last_taken = Post(
        "/v1/payto/payments",
        with(payment("P0", "A1", 200), last.clone()),
    );
    vec![
        pay(
            "ZPPAY07",
            and(
                active(adhoc(), json!({"validity_end_date": "2026-06-01"})),
                [Pass(A_DAY)],
            ),
            json!({}),
        ),
        pay(
            "ZPPAY08",
            active(adhoc(), json!({"validity_start_date": "2026-06-02"})),
            json!({}),
        ),
        pay("ZPPAY09", balloon(json!({})), json!({})),
        pay("ZPPAY10", plain(), last.clone()),
        pay("ZPPAY12", plain(), json!({"amount": 65_001})),
        pay(
            "ZPPAY13",
            and(dated("2026-06-01", "2026-06-01"), [Pass(A_DAY)]),
            json!({}),
        ),
        pay("ZPPAY14", dated("2026-06-02", "2026-06-09"), json!({})),
        pay("ZPPAY15", active(fixed, json!({})), json!({})),
        pay(
            "ZPPAY17",
            and(
                active(once, json!({})),
                [Post("/v1/payto/payments", payment("P0", "A1", 100))],
            ),
            json!({}),
        ),
        pay(
            "ZPPAY18",
            balloon(json!({"first_payment_amount": 300})),
            json!({"last_payment": false}),
        ),
        pay(
            "ZPPAY19",
            balloon(json!({"last_payment_amount": 300})),
            last.clone(),
        ),
        pay(
            "ZPPAY20",
            balloon(json!({"last_payment_date": "2026-06-09"})),
            last,
        ),
        pay(
            "ZPPAY21",
            and(balloon(json!({})), [last_taken]),
            json!({"last_payment": false}),
        ),
        pay("ZPPAY22", vec![], json!({})),
    ]
}

#[tokio::test]
async fn every_refusal_of_a_payment_can_be_met() {
    let first = |change| active(adhoc(), change);
    let plain = || active(adhoc(), json!({}));
    let (name, number) = ("Sandbox Lender", "123456-98765432");
    let suspended = Post(
        "/sandbox/agreements/A1/decision",
        json!({"decision": "suspend"}),
    );
    let taken = Post("/v1/payto/payments", payment("P1", "A1", 100));
    let after = |more| and(plain(), [more]);
    let mut rows = vec![
        pay("ZPUNP00", plain(), json!({"amount": 0})),
        pay("ZPPAY00", after(taken), json!({})),
        pay(
            "ZPPAY01",
            after(settings(json!({"payments_per_day_cents": 99}))),
            json!({}),
        ),
        pay(
            "ZPPAY02",
            after(settings(json!({"payment_max_cents": 99}))),
            json!({}),
        ),
        pay("ZPPAY03", after(suspended), json!({})),
        pay("ZPPAY04", after(renamed("Other", name, number)), json!({})),
        pay("ZPPAY05", after(renamed(name, "Other", number)), json!({})),
        pay("ZPPAY06", after(renamed(name, name, "123456-1")), json!({})),
        pay(
            "ZPPAY11",
            after(settings(json!({"creditor": null}))),
            json!({}),
        ),
    ];
    rows.extend(account_rows(first, |code, steps| {
        pay(code, steps, json!({}))
    }));
    rows.extend(term_rows());
    let only_on_order = [
        (
            "ZPPAY16",
            "no rule of Oligo's says when a payment's time is wrong",
        ),
        (
            "ZPPAY23",
            "a payment names no debtor account that could differ",
        ),
        ("ZPPAY24", "it is documented as a failure that comes later"),
    ];
    refuse_all("create_payment", "/v1/payto/payments", rows, &only_on_order).await;
}

/// A failed payment `P1` of an active agreement `A1`.
fn failed(change: Value) -> Vec<Step> {
    let script = json!({"sandbox": {"simulate": "insufficient_funds", "delay": 0}});
    let body = with(payment("P1", "A1", 100), script);
    let made = [Post("/v1/payto/payments", body), Pass(1)];
    and(active(adhoc(), change), made)
}

fn retried(times: usize, pause: i64) -> Vec<Step> {
    let body = json!({"sandbox": {"simulate": "insufficient_funds", "delay": 0}});
    let each = |_| {
        [
            Post("/v1/payto/payments/P1/retry", body.clone()),
            Pass(pause),
        ]
    };
    (0..times).flat_map(each).collect()
}

#[tokio::test]
async fn every_refusal_of_a_retry_can_be_met() {
    let call = |code, steps| -> Row { (code, steps, json!({})) };
    let settled = Post("/sandbox/payments/P1/outcome", json!({"outcome": "settle"}));
    let ending_today = || failed(json!({"validity_end_date": "2026-06-01"}));
    let mut rows = account_rows(failed, call);
    rows.extend([
        (
            "ZPUNP00",
            failed(json!({})),
            json!({"sandbox": {"simulate": "nothing"}}),
        ),
        call("ZPPRY00", and(failed(json!({})), [settled])),
        call("ZPPRY01", and(failed(json!({})), retried(10, A_DAY))),
        call("ZPPRY02", and(ending_today(), [Pass(A_DAY)])),
        call("ZPPRY03", and(failed(json!({})), retried(4, 1))),
        call("ZPPRY04", and(ending_today(), retried(4, 1))),
    ]);
    let only_on_order = [
        ("ZPPRY05", "Oligo has no refunds"),
        ("ZPREF06", "Oligo has no refunds"),
    ];
    refuse_all(
        "retry_payment",
        "/v1/payto/payments/P1/retry",
        rows,
        &only_on_order,
    )
    .await;
}

#[tokio::test]
async fn every_refusal_of_a_cancellation_can_be_met() {
    let body = json!({"reason": "initiating_party_requested"});
    let path = "/v1/payto/agreements/A1/cancellation";
    let cancelled = |pause| {
        let steps = [Post(path, body.clone()), Pass(pause)];
        and(active(adhoc(), json!({})), steps)
    };
    let rows = vec![
        ("ZPCAN00", cancelled(2), body.clone()),
        ("ZPCAN01", cancelled(0), body.clone()),
    ];
    refuse_all("cancel_agreement", path, rows, &[]).await;
}

#[tokio::test]
async fn every_refusal_of_an_alias_resolution_can_be_met() {
    let body = |change| {
        let whole = json!({
            "type": "alias_email",
            "value": "robin@example.com",
            "requester": {"id": "user-1", "remote_ip": "192.0.2.1"},
        });
        with(whole, change)
    };
    let limit = |name: &str| vec![settings(json!({name: 0}))];
    let rows = vec![
        ("ZPUNP00", vec![], body(json!({"value": "Robin"}))),
        (
            "ZPUNP09",
            vec![settings(json!({"alias_resolution_enabled": false}))],
            body(json!({})),
        ),
        (
            "ZPADD01",
            vec![nobody_at("robin@example.com")],
            body(json!({})),
        ),
        ("ZPADD02", limit("lookups_per_day"), body(json!({}))),
        ("ZPADD03", limit("lookups_per_remote_ip"), body(json!({}))),
        ("ZPADD04", limit("lookups_per_requester"), body(json!({}))),
        ("ZPADD98", vec![addressing_down()], body(json!({}))),
    ];
    refuse_all("resolve_alias", "/v1/payto/alias_resolution", rows, &[]).await;
}

#[tokio::test]
async fn an_ordered_refusal_strikes_as_often_as_ordered_and_changes_nothing() {
    let rig = Rig::start().await;
    let order = json!({"operation": "create_agreement", "status": 403, "times": 2});
    walk(&rig, vec![Post("/sandbox/refusals", order)]).await;
    for expected in [403, 403, 201] {
        assert_eq!(rig.propose(agreement("A1", adhoc())).await.0, expected);
    }
    let refusals = rig.ledger().await["refusals"].clone();
    assert_eq!(refusals.as_array().unwrap().len(), 2);
    assert_eq!(refusals[0]["status"], 403);
    let wrong = json!({"operation": "cancel_agreement", "code": "ZPPAY17"});
    assert_eq!(rig.post("/sandbox/refusals", wrong).await.0, 422);
}
