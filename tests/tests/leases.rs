//! The store's leases by themselves, and how its transactions begin, over real PostgreSQL.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::num::NonZeroU32;
use std::time::{Duration, Instant};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use e2e::database::{TestDatabase, fresh_database};
use flows::clock::fresh_uuid;
use sqlx::postgres::{PgConnection, PgPool};
use sqlx::{AssertSqlSafe, Connection};
use store::turns::Flow;
use store::wake::{Backlog, Batch, Begun, Finished, Kind};
use uuid::Uuid;

const LONG: Duration = Duration::from_secs(3600);

fn now() -> DateTime<Utc> {
    "2026-02-02T06:00:00Z".parse().unwrap()
}

/// A database with `rows` webhooks, one due each second from `now` on.
async fn with_rows(rows: i32) -> (TestDatabase, PgPool) {
    let database = fresh_database().await;
    let pool = PgPool::connect(&database.url).await.unwrap();
    sqlx::query(
        "insert into webhook (id, provider, request_id, body_sealed, signed, received_at, wake_at)
         select gen_random_uuid(), 'oligo', n::text, '', false, $2, $2 + n * interval '1 second'
         from generate_series(0, $1 - 1) as n",
    )
    .bind(rows)
    .bind(now())
    .execute(&pool)
    .await
    .unwrap();
    (database, pool)
}

/// What is due an hour from `now`, leased for `lease`.
async fn lease(database: &TestDatabase, lease: Duration) -> Vec<Batch> {
    let at = now() + TimeDelta::hours(1);
    database
        .store
        .lease(Kind::Webhook, at, 100, lease)
        .await
        .unwrap()
}

#[tokio::test]
async fn a_leased_row_is_not_leased_again_until_its_lease_runs_out() {
    let (database, _) = with_rows(3).await;

    let first = lease(&database, Duration::ZERO).await;
    let second = lease(&database, LONG).await;
    let third = lease(&database, LONG).await;

    let sizes = |batches: &[Batch]| -> Vec<_> {
        batches
            .iter()
            .map(|batch| (batch.ids.len(), batch.leased_before, batch.leases))
            .collect()
    };
    assert_eq!(sizes(&first), [(3, false, 1)]);
    assert_eq!(sizes(&second), [(1, true, 2); 3]);
    assert_eq!(sizes(&third), []);
}

#[tokio::test]
async fn only_due_rows_are_leased_the_longest_due_first() {
    let (database, _) = with_rows(10).await;
    let store = &database.store;

    let at = now() + TimeDelta::seconds(4);
    let three = store.lease(Kind::Webhook, at, 3, LONG).await.unwrap();
    let rest = store.lease(Kind::Webhook, at, 100, LONG).await.unwrap();

    assert_eq!((three[0].ids.len(), rest[0].ids.len()), (3, 2));
}

#[tokio::test]
async fn of_rows_that_wake_together_the_same_are_leased_first_wherever_they_lie() {
    let (database, pool) = with_rows(64).await;
    // Their ids are in no order, and every other row is moved to the end of the table.
    for statement in [
        "update webhook set wake_at = received_at",
        "update webhook set signed = true where request_id::integer % 2 = 0",
    ] {
        sqlx::query(statement).execute(&pool).await.unwrap();
    }
    let mut leased = Vec::new();
    for _ in 0..4 {
        let store = &database.store;
        let batches = store.lease(Kind::Webhook, now(), 16, LONG).await.unwrap();
        leased.extend(batches.into_iter().flat_map(|batch| batch.ids));
    }

    assert_eq!(leased.len(), 64);
    assert!(leased.is_sorted(), "{leased:?}");
}

#[tokio::test]
async fn whoever_lost_a_lease_can_no_longer_touch_its_rows() {
    let (database, pool) = with_rows(1).await;
    let store = &database.store;
    let lost = lease(&database, Duration::ZERO).await[0].token;
    let held = lease(&database, LONG).await[0].token;

    store
        .finish(Kind::Webhook, &[(lost, Finished::Done)])
        .await
        .unwrap();
    let released = store.release(Kind::Webhook, lost).await.unwrap();
    let kept = store.heartbeat(&[lost, held], LONG).await.unwrap();

    let token: Uuid = sqlx::query_scalar("select lease_token from webhook")
        .fetch_one(&pool)
        .await
        .unwrap();
    assert_eq!((token, released, kept), (held, 0, vec![held]));
}

