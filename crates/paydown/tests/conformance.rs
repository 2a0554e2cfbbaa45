//! `paydown conformance`: that the sandbox is what it says, and that whoever is not is found out.

use std::process::Output;
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use sandbox::{Decision, Sandbox, SandboxConfig};
use serde_json::{Value, json};
use tokio::net::{TcpListener, TcpSocket};
use tokio::process::Command;
use tokio_util::sync::{CancellationToken, DropGuard};

/// Noon in Sydney.
const START: &str = "2026-06-01T02:00:00Z";
const TODAY: &str = "2026-06-01";
const TOKEN: &str = "canary-token";

/// A sandbox whose clock stands at [`START`] until it is let go.
struct Bank {
    sandbox: Sandbox,
    base: String,
    http: reqwest::Client,
    stop: DropGuard,
}

impl Bank {
    async fn open() -> Bank {
        let start: DateTime<Utc> = START.parse().expect("an instant");
        let sandbox = Sandbox::new(SandboxConfig {
            start_at: Some(start),
            payers: Decision::Approve,
            ..SandboxConfig::new(TOKEN)
        })
        .expect("a sandbox");
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
        let base = format!("http://{}", listener.local_addr().expect("an address"));
        let stop = CancellationToken::new();
        let stopped = stop.clone().cancelled_owned();
        tokio::spawn(sandbox.clone().serve(listener, stopped));
        let http = reqwest::Client::builder().no_proxy().build();
        Bank {
            sandbox,
            base,
            http: http.expect("a client"),
            stop: stop.drop_guard(),
        }
    }

    /// Lets a second of the bank pass every few milliseconds.
    fn let_go(&self) {
        let (sandbox, _alive) = (self.sandbox.clone(), &self.stop);
        tokio::spawn(async move {
            let second = TimeDelta::seconds(1);
            loop {
                let next = sandbox.now() + second;
                let moved = sandbox.move_clock(Some(next), Some(false)).await;
                moved.expect("forward");
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        });
    }

    async fn order(&self, method: reqwest::Method, path: &str, body: Value) {
        let url = format!("{}/sandbox{path}", self.base);
        let answer = self.http.request(method, url).json(&body).send().await;
        let status = answer.expect("an answer").status();
        assert!(status.is_success(), "{status}");
    }

    async fn get(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.base);
        let answer = self.http.get(url).bearer_auth(TOKEN).send().await;
        answer.expect("an answer").json().await.expect("JSON")
    }

    async fn hold(&self, arguments: &str) -> Output {
        let base_url = format!("{}/v1", self.base);
        let arguments = format!("--json --base-url {base_url} --today {TODAY} {arguments}");
        conformance(&arguments, &[("PAYDOWN_CONFORMANCE_TOKEN", TOKEN)]).await
    }
}

async fn conformance(arguments: &str, variables: &[(&str, &str)]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_paydown"));
    command
        .arg("conformance")
        .args(arguments.split_whitespace());
    command.env_clear().envs(variables.iter().copied());
    let output = command.output().await.expect("it runs");
    for told in [&output.stdout, &output.stderr] {
        assert!(!text(told).contains("canary"), "the token is told");
    }
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// The report, and the code the process ended with.
fn report(output: &Output) -> (Value, Option<i32>) {
    let told = serde_json::from_slice(&output.stdout);
    (
        told.unwrap_or_else(|_| panic!("{}", text(&output.stderr))),
        output.status.code(),
    )
}

fn case<'a>(report: &'a Value, id: &str) -> &'a Value {
    let cases = report["cases"].as_array().expect("cases");
    let mut found = cases.iter().filter(|case| case["id"] == id);
    found
        .next()
        .unwrap_or_else(|| panic!("no {id} in {report}"))
}

