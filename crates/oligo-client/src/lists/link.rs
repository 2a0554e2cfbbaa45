//! `links.next`: where a list goes on.

use url::Url;

use crate::error::JsonProblem;

/// The parameters of one page, in the link's order.
pub(super) type Query = Vec<(String, String)>;

/// The longest link that is followed, in bytes.
const LINK_BYTES_MAX: usize = 4 * 1024;

/// The parameters of the page that `link` leads to, seen from the list at `here`.
///
/// The link may be a whole URL or a path, with or without the version. Only its parameters are
/// taken: the next page is asked for where the first one was, so the token cannot go elsewhere
/// even if this were wrong about where the link leads.
pub(super) fn next_query(here: &Url, link: &str) -> Result<Query, JsonProblem> {
    if LINK_BYTES_MAX < link.len() {
        return Err(JsonProblem::WrongShape);
    }
    let next = here.join(link).map_err(|_| JsonProblem::WrongShape)?;
    if next.origin() != here.origin() {
        return Err(JsonProblem::OtherServer);
    }
    let list = here.path().rsplit('/').next().unwrap_or_default();
    let is_the_list = next
        .path()
        .trim_end_matches('/')
        .ends_with(&format!("/{list}"));
    if !is_the_list {
        return Err(JsonProblem::WrongShape);
    }
    let pairs = next.query_pairs();
    Ok(pairs
        .map(|(name, value)| (name.into_owned(), value.into_owned()))
        .collect())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use proptest::sample::select;

    use super::*;

    fn follow(link: &str) -> Result<Query, JsonProblem> {
        let here = Url::parse("https://oligo.test/v1/payto/payments").unwrap();
        next_query(&here, link)
    }

    #[test]
    fn a_link_is_followed_whole_or_as_a_path_with_or_without_the_version() {
        let expected = vec![
            ("per_page".to_owned(), "2".to_owned()),
            ("starting_after".to_owned(), "a+b/c".to_owned()),
        ];
        for place in [
            "https://oligo.test/v1/payto/payments",
            "https://oligo.test:443/v1/payto/payments",
            "https://oligo.test/payto/payments",
            "/v1/payto/payments",
            "/payto/payments",
            "/payto/payments/",
            "payments",
            "",
        ] {
            let link = format!("{place}?per_page=2&starting_after=a%2Bb%2Fc");
            assert_eq!(follow(&link).as_ref(), Ok(&expected), "{link}");
        }
    }

    #[test]
    fn a_link_to_another_server_is_never_followed() {
        for link in [
            "https://evil.test/v1/payto/payments?starting_after=x",
            "http://oligo.test/v1/payto/payments?starting_after=x",
            "https://oligo.test:8443/v1/payto/payments?starting_after=x",
            "https://oligo.test.evil.test/v1/payto/payments?starting_after=x",
            "https://oligo.test@evil.test/v1/payto/payments?starting_after=x",
            "//evil.test/v1/payto/payments?starting_after=x",
            "/\\evil.test/v1/payto/payments?starting_after=x",
            "ftp://oligo.test/v1/payto/payments?starting_after=x",
            "file:///v1/payto/payments",
            "javascript:payments",
        ] {
            assert_eq!(follow(link), Err(JsonProblem::OtherServer), "{link}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            cases: 10_000,
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn any_link_is_refused_or_asks_this_server_for_this_list(
            start in select(vec![
                "", "/", "//", "/\\", "https:", "https://", "http://", "HTTPS://oligo.test",
                "https://oligo.test:443", "https://oligo.test\t", "//oligo.test", "javascript:",
            ]),
            middle in prop_oneof!["[ -~]{0,12}", any::<String>()],
            end in select(vec!["", "/payments", "/payto/payments?starting_after=x", "?a=b"]),
        ) {
            let here = Url::parse("https://oligo.test/v1/payto/payments").unwrap();
            let link = format!("{start}{middle}{end}");
            if next_query(&here, &link).is_ok() {
                let leads_to = here.join(&link).unwrap();
                prop_assert_eq!(leads_to.scheme(), "https");
                prop_assert_eq!(leads_to.host_str(), Some("oligo.test"));
                prop_assert_eq!(leads_to.port_or_known_default(), Some(443));
            }
        }
    }

    #[test]
    fn a_link_to_anything_but_the_list_is_not_followed() {
        let long = format!("?starting_after={}", "x".repeat(LINK_BYTES_MAX));
        for link in [
            "/v1/payto/agreements?starting_after=x",
            "/v1/payto/payments/P-1/retry",
            "https://[",
            &long,
        ] {
            assert_eq!(follow(link), Err(JsonProblem::WrongShape), "{link}");
        }
    }
}