#[tokio::test]
async fn a_released_row_is_as_if_never_leased() {
    let (database, _) = with_rows(2).await;
    let token = lease(&database, LONG).await[0].token;

    assert_eq!(
        database.store.release(Kind::Webhook, token).await.unwrap(),
        2
    );

    let again = lease(&database, LONG).await;
    assert_eq!(
        (again.len(), again[0].leased_before, again[0].leases),
        (1, false, 1)
    );
}

#[tokio::test]
async fn a_failed_row_that_sleeps_is_not_woken_and_a_later_waking_is_kept() {
    let (database, pool) = with_rows(3).await;
    let batch = lease(&database, LONG).await.remove(0);
    let (retry_at, later) = (now() + TimeDelta::hours(2), now() + TimeDelta::hours(9));
    for (id, wake_at) in [(batch.ids[0], None), (batch.ids[1], Some(later))] {
        let statement = sqlx::query("update webhook set wake_at = $2 where id = $1");
        statement
            .bind(id)
            .bind(wake_at)
            .execute(&pool)
            .await
            .unwrap();
    }

    let failed = [(batch.token, Finished::Failed { retry_at })];
    database.store.finish(Kind::Webhook, &failed).await.unwrap();

    let mut woken = Vec::new();
    for id in &batch.ids {
        let row: (Option<DateTime<Utc>>, Option<Uuid>, i32) =
            sqlx::query_as("select wake_at, lease_token, leases from webhook where id = $1")
                .bind(id)
                .fetch_one(&pool)
                .await
                .unwrap();
        assert_eq!((row.1, row.2), (None, 1));
        woken.push(row.0);
    }
    assert_eq!(woken, [None, Some(later), Some(retry_at)]);
}

#[tokio::test]
async fn a_payment_armed_under_an_instalments_token_is_kept_and_finished_with_it() {
    let (database, pool) = with_rows(0).await;
    let token = Uuid::from_u128(7);
    let mut connection = pool.acquire().await.unwrap();
    // Without the plan and the agreement it belongs to: only its lease is looked at.
    sqlx::query("set session_replication_role = replica")
        .execute(&mut *connection)
        .await
        .unwrap();
    sqlx::query(
        "insert into payment (id, uid, instalment_id, plan_id, agreement_id, attempt_no,
           amount_cents, request_body, state, purpose, created_at, wake_at, lease_token,
           leased_until, leases)
         values ($1, 'u', $1, $1, $1, 1, 100, '', 'sending', 'create', $2, $2, $1, $2, 1)",
    )
    .bind(token)
    .bind(now())
    .execute(&mut *connection)
    .await
    .unwrap();

    let store = &database.store;
    assert_eq!(store.heartbeat(&[token], LONG).await.unwrap(), [token]);
    let held = store.backlog(now()).await.unwrap();
    store
        .finish(Kind::Instalment, &[(token, Finished::Done)])
        .await
        .unwrap();

    assert_eq!(
        held,
        Backlog {
            due: 1,
            leased: 1,
            next_wake_at: None
        }
    );
    let finished = store.backlog(now()).await.unwrap();
    assert_eq!(
        finished,
        Backlog {
            due: 1,
            leased: 0,
            next_wake_at: None
        }
    );
}

#[tokio::test]
async fn the_backlog_tells_what_is_due_what_is_leased_and_what_comes_next() {
    let (database, _) = with_rows(10).await;
    let at = now() + TimeDelta::seconds(3);
    database
        .store
        .lease(Kind::Webhook, at, 2, LONG)
        .await
        .unwrap();

    let backlog = database.store.backlog(at).await.unwrap();

    let next_wake_at = Some(now() + TimeDelta::seconds(4));
    assert_eq!(
        backlog,
        Backlog {
            due: 4,
            leased: 2,
            next_wake_at
        }
    );
}

#[tokio::test]
async fn a_heartbeat_does_not_wait_for_a_locked_row() {
    let (database, pool) = with_rows(2).await;
    let token = lease(&database, LONG).await[0].token;
    let mut other = pool.begin().await.unwrap();
    sqlx::query("select id from webhook where request_id = '0' for update")
        .execute(&mut *other)
        .await
        .unwrap();

    let tokens = [token];
    let heartbeat = database.store.heartbeat(&tokens, LONG * 2);
    let kept = tokio::time::timeout(Duration::from_secs(10), heartbeat).await;

    assert_eq!(kept.expect("the heartbeat did not wait").unwrap(), tokens);
    other.rollback().await.unwrap();
}

