use super::*;
use crate::payment::State as Payment;
use crate::terms::{Amounts, Frequency};

mod amounts;
mod ends;
mod in_the_way;
mod open;
mod rules;
mod windows;

pub(super) fn date(text: &str) -> BusinessDate {
    text.parse().expect("a test's date")
}

pub(super) fn cents(cents: i64) -> Cents {
    Cents::new(cents).expect("a test's amount")
}

/// Before the due date, as everything here is asked unless told.
pub(super) fn before() -> Instant {
    date("2026-06-20").opens_at()
}

pub(super) fn terms() -> PaymentTerms {
    let amounts = Amounts::Fixed {
        amount: cents(123_450),
    };
    PaymentTerms::undated(amounts, Frequency::Monthly, None)
}

pub(super) fn subject(state: State) -> Subject<'static> {
    Subject {
        state,
        due_date: date("2026-07-01"),
        amount: cents(123_450),
        first_of_agreement: false,
        last_of_plan: false,
        waiting_because: None,
        ended_because: None,
        wake_at: Some(date("2026-07-01").at_hour(6, 0)),
        quarantined: false,
    }
}

/// An active plan under an active agreement, monthly from 2026-06-15.
pub(super) fn history<'a>(terms: &'a PaymentTerms, attempts: &'a [Attempt<'a>]) -> History<'a> {
    History {
        attempts,
        closed: None,
        plan_state: plan::State::Active,
        paused_until: None,
        frozen_because: None,
        agreement_state: agreement::State::Active,
        agreement_confirmed_at: None,
        terms,
        validity: Validity {
            start_date: date("2026-06-15"),
            end_date: None,
        },
        retry_policy: RetryPolicy::default(),
        carry: Carry::Never,
    }
}

pub(super) fn attempt(state: Payment, retries_made: u32, code: Option<&str>) -> Attempt<'_> {
    Attempt {
        state,
        retries_made,
        failure_code: code,
        last_sent_at: None,
        conflict: None,
        wake_at: None,
    }
}

pub(super) fn told(subject: &Subject<'_>, attempts: &[Attempt<'_>]) -> Explanation {
    explain(subject, &history(&terms(), attempts), before())
}

/// The figures as text.
pub(super) fn figures(told: &Explanation) -> Vec<String> {
    let lines = told.figures.iter().map(|one| match &one.value {
        Value::Date(date) => format!("{} {date}", one.name),
        Value::At(at) => format!("{} {at}", one.name),
        Value::Count(count) => format!("{} {count}", one.name),
        Value::Amount(amount) => format!("{} {amount}", one.name),
        Value::Word(word) => format!("{} {word}", one.name),
    });
    lines.collect()
}

#[test]
fn every_state_has_its_own_sentence() {
    let sentences: std::collections::BTreeSet<_> = State::ALL
        .iter()
        .map(|state| told(&subject(*state), &[]).summary)
        .collect();

    assert_eq!(sentences.len(), State::ALL.len());
}

#[test]
fn only_an_open_instalment_has_something_next_and_something_that_would_make_it_go() {
    for state in State::ALL {
        let told = told(&subject(*state), &[]);
        assert_eq!(told.next.is_some(), state.is_open(), "{state}");
        assert_eq!(told.would_go_if.is_some(), state.is_open(), "{state}");
    }
}

#[test]
fn what_nobody_wakes_has_nothing_next() {
    let asleep = Subject {
        wake_at: None,
        ..subject(State::Scheduled)
    };
    assert_eq!(told(&asleep, &[]).next, None);
}

