//! Names: of secrets, scopes, members and groups. One type each, so they do not mix.
//!
//! A name that exists as a value of these types is valid. Names arrive through git as
//! file names and inside files, so reading code parses them again instead of trusting them.
//!
//! ```compile_fail
//! # use authy::{MemberName, SecretName};
//! fn secret(_: &SecretName) {}
//! secret(&MemberName::parse("alice").unwrap());
//! ```

mod helper;
mod host;
mod plugin;
mod service;
mod tool;
mod ttl;

use std::fmt;
use std::str::FromStr;

use crate::kind::{Failure, Kind};

pub use helper::HelperTool;
pub(crate) use host::split_port;
pub use host::{Address, Host};
pub use service::{ServiceUrl, ServiceUser};
pub use tool::ToolName;
pub use ttl::{Ttl, TtlError};

/// Longest secret name in bytes, all segments and slashes together.
const MAX_SECRET: usize = 180;
/// Longest segment in bytes.
const MAX_SEGMENT: usize = 64;
/// Endings that would collide with authy's own files or with git's locks.
const RESERVED_ENDINGS: [&str; 4] = [".age", ".toml", ".lock", ".tmp"];

/// A name that cannot be used, with the rule it breaks.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("invalid {what} name '{given}': {rule}")]
pub struct NameError {
    what: &'static str,
    given: String,
    rule: &'static str,
}

impl NameError {
    /// Always [`Kind::Usage`].
    pub const fn kind(&self) -> Kind {
        Kind::Usage
    }

    /// The name that is meant, where somebody wrote it as a variable: `db-url` for `DB_URL`.
    pub fn hint(&self) -> Option<String> {
        let meant = self.given.to_ascii_lowercase().replace('_', "-");
        let is_one = meant != self.given && meant.split('/').all(|one| check_segment(one).is_ok());
        is_one.then(|| format!("did you mean '{meant}'?"))
    }
}

impl Failure for NameError {
    fn kind(&self) -> Kind {
        Self::kind(self)
    }

    fn hint(&self) -> Option<String> {
        Self::hint(self)
    }
}

/// Returns `text` with control, bidirectional and other invisible characters escaped.
///
/// Everything that came from a file or a command line passes through here on its way
/// to a terminal.
pub fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if is_unsafe_on_a_terminal(c) {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

fn is_unsafe_on_a_terminal(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

fn fail(what: &'static str, given: &str, rule: &'static str) -> NameError {
    let mut short: String = given.chars().take(80).collect();
    if short.len() < given.len() {
        short.push('…');
    }
    NameError { what, given: printable(&short), rule }
}

/// Checks one segment: `[a-z0-9][a-z0-9._-]{0,63}`, no reserved ending, no device stem.
fn check_segment(segment: &str) -> Result<(), &'static str> {
    let Some(first) = segment.bytes().next() else {
        return Err("a name and each part between slashes needs at least one character");
    };
    if segment.len() > MAX_SEGMENT {
        return Err("a part of a name is at most 64 characters");
    }
    if segment.bytes().any(|b| b.is_ascii_uppercase()) {
        return Err("use lower-case letters");
    }
    if !(first.is_ascii_lowercase() || first.is_ascii_digit()) {
        return Err("start with a letter or a digit");
    }
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"._-".contains(&b);
    if !segment.bytes().all(allowed) {
        return Err("use a-z, 0-9, '.', '_' and '-'");
    }
    if segment.ends_with('.') {
        return Err("do not end with '.'");
    }
    if RESERVED_ENDINGS.iter().any(|end| segment.ends_with(end)) {
        return Err("the endings .age, .toml, .lock and .tmp are reserved");
    }
    if is_device_stem(segment.split('.').next().unwrap_or(segment)) {
        return Err("Windows reserves this name for a device");
    }
    Ok(())
}

/// Names that Windows resolves to a device whatever their ending.
fn is_device_stem(stem: &str) -> bool {
    matches!(stem, "con" | "prn" | "aux" | "nul")
        || (stem.len() == 4
            && (stem.starts_with("com") || stem.starts_with("lpt"))
            && stem.ends_with(|c: char| c.is_ascii_digit()))
}

macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident, $what:literal, $check:expr) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Parses a name.
            ///
            /// # Errors
            /// [`NameError`] with the rule that `text` breaks.
            pub fn parse(text: &str) -> Result<Self, NameError> {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                check(text).map_err(|rule| fail($what, text, rule))?;
                Ok(Self(text.to_owned()))
            }

            /// Whether `text` is such a name.
            pub fn is_name(text: &str) -> bool {
                let check: fn(&str) -> Result<(), &'static str> = $check;
                check(text).is_ok()
            }

            /// The name as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;
            fn from_str(text: &str) -> Result<Self, NameError> {
                Self::parse(text)
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.serialize_str(&self.0)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                Self::parse(&text).map_err(serde::de::Error::custom)
            }
        }
    };
}

