//! From an unchecked draft of a retry policy to a policy that holds, and back.

use std::ops::RangeInclusive;

use super::{DAYS, HOURS, RETRIES, RetryPolicy, RetryWhen};
use crate::calendar::{State, Weekday};
use crate::date::{BusinessDate, DateError};
use crate::payday::{MonthDay, PayCycle, Payday};
use crate::violation::Violation;

/// A retry policy that nobody has checked, in plain parts. What is absent stays as it was.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetryPolicyDraft {
    /// The version of the form: 1 when absent.
    pub version: Option<i64>,
    /// The most retries of one instalment, `0..=10`.
    pub retries_max: Option<i64>,
    /// The fewest days from a failure to the next try, `1..=31`.
    pub days_between: Option<i64>,
    /// The hour in Sydney at which a retry is made, `0..=23`.
    pub at_hour: Option<i64>,
    /// On which days.
    pub when: Option<RetryWhenDraft>,
    /// Whether the window after the instalment's own may be used.
    pub next_window: Option<bool>,
}

/// On which days, in plain parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RetryWhenDraft {
    /// `next_days` or `after_payday`.
    pub rule: String,
    /// Of `after_payday`, and required there: when the payer is paid.
    pub payday: Option<PaydayDraft>,
    /// Of `after_payday`: whose public holidays count, one of [`State`]'s words; `national` when
    /// absent.
    pub state: Option<String>,
}

/// When a payer is paid, in plain parts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PaydayDraft {
    /// `every`, `monthly` or `weekday`.
    pub rule: String,
    /// Of `every`, and required there: one of [`PayCycle`]'s words.
    pub cycle: Option<String>,
    /// Of `every`, and required there: any one payday, `YYYY-MM-DD`.
    pub anchor_date: Option<String>,
    /// Of `monthly`, and required there: `1..=31`, where 31 is the last day of every month.
    pub day: Option<i64>,
    /// Of `weekday`, and required there: one of [`Weekday`]'s words.
    pub weekday: Option<String>,
}

const NEXT_DAYS: &str = "next_days";
const AFTER_PAYDAY: &str = "after_payday";
const EVERY: &str = "every";
const MONTHLY: &str = "monthly";
const WEEKDAY: &str = "weekday";

impl RetryPolicy {
    /// The policy that `draft` describes; what is absent is the default's.
    ///
    /// # Errors
    ///
    /// As [`RetryPolicy::amended_by`].
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::failure::{RetryPolicy, RetryPolicyDraft};
    ///
    /// let draft = RetryPolicyDraft { retries_max: Some(11), ..RetryPolicyDraft::default() };
    /// let broken = RetryPolicy::from_draft(&draft).expect_err("too many");
    ///
    /// assert_eq!((broken[0].pointer.as_str(), broken[0].code), ("/retries_max", "out_of_range"));
    /// assert_eq!(RetryPolicy::from_draft(&RetryPolicyDraft::default()), Ok(RetryPolicy::default()));
    /// ```
    pub fn from_draft(draft: &RetryPolicyDraft) -> Result<RetryPolicy, Vec<Violation>> {
        RetryPolicy::default().amended_by(draft)
    }

