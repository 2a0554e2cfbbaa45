//! An instalment that its agreement keeps from being collected, as the API writes it.

use serde::Serialize;
use utoipa::ToSchema;

use flows::endangered::EndangeredInstalment;

/// An instalment that cannot be collected as its agreement stands.
#[derive(Serialize, ToSchema)]
#[schema(as = EndangeredInstalment)]
pub struct EndangeredBody {
    /// Its id.
    #[schema(example = "ins_01kaf7v3pzf5ps9bj1x5v4s5ay")]
    instalment_id: String,
    /// Its place in the plan, from 1.
    #[schema(example = 1)]
    sequence: u32,
    /// When it is due, in Sydney.
    #[schema(example = "2026-01-31", format = Date)]
    due_date: String,
    /// What is due, in cents.
    #[schema(example = 28_850)]
    amount: i64,
    /// The last date on which it could be collected, were the agreement active again.
    #[schema(example = "2026-02-27", format = Date)]
    until_date: String,
}

pub fn endangered_body(one: &EndangeredInstalment) -> EndangeredBody {
    EndangeredBody {
        instalment_id: one.id.to_string(),
        sequence: one.sequence,
        due_date: one.due_date.to_string(),
        amount: one.amount.get(),
        until_date: one.until_date.to_string(),
    }
}
