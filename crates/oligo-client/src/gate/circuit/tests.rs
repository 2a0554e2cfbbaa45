use super::*;

fn circuit(pause: Duration) -> Circuit {
    Circuit::new(Some(CircuitConfig { failures: 3, pause }))
}

fn opened(pause: Duration) -> Circuit {
    let circuit = circuit(pause);
    for _ in 0..3 {
        circuit.admit().unwrap().failed();
    }
    circuit
}

/// An open circuit whose pause is over.
fn rested() -> Circuit {
    let circuit = opened(Duration::ZERO);
    // The machine lets a call through once the clock has moved on at all.
    while circuit.peek().is_err() {
        std::thread::yield_now();
    }
    circuit
}

/// The first call that is let through once the pause is over.
fn trial(circuit: &Circuit) -> Admission<'_> {
    loop {
        if let Ok(admission) = circuit.admit() {
            return admission;
        }
        std::thread::yield_now();
    }
}

#[test]
fn failures_in_a_row_open_the_circuit_and_an_answer_between_them_does_not() {
    let circuit = circuit(Duration::from_secs(60));
    for _ in 0..10 {
        circuit.admit().unwrap().failed();
        circuit.admit().unwrap().failed();
        circuit.admit().unwrap().answered();
        assert_eq!(circuit.state(), CircuitState::Closed);
    }
    circuit.admit().unwrap().failed();
    circuit.admit().unwrap().failed();
    circuit.admit().unwrap().failed();
    assert_eq!(circuit.state(), CircuitState::Open);
}

#[test]
fn an_open_circuit_lets_nothing_through_and_says_for_how_long() {
    let circuit = opened(Duration::from_secs(60));
    for left in [circuit.peek().err(), circuit.admit().err()] {
        let left = left.expect("held back");
        assert!(Duration::from_secs(50) < left, "{left:?}");
        assert!(left <= Duration::from_secs(60), "{left:?}");
    }
}

#[test]
fn after_the_pause_one_call_tries_and_the_others_wait_for_it() {
    let circuit = rested();
    let trial = trial(&circuit);
    assert_eq!(circuit.state(), CircuitState::HalfOpen);
    assert!(circuit.peek().is_err() && circuit.admit().is_err());

    trial.answered();

    assert_eq!(circuit.state(), CircuitState::Closed);
    assert!(circuit.admit().is_ok() && circuit.admit().is_ok());
}

#[test]
fn a_trial_that_fails_opens_the_circuit_again() {
    let circuit = rested();
    trial(&circuit).failed();
    assert_eq!(circuit.state(), CircuitState::Open);
}

#[test]
fn a_trial_given_up_half_way_leaves_its_place_to_the_next() {
    let circuit = rested();
    drop(trial(&circuit));
    assert_eq!(circuit.state(), CircuitState::HalfOpen);
    circuit.admit().unwrap().answered();
    assert_eq!(circuit.state(), CircuitState::Closed);
}

#[test]
fn without_a_breaker_the_circuit_stays_closed() {
    let circuit = Circuit::new(None);
    for _ in 0..100 {
        circuit.admit().unwrap().failed();
    }
    assert_eq!(circuit.state(), CircuitState::Closed);
    assert_eq!(circuit.peek(), Ok(()));
}
