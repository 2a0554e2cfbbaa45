//! The house rules that a machine can check. Each test is one rule; a rule nobody checks is a wish.
//!
//! Nothing is compiled or run here: the manifests come from `cargo metadata`, the rest is read as text.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, Package};

/// A crate of ours, and the crates of ours it may import: all that `crates/README.md` allows.
const EDGES: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("oligo-client", &[]),
    ("sandbox", &[]),
    ("verify", &[]),
    ("store", &["domain"]),
    ("flows", &["store", "domain", "oligo-client"]),
    ("scheduler", &["flows", "store", "domain"]),
    ("api", &["flows", "store", "domain"]),
    (
        "storm",
        &[
            "api",
            "flows",
            "store",
            "domain",
            "oligo-client",
            "sandbox",
            "verify",
        ],
    ),
    ("paydown", EVERYTHING),
    ("e2e", EVERYTHING),
];

const EVERYTHING: &[&str] = &[
    "domain",
    "oligo-client",
    "sandbox",
    "store",
    "flows",
    "scheduler",
    "api",
    "verify",
    "storm",
    "paydown",
];

/// A family of libraries, by the beginning of its names, and the only crates that may import it.
const HOMES: &[(&str, &[&str])] = &[
    ("sqlx", &["store", "verify", "e2e"]),
    ("apalis", &["scheduler"]),
    ("axum", &["api", "sandbox", "storm", "e2e"]),
    (
        "reqwest",
        &["oligo-client", "sandbox", "storm", "paydown", "e2e"],
    ),
];

/// Everything the rules of money may stand on. None of it does I/O; what could tell the time is shut off.
const DOMAIN_STANDS_ON: &[&str] = &[
    "chrono",
    "chrono-tz",
    "data-encoding",
    "hmac",
    "rust_decimal",
    "sha2",
    "thiserror",
    "typeid_suffix",
    "uuid",
];

/// Features by which `chrono` reads a clock and `uuid` a clock or dice.
const IMPURE_FEATURES: &[&str] = &["clock", "now", "winapi", "v1", "v4", "v6", "v7"];

/// Where the machine's clock may be read, and why there.
const CLOCK_READERS: &[(&str, &str)] = &[
    ("crates/flows/src/clock.rs", "it is the clock"),
    ("crates/sandbox/src/", "a bank has a clock of its own"),
    (
        "crates/oligo-client/src/call.rs",
        "Retry-After may be a date by the machines' clocks",
    ),
    (
        "crates/paydown/src/local_postgres/testing.rs",
        "the age of a file of the tests",
    ),
];

/// Where SQL may use the database's clock, and why there.
const NOW_IN_SQL: &[(&str, &str)] = &[
    (
        "crates/store/src/turns.rs",
        "turns are measured by the one clock that all processes share",
    ),
    (
        "crates/store/src/wake.rs",
        "leases are measured by the one clock all workers share",
    ),
    (
        "crates/store/src/wake/",
        "leases are measured by the one clock all workers share",
    ),
];

/// The longest file of a crate: what a reader holds in mind at once.
const LINES_MAX: usize = 400;

/// The heading of the map's table whose last column names checks.
const INVARIANTS: &str = "## Invariants";

#[test]
fn a_crate_imports_only_what_the_map_allows() {
    let metadata = metadata();
    let ours: BTreeSet<&str> = members(&metadata)
        .map(|package| package.name.as_str())
        .collect();
    let known: BTreeSet<&str> = EDGES.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        ours, known,
        "a crate is a member and has its place in the map, or neither"
    );

    let allowed: BTreeMap<&str, &[&str]> = EDGES.iter().copied().collect();
    let mut wrong = Vec::new();
    for package in members(&metadata) {
        for dependency in package
            .dependencies
            .iter()
            .map(|dependency| dependency.name.as_str())
        {
            if ours.contains(dependency) && !allowed[package.name.as_str()].contains(&dependency) {
                wrong.push(format!("{} imports {dependency}", package.name));
            }
        }
    }
    assert_none(&wrong, "an edge the map does not have");
}

