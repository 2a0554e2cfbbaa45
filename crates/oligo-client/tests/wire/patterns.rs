//! The forms that are checked before sending against the patterns Oligo publishes.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use oligo_client::{
    AccountIdentifier, AccountKind, CancelAgreement, CancelReason, CreateAgreement, CreatePayment,
    ListAgreements, uid_is_valid,
};
use proptest::prelude::*;
use proptest::sample::{Index, select};
use proptest::string::string_regex;
use regex::Regex;
use serde_json::{Value, json};

use crate::contract::FACTS;

/// A pattern of the contract as this library spells it: `\d` is ASCII there, and `/` is escaped.
fn pattern(name: &str) -> String {
    FACTS.patterns[name]
        .replace(r"\d", "[0-9]")
        .replace(r"\/", "/")
}

static PATTERNS: LazyLock<BTreeMap<String, Regex>> = LazyLock::new(|| {
    let names = FACTS.patterns.keys();
    names
        .map(|name| (name.clone(), Regex::new(&pattern(name)).unwrap()))
        .collect()
});

/// Texts that fit the pattern, and texts one wrong character away from it.
fn near(name: &str) -> impl Strategy<Value = String> + use<> {
    let pattern = pattern(name);
    let inside = pattern.trim_start_matches('^').trim_end_matches('$');
    let fits = string_regex(inside).unwrap();
    let odd = prop_oneof![
        select(vec![
            'A', 'z', '0', '9', ' ', '-', '+', '@', '.', '\n', '~', '\u{7f}', 'é', '١'
        ]),
        any::<char>(),
    ];
    (fits, any::<Index>(), 0..4_u8, odd).prop_map(|(text, at, wound, odd)| {
        let mut letters: Vec<char> = text.chars().collect();
        let at = at.index(letters.len() + 1);
        match (wound, at < letters.len()) {
            (0, true) => letters[at] = odd,
            (1, true) => drop(letters.remove(at)),
            (2, _) => letters.insert(at, odd),
            _ => {}
        }
        letters.into_iter().collect()
    })
}

fn fits(name: &str, text: &str) -> bool {
    PATTERNS[name].is_match(text)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 10_000,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    #[test]
    fn an_account_is_taken_exactly_when_oligos_pattern_takes_it(
        (kind, text) in select(AccountKind::ALL).prop_flat_map(|kind| {
            (Just(kind), near(kind.as_str()))
        }),
    ) {
        let taken = AccountIdentifier::new(kind, text.clone()).is_ok();
        prop_assert_eq!(taken, fits(kind.as_str(), &text), "{} {:?}", kind, text);
    }

    #[test]
    fn a_uid_is_taken_exactly_when_oligos_pattern_takes_it_and_a_path_does(text in near("uid")) {
        let in_a_path = text != "." && text != "..";
        prop_assert_eq!(uid_is_valid(&text), fits("uid", &text) && in_a_path, "{:?}", text);
    }

    #[test]
    fn a_shown_text_is_taken_exactly_when_oligos_pattern_takes_it(text in near("printable")) {
        let takes = |field: &str, name: &str, max: &str| {
            let request: CreateAgreement = serde_json::from_value(agreement(field, &text)).unwrap();
            let longest = FACTS.limits[max][1].as_u64().unwrap();
            let short = text.chars().count() as u64 <= longest;
            (request.validate().is_ok(), fits(name, &text) && short)
        };
        let (ours, theirs) = takes("/description", "printable", "agreement.description");
        prop_assert_eq!(ours, theirs, "{:?}", text);
        let (ours, theirs) = takes("/debtor/party_name", "printable", "agreement.party_name");
        prop_assert_eq!(ours, theirs, "{:?}", text);
    }
}

fn agreement(field: &str, text: &str) -> Value {
    let mut agreement = json!({
        "uid": "U-1", "purpose": "loan", "description": "d",
        "debtor": {
            "party_name": "n",
            "account_identifier": { "type": "bban", "value": "062000-12345678" },
        },
        "payment_terms": { "type": "variable", "frequency": "monthly", "max_amount": 65_000 },
    });
    *agreement.pointer_mut(field).unwrap() = Value::from(text);
    agreement
}

fn bounds(name: &str) -> (usize, usize) {
    let limits = FACTS.limits[name].as_array().unwrap();
    let limit = |index: usize| usize::try_from(limits[index].as_u64().unwrap()).unwrap();
    (limit(0), limit(1))
}

/// Lengths at and just beyond both bounds, and whether each is taken.
fn edges((min, max): (usize, usize)) -> [(usize, bool); 4] {
    [(min - 1, false), (min, true), (max, true), (max + 1, false)]
}

#[test]
fn every_limit_is_oligos_to_the_character() {
    for (length, taken) in edges(bounds("uid")) {
        assert_eq!(uid_is_valid(&"a".repeat(length)), taken, "uid {length}");
    }
    for (name, field) in [
        ("agreement.description", "/description"),
        ("agreement.party_name", "/debtor/party_name"),
    ] {
        for (length, taken) in edges(bounds(name)) {
            let body = agreement(field, &"a".repeat(length));
            let request: CreateAgreement = serde_json::from_value(body).unwrap();
            assert_eq!(request.validate().is_ok(), taken, "{name} {length}");
        }
    }
    for (length, taken) in edges(bounds("cancellation.narrative")) {
        let request = CancelAgreement {
            reason: CancelReason::NoAnswer,
            narrative: Some("a".repeat(length)),
        };
        assert_eq!(request.validate().is_ok(), taken, "narrative {length}");
    }
    for (number, taken) in edges(bounds("per_page")) {
        let request = ListAgreements {
            per_page: u8::try_from(number).ok(),
            ..ListAgreements::default()
        };
        assert_eq!(request.validate().is_ok(), taken, "per_page {number}");
    }
    for (cents, taken) in edges(bounds("amount")) {
        assert_eq!(payment(json!({ "amount": cents })), taken, "amount {cents}");
    }
    for (name, field) in [
        ("payment.reference_max", "reference"),
        ("payment.description_max", "description"),
    ] {
        let max = usize::try_from(FACTS.limits[name].as_u64().unwrap()).unwrap();
        for (length, taken) in edges((1, max)) {
            let text = "a".repeat(length);
            assert_eq!(payment(json!({ field: text })), taken, "{name} {length}");
        }
    }
}

/// Whether a payment with these fields exchanged is worth sending.
fn payment(more: Value) -> bool {
    let mut body = json!({
        "uid": "U-1", "agreement_uid": "A-1", "amount": 1, "priority": "unattended",
    });
    let fields = body.as_object_mut().unwrap();
    fields.extend(more.as_object().unwrap().clone());
    let request: CreatePayment = serde_json::from_value(body).unwrap();
    request.validate().is_ok()
}
