//! How a storm of so many plans proceeds, of which the seed picks.

use store::wake::Kind;

/// From so many plans on, time passes in coarser steps, and more is leased at once: there is company enough
/// at each of them.
const MANY_PLANS: u64 = 500;

/// How finely time may pass, in seconds.
pub(crate) fn ticks(plans: u64) -> &'static [i64; 4] {
    if plans < MANY_PLANS {
        &[15, 60, 300, 900]
    } else {
        &[900, 3_600, 7_200, 14_400]
    }
}

/// After how many hours the lists may be compared; the longer they are, the longer that takes.
pub(crate) fn comparisons(plans: u64) -> &'static [Option<i64>; 4] {
    if plans < MANY_PLANS {
        &[None, None, Some(6), Some(24)]
    } else {
        &[None, None, None, Some(72)]
    }
}

/// What is attended first, where rows of several kinds are due. What a webhook says need not be asked.
pub(crate) fn turns(plans: u64) -> &'static [[Kind; 5]] {
    const TOLD_FIRST: [Kind; 5] = [
        Kind::Webhook,
        Kind::Agreement,
        Kind::Payment,
        Kind::Instalment,
        Kind::Chore,
    ];
    if plans < MANY_PLANS {
        &[Kind::ALL, TOLD_FIRST]
    } else {
        &[TOLD_FIRST]
    }
}

/// How many rows one lease may take.
pub(crate) fn slices(plans: u64) -> &'static [i64; 3] {
    if plans < MANY_PLANS {
        &[16, 64, 256]
    } else {
        &[32, 64, 128]
    }
}
