//! What a queue must not do to money: the defects found in queues of its kind, each as a test that
//! ours passes. Real PostgreSQL; where a process has to die, a real process.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use chrono::{TimeDelta, Utc};
use flows::clock::Clock;
use futures::FutureExt;
use scheduler::{AttendError, SchedulerConfig};
use tokio::sync::{Barrier, Semaphore};
use tracing::Event;
use tracing::field::{Field, Visit};
use tracing_subscriber::layer::{Context, SubscriberExt};

#[path = "scheduler_defects/rows.rs"]
mod rows;

use rows::{
    Log, PATIENCE, Rows, Running, a_canary_is_attended, config, eventually, ms, seconds_in,
    standing_clock, start_of_time,
};

/// A scheduler in a process of its own, killed with the test at the latest.
struct Victim(Child);

impl Victim {
    fn start(rows: &Rows, name: &str, lease: Duration, mode: &[&str]) -> Victim {
        let mut command = Command::new(env!("CARGO_BIN_EXE_scheduler_victim"));
        command
            .args([&rows.database.url, name, &lease.as_millis().to_string()])
            .args(mode);
        Victim(
            command
                .stdin(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap(),
        )
    }

    /// `kill -9`.
    fn kill(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }

    fn is_dead(&mut self) -> bool {
        self.0.try_wait().unwrap().is_some()
    }
}

impl Drop for Victim {
    fn drop(&mut self) {
        self.kill();
    }
}

fn real() -> Clock {
    Clock::real()
}

#[tokio::test]
async fn two_healthy_workers_never_run_the_same_row_twice() {
    let rows = Rows::new().await;
    // Each attended alone, so all but one of a claim wait, for several leases.
    let ids = rows.insert_leased_before(8, Utc::now(), 1).await;
    let log = Log::default();
    let config = SchedulerConfig {
        lease: ms(600),
        heartbeat: ms(100),
        batch_max: 4,
        ..config()
    };
    let config = SchedulerConfig {
        batches_in_flight: 1,
        ..config
    };

    let workers = [rows.store(), rows.database.another_store().await].map(|store| {
        Running::start(&rows, store, real(), config.clone(), &log, |_| {
            async {
                tokio::time::sleep(ms(800)).await;
                Ok(())
            }
            .boxed()
        })
    });
    rows.finished().await;

    for worker in workers {
        worker.stop().await;
    }
    for id in ids {
        assert_eq!(log.of(id).len(), 1);
    }
}

#[tokio::test]
async fn a_worker_restarted_under_its_old_name_strands_nothing() {
    let rows = Rows::new().await;
    let id = rows.insert(1, Utc::now()).await[0];
    let mut victim = Victim::start(&rows, "w1", ms(500), &["hang"]);
    eventually("the first w1 has the row", async || {
        rows.row(id).await.leased
    })
    .await;
    victim.kill();

    let log = Log::default();
    let worker = Running::start(&rows, rows.store(), real(), config(), &log, |_| {
        async { Ok(()) }.boxed()
    });
    rows.finished().await;

    worker.stop().await;
    assert_eq!(log.of(id).len(), 1);
}

#[tokio::test]
async fn two_workers_may_share_a_name() {
    let rows = Rows::new().await;
    rows.insert(2, Utc::now()).await;
    let log = Log::default();
    let config = SchedulerConfig {
        batch_max: 1,
        batches_in_flight: 1,
        ..config()
    };
    // Passed only when both workers have a row at the same time.
    let both = Arc::new(Barrier::new(2));

    let workers = [rows.store(), rows.database.another_store().await].map(|store| {
        let both = Arc::clone(&both);
        Running::start(&rows, store, real(), config.clone(), &log, move |_| {
            let both = Arc::clone(&both);
            async move {
                both.wait().await;
                Ok(())
            }
            .boxed()
        })
    });
    rows.finished().await;

    for worker in workers {
        worker.stop().await;
    }
    assert_eq!(log.all().len(), 2);
}

#[tokio::test]
async fn a_failed_row_waits_its_back_off() {
    let rows = Rows::new().await;
    let id = rows.insert(1, start_of_time()).await[0];
    let (clock, hand) = standing_clock();
    let log = Log::default();
    let worker = Running::start(&rows, rows.store(), clock, config(), &log, move |batch| {
        let fails = batch.ids.contains(&id);
        async move {
            if fails {
                Err(AttendError::new("no answer"))
            } else {
                Ok(())
            }
        }
        .boxed()
    });
    eventually("the failure is recorded", async || {
        !rows.row(id).await.leased
    })
    .await;
    eventually("the row waits", async || {
        rows.row(id).await.wake_at == Some(seconds_in(2))
    })
    .await;

    a_canary_is_attended(&rows, &log, start_of_time()).await;
    assert_eq!(log.of(id).len(), 1);

    hand.set(seconds_in(2), false);
    eventually("the row waits longer", async || {
        rows.row(id).await.wake_at == Some(seconds_in(6))
    })
    .await;
    assert_eq!(log.of(id).len(), 2);
    worker.stop().await;
}

#[tokio::test]
async fn a_handlers_retry_after_is_honoured() {
    let rows = Rows::new().await;
    let id = rows.insert(1, start_of_time()).await[0];
    let (clock, hand) = standing_clock();
    let log = Log::default();
    let seen = log.clone();
    let worker = Running::start(&rows, rows.store(), clock, config(), &log, move |batch| {
        let first = batch.ids.contains(&id) && seen.of(id).len() < 2;
        async move {
            let later = AttendError::new("too many requests").retry_after(Duration::from_secs(60));
            if first { Err(later) } else { Ok(()) }
        }
        .boxed()
    });
    eventually("the row waits", async || {
        rows.row(id).await.wake_at == Some(seconds_in(60))
    })
    .await;

    hand.set(seconds_in(59), false);
    a_canary_is_attended(&rows, &log, seconds_in(59)).await;
    assert_eq!(log.of(id).len(), 1);

    hand.set(seconds_in(60), false);
    rows.finished().await;
    assert_eq!(log.of(id).len(), 2);
    worker.stop().await;
}

#[tokio::test]
async fn a_timed_out_handler_leaves_the_row_retryable() {
    let rows = Rows::new().await;
    let id = rows.insert(1, start_of_time()).await[0];
    let (clock, hand) = standing_clock();
    let log = Log::default();
    let seen = log.clone();
    let worker = Running::start(&rows, rows.store(), clock, config(), &log, move |_| {
        let first = seen.of(id).len() < 2;
        async move {
            if first {
                let endless = std::future::pending::<()>();
                tokio::time::timeout(ms(50), endless)
                    .await
                    .map_err(AttendError::new)?;
            }
            Ok(())
        }
        .boxed()
    });
    eventually("the row waits", async || {
        rows.row(id).await.wake_at == Some(seconds_in(2))
    })
    .await;
    eventually("its lease is over", async || !rows.row(id).await.leased).await;
    assert_eq!(rows.row(id).await.leases, 1);

    hand.set(seconds_in(2), false);
    rows.finished().await;
    assert_eq!(rows.row(id).await.leases, 0);
    worker.stop().await;
}

#[tokio::test]
async fn a_handler_that_outlives_the_shutdown_leaves_the_row_retryable() {
    let rows = Rows::new().await;
    let id = rows.insert(1, start_of_time()).await[0];
    let log = Log::default();
    let config = SchedulerConfig {
        shutdown_timeout: ms(200),
        ..config()
    };
    let worker = Running::start(
        &rows,
        rows.store(),
        standing_clock().0,
        config,
        &log,
        |_| std::future::pending().boxed(),
    );
    eventually("the row is attended", async || !log.of(id).is_empty()).await;

    let took = worker.stop().await;

    let row = rows.row(id).await;
    assert_eq!(
        (row.leased, row.leases, row.wake_at),
        (false, 1, Some(seconds_in(2)))
    );
    assert!(ms(200) <= took && took < ms(5000), "took {took:?}");
}

#[tokio::test]
async fn a_panic_leaves_the_row_retryable_and_the_worker_alive() {
    let rows = Rows::new().await;
    let id = rows.insert(1, start_of_time()).await[0];
    let (clock, hand) = standing_clock();
    let log = Log::default();
    let seen = log.clone();
    let worker = Running::start(&rows, rows.store(), clock, config(), &log, move |batch| {
        let panics = batch.ids.contains(&id) && seen.of(id).len() < 2;
        async move {
            assert!(!panics, "meant to happen");
            Ok(())
        }
        .boxed()
    });
    eventually("the row waits", async || {
        rows.row(id).await.wake_at == Some(seconds_in(2))
    })
    .await;

    a_canary_is_attended(&rows, &log, start_of_time()).await;
    hand.set(seconds_in(2), false);
    rows.finished().await;

    assert_eq!(log.of(id).len(), 2);
    worker.stop().await;
}

#[tokio::test]
async fn an_undecodable_row_neither_ends_the_worker_nor_strands_its_batch() {
    let rows = Rows::new().await;
    let ids = rows.insert(5, start_of_time()).await;
    let bad = ids[2];
    let (clock, hand) = standing_clock();
    let log = Log::default();
    let worker = Running::start(&rows, rows.store(), clock, config(), &log, move |batch| {
        let fails = batch.ids.contains(&bad);
        async move {
            if fails {
                Err(AttendError::new("undecodable"))
            } else {
                Ok(())
            }
        }
        .boxed()
    });
    eventually("the batch failed", async || {
        rows.row(bad).await.wake_at == Some(seconds_in(2))
    })
    .await;
    assert_eq!(log.of(bad)[0].rows_in_batch, 5);

    hand.set(seconds_in(2), false);
    eventually("the others are done", async || rows.awake().await == 1).await;
    eventually("the bad one waits", async || {
        rows.row(bad).await.wake_at == Some(seconds_in(6))
    })
    .await;

    for id in ids {
        assert_eq!(log.of(id)[1].rows_in_batch, 1);
    }
    a_canary_is_attended(&rows, &log, start_of_time()).await;
    worker.stop().await;
}

#[tokio::test]
async fn a_row_that_kills_its_process_is_attended_alone_and_counted() {
    let rows = Rows::new().await;
    let ids = rows.insert(4, Utc::now()).await;
    let killer = ids[1];

    // What restarts a process in production.
    let began = Instant::now();
    let mut deaths = 0;
    while !rows.row(killer).await.quarantined {
        assert!(began.elapsed() < PATIENCE, "{deaths} processes died of it");
        let mode = ["abort", &killer.to_string()];
        let mut victim = Victim::start(&rows, "w1", ms(200), &mode);
        eventually(
            "the process kills itself, or leaves the row alone",
            async || victim.is_dead() || rows.row(killer).await.quarantined,
        )
        .await;
        deaths += i32::from(victim.is_dead());
    }

    // Once in company, and then alone until that was a crash for the third time.
    assert_eq!(rows.outcome(killer).await.as_deref(), Some("alone"));
    assert_eq!((rows.row(killer).await.leases, deaths), (5, 4));
    assert_eq!(rows.questions().await, [("quarantined".to_owned(), killer)]);

    let mode = ["abort", &killer.to_string()];
    let mut survivor = Victim::start(&rows, "w1", ms(200), &mode);
    eventually("the others are done", async || rows.awake().await == 1).await;
    rows.insert(1, Utc::now()).await;
    eventually("what comes later is done", async || rows.awake().await == 1).await;
    assert!(!survivor.is_dead());
}

#[tokio::test]
async fn a_database_error_never_ends_the_worker_or_cancels_a_handler() {
    let rows = Rows::new().await;
    let id = rows.insert(1, Utc::now()).await[0];
    let log = Log::default();
    let ended = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&ended);
    let config = SchedulerConfig {
        lease: ms(3000),
        heartbeat: ms(50),
        ..config()
    };
    let worker = Running::start(&rows, rows.store(), real(), config, &log, move |_| {
        let ended = Arc::clone(&counts);
        async move {
            tokio::time::sleep(ms(900)).await;
            ended.fetch_add(1, Ordering::SeqCst);
            Ok(())
        }
        .boxed()
    });
    eventually("the row is attended", async || !log.of(id).is_empty()).await;

