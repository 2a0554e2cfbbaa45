//! The kill switches as the API shows them, and the one that keeps a plan from being collected.

use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::Instant;
use domain::gate::Scope;

use crate::codec::understood;
use crate::control::{Switch, SwitchScope};
use crate::{Store, StoreError};

/// The widest switch over a plan and its agreement that is closed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClosureView {
    /// What it stops.
    pub scope: Scope,
    /// Why, in the words of whoever closed it.
    pub because: String,
    /// Since when.
    pub since: Instant,
}

/// A switch with its place in the list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SwitchView {
    /// The switch.
    pub switch: Switch,
    /// Where it stands in the list.
    pub place: Uuid,
}

#[derive(sqlx::FromRow)]
struct Row {
    scope: String,
    collections_open: bool,
    reason: String,
    changed_at: Instant,
    place: Uuid,
}

impl Store {
    /// The switches of everything and of the provider, then those of plans and agreements that are closed, after
    /// `after`.
    ///
    /// # Errors
    ///
    /// Fails when the database does.
    pub async fn switches_page(
        &self,
        after: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<SwitchView>, StoreError> {
        let rows: Vec<Row> = sqlx::query_as(
            "select scope, collections_open, reason, changed_at, place
             from (
               select k.*,
                      case k.scope
                        when 'all' then '00000000-0000-0000-0000-000000000001'
                        when 'provider:oligo' then '00000000-0000-0000-0000-000000000002'
                        else split_part(k.scope, ':', 2)
                      end::uuid as place
               from control k
             ) as listed
             where ($1::uuid is null or $1 < place)
               and (not collections_open or scope in ('all', 'provider:oligo'))
             order by place
             limit $2",
        )
        .bind(after)
        .bind(i64::from(limit))
        .fetch_all(&self.pool)
        .await?;
        rows.into_iter().map(view).collect()
    }
}

fn view(row: Row) -> Result<SwitchView, StoreError> {
    let switch = Switch {
        scope: understood(SwitchScope::of_key(&row.scope), "scope", row.place)?,
        open: row.collections_open,
        reason: row.reason,
        changed_at: row.changed_at,
    };
    let place = row.place;
    Ok(SwitchView { switch, place })
}

pub(super) async fn closure_over(
    tx: &mut PgConnection,
    plan_id: Uuid,
    agreement_id: Uuid,
) -> Result<Option<ClosureView>, StoreError> {
    let wide_to_narrow = [
        "all".to_owned(),
        "provider:oligo".to_owned(),
        format!("plan:{plan_id}"),
        format!("agreement:{agreement_id}"),
    ];
    let row: Option<(String, String, Instant)> = sqlx::query_as(
        "select scope, reason, changed_at
         from control
         where scope = any($1) and not collections_open
         order by array_position($1, scope)
         limit 1",
    )
    .bind(wide_to_narrow)
    .fetch_optional(tx)
    .await?;
    row.map(|(key, because, since)| {
        let scope = understood(SwitchScope::of_key(&key), "scope", plan_id)?;
        Ok(ClosureView {
            scope: scope.kind(),
            because,
            since,
        })
    })
    .transpose()
}
