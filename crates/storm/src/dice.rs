//! Seeded chance. Each part of a storm throws dice of its own, so that one throw more in one part
//! changes nothing in another.

use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use sha2::{Digest, Sha256};

/// Dice that fall the same way for the same seed and name.
#[derive(Debug)]
pub(crate) struct Dice(StdRng);

impl Dice {
    pub(crate) fn new(seed: u64, name: &str) -> Dice {
        let mut digest = Sha256::new();
        digest.update(seed.to_be_bytes());
        digest.update(name.as_bytes());
        Dice(StdRng::from_seed(digest.finalize().into()))
    }

    /// A number from 0 to below `end`; 0 where `end` is 0.
    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0.random_range(0..end.max(1))
    }

    /// A number from `first` to `last`, both included.
    pub(crate) fn within(&mut self, first: i64, last: i64) -> i64 {
        self.0.random_range(first..=last.max(first))
    }

    /// Whether something of this rate happens.
    pub(crate) fn strikes(&mut self, per_mille: u64) -> bool {
        self.below(1_000) < per_mille
    }

    /// One of these; the first where there is none to choose.
    pub(crate) fn pick<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        let index = usize::try_from(self.below(of.len() as u64)).unwrap_or(0);
        of.get(index).unwrap_or(&of[0])
    }

    /// Puts them into another order.
    pub(crate) fn shuffle<T>(&mut self, items: &mut [T]) {
        for end in (1..items.len()).rev() {
            let other = usize::try_from(self.below(end as u64 + 1)).unwrap_or(0);
            items.swap(end, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_of_one_seed_and_name_fall_the_same_way() {
        let throw = |seed, name| {
            let mut dice = Dice::new(seed, name);
            [0; 8].map(|_: u8| dice.below(1_000))
        };
        assert_eq!(throw(7, "payers"), throw(7, "payers"));
        assert_ne!(throw(7, "payers"), throw(7, "plans"));
        assert_ne!(throw(7, "payers"), throw(8, "payers"));
    }
}
