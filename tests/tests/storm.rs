//! Storms: years of collecting with everything going wrong that can, small ones of fresh seeds and
//! one of every seed that ever brought a mistake to light.
//!
//! A seed that fails is printed. `cargo run -p paydown -- simulate` brings it about again; then it
//! is written down in `tests/storm/seeds.txt`, with what it showed.

use std::time::{SystemTime, UNIX_EPOCH};

use e2e::database::fresh_database;
use storm::{FaultChoice, StormConfig, StormReport};

/// What was wrong once, and would show again here: `seed plans days faults`.
const SEEDS: &str = include_str!("../storm/seeds.txt");

/// How many fresh seeds each run tries.
const FRESH: u64 = 2;

async fn storm(seed: u64, plans: u64, days: u64, faults: FaultChoice) -> StormReport {
    let database = fresh_database().await;
    database.store.close().await;
    let database_url = database.url.clone();
    let config = StormConfig {
        seed,
        plans,
        days,
        faults,
        database_url,
    };
    // It has a runtime of one thread for itself.
    let held = tokio::task::spawn_blocking(move || storm::run(&config, &mut |_| {}));
    held.await.expect("it ends").expect("it can be held")
}

fn assert_kept(report: &StormReport, again: &str) {
    assert!(
        report.violations.is_empty(),
        "storm {again} broke {} laws:\n{:#?}\n{:#?}",
        report.violations.len(),
        report.tail,
        report.violations,
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_law_is_broken_in_storms_of_fresh_seeds() {
    let since = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .expect("after 1970");
    let first = since.as_millis() as u64;
    let mut reached = 0;
    for seed in first..first + FRESH {
        println!("storm {seed} 8 120 all");
        let report = storm(seed, 8, 120, FaultChoice::Swarm).await;
        assert_kept(&report, &format!("{seed} 8 120 all"));
        reached += report.collections;
    }
    assert!(
        0 < reached,
        "storms in which nothing was collected show nothing"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn no_law_is_broken_by_a_seed_that_broke_one_before() {
    let lines = SEEDS
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    for line in lines.filter(|line| !line.is_empty()) {
        let words: Vec<&str> = line.split_whitespace().collect();
        let [seed, plans, days, faults] = words[..] else {
            panic!("not a storm: {line}");
        };
        let number = |word: &str| word.parse().expect("a number");
        let faults = faults.parse().expect("kinds of faults");
        let report = storm(number(seed), number(plans), number(days), faults).await;
        assert_kept(&report, line);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_seed_is_the_same_storm() {
    let every = || "every".parse().expect("kinds of faults");
    let one = storm(7, 6, 60, every()).await;
    let again = storm(7, 6, 60, every()).await;
    assert_kept(&one, "7 6 60 every");
    assert!(0 < one.collections, "something happened");
    assert_eq!((&one.trace, one.steps), (&again.trace, again.steps));
    assert_eq!(one.marks, again.marks);

    let other = storm(8, 6, 60, every()).await;
    assert_ne!(other.trace, again.trace);
}
