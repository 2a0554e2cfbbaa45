//! A principal is divided to the cent.

use domain::money::Cents;
use domain::schedule::{Principal, Residue, Split, split_principal};
use proptest::prelude::*;
use rust_decimal::Decimal;

use crate::given::*;

proptest! {
    #![proptest_config(many())]

    #[test]
    fn parts_come_to_the_principal_to_the_cent(
        total in a_principal(), parts in a_count(), residue in a_residue()
    ) {
        let split = split_principal(total, &Split::Equal { parts, residue });
        let base = total.get().checked_div(i64::from(parts)).unwrap_or(0);
        let left_over = total.get().checked_rem(i64::from(parts)).unwrap_or(0);
        let fits = (1..=1_500).contains(&parts)
            && 1 <= base
            && base + left_over <= Cents::MAX.get();

        prop_assert_eq!(split.is_ok(), fits);
        if let Ok(amounts) = split {
            prop_assert_eq!(amounts.iter().map(|one| one.get()).sum::<i64>(), total.get());
            prop_assert_eq!(amounts.len(), parts as usize);
            let carrier = match residue {
                Residue::First => 0,
                Residue::Last => amounts.len() - 1,
            };
            for (place, amount) in amounts.iter().enumerate() {
                let extra = if place == carrier { left_over } else { 0 };
                prop_assert_eq!(amount.get(), base + extra);
            }
        }
    }

    #[test]
    fn shares_come_to_the_principal_to_the_cent(
        total in a_principal(), cuts in prop::collection::btree_set(1_i64..100_000_000, 0..30),
        residue in a_residue()
    ) {
        // The gaps between random cuts of 100 per cent are shares that come to exactly 100.
        let mut before = 0;
        let mut shares = Vec::new();
        for cut in cuts.into_iter().chain([100_000_000]) {
            shares.push(Decimal::new(cut - before, 6));
            before = cut;
        }
        let carrier = match residue {
            Residue::First => 0,
            Residue::Last => shares.len() - 1,
        };
        let split = Split::Percentages { shares: shares.clone(), residue };

        match split_principal(total, &split) {
            Ok(amounts) => {
                prop_assert_eq!(amounts.iter().map(|one| one.get()).sum::<i64>(), total.get());
                for (place, (amount, share)) in amounts.iter().zip(&shares).enumerate() {
                    // Exact: at most 13 and 9 digits.
                    let exact = Decimal::from(total.get()) * share / Decimal::ONE_HUNDRED;
                    let over = Decimal::from(amount.get()) - exact;
                    let most = if place == carrier { shares.len() as i64 } else { 0 };
                    prop_assert!(over <= Decimal::from(most), "{} over", over);
                    prop_assert!(Decimal::NEGATIVE_ONE < over, "{} under", over);
                }
            }
            Err(broken) => {
                prop_assert!(broken.iter().all(|one| one.code == "part_out_of_range"));
            }
        }
    }

    #[test]
    fn arbitrary_decimals_are_shares_or_told(
        total in a_principal(), mantissas in prop::collection::vec(any::<i64>(), 0..6),
        scale in 0_u32..=28, residue in a_residue()
    ) {
        let shares: Vec<Decimal> =
            mantissas.iter().map(|mantissa| Decimal::new(*mantissa, scale)).collect();
        let sum: Decimal = shares.iter().sum();
        let split = split_principal(total, &Split::Percentages { shares, residue });

        prop_assert!(split.is_err() || sum == Decimal::ONE_HUNDRED);
    }

    #[test]
    fn a_repeated_amount_comes_to_the_principal_to_the_cent(
        total in a_principal(), amount in an_amount()
    ) {
        let parts = (total.get() - 1) / amount.get() + 1;
        match split_principal(total, &Split::Each { amount }) {
            Ok(amounts) => {
                prop_assert_eq!(amounts.len() as i64, parts);
                prop_assert_eq!(amounts.iter().map(|one| one.get()).sum::<i64>(), total.get());
                let last = amounts.last().copied();
                prop_assert!(amounts.iter().rev().skip(1).all(|one| *one == amount));
                prop_assert!(last <= Some(amount));
            }
            Err(_) => prop_assert!(1_500 < parts),
        }
    }

    #[test]
    fn a_principal_is_its_dollars(total in a_principal()) {
        prop_assert_eq!(Principal::from_dollars(Decimal::new(total.get(), 2)), Ok(total));
    }
}
