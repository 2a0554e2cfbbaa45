use super::*;

fn accepts(kind: &str, value: &str) -> bool {
    PayerAccount::parse(kind, value).is_ok()
}

#[test]
fn a_bban_is_a_bsb_without_a_hyphen_of_its_own_and_an_account() {
    for good in ["062000-12345678", "000000-1", "123456- !~", "123456-a-b"] {
        assert!(accepts("bban", good), "{good}");
    }
    let long = format!("062000-{}", "1".repeat(29));
    let odd = [
        "",
        "062-000 12345678",
        "06200-1",
        "0620001-1",
        "062000-",
        "06200a-1",
        "062000-é",
    ];
    for bad in odd.into_iter().chain([long.as_str()]) {
        assert!(!accepts("bban", bad), "{bad}");
    }
    assert!(accepts("bban", &long[..long.len() - 1]));
}

#[test]
fn a_phone_payid_has_a_country_code_and_no_leading_zero() {
    for good in ["+61-411222333", "+1-12", "+001-99"] {
        assert!(accepts("alias_phone", good), "{good}");
    }
    let long = format!("+61-{}", "1".repeat(31));
    for bad in [
        "+61-0411222333",
        "61-411222333",
        "+6111-4",
        "+-44",
        "+61-4",
        "+61 411",
        &long,
    ] {
        assert!(!accepts("alias_phone", bad), "{bad}");
    }
}

#[test]
fn an_email_payid_in_upper_case_is_refused() {
    for good in [
        "a@b.co",
        "robin.sample+x@mail.example.com",
        "a!#$%&'*+/=?^_`{|}~-@1.2",
    ] {
        assert!(accepts("alias_email", good), "{good}");
    }
    let odd = [
        "Robin@example.com",
        "robin@Example.com",
        "robin@example",
        "robin@.com",
        "@b.co",
        "a@b..co",
        "a..b@c.de",
        ".a@b.co",
        "a@-b.co",
        "a@b-.co",
        "a@b@c.de",
        "a b@c.de",
    ];
    for bad in odd {
        assert!(!accepts("alias_email", bad), "{bad}");
    }
}

#[test]
fn a_business_number_has_nine_or_eleven_digits() {
    assert!(accepts("alias_abn", "123456789"));
    assert!(accepts("alias_abn", "12345678901"));
    for bad in ["1234567890", "12345678", "12345678a", ""] {
        assert!(!accepts("alias_abn", bad), "{bad}");
    }
}

#[test]
fn an_organisation_payid_has_no_upper_case_and_no_blank_at_its_ends() {
    let longest = "a".repeat(256);
    for good in ["ab", "oligo org", "[~", &longest] {
        assert!(accepts("alias_organisation_identifier", good), "{good}");
    }
    let too_long = "a".repeat(257);
    for bad in ["a", " ab", "ab ", "Oligo org", "a\tb", "é2", &too_long] {
        assert!(!accepts("alias_organisation_identifier", bad), "{bad}");
    }
}

#[test]
fn what_is_shown_of_an_account_is_never_more_than_a_third_of_it() {
    let account = PayerAccount::parse("bban", "062000-12345678").unwrap();
    assert_eq!(account.hint(), "***678");
    assert_eq!(format!("{account:?}"), "PayerAccount(bban ***678)");

    let short = PayerAccount::parse("alias_organisation_identifier", "ab").unwrap();
    assert_eq!(short.hint(), "***");
}

#[test]
fn a_refusal_names_the_rule_and_never_the_value() {
    let refusal = PayerAccount::parse("alias_email", "Secret@Example.com").unwrap_err();
    assert_eq!(refusal.pointer, "/value");
    assert_eq!(refusal.code, "malformed_account");
    assert!(refusal.detail.contains("lower case"));
    assert!(!refusal.to_string().contains("Secret"));

    let refusal = PayerAccount::parse("iban", "x").unwrap_err();
    assert_eq!(
        (refusal.pointer.as_str(), refusal.code),
        ("/type", "unknown_account_type")
    );
    assert!(refusal.detail.contains("alias_organisation_identifier"));
}

#[test]
fn the_provider_gets_the_account_in_full() {
    let account = PayerAccount::parse("alias_email", "payer@example.com").unwrap();

    assert_eq!(account.value(), "payer@example.com");
}