/// A database with 100,000 instalments of different due dates that all wake `now`, in no order.
async fn with_late_instalments() -> (TestDatabase, PgPool) {
    let (database, pool) = with_rows(0).await;
    let mut connection = pool.acquire().await.unwrap();
    // Without the plans they belong to: only their leases are looked at.
    sqlx::query("set session_replication_role = replica")
        .execute(&mut *connection)
        .await
        .unwrap();
    sqlx::query(
        "insert into instalment (id, plan_id, sequence, due_date, amount_cents, state, wake_at)
         select gen_random_uuid(), gen_random_uuid(), 1, '2026-01-01'::date + n % 3000, 100,
                'scheduled', $1
         from generate_series(1, 100000) as n",
    )
    .bind(now())
    .execute(&mut *connection)
    .await
    .unwrap();
    drop(connection);
    (database, pool)
}

#[tokio::test]
async fn of_instalments_that_wake_together_the_oldest_debts_are_leased_first() {
    let (database, pool) = with_late_instalments().await;
    let mut latest = None;
    for _ in 0..4 {
        let store = &database.store;
        let batches = store
            .lease(Kind::Instalment, now(), 400, LONG)
            .await
            .unwrap();
        let ids: Vec<Uuid> = batches.into_iter().flat_map(|batch| batch.ids).collect();
        let dates: (Option<NaiveDate>, Option<NaiveDate>) = sqlx::query_as(
            "select min(due_date), max(due_date) from instalment where id = any($1)",
        )
        .bind(&ids)
        .fetch_one(&pool)
        .await
        .unwrap();
        assert_eq!(ids.len(), 400);
        assert!(latest <= dates.0, "{latest:?} {dates:?}");
        latest = dates.1;
    }
    assert_eq!(latest, "2026-02-17".parse().ok());

    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    // With no statistics yet, and with true ones; nearly every row due.
    for (analyze, mode) in [
        ("select 1", "force_custom_plan"),
        ("select 1", "force_generic_plan"),
        ("analyze instalment", "force_custom_plan"),
        ("analyze instalment", "force_generic_plan"),
    ] {
        sqlx::raw_sql(analyze)
            .execute(&mut connection)
            .await
            .unwrap();
        let plan = plan(&mut connection, Kind::Instalment, mode).await;
        let reads = "Index Scan using instalment_due_by_id";
        assert!(
            plan.contains(reads) && !plan.contains("Sort"),
            "{mode} after {analyze}: {plan}"
        );
    }
}

/// The plan of the lease statement, as the server makes it for arguments it knows, or does not.
async fn plan(connection: &mut PgConnection, kind: Kind, mode: &str) -> String {
    let mode = format!("set plan_cache_mode = {mode}");
    sqlx::raw_sql(AssertSqlSafe(mode))
        .execute(&mut *connection)
        .await
        .unwrap();
    let prepare = format!(
        "prepare leases (uuid, timestamptz, bigint, bigint) as {}",
        kind.lease_statement()
    );
    sqlx::raw_sql(AssertSqlSafe(prepare))
        .execute(&mut *connection)
        .await
        .unwrap();
    let lines: Vec<String> = sqlx::query_scalar(
        "explain execute leases ('00000000-0000-0000-0000-000000000007',
           '2036-01-01T00:00:00Z', 250, 6000)",
    )
    .fetch_all(&mut *connection)
    .await
    .unwrap();
    sqlx::raw_sql("deallocate leases")
        .execute(&mut *connection)
        .await
        .unwrap();
    lines.join("\n")
}

#[tokio::test]
async fn the_lease_statement_reads_the_due_index_at_any_backlog() {
    // With no statistics yet, and with true ones; every row due.
    let (database, _) = with_rows(100_000).await;
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    for analyze in ["select 1", "analyze webhook"] {
        sqlx::raw_sql(analyze)
            .execute(&mut connection)
            .await
            .unwrap();
        for mode in ["force_custom_plan", "force_generic_plan"] {
            let plan = plan(&mut connection, Kind::Webhook, mode).await;

            assert!(
                plan.contains("Index Scan using webhook_due_by_id"),
                "{mode} after {analyze}: {plan}"
            );
            assert!(
                !plan.contains("Seq Scan") && !plan.contains("Sort"),
                "{mode}: {plan}"
            );
        }
    }
}

