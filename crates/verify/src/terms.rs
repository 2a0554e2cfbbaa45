//! What an agreement allows, held against what the bank took under it: I5, I6, I7, I22, I28.

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};

use crate::Violation;
use crate::book::{Book, Entry, Kept};
use crate::calendar::{MonthEnd, Periods, sydney_date};
use crate::rows::OurPayment;
use crate::violation::Findings;
use crate::witness::{Terms, TheirPayment};

/// The most submissions of one payment: the first and ten retries.
const SUBMISSIONS_MAX: usize = 11;
/// The most submissions of one payment within any 24 hours.
const SUBMISSIONS_A_DAY: usize = 5;

/// Every law of its agreement that the payment `uid` breaks.
pub(crate) fn check(book: &mut Book, uid: &str, row: &OurPayment, found: &mut Findings) {
    let Some(theirs) = book.entries.get(uid).map(|entry| entry.theirs.clone()) else {
        return;
    };
    for (invariant, said) in laws(book, &theirs, row, found) {
        let violation = Violation::new(invariant, said)
            .of_uid(uid)
            .of_plan(row.plan_id);
        found.push(violation.of_instalment(row.instalment_id));
    }
}

fn laws(
    book: &mut Book,
    theirs: &TheirPayment,
    row: &OurPayment,
    found: &mut Findings,
) -> Vec<(&'static str, String)> {
    found.checked("I22", theirs.submitted_at.len());
    found.checked("I28", theirs.submitted_at.len());
    let mut broken = budgets(theirs, row.due_date);
    let before = standing(book, theirs, |_| true);
    let known = standing(book, theirs, |other| !other.was_retried_late());
    let open = open_beside(book, theirs);
    let Some(kept) = book.agreements.get_mut(&theirs.agreement_uid) else {
        broken.push(("I3", "the bank's payment has no agreement".to_owned()));
        return broken;
    };
    found.checked("I7", theirs.submitted_at.len());
    broken.extend(dates(kept, theirs).into_iter().map(|said| ("I7", said)));
    found.checked("I6", 1);
    let wrong = amount(&kept.agreement.terms, theirs, &before);
    broken.extend(wrong.map(|said| ("I6", said)));
    if !theirs.has_failed() {
        found.checked("I5", 1);
        let crowded = counts(kept, theirs, &known).into_iter();
        broken.extend(crowded.map(|said| ("I5", said)));
        let crowded = held_over(kept, theirs, &known, &open).into_iter();
        broken.extend(crowded.map(|said| ("I5", said)));
    }
    broken
}

/// When the agreement's other payments were submitted that the bank had not decided on when this one was
/// submitted last. One that came so late that it was held for lost is not known of.
fn open_beside(book: &Book, theirs: &TheirPayment) -> Vec<DateTime<Utc>> {
    let at = theirs.last_submitted_at();
    let kept = book.agreements.get(&theirs.agreement_uid);
    let uids = kept.into_iter().flat_map(|kept| &kept.payments);
    let others = uids.filter(|uid| **uid != theirs.uid);
    let entries = others.filter_map(|uid| book.entries.get(uid));
    entries
        .filter(|entry| entry.theirs.was_open_at(at) && !entry.was_submitted_late())
        .map(|entry| entry.theirs.last_submitted_at())
        .filter(|submitted| *submitted < at)
        .collect()
}

/// I5: a payment of an earlier period that is undecided takes a place in this one, too: the bank may come
/// to count it here.
fn held_over(
    kept: &mut Kept,
    theirs: &TheirPayment,
    others: &[TheirPayment],
    open: &[DateTime<Utc>],
) -> Vec<String> {
    let Some(allowed) = kept.agreement.terms.count else {
        return Vec::new();
    };
    let at = theirs.last_submitted_at();
    let mut broken = Vec::new();
    for (periods, how) in kept.periods.iter_mut().zip(MonthEnd::BOTH) {
        let first = periods.first_date(sydney_date(at));
        let begins = |of: DateTime<Utc>, periods: &mut Periods| periods.first_date(sydney_date(of));
        let here = others
            .iter()
            // It gave its place back, and settled after all.
            .filter(|other| !other.had_failed_by(at))
            .map(TheirPayment::last_submitted_at)
            .filter(|other| *other <= at && begins(*other, periods) == first)
            .count();
        let over = open
            .iter()
            .filter(|other| begins(**other, periods) < first)
            .count();
        let count = here as u64 + over as u64 + 1;
        if 0 < over && allowed < count {
            let word = how.word();
            broken.push(format!(
                "with {over} undecided ones of earlier periods {count} payments by {word}, {allowed} are allowed"
            ));
        }
    }
    broken
}

/// The other payments of the same agreement that have not failed, of those that `is_meant`.
fn standing(
    book: &Book,
    theirs: &TheirPayment,
    is_meant: impl Fn(&Entry) -> bool,
) -> Vec<TheirPayment> {
    let kept = book.agreements.get(&theirs.agreement_uid);
    let uids = kept.into_iter().flat_map(|kept| &kept.payments);
    let others = uids.filter(|uid| **uid != theirs.uid);
    let entries = others.filter_map(|uid| book.entries.get(uid));
    let standing = entries.filter(|entry| !entry.theirs.has_failed() && is_meant(entry));
    standing.map(|entry| entry.theirs.clone()).collect()
}

