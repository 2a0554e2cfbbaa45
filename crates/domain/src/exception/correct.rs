//! What a person's answer makes of a payment and its instalment.

use super::{Kind, Resolution};
use crate::failure::worded;
use crate::{instalment, payment};

/// What a person's answer about a payment is decided on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PaymentInQuestion {
    /// Where the payment stands.
    pub payment: payment::State,
    /// Where the provider says it stands, if that cannot be true together with it.
    pub claimed: Option<payment::State>,
    /// Where its instalment stands.
    pub instalment: instalment::State,
    /// Whether another payment for the instalment lives or has settled.
    pub other_live_payment: bool,
    /// Whether the plan has ended.
    pub plan_ended: bool,
}

/// Where payment and instalment stand once the question is answered; either may stay as it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Corrected {
    /// The payment.
    pub payment: payment::State,
    /// Its instalment.
    pub instalment: instalment::State,
}

worded! {
    /// Why an answer does not fit the rows as they stand by now.
    pub enum Misfit {
        /// Questions of this kind have other answers.
        OtherAnswers = "other_answers",
        /// Another payment for the instalment lives or has settled: two would have collected it.
        OtherPaymentLive = "other_payment_live",
        /// The plan has ended, and collects nothing any more.
        PlanEnded = "plan_ended",
        /// Payment or instalment moved on since the question was asked.
        MovedOn = "moved_on",
        /// The open instalments fit no agreement from today on.
        NothingToPropose = "nothing_to_propose",
    }
}

/// What `resolution` of a question of `kind` about a payment makes of it and its instalment.
///
/// # Errors
///
/// Says why the answer does not fit; then nothing changes and the question stays open.
///
/// # Examples
///
/// ```
/// use domain::exception::{Kind, Misfit, PaymentInQuestion, Resolution, correct};
/// use domain::{instalment, payment};
///
/// let late = PaymentInQuestion {
///     payment: payment::State::Failed,
///     claimed: Some(payment::State::Settled),
///     instalment: instalment::State::Retrying,
///     other_live_payment: false,
///     plan_ended: false,
/// };
/// let corrected = correct(Kind::LateSettlement, Resolution::Collected, late)?;
/// assert_eq!(corrected.instalment, instalment::State::Collected);
///
/// let paid_twice = PaymentInQuestion { other_live_payment: true, ..late };
/// let refused = correct(Kind::LateSettlement, Resolution::Collected, paid_twice);
/// assert_eq!(refused, Err(Misfit::OtherPaymentLive));
/// # Ok::<(), Misfit>(())
/// ```
pub fn correct(
    kind: Kind,
    resolution: Resolution,
    row: PaymentInQuestion,
) -> Result<Corrected, Misfit> {
    use {Resolution as R, instalment::State as I};
    if !kind.resolutions("payment").contains(&resolution) {
        return Err(Misfit::OtherAnswers);
    }
    let corrected = match resolution {
        R::Stands | R::Noted | R::Release => as_it_is(row),
        R::Collected => collected(kind, row)?,
        R::Refunded => refunded(row),
        R::NotCollected if kind == Kind::Reversal => reversed(row, I::Failed)?,
        R::NotCollected => not_collected(row)?,
        R::CollectAgain if kind == Kind::Reversal => {
            collect_again(reversed(row, I::Retrying)?, row)?
        }
        R::CollectAgain => collect_again(from_failed(row, I::Retrying)?, row)?,
        R::ProviderIsRight => as_claimed(row)?,
        R::PaidElsewhere => from_failed(row, I::PaidElsewhere)?,
        R::Waived => from_failed(row, I::Waived)?,
        R::ByItself | R::ProposeAgain | R::GoOn | R::Discard => return Err(Misfit::OtherAnswers),
    };
    // Of two that live or have settled, nothing may ever write the second.
    let takes = corrected.payment.holds_slot() && !row.payment.holds_slot();
    if takes && row.other_live_payment {
        return Err(Misfit::OtherPaymentLive);
    }
    Ok(corrected)
}

const fn as_it_is(row: PaymentInQuestion) -> Corrected {
    Corrected {
        payment: row.payment,
        instalment: row.instalment,
    }
}

/// The payment has settled, whatever was recorded of it. Money that another payment of the instalment moves, or may
/// still move, makes it the second one: then it has to be given back.
fn collected(kind: Kind, row: PaymentInQuestion) -> Result<Corrected, Misfit> {
    use payment::State as P;
    if row.other_live_payment {
        return Err(Misfit::OtherPaymentLive);
    }
    let fits = match kind {
        Kind::LateSettlement => match row.payment {
            P::Failed | P::Rejected | P::Abandoned => row.claimed == Some(P::Settled),
            P::Intended | P::Sending | P::Unknown | P::Submitted => false,
            P::UnderInvestigation | P::Settled => false,
        },
        // What never left, or is known not to have arrived, has collected nothing.
        Kind::EchoMismatch => match row.payment {
            P::Unknown | P::Submitted | P::UnderInvestigation | P::Settled => true,
            P::Intended | P::Sending | P::Failed | P::Rejected | P::Abandoned => false,
        },
        Kind::Reversal | Kind::PaymentConflict | Kind::SettledAfterEnd => row.payment == P::Settled,
        Kind::InstalmentFailed | Kind::PaymentRefused | Kind::SlotsContradicted => false,
        Kind::AgreementHeldBack | Kind::AgreementConflict | Kind::AgreementMissing => false,
        Kind::AgreementLost | Kind::PayidNameDiffers | Kind::PayidLookupRefused => false,
        Kind::CancellationFailed | Kind::Quarantined | Kind::PaymentTheirsOnly => false,
        Kind::PaymentDoubled | Kind::PaymentOursOnly | Kind::PaymentDiffers => false,
        Kind::AgreementTheirsOnly | Kind::DatabaseMoved | Kind::OverBudget => false,
    };
    if !fits {
        return Err(Misfit::MovedOn);
    }
    Ok(Corrected {
        payment: P::Settled,
        instalment: instalment::State::Collected,
    })
}

