//! Each law that `verify` holds up, broken on purpose, in Paydown's rows or in the bank's ledger: a
//! check that cannot fail would be none. Each time that law is told, and no other.

use chrono::{NaiveDate, TimeDelta};
use serde_json::json;
use verify::witness::{Ledger, TheirPayment};
use verify::{LAWS, Verifier};

use domain::uid::{InstalmentId, UidKey};
use e2e::world::World;

/// The key of uids of every world.
const KEY: [u8; 32] = [9; 32];

/// A payment's row by its place, from 0.
const FIRST: &str = "(select id from payment order by created_at limit 1)";
const SECOND: &str = "(select id from payment order by created_at offset 1 limit 1)";

/// The books of both sides at rest: of four weekly instalments two are collected.
struct Books {
    world: World,
    ledger: Ledger,
    verifier: Verifier,
}

impl Books {
    async fn in_order() -> Books {
        let mut world = World::builder().build().await;
        let plan = world
            .active_plan(json!({
                "frequency": "weekly",
                "first_date": "2026-01-12",
                "instalments": 4,
                "amount": 28_850,
            }))
            .await;
        let evening = "2026-01-19T09:00:00Z".parse().expect("an instant");
        world.advance_to(evening).await;
        world.come_to_rest().await;
        let states = world.plan(&plan).await.instalments;
        let collected = states.iter().filter(|one| one.state == "collected");
        assert_eq!(collected.count(), 2);
        Books {
            ledger: world.witness().await,
            verifier: world.verifier(KEY),
            world,
        }
    }

    async fn sql(&self, statement: &str) {
        let done = sqlx::query(sqlx::AssertSqlSafe(statement.to_owned()))
            .execute(self.world.pool())
            .await;
        let done = done.unwrap_or_else(|error| panic!("{statement}: {error}"));
        assert!(
            0 < done.rows_affected() || statement.starts_with("drop"),
            "{statement}"
        );
    }

    fn first(&mut self) -> &mut TheirPayment {
        &mut self.ledger.payments[0]
    }

    fn second(&mut self) -> &mut TheirPayment {
        &mut self.ledger.payments[1]
    }

    /// The second payment is another one for the first instalment, on both sides.
    async fn collect_the_first_twice(&mut self) {
        let instalment: uuid::Uuid =
            sqlx::query_scalar("select id from instalment where sequence = 1")
                .fetch_one(self.world.pool())
                .await
                .expect("an instalment");
        let uid = UidKey::new(KEY).payment_uid(InstalmentId::new(instalment), 2);
        self.sql("drop index payment_live_one").await;
        self.sql(&format!(
            "update payment
             set request_body = replace(request_body, uid, '{uid}'), uid = '{uid}',
                 instalment_id = '{instalment}', attempt_no = 2
             where id = {SECOND}"
        ))
        .await;
        self.owe_the_second().await;
        self.second().uid = uid.to_string();
    }

    /// The second instalment is still to be collected.
    async fn owe_the_second(&self) {
        self.sql(
            "update instalment set state = 'scheduled', wake_at = '2027-01-01' where sequence = 2",
        )
        .await;
    }

    /// The second payment has failed, by Paydown's rows.
    async fn fail_the_second(&self) {
        self.sql(&format!(
            "update payment set state = 'failed' where id = {SECOND}"
        ))
        .await;
    }

    async fn release_slots_of(&self, payment: &str) {
        self.sql(&format!(
            "update window_slot set released_at = taken_at where payment_id = {payment}"
        ))
        .await;
    }

    /// The laws that are told as broken of books at rest.
    async fn concluded(mut self) -> Vec<&'static str> {
        let now = self.world.now();
        let told = self.verifier.conclude(&self.ledger, now).await;
        laws(told)
    }

    /// The laws that are told as broken of books that are still being written.
    async fn looked_at(mut self) -> Vec<&'static str> {
        let told = self.verifier.look(&self.ledger).await;
        laws(told)
    }
}

