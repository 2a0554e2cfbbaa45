//! Cursors: where a page ended, in a text that means nothing to its reader and fits its own list only.

use data_encoding::BASE64URL_NOPAD;
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use store::views::events::EventPlace;

const TAG_BYTES: usize = 4;

/// A place in a list.
pub trait Cursor: Sized {
    /// The place as bytes.
    fn bytes(&self) -> [u8; 16];

    /// The place of these bytes.
    fn of_bytes(bytes: [u8; 16]) -> Option<Self>;

    /// The place as a text. `filter` names the list and everything that filters it.
    fn encode(&self, filter: &str) -> String {
        let mut bytes = tag(filter).to_vec();
        bytes.extend_from_slice(&self.bytes());
        BASE64URL_NOPAD.encode(&bytes)
    }

    /// The place that [`Cursor::encode`] wrote for the same `filter`.
    fn decode(text: &str, filter: &str) -> Option<Self> {
        let bytes = BASE64URL_NOPAD.decode(text.as_bytes()).ok()?;
        let (given, place) = bytes.split_first_chunk::<TAG_BYTES>()?;
        if *given != tag(filter) {
            return None;
        }
        Self::of_bytes(place.try_into().ok()?)
    }
}

impl Cursor for Uuid {
    fn bytes(&self) -> [u8; 16] {
        *self.as_bytes()
    }

    fn of_bytes(bytes: [u8; 16]) -> Option<Uuid> {
        Some(Uuid::from_bytes(bytes))
    }
}

impl Cursor for EventPlace {
    fn bytes(&self) -> [u8; 16] {
        let mut bytes = [0; 16];
        bytes[..8].copy_from_slice(&self.written_in.to_be_bytes());
        bytes[8..].copy_from_slice(&self.position.to_be_bytes());
        bytes
    }

    fn of_bytes(bytes: [u8; 16]) -> Option<EventPlace> {
        let (written_in, position) = bytes.split_first_chunk::<8>()?;
        let place = EventPlace {
            written_in: i64::from_be_bytes(*written_in),
            position: i64::from_be_bytes(position.try_into().ok()?),
        };
        (0 <= place.written_in && 0 <= place.position).then_some(place)
    }
}

/// A place among the events of one plan: the `sequence` of the last one read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SequencePlace(pub i64);

impl Cursor for SequencePlace {
    fn bytes(&self) -> [u8; 16] {
        i128::from(self.0).to_be_bytes()
    }

    fn of_bytes(bytes: [u8; 16]) -> Option<SequencePlace> {
        let sequence = i64::try_from(i128::from_be_bytes(bytes)).ok()?;
        (0 <= sequence).then_some(SequencePlace(sequence))
    }
}

fn tag(filter: &str) -> [u8; TAG_BYTES] {
    let digest: [u8; 32] = Sha256::digest(filter.as_bytes()).into();
    [digest[0], digest[1], digest[2], digest[3]]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_is_read_back_for_its_own_list_only() {
        let place = EventPlace {
            written_in: 761,
            position: 12,
        };
        let text = place.encode("events");

        assert_eq!(EventPlace::decode(&text, "events"), Some(place));
        assert_eq!(EventPlace::decode(&text, "events of a plan"), None);
    }

    #[test]
    fn a_place_among_the_events_of_a_plan_is_read_back() {
        let text = SequencePlace(7).encode("events of a plan");

        assert_eq!(
            SequencePlace::decode(&text, "events of a plan"),
            Some(SequencePlace(7))
        );
        let negative = SequencePlace(-1).encode("events of a plan");
        assert_eq!(SequencePlace::decode(&negative, "events of a plan"), None);
    }

    #[test]
    fn a_text_that_is_no_cursor_is_refused() {
        let negative = EventPlace {
            written_in: -1,
            position: 0,
        }
        .encode("events");
        for text in ["", "x", "!!!!", "AAAA", &negative] {
            assert_eq!(EventPlace::decode(text, "events"), None, "{text}");
        }
    }
}