#[tokio::test]
async fn processes_together_make_no_more_calls_than_they_share() {
    let database = fresh_database().await;
    let five = NonZeroU32::new(5).unwrap();
    // One call a minute in the long run would be the same test, slower to be wrong.
    let flow = Flow {
        per_second: NonZeroU32::MIN,
        burst: five,
    };
    let stores = futures::future::join_all((0..4).map(|_| database.another_store())).await;
    let takers = stores.iter().flat_map(|store| {
        (0..10).map(move |_| async move { store.take_turn("oligo", flow).await.unwrap() })
    });
    let began = Instant::now();
    let answers: Vec<Option<Duration>> = futures::future::join_all(takers).await;

    let taken = answers.iter().filter(|wait| wait.is_none()).count();
    let came_due = usize::try_from(began.elapsed().as_secs()).unwrap() + 1;
    assert!((5..=5 + came_due).contains(&taken), "{taken} turns of five");
    let shortest = answers.into_iter().flatten().min().unwrap();
    assert!(
        Duration::from_secs(1) <= shortest,
        "nobody waits for less than a turn"
    );
    let other = database.store.take_turn("adyen", flow).await.unwrap();
    assert_eq!(other, None, "another provider has turns of its own");
}

#[tokio::test]
async fn a_clock_that_was_set_back_holds_no_call_back_for_ever() {
    let database = fresh_database().await;
    let flow = Flow {
        per_second: NonZeroU32::MIN,
        burst: NonZeroU32::MIN,
    };
    let pool = PgPool::connect(&database.url).await.unwrap();
    // As the row stands when the database's clock ran a year ahead and was put right.
    sqlx::query("insert into provider_turn values ('oligo', now() + interval '1 year')")
        .execute(&pool)
        .await
        .unwrap();

    assert_eq!(database.store.take_turn("oligo", flow).await.unwrap(), None);
    let wait = database.store.take_turn("oligo", flow).await.unwrap();
    assert!(
        wait.is_some_and(|wait| wait <= Duration::from_secs(2)),
        "{wait:?}"
    );
}

#[tokio::test]
async fn a_row_that_another_is_just_leasing_is_passed_over_without_waiting() {
    let (database, pool) = with_rows(2).await;
    let mut other = pool.begin().await.unwrap();
    let leased: Vec<(Uuid, Uuid, i32, DateTime<Utc>)> =
        sqlx::query_as(Kind::Webhook.lease_statement())
            .bind(Uuid::from_u128(7))
            .bind(now() + TimeDelta::hours(1))
            .bind(1_i64)
            .bind(60_000_i64)
            .fetch_all(&mut *other)
            .await
            .unwrap();

    let leasing = lease(&database, LONG);
    let rest = tokio::time::timeout(Duration::from_secs(10), leasing).await;

    let rest = rest.expect("it waits for nobody");
    assert_eq!((leased.len(), rest.len(), rest[0].ids.len()), (1, 1, 1));
    assert_ne!(leased[0].0, rest[0].ids[0]);
    other.rollback().await.unwrap();
}

/// One row, leased alone, and how its attendance begins.
async fn begin_alone(database: &TestDatabase, lease_for: Duration) -> (Batch, Begun) {
    let batch = lease(database, lease_for).await.remove(0);
    assert!(batch.leased_before);
    let begun = database
        .store
        .begin_alone(Kind::Webhook, batch.token, now(), fresh_uuid)
        .await
        .unwrap();
    (batch, begun)
}

/// A row that ran out of its first lease, which it shared.
async fn with_a_row_of_one_lost_lease() -> (TestDatabase, PgPool) {
    let (database, pool) = with_rows(1).await;
    lease(&database, Duration::ZERO).await;
    (database, pool)
}

