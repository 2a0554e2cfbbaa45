//! What a configuration accepts, refuses and tells.

use std::collections::BTreeMap;
use std::fs;

use secrecy::ExposeSecret;
use tempfile::TempDir;

use super::{ClockSource, Config, ConfigError, Loaded, Problem, Sources, load, text};

fn load_from(file: &str, variables: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let directory = TempDir::new().expect("a directory");
    fs::write(directory.path().join("paydown.toml"), file).expect("written");
    let variables = variables
        .iter()
        .map(|(name, text)| ((*name).into(), (*text).into()));
    load(&Sources {
        file: None,
        directory: directory.path().to_owned(),
        variables: variables.collect::<BTreeMap<_, _>>(),
    })
}

fn problems_of(file: &str, variables: &[(&str, &str)]) -> Vec<Problem> {
    match load_from(file, variables) {
        Err(ConfigError::Invalid(problems)) => problems,
        Err(other) => panic!("another error: {other}"),
        Ok(_) => Vec::new(),
    }
}

#[test]
fn nothing_set_is_a_whole_configuration() {
    let loaded = load(&Sources::default()).expect("defaults obey the rules");
    assert_eq!(loaded.config.worker.batch_max, 250);
    assert!(
        loaded
            .settings()
            .iter()
            .all(|setting| setting.source == "default")
    );
}

#[test]
fn the_environment_overrules_the_file_and_the_file_the_defaults() {
    let file = "[worker]\nlease_ms = 9000\nbatch_max = 10\n";
    let loaded = load_from(file, &[("PAYDOWN_WORKER__BATCH_MAX", "20")]).expect("valid");

    assert_eq!(loaded.config.worker.lease_ms, 9_000);
    assert_eq!(loaded.config.worker.batch_max, 20);
    assert_eq!(loaded.config.worker.poll_ms, 500);
    let source = |path: &str| {
        let settings = loaded.settings();
        settings
            .into_iter()
            .find(|setting| setting.key.path == path)
            .expect("a key")
            .source
    };
    assert_eq!(source("worker.batch_max"), "PAYDOWN_WORKER__BATCH_MAX");
    assert!(source("worker.lease_ms").ends_with("paydown.toml"));
    assert_eq!(source("worker.poll_ms"), "default");
}

#[test]
fn a_misspelt_key_is_refused_and_the_nearest_one_named() {
    let problems = problems_of(
        "[worker]\nleas_ms = 9000\n[datbase]\nurl = 'postgres://h/d'\n[nothing]\n",
        &[
            ("PAYDOWN_COLLECTION__RETRY_MAX", "3"),
            ("PAYDOWN_DATABASE_URL", "postgres://h/d"),
        ],
    );

    let told = |key: &str| {
        &problems
            .iter()
            .find(|problem| problem.key == key)
            .unwrap_or_else(|| panic!("{key}"))
            .rule
    };
    assert!(told("worker.leas_ms").contains("worker.lease_ms"));
    assert!(told("datbase.url").contains("database.url"));
    assert!(told("nothing").contains("is not a key"));
    assert!(told("PAYDOWN_COLLECTION__RETRY_MAX").contains("PAYDOWN_COLLECTION__RETRIES_MAX"));
    assert!(told("PAYDOWN_DATABASE_URL").contains("PAYDOWN_DATABASE__URL"));
    assert_eq!(problems.len(), 5);
}

#[test]
fn every_broken_rule_is_told_at_once_with_its_key() {
    let problems = problems_of(
        "[collection]\nopens_hour = 22\ncloses_hour = 6\n[api]\nlisten = 'everywhere'\n",
        &[
            ("PAYDOWN_WORKER__LEASE_MS", "soon"),
            ("PAYDOWN_KEYS__UID_KEY", "abc"),
            ("PAYDOWN_PROVIDER__BASE_URL", "http://api.oligo.example"),
        ],
    );

    let mut keys: Vec<_> = problems
        .iter()
        .map(|problem| problem.key.as_str())
        .collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "api.listen",
            "collection.opens_hour",
            "keys.uid_key",
            "provider.base_url",
            "worker.lease_ms"
        ],
    );
}

#[test]
fn a_refused_secret_is_not_repeated() {
    let variables = [
        ("PAYDOWN_KEYS__UID_KEY", "canary"),
        ("DATABASE_URL", "mysql://u:canary@h/d"),
    ];
    let refused = load_from("", &variables).expect_err("broken").to_string();
    let not_toml = load_from("[provider]\ntoken = \"canary\n", &[])
        .expect_err("broken")
        .to_string();

    assert!(!refused.contains("canary"), "{refused}");
    assert!(not_toml.contains("line 2"), "{not_toml}");
    assert!(!not_toml.contains("canary"), "{not_toml}");
}