/// I5: payments in each period under both readings; over the whole life where there are no periods. One that
/// had failed before the other was sent gave its place back, and may have settled after all.
fn counts(kept: &mut Kept, theirs: &TheirPayment, others: &[TheirPayment]) -> Vec<String> {
    let Some(allowed) = kept.agreement.terms.count else {
        return Vec::new();
    };
    let date = sydney_date(theirs.last_submitted_at());
    let submitted: Vec<NaiveDate> = others
        .iter()
        .filter(|other| !other.gave_way_to(theirs) && !theirs.gave_way_to(other))
        .map(|other| sydney_date(other.last_submitted_at()))
        .collect();
    let mut broken = Vec::new();
    if kept.periods.is_empty() {
        let count = submitted.len() as u64 + 1;
        if allowed < count {
            broken.push(format!(
                "{count} payments in all, where {allowed} are allowed"
            ));
        }
    }
    for (periods, how) in kept.periods.iter_mut().zip(MonthEnd::BOTH) {
        let first = periods.first_date(date);
        let together = submitted
            .iter()
            .filter(|other| periods.first_date(**other) == first);
        let count = together.count() as u64 + 1;
        if allowed < count {
            let (word, begins) = (how.word(), first.unwrap_or(date));
            broken.push(format!(
                "{count} payments in the period from {begins} by {word}, {allowed} are allowed"
            ));
        }
    }
    broken
}

/// I6: the amount, by the type of the terms.
fn amount(terms: &Terms, theirs: &TheirPayment, others: &[TheirPayment]) -> Option<String> {
    let is_last = theirs.last_payment == Some(true);
    let is_first = others
        .iter()
        .all(|other| theirs.created_at <= other.created_at);
    let wanted = match terms.kind.as_str() {
        "fixed" => terms.amount,
        "balloon" if is_last => terms.last_payment_amount.or(terms.amount),
        "balloon" if is_first && terms.first_payment_amount.is_some() => {
            let allowed = [terms.first_payment_amount, terms.amount];
            return (!allowed.contains(&Some(theirs.amount)))
                .then(|| format!("{} is neither first nor regular amount", theirs.amount));
        }
        "balloon" => terms.amount,
        _ => None,
    };
    if wanted.is_some_and(|wanted| wanted != theirs.amount) {
        return Some(format!(
            "{} cents were collected, not {wanted:?}",
            theirs.amount
        ));
    }
    if terms.max_amount.is_some_and(|most| most < theirs.amount) {
        return Some(format!("{} cents are over the maximum", theirs.amount));
    }
    if theirs.amount < 1 {
        return Some(format!("{} cents were collected", theirs.amount));
    }
    let after_last = others.iter().any(|other| {
        // Of two that came at one instant nothing tells which was the first.
        let stood_before = other.created_at < theirs.created_at
            && other.last_submitted_at() <= theirs.last_submitted_at()
            && !other.gave_way_to(theirs);
        other.last_payment == Some(true) && stood_before
    });
    (terms.kind == "balloon" && after_last && !theirs.has_failed())
        .then(|| "a payment follows the one marked as the last".to_owned())
}

/// I7: every submission lies within the agreement's dates.
fn dates(kept: &Kept, theirs: &TheirPayment) -> Vec<String> {
    let agreement = &kept.agreement;
    let terms = &agreement.terms;
    let mut broken = Vec::new();
    for date in theirs.submitted_at.iter().map(|at| sydney_date(*at)) {
        let ends = [agreement.validity_end_date, terms.last_payment_date];
        let starts = [
            Some(agreement.validity_start_date),
            terms.first_payment_date,
        ];
        if starts.into_iter().flatten().any(|start| date < start) {
            broken.push(format!("submitted on {date}, before its agreement allows"));
        }
        if ends.into_iter().flatten().any(|end| end < date) {
            broken.push(format!("submitted on {date}, after its agreement allows"));
        }
    }
    broken
}

/// I22 and I28: how often one payment is submitted, and never before it is due.
fn budgets(theirs: &TheirPayment, due_date: NaiveDate) -> Vec<(&'static str, String)> {
    let mut broken = Vec::new();
    let submitted = &theirs.submitted_at;
    if SUBMISSIONS_MAX < submitted.len() {
        broken.push(("I22", format!("it was submitted {} times", submitted.len())));
    }
    for (index, from) in submitted.iter().enumerate() {
        let within = submitted.iter().skip(index);
        let count = within
            .filter(|at| **at < *from + TimeDelta::hours(24))
            .count();
        if SUBMISSIONS_A_DAY < count {
            broken.push(("I22", format!("it was submitted {count} times in 24 hours")));
        }
    }
    if let Some(early) = submitted
        .iter()
        .map(|at| sydney_date(*at))
        .find(|date| *date < due_date)
    {
        broken.push(("I28", format!("submitted on {early}, due on {due_date}")));
    }
    broken
}
