//! What `paydown fit` reads: a plan in JSON, told wrong in every place at once.

use domain::date::BusinessDate;
use domain::fit::Validity;
use domain::money::Cents;
use domain::period::Reading;
use domain::schedule::Schedule;
use domain::terms::{PaymentTerms, TermsDraft, agreement_rules};
use domain::violation::Violation;

mod object;

use object::{Broken, Object};

/// Days before the first due date from which an agreement may begin, where the plan does not say: a
/// month, so that every day of a month can be its anchor.
const LEAD_DAYS: i64 = 31;

/// The most days to try again that can be asked for: a year of them.
const RETRY_DAYS_MAX: i64 = 366;

/// A plan to judge.
#[derive(Debug)]
pub struct Plan {
    /// What is due when.
    pub schedule: Schedule,
    /// What it has to fit.
    pub agreement: Agreement,
    /// Under which reading of short months.
    pub reading: ReadingChoice,
    /// Days after each due date that have to be left to try again.
    pub retry_days: u32,
}

/// What a schedule has to fit.
#[derive(Debug, PartialEq, Eq)]
pub enum Agreement {
    /// These terms and dates.
    Given {
        /// The terms.
        terms: PaymentTerms,
        /// The dates.
        validity: Validity,
    },
    /// Whatever is proposed.
    Wanted {
        /// The earliest date it may begin.
        earliest_start: BusinessDate,
    },
}

/// A reading of short months, or both.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadingChoice {
    /// One.
    One(Reading),
    /// Each of them.
    Both,
}

impl ReadingChoice {
    /// The readings to prove under.
    pub const fn readings(self) -> &'static [Reading] {
        match self {
            ReadingChoice::One(Reading::Oligo) => &[Reading::Oligo],
            ReadingChoice::One(Reading::Azupay) => &[Reading::Azupay],
            ReadingChoice::Both => Reading::ALL,
        }
    }

    /// Its name: `oligo`, `azupay` or `both`.
    pub const fn as_str(self) -> &'static str {
        match self {
            ReadingChoice::One(reading) => reading.as_str(),
            ReadingChoice::Both => "both",
        }
    }

    fn parse(text: &str) -> Option<ReadingChoice> {
        match text {
            "both" => Some(ReadingChoice::Both),
            other => Reading::parse(other).map(ReadingChoice::One),
        }
    }
}

impl Plan {
    /// Reads a plan.
    ///
    /// # Errors
    ///
    /// Fails with every broken rule at once; the pointers are into the given document.
    pub fn read(text: &str) -> Result<Plan, Vec<Violation>> {
        let value = api::json::read(text.as_bytes())
            .map_err(|error| vec![Violation::new("", "not_json", error.to_string())])?;
        let broken = Broken::default();
        let plan =
            Object::of(&value, String::new(), &broken).and_then(|body| read_plan(body, &broken));
        match (plan, broken.into_vec()) {
            (Some(plan), broken) if broken.is_empty() => Ok(plan),
            (_, broken) => Err(broken),
        }
    }
}

fn read_plan(mut body: Object<'_>, broken: &Broken) -> Option<Plan> {
    let schedule = read_schedule(&mut body, broken);
    let terms_given = body.value("terms").is_some();
    let terms = body.object("terms");
    let terms = terms.and_then(|terms| read_terms(terms, broken));
    let start_date = body.date("validity_start_date");
    let end_date = body.date("validity_end_date");
    let reading = read_reading(&mut body, broken);
    let retry_days = read_retry_days(&mut body, broken);

    let agreement = if terms_given {
        read_agreement(&mut body, terms, end_date, broken)
    } else {
        if body.value("validity_end_date").is_some() {
            let told = "an end needs terms; without them both dates are proposed";
            broken.add(body.pointer("validity_end_date"), "needs_terms", told);
        }
        let first_due = schedule.as_ref().map(Schedule::first_due);
        let earliest_start = match (start_date, first_due) {
            (Some(start), Some(due)) if due < start => {
                let told = format!("the first instalment is due on {due}, before {start}");
                let pointer = body.pointer("validity_start_date");
                broken.add(pointer, "after_first_due_date", told);
                None
            }
            (Some(start), Some(_) | None) => Some(start),
            (None, due) => due.map(|due| due.plus_days(-LEAD_DAYS).unwrap_or(BusinessDate::MIN)),
        };
        earliest_start.map(|earliest_start| Agreement::Wanted { earliest_start })
    };
    body.finish();
    Some(Plan {
        schedule: schedule?,
        agreement: agreement?,
        reading: reading?,
        retry_days: retry_days?,
    })
}

