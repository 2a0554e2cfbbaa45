//! What must be true of the list, without planting anything: it is about today's files and tests, and the papers
//! tell it as it is.

use std::collections::BTreeSet;

use super::*;

/// Fewer would leave a guarantee without its proof.
const BUGS_MIN: usize = 40;

const HEADING: &str = "## Planted bugs";

fn root() -> PathBuf {
    let package = std::env::var("CARGO_MANIFEST_DIR")
        .unwrap_or_else(|_| env!("CARGO_MANIFEST_DIR").to_owned());
    Path::new(&package)
        .parent()
        .expect("the tests stand in the repository")
        .to_owned()
}

fn bugs() -> Vec<Bug> {
    load(&root()).unwrap_or_else(|error| panic!("{error:#}"))
}

fn assert_none(wrong: &[String], rule: &str) {
    assert!(wrong.is_empty(), "{rule}:\n  {}", wrong.join("\n  "));
}

#[test]
fn there_are_enough_planted_bugs_and_each_has_a_name_of_its_own() {
    let bugs = bugs();
    let names: BTreeSet<&str> = bugs.iter().map(|bug| bug.name.as_str()).collect();

    assert_eq!(names.len(), bugs.len());
    assert!(BUGS_MIN <= bugs.len(), "{} bugs", bugs.len());
    for law in [Law::Twice, Law::Outside, Law::Lost, Law::Truth, Law::Secret] {
        assert!(bugs.iter().any(|bug| bug.law == law), "none breaks {law:?}");
    }
}

#[test]
fn every_planted_bug_can_be_planted_and_changes_something() {
    let mut wrong = Vec::new();
    for bug in bugs() {
        match bug
            .changed(&root())
            .unwrap_or_else(|error| panic!("{}: {error:#}", bug.name))
        {
            Err(unfit) => wrong.push(format!("{}: {unfit}", bug.name)),
            Ok(changed) => {
                let is_idle = |(path, text): &(PathBuf, String)| {
                    fs::read_to_string(path).expect("read before") == *text
                };
                if changed.is_empty() || changed.iter().any(is_idle) {
                    wrong.push(format!("{} changes nothing", bug.name));
                }
            }
        }
    }
    assert_none(&wrong, "a bug that does not fit the files of today");
}

#[test]
fn every_test_that_a_planted_bug_names_exists_where_it_says() {
    let mut wrong = Vec::new();
    for bug in bugs() {
        if bug.red.is_empty() {
            wrong.push(format!("{} names no test", bug.name));
        }
        let text = sources(&bug.place).map(|paths| {
            let read = |path: &PathBuf| fs::read_to_string(path).expect("a source file");
            paths.iter().map(read).collect::<String>()
        });
        let Some(text) = text else {
            wrong.push(format!("{}: nothing is in {}", bug.name, bug.place));
            continue;
        };
        let missing = bug.red.iter().filter(|name| !is_a_test(&text, name));
        wrong.extend(missing.map(|name| format!("{}: {name} is not in {}", bug.name, bug.place)));
    }
    assert_none(&wrong, "a test that does not exist catches nothing");
}

#[test]
fn the_readme_tells_the_planted_bugs_as_they_are() {
    let readme = fs::read_to_string(root().join("tests/README.md")).expect("the README");
    let (_, after) = readme.split_once(HEADING).expect("it tells of them");
    let section = after.split("\n## ").next().unwrap_or_default();
    let told: Vec<&str> = section
        .lines()
        .filter(|line| line.starts_with('|'))
        .collect();

    let table = table(&bugs());
    let is: Vec<&str> = table.lines().collect();
    let wrong: Vec<String> = is
        .iter()
        .filter(|line| !told.contains(line))
        .map(|line| format!("missing: {line}"))
        .chain(
            told.iter()
                .filter(|line| !is.contains(line))
                .map(|line| format!("gone: {line}")),
        )
        .collect();
    assert_none(
        &wrong,
        "`cargo run -p e2e --bin planted -- --list` prints the table",
    );
    assert_eq!(told, is, "the same rows in another order");
}

/// The Rust files of a target, given in cargo's words.
fn sources(place: &str) -> Option<Vec<PathBuf>> {
    let words: Vec<&str> = place.split(' ').collect();
    let (package, target) = words.split_first()?;
    let home = match *package {
        "e2e" => root().join("tests"),
        other => root().join("crates").join(other),
    };
    let found = match target {
        ["--lib"] => rust_files(&home.join("src")),
        ["--test", name] => {
            let mut found = rust_files(&home.join("tests").join(name));
            let alone = home.join("tests").join(format!("{name}.rs"));
            found.extend(alone.is_file().then_some(alone));
            found
        }
        _ => Vec::new(),
    };
    (!found.is_empty()).then_some(found)
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for path in fs::read_dir(&folder)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path())
        {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|ending| ending == "rs") {
                found.push(path);
            }
        }
    }
    found
}

/// Whether a function of this name is a test: the attribute stands above it.
fn is_a_test(rust: &str, name: &str) -> bool {
    rust.match_indices(&format!("fn {name}(")).any(|(at, _)| {
        let above = rust[..at].rsplit('\n').skip(1).map(str::trim);
        above
            .take_while(|line| line.starts_with("#["))
            .any(|line| line.starts_with("#[test]") || line.starts_with("#[tokio::test"))
    })
}
