//! The binary, run as a person or a script runs it.

use std::process::{Command, Output};

use tempfile::TempDir;

/// Runs it in an empty directory with an empty environment.
fn paydown(arguments: &str, variables: &[(&str, &str)]) -> Output {
    let directory = TempDir::new().expect("a directory");
    let mut command = Command::new(env!("CARGO_BIN_EXE_paydown"));
    command
        .args(arguments.split(' '))
        .current_dir(directory.path())
        .env_clear();
    command
        .envs(variables.iter().copied())
        .output()
        .expect("it runs")
}

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn windows_are_printed_as_json_for_scripts() {
    let arguments = "windows --start 2026-01-31 --frequency monthly --periods 24 --json";
    let output = paydown(arguments, &[]);

    let first = concat!(
        r#"[{"index":0,"first_date":"2026-01-31","last_date":"2026-02-28","#,
        r#""opens_at":"2026-01-30T13:00:00Z","closes_at":"2026-02-28T13:00:00Z"},"#,
    );
    assert!(stdout(&output).starts_with(first), "{}", stdout(&output));
    let periods: Vec<serde_json::Value> = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(periods.len(), 24);
}

#[test]
fn windows_are_printed_as_an_aligned_table_of_12_for_people() {
    let output = paydown("windows --start 2026-01-31 --frequency monthly", &[]);
    let text = stdout(&output);

    let column = |line: &str, word: &str| line.find(word).expect("a column");
    let mut lines = text.lines();
    let (header, first) = (
        lines.next().expect("a header"),
        lines.next().expect("a period"),
    );
    assert_eq!(
        column(header, "LAST DATE"),
        column(first, "2026-02-28"),
        "{text}"
    );
    assert_eq!(text.lines().count(), 13, "{text}");
}

#[test]
fn a_wrong_argument_ends_with_2_and_a_wrong_configuration_with_1() {
    let wrong = paydown("windows --start 2026-01-31 --frequency montly", &[]);
    assert_eq!(wrong.status.code(), Some(2), "{}", stderr(&wrong));

    let wrong = paydown("config show", &[("PAYDOWN_WORKER__LEAS_MS", "1")]);
    assert_eq!(wrong.status.code(), Some(1), "{}", stderr(&wrong));
    assert!(
        stderr(&wrong).contains("PAYDOWN_WORKER__LEASE_MS"),
        "{}",
        stderr(&wrong)
    );
}

#[test]
fn config_show_tells_values_and_origins_and_no_secret() {
    let variables = [
        ("PAYDOWN_PROVIDER__TOKEN", "canary"),
        ("DATABASE_URL", "postgres://user:canary@host/database"),
        ("PAYDOWN_WORKER__BATCH_MAX", "77"),
    ];
    let output = paydown("config show", &variables);
    let text = stdout(&output);

    assert!(output.status.success(), "{}", stderr(&output));
    let line = |key: &str| {
        text.lines()
            .find(|line| line.starts_with(key))
            .expect("the key")
    };
    let batch = line("worker.batch_max");
    assert!(
        batch.contains("77") && batch.contains("PAYDOWN_WORKER__BATCH_MAX"),
        "{batch}"
    );
    assert!(line("database.url").contains("DATABASE_URL"));
    assert!(
        !text.contains("canary") && !stderr(&output).contains("canary"),
        "{text}"
    );
}

#[test]
fn config_keys_lists_every_key_whatever_the_environment_says() {
    let output = paydown("config keys", &[("PAYDOWN_WORKER__LEAS_MS", "1")]);
    let text = stdout(&output);
    for key in paydown::config::keys::KEYS {
        assert!(
            text.lines().any(|line| line.starts_with(key.path)),
            "{}",
            key.path
        );
    }
}

#[test]
fn a_configuration_that_is_not_there_is_told_once() {
    let told = stderr(&paydown("--config nope.toml config show", &[]));
    assert_eq!(told.matches("No such file").count(), 1, "{told}");
    assert!(told.contains("nope.toml"), "{told}");
}

#[test]
fn an_api_keys_name_is_refused_before_any_database_is_asked() {
    for name in ["--name=", "--name=a\nb"] {
        let output = paydown(&format!("keys create {name}"), &[]);
        let told = stderr(&output);
        assert_eq!(output.status.code(), Some(2), "{told}");
        assert!(told.contains("1 to 100 characters"), "{told}");
    }
}

#[test]
fn generated_keys_are_told_on_stdout_alone() {
    let output = paydown("keys generate", &[]);
    assert!(
        stdout(&output).starts_with("[keys]\nuid_key = \""),
        "{}",
        stdout(&output)
    );
    assert_eq!(stderr(&output), "");
}

#[test]
fn no_postgres_is_told_with_the_install_line_of_each_system() {
    let directory = TempDir::new().expect("a directory");
    let given = [("PG_BIN_DIR", directory.path().to_str().expect("text"))];
    let output = paydown("postgres start", &given);
    let told = stderr(&output);

    assert_eq!(output.status.code(), Some(1), "{told}");
    for word in ["apt-get", "dnf", "pacman", "apk", "brew", "PG_BIN_DIR"] {
        assert!(told.contains(word), "{told}");
    }
}

#[test]
fn the_doctor_tells_the_time_zone_data_and_no_secret() {
    let variables = [("PAYDOWN_PROVIDER__TOKEN", "canary")];
    let output = paydown("doctor --json", &variables);
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");

    assert_eq!(report["time_zone_data"], domain::date::TIME_ZONE_DATA);
    assert_eq!(report["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(report["well"], output.status.success());
    assert!(!stdout(&output).contains("canary"), "{}", stdout(&output));
}

#[test]
fn the_doctor_ends_with_1_when_the_configuration_is_wrong() {
    let output = paydown("doctor", &[("PAYDOWN_WORKER__LEAS_MS", "1")]);

    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("BAD"), "{}", stdout(&output));
}

#[test]
fn a_schedule_is_judged_by_its_answer_and_by_the_exit_code() {
    let directory = TempDir::new().expect("a directory");
    let file = directory.path().join("plan.json");
    let judged = |plan: &str| {
        std::fs::write(&file, plan).expect("written");
        paydown(&format!("fit --json --file {}", file.display()), &[])
    };
    let plan = |second: &str| {
        format!(
            r#"{{"terms":{{"type":"fixed","frequency":"monthly","amount":1}},
            "validity_start_date":"2026-01-31","instalments":[
            {{"due_date":"2026-01-31","amount":1}},{{"due_date":"{second}","amount":1}}]}}"#
        )
    };

    let fits = judged(&plan("2026-03-01"));
    assert_eq!(fits.status.code(), Some(0), "{}", stderr(&fits));
    assert!(
        stdout(&fits).starts_with(r#"{"fits":true,"terms":{"#),
        "{}",
        stdout(&fits)
    );
    let found = judged(&plan("2026-02-28"));
    assert_eq!(found.status.code(), Some(1), "{}", stderr(&found));
    let start = r#"{"fits":false,"counter_example":{"instalment":2,"due_date":"2026-02-28","#;
    assert!(stdout(&found).starts_with(start), "{}", stdout(&found));
    let wrong = judged(&plan("2026-02-30"));
    assert_eq!(wrong.status.code(), Some(2), "{}", stdout(&wrong));
    let told = stderr(&wrong);
    assert!(
        told.contains("/instalments/1/due_date (not_a_date)"),
        "{told}"
    );
}
