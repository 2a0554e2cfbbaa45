use super::*;

fn date(day: u32) -> Option<NaiveDate> {
    NaiveDate::from_ymd_opt(2026, 9, day)
}

fn shown(query: &Query) -> Vec<(&str, &str)> {
    let pairs = query.iter();
    pairs
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

fn wrong(outcome: Result<(), Vec<FieldProblem>>) -> Vec<String> {
    let problems = outcome.expect_err("refused");
    problems.into_iter().map(|problem| problem.field).collect()
}

#[test]
fn every_filter_stands_in_the_query_once_and_states_are_joined() {
    let request = ListPayments {
        per_page: Some(100),
        states: vec![PaymentState::Created, PaymentState::UnderInvestigation],
        min_created_date: date(1),
        max_created_date: date(30),
        agreement_uid: Some("AGR-1".to_owned()),
        refunds: Some(Refunds::Excluded),
    };
    assert_eq!(request.validate(), Ok(()));
    let expected = [
        ("per_page", "100"),
        ("state", "created,under_investigation"),
        ("min_created_date", "2026-09-01"),
        ("max_created_date", "2026-09-30"),
        ("agreement_uid", "AGR-1"),
        ("refunds", "excluded"),
    ];
    assert_eq!(shown(&request.query()), expected);

    let request = ListAgreements {
        per_page: Some(1),
        states: AgreementState::ALL.to_vec(),
        min_created_date: date(1),
        max_created_date: date(1),
    };
    assert_eq!(request.validate(), Ok(()));
    let states = "pending,created,active,suspended,cancelled,declined,failed,expired";
    let expected = [
        ("per_page", "1"),
        ("state", states),
        ("min_created_date", "2026-09-01"),
        ("max_created_date", "2026-09-01"),
    ];
    assert_eq!(shown(&request.query()), expected);
}

#[test]
fn without_filters_nothing_is_said() {
    assert_eq!(shown(&ListPayments::default().query()), []);
    assert_eq!(shown(&ListAgreements::default().query()), []);
}

#[test]
fn a_filter_that_breaks_a_limit_is_refused_before_it_is_sent() {
    for per_page in [0, 101, 255] {
        let request = ListAgreements {
            per_page: Some(per_page),
            states: vec![AgreementState::Unrecognised("frozen".to_owned())],
            min_created_date: date(2),
            max_created_date: date(1),
        };
        let expected = ["per_page", "min_created_date", "state"];
        assert_eq!(wrong(request.validate()), expected);
    }
    for state in [PaymentState::Pending, PaymentState::from("returned")] {
        let request = ListPayments {
            states: vec![PaymentState::Settled, state],
            agreement_uid: Some("a/b".to_owned()),
            ..ListPayments::default()
        };
        assert_eq!(wrong(request.validate()), ["state", "agreement_uid"]);
    }
}
