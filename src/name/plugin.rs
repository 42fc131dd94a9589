//! What the name of an age plugin may be.

use super::PluginName;

/// Longest name of a plugin in bytes.
const MAX_PLUGIN: usize = 32;

/// Checks a name: 1 to 32 small letters, digits, `-`, `+`, `.` and `_`, as the age crate allows them, a
/// letter or a digit first.
pub(super) fn check(text: &str) -> Result<(), &'static str> {
    if text.is_empty() || text.len() > MAX_PLUGIN {
        return Err("it needs 1 to 32 characters");
    }
    if text.starts_with("age-plugin-") {
        return Err("leave 'age-plugin-' out");
    }
    if text == "pq" {
        return Err("age1pq1… is age's own, and needs no plugin");
    }
    let fits = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-+._".contains(&b);
    if !text.bytes().all(fits) || !text.starts_with(|c: char| c.is_ascii_alphanumeric()) {
        return Err(
            "small letters, digits and '-+._' only, a letter or a digit first: 'yubikey' for age-plugin-yubikey",
        );
    }
    Ok(())
}

impl PluginName {
    /// The name of its program.
    pub(crate) fn program(&self) -> String {
        format!("age-plugin-{self}")
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
