//! Turns: how many calls all processes together make of a provider.
//!
//! One row holds the time at which the next call of an even flow is due. A call takes its turn when
//! that time has come, or is not further off than a burst allows; taking it moves the time on. The
//! database's own clock counts, which is the one that all processes share.

use std::num::NonZeroU32;
use std::time::Duration;

use crate::{Store, StoreError};

/// How many calls all processes together may make.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Calls per second in the long run.
    pub per_second: NonZeroU32,
    /// Calls at once after a rest.
    pub burst: NonZeroU32,
}

impl Store {
    /// Takes the turn of one call of `provider`. `None`: it is taken, call now. Otherwise nothing is
    /// taken, and a turn is free after this long at the earliest.
    ///
    /// # Errors
    ///
    /// Fails when the database does. Then it is not known whether a turn was taken; a turn lost is
    /// a call not made, no harm.
    ///
    /// # Examples
    ///
    /// ```no_run
    /// # async fn call(store: store::Store) -> Result<(), store::StoreError> {
    /// use std::num::NonZeroU32;
    /// use store::turns::Flow;
    ///
    /// let fifty = NonZeroU32::MIN.saturating_add(49);
    /// let flow = Flow { per_second: fifty, burst: fifty };
    /// if let Some(wait) = store.take_turn("oligo", flow).await? {
    ///     // called again after this long
    ///     # let _ = wait;
    /// }
    /// # Ok(())
    /// # }
    /// ```
    pub async fn take_turn(
        &self,
        provider: &str,
        flow: Flow,
    ) -> Result<Option<Duration>, StoreError> {
        let each = Duration::from_secs(1) / flow.per_second.get();
        let ahead = each.saturating_mul(flow.burst.get() - 1);
        let taken: Option<bool> = sqlx::query_scalar(TAKE)
            .bind(provider)
            .bind(micros(each))
            .bind(micros(ahead))
            .fetch_optional(&self.pool)
            .await?;
        if taken.is_some() {
            return Ok(None);
        }

        let wait: Option<i64> = sqlx::query_scalar(WAIT)
            .bind(provider)
            .bind(micros(ahead))
            .fetch_optional(&self.pool)
            .await?;
        let wait = wait.and_then(|wait| u64::try_from(wait).ok()).unwrap_or(0);
        Ok(Some(Duration::from_micros(wait).max(each)))
    }
}

/// Two that insert at once meet in the conflict, and the second counts from the first. A time further off
/// than this flow ever puts it is that of a clock which was set back, or of a slower flow: it begins anew.
const TAKE: &str = "insert into provider_turn as t (provider, next_at)
values ($1, clock_timestamp() + $2 * interval '1 microsecond')
on conflict on constraint provider_turn_pk do update
  set next_at = case
        when clock_timestamp() + ($2 + $3) * interval '1 microsecond' < t.next_at then clock_timestamp()
        else greatest(t.next_at, clock_timestamp())
      end + $2 * interval '1 microsecond'
  where t.next_at <= clock_timestamp() + $3 * interval '1 microsecond'
     or clock_timestamp() + ($2 + $3) * interval '1 microsecond' < t.next_at
returning true";

const WAIT: &str =
    "select ceil(extract(epoch from next_at - clock_timestamp()) * 1000000)::bigint - $2
from provider_turn where provider = $1";

fn micros(span: Duration) -> i64 {
    i64::try_from(span.as_micros()).unwrap_or(i64::MAX)
}
