//! The retry policy of a plan, described.

use serde::Serialize;
use utoipa::ToSchema;

/// How often and when a failed instalment is tried again. Frozen with the plan; the provider's own limits
/// bind under every policy.
#[derive(Serialize, ToSchema)]
#[schema(as = RetryPolicy, example = json!({
    "version": 1, "retries_max": 3, "days_between": 1, "at_hour": 6,
    "when": {"rule": "next_days"}, "next_window": false,
}))]
#[serde(deny_unknown_fields)]
pub struct RetryPolicyBody {
    /// The form's version: 1.
    #[schema(minimum = 1, maximum = 1)]
    version: Option<u32>,
    /// The most retries of one instalment.
    #[schema(minimum = 0, maximum = 10)]
    retries_max: Option<u32>,
    /// The fewest days from a failure to the next try.
    #[schema(minimum = 1, maximum = 31)]
    days_between: Option<u32>,
    /// The hour in Sydney at which a retry is made.
    #[schema(minimum = 0, maximum = 23)]
    at_hour: Option<u32>,
    /// On which days: the next ones unless told.
    when: Option<RetryWhenBody>,
    /// Whether a failed instalment may be collected in the period after its own, by a new payment, where the
    /// agreement's count leaves a place that no other instalment needs.
    next_window: Option<bool>,
}

/// On which days a failed instalment is tried again.
#[derive(Serialize, ToSchema)]
#[schema(as = RetryWhen)]
#[serde(deny_unknown_fields)]
pub struct RetryWhenBody {
    /// Which rule.
    rule: RetryRuleBody,
    /// Of `after_payday`: when the payer is paid.
    payday: Option<PaydayBody>,
    /// Of `after_payday`: whose public holidays count; `national` unless told.
    state: Option<StateBody>,
}

/// Which days are meant.
#[derive(Serialize, ToSchema)]
#[schema(as = RetryRule)]
#[serde(rename_all = "snake_case")]
pub enum RetryRuleBody {
    /// After the days between, whatever day that is.
    NextDays,
    /// Where the payer's money did not suffice: on the first business day after a payday.
    AfterPayday,
}

/// When a payer is paid.
#[derive(Serialize, ToSchema)]
#[schema(as = Payday)]
#[serde(deny_unknown_fields)]
pub struct PaydayBody {
    /// Which rule.
    rule: PaydayRuleBody,
    /// Of `every`: how often.
    cycle: Option<PayCycleBody>,
    /// Of `every`: any one payday.
    #[schema(format = Date)]
    anchor_date: Option<String>,
    /// Of `monthly`: which day; 31 is the last of every month.
    #[schema(minimum = 1, maximum = 31)]
    day: Option<u32>,
    /// Of `weekday`: which one.
    weekday: Option<WeekdayBody>,
}

/// How paydays are told.
#[derive(Serialize, ToSchema)]
#[schema(as = PaydayRule)]
#[serde(rename_all = "snake_case")]
pub enum PaydayRuleBody {
    /// So many days apart, counted from one of them.
    Every,
    /// On a day of each month.
    Monthly,
    /// On a day of each week.
    Weekday,
}

/// How many days paydays are apart.
#[derive(Serialize, ToSchema)]
#[schema(as = PayCycle)]
#[serde(rename_all = "snake_case")]
pub enum PayCycleBody {
    /// 7.
    Weekly,
    /// 14.
    Fortnightly,
    /// 28.
    FourWeekly,
}

/// A day of the week.
#[derive(Serialize, ToSchema)]
#[schema(as = Weekday)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum WeekdayBody {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
}

/// Whose public holidays are meant.
#[derive(Serialize, ToSchema)]
#[schema(as = AustralianState)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the words say it")]
pub enum StateBody {
    /// Only those kept everywhere.
    National,
    Act,
    Nsw,
    Nt,
    Qld,
    Sa,
    Tas,
    Vic,
    Wa,
}
