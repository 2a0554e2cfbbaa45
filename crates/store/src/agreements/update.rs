//! The one statement that writes decided steps of agreements.

use sqlx::PgConnection;
use uuid::Uuid;

use domain::date::Instant;

use super::rows::DEBTOR_ACCOUNT;
use super::{AgreementWrite, PayerLookUp};
use crate::{Store, StoreError};

/// The column of the name behind a payer's PayID, as the vault knows it.
const ALIAS_NAME: &str = "agreement.payer_alias_name";

/// One column of the rows to write.
fn column<T>(writes: &[AgreementWrite], of: impl Fn(&AgreementWrite) -> T) -> Vec<T> {
    writes.iter().map(of).collect()
}

impl Store {
    /// Writes the steps of rows that are still at the version they were decided on, and answers their ids.
    pub(super) async fn update_agreements(
        &self,
        tx: &mut PgConnection,
        writes: &[AgreementWrite],
        now: Instant,
    ) -> Result<Vec<Uuid>, StoreError> {
        let reason = |pick: fn(&(String, String)) -> &String| {
            column(writes, |write| write.reason.as_ref().map(pick).cloned())
        };
        let mut alias_names = Vec::with_capacity(writes.len());
        let mut accounts = Vec::with_capacity(writes.len());
        for write in writes {
            let name = write
                .payer
                .as_ref()
                .map(|payer| payer.alias_name.as_bytes());
            alias_names.push(self.sealed(ALIAS_NAME, name)?);
            let told = write.debtor_account.as_ref();
            let account = told.map(|told| told.account.value().as_bytes());
            accounts.push(self.sealed(DEBTOR_ACCOUNT, account)?);
        }
        let written = sqlx::query_scalar(include_str!("update.sql"))
            .bind(column(writes, |write| write.id.uuid()))
            .bind(column(writes, |write| write.version))
            .bind(column(writes, |write| write.to.as_str()))
            .bind(column(writes, |write| write.wake_at))
            .bind(column(writes, |write| write.absent_since_at))
            .bind(column(writes, |write| write.confirmed_at))
            .bind(reason(|(code, _)| code))
            .bind(reason(|(_, detail)| detail))
            .bind(column(writes, |write| write.takes_back_sending))
            .bind(column(writes, |write| write.waiting_because.clone()))
            .bind(column(writes, |write| {
                write
                    .payer
                    .as_ref()
                    .map(|payer: &PayerLookUp| payer.verdict)
            }))
            .bind(alias_names)
            .bind(column(writes, |write| {
                let told = write.debtor_account.as_ref();
                told.map(|told| told.account.kind().as_str())
            }))
            .bind(accounts)
            .bind(now)
            .bind(column(writes, AgreementWrite::is_moved))
            .fetch_all(tx)
            .await?;
        Ok(written)
    }

    fn sealed(&self, column: &str, plain: Option<&[u8]>) -> Result<Option<Vec<u8>>, StoreError> {
        plain
            .map(|plain| self.vault.seal(column, plain))
            .transpose()
    }
}
