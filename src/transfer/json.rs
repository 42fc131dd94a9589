//! JSON: the texts, numbers and truth values of an object, with the keys above them.
//!
//! Numbers come as they are written: `1.50` and 30 digits are no number of this machine.

use std::fmt;

use serde::Deserialize;
use serde::de::{Deserializer as _, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::Found;
use super::error::TransferError;
use crate::secret::SecretBytes;

/// Objects inside objects, at most; `serde_json` has the same limit where it descends itself.
const DEEPEST: usize = 128;

/// Reads an object.
///
/// # Errors
/// [`TransferError::Format`].
pub(super) fn parse(bytes: &SecretBytes) -> Result<Vec<Found>, TransferError> {
    let bytes = bytes.expose();
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let failed = |error: &serde_json::Error| TransferError::Format {
        format: "JSON object",
        line: Some(error.line()).filter(|line| *line > 0),
    };
    let whole: &RawValue = serde_json::from_slice(bytes).map_err(|error| failed(&error))?;
    let mut found = Vec::new();
    match whole.get().starts_with('{') {
        true => object(whole, "", 0, &mut found).map_err(|error| failed(&error))?,
        false => return Err(TransferError::Format { format: "JSON object", line: Some(1) }),
    }
    Ok(found)
}

fn object(
    whole: &RawValue,
    above: &str,
    depth: usize,
    found: &mut Vec<Found>,
) -> Result<(), serde_json::Error> {
    if depth == DEEPEST {
        return Err(serde::de::Error::custom("too deep"));
    }
    let members = serde_json::Deserializer::from_str(whole.get()).deserialize_map(Members)?;
    if members.is_empty() && depth > 0 {
        found.push(Found::none(above.to_owned(), "an empty object"));
    }
    for (key, value) in members {
        let name = if depth == 0 { key } else { format!("{above}/{key}") };
        let text = value.get();
        match text.as_bytes().first() {
            Some(b'{') => object(value, &name, depth + 1, found)?,
            Some(b'[') => found.push(Found::none(name, "a list")),
            Some(b'n') => found.push(Found::none(name, "null")),
            Some(b'"') => found.push(Found::new(name, String::deserialize(value)?.into())),
            // A number, or true or false.
            _ => found.push(Found::new(name, SecretBytes::new(text.into()))),
        }
    }
    Ok(())
}

/// The members of an object in their order, those of one name too.
struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Vec<(String, &'de RawValue)>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Vec::new();
        while let Some(member) = map.next_entry()? {
            members.push(member);
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::secret::SecretBytes;
    use crate::transfer::tests::pairs;

    #[test]
    fn objects_are_read_with_the_keys_above_them() {
        let text = r#"{"a":"x\ny","b":{"c":7,"d":true},"e":[1],"f":null,"g":{},
            "h":1.50,"i":1e3,"j":-0,"k":123456789012345678901234567890}"#;
        let found = [
            ("a", Ok("x\ny")),
            ("b/c", Ok("7")),
            ("b/d", Ok("true")),
            ("e", Err("a list")),
            ("f", Err("null")),
            ("g", Err("an empty object")),
            ("h", Ok("1.50")),
            ("i", Ok("1e3")),
            ("j", Ok("-0")),
            ("k", Ok("123456789012345678901234567890")),
        ];
        assert_eq!(
            pairs(parse(&SecretBytes::new(text.into()))),
            found.map(|(n, v)| (n.into(), v.map(Into::into)))
        );
    }

    #[test]
    fn what_is_no_object_is_refused_without_the_value() {
        let deep = "{\"a\":".repeat(100_000);
        let texts = ["\"hunter2\"", "[\"hunter2\"]", "{\"a\": hunter2", "{} x", "", &deep];
        let closed = "{\"a\":".repeat(200) + "1" + &"}".repeat(200);
        for text in texts.into_iter().chain([&closed[..]]) {
            let error = parse(&SecretBytes::new(text.into())).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
