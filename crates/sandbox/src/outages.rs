//! When Oligo, or the addressing service behind it, is out.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::words::Outage;

/// The outages, now and planned.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(crate) struct Outages {
    /// Oligo is out until this is taken back.
    pub(crate) down: bool,
    /// What a caller then finds.
    pub(crate) how: Outage,
    /// Oligo is out in these stretches of the sandbox's clock as well.
    pub(crate) windows: Vec<OutageWindow>,
    /// How long a hanging call is held, in real time.
    pub(crate) hang_ms: u64,
    /// No PayID can be resolved.
    pub(crate) addressing_down: bool,
}

/// A stretch of time without Oligo: `from_at` is in it, `until_at` is not.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct OutageWindow {
    from_at: DateTime<Utc>,
    until_at: DateTime<Utc>,
}

impl Default for Outages {
    fn default() -> Outages {
        Outages {
            down: false,
            how: Outage::Unavailable,
            windows: Vec::new(),
            hang_ms: 60_000,
            addressing_down: false,
        }
    }
}

impl Outages {
    /// What a caller finds at `now`, if Oligo is out.
    pub(crate) fn strike(&self, now: DateTime<Utc>) -> Option<Outage> {
        let holds = |window: &OutageWindow| window.from_at <= now && now < window.until_at;
        (self.down || self.windows.iter().any(holds)).then_some(self.how)
    }
}
