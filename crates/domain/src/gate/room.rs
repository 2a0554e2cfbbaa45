//! How long an instalment may be collected: its own window, and sometimes the one after.

use crate::date::BusinessDate;
use crate::fit::Validity;
use crate::period::{Reading, Window, window, window_holding};
use crate::terms::{Allowance, PaymentTerms};

/// Days after its due date in which an ad hoc instalment, which has no window, may be collected.
pub(crate) const ADHOC_ROOM_DAYS: i64 = 28;

/// Whether a late instalment may go into the window after its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Carry<'a> {
    /// It may not: it is collected in its own window or not at all.
    Never,
    /// It may, where the count leaves a place that no other instalment needs: the plan's policy says
    /// so, and an earlier payment of it has failed.
    IntoNextWindow {
        /// When the plan's other instalments are due that are open and have no payment under way,
        /// in any order: each needs a place in its own window.
        others_due: &'a [BusinessDate],
    },
}

/// The dates until which an instalment may be collected.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// The last date in its own window.
    pub until: BusinessDate,
    /// The last date in the window after it, where it may go there; always after `until`.
    pub next_until: Option<BusinessDate>,
}

impl Room {
    /// The last date of all.
    ///
    /// # Examples
    ///
    /// ```
    /// use domain::gate::Room;
    ///
    /// let room = Room { until: "2026-03-31".parse()?, next_until: Some("2026-04-30".parse()?) };
    /// assert_eq!(room.last_date(), "2026-04-30".parse()?);
    /// # Ok::<(), domain::date::DateError>(())
    /// ```
    #[must_use]
    pub fn last_date(self) -> BusinessDate {
        self.next_until.unwrap_or(self.until)
    }
}

/// How long an instalment may be collected.
///
/// In its own window until the earliest of: the last date of the window that holds the due date,
/// under either reading; the end of the validity; the last payment date. Ad hoc terms have no
/// windows and give 28 days. Later, the payment would take the next instalment's place in its
/// window; with [`Carry::IntoNextWindow`] it may take one that no other instalment needs.
///
/// # Examples
///
/// ```
/// use domain::fit::Validity;
/// use domain::gate::{Carry, room};
/// use domain::terms::{PaymentTerms, TermsDraft};
///
/// let terms = PaymentTerms::from_draft(&TermsDraft {
///     kind: "fixed".into(),
///     frequency: "weekly".into(),
///     amount: Some(28_850),
///     ..TermsDraft::default()
/// });
/// let terms = terms.expect("terms that hold");
/// let validity = Validity { start_date: "2026-03-02".parse()?, end_date: None };
/// let due_date = "2026-03-04".parse()?;
///
/// let own = room(&terms, validity, due_date, Carry::Never);
/// assert_eq!((own.until, own.next_until), ("2026-03-08".parse()?, None));
///
/// let nobody = room(&terms, validity, due_date, Carry::IntoNextWindow { others_due: &[] });
/// assert_eq!(nobody.next_until, Some("2026-03-15".parse()?));
///
/// let others_due = ["2026-03-11".parse()?];
/// let taken = Carry::IntoNextWindow { others_due: &others_due };
/// assert_eq!(room(&terms, validity, due_date, taken).next_until, None);
/// # Ok::<(), domain::date::DateError>(())
/// ```
#[must_use]
pub fn room(
    terms: &PaymentTerms,
    validity: Validity,
    due_date: BusinessDate,
    carry: Carry<'_>,
) -> Room {
    let held = windows_holding(terms, validity, due_date);
    let own_end = match earliest_end(held) {
        Some(window) => window.last_date,
        None => adhoc_end(due_date),
    };
    let until = limited(own_end, terms, validity);
    let next_until = match carry {
        Carry::Never => None,
        Carry::IntoNextWindow { others_due } => next_end(terms, validity, held, others_due),
    };

    Room {
        until,
        next_until: next_until
            .map(|end| limited(end, terms, validity))
            .filter(|end| until < *end),
    }
}

/// The last date on which an instalment may be collected in its own window: [`room`] without the
/// window after it.
///
/// # Examples
///
/// ```
/// use domain::fit::Validity;
/// use domain::gate::room_until;
/// use domain::terms::{PaymentTerms, TermsDraft};
///
/// let terms = PaymentTerms::from_draft(&TermsDraft {
///     kind: "fixed".into(),
///     frequency: "monthly".into(),
///     amount: Some(28_850),
///     ..TermsDraft::default()
/// });
/// let terms = terms.expect("terms that hold");
/// let validity = Validity { start_date: "2026-01-31".parse()?, end_date: None };
///
/// // Azupay's reading, the earlier of the two, ends the window a day before the month's end.
/// let last = room_until(&terms, validity, "2026-02-15".parse()?);
/// assert_eq!(last, "2026-02-27".parse()?);
/// # Ok::<(), domain::date::DateError>(())
/// ```
#[must_use]
pub fn room_until(
    terms: &PaymentTerms,
    validity: Validity,
    due_date: BusinessDate,
) -> BusinessDate {
    room(terms, validity, due_date, Carry::Never).until
}

/// The last date of an ad hoc instalment's room, before any limit of the agreement.
pub(super) fn adhoc_end(due_date: BusinessDate) -> BusinessDate {
    due_date
        .plus_days(ADHOC_ROOM_DAYS)
        .unwrap_or(BusinessDate::MAX)
}

/// The windows that hold a date, one for each reading. A date before the agreement's first belongs
/// to its first window: that is where such an instalment would be collected.
pub(super) fn windows_holding(
    terms: &PaymentTerms,
    validity: Validity,
    date: BusinessDate,
) -> [Option<Window>; 2] {
    let anchor = validity.start_date;
    let held = |reading| window_holding(anchor, terms.frequency(), reading, date.max(anchor));

    [held(Reading::Oligo), held(Reading::Azupay)]
}

pub(super) fn earliest_end(windows: [Option<Window>; 2]) -> Option<Window> {
    windows
        .into_iter()
        .flatten()
        .min_by_key(|window| window.last_date)
}

/// How many of these dates lie in a window.
pub(super) fn due_in(window: Window, others_due: &[BusinessDate]) -> u32 {
    let inside = others_due.iter().filter(|due| window.contains(**due));
    u32::try_from(inside.count()).unwrap_or(u32::MAX)
}

/// The earliest end of the windows after `held`, when each has a place that no other needs.
fn next_end(
    terms: &PaymentTerms,
    validity: Validity,
    held: [Option<Window>; 2],
    others_due: &[BusinessDate],
) -> Option<BusinessDate> {
    let allowed = match terms.allowance() {
        Allowance::PerWindow(allowed) => allowed,
        // Ad hoc agreements have no window to go on to.
        Allowance::Lifetime(_) | Allowance::Unlimited => return None,
    };
    let [oligo, azupay] = held;
    let next = |reading, held: Option<Window>| {
        let index = held?.index.checked_add(1)?;
        window(validity.start_date, terms.frequency(), reading, index)
    };
    let next = [next(Reading::Oligo, oligo)?, next(Reading::Azupay, azupay)?];
    let has_place = next
        .iter()
        .all(|window| due_in(*window, others_due) < allowed);
    let end = next.iter().map(|window| window.last_date).min();

    end.filter(|_| has_place)
}

/// The date, or the agreement's end or last payment date before it.
fn limited(date: BusinessDate, terms: &PaymentTerms, validity: Validity) -> BusinessDate {
    let limits = [validity.end_date, terms.last_payment_date()];
    limits.into_iter().flatten().fold(date, BusinessDate::min)
}
