//! Slots: who holds one, who takes one, who gives it back.

use std::collections::{BTreeSet, HashMap, HashSet};

use chrono::NaiveDate;
use sqlx::{FromRow, PgConnection};
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::gate::Pass;
use domain::payment::State;
use domain::period::Reading;
use domain::uid::PaymentId;

use super::arm::ArmPlan;
use super::due::DueRow;
use super::record::PaymentWrite;
use crate::StoreError;
use crate::codec::{date, understood};

/// A slot that is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeldSlot {
    /// Under which reading.
    pub reading: Reading,
    /// The first date of its window; the validity's start for a count over the agreement's life.
    pub window_first_date: BusinessDate,
    /// Its number, from 1.
    pub slot_no: i32,
    /// Who holds it.
    pub payment_id: PaymentId,
    /// Whether nothing has decided yet what becomes of that payment, so that it may be given back.
    pub is_undecided: bool,
}

/// The payments, other than `own`, that were sent in an earlier window and of which nobody knows yet what becomes of
/// them: the provider may come to count them in this window as well, so each needs a slot here. Those that have one
/// already are not among them.
pub fn crossing(
    slots: &[HeldSlot],
    reading: Reading,
    first_date: BusinessDate,
    own: PaymentId,
) -> BTreeSet<PaymentId> {
    let of_reading = || slots.iter().filter(move |slot| slot.reading == reading);
    let here: HashSet<PaymentId> = of_reading()
        .filter(|slot| slot.window_first_date == first_date)
        .map(|slot| slot.payment_id)
        .collect();
    of_reading()
        .filter(|slot| slot.is_undecided && slot.window_first_date < first_date)
        .map(|slot| slot.payment_id)
        .filter(|payment| *payment != own && !here.contains(payment))
        .collect()
}

pub(super) struct NewSlot {
    pub(super) agreement_id: Uuid,
    pub(super) slots_allowed: i32,
    pub(super) slot: HeldSlot,
    /// Whether its payment was sent in an earlier window: it holds this one until it has ended.
    pub(super) is_carried: bool,
}

/// Takes the lowest free slot under each reading, after one for every undecided payment of an earlier window: from
/// then on the constraint counts those, too. A resend holds its slots already.
pub(super) fn take(
    row: &DueRow,
    plan: &ArmPlan,
    pass: Pass,
    slots: &mut Vec<HeldSlot>,
) -> Vec<NewSlot> {
    let Some(slots_allowed) = row.slots_allowed else {
        return Vec::new();
    };
    let own = plan.payment_id();
    let mut taken = Vec::new();
    for (reading, window) in Reading::ALL.iter().copied().zip(pass.windows) {
        let first_date = window.map_or(row.validity.start_date, |window| window.first_date);
        let in_window =
            |slot: &&HeldSlot| slot.reading == reading && slot.window_first_date == first_date;
        let is_held = slots
            .iter()
            .filter(in_window)
            .any(|slot| slot.payment_id == own);
        let carried = crossing(slots, reading, first_date, own).into_iter();
        let carried = carried.map(|payment| (payment, true));
        let new = (!is_held).then_some((own, false));
        for (payment_id, is_carried) in carried.chain(new) {
            let held: HashSet<i32> = slots
                .iter()
                .filter(in_window)
                .map(|slot| slot.slot_no)
                .collect();
            // With none free the number exceeds the allowance and the constraint refuses it.
            let slot_no = (1..=slots_allowed)
                .find(|number| !held.contains(number))
                .unwrap_or(slots_allowed + 1);
            let slot = HeldSlot {
                reading,
                window_first_date: first_date,
                slot_no,
                payment_id,
                is_undecided: true,
            };
            slots.push(slot);
            taken.push(NewSlot {
                agreement_id: row.agreement_id.uuid(),
                slots_allowed,
                slot,
                is_carried,
            });
        }
    }
    taken
}

#[derive(FromRow)]
struct RawSlot {
    id: i64,
    agreement_id: Uuid,
    reading: String,
    window_first_date: NaiveDate,
    slot_no: i32,
    payment_id: Uuid,
    is_undecided: bool,
    is_carried: bool,
}