#[tokio::test]
async fn the_sandbox_conforms_in_every_case_and_is_left_without_a_live_agreement() {
    let bank = Bank::open().await;
    bank.let_go();
    let (report, code) = report(&bank.hold("").await);

    let cases = report["cases"].as_array().expect("cases");
    let others: Vec<&Value> = cases
        .iter()
        .filter(|case| case["verdict"] != "conforms")
        .collect();
    assert!(others.is_empty(), "{others:#?}");
    assert_eq!((code, &report["conforms"]), (Some(0), &json!(true)));
    assert_eq!(report["conforming"], json!(cases.len()));
    assert!(200 < cases.len(), "{}", cases.len());
    assert_eq!(report["left_behind"], json!([]));

    let later = bank.sandbox.now() + TimeDelta::seconds(10);
    while bank.sandbox.now() < later {
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let alive = "/v1/payto/agreements?state=pending,created,active,suspended";
    assert_eq!(bank.get(alive).await["data"], json!([]));
    let all = bank.get("/v1/payto/agreements").await;
    assert_ne!(all["data"], json!([]), "none was made");
}

#[tokio::test]
async fn without_an_address_a_sandbox_of_its_own_is_held_to_the_cases() {
    let output = conformance("--only pay_investigated_failed_at_last", &[]).await;
    let told = text(&output.stdout);
    assert_eq!(
        output.status.code(),
        Some(0),
        "{told}{}",
        text(&output.stderr)
    );
    let fails = "✓ pay_investigated_failed_at_last: A payment fails after an investigation";
    assert!(told.contains(fails), "{told}");
    assert!(
        told.contains("4 conform, 0 differ, 0 differ (inferred), 0 skipped"),
        "{told}"
    );
}

#[tokio::test]
async fn a_provider_that_answers_otherwise_is_told_with_what_was_expected_and_what_came() {
    let bank = Bank::open().await;
    bank.let_go();
    let refusal = json!({"operation": "create_payment", "code": "ZPPAY02"});
    bank.order(reqwest::Method::POST, "/refusals", refusal)
        .await;
    let (report, code) = report(&bank.hold("--only pay_settled").await);

    assert_eq!(code, Some(1));
    let refused = case(&report, "pay");
    assert_eq!(refused["verdict"], "differs");
    assert_eq!(refused["name"], "A payment is taken as created");
    let difference =
        json!({"at": "status", "expected": "201", "actual": "422 ZPPAY02", "grade": "must"});
    assert_eq!(refused["differences"], json!([difference]));
    let skipped = case(&report, "pay_settled");
    assert_eq!(skipped["verdict"], "skipped");
    assert_eq!(skipped["reason"], "pay, which it needs, did not come about");
    let counts = ["conforming", "differing", "skipped"].map(|count| report[count].clone());
    assert_eq!(counts, [json!(2), json!(1), json!(1)]);
}

#[tokio::test]
async fn a_person_reads_what_differs_in_a_table() {
    let bank = Bank::open().await;
    bank.let_go();
    let refusal = json!({"operation": "show_payment", "status": 403});
    bank.order(reqwest::Method::POST, "/refusals", refusal)
        .await;
    let base_url = format!("{}/v1", bank.base);
    let arguments = format!("--base-url {base_url} --token-env ANY --only payment_unknown");
    let output = conformance(&arguments, &[("ANY", TOKEN)]).await;
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("≠ payment_unknown: A payment nobody made is not found"),
        "{told}"
    );
    let row = told
        .lines()
        .find(|line| line.starts_with("payment_unknown "));
    let row = row.unwrap_or_else(|| panic!("no row: {told}"));
    let words: Vec<&str> = row.split_whitespace().take(5).collect();
    assert_eq!(
        words,
        ["payment_unknown", "differs", "status", "404", "403"]
    );
}

