//! Several instalments that are due on one date.

use super::*;

/// The plan of four, its first collected when due; asked on `today`.
fn asked_on(today: &str) -> PlanView {
    let mut plan = plan();
    plan.instalments[0].state = State::Collected;
    plan.today = date(today);
    plan
}

#[test]
fn instalments_of_one_date_stay_together_unless_they_have_to_move() {
    let due = |today| {
        let mut plan = asked_on(today);
        plan.instalments[2].due_date = date("2026-04-05");
        plan.instalments[3].due_date = date("2026-06-05");
        asked(&plan, Change::ChangeAccount)
    };

    assert!(another(&due("2026-04-05")).1.is_empty());
    let late = due("2026-04-06");
    assert_eq!(
        another(&late).1,
        ["2 2026-04-05 to 2026-04-06", "3 2026-04-05 to 2026-04-07"]
    );
    assert_eq!(tail(&late)[2], "4 2026-06-05 30000 kept");
}

#[test]
fn of_two_instalments_of_one_date_neither_passes_the_other() {
    let mut plan = asked_on("2026-03-06");
    plan.instalments[2].due_date = date("2026-04-05");
    let to = |sequence, day| Change::Move {
        sequence,
        to: date(day),
    };

    let passed = [("/to".to_owned(), "not_in_order")];
    assert_eq!(broken(&plan, to(2, "2026-04-06")), passed);
    assert_eq!(broken(&plan, to(3, "2026-04-04")), passed);
    assert_eq!(
        tail(&asked(&plan, to(2, "2026-04-04")))[0],
        "2 2026-04-04 30000 changed"
    );
    assert_eq!(
        tail(&asked(&plan, to(3, "2026-04-06")))[1],
        "3 2026-04-06 30000 changed"
    );
}
