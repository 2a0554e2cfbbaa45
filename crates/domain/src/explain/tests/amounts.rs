//! An amount that the terms refuse.

use super::*;

const BALLOON: [i64; 3] = [100_000, 20_000, 500_000];

fn balloon() -> Amounts {
    let [amount, first, last] = BALLOON.map(cents);
    Amounts::Balloon {
        amount,
        first_amount: Some(first),
        last_amount: Some(last),
    }
}

/// Terms, whether the payment is the agreement's first and the plan's last, the words of the rule
/// and its figure.
type Refused = (Amounts, (bool, bool), &'static str, &'static str);

fn table() -> [Refused; 8] {
    let (amount, max_amount) = (cents(100_000), cents(100_000));
    let (variable, usage) = (
        Amounts::Variable { max_amount },
        Amounts::UsageBased { max_amount },
    );
    let fixed = Amounts::Fixed { amount };
    let (neither, first, last) = ((false, false), (true, false), (false, true));
    let (only, at_most) = ("only $1,000.00", "at most $1,000.00");
    let at_first = "only $200.00 for the first payment";
    let at_last = "only $5,000.00 for the last payment";
    let (agreed, max) = ("agreed_amount $1,000.00", "max_amount $1,000.00");
    [
        (fixed, neither, only, agreed),
        (fixed, (true, true), only, agreed),
        (variable, neither, at_most, max),
        (usage, last, at_most, max),
        (balloon(), neither, only, agreed),
        (balloon(), first, at_first, "first_payment_amount $200.00"),
        (balloon(), last, at_last, "last_payment_amount $5,000.00"),
        (
            balloon(),
            (true, true),
            at_first,
            "first_payment_amount $200.00",
        ),
    ]
}

fn told_of(subject: Subject<'_>, amounts: Amounts, (first, last): (bool, bool)) -> Explanation {
    let terms = PaymentTerms::undated(amounts, Frequency::Monthly, None);
    let subject = Subject {
        first_of_agreement: first,
        last_of_plan: last,
        ..subject
    };
    explain(&subject, &history(&terms, &[]), before())
}

fn waiting() -> Subject<'static> {
    Subject {
        waiting_because: Some("amount_refused"),
        ..subject(State::Scheduled)
    }
}

#[test]
fn a_refused_amount_is_told_with_the_figure_of_the_rule_that_refused_it() {
    for (amounts, place, words, figure) in table() {
        let told = told_of(waiting(), amounts, place);
        assert_eq!(
            told.summary,
            format!(
                "$1,234.50 due on 2026-07-01 waits: the terms allow {words}; it can be collected \
                 until 2026-07-14."
            )
        );
        let until = "collectable_until 2026-07-14";
        assert_eq!(figures(&told), ["amount $1,234.50", figure, until]);
    }
}

#[test]
fn one_that_was_missed_for_its_amount_names_the_same_rule() {
    let missed = Subject {
        ended_because: Some("amount_refused"),
        ..subject(State::Missed)
    };
    for (amounts, place, words, figure) in table() {
        let told = told_of(missed, amounts, place);
        assert_eq!(
            told.summary,
            format!(
                "$1,234.50 due on 2026-07-01 was missed before it was tried: the terms allow \
                 {words}."
            )
        );
        assert_eq!(figures(&told)[..2], ["amount $1,234.50", figure]);
    }
}

#[test]
fn only_the_first_payments_amount_is_waited_for() {
    for (amounts, place, _, figure) in table() {
        let wanted = if figure.starts_with("first_payment_amount") {
            Cure::TimePasses
        } else {
            Cure::NewAgreement
        };
        let told = told_of(waiting(), amounts, place);
        assert_eq!(told.would_go_if, Some(wanted), "{figure}");
    }
}

#[test]
fn an_amount_that_was_refused_and_is_allowed_now_is_told_as_past() {
    let amount = cents(123_450);
    let told = told_of(waiting(), Amounts::Fixed { amount }, (true, true));

    assert_eq!(
        told.summary,
        "$1,234.50 due on 2026-07-01 waits: the terms did not allow its amount; it can be \
         collected until 2026-07-14."
    );
    assert_eq!(
        figures(&told),
        ["amount $1,234.50", "collectable_until 2026-07-14"]
    );
    assert_eq!(told.would_go_if, Some(Cure::TimePasses));
}