/// The slots of each agreement that are taken; and the ids of those whose payment has ended since it was carried
/// into their window, which are free.
pub(crate) async fn read_slots(
    tx: &mut PgConnection,
    rows: &[DueRow],
) -> Result<(HashMap<Uuid, Vec<HeldSlot>>, Vec<i64>), StoreError> {
    let agreements: Vec<Uuid> = rows.iter().map(|row| row.agreement_id.uuid()).collect();
    let plans: Vec<Uuid> = rows.iter().map(|row| row.plan_id.uuid()).collect();
    let raw: Vec<RawSlot> = sqlx::query_as(
        "with undecided as materialized (
           select id
           from payment
           where plan_id = any($2)
             and state in ('sending', 'unknown', 'submitted', 'under_investigation')
         )
         select id, agreement_id, reading, window_first_date, slot_no, payment_id, is_carried,
                payment_id in (select id from undecided) as is_undecided
         from window_slot
         where agreement_id = any($1) and released_at is null",
    )
    .bind(&agreements)
    .bind(&plans)
    .fetch_all(tx)
    .await?;
    let mut slots: HashMap<Uuid, Vec<HeldSlot>> = HashMap::new();
    let mut outlasted = Vec::new();
    for row in raw {
        if row.is_carried && !row.is_undecided {
            outlasted.push(row.id);
            continue;
        }
        let slot = HeldSlot {
            reading: understood(Reading::parse(&row.reading), "reading", row.payment_id)?,
            window_first_date: date(row.window_first_date, "window_first_date", row.payment_id)?,
            slot_no: row.slot_no,
            payment_id: PaymentId::new(row.payment_id),
            is_undecided: row.is_undecided,
        };
        slots.entry(row.agreement_id).or_default().push(slot);
    }
    Ok((slots, outlasted))
}

pub(super) async fn release_slots(
    tx: &mut PgConnection,
    slots: &[i64],
    now: Instant,
) -> Result<(), StoreError> {
    if slots.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update window_slot set released_at = $2 where id = any($1) and released_at is null",
    )
    .bind(slots)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

pub(super) async fn insert_slots(
    tx: &mut PgConnection,
    taken: &[NewSlot],
    now: Instant,
) -> Result<(), StoreError> {
    sqlx::query(
        "insert into window_slot
           (agreement_id, slots_allowed, reading, window_first_date, slot_no, payment_id, is_carried,
            taken_at)
         select agreement_id, slots_allowed, reading, window_first_date, slot_no, payment_id,
                is_carried, $8
         from unnest($1::uuid[], $2::integer[], $3::text[], $4::date[], $5::integer[], $6::uuid[],
                     $7::boolean[])
           as n (agreement_id, slots_allowed, reading, window_first_date, slot_no, payment_id,
                 is_carried)",
    )
    .bind(taken.iter().map(|new| new.agreement_id).collect::<Vec<_>>())
    .bind(
        taken
            .iter()
            .map(|new| new.slots_allowed)
            .collect::<Vec<_>>(),
    )
    .bind(
        taken
            .iter()
            .map(|new| new.slot.reading.as_str())
            .collect::<Vec<_>>(),
    )
    .bind(
        taken
            .iter()
            .map(|new| new.slot.window_first_date.naive())
            .collect::<Vec<_>>(),
    )
    .bind(taken.iter().map(|new| new.slot.slot_no).collect::<Vec<_>>())
    .bind(
        taken
            .iter()
            .map(|new| new.slot.payment_id.uuid())
            .collect::<Vec<_>>(),
    )
    .bind(taken.iter().map(|new| new.is_carried).collect::<Vec<_>>())
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}

/// A payment that took no money gives its slots back as it ends; an undecided or settled one keeps them, a settled one
/// in its own window alone. What it holds after its end, a person has given it: money moved by it all the same.
pub(super) async fn give_back(
    tx: &mut PgConnection,
    done: &[&PaymentWrite],
    now: Instant,
) -> Result<(), StoreError> {
    let released: Vec<Uuid> = done
        .iter()
        .filter(|write| write.from != write.to)
        .filter(|write| !write.to.holds_slot() && write.conflict_state.is_none())
        .map(|write| write.id.uuid())
        .collect();
    // What is decided holds no place in a window after its own.
    let decided: Vec<Uuid> = done
        .iter()
        .filter(|write| write.from != write.to)
        .filter(|write| matches!(write.to, State::Settled | State::Intended))
        .map(|write| write.id.uuid())
        .collect();
    if released.is_empty() && decided.is_empty() {
        return Ok(());
    }
    sqlx::query(
        "update window_slot
         set released_at = $3
         where released_at is null
           and (payment_id = any($1) or is_carried and payment_id = any($2))",
    )
    .bind(&released)
    .bind(&decided)
    .bind(now)
    .execute(tx)
    .await?;
    Ok(())
}