#[test]
fn each_great_library_lives_in_one_place() {
    let metadata = metadata();
    let mut wrong = Vec::new();
    for package in members(&metadata) {
        for dependency in package
            .dependencies
            .iter()
            .map(|dependency| dependency.name.as_str())
        {
            for (family, homes) in HOMES {
                if dependency.starts_with(family) && !homes.contains(&package.name.as_str()) {
                    wrong.push(format!(
                        "{} imports {dependency}, which lives in {}",
                        package.name,
                        homes.join(", ")
                    ));
                }
            }
        }
    }
    assert_none(&wrong, "a library away from its home");
}

#[test]
fn the_domain_stands_on_nothing_that_tells_the_time_or_does_anything() {
    let metadata = metadata();
    let domain = member(&metadata, "domain");
    let mut wrong = Vec::new();
    for dependency in &domain.dependencies {
        if dependency.kind == DependencyKind::Development {
            continue;
        }
        let name = dependency.name.as_str();
        if !DOMAIN_STANDS_ON.contains(&name) {
            wrong.push(format!("domain imports {name}"));
        }
        if name == "chrono" && dependency.uses_default_features {
            wrong.push("domain takes chrono's default features, the clock among them".to_owned());
        }
        for feature in dependency
            .features
            .iter()
            .filter(|feature| is_impure(feature))
        {
            wrong.push(format!("domain takes the feature {feature} of {name}"));
        }
    }
    assert_none(&wrong, "the domain is pure");
}

fn is_impure(feature: &str) -> bool {
    IMPURE_FEATURES.contains(&feature)
}

#[test]
fn no_wildcard_arm_stands_in_the_domain() {
    let wrong = lines_of(&sources_of("domain"), |line| {
        line.trim_start().starts_with("_ =>") || line.contains(" _ =>") || line.contains("(_ =>")
    });
    assert_none(
        &wrong,
        "a new state must not compile until every pair with it is decided",
    );
}

#[test]
fn the_time_is_an_argument_of_every_statement_but_those_of_leases() {
    let wrong = lines_of(&sources_of("store"), |line| {
        let code = line.split("//").next().unwrap_or_default().to_lowercase();
        [
            "now()",
            "now ()",
            "current_timestamp",
            "clock_timestamp()",
            "statement_timestamp()",
        ]
        .iter()
        .any(|clock| code.contains(clock))
    });
    assert_none(
        &outside(&wrong, NOW_IN_SQL),
        "business time comes from the clock, as `$now`",
    );
}

#[test]
fn no_sql_stands_outside_the_store() {
    let wrong = lines_of(&files("crates", &["rs", "sql"]), |line| {
        // A statement begins a line of its own, or a string.
        line.split('"')
            .any(|text| is_sql(&text.trim_start().to_lowercase()))
    });
    let homes: &[(&str, &str)] = &[
        ("crates/store/", "all SQL lives here"),
        (
            "crates/verify/src/rows.rs",
            "a second opinion reads by statements of its own",
        ),
        (
            "crates/paydown/src/local_postgres/",
            "it makes databases, which holds no rows of ours",
        ),
        (
            "crates/paydown/tests/",
            "its tests look into databases they made",
        ),
    ];
    assert_none(&outside(&wrong, homes), "SQL belongs to the store");
}

fn is_sql(text: &str) -> bool {
    let statements = [
        ("select ", " from "),
        ("insert into ", " "),
        ("delete from ", " "),
        ("update ", " set "),
        ("with ", " as ("),
    ];
    statements
        .iter()
        .any(|(verb, word)| text.starts_with(verb) && text.contains(word))
}

#[test]
fn a_transaction_is_begun_only_where_it_is_begun_to_the_end() {
    let wrong = lines_of(&files("crates/store/src", &["rs"]), |line| {
        let is_ours = line.contains("self.begin()");
        line.contains(".begin_with(") || line.contains(".begin()") && !is_ours
    });
    let home: &[(&str, &str)] = &[(
        "crates/store/src/lib.rs",
        "whose `begin` no dropped caller can break off",
    )];
    assert_none(
        &outside(&wrong, home),
        "transactions are begun by `Store::begin`",
    );
}

