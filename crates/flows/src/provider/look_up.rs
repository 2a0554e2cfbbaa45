//! Looks a PayID up before an agreement names it, and compares the name behind it with the customer's.

use std::net::IpAddr;

use oligo_client as oligo;
use oligo_client::{CallError, Certainty, OligoClient};

use store::agreements::{AgreementRow, PayerLookUp};

use super::codes;
use crate::compare_names::{NameMatch, compare_names};
use crate::report::{AgreementFact, NotLookedUp};

/// The provider's codes for its limits on look-ups: of the account, of the asker's address, of the asker.
const LIMITS: [&str; 3] = ["ZPADD02", "ZPADD03", "ZPADD04"];

/// The name behind the payer's PayID, compared with the customer's; nothing where there is no PayID. The name
/// goes into the vault and nowhere else.
pub(super) async fn look_up(
    client: &OligoClient,
    row: &AgreementRow,
    request: &oligo::CreateAgreement,
    requester_ip: IpAddr,
) -> Result<Option<PayerLookUp>, AgreementFact> {
    let account = &request.debtor.account_identifier;
    if !account.kind.is_alias() {
        return Ok(None);
    }
    let question = oligo::ResolveAlias {
        kind: account.kind,
        value: account.value.clone(),
        requester: oligo::Requester {
            id: domain::uid::CustomerId::new(row.customer_id).to_string(),
            remote_ip: requester_ip,
        },
    };
    match client.resolve_alias(&question).await {
        Ok(found) => Ok(Some(PayerLookUp {
            verdict: compare_names(&row.payer_name, &found.display_name).as_str(),
            alias_name: found.display_name,
        })),
        Err(error) => {
            tracing::info!(agreement.uid = %row.uid, %error, codes = ?codes(&error),
                "the PayID was not looked up");
            Err(not_looked_up(&error))
        }
    }
}

/// The agreement itself was not asked for: whatever went wrong, nothing was sent.
fn not_looked_up(error: &CallError) -> AgreementFact {
    if error.has_code("ZPADD01") {
        return AgreementFact::Refused {
            codes: codes(error),
        };
    }
    if LIMITS.iter().any(|code| error.has_code(code)) {
        return AgreementFact::NotLookedUp(NotLookedUp::LimitReached);
    }
    let is_no =
        matches!(error, CallError::InvalidRequest(_)) || error.certainty() == Certainty::Refused;
    AgreementFact::NotLookedUp(if is_no {
        NotLookedUp::Refused
    } else {
        NotLookedUp::Unavailable
    })
}

pub(super) fn is_somebody_else(payer: &PayerLookUp) -> bool {
    payer.verdict == NameMatch::Different.as_str()
}
