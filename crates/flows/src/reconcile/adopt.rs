//! What the provider has and we have not: made again where its uid is one that we would have given.

use domain::date::{BusinessDate, Instant};
use domain::terms::TermsType;
use domain::uid::{InstalmentId, PaymentId, ProviderUid};
use store::compare::{AdoptedPayment, Adoption, AgreementByUid, Unheard};
use store::payments::DueRow;

use super::payments::stop;
use super::questions::theirs_only;
use super::{Difference, DifferenceKind, Outcome, Reconciliation};
use crate::ask_provider::ask_payment_rows;
use crate::clock::fresh_uuid;
use crate::gate_facts::slot_dates;
use crate::provider::ListedPayment;
use crate::{Deps, FlowError};

/// Payments on the list of which we have no row.
pub(super) type Strangers = Vec<ListedPayment>;

/// More payments than one instalment ever has: ten retries and a few that never arrived.
const ATTEMPTS_AHEAD: u32 = 16;

/// A stranger whose uid is that of an instalment's next payments.
struct Lost<'a> {
    listed: &'a ListedPayment,
    agreement: AgreementByUid,
    instalment_id: InstalmentId,
    attempt_no: u32,
    uid: ProviderUid,
}

/// What became of a stranger that is ours.
enum Again {
    /// Its row is there.
    Made,
    /// Its turn comes once the lists are read to their ends.
    NotYet,
    /// There may be no row of it.
    Refused,
}

/// Makes the lost rows again, an instalment's first payment before its second, and asks about each: what it did is
/// applied as it is of any payment. Whatever else is on the list closes collections.
pub(super) async fn adopt(
    deps: &Deps,
    strangers: Strangers,
    found: &mut Reconciliation,
) -> Result<(), FlowError> {
    let mut lost = Vec::new();
    for listed in &strangers {
        match recognise(deps, listed).await? {
            Some(one) => lost.push(one),
            None => {
                let question = theirs_only(&listed.uid, None, "no instalment would have its uid");
                refuse(deps, listed, question, found).await?;
            }
        }
    }
    lost.sort_by_key(|one| one.attempt_no);
    for one in lost {
        match make_again(deps, &one, found.is_complete).await? {
            Again::Made => found.differences.push(theirs(one.listed, Outcome::Adopted)),
            Again::NotYet => found.differences.push(theirs(one.listed, Outcome::Open)),
            Again::Refused => {
                let plan_id = Some(one.agreement.plan_id);
                let why = "its instalment has another payment that lives or has settled";
                let question = theirs_only(&one.listed.uid, plan_id, why);
                refuse(deps, one.listed, question, found).await?;
            }
        }
    }
    Ok(())
}

async fn refuse(
    deps: &Deps,
    listed: &ListedPayment,
    question: store::exceptions::NewException,
    found: &mut Reconciliation,
) -> Result<(), FlowError> {
    stop(
        deps,
        &[question],
        "the provider has a payment that is not ours",
    )
    .await?;
    found.differences.push(theirs(listed, Outcome::Asked));
    Ok(())
}

fn theirs(listed: &ListedPayment, outcome: Outcome) -> Difference {
    Difference {
        subject: "payment",
        uid: listed.uid.clone(),
        kind: DifferenceKind::TheirsOnly,
        ours: None,
        theirs: Some(listed.found.word.clone()),
        outcome,
    }
}

/// A uid says nothing by itself, but whoever holds the key can make it again from its instalment and number.
async fn recognise<'a>(
    deps: &Deps,
    listed: &'a ListedPayment,
) -> Result<Option<Lost<'a>>, FlowError> {
    let Some(agreement_uid) = &listed.found.agreement_uid else {
        return Ok(None);
    };
    let Some(agreement) = deps.store.agreement_by_uid(agreement_uid).await? else {
        return Ok(None);
    };
    for (instalment_id, attempts_made) in &agreement.instalments {
        for attempt_no in 1..=attempts_made.saturating_add(ATTEMPTS_AHEAD) {
            let uid = deps
                .settings
                .uid_key
                .payment_uid(*instalment_id, attempt_no);
            if uid.as_str() == listed.uid {
                return Ok(Some(Lost {
                    listed,
                    instalment_id: *instalment_id,
                    agreement,
                    attempt_no,
                    uid,
                }));
            }
        }
    }
    Ok(None)
}

/// The row as it was before its answer came: sent, and of an outcome that nobody knows.
async fn make_again(deps: &Deps, lost: &Lost<'_>, is_complete: bool) -> Result<Again, FlowError> {
    let now = deps.clock.now();
    let rows = deps.store.due_rows(&[lost.instalment_id], now).await?;
    let Some(row) = rows.into_iter().next() else {
        return Ok(Again::Refused);
    };
    // Whether those before it are lost, or merely not listed yet, a list that broke off does not tell.
    if !is_complete && row.attempts_made + 1 < lost.attempt_no {
        return Ok(Again::NotYet);
    }
    let sent_at = lost.listed.created_at.unwrap_or(now);
    let is_current = row.agreement_id == lost.agreement.id;
    let last_payment = match row.terms.terms_type() {
        TermsType::Balloon => Some(row.is_last),
        TermsType::Fixed | TermsType::Variable | TermsType::UsageBased => None,
    };
    let of_its_agreement = DueRow {
        agreement_uid: lost.agreement.uid.clone(),
        ..row.clone()
    };
    let before: Vec<Unheard> = (1..lost.attempt_no)
        .map(|attempt_no| {
            let uid = deps
                .settings
                .uid_key
                .payment_uid(lost.instalment_id, attempt_no);
            Unheard {
                payment_id: PaymentId::new(fresh_uuid()),
                attempt_no,
                request_body: deps.provider.payment_body(
                    &of_its_agreement,
                    uid.as_str(),
                    last_payment,
                ),
                uid,
            }
        })
        .collect();
    // Whether the provider knows one of them all the same is asked, as of the payment itself.
    let mut made: Vec<PaymentId> = before.iter().map(|one| one.payment_id).collect();
    let adoption = Adoption {
        before,
        payment_id: PaymentId::new(fresh_uuid()),
        uid: lost.uid.clone(),
        instalment_id: lost.instalment_id,
        plan_id: row.plan_id,
        agreement_id: lost.agreement.id,
        attempt_no: lost.attempt_no,
        amount: row.amount,
        last_payment,
        request_body: deps.provider.payment_body(
            &of_its_agreement,
            lost.uid.as_str(),
            last_payment,
        ),
        sent_at,
        windows: is_current.then(|| windows(&row, sent_at)),
        slots_allowed: row.slots_allowed.filter(|_| is_current),
    };
    match deps.store.adopt_payment(&adoption, now, fresh_uuid).await? {
        AdoptedPayment::Made => {}
        AdoptedPayment::Known => return Ok(Again::Made),
        AdoptedPayment::OtherLive => return Ok(Again::Refused),
    }
    tracing::warn!(payment.uid = %lost.uid, instalment.id = %lost.instalment_id,
        "a payment of which the row was lost is made again");
    made.push(adoption.payment_id);
    let rows = deps.store.payments(&made).await?;
    ask_payment_rows(deps, &rows).await?;
    Ok(Again::Made)
}

/// The windows that it was sent in, under each reading.
fn windows(row: &DueRow, sent_at: Instant) -> [BusinessDate; 2] {
    slot_dates(row, BusinessDate::of_instant(sent_at))
}
