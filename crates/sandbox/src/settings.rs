//! How the merchant stands with Oligo, and which of its documents the sandbox follows where they differ.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::account::Account;
use crate::complaint::{
    ABN_MISSING, ALIAS_NOT_ENABLED, ALIAS_NOT_FOUND_FOR_CREDITOR, ALIAS_UNRESOLVED,
    CREDITOR_ACCOUNT_MISMATCH, CREDITOR_NAME_MISMATCH, CREDITOR_REQUIRED,
    CREDITOR_ULTIMATE_MISMATCH, Complaint,
};
use crate::words::{AccountKind, Decision};
use crate::world::World;

/// What a person would have agreed with Oligo, and a few readings.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Settings {
    /// Without an ABN no agreement is created (`ZPAGR01`).
    pub(crate) abn_configured: bool,
    /// Without it every alias is refused (`ZPUNP09`).
    pub(crate) alias_resolution_enabled: bool,
    /// An agreement with an alias needs its resolution within the last 24 hours (`ZPUNP07`).
    pub(crate) alias_must_be_resolved: bool,
    /// Who receives; null: nobody is configured (`ZPPAY11`).
    pub(crate) creditor: Option<Creditor>,
    /// Agreements created in 24 hours (`ZPAGR16`).
    pub(crate) agreements_per_day: Option<usize>,
    /// Cents of one payment (`ZPPAY02`).
    pub(crate) payment_max_cents: Option<i64>,
    /// Cents of the payments of one Sydney date that have not failed (`ZPPAY01`).
    pub(crate) payments_per_day_cents: Option<i64>,
    /// Alias look-ups of one Sydney date (`ZPADD02`).
    pub(crate) lookups_per_day: Option<usize>,
    /// The same for one remote address (`ZPADD03`).
    pub(crate) lookups_per_remote_ip: Option<usize>,
    /// The same for one requester (`ZPADD04`).
    pub(crate) lookups_per_requester: Option<usize>,
    /// What a payer does whom nobody has told what to do.
    pub(crate) payers: Decision,
    /// Answers also have the `creditor` and `initiator` of Oligo's prose.
    pub(crate) prose_fields: bool,
    /// A silent payment is shown as `pending`; otherwise as `submitting`, as Oligo's schema has it.
    pub(crate) show_pending: bool,
    /// The payer's bank suspends an agreement (`MSUC`) after so many failures in a row.
    pub(crate) suspend_after_failures: Option<u32>,
}

/// The merchant's own account.
#[derive(Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Creditor {
    pub(crate) party_name: String,
    pub(crate) ultimate_party_name: String,
    pub(crate) account_identifier: Account,
}

impl Settings {
    pub(crate) fn new(payers: Decision) -> Settings {
        let name = "Sandbox Lender".to_owned();
        Settings {
            abn_configured: true,
            alias_resolution_enabled: true,
            alias_must_be_resolved: false,
            creditor: Some(Creditor {
                party_name: name.clone(),
                ultimate_party_name: name,
                account_identifier: Account {
                    kind: AccountKind::Bban,
                    value: "123456-98765432".to_owned(),
                },
            }),
            agreements_per_day: None,
            payment_max_cents: None,
            payments_per_day_cents: None,
            lookups_per_day: None,
            lookups_per_remote_ip: None,
            lookups_per_requester: None,
            payers,
            prose_fields: false,
            show_pending: true,
            suspend_after_failures: None,
        }
    }

    /// These settings with the keys of `change` in place of their own.
    ///
    /// # Errors
    ///
    /// Fails with what is wrong with the change.
    pub(crate) fn changed(&self, change: Value) -> Result<Settings, String> {
        let Value::Object(change) = change else {
            return Err("The settings are a JSON object".to_owned());
        };
        let mut all = json!(self);
        for (key, value) in change {
            all[key] = value;
        }
        let settings: Settings = serde_json::from_value(all).map_err(|error| error.to_string())?;
        let account = settings
            .creditor
            .as_ref()
            .map(|one| &one.account_identifier);
        if account.is_some_and(|account| !account.is_well_formed()) {
            return Err("The creditor's account does not have the shape of its type".to_owned());
        }
        Ok(settings)
    }

    /// Adds to an answer what only Oligo's prose shows.
    pub(crate) fn add_prose(
        &self,
        answer: &mut Value,
        creditor: Option<&Creditor>,
        initiator: bool,
    ) {
        if !self.prose_fields {
            return;
        }
        answer["creditor"] = json!(creditor);
        if initiator {
            answer["initiator"] = json!({
                "name": "Sandbox Lender",
                "legal_name": "Sandbox Lender Pty Ltd",
                "abn": "56192755287",
            });
        }
    }
}

impl World {
    /// What stands in the way of a new agreement with a payer of `account`, apart from its terms.
    pub(crate) fn merchant_complaints(&mut self, account: &Account) -> Vec<Complaint> {
        let mut found = Vec::new();
        if !self.settings.abn_configured {
            found.push(ABN_MISSING);
        }
        found.extend(self.alias_complaint(account));
        found.extend(self.creditor_complaints());
        found
    }

    /// Whether an account known by an alias can be used now.
    pub(crate) fn alias_complaint(&self, account: &Account) -> Option<Complaint> {
        if !account.is_alias() {
            return None;
        }
        if !self.settings.alias_resolution_enabled {
            return Some(ALIAS_NOT_ENABLED);
        }
        self.outages.addressing_down.then_some(ALIAS_UNRESOLVED)
    }

    /// Why the merchant's account cannot receive now.
    pub(crate) fn creditor_complaints(&mut self) -> Vec<Complaint> {
        let creditor = self.settings.creditor.clone();
        let Some(account) = creditor.map(|creditor| creditor.account_identifier) else {
            return Vec::new();
        };
        let mut found = account.creditor_complaints();
        if account.is_alias() && self.payer(&account).display_name.is_none() {
            found.push(ALIAS_NOT_FOUND_FOR_CREDITOR);
        }
        found
    }

    /// What stands in the way of a payment to the merchant under an agreement that names `agreed`.
    pub(crate) fn payee_complaints(&mut self, agreed: Option<&Creditor>) -> Vec<Complaint> {
        let mut found = self.creditor_complaints();
        let Some(now) = &self.settings.creditor else {
            found.push(CREDITOR_REQUIRED);
            return found;
        };
        let Some(agreed) = agreed else {
            return found;
        };
        let mismatches = [
            (now.party_name != agreed.party_name, CREDITOR_NAME_MISMATCH),
            (
                now.ultimate_party_name != agreed.ultimate_party_name,
                CREDITOR_ULTIMATE_MISMATCH,
            ),
            (
                now.account_identifier != agreed.account_identifier,
                CREDITOR_ACCOUNT_MISMATCH,
            ),
        ];
        let broken = mismatches.into_iter().filter(|(differs, _)| *differs);
        found.extend(broken.map(|(_, complaint)| complaint));
        found
    }
}
