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
        &[None, None, None, Some(168)]
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
        &[64, 128, 256]
    }
}

/// How many payments may be prepared together.
pub(crate) fn prepared(plans: u64) -> &'static [usize; 3] {
    if plans < MANY_PLANS {
        &[1, 8, 32]
    } else {
        &[8, 32, 64]
    }
}

/// How many of the blows that a worker would get it gets, per mille. One that dies leaves as many rows to be
/// attended alone as it had leased.
pub(crate) fn blows(plans: u64) -> u64 {
    if plans < MANY_PLANS { 1_000 } else { 200 }
}

/// After how many days a standing agreement is asked about again.
pub(crate) fn refreshes(plans: u64) -> &'static [i64; 3] {
    if plans < MANY_PLANS {
        &[7, 14, 30]
    } else {
        &[14, 30, 60]
    }
}

/// How many of a thousand questions are answered in a day: by nobody, in their time, or at once. What nobody ever
/// lets go on is looked at every day.
pub(crate) fn diligence(plans: u64) -> &'static [u64; 3] {
    if plans < MANY_PLANS {
        &[0, 100, 500]
    } else {
        &[20, 100, 500]
    }
}