#[test]
fn what_is_held_and_what_the_provider_says_are_both_told() {
    let contradicted = Attempt {
        conflict: Some(Payment::Settled),
        ..attempt(Payment::Failed, 0, Some("AM04"))
    };
    for state in State::ALL {
        let told = told(&subject(*state), &[contradicted]);
        assert_eq!(
            (told.reason.code(), told.reason.rule()),
            ("contradicted", Some("conflict"))
        );
        assert_eq!(
            told.summary,
            format!(
                "$1,234.50 due on 2026-07-01 is {state} and in question: its payment is failed, \
                 yet the provider says settled."
            )
        );
        let wanted = state.is_open().then_some(Cure::QuestionAnswered);
        assert_eq!(told.would_go_if, wanted, "{state}");
        let next = told.next.map(|next| next.what);
        assert_eq!(next, state.is_open().then_some(NextStep::LookAgain));
        assert_eq!(
            figures(&told)[..3],
            ["tries 1", "payment_state failed", "provider_says settled"]
        );
    }
}

#[test]
fn where_the_provider_and_we_have_come_to_say_the_same_nothing_is_in_question() {
    let settled = |conflict| Attempt {
        conflict,
        ..attempt(Payment::Settled, 0, None)
    };
    let told = |conflict| told(&subject(State::Collected), &[settled(conflict)]);

    let met = told(Some(Payment::Settled));
    assert_eq!(met.summary, "$1,234.50 due on 2026-07-01 was collected.");
    assert_eq!(met.reason, Reason::Collected);
    assert_eq!(told(None), met);
    assert_eq!(told(Some(Payment::Failed)).reason.code(), "contradicted");
}

#[test]
fn an_earlier_payment_in_question_is_told_though_a_later_one_is_not() {
    let late = Attempt {
        conflict: Some(Payment::Settled),
        ..attempt(Payment::Failed, 0, None)
    };
    let later = attempt(Payment::Rejected, 0, None);

    let told = told(&subject(State::Scheduled), &[late, later]);
    let (held, claimed) = (Payment::Failed, Payment::Settled);
    assert_eq!(told.reason, Reason::Contradicted { held, claimed });
}

#[test]
fn no_text_that_somebody_typed_is_told() {
    let typed = "Robin Sample asked, 0411 222 333";
    for state in State::ALL {
        let subject = Subject {
            waiting_because: Some(typed),
            ended_because: Some(typed),
            ..subject(*state)
        };
        let told = told(&subject, &[]);
        let all = format!("{told:?}");
        assert!(!all.contains("Robin") && !all.contains("0411"), "{all}");
    }
}

#[test]
fn every_code_of_a_failure_and_of_a_refusal_has_its_title() {
    for known in crate::failure::FAILURE_CODES {
        assert_eq!(title(known.code), Some(known.title));
    }
    for number in 0..=25 {
        assert!(title(&format!("ZPPAY{number:02}")).is_some(), "{number}");
    }
    for number in 0..=5 {
        assert!(title(&format!("ZPPRY{number:02}")).is_some(), "{number}");
    }
    for number in 0..=9 {
        assert!(title(&format!("ZPUNP{number:02}")).is_some(), "{number}");
    }
    assert_eq!(title("ZPPRY03"), Some("Retry timeout"));
    assert_eq!(title(""), None);
}

#[test]
fn a_recorded_text_is_a_rule_codes_or_a_word() {
    let refused = |codes: &[&str]| {
        let codes = codes.iter().map(|code| ProviderCode::new(code));
        Some(Hindrance::Refused(codes.collect()))
    };

    for rule in Rule::ALL {
        assert_eq!(
            Hindrance::parse(rule.as_str()),
            Some(Hindrance::Rule(*rule))
        );
    }
    assert_eq!(Hindrance::parse("ZPPAY17"), refused(&["ZPPAY17"]));
    assert_eq!(
        Hindrance::parse("ZPPAY03 MMS.API.9006"),
        refused(&["ZPPAY03", "MMS.API.9006"])
    );
    assert_eq!(
        Hindrance::parse("room_2"),
        Some(Hindrance::Other("room_2".to_owned()))
    );
    for text in ["", "Robin", "ZPPAY17 ", "a b", "ZPPAY17;"] {
        assert_eq!(Hindrance::parse(text), None, "{text}");
    }
}
