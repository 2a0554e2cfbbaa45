//! Customers as the API shows them: the name opened, the account only as its kind and hint.

use sqlx::{Postgres, QueryBuilder};
use uuid::Uuid;

use domain::account::AccountKind;
use domain::date::Instant;
use domain::uid::CustomerId;

use crate::codec::understood;
use crate::customers::NAME;
use crate::{Store, StoreError};

/// A customer, without the account's number.
#[derive(Clone)]
pub struct CustomerView {
    /// Its id.
    pub id: CustomerId,
    /// The lender's own id.
    pub external_id: String,
    /// The payer's name. Never for a log.
    pub name: String,
    /// How the account is written.
    pub account_kind: AccountKind,
    /// The last characters of the account.
    pub account_hint: String,
    /// When it was created.
    pub created_at: Instant,
}

impl std::fmt::Debug for CustomerView {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("CustomerView")
            .field("id", &self.id)
            .finish_non_exhaustive()
    }
}

#[derive(sqlx::FromRow)]
struct Row {
    id: Uuid,
    external_id: String,
    name_sealed: Vec<u8>,
    account_kind: String,
    account_hint: String,
    created_at: Instant,
}

const COLUMNS: &str = "select id,
        external_id,
        name_sealed,
        account_kind,
        account_hint,
        created_at
 from customer";

impl Store {
    /// The newest customers before `before`, newest first; only the one of `external_id`, if given.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or a name cannot be opened.
    pub async fn customers_page(
        &self,
        external_id: Option<&str>,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<CustomerView>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
        query.push(" where true");
        if let Some(external_id) = external_id {
            query
                .push(" and external_id = ")
                .push_bind(external_id.to_owned());
        }
        if let Some(before) = before {
            query.push(" and id < ").push_bind(before);
        }
        // Ids are UUIDv7: their order is the order of creation.
        query
            .push(" order by id desc limit ")
            .push_bind(i64::from(limit));
        let rows: Vec<Row> = query.build_query_as().fetch_all(&self.pool).await?;
        rows.into_iter()
            .map(|row| self.customer_view(row))
            .collect()
    }

    /// The customer of this id.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or the name cannot be opened.
    pub async fn customer(&self, id: CustomerId) -> Result<Option<CustomerView>, StoreError> {
        let mut query = QueryBuilder::<Postgres>::new(COLUMNS);
        query.push(" where id = ").push_bind(id.uuid());
        let row: Option<Row> = query.build_query_as().fetch_optional(&self.pool).await?;
        row.map(|row| self.customer_view(row)).transpose()
    }

    /// The customer of this external id.
    ///
    /// # Errors
    ///
    /// Fails when the database does, or the name cannot be opened.
    pub async fn customer_by_external_id(
        &self,
        external_id: &str,
    ) -> Result<Option<CustomerView>, StoreError> {
        Ok(self.customers_page(Some(external_id), None, 1).await?.pop())
    }

    fn customer_view(&self, row: Row) -> Result<CustomerView, StoreError> {
        Ok(CustomerView {
            id: CustomerId::new(row.id),
            external_id: row.external_id,
            name: self.vault.open_text(NAME, &row.name_sealed)?,
            account_kind: understood(
                AccountKind::parse(&row.account_kind),
                "account_kind",
                row.id,
            )?,
            account_hint: row.account_hint,
            created_at: row.created_at,
        })
    }
}