    /// This policy with what `draft` gives in place of its own.
    ///
    /// # Errors
    ///
    /// Fails with every broken rule at once; the pointers name the draft's fields and are relative
    /// to it.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::failure::{RetryPolicy, RetryPolicyDraft};
    ///
    /// let draft = RetryPolicyDraft { at_hour: Some(9), ..RetryPolicyDraft::default() };
    /// let amended = RetryPolicy::default().amended_by(&draft).expect("in range");
    ///
    /// assert_eq!((amended.at_hour(), amended.retries_max()), (9, 3));
    /// ```
    pub fn amended_by(self, draft: &RetryPolicyDraft) -> Result<RetryPolicy, Vec<Violation>> {
        let mut broken = Vec::new();
        if let Some(given) = draft.version.filter(|given| *given != RetryPolicy::VERSION) {
            let detail = format!("version is {}, not {given}", RetryPolicy::VERSION);
            broken.push(Violation::new("/version", "unknown_value", detail));
        }
        let mut number = |name, given, own, range| number(name, given, own, range, &mut broken);
        let retries_max = number("retries_max", draft.retries_max, self.retries_max, RETRIES);
        let days_between = number("days_between", draft.days_between, self.days_between, DAYS);
        let at_hour = number("at_hour", draft.at_hour, self.at_hour, HOURS);
        let when = match &draft.when {
            Some(draft) => when(draft, &mut broken),
            None => Some(self.when),
        };

        match when {
            Some(when) if broken.is_empty() => Ok(RetryPolicy {
                retries_max,
                days_between,
                at_hour,
                when,
                next_window: draft.next_window.unwrap_or(self.next_window),
            }),
            Some(_) | None => Err(broken),
        }
    }

    /// The policy in plain parts, every field given: what a plan stores.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::failure::RetryPolicy;
    ///
    /// let draft = RetryPolicy::default().to_draft();
    ///
    /// assert_eq!((draft.version, draft.retries_max), (Some(1), Some(3)));
    /// assert_eq!(RetryPolicy::from_draft(&draft), Ok(RetryPolicy::default()));
    /// ```
    #[must_use]
    pub fn to_draft(&self) -> RetryPolicyDraft {
        RetryPolicyDraft {
            version: Some(RetryPolicy::VERSION),
            retries_max: Some(i64::from(self.retries_max)),
            days_between: Some(i64::from(self.days_between)),
            at_hour: Some(i64::from(self.at_hour)),
            when: Some(when_draft(self.when)),
            next_window: Some(self.next_window),
        }
    }
}

fn when_draft(when: RetryWhen) -> RetryWhenDraft {
    match when {
        RetryWhen::NextDays => RetryWhenDraft {
            rule: NEXT_DAYS.to_owned(),
            ..RetryWhenDraft::default()
        },
        RetryWhen::AfterPayday { payday, state } => RetryWhenDraft {
            rule: AFTER_PAYDAY.to_owned(),
            payday: Some(payday_draft(payday)),
            state: Some(state.as_str().to_owned()),
        },
    }
}

fn payday_draft(payday: Payday) -> PaydayDraft {
    match payday {
        Payday::Every { cycle, anchor_date } => PaydayDraft {
            rule: EVERY.to_owned(),
            cycle: Some(cycle.as_str().to_owned()),
            anchor_date: Some(anchor_date.to_string()),
            ..PaydayDraft::default()
        },
        Payday::Monthly(day) => PaydayDraft {
            rule: MONTHLY.to_owned(),
            day: Some(i64::from(day.get())),
            ..PaydayDraft::default()
        },
        Payday::Weekly(weekday) => PaydayDraft {
            rule: WEEKDAY.to_owned(),
            weekday: Some(weekday.as_str().to_owned()),
            ..PaydayDraft::default()
        },
    }
}

fn number(
    name: &str,
    given: Option<i64>,
    own: u32,
    range: RangeInclusive<u32>,
    broken: &mut Vec<Violation>,
) -> u32 {
    let Some(given) = given else { return own };
    match u32::try_from(given) {
        Ok(number) if range.contains(&number) => number,
        Ok(_) | Err(_) => {
            let (first, last) = range.into_inner();
            let detail = format!("{name} is {given}, not in {first} to {last}");
            broken.push(Violation::new(format!("/{name}"), "out_of_range", detail));
            own
        }
    }
}

fn when(draft: &RetryWhenDraft, broken: &mut Vec<Violation>) -> Option<RetryWhen> {
    let rule = draft.rule.as_str();
    let fields = [
        ("payday", draft.payday.is_some(), AFTER_PAYDAY, true),
        ("state", draft.state.is_some(), AFTER_PAYDAY, false),
    ];
    if !check_fields("/when", rule, &[NEXT_DAYS, AFTER_PAYDAY], &fields, broken) {
        return None;
    }
    if rule == NEXT_DAYS {
        return Some(RetryWhen::NextDays);
    }
    let state = match draft.state.as_deref() {
        Some(word) => known(
            "/when/state",
            State::parse(word),
            State::ALL,
            State::as_str,
            broken,
        ),
        None => Some(State::National),
    };
    let payday = payday(draft.payday.as_ref()?, broken);

    Some(RetryWhen::AfterPayday {
        payday: payday?,
        state: state?,
    })
}

