//! Unit tests of principals and their division.

use rust_decimal::Decimal;

use super::*;

fn sum(cents: i64) -> Principal {
    Principal::new(cents).expect("a test's sum")
}

/// The parts in cents; or pointers and codes.
fn split(total: i64, split: Split) -> Result<Vec<i64>, Vec<(String, &'static str)>> {
    match split_principal(sum(total), &split) {
        Ok(parts) => Ok(parts.into_iter().map(Cents::get).collect()),
        Err(broken) => {
            let told = broken.into_iter().map(|one| (one.pointer, one.code));
            Err(told.collect())
        }
    }
}

fn equal(parts: u32, residue: Residue) -> Split {
    Split::Equal { parts, residue }
}

/// Percentages, as they are written.
fn percentages(shares: &[&str], residue: Residue) -> Split {
    let shares = shares
        .iter()
        .map(|share| share.parse().expect("a decimal"))
        .collect();
    Split::Percentages { shares, residue }
}

fn fault<T>(pointer: &str, code: &'static str) -> Result<T, Vec<(String, &'static str)>> {
    Err(vec![(pointer.to_owned(), code)])
}

#[test]
fn a_principal_is_between_one_cent_and_the_longest_schedule_of_the_largest_payments() {
    assert_eq!(Principal::new(0), Err(PrincipalError::NotPositive));
    assert_eq!(Principal::new(-1), Err(PrincipalError::NotPositive));
    assert_eq!(Principal::new(1).map(Principal::get), Ok(1));
    assert_eq!(Principal::new(1_500_000_000_000), Ok(Principal::MAX));
    assert_eq!(
        Principal::new(1_500_000_000_001),
        Err(PrincipalError::TooLarge)
    );
    let longest = i64::from(Schedule::INSTALMENTS_MAX) * Cents::MAX.get();
    assert_eq!(Principal::MAX.get(), longest);
    assert_eq!(Principal::from(Cents::MAX).get(), 1_000_000_000);
}

#[test]
fn dollars_become_a_principal_exactly_or_not_at_all() {
    let from = |text: &str| {
        let dollars: Decimal = text.parse().expect("a decimal");
        Principal::from_dollars(dollars).map(Principal::get)
    };

    assert_eq!(from("0.01"), Ok(1));
    assert_eq!(from("12500.5"), Ok(1_250_050));
    assert_eq!(from("12500.5000"), Ok(1_250_050));
    assert_eq!(from("15000000000.00"), Ok(1_500_000_000_000));
    assert_eq!(from("15000000000.01"), Err(PrincipalError::TooLarge));
    assert_eq!(from("0.001"), Err(PrincipalError::FractionOfACent));
    assert_eq!(from("1.001"), Err(PrincipalError::FractionOfACent));
    assert_eq!(from("0"), Err(PrincipalError::NotPositive));
    assert_eq!(from("-1"), Err(PrincipalError::NotPositive));
    let largest = Principal::from_dollars(Decimal::MAX);
    assert_eq!(largest, Err(PrincipalError::TooLarge));
}

#[test]
fn equal_parts_leave_their_residue_to_the_named_instalment() {
    assert_eq!(split(100, equal(3, Residue::Last)), Ok(vec![33, 33, 34]));
    assert_eq!(split(100, equal(3, Residue::First)), Ok(vec![34, 33, 33]));
    assert_eq!(split(99, equal(3, Residue::First)), Ok(vec![33, 33, 33]));
    assert_eq!(split(5, equal(1, Residue::First)), Ok(vec![5]));
}

#[test]
fn every_equal_part_has_a_cent_and_no_more_than_a_payment_may_carry() {
    assert_eq!(split(3, equal(3, Residue::Last)), Ok(vec![1, 1, 1]));
    let too_small = fault("/parts", "part_out_of_range");
    assert_eq!(split(2, equal(3, Residue::Last)), too_small);
    let most = 1_000_000_000;
    assert_eq!(
        split(2 * most, equal(2, Residue::Last)),
        Ok(vec![most, most])
    );
    let too_large = fault("/parts", "part_out_of_range");
    assert_eq!(split(2 * most + 1, equal(2, Residue::Last)), too_large);
}

#[test]
fn a_principal_has_1_to_1500_parts() {
    assert_eq!(
        split(10_000, equal(0, Residue::Last)),
        fault("/parts", "out_of_range")
    );
    let parts = split(1_500, equal(1_500, Residue::Last)).expect("a cent each");
    assert_eq!(parts.len(), 1_500);
    let many = fault("/parts", "too_many_instalments");
    assert_eq!(split(10_000, equal(1_501, Residue::Last)), many);
    assert_eq!(split(10_000, equal(u32::MAX, Residue::Last)), many);
}