#[test]
fn database_url_is_heeded_and_overruled_only_by_our_own_variable() {
    let file = "[database]\nurl = 'postgres://file/d'\n";
    let url = |variables: &[(&str, &str)]| {
        let config = load_from(file, variables).expect("valid").config;
        config.database.url.expect("set").expose_secret().to_owned()
    };
    let theirs = ("DATABASE_URL", "postgres://theirs/d");
    let ours = (
        "PAYDOWN_DATABASE__URL",
        "postgres:///d?host=/run/postgresql",
    );

    assert_eq!(url(&[]), "postgres://file/d");
    assert_eq!(url(&[theirs]), theirs.1);
    assert_eq!(url(&[theirs, ours]), ours.1);
}

#[test]
fn a_clock_that_can_be_advanced_never_meets_a_real_provider() {
    let sandbox = [
        ("PAYDOWN_CLOCK__SOURCE", "sandbox"),
        ("PAYDOWN_CLOCK__SANDBOX_URL", "http://sandbox:9000"),
    ];
    let with = |url| {
        let mut variables = sandbox.to_vec();
        variables.push(("PAYDOWN_PROVIDER__BASE_URL", url));
        problems_of("", &variables)
    };

    assert_eq!(with("https://api.oligo.example").len(), 1);
    assert_eq!(with("http://sandbox:9000/oligo").len(), 0);
    assert_eq!(problems_of("", &[sandbox[0]])[0].key, "clock.sandbox_url");
    assert_eq!(
        load_from("", &sandbox).expect("valid").config.clock.source,
        ClockSource::Sandbox
    );
}

#[test]
fn a_webhook_secret_is_replaced_by_giving_both() {
    let variables = [(
        "PAYDOWN_PROVIDER__WEBHOOK_SECRETS",
        "old-secret, new-secret",
    )];
    let config = load_from("", &variables).expect("valid").config;

    let secrets = config.provider.webhook_secrets;
    let secrets: Vec<_> = secrets.iter().map(ExposeSecret::expose_secret).collect();
    assert_eq!(secrets, ["old-secret", "new-secret"]);
}

#[test]
fn variables_kubernetes_adds_for_a_service_of_our_name_are_not_keys() {
    let links = [
        ("PAYDOWN_SERVICE_HOST", "10.0.0.1"),
        ("PAYDOWN_SERVICE_PORT_HTTP", "80"),
        ("PAYDOWN_PORT", "tcp://10.0.0.1:80"),
        ("PAYDOWN_API_PORT_8080_TCP_ADDR", "10.0.0.1"),
    ];
    assert_eq!(problems_of("", &links), []);
}

#[test]
fn an_empty_variable_is_an_unset_one() {
    let config = load_from("", &[("PAYDOWN_API__PUBLIC_URL", "")])
        .expect("valid")
        .config;
    assert!(config.api.public_url.is_none());
}

#[test]
fn a_named_file_must_be_there() {
    let sources = Sources {
        file: Some("/nowhere/paydown.toml".into()),
        ..Sources::default()
    };
    assert!(matches!(
        load(&sources),
        Err(ConfigError::Unreadable { .. })
    ));
}

#[test]
fn what_is_shown_of_a_secret_is_that_it_is_set() {
    let token = ("PAYDOWN_PROVIDER__TOKEN", "canary");
    let loaded = load_from("", &[token]).expect("valid");

    let settings = loaded.settings();
    let shown = settings
        .iter()
        .find(|setting| setting.key.path == "provider.token");
    assert_eq!(shown.expect("a key").value, "(secret, set)");
    assert!(!format!("{settings:?}").contains("canary"));
    assert!(!format!("{loaded:?}").contains("canary"));
}

#[test]
fn what_collecting_needs_is_asked_for_all_at_once_and_says_where_from() {
    let refused = Config::default()
        .required()
        .err()
        .expect("nothing is set")
        .to_string();

    for word in [
        "provider.base_url",
        "provider.token",
        "keys.uid_key",
        "keys.data_key",
    ] {
        assert!(refused.contains(word), "{refused}");
    }
    assert!(refused.contains("paydown keys generate"), "{refused}");
}

#[test]
fn a_secret_is_not_in_the_debug_text_or_the_serialised_form() {
    let mut config = Config::default();
    config.provider.token = Some("canary-token".into());
    config.provider.webhook_secrets = vec!["canary-hook".into()];
    config.database.url = Some("postgres://u:canary-password@h/d".into());

    let debug = format!("{config:?}");
    let json = serde_json::to_string(&config).expect("serialises");

    assert!(!debug.contains("canary"), "{debug}");
    assert!(!json.contains("canary"), "{json}");
    assert!(json.contains(text::MASK), "{json}");
}
