//! What looks like a secret: texts in the form that a provider gives its tokens and keys.
//!
//! Forms alone, no guesses: "key", "=" and a random text stand in every lock file. Knows no vault.

mod formats;

use std::collections::HashSet;
use std::ops::Range;

use regex::bytes::{Regex, RegexBuilder};

use formats::{FORMATS, Format};

/// A part with fewer different letters is a placeholder, such as `xxxxxxxx`.
const FEWEST_LETTERS: usize = 6;
/// Words that stand in placeholders and in the examples of documentation.
const PLACEHOLDERS: [&[u8]; 7] =
    [b"example", b"placeholder", b"your", b"xxxxxx", b"changeme", b"password", b"redacted"];

/// All formats, ready.
pub(crate) struct Detector {
    /// Where any of them could begin.
    starts: Regex,
    formats: Vec<(&'static Format, Regex)>,
}

impl Detector {
    /// Prepares all formats; `None` where they do not compile, which a test rules out.
    pub(crate) fn new() -> Option<Self> {
        let starts = FORMATS.iter().flat_map(|format| format.starts);
        let starts = starts.map(|start| regex::escape(start)).collect::<Vec<_>>().join("|");
        let build = |text: &str| RegexBuilder::new(text).unicode(false).build().ok();
        let formats =
            FORMATS.iter().map(|format| Some((format, build(&format!(r"\A(?:{})", format.rest))?)));
        Some(Self { starts: build(&starts)?, formats: formats.collect::<Option<_>>()? })
    }

    /// Tells each text of a known format, and which that is.
    pub(crate) fn find(&self, text: &[u8], mut report: impl FnMut(&'static str, Range<usize>)) {
        let mut from = 0;
        while let Some(start) = self.starts.find_at(text, from) {
            from = start.start() + 1;
            if let Some((name, end)) = self.at(text, start.start()) {
                report(name, start.start()..end);
                from = end;
            }
        }
    }

    /// The format of what begins at `at`, and where it ends.
    fn at(&self, text: &[u8], at: usize) -> Option<(&'static str, usize)> {
        let is_within = at.checked_sub(1).is_some_and(|before| is_letter(text[before]));
        self.formats.iter().find_map(|(format, rest)| {
            let start =
                format.starts.iter().find(|start| text[at..].starts_with(start.as_bytes()))?;
            // What begins with letters is no end of a longer word.
            if is_within && start.as_bytes().first().is_some_and(|first| is_letter(*first)) {
                return None;
            }
            let after = at + start.len();
            let found = rest.captures(&text[after..])?;
            let secret = found.get(1).or_else(|| found.get(0))?;
            is_likely(secret.as_bytes())
                .then(|| (format.name, after + found.get(0).map_or(0, |all| all.end())))
        })
    }
}

fn is_letter(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// Whether this is no placeholder.
fn is_likely(secret: &[u8]) -> bool {
    let lower = secret.to_ascii_lowercase();
    let has = |word: &&[u8]| memchr::memmem::find(&lower, word).is_some();
    let different = secret.iter().collect::<HashSet<_>>().len();
    different >= FEWEST_LETTERS && !PLACEHOLDERS.iter().any(has)
}

#[cfg(test)]
mod tests {
    use super::{Detector, FORMATS};

    fn found(text: &str) -> Vec<(&'static str, String)> {
        let mut all = Vec::new();
        let detector = Detector::new().unwrap();
        detector.find(text.as_bytes(), |name, place| all.push((name, text[place].to_owned())));
        all
    }

    /// Put together here, so that no scanner takes this file for a leak.
    fn made(start: &str, length: usize) -> String {
        let letters = "a1B2c3D4e5F6g7H8i9J0kLmNoPqRsTuVwXyZ";
        start.to_owned() + &letters.chars().cycle().take(length).collect::<String>()
    }

    #[test]
    fn tokens_are_known_by_their_form() {
        for (name, token) in [
            ("GitHub token", made("ghp_", 36)),
            ("GitHub fine-grained token", made("github_pat_", 22) + &made("_", 59)),
            ("Anthropic key", made("sk-ant-api03-", 95)),
            ("npm token", made("npm_", 36)),
            ("authy session token", made("authy_v1.", 43)),
            ("Stripe key", made("sk_live_", 24)),
        ] {
            assert_eq!(found(&format!("KEY={token}\n")), [(name, token.clone())], "{token}");
            assert_eq!(found(&format!("\"{token}\",")), [(name, token.clone())]);
            assert_eq!(found(&format!("x{token}")), [], "the end of a word");
            assert_eq!(found(&token[..token.len() / 2]), [], "half of it");
        }
        let upper = "AKIA".to_owned() + "Q3EGQ7ZX2M5NTRV4";
        assert_eq!(found(&upper)[0].0, "AWS access key id");
        let key = format!("-----BEGIN {} KEY-----\n{}\n", "PRIVATE", made("", 64));
        assert_eq!(found(&key)[0].0, "private key");
        let url = format!("postgres://app:{}@db/x", "s3cr3t-W0rd");
        assert_eq!(found(&url)[0].0, "address with a password");
    }

    #[test]
    fn what_stands_for_a_secret_is_none() {
        for text in [
            "https://user:password@host/",
            "https://user:${PASSWORD}@host/",
            "https://user:<password>@host/",
            "https://host:8080/a@b",
            "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
            "AKIAIOSFODNN7EXAMPLE",
            "https://user:{{pw}}@host/",
            "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA",
            "-----BEGIN PRIVATE KEY-----\n...\n",
        ] {
            assert_eq!(found(text), [], "{text}");
        }
    }

    #[test]
    fn names_and_starts_are_each_there_once() {
        let mut names: Vec<_> = FORMATS.iter().map(|format| format.name).collect();
        names.sort_unstable();
        let all = names.len();
        names.dedup();
        assert_eq!(names.len(), all);
        assert!(FORMATS.iter().all(|format| format.starts.iter().all(|start| start.len() > 2)));
    }
}