#[tokio::test]
async fn a_difference_from_what_is_only_inferred_is_told_and_fails_nothing() {
    let bank = Bank::open().await;
    let settings = json!({"alias_resolution_enabled": false});
    bank.order(reqwest::Method::PUT, "/settings", settings)
        .await;
    let (report, code) = report(&bank.hold("--only alias_known").await);

    let known = case(&report, "alias_known");
    assert_eq!(known["verdict"], "differs_inferred");
    assert_eq!(known["differences"][0]["actual"], "422 ZPUNP09");
    assert_eq!((code, &report["conforms"]), (Some(0), &json!(true)));
    assert_eq!(report["differing_inferred"], 1);
}

#[tokio::test]
async fn a_state_that_does_not_come_about_is_told_with_the_one_that_stays() {
    let bank = Bank::open().await;
    let (report, code) = report(&bank.hold("--only fixed_active --timeout 0").await);

    let active = case(&report, "fixed_active");
    let expected = json!([{"at": "/data/state", "expected": "\"active\" within 0 s",
                           "actual": "\"pending\"", "grade": "must"}]);
    assert_eq!(active["differences"], expected);
    assert_eq!(code, Some(1));
}

#[tokio::test]
async fn an_answer_that_is_no_json_is_told_with_its_length_and_not_its_text() {
    let bank = Bank::open().await;
    bank.order(reqwest::Method::PUT, "/faults", json!({"garbage": 100}))
        .await;
    let (report, code) = report(&bank.hold("--only payments_of_nobody").await);

    // That nobody's list is empty is inferred; that a list is JSON is not.
    let garbled = case(&report, "payments_of_nobody");
    let difference = &garbled["differences"][0];
    let (at, expected) = (&difference["at"], &difference["expected"]);
    assert_eq!((at, expected), (&json!("body"), &json!("JSON")));
    let came = difference["actual"].as_str().expect("a text");
    assert!(came.ends_with("bytes that are no JSON"), "{came}");
    assert_eq!((code, &garbled["verdict"]), (Some(1), &json!("differs")));
}

#[tokio::test]
async fn whoever_cannot_be_asked_gets_no_verdict() {
    let bank = Bank::open().await;
    let base_url = format!("--base-url {}/v1", bank.base);
    // Kept and not listening: connections to it are refused, and nobody else can take it.
    let away = TcpSocket::new_v4().expect("a socket");
    let any = "127.0.0.1:0".parse().expect("an address");
    away.bind(any).expect("a port");
    let nobody = format!(
        "--base-url http://{}/v1",
        away.local_addr().expect("an address")
    );
    let production = "--base-url https://api-prod.oligo.com.au/v1";
    let ours = [("PAYDOWN_CONFORMANCE_TOKEN", TOKEN)];
    let theirs = [("PAYDOWN_CONFORMANCE_TOKEN", "canary-of-others")];
    type Row<'a> = (&'a str, &'a [(&'a str, &'a str)], &'a str);
    let table: [Row<'_>; 6] = [
        (&base_url, &[], "PAYDOWN_CONFORMANCE_TOKEN holds no token"),
        (&base_url, &theirs, "answers 401 to the token"),
        (&nobody, &ours, "does not answer: no connection"),
        (production, &ours, "--allow-production"),
        ("--base-url nowhere", &ours, "not a plain http or https URL"),
        ("--only nonsense", &ours, "no case has \"nonsense\""),
    ];
    for (arguments, variables, told) in table {
        let output = conformance(arguments, variables).await;
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{arguments}: {error}");
        assert!(error.contains(told), "{arguments}: {error}");
    }
}

#[tokio::test]
async fn the_cases_are_listed_without_asking_anybody() {
    let nobody = [("PAYDOWN_CONFORMANCE_BASE_URL", "http://127.0.0.1:1/v1")];
    let output = conformance("--list --only retry_payment", &nobody).await;
    let told = text(&output.stdout);
    assert_eq!(output.status.code(), Some(0), "{told}");
    assert!(
        told.lines()
            .any(|line| line.contains("ZPPRY03") && line.contains("said")),
        "{told}"
    );
    assert!(!told.contains("alias_unknown"), "{told}");
}
