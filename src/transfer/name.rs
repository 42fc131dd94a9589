//! From a name elsewhere to a name here: lower case, words joined by `-`.

use crate::name::{NameError, SecretName};

/// Names what was `name` elsewhere: `DB_URL`, `dbUrl` and `Db Url` all become `db-url`; a `/` stays.
///
/// # Errors
/// [`NameError`] where nothing usable is left.
pub(crate) fn name_here(prefix: &str, name: &str) -> Result<SecretName, NameError> {
    let segments: Vec<String> =
        name.split('/').filter(|segment| !segment.is_empty()).map(segment).collect();
    SecretName::parse(&format!("{prefix}{}", segments.join("/")))
}

/// The pattern that means here what `pattern` meant of names there: in lower case, words joined
/// by `-`, below the prefix.
pub(crate) fn pattern_here(prefix: &str, pattern: &str) -> String {
    let here = pattern.chars().map(|c| match c {
        '_' | ' ' => '-',
        c => c.to_ascii_lowercase(),
    });
    prefix.chars().chain(here).collect()
}

fn segment(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    // camelCase has words; GitHub and AWSKey are names.
    let is_camel = text.starts_with(|c: char| c.is_ascii_lowercase());
    let mut before = None;
    for c in text.chars() {
        let is_start = is_camel
            && c.is_ascii_uppercase()
            && before.is_some_and(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
        if is_start {
            out.push('-');
        }
        out.push(match c {
            'a'..='z' | '0'..='9' | '.' => c,
            'A'..='Z' => c.to_ascii_lowercase(),
            _ => '-',
        });
        before = Some(c);
    }
    let words: Vec<&str> = out.split('-').filter(|word| !word.is_empty()).collect();
    words.join("-").trim_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::name_here;
    use proptest::prelude::*;

    #[test]
    fn names_become_lower_kebab_case() {
        for (there, here) in [
            ("DB_URL", "db-url"),
            ("dbUrl", "db-url"),
            ("Db Url", "db-url"),
            ("GITHUB_TOKEN_2", "github-token-2"),
            ("__x__", "x"),
            ("AWSKey", "awskey"),
            ("web/GitHub.com/Me", "web/github.com/me"),
            ("a//b/", "a/b"),
            ("mail@example.org", "mail-example.org"),
        ] {
            assert_eq!(name_here("", there).unwrap().as_str(), here, "{there}");
        }
        assert_eq!(name_here("prod/", "DB_URL").unwrap().as_str(), "prod/db-url");
        for there in ["", "___", "/", "ключ", "con"] {
            assert!(name_here("", there).is_err(), "{there}");
        }
    }

    proptest! {
        #[test]
        fn any_text_becomes_a_name_or_an_error(text in "\\PC{0,40}") {
            let _ = name_here("", &text);
        }
    }
}
