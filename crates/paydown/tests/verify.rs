//! `paydown verify` as a process: what it says of books that agree, and of books that do not.

use std::process::{Command, Output};

use paydown::local_postgres::testing::TestDatabase;
use serde_json::{Value, json};
use store::{DataKey, Store};
use tempfile::TempDir;

const PAYDOWN: &str = env!("CARGO_BIN_EXE_paydown");

/// An empty database, and a place for a ledger.
struct Books {
    database: TestDatabase,
    dir: TempDir,
}

impl Books {
    async fn empty() -> Books {
        let migrate = async |_| Ok::<(), String>(());
        let database = TestDatabase::create(b"nothing", migrate).await;
        let database = database.expect("made");
        let key = DataKey::new([7; 32]);
        let store = Store::connect(&database.url, 2, &key).await.expect("there");
        store.migrate().await.expect("migrated");
        store.close().await;
        let dir = TempDir::new().expect("a directory");
        Books { database, dir }
    }

    fn verify(&self, ledger: &Value) -> (Output, Value) {
        let kept = self.dir.path().join("ledger.json");
        std::fs::write(&kept, ledger.to_string()).expect("written");
        let output = self.run(&["--ledger", kept.to_str().expect("a path"), "--at-rest"]);
        let told = serde_json::from_slice(&output.stdout).expect("JSON");
        (output, told)
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new(PAYDOWN);
        command
            .current_dir(self.dir.path())
            .env_remove("DATABASE_URL")
            .args(["verify", "--json", "--database-url", &self.database.url])
            .args(arguments);
        command.output().expect("it runs")
    }
}

#[tokio::test]
async fn books_that_agree_are_told_law_by_law_and_others_by_what_is_wrong() {
    let books = Books::empty().await;

    let (output, told) = books.verify(&json!({ "agreements": [], "payments": [] }));
    assert_eq!(
        (output.status.code(), &told["holds"]),
        (Some(0), &json!(true))
    );
    assert_eq!(
        told["laws"].as_array().map(Vec::len),
        Some(verify::LAWS.len())
    );

    let stranger = json!({
        "uid": "stranger", "agreement_uid": "none", "amount": 1, "last_payment": null,
        "state": "settled", "created_at": "2026-01-05T00:00:00Z",
        "submitted_at": ["2026-01-05T00:00:00Z"], "settled_at": "2026-01-05T00:00:03Z",
    });
    let (output, told) = books.verify(&json!({ "agreements": [], "payments": [stranger] }));
    assert_eq!(
        (output.status.code(), &told["holds"]),
        (Some(1), &json!(false))
    );
    let violations = told["violations"].as_array().expect("a list");
    assert_eq!(violations.len(), 1);
    assert_eq!(violations[0]["invariant"], "I3");
    assert_eq!(violations[0]["uids"], json!(["stranger"]));
}

#[tokio::test]
async fn without_a_ledger_nothing_is_said_and_the_exit_code_is_2() {
    let books = Books::empty().await;
    let output = books.run(&[]);
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(2), "{said}");
    assert!(said.contains("--sandbox or --ledger"), "{said}");
}
