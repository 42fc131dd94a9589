//! JSON and YAML: the texts, numbers and truth values of a mapping, with the keys above them.

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};

use super::Found;
use super::error::TransferError;
use crate::secret::SecretBytes;

/// Reads a JSON object.
///
/// # Errors
/// [`TransferError::Format`].
pub(super) fn json(bytes: &SecretBytes) -> Result<Vec<Found>, TransferError> {
    let mut found = Vec::new();
    let mut reader = serde_json::Deserializer::from_slice(bytes.expose());
    let failed = |error: &serde_json::Error| TransferError::Format {
        format: "JSON object",
        line: Some(error.line()).filter(|line| *line > 0),
    };
    Node { name: String::new(), found: &mut found }
        .deserialize(&mut reader)
        .and_then(|()| reader.end())
        .map_err(|error| failed(&error))?;
    Ok(found)
}

/// Reads a YAML mapping.
///
/// # Errors
/// [`TransferError::Format`].
pub(super) fn yaml(bytes: &SecretBytes) -> Result<Vec<Found>, TransferError> {
    let mut found = Vec::new();
    Node { name: String::new(), found: &mut found }
        .deserialize(serde_yaml::Deserializer::from_slice(bytes.expose()))
        .map_err(|error| TransferError::Format {
            format: "YAML mapping",
            line: error.location().map(|location| location.line()),
        })?;
    Ok(found)
}

/// A value somewhere in the tree, below the keys `name`.
struct Node<'f> {
    name: String,
    found: &'f mut Vec<Found>,
}

impl Node<'_> {
    fn keep<E: serde::de::Error>(self, value: Option<Vec<u8>>) -> Result<(), E> {
        if self.name.is_empty() {
            return Err(E::custom("a mapping is expected"));
        }
        let value = value.map(SecretBytes::new);
        self.found.push(Found { name: self.name, value, line: None, is_doubtful: false });
        Ok(())
    }
}

impl<'de> DeserializeSeed<'de> for Node<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Node<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<(), E> {
        self.keep(Some(text.as_bytes().to_vec()))
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<(), E> {
        self.keep(Some(value.to_string().into_bytes()))
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<(), E> {
        self.keep(Some(value.to_string().into_bytes()))
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<(), E> {
        self.keep(Some(value.to_string().into_bytes()))
    }

    /// A fraction may have been written otherwise, and that would be another value.
    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.keep(None)
    }

    fn visit_unit<E: serde::de::Error>(self) -> Result<(), E> {
        self.keep(None)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<serde::de::IgnoredAny>()?.is_some() {}
        self.keep(None)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let name = if self.name.is_empty() { key } else { format!("{}/{key}", self.name) };
            map.next_value_seed(Node { name, found: self.found })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{json, yaml};
    use crate::secret::SecretBytes;

    type Pairs = Vec<(String, Option<String>)>;

    fn pairs(read: Result<Vec<super::Found>, super::TransferError>) -> Pairs {
        let text = |value: SecretBytes| String::from_utf8_lossy(value.expose()).into_owned();
        read.unwrap().into_iter().map(|found| (found.name, found.value.map(text))).collect()
    }

    #[test]
    fn mappings_are_read_with_the_keys_above_them() {
        let expected = |list: &[(&str, Option<&str>)]| -> Pairs {
            list.iter()
                .map(|(name, value)| ((*name).to_owned(), value.map(str::to_owned)))
                .collect()
        };
        let text = r#"{"a":"x\ny","b":{"c":7,"d":true},"e":[1],"f":null,"g":1.5}"#;
        let found = [
            ("a", Some("x\ny")),
            ("b/c", Some("7")),
            ("b/d", Some("true")),
            ("e", None),
            ("f", None),
            ("g", None),
        ];
        assert_eq!(pairs(json(&SecretBytes::new(text.into()))), expected(&found));
        let text = "a: \"x\\ny\"\nb:\n  c: 7\n  d: true\ne: [1]\nf:\nzero: 0123\n";
        let found = [
            ("a", Some("x\ny")),
            ("b/c", Some("7")),
            ("b/d", Some("true")),
            ("e", None),
            ("f", None),
            ("zero", Some("0123")),
        ];
        assert_eq!(pairs(yaml(&SecretBytes::new(text.into()))), expected(&found));
    }

    #[test]
    fn what_is_no_mapping_is_refused_without_the_value() {
        for text in ["\"hunter2\"", "[\"hunter2\"]", "{\"a\": hunter2", "{} x", ""] {
            let error = json(&SecretBytes::new(text.into())).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
        for text in ["hunter2", "- hunter2", "a: [hunter2", "a: hunter2\n b: x: y"] {
            let error = yaml(&SecretBytes::new(text.into())).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