#[test]
fn the_machines_clock_is_read_only_by_the_clock() {
    let wrong = lines_of(&crate_sources(), |line| {
        [
            "Utc::now(",
            "SystemTime::now(",
            "Local::now(",
            "Uuid::now_v7(",
        ]
        .iter()
        .any(|clock| line.contains(clock))
    });
    assert_none(
        &outside(&wrong, CLOCK_READERS),
        "whoever wants the time asks `flows::clock`",
    );
}

#[test]
fn nothing_is_left_to_do_and_no_test_is_skipped() {
    // In two parts, or this file would break its own rule.
    let unfinished = [
        concat!("to", "do!("),
        concat!("un", "implemented!("),
        concat!("#[ig", "nore"),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
    ];
    let wrong = lines_of(&all_rust(), |line| {
        unfinished.iter().any(|mark| line.contains(mark))
    });
    assert_none(
        &wrong,
        "unfinished work is not committed, and a test that does not run is none",
    );
}

#[test]
fn no_source_file_is_longer_than_a_reader_can_hold() {
    let wrong: Vec<String> = crate_sources()
        .iter()
        .filter_map(|path| {
            let lines = read(path).lines().count();
            (LINES_MAX < lines).then(|| format!("{}: {lines} lines", shown(path)))
        })
        .collect();
    assert_none(&wrong, &format!("a file has {LINES_MAX} lines at most"));
}

#[test]
fn every_check_the_map_names_exists() {
    let named = checks_of_the_map();
    assert!(
        20 < named.len(),
        "the map's table was not understood: {named:?}"
    );

    let rust: String = all_rust().iter().map(|path| read(path)).collect();
    let schema: String = files("migrations", &["sql"])
        .iter()
        .map(|path| read(path))
        .collect();
    let wrong: Vec<&String> = named
        .iter()
        .filter(|name| !is_a_test(&rust, name) && !is_in_the_schema(&schema, name))
        .collect();
    assert_none(&wrong, "a check the map promises and nobody makes");
}

#[test]
fn every_invariant_of_the_map_names_a_check() {
    let wrong: Vec<String> = invariants()
        .into_iter()
        .filter(|row| ticked(last_cell(row)).is_empty())
        .collect();
    assert_none(&wrong, "an invariant without a check");
}