name_type!(
    /// The name of a secret: one or more segments joined by `/`, at most 180 bytes.
    SecretName, "secret", |text| {
        if text.len() > MAX_SECRET {
            return Err("a secret name is at most 180 characters");
        }
        text.split('/').try_for_each(check_segment)
    }
);
name_type!(
    /// The name of a scope, which is the name of its policy: one segment.
    ScopeName, "scope", check_segment
);
name_type!(
    /// The name of a member: one segment.
    MemberName, "member", check_segment
);
name_type!(
    /// The name of a group of members: one segment, written `@name` where members stand too.
    GroupName, "group", check_segment
);
name_type!(
    /// What a member calls one of their machines: one segment.
    MachineName, "machine", check_segment
);
name_type!(
    /// The name of an age plugin: `yubikey` for the program `age-plugin-yubikey`, which opens what is
    /// encrypted to recipients `age1yubikey1…`.
    PluginName, "plugin", plugin::check
);
name_type!(
    /// The id of a session: 16 lower-case hex digits.
    SessionId, "session", |text| {
        let hex = |b: u8| b.is_ascii_digit() || (b'a'..=b'f').contains(&b);
        match text.len() == 16 && text.bytes().all(hex) {
            true => Ok(()),
            false => Err("a session's id has 16 hex digits"),
        }
    }
);

#[cfg(test)]
mod tests {
    use super::{MAX_SEGMENT, ScopeName, SecretName, printable};
    use proptest::prelude::*;

    #[test]
    fn accepts_what_the_format_allows() {
        for name in ["a", "db-url", "prod/db.url_2", "0", "a/b/c", "x.age.y", "console", "com10"] {
            assert!(SecretName::parse(name).is_ok(), "{name}");
        }
        assert!(ScopeName::parse(&"a".repeat(MAX_SEGMENT)).is_ok());
        let longest = ["a".repeat(60), "b".repeat(59), "c".repeat(59)].join("/");
        assert!(SecretName::parse(&longest).is_ok(), "{}", longest.len());
    }

    #[test]
    fn refuses_what_the_format_forbids() {
        for name in [
            "", "/", "a/", "/a", "a//b", "A", "-a", ".a", "_a", "a.", "a b", "a\n", "ä", "..",
            "a/..", "x.age", "x.toml", "x.lock", "x.tmp", "con", "nul.txt", "com1", "a/lpt9.x",
            "a\\b", "a\0",
        ] {
            assert!(SecretName::parse(name).is_err(), "{name:?}");
        }
        let long = SecretName::parse(&"a".repeat(MAX_SEGMENT + 1)).unwrap_err();
        assert!(long.to_string().contains(&"a".repeat(MAX_SEGMENT + 1)), "{long}");
        let cut = SecretName::parse(&"é".repeat(81)).unwrap_err().to_string();
        assert!(cut.contains(&format!("'{}…'", "é".repeat(80))), "{cut}");
        assert!(
            SecretName::parse(&["a".repeat(60), "b".repeat(60), "c".repeat(59)].join("/")).is_err()
        );
        assert!(ScopeName::parse("a/b").is_err());
    }

    #[test]
    fn errors_show_no_control_characters() {
        let error = SecretName::parse("a\u{1b}[31m\u{202e}").unwrap_err().to_string();
        assert!(!error.contains('\u{1b}') && !error.contains('\u{202e}'), "{error}");
    }

    proptest! {
        #[test]
        fn a_valid_name_is_a_safe_relative_path(text in "\\PC{0,40}|[a-z0-9./_-]{0,40}") {
            if let Ok(name) = SecretName::parse(&text) {
                let path = std::path::Path::new(name.as_str());
                prop_assert!(path.components().all(|c| matches!(c, std::path::Component::Normal(_))));
                prop_assert_eq!(printable(name.as_str()), name.as_str());
                prop_assert_eq!(SecretName::parse(name.as_str()).unwrap(), name);
            }
        }

        #[test]
        fn printable_text_has_no_control_characters(text in any::<String>()) {
            prop_assert!(!printable(&text).chars().any(char::is_control));
        }
    }
}
