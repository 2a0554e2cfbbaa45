//! Whether the name behind a PayID is the customer's. Pure: two names in, a verdict out.

use std::collections::BTreeSet;

use unicode_normalization::UnicodeNormalization as _;
use unicode_normalization::char::is_combining_mark;

/// What two names have to do with each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameMatch {
    /// The same words, in any order and spelling.
    Same,
    /// Something in common: a word, nearly a word, or initials that fit.
    Close,
    /// Nothing in common.
    Different,
}

impl NameMatch {
    /// The verdict's word.
    pub const fn as_str(self) -> &'static str {
        match self {
            NameMatch::Same => "same",
            NameMatch::Close => "close",
            NameMatch::Different => "different",
        }
    }
}

/// Words that say how a person is addressed or how a company is registered, and nothing about who it is.
const SAYING_NOTHING: &[&str] = &[
    "mr", "mrs", "ms", "miss", "mx", "dr", "prof", "and", "the", "pty", "ltd", "limited",
];

/// Words that many names have, and that make nobody the same person. Family names among such words (Le, Do, La,
/// Van) are not of them.
const SAYING_LITTLE: &[&str] = &[
    "of",
    "for",
    "atf",
    "de",
    "da",
    "dos",
    "di",
    "del",
    "della",
    "von",
    "der",
    "den",
    "al",
    "el",
    "bin",
    "binti",
    "family",
    "trust",
    "trustee",
    "services",
    "group",
    "holdings",
    "company",
    "co",
    "australia",
];

/// Letters that stand for another without being it plus a mark.
const FOLDED: &[(char, &str)] = &[
    ('đ', "d"),
    ('ð', "d"),
    ('ł', "l"),
    ('ø', "o"),
    ('ß', "ss"),
    ('ı', "i"),
    ('æ', "ae"),
    ('œ', "oe"),
    ('þ', "th"),
];

/// Compares two names: accents, case, punctuation, titles and the order of words make no difference.
pub fn compare_names(one: &str, other: &str) -> NameMatch {
    let (one, other) = (words(one), words(other));
    if one.is_empty() || other.is_empty() {
        return NameMatch::Different;
    }
    if one == other || one.concat() == other.concat() || sorted(&one) == sorted(&other) {
        return NameMatch::Same;
    }
    let (ours, theirs) = (telling(&one), telling(&other));
    let shares_a_word = ours
        .iter()
        .any(|word| theirs.iter().any(|their| is_nearly(word, their)));
    let (fewer, more) = if one.len() <= other.len() {
        (&one, &other)
    } else {
        (&other, &one)
    };
    if shares_a_word || initials_fit(fewer, more) {
        NameMatch::Close
    } else {
        NameMatch::Different
    }
}

/// The words that tell who it is, and neighbours written as one: `Mc Donald` is `McDonald`.
fn telling(words: &[String]) -> Vec<String> {
    let tells = |word: &String| !SAYING_LITTLE.contains(&word.as_str());
    let pairs = words.windows(2).filter(|pair| pair.iter().any(tells));
    let joined = pairs.map(<[String]>::concat);
    words
        .iter()
        .filter(|word| tells(word))
        .cloned()
        .chain(joined)
        .collect()
}

/// The words of a name, in small letters without marks. An apostrophe joins; everything else parts.
fn words(name: &str) -> Vec<String> {
    let plain: String = name
        .nfkd()
        .filter(|c| !is_combining_mark(*c) && !matches!(c, '\'' | '’' | '`' | '.'))
        .flat_map(char::to_lowercase)
        .map(|c| {
            let folded = FOLDED.iter().find(|(letter, _)| *letter == c);
            folded.map_or_else(|| c.to_string(), |(_, plain)| (*plain).to_owned())
        })
        .collect();
    plain
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty() && !SAYING_NOTHING.contains(word))
        .map(str::to_owned)
        .collect()
}

fn sorted(words: &[String]) -> BTreeSet<(&str, usize)> {
    let count = |word: &str| words.iter().filter(|other| *other == word).count();
    words
        .iter()
        .map(|word| (word.as_str(), count(word)))
        .collect()
}