/// Whether a function of this name is a test: `#[test]` or `#[tokio::test]` stands above it, or it is one of
/// the laws inside `proptest!`, which are declared the same way.
fn is_a_test(rust: &str, name: &str) -> bool {
    let declared = format!("fn {name}(");
    rust.match_indices(&declared).any(|(at, _)| {
        let above = rust[..at].rsplit('\n').skip(1).map(str::trim);
        above
            .take_while(|line| line.starts_with("#["))
            .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}

/// Whether the migrations declare a constraint or a unique index of this name.
fn is_in_the_schema(schema: &str, name: &str) -> bool {
    ["constraint ", "create unique index "]
        .iter()
        .any(|declared| {
            let declared = format!("{declared}{name}");
            schema.match_indices(&declared).any(|(at, _)| {
                let after = schema[at + declared.len()..].chars().next();
                after.is_some_and(char::is_whitespace)
            })
        })
}

#[test]
fn every_path_the_papers_name_exists() {
    let mut wrong = Vec::new();
    for paper in papers() {
        let text = read(&paper);
        let here = paper.parent().unwrap_or(Path::new("")).to_owned();
        for target in links(&text) {
            if !here.join(&target).exists() {
                wrong.push(format!("{} links to {target}", shown(&paper)));
            }
        }
        for path in ticked(&text).into_iter().filter(|name| is_a_path(name)) {
            let near = [
                here.clone(),
                root(),
                root().join("crates"),
                here.join("src"),
            ];
            if !near.iter().any(|from| from.join(&path).exists()) {
                wrong.push(format!("{} names {path}", shown(&paper)));
            }
        }
    }
    assert_none(&wrong, "a paper that leads nowhere");
}

/// `flows/src/clock.rs` is one; `clock.rs`, `tests/*.rs` and `GET /livez` are not.
fn is_a_path(name: &str) -> bool {
    let plain = !name.contains(|c: char| " *{}<>:$\"…".contains(c)) && !name.starts_with('/');
    let known = [".rs", ".sql", ".md", ".toml", ".yaml", ".service"];
    plain && name.contains('/') && known.iter().any(|end| name.ends_with(end))
}

#[test]
fn every_crate_explains_itself() {
    let mut wrong = Vec::new();
    for package in members(&metadata()) {
        let directory = package
            .manifest_path
            .parent()
            .map(|parent| parent.as_std_path());
        let readme = directory.unwrap_or(Path::new("")).join("README.md");
        if !readme.exists() {
            wrong.push(format!("{} has no README.md", package.name));
        }
    }
    assert_none(&wrong, "a crate nobody explained");
}

#[test]
fn every_crate_keeps_the_workspaces_lints() {
    let wrong: Vec<String> = EDGES
        .iter()
        .map(|(name, _)| member(&metadata(), name).manifest_path.into_std_path_buf())
        .filter(|manifest| !read(manifest).contains("[lints]\nworkspace = true"))
        .map(|manifest| shown(&manifest))
        .collect();
    assert_none(&wrong, "a crate outside the house's lints");
}

#[test]
fn migrations_are_numbered_from_one_without_gaps() {
    let names: Vec<String> = files("migrations", &["sql"])
        .iter()
        .map(|path| file_name(path))
        .collect();
    assert!(!names.is_empty(), "there are migrations");
    for (index, name) in names.iter().enumerate() {
        let number = format!("{:04}_", index + 1);
        assert!(
            name.starts_with(&number),
            "{name} stands where {number}… belongs"
        );
    }
}

#[test]
fn every_table_opens_with_what_one_row_is() {
    let mut wrong = Vec::new();
    for path in files("migrations", &["sql"]) {
        let text = read(&path);
        let lines: Vec<&str> = text.lines().collect();
        for (index, line) in lines.iter().enumerate() {
            let above = index.checked_sub(1).map_or("", |above| lines[above]);
            if line.starts_with("create table ") && !above.starts_with("-- ") {
                wrong.push(format!("{}:{}: {line}", shown(&path), index + 1));
            }
        }
    }
    assert_none(
        &wrong,
        "a table without a comment that says what one row of it is",
    );
}

// What the rules look at.

/// The repository. Cargo says at run time where this package is, so a copy is checked where it stands.
fn root() -> PathBuf {
    let package = std::env::var("CARGO_MANIFEST_DIR")
        .unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&package)
        .parent()
        .expect("the tests stand in the repository")
        .to_owned()
}

fn metadata() -> Metadata {
    MetadataCommand::new()
        .manifest_path(root().join("Cargo.toml"))
        .no_deps()
        .exec()
        .expect("cargo reads the workspace")
}

fn members(metadata: &Metadata) -> impl Iterator<Item = &Package> {
    metadata.workspace_packages().into_iter()
}

fn member(metadata: &Metadata, name: &str) -> Package {
    let found = members(metadata).find(|package| package.name.as_str() == name);
    found
        .unwrap_or_else(|| panic!("there is a crate {name}"))
        .clone()
}

/// The files below `place` with one of these endings, sorted.
fn files(place: &str, endings: &[&str]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![root().join(place)];
    while let Some(directory) = open.pop() {
        let entries = fs::read_dir(&directory)
            .unwrap_or_else(|error| panic!("{}: {error}", directory.display()));
        for path in entries.map(|entry| entry.expect("a readable entry").path()) {
            let ending = path
                .extension()
                .and_then(|ending| ending.to_str())
                .unwrap_or_default();
            if path.is_dir() {
                open.push(path);
            } else if endings.contains(&ending) {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

/// The Rust and SQL of one crate's `src`.
fn sources_of(name: &str) -> Vec<PathBuf> {
    files(&format!("crates/{name}/src"), &["rs", "sql"])
}

/// The Rust of every crate's `src`, unit tests included.
fn crate_sources() -> Vec<PathBuf> {
    EDGES
        .iter()
        .filter(|(name, _)| *name != "e2e")
        .flat_map(|(name, _)| files(&format!("crates/{name}/src"), &["rs"]))
        .collect()
}

fn all_rust() -> Vec<PathBuf> {
    let mut found = files("crates", &["rs"]);
    found.extend(files("tests", &["rs"]));
    found
}

/// The papers of the house: every README of ours.
fn papers() -> Vec<PathBuf> {
    let mut found = vec![root().join("README.md")];
    for place in ["crates", "migrations", "deploy", "tests"] {
        found.extend(files(place, &["md"]));
    }
    found
}

/// The rows of the map's table of invariants, headings left out.
fn invariants() -> Vec<String> {
    let map = read(&root().join("crates/README.md"));
    let (_, after) = map.split_once(INVARIANTS).expect("the map has invariants");
    let section = after.split("\n## ").next().unwrap_or_default();
    let rows = section.lines().filter(|line| line.starts_with('|'));
    rows.skip(2).map(str::to_owned).collect()
}

fn checks_of_the_map() -> BTreeSet<String> {
    invariants()
        .iter()
        .flat_map(|row| ticked(last_cell(row)))
        .collect()
}

fn last_cell(row: &str) -> &str {
    row.trim_end()
        .trim_end_matches('|')
        .rsplit('|')
        .next()
        .unwrap_or_default()
}

/// What stands between backticks, code blocks left out.
fn ticked(text: &str) -> Vec<String> {
    let mut inside_block = false;
    let mut found = Vec::new();
    for line in text.lines() {
        if line.trim_start().starts_with("```") {
            inside_block = !inside_block;
        } else if !inside_block {
            found.extend(line.split('`').skip(1).step_by(2).map(str::to_owned));
        }
    }
    found
}

/// The targets of links to files, without their anchors.
fn links(text: &str) -> Vec<String> {
    let targets = text
        .split("](")
        .skip(1)
        .filter_map(|rest| rest.split(')').next());
    let local = targets.filter(|target| !target.contains("://") && !target.starts_with('#'));
    local
        .map(|target| target.split('#').next().unwrap_or_default().to_owned())
        .collect()
}

/// The lines that break a rule, each as `path:line: text`.
fn lines_of(paths: &[PathBuf], breaks: impl Fn(&str) -> bool) -> Vec<String> {
    assert!(
        !paths.is_empty(),
        "a rule that looks at nothing holds nothing"
    );
    let mut found = Vec::new();
    for path in paths {
        for (index, line) in read(path).lines().enumerate() {
            if breaks(line) {
                found.push(format!("{}:{}: {}", shown(path), index + 1, line.trim()));
            }
        }
    }
    found
}

/// What of `lines` stands in none of `places`. A place where nothing stands any more is removed from the list.
fn outside(lines: &[String], places: &[(&str, &str)]) -> Vec<String> {
    let mut found: Vec<String> = lines
        .iter()
        .filter(|line| !places.iter().any(|(place, _)| line.starts_with(place)))
        .cloned()
        .collect();
    for (place, reason) in places {
        if !root().join(place).exists() {
            found.push(format!("{place} ({reason}) is excepted and does not exist"));
        }
    }
    found
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn shown(path: &Path) -> String {
    path.strip_prefix(root())
        .unwrap_or(path)
        .display()
        .to_string()
}

fn file_name(path: &Path) -> String {
    path.file_name()
        .map(|name| name.to_string_lossy().into_owned())
        .unwrap_or_default()
}

fn assert_none<T: std::fmt::Display>(wrong: &[T], rule: &str) {
    let listed: Vec<String> = wrong.iter().map(|one| format!("\n  {one}")).collect();
    assert!(wrong.is_empty(), "{rule}:{}", listed.concat());
}