    for _ in 0..6 {
        rows.terminate_connections().await;
        tokio::time::sleep(ms(100)).await;
    }
    rows.finished().await;
    assert_eq!((log.of(id).len(), ended.load(Ordering::SeqCst)), (1, 1));

    a_canary_is_attended(&rows, &log, Utc::now()).await;
    worker.stop().await;
}

#[tokio::test]
async fn shutdown_during_back_off_ends_promptly() {
    let rows = Rows::new().await;
    let id = rows.insert(1, start_of_time()).await[0];
    let log = Log::default();
    let worker = Running::start(
        &rows,
        rows.store(),
        standing_clock().0,
        config(),
        &log,
        |_| async { Err(AttendError::new("no answer")) }.boxed(),
    );
    eventually("the row waits", async || {
        rows.row(id).await.wake_at == Some(seconds_in(2))
    })
    .await;

    let took = worker.stop().await;

    assert!(took < ms(2000), "took {took:?}");
    assert!(!rows.row(id).await.leased);
}

/// Counts how often the fetchers of `COUNTED` look for due rows, by what they trace.
#[derive(Clone, Default)]
struct Looks(Arc<AtomicUsize>);

const COUNTED: &str = "counted";

impl<S: tracing::Subscriber> tracing_subscriber::Layer<S> for Looks {
    fn on_event(&self, event: &Event<'_>, _context: Context<'_, S>) {
        if event.metadata().target() == "scheduler::fetch" {
            event.record(&mut self.clone());
        }
    }
}