#[tokio::test]
async fn after_three_crashes_alone_a_row_is_leased_no_more_and_a_person_is_asked() {
    let (database, pool) = with_a_row_of_one_lost_lease().await;
    for _ in 0..3 {
        let (_, begun) = begin_alone(&database, Duration::ZERO).await;
        assert_eq!(begun, Begun::Attend);
    }
    let (batch, begun) = begin_alone(&database, LONG).await;
    assert_eq!(begun, Begun::Quarantined);

    assert!(lease(&database, LONG).await.is_empty());
    let backlog = database
        .store
        .backlog(now() + TimeDelta::hours(1))
        .await
        .unwrap();
    assert_eq!(
        (backlog.due, backlog.leased, backlog.next_wake_at),
        (0, 0, None)
    );
    let asked: Vec<(String, String, Uuid)> =
        sqlx::query_as("select kind, subject, subject_id from exception where closed_at is null")
            .fetch_all(&pool)
            .await
            .unwrap();
    let about = ("quarantined".to_owned(), "webhook".to_owned(), batch.ids[0]);
    assert_eq!(asked, [about]);
    let told: Vec<String> =
        sqlx::query_scalar("select to_state from journal where subject_id = $1")
            .bind(batch.ids[0])
            .fetch_all(&pool)
            .await
            .unwrap();
    assert_eq!(told, ["quarantined"]);
}

#[tokio::test]
async fn a_failure_that_was_recorded_is_no_crash() {
    let (database, _) = with_a_row_of_one_lost_lease().await;
    for _ in 0..10 {
        let (batch, begun) = begin_alone(&database, LONG).await;
        assert_eq!(begun, Begun::Attend);
        let failed = Finished::Failed { retry_at: now() };
        database
            .store
            .finish(Kind::Webhook, &[(batch.token, failed)])
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn only_crashes_one_after_the_other_count() {
    let (database, _) = with_a_row_of_one_lost_lease().await;
    for _ in 0..4 {
        for _ in 0..2 {
            let (_, begun) = begin_alone(&database, Duration::ZERO).await;
            assert_eq!(begun, Begun::Attend);
        }
        let (batch, begun) = begin_alone(&database, LONG).await;
        assert_eq!(begun, Begun::Attend);
        let failed = Finished::Failed { retry_at: now() };
        database
            .store
            .finish(Kind::Webhook, &[(batch.token, failed)])
            .await
            .unwrap();
    }
}

#[tokio::test]
async fn a_row_whose_process_ended_before_its_turn_came_has_not_crashed() {
    let (database, _) = with_a_row_of_one_lost_lease().await;
    for _ in 0..10 {
        assert!(lease(&database, Duration::ZERO).await[0].leased_before);
    }

    let (_, begun) = begin_alone(&database, LONG).await;

    assert_eq!(begun, Begun::Attend);
}

#[tokio::test]
async fn a_lease_that_was_lost_begins_nothing() {
    let (database, _) = with_a_row_of_one_lost_lease().await;
    let lost = lease(&database, Duration::ZERO).await[0].token;
    lease(&database, LONG).await;

    let begun = database
        .store
        .begin_alone(Kind::Webhook, lost, now(), fresh_uuid)
        .await;

    assert_eq!(begun.unwrap(), Begun::Lost);
}

#[tokio::test]
async fn whoever_gives_a_begin_up_leaves_no_transaction_open() {
    let (database, pool) = with_rows(1).await;
    let store = store::Store::connect(&database.url, 1, &e2e::database::data_key())
        .await
        .unwrap();
    let open = "select count(*) from pg_stat_activity
                where datname = current_database() and state like 'idle in transaction%'";
    let (mut given_up, mut ended) = (0, 0);

    for polls in 0..200 {
        let begun = store.begin_alone(Kind::Webhook, Uuid::from_u128(7), now(), fresh_uuid);
        tokio::select! {
            biased;
            _ = begun => ended += 1,
            () = patience(polls) => given_up += 1,
        }
        // On the one connection there is: in a transaction it would stay open.
        store.check().await.unwrap();

        let left: i64 = sqlx::query_scalar(open).fetch_one(&pool).await.unwrap();
        assert_eq!(left, 0, "given up after {polls} polls");
    }
    assert!(
        0 < given_up && 0 < ended,
        "{given_up} given up, {ended} ended"
    );
}

/// As long as it takes to be polled so often.
async fn patience(polls: u32) {
    for _ in 0..polls {
        tokio::task::yield_now().await;
    }
}