#[test]
fn percentages_are_rounded_down_and_the_named_part_carries_the_rest() {
    let thirds = ["33.333333", "33.333333", "33.333334"];

    assert_eq!(
        split(10_000, percentages(&thirds, Residue::First)),
        Ok(vec![3_334, 3_333, 3_333])
    );
    assert_eq!(
        split(10_000, percentages(&thirds, Residue::Last)),
        Ok(vec![3_333, 3_333, 3_334])
    );
    assert_eq!(
        split(10_000, percentages(&["50", "30.00", "20"], Residue::Last)),
        Ok(vec![5_000, 3_000, 2_000])
    );
    let smallest = ["0.000001", "99.999999"];
    assert_eq!(
        split(100_000_000, percentages(&smallest, Residue::Last)),
        Ok(vec![1, 99_999_999])
    );
    assert_eq!(split(7, percentages(&["100"], Residue::First)), Ok(vec![7]));
}

#[test]
fn percentages_come_to_exactly_100() {
    let not_100 = fault("/shares", "not_one_hundred");

    assert_eq!(
        split(100, percentages(&["50", "49.999999"], Residue::Last)),
        not_100
    );
    assert_eq!(
        split(100, percentages(&["50", "50.000001"], Residue::Last)),
        not_100
    );
    let shares = vec![Decimal::new(5_012, 2)];
    let residue = Residue::Last;
    let told = split_principal(sum(100), &Split::Percentages { shares, residue });
    assert_eq!(
        told.expect_err("not 100")[0].detail,
        "the shares come to 50.12 per cent, not to 100"
    );
}

#[test]
fn every_share_out_of_range_or_too_fine_is_told() {
    let shares = ["0", "-5", "100.000001", "0.0000001", "5"];

    let expected = [
        ("/shares/0".to_owned(), "out_of_range"),
        ("/shares/1".to_owned(), "out_of_range"),
        ("/shares/2".to_owned(), "out_of_range"),
        ("/shares/3".to_owned(), "too_fine"),
    ];
    assert_eq!(
        split(100, percentages(&shares, Residue::Last)),
        Err(expected.to_vec())
    );
    assert_eq!(
        split(100, percentages(&[], Residue::Last)),
        fault("/shares", "out_of_range")
    );
}

#[test]
fn there_are_at_most_1500_shares() {
    let of = |count: usize, share: &str| {
        let shares = vec![share; count];
        split(1_000_000, percentages(&shares, Residue::Last))
    };

    // 1,500 equal shares do not come to 100, but their number is allowed.
    assert_eq!(of(1_500, "0.066666"), fault("/shares", "not_one_hundred"));
    let many = fault("/shares", "too_many_instalments");
    assert_eq!(of(1_501, "0.066666"), many);
}

#[test]
fn a_share_comes_to_a_cent_and_to_no_more_than_a_payment_may_carry() {
    let one_and_99 = |residue| percentages(&["1", "99"], residue);

    assert_eq!(split(100, one_and_99(Residue::Last)), Ok(vec![1, 99]));
    // 0.99 cents are rounded down to none, unless the first part carries what is left.
    let too_small = fault("/shares/0", "part_out_of_range");
    assert_eq!(split(99, one_and_99(Residue::Last)), too_small);
    assert_eq!(split(99, one_and_99(Residue::First)), Ok(vec![1, 98]));
    let too_large = fault("/shares/1", "part_out_of_range");
    let total = 2_000_000_000;
    assert_eq!(split(total, one_and_99(Residue::Last)), too_large);
}

#[test]
fn a_given_amount_is_repeated_and_the_last_part_carries_what_remains() {
    let each = |total, amount| {
        split(
            total,
            Split::Each {
                amount: cents(amount),
            },
        )
    };

    assert_eq!(each(250, 100), Ok(vec![100, 100, 50]));
    assert_eq!(each(300, 100), Ok(vec![100, 100, 100]));
    assert_eq!(each(201, 100), Ok(vec![100, 100, 1]));
    assert_eq!(each(99, 100), Ok(vec![99]));
    assert_eq!(each(1, 1), Ok(vec![1]));
    let parts = each(1_500, 1).expect("1,500 parts");
    assert_eq!((parts.len(), parts.iter().sum()), (1_500, 1_500));
    assert_eq!(each(1_501, 1), fault("/amount", "too_many_instalments"));
}
