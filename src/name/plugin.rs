//! The names of age plugins.

use std::fmt;
use std::str::FromStr;

use super::NameError;

/// Longest name of a plugin in bytes.
const MAX_PLUGIN: usize = 32;

/// The name of an age plugin: `yubikey` for the program `age-plugin-yubikey`, which opens what is
/// encrypted to recipients `age1yubikey1…`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PluginName(String);

impl PluginName {
    /// Takes a name of 1 to 32 small letters, digits, `-`, `+`, `.` and `_` that begins with a letter or a
    /// digit; the age crate allows the same characters.
    ///
    /// # Errors
    /// [`NameError`] for any other.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let invalid = |rule| Err(NameError { what: "plugin", given: super::printable(text), rule });
        if text.is_empty() || text.len() > MAX_PLUGIN {
            return invalid("it needs 1 to 32 characters");
        }
        if text.starts_with("age-plugin-") {
            return invalid("leave 'age-plugin-' out");
        }
        if text == "pq" {
            return invalid("age1pq1… is age's own, and needs no plugin");
        }
        let fits = |b: u8| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'_')
        };
        if !text.bytes().all(fits) || !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
            return invalid(
                "small letters, digits and '-+._' only, a letter or a digit first: 'yubikey' for age-plugin-yubikey",
            );
        }
        Ok(Self(text.to_owned()))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The name of its program.
    pub(crate) fn program(&self) -> String {
        format!("age-plugin-{}", self.0)
    }
}

impl fmt::Display for PluginName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for PluginName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::parse(text)
    }
}

impl serde::Serialize for PluginName {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> serde::Deserialize<'de> for PluginName {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::PluginName;

    #[test]
    fn a_name_is_never_a_path() {
        for text in ["yubikey", "tpm", "fido2-hmac", "se", "a+b.c_d", "1"] {
            let name = PluginName::parse(text).unwrap();
            assert_eq!(name.program(), format!("age-plugin-{text}"));
        }
        for text in [
            "",
            "../x",
            "a/b",
            "Yubikey",
            ".hidden",
            "-x",
            "a b",
            "ä",
            "age-plugin-x",
            "pq",
            &"x".repeat(33),
        ] {
            assert!(PluginName::parse(text).is_err(), "{text}");
        }
    }
}