fn read_schedule(body: &mut Object<'_>, broken: &Broken) -> Option<Schedule> {
    let path = body.pointer("instalments");
    let listed = body.list("instalments")?;
    let rows: Vec<Option<(BusinessDate, Cents)>> = listed
        .iter()
        .enumerate()
        .map(|(index, row)| {
            let mut row = Object::of(row, format!("{path}/{index}"), broken)?;
            let due_date = row.date("due_date");
            let due_date = row.required("due_date", due_date);
            let amount = row.cents("amount");
            let amount = row.required("amount", amount);
            row.finish();
            Some((due_date?, amount?))
        })
        .collect();
    let rows: Option<Vec<_>> = rows.into_iter().collect();
    let mut rows = rows?;
    // They are counted in due order, in whatever order they are listed.
    rows.sort_by_key(|(due_date, _)| *due_date);
    Schedule::explicit(rows)
        .map_err(|found| broken.extend(found))
        .ok()
}

fn read_terms(mut body: Object<'_>, broken: &Broken) -> Option<PaymentTerms> {
    let owned = |text: Option<&str>| text.map(str::to_owned);
    let mut named = |name| {
        let word = body.text(name);
        body.required(name, word).map(str::to_owned)
    };
    let (kind, frequency) = (named("type"), named("frequency"));
    let draft = TermsDraft {
        kind: kind.unwrap_or_default(),
        frequency: frequency.unwrap_or_default(),
        amount: body.integer("amount"),
        max_amount: body.integer("max_amount"),
        count: body.integer("count"),
        first_payment_amount: body.integer("first_payment_amount"),
        last_payment_amount: body.integer("last_payment_amount"),
        first_payment_date: owned(body.text("first_payment_date")),
        last_payment_date: owned(body.text("last_payment_date")),
    };
    body.finish();
    PaymentTerms::from_draft(&draft)
        .map_err(|found| broken.extend(found.into_iter().map(|one| one.under("/terms"))))
        .ok()
}

/// Given terms and dates, as an agreement made on its first date.
fn read_agreement(
    body: &mut Object<'_>,
    terms: Option<PaymentTerms>,
    end_date: Option<BusinessDate>,
    broken: &Broken,
) -> Option<Agreement> {
    let start_date = body.date("validity_start_date");
    let start_date = body.required("validity_start_date", start_date)?;
    let terms = terms?;
    let validity = Validity {
        start_date,
        end_date,
    };
    agreement_rules(&terms, validity, start_date)
        .map_err(|found| broken.extend(found.into_iter().map(in_this_document)))
        .ok()?;
    Some(Agreement::Given { terms, validity })
}

/// The rules speak of Oligo's body, where the terms are `payment_terms`.
fn in_this_document(mut violation: Violation) -> Violation {
    if let Some(field) = violation.pointer.strip_prefix("/payment_terms/") {
        violation.pointer = format!("/terms/{field}");
    }
    violation
}

fn read_reading(body: &mut Object<'_>, broken: &Broken) -> Option<ReadingChoice> {
    if body.value("reading").is_none() {
        return Some(ReadingChoice::Both);
    }
    let choice = ReadingChoice::parse(body.text("reading")?);
    if choice.is_none() {
        let told = "reading is one of oligo, azupay, both";
        broken.add(body.pointer("reading"), "unknown_value", told);
    }
    choice
}

fn read_retry_days(body: &mut Object<'_>, broken: &Broken) -> Option<u32> {
    if body.value("retry_days").is_none() {
        return Some(0);
    }
    let days = body.integer("retry_days")?;
    let in_range = (0..=RETRY_DAYS_MAX).contains(&days);
    if !in_range {
        let told = format!("retry_days is between 0 and {RETRY_DAYS_MAX}, not {days}");
        broken.add(body.pointer("retry_days"), "out_of_range", told);
    }
    u32::try_from(days).ok().filter(|_| in_range)
}