fn payday(draft: &PaydayDraft, broken: &mut Vec<Violation>) -> Option<Payday> {
    const AT: &str = "/when/payday";
    let rule = draft.rule.as_str();
    let fields = [
        ("cycle", draft.cycle.is_some(), EVERY, true),
        ("anchor_date", draft.anchor_date.is_some(), EVERY, true),
        ("day", draft.day.is_some(), MONTHLY, true),
        ("weekday", draft.weekday.is_some(), WEEKDAY, true),
    ];
    if !check_fields(AT, rule, &[EVERY, MONTHLY, WEEKDAY], &fields, broken) {
        return None;
    }
    if rule == EVERY {
        let cycle = PayCycle::parse(draft.cycle.as_deref()?);
        let at = "/when/payday/cycle";
        let cycle = known(at, cycle, PayCycle::ALL, PayCycle::as_str, broken);
        let anchor_date = date(draft.anchor_date.as_deref()?, broken);
        Some(Payday::Every {
            cycle: cycle?,
            anchor_date: anchor_date?,
        })
    } else if rule == MONTHLY {
        month_day(draft.day?, broken).map(Payday::Monthly)
    } else {
        let weekday = Weekday::parse(draft.weekday.as_deref()?);
        let at = "/when/payday/weekday";
        let weekday = known(at, weekday, Weekday::ALL, Weekday::as_str, broken);
        weekday.map(Payday::Weekly)
    }
}

/// Whether the rule is one of `rules` and the fields are those it has: each field with whether it
/// is given, the rule it belongs to, and whether that rule needs it.
fn check_fields(
    at: &str,
    rule: &str,
    rules: &[&str],
    fields: &[(&str, bool, &str, bool)],
    broken: &mut Vec<Violation>,
) -> bool {
    let before = broken.len();
    if !rules.contains(&rule) {
        let detail = format!("must be one of {}", rules.join(", "));
        broken.push(Violation::new(
            format!("{at}/rule"),
            "unknown_value",
            detail,
        ));
        return false;
    }
    for (name, given, owner, needed) in fields {
        let (code, detail) = match (*given, *owner == rule) {
            (true, false) => ("forbidden", format!("{rule} has no {name}")),
            (false, true) if *needed => ("required", format!("{rule} needs {name}")),
            (true, true) | (false, true | false) => continue,
        };
        broken.push(Violation::new(format!("{at}/{name}"), code, detail));
    }
    broken.len() == before
}

fn known<T: Copy>(
    at: &str,
    found: Option<T>,
    all: &[T],
    name: impl Fn(T) -> &'static str,
    broken: &mut Vec<Violation>,
) -> Option<T> {
    if found.is_none() {
        let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
        let detail = format!("must be one of {}", names.join(", "));
        broken.push(Violation::new(at, "unknown_value", detail));
    }
    found
}

fn date(text: &str, broken: &mut Vec<Violation>) -> Option<BusinessDate> {
    let parsed: Result<BusinessDate, DateError> = text.parse();
    let at = "/when/payday/anchor_date";
    parsed
        .map_err(|error| broken.push(Violation::new(at, "not_a_date", error.to_string())))
        .ok()
}

fn month_day(given: i64, broken: &mut Vec<Violation>) -> Option<MonthDay> {
    let day = u32::try_from(given).ok();
    let day = day.and_then(|day| MonthDay::new(day).ok());
    if day.is_none() {
        let detail = format!("day is {given}, not in 1 to 31");
        broken.push(Violation::new("/when/payday/day", "out_of_range", detail));
    }
    day
}
