//! The lender's events, in an order in which a late commit is never skipped.

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use domain::date::Instant;
use domain::uid::EventId;

use crate::{Store, StoreError};

/// Where a reader of the events stands: after everything written before this place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EventPlace {
    /// The transaction of the last event read; 0 at the beginning.
    pub written_in: i64,
    /// The position of the last event read; 0 at the beginning.
    pub position: i64,
}

/// An event, with its place in the order of all.
#[derive(Clone, Debug)]
pub struct EventView {
    /// Its id.
    pub id: EventId,
    /// Its type, such as `instalment.collected`.
    pub kind: String,
    /// The plan or customer within which it is numbered.
    pub aggregate_id: Uuid,
    /// Its number within the aggregate, from 1, without gaps.
    pub sequence: i64,
    /// The facts.
    pub data: serde_json::Value,
    /// When it was written.
    pub created_at: Instant,
    /// Where it stands among all events.
    pub place: EventPlace,
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    r#type: String,
    aggregate_id: Uuid,
    sequence: i64,
    data: serde_json::Value,
    created_at: Instant,
    written_in: i64,
    position: i64,
}

const COLUMNS: &str = "select id,
        type,
        aggregate_id,
        sequence,
        data,
        created_at,
        written_in::text::bigint as written_in,
        position
 from event
 where true";

impl Store {
    /// The events of all after `after`, in the order of their transactions; only those of one type, if
    /// given.
    ///
    /// Positions are handed out before transactions commit, so a smaller one can become visible later.
    /// Hence a page follows the transactions, and ends before the oldest one still open: whoever
    /// continues from the last place read misses nothing. Two events of one aggregate can stand the other
    /// way round; their `sequence` tells.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn events_page(
        &self,
        kind: Option<&str>,
        after: EventPlace,
        limit: u32,
    ) -> Result<Vec<EventView>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
        query.push(" and written_in < pg_snapshot_xmin(pg_current_snapshot())");
        query
            .push(" and (")
            .push_bind(after.written_in.to_string())
            .push("::text::xid8, ")
            .push_bind(after.position)
            .push(") < (written_in, position)");
        of_kind(&mut query, kind);
        query
            .push(" order by event.written_in, event.position limit ")
            .push_bind(i64::from(limit));
        let rows: Vec<Row> = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(view).collect())
    }

    /// The events of one plan or customer with a `sequence` beyond `after`, in its order; only those of one
    /// type, if given.
    ///
    /// A number is given only when the one before it has committed, so here nothing can come late.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn aggregate_events_page(
        &self,
        aggregate_id: Uuid,
        kind: Option<&str>,
        after: i64,
        limit: u32,
    ) -> Result<Vec<EventView>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
        query.push(" and aggregate_id = ").push_bind(aggregate_id);
        query.push(" and ").push_bind(after).push(" < sequence");
        of_kind(&mut query, kind);
        query
            .push(" order by sequence limit ")
            .push_bind(i64::from(limit));
        let rows: Vec<Row> = query.build_query_as().fetch_all(&self.pool).await?;
        Ok(rows.into_iter().map(view).collect())
    }
}

fn of_kind(query: &mut QueryBuilder<Postgres>, kind: Option<&str>) {
    if let Some(kind) = kind {
        query.push(" and type = ").push_bind(kind.to_owned());
    }
}

fn view(row: Row) -> EventView {
    EventView {
        id: EventId::new(row.id),
        kind: row.r#type,
        aggregate_id: row.aggregate_id,
        sequence: row.sequence,
        data: row.data,
        created_at: row.created_at,
        place: EventPlace {
            written_in: row.written_in,
            position: row.position,
        },
    }
}
