//! One glob: `*` is any run of characters, `/` included, `?` one, `[a-z]`, `{a,b}`.

use globset::{GlobBuilder, GlobMatcher};

use super::error::AccessError;
use crate::name::printable;

/// Longest pattern in bytes, so that a hostile policy costs little.
const MAX_PATTERN: usize = 512;

/// A compiled pattern with its source.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    text: String,
    matcher: GlobMatcher,
}

impl Pattern {
    /// Compiles `text`.
    ///
    /// # Errors
    /// `Pattern` where it does not compile, is empty or longer than 512 bytes.
    pub(crate) fn new(text: &str) -> Result<Self, AccessError> {
        let bad = |rule: String| AccessError::Pattern { pattern: printable(text), rule };
        if text.is_empty() {
            return Err(bad("it is empty".to_owned()));
        }
        if text.len() > MAX_PATTERN {
            return Err(AccessError::Pattern {
                pattern: printable(text.get(..40).unwrap_or_default()),
                rule: format!("it is longer than {MAX_PATTERN} bytes"),
            });
        }
        let glob = GlobBuilder::new(text)
            .literal_separator(false)
            .backslash_escape(true)
            .build()
            .map_err(|error| bad(error.kind().to_string()))?;
        Ok(Self { text: text.to_owned(), matcher: glob.compile_matcher() })
    }

    /// Compiles each of `texts`, in order.
    ///
    /// # Errors
    /// The first that does not compile.
    pub(crate) fn all(texts: &[String]) -> Result<Vec<Self>, AccessError> {
        texts.iter().map(|text| Self::new(text)).collect()
    }

    /// Compiles each of `texts` as a pattern of names, which are ASCII: any other character matches
    /// none of them, and may look like one that does.
    ///
    /// # Errors
    /// The first that does not compile, or has another character.
    pub(crate) fn names(texts: &[String]) -> Result<Vec<Self>, AccessError> {
        let is_name = |c: char| c.is_ascii_graphic();
        for text in texts {
            if let Some(other) = text.chars().find(|c| !is_name(*c)) {
                return Err(AccessError::Pattern {
                    pattern: text.escape_default().to_string(),
                    rule: format!("names are ASCII, so '{}' matches none", other.escape_default()),
                });
            }
        }
        Self::all(texts)
    }

    /// Whether the whole of `text` matches.
    pub(crate) fn matches(&self, text: &str) -> bool {
        self.matcher.is_match(text)
    }

    /// The pattern as written.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

#[cfg(test)]
mod tests {
    use super::Pattern;
    use proptest::prelude::*;

    #[test]
    fn a_pattern_of_names_has_no_character_that_names_lack() {
        for bad in ["prod-\u{200b}*", "pr\u{43e}d-*", "prod -*", "prod-*\n", "\u{feff}*"] {
            let error = Pattern::names(&[bad.to_owned()]).unwrap_err().to_string();
            assert!(error.is_ascii() && error.contains("ASCII"), "{error}");
        }
        assert!(Pattern::names(&["{a,b}/[a-z]?*".to_owned()]).is_ok());
    }

    #[test]
    fn patterns_mean_what_the_format_says() {
        let yes = [
            ("db-*", "db-url"),
            ("*", "a/b"),
            ("prod/*", "prod/a/b"),
            ("?b", "ab"),
            ("[a-c]x", "bx"),
            ("{db,api}-*", "api-key"),
            ("*-admin", "x/y-admin"),
        ];
        for (pattern, name) in yes {
            assert!(Pattern::new(pattern).unwrap().matches(name), "{pattern} {name}");
        }
        let no = [("db", "db-url"), ("db-*", "xdb-url"), ("?", "ab"), ("DB-*", "db-url")];
        for (pattern, name) in no {
            assert!(!Pattern::new(pattern).unwrap().matches(name), "{pattern} {name}");
        }
    }

    #[test]
    fn a_pattern_that_does_not_compile_is_an_error() {
        for pattern in ["", "[", "{a", "a\\", &"x".repeat(513)] {
            assert!(Pattern::new(pattern).is_err(), "{pattern}");
        }
    }

    proptest! {
        #[test]
        fn any_text_compiles_or_is_refused(text in ".{0,60}") {
            let _ = Pattern::new(&text);
        }

        #[test]
        fn a_name_without_magic_matches_itself_alone(a in "[a-z0-9-]{1,9}", b in "[a-z0-9-]{1,9}") {
            prop_assert_eq!(Pattern::new(&a).unwrap().matches(&b), a == b);
        }
    }
}
