//! The fence over real PostgreSQL: a copy of the database is not the database.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use e2e::database::{TestDatabase, connect, fresh_database};
use flows::clock::fresh_uuid;
use paydown::local_postgres::testing::test_cluster;
use sqlx::{AssertSqlSafe, Connection, PgConnection};

const KEY: &str = "the same key everywhere";

/// A database in use: it has an agreement.
async fn in_use() -> TestDatabase {
    let database = fresh_database().await;
    database.store.hold_keys(KEY).await.unwrap();
    let mut connection = PgConnection::connect(&database.url).await.unwrap();
    for statement in [
        "insert into customer
           (id, external_id, name_sealed, account_kind, account_sealed, account_fingerprint,
            account_hint, created_at)
         values (gen_random_uuid(), 'c', '', 'bban', '', '', '', 'epoch')",
        "insert into plan
           (id, external_id, customer_id, purpose, description, state, policy, instalment_count,
            total_cents, created_at)
         select gen_random_uuid(), 'p', id, 'loan', '', 'active', '{}', 1, 1, 'epoch' from customer",
        "insert into agreement
           (id, plan_id, attempt_no, uid, provider, state, terms, validity_start_date,
            chosen_because, created_at)
         select gen_random_uuid(), id, 1, 'a', 'oligo', 'active', '{}', '2026-01-01', '', 'epoch'
         from plan",
        "insert into journal (subject, subject_id, from_state, to_state, cause, at)
         values ('plan', gen_random_uuid(), 'a', 'b', 'c', '2026-01-05T00:00:00Z')",
    ] {
        sqlx::query(statement).execute(&mut connection).await.unwrap();
    }
    connection.close().await.unwrap();
    database
}

#[tokio::test]
async fn a_database_goes_on_being_itself() {
    let database = in_use().await;
    let before = database.store.fence().await.unwrap();

    let again = database.another_store().await;
    again.hold_keys(KEY).await.unwrap();

    assert!(before.reconciled_at.is_some());
    assert_eq!(again.fence().await.unwrap(), before);
}

#[tokio::test]
async fn a_copy_of_a_database_sends_nothing_until_it_was_compared() {
    let database = in_use().await;
    database.store.close().await;
    let cluster = test_cluster().await.unwrap();
    let source = database.url.rsplit_once('/').unwrap().1;
    let name = source.split('?').next().unwrap();
    let copy = format!("{name}_copy");
    let mut admin = PgConnection::connect(&cluster.url("postgres"))
        .await
        .unwrap();
    let create = format!("create database \"{copy}\" template \"{name}\"");
    sqlx::raw_sql(AssertSqlSafe(create))
        .execute(&mut admin)
        .await
        .unwrap();

    let store = connect(&cluster.url(&copy)).await.unwrap();
    let original = store.fence().await.unwrap();
    assert!(original.reconciled_at.is_some(), "nobody has looked yet");
    store.hold_keys(KEY).await.unwrap();

    let fence = store.fence().await.unwrap();
    assert_eq!(fence.system_identifier, original.system_identifier);
    assert_ne!(fence.database_oid, original.database_oid);
    assert_eq!(fence.reconciled_at, None);
    assert_eq!(fence.written_until, "2026-01-05T00:00:00Z".parse().ok());

    let now = "2026-01-06T00:00:00Z".parse().unwrap();
    let stale = original;
    assert!(!store.open_fence(&stale, now, fresh_uuid).await.unwrap());
    assert!(store.open_fence(&fence, now, fresh_uuid).await.unwrap());
    assert_eq!(store.fence().await.unwrap().reconciled_at, Some(now));
    store.close().await;
    cluster.drop_database(&copy).await.unwrap();
}

#[tokio::test]
async fn a_process_that_comes_to_another_database_while_it_runs_finds_out_as_it_connects() {
    let database = in_use().await;
    let store = database.another_store().await;
    store.hold_keys(KEY).await.unwrap();
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    sqlx::query("update db_fence set system_identifier = 1")
        .execute(&mut other)
        .await
        .unwrap();
    assert!(store.fence().await.unwrap().reconciled_at.is_some());

    sqlx::query(
        "select pg_terminate_backend(pid) from pg_stat_activity
         where datname = current_database() and pid <> pg_backend_pid()",
    )
    .execute(&mut other)
    .await
    .unwrap();
    let fence = loop {
        if let Ok(fence) = store.fence().await {
            break fence;
        }
    };

    assert_eq!(fence.reconciled_at, None);
    assert_ne!(fence.system_identifier, 1);
    let woken: bool =
        sqlx::query_scalar("select wake_at is not null from chore where name = 'compare_restored'")
            .fetch_one(&mut other)
            .await
            .unwrap();
    assert!(woken);
}

#[tokio::test]
async fn a_database_without_agreements_has_nothing_to_lack() {
    let database = fresh_database().await;
    let mut other = PgConnection::connect(&database.url).await.unwrap();
    sqlx::query("update db_fence set timeline_id = timeline_id + 1")
        .execute(&mut other)
        .await
        .unwrap();

    database.store.hold_keys(KEY).await.unwrap();

    assert!(
        database
            .store
            .fence()
            .await
            .unwrap()
            .reconciled_at
            .is_some()
    );
}
