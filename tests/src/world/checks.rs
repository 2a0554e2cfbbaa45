//! The laws, held against everything that happened: Paydown's rows on one side, the bank's ledger
//! on the other.

use std::collections::{BTreeMap, HashMap, HashSet};

use sqlx::FromRow;
use uuid::Uuid;

use super::views::{Ledger, LedgerPayment};
use super::{Window, World};

/// Codes by which the bank says that a payment would break its agreement. Paydown must never hear
/// one.
const TERMS_BROKEN: &[&str] = &[
    "ZPPAY07", "ZPPAY08", "ZPPAY09", "ZPPAY10", "ZPPAY12", "ZPPAY13", "ZPPAY14", "ZPPAY15",
    "ZPPAY17", "ZPPAY18", "ZPPAY19", "ZPPAY20", "ZPPAY21", "ZPPAY22",
];

#[derive(FromRow)]
struct PaymentRow {
    id: Uuid,
    uid: String,
    state: String,
    amount_cents: i64,
    instalment_id: Uuid,
    instalment_state: String,
    instalment_cents: i64,
    is_questioned: bool,
    is_refunded: bool,
}

impl PaymentRow {
    fn is_live(&self) -> bool {
        !matches!(
            self.state.as_str(),
            "settled" | "failed" | "rejected" | "abandoned"
        )
    }
}

/// Every law that is broken, in a sentence each; that `laws` are is as it should be.
pub(super) async fn broken(world: &World, laws: &[&str]) -> Vec<String> {
    let ledger = world.ledger().await;
    let payments = payments(world).await;
    let mut broken = Vec::new();
    nothing_is_left_to_do(world, &mut broken).await;
    nothing_is_lost(world, &mut broken).await;
    events_have_no_gaps(world, &mut broken).await;
    let strangers = strangers(world, &ledger).await;
    the_ledgers_agree(&ledger, &payments, &strangers, &mut broken);
    every_collection_has_its_payment(world, &payments, &mut broken).await;
    no_term_is_broken(&ledger, &mut broken);
    the_second_opinion_is_the_same(world, laws, &mut broken).await;
    broken
}

/// What `paydown verify` says: nothing, but that `laws` are broken.
async fn the_second_opinion_is_the_same(world: &World, laws: &[&str], broken: &mut Vec<String>) {
    let mut verifier = world.verifier([9; 32]);
    verifier.read_stops().await.expect("the journal");
    let told = verifier.conclude(&world.witness().await, world.now()).await;
    let told = told.expect("the rows");
    for law in laws {
        if !told.iter().any(|violation| violation.invariant == *law) {
            broken.push(format!("verify does not tell that {law} is broken"));
        }
    }
    let others = told
        .iter()
        .filter(|violation| !laws.contains(&violation.invariant));
    broken.extend(others.map(|violation| format!("verify: {violation:?}")));
}

async fn payments(world: &World) -> Vec<PaymentRow> {
    sqlx::query_as(
        "select m.id, m.uid, m.state, m.amount_cents, m.instalment_id,
                i.state as instalment_state, i.amount_cents as instalment_cents,
                exists (select 1 from exception e
                        where e.subject_id = m.id and e.closed_at is null) as is_questioned,
                exists (select 1 from exception e
                        where e.subject_id = m.id and e.resolution = 'refunded') as is_refunded
         from payment m
         join instalment i on i.id = m.instalment_id",
    )
    .fetch_all(&world.pool)
    .await
    .expect("the database answers")
}

/// The bank's payments of which a person was told that they are not ours.
async fn strangers(world: &World, ledger: &Ledger) -> HashSet<String> {
    let told: Vec<String> =
        sqlx::query_scalar("select detail from exception where kind = 'payment_theirs_only'")
            .fetch_all(&world.pool)
            .await
            .expect("the database answers");
    let is_told = |uid: &String| told.iter().any(|detail| detail.contains(uid.as_str()));
    let uids = ledger.payments.iter().map(|payment| payment.uid.clone());
    uids.filter(is_told).collect()
}

async fn nothing_is_left_to_do(world: &World, broken: &mut Vec<String>) {
    let backlog = world
        .store
        .backlog(world.now())
        .await
        .expect("the database answers");
    if backlog.due != 0 || backlog.leased != 0 {
        broken.push(format!(
            "{} rows are due and {} leased",
            backlog.due, backlog.leased
        ));
    }
    let undigested: i64 =
        sqlx::query_scalar("select count(*) from webhook where digested_at is null")
            .fetch_one(&world.pool)
            .await
            .expect("the database answers");
    if undigested != 0 {
        broken.push(format!("{undigested} webhooks are undigested"));
    }
}

/// An open instalment is looked at again by itself, or its payment is.
async fn nothing_is_lost(world: &World, broken: &mut Vec<String>) {
    let lost: Vec<Uuid> = sqlx::query_scalar(
        "select i.id
         from instalment i
         join plan p on p.id = i.plan_id
         where i.state in ('scheduled', 'collecting', 'retrying')
           and i.wake_at is null
           and p.state <> 'cancelled'
           and not exists (
             select 1 from payment m
             where m.instalment_id = i.id and m.wake_at is not null)",
    )
    .fetch_all(&world.pool)
    .await
    .expect("the database answers");
    for id in lost {
        broken.push(format!(
            "instalment {id} is open, and nothing will ever look at it"
        ));
    }
}

async fn events_have_no_gaps(world: &World, broken: &mut Vec<String>) {
    let gapped: Vec<(Uuid, i64, i64)> = sqlx::query_as(
        "select aggregate_id, count(*), max(sequence)
         from event
         group by aggregate_id
         having min(sequence) <> 1 or max(sequence) <> count(*)",
    )
    .fetch_all(&world.pool)
    .await
    .expect("the database answers");
    for (id, count, last) in gapped {
        broken.push(format!(
            "the {count} events of {id} are numbered up to {last}"
        ));
    }
}

