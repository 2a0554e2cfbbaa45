use super::*;

fn refused(status: u16, codes: &[&str]) -> CallError {
    let errors = codes
        .iter()
        .map(|code| ProviderError {
            title: "t".to_owned(),
            detail: "quotes Robin Sample".to_owned(),
            code: Some(ErrorCode::from(*code)),
            about: None,
            resource_ref: None,
            resource_uid: None,
        })
        .collect();
    CallError::Refused {
        status,
        errors,
        retry_after: None,
    }
}

fn server_error(status: u16) -> CallError {
    CallError::ServerError {
        status,
        retry_after: None,
    }
}

#[test]
fn a_call_held_back_was_not_sent_and_says_for_how_long() {
    let held = CallError::HeldBack {
        hold: Hold::CircuitOpen,
        retry_in: Duration::from_millis(1_500),
    };
    assert_eq!(held.certainty(), Certainty::NotSent);
    assert!(held.is_transient());
    assert_eq!(held.retry_in(), Some(Duration::from_millis(1_500)));
    let told = "not sent: the circuit is open, try in 1500 ms";
    assert_eq!(held.to_string(), told);
}

#[test]
fn an_answer_is_no_outage_however_stern() {
    assert!(server_error(500).is_outage());
    assert!(CallError::Timeout.is_outage());
    for answered in [
        server_error(408),
        refused(422, &["ZPPAY17"]),
        refused(503, &["ZPADD98"]),
        CallError::Unauthorised,
        CallError::NotFound,
        CallError::RateLimited { retry_after: None },
    ] {
        assert!(!answered.is_outage(), "{answered:?}");
    }
}

#[test]
fn a_refusal_is_certain_unless_the_uid_is_taken() {
    assert_eq!(refused(422, &["ZPPAY17"]).certainty(), Certainty::Refused);
    assert_eq!(
        refused(422, &["ZPUNP00", "ZPPAY00"]).certainty(),
        Certainty::Unknown
    );
    assert_eq!(refused(422, &["ZPAGR00"]).certainty(), Certainty::Unknown);
    assert_eq!(refused(503, &["ZPADD98"]).certainty(), Certainty::Unknown);
}

#[test]
fn codes_are_found_among_several() {
    let error = refused(422, &["ZPAGR14", "ZPNEW01"]);
    assert!(error.has_code("ZPNEW01"));
    assert!(!error.has_code("ZPAGR12"));
    assert_eq!(error.codes().collect::<Vec<_>>(), ["ZPAGR14", "ZPNEW01"]);
}

#[test]
fn a_refusals_detail_is_never_printed() {
    let error = refused(422, &["ZPUNP00"]);
    assert!(!format!("{error:?} {error}").contains("Robin"));
}

#[test]
fn an_outage_is_transient_and_a_refusal_is_not() {
    assert!(refused(503, &["ZPADD98"]).is_transient());
    assert!(server_error(500).is_transient());
    assert!(CallError::Timeout.is_transient());
    assert!(!server_error(405).is_transient());
    assert!(!refused(422, &["ZPPAY17"]).is_transient());
    assert!(!CallError::Unauthorised.is_transient());
}
