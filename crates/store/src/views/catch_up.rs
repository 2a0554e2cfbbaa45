//! What is due and not collected, as a preview of catching up reads it.

use sqlx::FromRow;
use uuid::Uuid;

use domain::date::{BusinessDate, Instant};
use domain::uid::{AgreementId, InstalmentId};

use crate::payments::{DueRow, HeldSlot};
use crate::{Store, StoreError};

/// An instalment that is due and that no payment is collecting.
#[derive(Clone, Copy, Debug)]
pub struct DueInstalment {
    /// Which one.
    pub id: InstalmentId,
    /// When it is next looked at by itself.
    pub wake_at: Option<Instant>,
}

#[derive(FromRow)]
struct Raw {
    id: Uuid,
    wake_at: Option<Instant>,
}

impl Store {
    /// Every instalment that is due by `today` and that no payment is collecting, oldest due first.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn due_instalments(
        &self,
        today: BusinessDate,
    ) -> Result<Vec<DueInstalment>, StoreError> {
        let rows: Vec<Raw> = sqlx::query_as(
            "select id, wake_at
             from instalment
             where due_date <= $1 and state in ('scheduled', 'retrying')
             order by due_date, sequence, id",
        )
        .bind(today.naive())
        .fetch_all(&self.pool)
        .await?;
        let due = |row: Raw| DueInstalment {
            id: InstalmentId::new(row.id),
            wake_at: row.wake_at,
        };
        Ok(rows.into_iter().map(due).collect())
    }

    /// The slots that the agreements of these rows hold now.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a row cannot be understood.
    pub async fn held_slots(
        &self,
        rows: &[DueRow],
    ) -> Result<Vec<(AgreementId, Vec<HeldSlot>)>, StoreError> {
        let mut connection = self.pool.acquire().await?;
        let (slots, _) = crate::payments::read_slots(&mut connection, rows).await?;
        let slots = slots.into_iter();
        Ok(slots
            .map(|(id, held)| (AgreementId::new(id), held))
            .collect())
    }
}