/// Money that moved is known, money that did not is not claimed, and nobody believes the contrary
/// of the bank.
fn the_ledgers_agree(
    ledger: &Ledger,
    payments: &[PaymentRow],
    strangers: &HashSet<String>,
    broken: &mut Vec<String>,
) {
    let ours: HashMap<&str, &PaymentRow> = payments
        .iter()
        .map(|payment| (payment.uid.as_str(), payment))
        .collect();
    for theirs in &ledger.payments {
        match ours.get(theirs.uid.as_str()) {
            // Not ours, and a person has been told so.
            None if strangers.contains(&theirs.uid) => {}
            None => broken.push(format!("the bank has {}, which is not ours", theirs.uid)),
            Some(ours) => contradiction(theirs, ours, broken),
        }
    }
    let known: HashSet<&str> = ledger
        .payments
        .iter()
        .map(|theirs| theirs.uid.as_str())
        .collect();
    for ours in payments
        .iter()
        .filter(|ours| !known.contains(ours.uid.as_str()))
    {
        let may_be_unknown_there = matches!(
            ours.state.as_str(),
            "intended" | "sending" | "unknown" | "rejected" | "abandoned"
        );
        if !may_be_unknown_there && !ours.is_questioned {
            broken.push(format!(
                "{} is {} here and unknown to the bank",
                ours.uid, ours.state
            ));
        }
    }
    let settled = payments.iter().filter(|ours| ours.state == "settled");
    let (count, cents) = settled.fold((0, 0), |(count, cents), ours| {
        (count + 1, cents + ours.amount_cents)
    });
    let questioned = payments
        .iter()
        .any(|ours| ours.is_questioned || ours.is_refunded)
        || !strangers.is_empty();
    let totals = ledger.totals;
    if (count, cents) != (totals.settled_count, totals.settled_cents) && !questioned {
        broken.push(format!(
            "{count} payments of {cents} cents settled here, there {totals:?}"
        ));
    }
}

fn contradiction(theirs: &LedgerPayment, ours: &PaymentRow, broken: &mut Vec<String>) {
    // A person has been asked, and has perhaps given the money back: the difference is visible.
    let is_known = ours.is_questioned || ours.is_refunded;
    if is_known && theirs.state == "settled" && ours.state != "settled" {
        return;
    }
    if theirs.amount != ours.amount_cents && !ours.is_questioned {
        broken.push(format!(
            "{} is of {} there, {}",
            ours.uid, theirs.amount, ours.amount_cents
        ));
    }
    let agrees = match theirs.state.as_str() {
        "settled" => ours.state == "settled",
        "failed" => ours.state == "failed",
        // Whatever we believe of a payment that the bank still works on, it must not be an end.
        _ => ours.is_live(),
    };
    if !agrees {
        let uid = &ours.uid;
        broken.push(format!(
            "{uid} is {} here, {} at the bank",
            ours.state, theirs.state
        ));
    }
}

async fn every_collection_has_its_payment(
    world: &World,
    payments: &[PaymentRow],
    broken: &mut Vec<String>,
) {
    let mut settled: HashMap<Uuid, Vec<&PaymentRow>> = HashMap::new();
    for payment in payments.iter().filter(|payment| payment.state == "settled") {
        settled
            .entry(payment.instalment_id)
            .or_default()
            .push(payment);
    }
    for (instalment, payments) in &settled {
        if payments.len() != 1 {
            broken.push(format!(
                "instalment {instalment} was collected {} times",
                payments.len()
            ));
        }
        // What a person gave back collected nothing.
        let counted = |payment: &&&PaymentRow| !payment.is_questioned && !payment.is_refunded;
        for payment in payments.iter().filter(counted) {
            let is_booked = payment.instalment_state == "collected"
                && payment.instalment_cents == payment.amount_cents;
            if !is_booked {
                let (id, state) = (payment.id, &payment.instalment_state);
                broken.push(format!(
                    "payment {id} settled, yet its instalment is {state}"
                ));
            }
        }
    }
    let collected: Vec<Uuid> =
        sqlx::query_scalar("select id from instalment where state = 'collected'")
            .fetch_all(&world.pool)
            .await
            .expect("the database answers");
    for id in collected.iter().filter(|id| !settled.contains_key(id)) {
        broken.push(format!(
            "instalment {id} is collected without a settled payment"
        ));
    }
}

/// The bank counts by its own arithmetic: payments in each of its windows, against the count of the
/// terms.
fn no_term_is_broken(ledger: &Ledger, broken: &mut Vec<String>) {
    let mut taken: BTreeMap<(&str, Option<Window>), usize> = BTreeMap::new();
    for payment in ledger
        .payments
        .iter()
        .filter(|payment| payment.state != "failed")
    {
        *taken
            .entry((&payment.agreement_uid, payment.window))
            .or_default() += 1;
    }
    for agreement in &ledger.agreements {
        let Some(allowed) = agreement.terms.count else {
            continue;
        };
        let windows = taken.iter().filter(|((uid, _), _)| *uid == agreement.uid);
        for ((uid, window), count) in windows.filter(|(_, count)| allowed < **count) {
            broken.push(format!(
                "{uid} allows {allowed} payments in {window:?}, not {count}"
            ));
        }
    }
    for refusal in &ledger.refusals {
        let broke = refusal
            .codes
            .iter()
            .any(|code| TERMS_BROKEN.contains(&code.as_str()));
        if broke {
            broken.push(format!(
                "the bank had to refuse what the terms forbid: {refusal:?}"
            ));
        }
    }
}
