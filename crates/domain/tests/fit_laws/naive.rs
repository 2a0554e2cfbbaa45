//! The same question answered without the crate's arithmetic: windows by walking days, one by one,
//! payments counted in a map, and every retry day tried for itself.

use std::collections::HashMap;

use domain::date::BusinessDate;
use domain::fit::{Demand, FitRule, Validity};
use domain::period::Reading;
use domain::schedule::{PlannedInstalment, Schedule};
use domain::terms::{Amounts, Frequency, PaymentTerms};

/// Rule, instalment and provider's code of the first offence.
pub type Offence = (FitRule, u32, &'static str);

/// Each date's window by one reading, numbered from 0.
type Numbered = HashMap<BusinessDate, u32>;

/// The first instalment that may not be collected, or not be tried again for as long as demanded.
pub fn first_offence(
    schedule: &Schedule,
    terms: &PaymentTerms,
    validity: Validity,
    demand: &Demand,
) -> Option<Offence> {
    let last_day = schedule
        .last_due()
        .plus_days(i64::from(demand.retry_days))
        .expect("a schedule well inside the calendar");
    let walked: Vec<Numbered> = demand
        .readings
        .iter()
        .map(|reading| walk(validity.start_date, terms.frequency(), *reading, last_day))
        .collect();
    let mut taken: Vec<HashMap<u32, u32>> = vec![HashMap::new(); walked.len()];

    for instalment in schedule.instalments() {
        let found = on_due_date(instalment, schedule, terms, validity)
            .or_else(|| counted(instalment, terms, &walked, &mut taken))
            .or_else(|| retried(instalment, schedule, terms, validity, demand, &walked));
        if let Some((rule, code)) = found {
            return Some((rule, instalment.sequence, code));
        }
    }
    None
}

/// Walks from the anchor to `last_day`, and opens a new window wherever the reading says so.
fn walk(
    anchor: BusinessDate,
    frequency: Frequency,
    reading: Reading,
    last_day: BusinessDate,
) -> Numbered {
    let mut numbered = HashMap::new();
    let (mut today, mut index, mut days, mut months) = (anchor, 0, 0, 0);
    loop {
        numbered.insert(today, index);
        if last_day <= today {
            return numbered;
        }
        let yesterday = today;
        today = today.plus_days(1).expect("a day");
        days += 1;
        if today.day() == 1 {
            months += 1;
        }
        let opens = match frequency {
            Frequency::Adhoc => false,
            Frequency::Daily => true,
            Frequency::Weekly => days % 7 == 0,
            Frequency::Fortnightly => days % 14 == 0,
            Frequency::Monthly => opens_month(anchor, yesterday, today, months, 1, reading),
            Frequency::Quarterly => opens_month(anchor, yesterday, today, months, 3, reading),
            Frequency::SemiAnnual => opens_month(anchor, yesterday, today, months, 6, reading),
            Frequency::Annual => opens_month(anchor, yesterday, today, months, 12, reading),
        };
        if opens {
            index += 1;
        }
    }
}

/// Whether a window of so many months opens today, `months` after the anchor's month.
fn opens_month(
    anchor: BusinessDate,
    yesterday: BusinessDate,
    today: BusinessDate,
    months: u32,
    every: u32,
    reading: Reading,
) -> bool {
    if months.is_multiple_of(every) && today.day() == anchor.day() {
        return true;
    }
    match reading {
        // The short month ended yesterday without a day of that number.
        Reading::Oligo => {
            today.day() == 1
                && 1 < months
                && (months - 1).is_multiple_of(every)
                && yesterday.day() < anchor.day()
        }
        // The short month's last day.
        Reading::Azupay => {
            let tomorrow = today.plus_days(1).expect("a day");
            months.is_multiple_of(every) && tomorrow.day() == 1 && today.day() < anchor.day()
        }
    }
}

fn on_due_date(
    instalment: &PlannedInstalment,
    schedule: &Schedule,
    terms: &PaymentTerms,
    validity: Validity,
) -> Option<(FitRule, &'static str)> {
    let (due, given) = (instalment.due_date, instalment.amount);
    let number = schedule.instalments().len();
    let first = instalment.sequence == 1;
    let last = instalment.sequence as usize == number;
    let is_balloon = matches!(terms.amounts(), Amounts::Balloon { .. });

    if due < validity.start_date {
        return Some((FitRule::BeforeValidityStart, "ZPPAY08"));
    }
    if validity.end_date.is_some_and(|end| end < due) {
        return Some((FitRule::AfterValidityEnd, "ZPPAY07"));
    }
    if first && terms.first_payment_date().is_some_and(|on| on != due) {
        return Some((FitRule::FirstDateMismatch, "ZPPAY14"));
    }
    if terms.last_payment_date().is_some_and(|by| by < due) {
        return Some((FitRule::AfterLastPaymentDate, "ZPPAY13"));
    }
    if is_balloon && last && terms.last_payment_date().is_some_and(|on| on != due) {
        return Some((FitRule::LastDateMismatch, "ZPPAY20"));
    }
    match terms.amounts() {
        Amounts::Fixed { amount } => {
            (given != amount).then_some((FitRule::AmountNotExact, "ZPPAY15"))
        }
        Amounts::Variable { max_amount } | Amounts::UsageBased { max_amount } => {
            (max_amount < given).then_some((FitRule::AmountOverMaximum, "ZPPAY12"))
        }
        Amounts::Balloon {
            amount,
            first_amount,
            last_amount,
        } => {
            let at_first = first_amount.filter(|_| first);
            let at_last = last_amount.filter(|_| last);
            if at_first.is_some_and(|expected| given != expected) {
                Some((FitRule::FirstAmountIncorrect, "ZPPAY18"))
            } else if at_last.is_some_and(|expected| given != expected) {
                Some((FitRule::LastAmountIncorrect, "ZPPAY19"))
            } else if at_first.is_none() && at_last.is_none() && given != amount {
                Some((FitRule::AmountNotExact, "ZPPAY15"))
            } else {
                None
            }
        }
    }
}

fn counted(
    instalment: &PlannedInstalment,
    terms: &PaymentTerms,
    walked: &[Numbered],
    taken: &mut [HashMap<u32, u32>],
) -> Option<(FitRule, &'static str)> {
    if terms.frequency() == Frequency::Adhoc {
        let over = terms
            .count()
            .is_some_and(|count| count < instalment.sequence);
        return over.then_some((FitRule::TooManyInAll, "ZPPAY17"));
    }
    let allowed = terms.count().unwrap_or(1);
    for (numbered, taken) in walked.iter().zip(taken) {
        let held = taken.entry(numbered[&instalment.due_date]).or_default();
        *held += 1;
        if allowed < *held {
            return Some((FitRule::TooManyInPeriod, "ZPPAY17"));
        }
    }
    None
}

/// Tries the payment on every day demanded; the code is the last day's.
fn retried(
    instalment: &PlannedInstalment,
    schedule: &Schedule,
    terms: &PaymentTerms,
    validity: Validity,
    demand: &Demand,
    walked: &[Numbered],
) -> Option<(FitRule, &'static str)> {
    let mut found = None;
    for late in 1..=i64::from(demand.retry_days) {
        let on = instalment.due_date.plus_days(late).expect("a day");
        let refused = refused_on(on, instalment, schedule, terms, validity, walked);
        assert!(
            found.is_none() || refused.is_some(),
            "room, once over, came back"
        );
        found = refused;
    }
    found.map(|code| (FitRule::NoRoomToRetry, code))
}

fn refused_on(
    on: BusinessDate,
    instalment: &PlannedInstalment,
    schedule: &Schedule,
    terms: &PaymentTerms,
    validity: Validity,
    walked: &[Numbered],
) -> Option<&'static str> {
    let others = schedule.instalments();
    let first = instalment.sequence == 1;
    if validity.end_date.is_some_and(|end| end < on) {
        return Some("ZPPAY07");
    }
    if first && terms.first_payment_date().is_some_and(|date| date != on) {
        return Some("ZPPAY14");
    }
    if terms.last_payment_date().is_some_and(|by| by < on) {
        return Some("ZPPAY13");
    }
    if let Amounts::Balloon {
        amount,
        first_amount,
        ..
    } = terms.amounts()
    {
        let is_last = instalment.sequence as usize == others.len();
        if !is_last && schedule.last_due() <= on {
            return Some("ZPPAY21");
        }
        let overtaken = others.get(1).is_some_and(|second| second.due_date <= on);
        if first && overtaken && first_amount.is_some_and(|own| own != amount) {
            return Some("ZPPAY15");
        }
    }
    let own_window = |numbered: &Numbered| numbered[&on] == numbered[&instalment.due_date];
    (!walked.iter().all(own_window)).then_some("ZPPAY17")
}
