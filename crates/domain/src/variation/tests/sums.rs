//! Which amounts a change gives, and what it leaves out.

use super::*;

fn skip(rest: Rest) -> Change {
    Change::Skip { sequence: 2, rest }
}

fn lower(amount: i64, rest: Rest) -> Change {
    Change::Lower {
        from: date("2026-04-05"),
        until: date("2026-05-05"),
        amount: cents(amount),
        rest,
    }
}

#[test]
fn a_skipped_instalment_is_spread_to_the_cent_over_the_later_ones() {
    let mut plan = variable_plan();
    plan.instalments[1].amount = cents(10_001);
    let answer = asked(&plan, skip(Rest::Spread));

    assert_eq!(
        tail(&answer),
        ["3 2026-05-05 35001 changed", "4 2026-06-05 35000 changed"]
    );
    assert_eq!(answer.verdict.as_str(), "fits_as_it_is");
    assert_eq!(
        (answer.difference, answer.dropped.len()),
        (Difference::None, 1)
    );
}

#[test]
fn a_single_cent_is_spread_over_the_first_alone() {
    let mut plan = variable_plan();
    plan.instalments[1].amount = cents(1);

    assert_eq!(
        tail(&asked(&plan, skip(Rest::Spread))),
        ["3 2026-05-05 30001 changed", "4 2026-06-05 30000 kept"]
    );
}

#[test]
fn a_waived_instalment_is_named_as_the_difference() {
    let answer = asked(&plan(), skip(Rest::Waive));

    assert_eq!(answer.difference, Difference::Waived { cents: 30_000 });
    assert_eq!(
        tail(&answer),
        ["3 2026-05-05 30000 kept", "4 2026-06-05 30000 kept"]
    );
    assert_eq!(answer.verdict.as_str(), "fits_as_it_is");
    let dropped: Vec<_> = answer.dropped.iter().map(|one| one.sequence).collect();
    assert_eq!(dropped, [2]);
}

#[test]
fn lower_instalments_under_a_fixed_amount_take_another_agreement() {
    let answer = asked(&plan(), lower(10_000, Rest::Waive));

    assert_eq!(counter_example(&answer).0, 2);
    assert_eq!(counter_example(&answer).1, FitRule::AmountNotExact);
    let Verdict::NeedsNewAgreement { proposal, .. } = &answer.verdict else {
        panic!("a fixed amount");
    };
    let max_amount = cents(30_000);
    assert_eq!(proposal.terms.amounts(), Amounts::Variable { max_amount });
    assert_eq!(answer.difference, Difference::Waived { cents: 40_000 });
}

#[test]
fn what_is_lowered_becomes_whole_instalments_at_the_end_and_one_of_the_remainder() {
    let answer = asked(&variable_plan(), lower(10_000, Rest::ToTheEnd));

    assert_eq!(
        tail(&answer),
        [
            "2 2026-04-05 10000 changed",
            "3 2026-05-05 10000 changed",
            "4 2026-06-05 30000 kept",
            "5 2026-07-05 30000 added",
            "6 2026-08-05 10000 added"
        ]
    );
    assert_eq!(
        (answer.difference, answer.dropped.len()),
        (Difference::None, 0)
    );
    assert_eq!(answer.verdict.as_str(), "fits_as_it_is");
}

#[test]
fn what_is_lowered_is_spread_over_what_is_due_after_that_time() {
    let answer = asked(&variable_plan(), lower(20_000, Rest::Spread));

    assert_eq!(
        tail(&answer),
        [
            "2 2026-04-05 20000 changed",
            "3 2026-05-05 20000 changed",
            "4 2026-06-05 50000 changed"
        ]
    );
    assert_eq!(answer.verdict.as_str(), "fits_as_it_is");
    // One cent more than the payer agreed to.
    let beyond = asked(&variable_plan(), lower(19_999, Rest::Spread));
    assert_eq!(counter_example(&beyond).1, FitRule::AmountOverMaximum);
}

#[test]
fn only_what_is_above_the_lower_amount_is_lowered() {
    let mut plan = variable_plan();
    plan.instalments[1].amount = cents(10_000);
    plan.instalments[2].amount = cents(10_001);

    let answer = asked(&plan, lower(10_000, Rest::Waive));
    assert_eq!(answer.difference, Difference::Waived { cents: 1 });
    assert_eq!(
        tail(&answer)[..2],
        ["2 2026-04-05 10000 kept", "3 2026-05-05 10000 changed"]
    );
}

#[test]
fn a_pay_out_is_one_last_instalment_of_the_whole_sum() {
    let change = Change::PayOut {
        on: date("2026-03-20"),
        amount: cents(90_000),
    };
    let mut plan = plan_of(
        MONTHLY,
        Amounts::Variable {
            max_amount: cents(90_000),
        },
        None,
    );
    plan.instalments[0].state = State::Missed;
    let answer = asked(&plan, change);

    assert_eq!(tail(&answer), ["5 2026-03-20 90000 added"]);
    assert_eq!(answer.dropped.len(), 3);
    assert_eq!(answer.difference, Difference::None);
    assert_eq!(answer.verdict.as_str(), "fits_as_it_is");
}

#[test]
fn a_pay_out_below_the_sum_names_its_rebate_and_one_above_it_is_refused() {
    let pay_out = |amount| Change::PayOut {
        on: date("2026-04-05"),
        amount: cents(amount),
    };

    assert_eq!(
        asked(&plan(), pay_out(89_999)).difference,
        Difference::Rebate { cents: 1 }
    );
    assert_eq!(
        broken(&plan(), pay_out(90_001)),
        [("/amount".to_owned(), "more_than_owed")]
    );
}

#[test]
fn a_pay_out_comes_after_what_is_being_collected() {
    let pay_out = |on| Change::PayOut {
        on: date(on),
        amount: cents(90_000),
    };

    assert_eq!(
        broken(&plan(), pay_out("2026-03-05")),
        [("/on".to_owned(), "not_in_order")]
    );
    assert_eq!(tail(&asked(&plan(), pay_out("2026-03-06"))).len(), 1);
}

#[test]
fn an_end_names_what_is_no_longer_collected() {
    let answer = asked(&plan(), Change::End);

    assert_eq!(
        answer.difference,
        Difference::NotCollected { cents: 90_000 }
    );
    assert_eq!((answer.tail.len(), answer.dropped.len()), (0, 3));
    assert_eq!(answer.verdict, Verdict::NothingLeft);
}