fn laws(told: Result<Vec<verify::Violation>, verify::VerifyError>) -> Vec<&'static str> {
    let told = told.expect("the books can be read");
    let mut laws: Vec<&str> = told.iter().map(|broken| broken.invariant).collect();
    laws.dedup();
    laws
}

fn date_of(payment: &TheirPayment) -> NaiveDate {
    let at = payment.submitted_at[0];
    at.with_timezone(&chrono_tz::Australia::Sydney).date_naive()
}

#[tokio::test(flavor = "multi_thread")]
async fn of_books_in_order_nothing_is_told_and_every_law_was_looked_at() {
    let mut books = Books::in_order().await;

    let now = books.world.now();
    let told = books.verifier.conclude(&books.ledger, now).await;
    assert_eq!(told.expect("the books can be read"), []);

    let never: Vec<_> = books.verifier.checked().iter().collect();
    assert_eq!(never.len(), LAWS.len());
    assert!(never.iter().all(|(_, times)| 0 < **times), "{never:?}");
}

#[test]
fn every_law_is_broken_here_and_told() {
    let here = include_str!("laws.rs");
    let untold: Vec<&str> = LAWS
        .iter()
        .map(|(law, _)| *law)
        .filter(|law| !here.contains(&format!(", [\"{law}\"]);")))
        .collect();
    assert!(untold.is_empty(), "never broken: {untold:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_collected_twice_is_told() {
    let mut books = Books::in_order().await;
    books.collect_the_first_twice().await;
    assert_eq!(books.looked_at().await, ["I1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_collected_twice_by_us_is_told_although_a_person_was_asked() {
    let mut books = Books::in_order().await;
    books.collect_the_first_twice().await;
    books
        .sql(
            "insert into exception
               (id, kind, plan_id, subject, subject_id, detail, next_action, opened_at)
             select gen_random_uuid(), 'late_settlement', plan_id, 'payment', id, 'a test', 'none',
                    '2026-01-15'
             from payment",
        )
        .await;
    assert_eq!(books.looked_at().await, ["I1"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_collected_twice_because_the_bank_changed_its_mind_is_told_if_nobody_was_asked()
 {
    for (asked, looked_at) in [(false, false), (true, false), (false, true)] {
        let mut books = Books::in_order().await;
        books.collect_the_first_twice().await;
        // The first one had failed before the second was sent, and settled after all.
        let sent_at = books.second().created_at;
        books.first().failed_at = Some(sent_at - TimeDelta::hours(2));
        books.first().settled_at = Some(sent_at + TimeDelta::hours(1));
        if asked {
            books
                .sql(&format!(
                    "insert into exception
                       (id, kind, plan_id, subject, subject_id, detail, next_action, opened_at)
                     select gen_random_uuid(), 'late_settlement', plan_id, 'payment', id, 'a test',
                            'none', '2026-01-20'
                     from payment where id = {FIRST}"
                ))
                .await;
        }
        if looked_at {
            books.release_slots_of(FIRST).await;
            books
                .sql(&format!(
                    "update payment set state = 'failed', wake_at = '2026-01-24' where id = {FIRST}"
                ))
                .await;
        }
        let is_known = asked || looked_at;
        let expected: &[&str] = if is_known { &[] } else { &["I1"] };
        let told = laws(books.verifier.look(&books.ledger).await);
        assert_eq!(told, expected, "asked: {asked}, looked at: {looked_at}");
        // Looks end, and then the two sides say the same or a person was asked.
        if looked_at {
            assert!(books.concluded().await.contains(&"I10"));
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_beside_an_undecided_one_of_the_period_before_is_told() {
    let mut books = Books::in_order().await;
    let sent_at = books.second().submitted_at[0];
    books.first().settled_at = Some(sent_at + TimeDelta::hours(1));
    assert_eq!(books.concluded().await, ["I5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_that_is_open_long_after_its_time_is_told() {
    let mut books = Books::in_order().await;
    books
        .sql("update instalment set wake_at = '2029-01-01' where state = 'scheduled'")
        .await;
    let told = books.verifier.look(&books.ledger).await;
    assert_eq!(laws(told), [""; 0]);
    for (date, expected) in [("2026-02-10T00:00:00Z", 0), ("2026-02-12T00:00:00Z", 1)] {
        let now = date.parse().expect("an instant");
        let told = books.verifier.nothing_lost(now).await;
        assert_eq!(
            told.expect("the rows can be read").len(),
            expected,
            "{date}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_failed_weeks_ago_is_looked_at_again_once_it_moves() {
    let mut books = Books::in_order().await;
    books.first().state = "failed".to_owned();
    books.first().settled_at = None;
    books.verifier.look(&books.ledger).await.expect("the books");
    let uid = books.first().uid.clone();
    let much_later = books.first().created_at + TimeDelta::days(60);

    let open = books.verifier.unsettled(much_later).await;
    assert!(!open.expect("the rows").contains(&uid));

    books
        .sql(&format!(
            "insert into journal (subject, subject_id, from_state, to_state, cause, at)
             values ('payment', {FIRST}, 'failed', 'sending', 'a test', '2026-03-15')"
        ))
        .await;
    let open = books.verifier.unsettled(much_later).await;
    assert!(open.expect("the rows").contains(&uid));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_sent_while_its_plan_is_frozen_is_told() {
    let books = Books::in_order().await;
    books
        .sql("update plan set frozen_because = 'late_settlement'")
        .await;
    books
        .sql(&format!(
            "insert into exception
               (id, kind, plan_id, subject, subject_id, detail, next_action, opened_at)
             select gen_random_uuid(), 'late_settlement', plan_id, 'payment', id, 'a test', 'none',
                    '2026-01-15'
             from payment where id = {FIRST}"
        ))
        .await;
    assert_eq!(books.concluded().await, ["I1'"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_sent_although_an_earlier_one_had_not_failed_is_told() {
    let mut books = Books::in_order().await;
    books.collect_the_first_twice().await;
    books.fail_the_second().await;
    books.release_slots_of(SECOND).await;
    books.second().state = "failed".to_owned();
    assert_eq!(books.concluded().await, ["I2"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_of_the_bank_that_is_not_ours_is_told() {
    let mut books = Books::in_order().await;
    let mut stranger = books.first().clone();
    stranger.uid = "stranger".to_owned();
    stranger.state = "failed".to_owned();
    books.ledger.payments.push(stranger);
    assert_eq!(books.concluded().await, ["I3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_the_bank_had_before_its_row_was_written_is_told() {
    let mut books = Books::in_order().await;
    books.first().created_at -= TimeDelta::hours(1);
    assert_eq!(books.concluded().await, ["I3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_under_an_agreement_that_the_bank_does_not_know_is_told() {
    let mut books = Books::in_order().await;
    books.ledger.agreements.clear();
    assert_eq!(books.concluded().await, ["I3"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_called_the_last_at_the_bank_alone_is_told() {
    let mut books = Books::in_order().await;
    books.first().last_payment = Some(true);
    assert_eq!(books.concluded().await, ["I4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_body_that_was_changed_is_told() {
    let books = Books::in_order().await;
    books
        .sql(&format!(
            "update payment set request_body = replace(request_body, '28850', '28851')
             where id = {FIRST}"
        ))
        .await;
    assert_eq!(books.concluded().await, ["I4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_uid_of_another_key_is_told() {
    let mut books = Books::in_order().await;
    books.verifier = books.world.verifier([8; 32]);
    assert_eq!(books.concluded().await, ["I4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn attempts_with_a_gap_are_told() {
    let mut books = Books::in_order().await;
    books
        .sql(&format!(
            "update payment set attempt_no = 2 where id = {FIRST}"
        ))
        .await;
    books.verifier = Verifier::connect(books.world.database_url(), None).expect("a URL");
    assert_eq!(books.concluded().await, ["I4"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_payments_in_a_period_that_allows_one_are_told() {
    let mut books = Books::in_order().await;
    books.first().submitted_at = books.second().submitted_at.clone();
    assert_eq!(books.concluded().await, ["I5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_payments_in_a_period_for_one_are_told_unless_the_first_had_failed_before() {
    for had_failed in [false, true] {
        let mut books = Books::in_order().await;
        books.first().submitted_at = books.second().submitted_at.clone();
        let sent_at = books.second().submitted_at[0];
        books.first().submitted_at[0] = sent_at - TimeDelta::hours(2);
        let failed_at = sent_at + TimeDelta::hours(if had_failed { -1 } else { 1 });
        books.first().failed_at = Some(failed_at);
        books.first().settled_at = Some(sent_at + TimeDelta::hours(3));
        let expected: &[&str] = if had_failed { &[] } else { &["I5"] };
        assert_eq!(
            books.concluded().await,
            expected,
            "had failed: {had_failed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_that_was_tried_again_after_it_had_failed_made_no_room_for_another() {
    let mut books = Books::in_order().await;
    books.first().submitted_at = books.second().submitted_at.clone();
    let sent_at = books.second().submitted_at[0];
    let (first, again) = (sent_at - TimeDelta::hours(3), sent_at - TimeDelta::hours(1));
    books
        .sql(&format!(
            "update payment set sent_at = array['{first}', '{again}']::timestamptz[] where id = {FIRST}"
        ))
        .await;
    books.first().submitted_at = vec![first, again];
    books.first().failed_at = Some(sent_at - TimeDelta::hours(2));
    books.first().settled_at = Some(sent_at + TimeDelta::hours(3));
    assert_eq!(books.concluded().await, ["I5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn two_payments_under_an_agreement_for_one_are_told() {
    let mut books = Books::in_order().await;
    let terms = &mut books.ledger.agreements[0].terms;
    (terms.frequency, terms.count) = ("adhoc".to_owned(), Some(1));
    assert_eq!(books.concluded().await, ["I5"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_that_the_terms_do_not_fix_is_told() {
    let mut books = Books::in_order().await;
    let terms = &mut books.ledger.agreements[0].terms;
    (terms.kind, terms.amount) = ("fixed".to_owned(), Some(28_849));
    assert_eq!(books.concluded().await, ["I6"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amount_over_the_maximum_is_told() {
    let mut books = Books::in_order().await;
    let terms = &mut books.ledger.agreements[0].terms;
    (terms.kind, terms.amount) = ("variable".to_owned(), None);
    terms.max_amount = Some(28_849);
    assert_eq!(books.concluded().await, ["I6"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_after_a_balloons_last_is_told() {
    let mut books = Books::in_order().await;
    let terms = &mut books.ledger.agreements[0].terms;
    (terms.kind, terms.amount) = ("balloon".to_owned(), Some(28_850));
    (terms.first_payment_amount, terms.last_payment_amount) = (None, None);
    books
        .sql(&format!(
            "update payment set last_payment = true where id = {FIRST}"
        ))
        .await;
    books.first().last_payment = Some(true);
    assert_eq!(books.concluded().await, ["I6"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_after_a_balloons_last_is_told_unless_that_had_failed_before() {
    for had_failed in [false, true] {
        let mut books = Books::in_order().await;
        let terms = &mut books.ledger.agreements[0].terms;
        (terms.kind, terms.amount) = ("balloon".to_owned(), Some(28_850));
        (terms.first_payment_amount, terms.last_payment_amount) = (None, None);
        books
            .sql(&format!(
                "update payment set last_payment = true where id = {FIRST}"
            ))
            .await;
        books.first().last_payment = Some(true);
        let sent_at = books.second().submitted_at[0];
        books.first().failed_at = Some(sent_at + TimeDelta::hours(if had_failed { -1 } else { 1 }));
        let expected: &[&str] = if had_failed { &[] } else { &["I6"] };
        assert_eq!(
            books.concluded().await,
            expected,
            "had failed: {had_failed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_after_the_agreements_last_date_is_told() {
    let mut books = Books::in_order().await;
    let end = date_of(books.first());
    books.ledger.agreements[0].validity_end_date = Some(end);
    assert_eq!(books.concluded().await, ["I7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_before_the_date_of_the_first_is_told() {
    let mut books = Books::in_order().await;
    let first = date_of(books.second());
    books.ledger.agreements[0].terms.first_payment_date = Some(first);
    assert_eq!(books.concluded().await, ["I7"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_sent_between_a_stop_and_the_opening_is_told() {
    let mut books = Books::in_order().await;
    let sent_at = books.second().submitted_at[0];
    books.verifier.closed(sent_at - TimeDelta::hours(1));
    books.verifier.opened(sent_at + TimeDelta::hours(1));
    assert_eq!(books.concluded().await, ["I8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_sent_after_a_stop_that_still_holds_is_told() {
    let mut books = Books::in_order().await;
    books
        .sql(
            "insert into journal (subject, subject_id, from_state, to_state, cause, detail, at)
             values ('control', '00000000-0000-0000-0000-000000000000', 'open', 'closed',
                     'a test', 'all: a test', '2026-01-15')",
        )
        .await;
    books.verifier.read_stops().await.expect("the journal");
    assert_eq!(books.concluded().await, ["I8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_sent_while_its_plan_is_paused_is_told() {
    let books = Books::in_order().await;
    books
        .sql(
            "insert into journal (subject, subject_id, from_state, to_state, cause, at)
             select 'plan', id, 'active', 'paused', 'a test', '2026-01-15'::timestamptz from plan
             union all
             select 'plan', id, 'paused', 'active', 'a test', '2029-01-15'::timestamptz from plan",
        )
        .await;
    assert_eq!(books.concluded().await, ["I8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_sent_while_the_switch_of_its_agreement_is_closed_is_told() {
    let books = Books::in_order().await;
    books
        .sql(
            "insert into journal (subject, subject_id, from_state, to_state, cause, at)
             select 'control', id, 'open', 'closed', 'a test', '2026-01-15' from agreement",
        )
        .await;
    assert_eq!(books.concluded().await, ["I8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_sent_after_the_cancellation_of_its_plan_is_told() {
    let books = Books::in_order().await;
    books
        .sql(
            "insert into journal (subject, subject_id, from_state, to_state, cause, at)
             select 'plan', id, 'active', 'cancelled', 'a test', '2026-01-15' from plan",
        )
        .await;
    assert_eq!(books.concluded().await, ["I8"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_that_nothing_looks_at_any_more_is_told() {
    let books = Books::in_order().await;
    books
        .sql("update instalment set wake_at = null, due_date = '2026-01-13' where sequence = 3")
        .await;
    assert_eq!(books.concluded().await, ["I9"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_row_that_is_overdue_at_the_end_is_told() {
    let books = Books::in_order().await;
    books
        .sql("update instalment set wake_at = '2026-01-13' where sequence = 3")
        .await;
    assert_eq!(books.concluded().await, ["I9"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_still_undecided_at_the_end_is_told() {
    let mut books = Books::in_order().await;
    books
        .sql(&format!(
            "update payment set state = 'unknown', wake_at = '2027-01-01' where id = {SECOND}"
        ))
        .await;
    books
        .sql("update instalment set state = 'collecting' where sequence = 2")
        .await;
    books.second().state = "submitted".to_owned();
    assert_eq!(books.concluded().await, ["I10"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_failure_that_the_bank_does_not_know_of_is_told() {
    let mut books = Books::in_order().await;
    books.fail_the_second().await;
    books.release_slots_of(SECOND).await;
    books.owe_the_second().await;
    books.second().state = "submitted".to_owned();
    assert_eq!(books.looked_at().await, ["I10"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_waits_at_the_end_is_told() {
    let books = Books::in_order().await;
    books
        .sql(
            "insert into webhook (id, provider, request_id, body_sealed, signed, received_at)
             values (gen_random_uuid(), 'oligo', 'a test', '', false, '2026-01-15')",
        )
        .await;
    assert_eq!(books.concluded().await, ["I10"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_whose_sum_changed_is_told() {
    let books = Books::in_order().await;
    books
        .sql("update plan set total_cents = total_cents + 1")
        .await;
    assert_eq!(books.concluded().await, ["I11"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_collected_without_a_payment_is_told() {
    let books = Books::in_order().await;
    books
        .sql("update instalment set state = 'collected', wake_at = null where sequence = 3")
        .await;
    assert_eq!(books.concluded().await, ["I11"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instalment_missed_although_its_payment_settled_is_told() {
    let books = Books::in_order().await;
    books
        .sql("update instalment set state = 'missed' where sequence = 2")
        .await;
    assert_eq!(books.concluded().await, ["I11"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_out_of_an_end_is_told() {
    let books = Books::in_order().await;
    books
        .sql(&format!(
            "insert into journal (subject, subject_id, from_state, to_state, cause, at)
             select 'payment', id, 'settled', 'failed', 'a test', '2026-01-15'
             from payment where id = {FIRST}"
        ))
        .await;
    assert_eq!(books.concluded().await, ["I12"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_step_that_does_not_begin_where_the_last_one_ended_is_told() {
    let books = Books::in_order().await;
    books
        .sql(
            "insert into journal (subject, subject_id, from_state, to_state, cause, at)
             select 'instalment', id, 'retrying', 'collecting', 'a test', '2026-01-15'
             from instalment where sequence = 1",
        )
        .await;
    assert_eq!(books.concluded().await, ["I12"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_settled_payment_without_its_slots_is_told() {
    let books = Books::in_order().await;
    books.release_slots_of(FIRST).await;
    assert_eq!(books.concluded().await, ["I21"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_of_a_period_that_does_not_exist_is_told() {
    let books = Books::in_order().await;
    books
        .sql(&format!(
            "update window_slot set window_first_date = window_first_date + 1
             where payment_id = {FIRST}"
        ))
        .await;
    assert_eq!(books.concluded().await, ["I21"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_slot_that_a_failed_payment_keeps_is_told() {
    let mut books = Books::in_order().await;
    books.fail_the_second().await;
    books.owe_the_second().await;
    let second = books.second();
    (second.state, second.settled_at) = ("failed".to_owned(), None);
    assert_eq!(books.concluded().await, ["I21"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_submitted_six_times_in_a_day_is_told() {
    let mut books = Books::in_order().await;
    let at = books.first().submitted_at[0];
    books.first().submitted_at = (0..6).map(|hour| at + TimeDelta::hours(hour)).collect();
    assert_eq!(books.concluded().await, ["I22"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_submitted_twelve_times_is_told() {
    let mut books = Books::in_order().await;
    let at = books.second().submitted_at[0];
    books.second().submitted_at = (0..12)
        .map(|time| at + TimeDelta::hours(5 * time))
        .collect();
    assert_eq!(books.concluded().await, ["I22"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_agreement_that_failed_six_times_in_a_row_is_told() {
    let books = Books::in_order().await;
    books
        .sql("update agreement set consecutive_failures = 6")
        .await;
    assert_eq!(books.concluded().await, ["I22"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_payment_submitted_before_it_was_due_is_told() {
    let books = Books::in_order().await;
    books
        .sql("update instalment set due_date = due_date + 1 where sequence = 2")
        .await;
    assert_eq!(books.concluded().await, ["I28"]);
}
