//! The words of the states, which are also the database's.

use domain::{agreement, instalment, payment, plan};

#[test]
fn every_state_is_read_back_from_its_word() {
    for state in payment::State::ALL {
        assert_eq!(payment::State::parse(state.as_str()), Some(*state));
    }
    for state in instalment::State::ALL {
        assert_eq!(instalment::State::parse(state.as_str()), Some(*state));
    }
    for state in agreement::State::ALL {
        assert_eq!(agreement::State::parse(state.as_str()), Some(*state));
    }
    for state in plan::State::ALL {
        assert_eq!(plan::State::parse(state.as_str()), Some(*state));
    }
}

#[test]
fn a_word_nobody_uses_is_no_state() {
    assert_eq!(payment::State::parse("Settled"), None);
    assert_eq!(plan::State::parse(""), None);
}

#[test]
fn the_provider_s_words_are_the_reported_states() {
    let words: Vec<_> = agreement::Reported::ALL
        .iter()
        .map(|state| state.as_str())
        .collect();

    assert_eq!(
        words,
        [
            "pending",
            "created",
            "active",
            "suspended",
            "declined",
            "expired",
            "cancelled",
            "failed"
        ]
    );
}

#[test]
fn an_agreements_events_have_words_of_their_own() {
    let words: std::collections::BTreeSet<&str> = agreement::Event::ALL
        .iter()
        .map(|event| event.as_str())
        .collect();

    assert_eq!(words.len(), agreement::Event::ALL.len());
    assert_eq!(agreement::Event::Rejected.as_str(), "rejected");
    for event in agreement::Event::ALL {
        assert_eq!(event.to_string(), event.as_str());
    }
}

#[test]
fn a_payment_is_over_in_four_states() {
    use payment::State;

    let over: Vec<_> = State::ALL.iter().filter(|state| state.is_final()).collect();
    let expected = [
        State::Settled,
        State::Failed,
        State::Rejected,
        State::Abandoned,
    ];
    assert_eq!(over, expected.iter().collect::<Vec<_>>());
}
