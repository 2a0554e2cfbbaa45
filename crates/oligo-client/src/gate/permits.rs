//! A limit that several processes keep together, kept by somebody else.

use std::fmt;
use std::time::Duration;

use futures::future::BoxFuture;

/// A permit is not to be had now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Wait {
    /// How long from now at least.
    pub retry_in: Duration,
}

/// Who says, for all processes together, whether one more call may be made.
///
/// The client asks once before each call and gives nothing back. An answer that takes longer than
/// the client's total timeout counts as a no.
pub trait Permits: fmt::Debug + Send + Sync {
    /// Takes the permit of one call, or says how long to wait.
    fn take(&self) -> BoxFuture<'_, Result<(), Wait>>;
}