/// What was given back is not collected another time; what ended another way keeps its end. The payment has settled,
/// as the provider says, unless another one stands for the instalment: then its own record shows both words.
const fn refunded(row: PaymentInQuestion) -> Corrected {
    use {instalment::State as I, payment::State as P};
    let instalment = match row.instalment {
        I::Scheduled | I::Retrying => I::Cancelled,
        I::Collecting | I::Collected | I::Missed | I::Failed => row.instalment,
        I::Waived | I::Cancelled | I::PaidElsewhere => row.instalment,
    };
    let payment = match row.claimed {
        Some(P::Settled) if !row.other_live_payment => P::Settled,
        Some(_) | None => row.payment,
    };
    Corrected {
        payment,
        instalment,
    }
}

/// The provider says that the money of a settled payment is gone, and a person agrees.
fn reversed(row: PaymentInQuestion, to: instalment::State) -> Result<Corrected, Misfit> {
    let is_claimed = row.claimed == Some(payment::State::Failed);
    if row.payment != payment::State::Settled || !is_claimed {
        return Err(Misfit::MovedOn);
    }
    // An instalment that ended another way did not end by this payment.
    let instalment = match row.instalment {
        instalment::State::Collected => to,
        state @ (instalment::State::Scheduled
        | instalment::State::Collecting
        | instalment::State::Retrying
        | instalment::State::Missed
        | instalment::State::Failed
        | instalment::State::Waived
        | instalment::State::Cancelled
        | instalment::State::PaidElsewhere) => state,
    };
    Ok(Corrected {
        payment: payment::State::Failed,
        instalment,
    })
}

/// What stands under the uid at the provider is not this payment, and took no money for it.
fn not_collected(row: PaymentInQuestion) -> Result<Corrected, Misfit> {
    use {instalment::State as I, payment::State as P};
    match row.payment {
        P::Unknown | P::Submitted | P::UnderInvestigation => {}
        P::Intended | P::Sending | P::Settled => return Err(Misfit::MovedOn),
        P::Failed | P::Rejected | P::Abandoned => return Err(Misfit::MovedOn),
    }
    let instalment = match row.instalment {
        I::Scheduled | I::Collecting | I::Retrying => I::Failed,
        I::Collected | I::Missed | I::Failed => row.instalment,
        I::Waived | I::Cancelled | I::PaidElsewhere => row.instalment,
    };
    Ok(Corrected {
        payment: P::Rejected,
        instalment,
    })
}

/// Nothing is collected again while money may move for it, or once its plan has ended.
fn collect_again(corrected: Corrected, row: PaymentInQuestion) -> Result<Corrected, Misfit> {
    if row.plan_ended {
        return Err(Misfit::PlanEnded);
    }
    if row.other_live_payment || corrected.payment.holds_slot() {
        return Err(Misfit::OtherPaymentLive);
    }
    if corrected.instalment != instalment::State::Retrying {
        return Err(Misfit::MovedOn);
    }
    Ok(corrected)
}

/// The provider has what we hold to be dead: it is followed as it stands there.
fn as_claimed(row: PaymentInQuestion) -> Result<Corrected, Misfit> {
    use {instalment::State as I, payment::State as P};
    let claimed = row.claimed.ok_or(Misfit::MovedOn)?;
    match row.payment {
        P::Rejected | P::Abandoned => {}
        P::Intended | P::Sending | P::Unknown | P::Submitted => return Err(Misfit::MovedOn),
        P::UnderInvestigation | P::Settled | P::Failed => return Err(Misfit::MovedOn),
    }
    match claimed {
        P::Submitted | P::UnderInvestigation => {}
        P::Failed => {
            return Ok(Corrected {
                payment: claimed,
                instalment: row.instalment,
            });
        }
        P::Intended | P::Sending | P::Unknown | P::Settled => return Err(Misfit::MovedOn),
        P::Rejected | P::Abandoned => return Err(Misfit::MovedOn),
    }
    let instalment = match row.instalment {
        I::Scheduled | I::Retrying => I::Collecting,
        I::Collecting | I::Collected | I::Missed | I::Failed => row.instalment,
        I::Waived | I::Cancelled | I::PaidElsewhere => row.instalment,
    };
    Ok(Corrected {
        payment: claimed,
        instalment,
    })
}

fn from_failed(row: PaymentInQuestion, to: instalment::State) -> Result<Corrected, Misfit> {
    use instalment::State as I;
    match row.instalment {
        I::Failed => {}
        I::Scheduled | I::Collecting | I::Retrying | I::Collected => return Err(Misfit::MovedOn),
        I::Missed | I::Waived | I::Cancelled | I::PaidElsewhere => return Err(Misfit::MovedOn),
    }
    Ok(Corrected {
        payment: row.payment,
        instalment: to,
    })
}