/// The same word, or one slip of the pen in a word of five letters and more. An initial is no word.
fn is_nearly(one: &str, other: &str) -> bool {
    let length = one.chars().count().min(other.chars().count());
    let slips_max = usize::from(5 <= length);
    2 <= length && strsim::osa_distance(one, other) <= slips_max
}

/// Whether every word of the shorter name is a word of the other, or one's initial, each used once. A single
/// initial says too little.
fn initials_fit(fewer: &[String], more: &[String]) -> bool {
    if fewer.len() < 2 {
        return false;
    }
    let mut left: Vec<&String> = more.iter().collect();
    fewer.iter().all(|word| {
        let fits = |their: &&String| {
            let is_initial = word.chars().count() == 1 || their.chars().count() == 1;
            *their == word || is_initial && word.chars().next() == their.chars().next()
        };
        let found = left.iter().position(fits);
        found.map(|at| left.remove(at)).is_some()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(pairs: &[(&str, &str)], expected: NameMatch) {
        for (one, other) in pairs {
            assert_eq!(compare_names(one, other), expected, "{one} / {other}");
            assert_eq!(compare_names(other, one), expected, "{other} / {one}");
        }
    }

    #[test]
    fn accents_case_punctuation_titles_and_order_make_no_difference() {
        all(
            &[
                ("Robin Sample", "ROBIN SAMPLE"),
                ("Robin Sample", "Sample, Robin"),
                ("Zoe Muller", "Zoë Müller"),
                ("Sean O'Brien", "SEAN OBRIEN"),
                ("Sean O'Brien", "Seán O’Brien"),
                ("Anna Smith-Jones", "Anna Smith Jones"),
                ("Jan van der Berg", "Jan Vanderberg"),
                ("Dr Mia Chen", "Ms. Mia Chen"),
                ("Example Foods", "EXAMPLE FOODS PTY LTD"),
                ("Robin Sample", "Ｒｏｂｉｎ Sample"),
                ("Duc Do", "Đức Đỗ"),
                ("Lukasz Strauss", "ŁUKASZ STRAUß"),
            ],
            NameMatch::Same,
        );
    }

    #[test]
    fn a_word_nearly_a_word_or_fitting_initials_are_close() {
        all(
            &[
                ("Robin Sample", "Robin Other"),
                ("Robin Sample", "R Sample"),
                ("Robin Sample", "R. S."),
                ("Robin James Sample", "Robin Sample"),
                ("Robin Sample", "Robyn Sampel"),
                ("Robin James Sample", "RJ Sample"),
                ("Catherine Doe", "Katherine Roe"),
                ("John McDonald", "J MC DONALD"),
                ("Jane DeSilva", "J DE SILVA"),
                ("Jane StJohn", "J ST JOHN"),
                ("An Le", "Binh Le"),
            ],
            NameMatch::Close,
        );
    }

    #[test]
    fn names_with_nothing_in_common_are_different() {
        all(
            &[
                ("Robin Sample", "Sandbox User"),
                ("Robin Sample", "R Other"),
                ("Robin Sample", "R"),
                ("Robin Sample", "S T"),
                ("Robin Sample", ""),
                ("Robin Sample", "- . '"),
                ("Mr Li", "Mr Wu"),
                ("Ann Lee", "Ian Low"),
                ("Smith Family Trust", "JONES FAMILY TRUST"),
                ("Bank of Foo", "UNIVERSITY OF BAR"),
                ("Maria de Souza", "CARLOS DE LIMA"),
                ("Mohamad Al Ali", "FATIMA AL HASSAN"),
                ("Acme Services", "EVIL SERVICES"),
            ],
            NameMatch::Different,
        );
    }

    #[test]
    fn a_word_said_twice_is_not_one_said_once() {
        assert_eq!(compare_names("Lee Lee", "Lee"), NameMatch::Close);
    }

    #[test]
    fn every_verdict_has_a_word() {
        let all = [NameMatch::Same, NameMatch::Close, NameMatch::Different];
        assert_eq!(all.map(NameMatch::as_str), ["same", "close", "different"]);
    }
}