impl Visit for Looks {
    fn record_str(&mut self, field: &Field, value: &str) {
        if field.name() == "worker" && value == COUNTED {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    fn record_debug(&mut self, _field: &Field, _value: &dyn std::fmt::Debug) {}
}

#[tokio::test]
async fn waking_handlers_cause_no_extra_fetches() {
    let looks = Looks::default();
    // For the whole program: one of a single thread is not told of what other threads met first.
    let subscriber = tracing_subscriber::registry().with(looks.clone());
    tracing::subscriber::set_global_default(subscriber).unwrap();
    let rows = Rows::new().await;
    rows.insert(4, Utc::now()).await;
    let log = Log::default();
    let wakings = Arc::new(AtomicUsize::new(0));
    let counts = Arc::clone(&wakings);
    let config = SchedulerConfig {
        poll: PATIENCE,
        batch_max: 1,
        ..config()
    };
    let config = SchedulerConfig {
        worker_name: COUNTED.to_owned(),
        ..config
    };
    let worker = Running::start(&rows, rows.store(), real(), config, &log, move |_| {
        let wakings = Arc::clone(&counts);
        async move {
            for _ in 0..200 {
                tokio::time::sleep(ms(2)).await;
                wakings.fetch_add(1, Ordering::SeqCst);
            }
            Ok(())
        }
        .boxed()
    });
    rows.finished().await;
    worker.stop().await;

    let looks = looks.0.load(Ordering::SeqCst);
    assert_eq!(wakings.load(Ordering::SeqCst), 800);
    // Once a kind at the start and once when the listener is there, once a row, once a recorded
    // outcome.
    assert!((4..=20).contains(&looks), "looked {looks} times");
}

#[tokio::test]
async fn a_due_row_is_found_by_poll_alone() {
    let rows = Rows::new().await;
    let log = Log::default();
    // Neither a heartbeat nor a call can stand in for the poll.
    let config = SchedulerConfig {
        lease: Duration::from_secs(120),
        heartbeat: Duration::from_secs(60),
        poll: ms(50),
        ..config()
    };
    let worker = Running::start(&rows, rows.store(), real(), config, &log, |_| {
        async { Ok(()) }.boxed()
    });
    a_canary_is_attended(&rows, &log, Utc::now()).await;

    for round in 0..10 {
        // Not due yet, so that nothing but a later look finds it.
        let id = rows
            .insert(1, Utc::now() + TimeDelta::milliseconds(30 + 7 * round))
            .await[0];
        // `eventually` loses patience long before a heartbeat could help.
        eventually("the row is attended", async || !log.of(id).is_empty()).await;
    }
    worker.stop().await;
}

#[tokio::test]
async fn a_call_or_a_moved_clock_wakes_an_idle_worker() {
    let rows = Rows::new().await;
    let (clock, hand) = standing_clock();
    let log = Log::default();
    let config = SchedulerConfig {
        poll: Duration::from_secs(3600),
        ..config()
    };
    let worker = Running::start(&rows, rows.store(), clock, config, &log, |_| {
        async { Ok(()) }.boxed()
    });
    let another = rows.database.another_store().await;

    // The looks at the start are over, so that only the call can lead to another.
    tokio::time::sleep(ms(300)).await;
    let called = rows.insert(1, start_of_time()).await[0];
    another.poke();
    eventually("the call is heard", async || !log.of(called).is_empty()).await;

    // So is the one after a recorded outcome.
    rows.finished().await;
    tokio::time::sleep(ms(300)).await;
    let later = rows.insert(1, seconds_in(86_400)).await[0];
    hand.set(seconds_in(86_400), false);
    eventually("the move is noticed", async || !log.of(later).is_empty()).await;
    worker.stop().await;
}

#[tokio::test]
async fn shutdown_hands_prefetched_rows_back_unburned() {
    let rows = Rows::new().await;
    let ids = rows.insert_leased_before(5, Utc::now(), 1).await;
    let log = Log::default();
    let gate = Arc::new(Semaphore::new(0));
    let behind = Arc::clone(&gate);
    let config = SchedulerConfig {
        batches_in_flight: 1,
        ..config()
    };
    let worker = Running::start(&rows, rows.store(), real(), config, &log, move |_| {
        let gate = Arc::clone(&behind);
        async move {
            gate.acquire().await.map_err(AttendError::new)?.forget();
            Ok(())
        }
        .boxed()
    });
    eventually("one row is attended", async || log.all().len() == 1).await;
    assert_eq!(rows.leased().await, 5);
    let running = log.all()[0].id;

    worker.tell_to_stop();
    eventually("the others are handed back", async || {
        rows.leased().await == 1
    })
    .await;
    for id in ids.into_iter().filter(|id| *id != running) {
        let row = rows.row(id).await;
        assert_eq!((row.leased, row.leases), (false, 1));
    }
    assert!(rows.row(running).await.leased);

    gate.add_permits(1);
    worker.stop().await;
    assert_eq!(
        (rows.awake().await, rows.leased().await, log.all().len()),
        (4, 0, 1)
    );
}

#[tokio::test]
async fn leases_are_kept_alive_while_a_shutdown_waits() {
    let rows = Rows::new().await;
    let id = rows.insert(1, Utc::now()).await[0];
    let log = Log::default();
    let config = SchedulerConfig {
        lease: ms(600),
        heartbeat: ms(100),
        ..config()
    };
    let start = |store| {
        Running::start(&rows, store, real(), config.clone(), &log, |_| {
            async {
                tokio::time::sleep(ms(1800)).await;
                Ok(())
            }
            .boxed()
        })
    };
    let leaving = start(rows.store());
    eventually("the row is attended", async || !log.of(id).is_empty()).await;

    leaving.tell_to_stop();
    let staying = start(rows.database.another_store().await);
    leaving.stop().await;

    assert_eq!((rows.awake().await, log.of(id).len()), (0, 1));
    staying.stop().await;
}

#[tokio::test]
async fn work_of_a_killed_worker_is_resumed_after_its_lease() {
    let rows = Rows::new().await;
    let id = rows.insert(1, Utc::now()).await[0];
    let mut victim = Victim::start(&rows, "w1", ms(1000), &["hang"]);
    eventually("the victim has the row", async || rows.row(id).await.leased).await;
    let log = Log::default();
    let worker = Running::start(&rows, rows.store(), real(), config(), &log, |_| {
        async { Ok(()) }.boxed()
    });
    // For longer than a lease the victim lives, and keeps its row.
    tokio::time::sleep(ms(1500)).await;
    assert!(log.of(id).is_empty());

    victim.kill();
    let killed = Instant::now();
    rows.finished().await;

    let resumed = log.of(id)[0].began.duration_since(killed);
    assert!(
        ms(400) < resumed && resumed < ms(4000),
        "resumed after {resumed:?}"
    );
    worker.stop().await;
}
