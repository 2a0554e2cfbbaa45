//! What every list has in common: a page of rows, and where the next one begins.

use chrono::SecondsFormat;
use serde::Serialize;
use utoipa::ToSchema;

use domain::date::Instant;

use crate::cursor::Cursor;

/// Where a page ends.
#[derive(Debug, Serialize, ToSchema)]
pub struct Page {
    /// Pass it as `cursor`, with the same filters, for what follows.
    #[schema(example = "q1b2cwGapbU8XHzBn75dGyw9Tl8")]
    next_cursor: Option<String>,
    /// Whether there is more already.
    has_more: bool,
}

/// Cuts the rows of one page from rows that were asked for with one more than `limit`.
pub fn cut<R, P: Cursor>(
    mut rows: Vec<R>,
    limit: u32,
    filter: &str,
    place: impl Fn(&R) -> P,
) -> (Vec<R>, Page) {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = limit < rows.len();
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more);
    let next_cursor = last.map(|row| place(row).encode(filter));
    (
        rows,
        Page {
            next_cursor,
            has_more,
        },
    )
}

impl Page {
    /// A page of a list that grows at its end: it can always be continued, later if not now.
    pub fn of_feed(next_cursor: Option<String>, has_more: bool) -> Page {
        Page {
            next_cursor,
            has_more,
        }
    }
}

/// An instant as the API writes it: RFC 3339 in UTC, to the millisecond.
pub fn instant_text(at: Instant) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

#[cfg(test)]
mod tests {
    use uuid::Uuid;

    use super::*;

    #[test]
    fn a_page_is_continued_from_its_last_row_while_there_is_more() {
        let rows: Vec<Uuid> = (1..=3).map(Uuid::from_u128).collect();

        let (page, end) = cut(rows.clone(), 2, "plans", |row| *row);
        assert_eq!(page.len(), 2);
        assert_eq!(
            Uuid::decode(&end.next_cursor.unwrap(), "plans"),
            Some(Uuid::from_u128(2))
        );
        assert!(end.has_more);

        let (page, end) = cut(rows, 3, "plans", |row| *row);
        assert_eq!(page.len(), 3);
        assert_eq!(end.next_cursor, None);
        assert!(!end.has_more);
    }

    #[test]
    fn an_instant_is_written_in_utc_to_the_millisecond() {
        let at: Instant = "2026-10-04T02:30:00.123456+11:00".parse().unwrap();
        assert_eq!(instant_text(at), "2026-10-03T15:30:00.123Z");
    }
}
