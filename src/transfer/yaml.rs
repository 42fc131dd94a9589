//! YAML: the scalars of a mapping as they are written, with the keys above them.
//!
//! Read twice. The first time tells what each node is, for `0x1F`, `0o17` and `1.50` are numbers;
//! the second time takes those as texts, for that is how they stand there.

use std::fmt;
use std::slice;

use serde::de::{
    DeserializeSeed, Deserializer, EnumAccess, Error, IgnoredAny, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::error::TransferError;
use super::{Found, NoValue};
use crate::secret::SecretBytes;

/// Reads a mapping.
///
/// # Errors
/// [`TransferError::Format`].
pub(super) fn parse(bytes: &SecretBytes) -> Result<Vec<Found>, TransferError> {
    let failed = |error: &serde_yaml::Error| TransferError::Format {
        format: "YAML mapping",
        line: error.location().map(|location| location.line()),
    };
    let mut nodes = Vec::new();
    let whole = || serde_yaml::Deserializer::from_slice(bytes.expose());
    Kinds(&mut nodes).deserialize(whole()).map_err(|error| failed(&error))?;
    if !matches!(nodes.first(), Some(Node::Mapping { .. })) {
        return Err(TransferError::Format { format: "YAML mapping", line: Some(1) });
    }
    let mut found = Vec::new();
    let values = Values { name: "", nodes: &mut nodes.iter(), found: &mut found };
    values.deserialize(whole()).map_err(|error| failed(&error))?;
    Ok(found)
}

/// What a node is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Node {
    Scalar,
    Mapping { is_empty: bool },
    None(NoValue),
}

/// Tells what each node is, from the outside in.
struct Kinds<'n>(&'n mut Vec<Node>);

impl<'de> DeserializeSeed<'de> for Kinds<'_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl Kinds<'_> {
    fn is<E>(self, node: Node) -> Result<(), E> {
        self.0.push(node);
        Ok(())
    }
}

impl<'de> Visitor<'de> for Kinds<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_str<E>(self, _: &str) -> Result<(), E> {
        self.is(Node::Scalar)
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.is(Node::Scalar)
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        self.is(Node::Scalar)
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        self.is(Node::Scalar)
    }

    fn visit_i128<E>(self, _: i128) -> Result<(), E> {
        self.is(Node::Scalar)
    }

    fn visit_u128<E>(self, _: u128) -> Result<(), E> {
        self.is(Node::Scalar)
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        self.is(Node::Scalar)
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        self.is(Node::None("null"))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        self.is(Node::None("a list"))
    }

    /// Something with a tag of its own.
    fn visit_enum<A: EnumAccess<'de>>(self, tagged: A) -> Result<(), A::Error> {
        let (_, inside): (String, _) = tagged.variant()?;
        inside.newtype_variant::<IgnoredAny>()?;
        self.is(Node::None("something with a tag"))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let at = self.0.len();
        self.0.push(Node::Mapping { is_empty: true });
        while map.next_key::<String>()?.is_some() {
            map.next_value_seed(Kinds(self.0))?;
        }
        self.0[at] = Node::Mapping { is_empty: self.0.len() == at + 1 };
        Ok(())
    }
}

/// Takes the values, below the keys `name`.
struct Values<'v, 'n> {
    name: &'v str,
    nodes: &'v mut slice::Iter<'n, Node>,
    found: &'v mut Vec<Found>,
}

impl<'de> DeserializeSeed<'de> for Values<'_, '_> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        match self.nodes.next() {
            Some(Node::Scalar) => from.deserialize_str(self),
            Some(Node::Mapping { is_empty: true }) if !self.name.is_empty() => {
                self.found.push(Found::none(self.name.to_owned(), "an empty mapping"));
                from.deserialize_ignored_any(IgnoredAny).map(|_| ())
            }
            Some(Node::Mapping { .. }) => from.deserialize_map(self),
            Some(Node::None(what)) => {
                self.found.push(Found::none(self.name.to_owned(), what));
                from.deserialize_ignored_any(IgnoredAny).map(|_| ())
            }
            None => Err(D::Error::custom("another document")),
        }
    }
}

impl<'de> Visitor<'de> for Values<'_, '_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a mapping")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.found.push(Found::new(self.name.to_owned(), SecretBytes::new(text.into())));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(key) = map.next_key::<String>()? {
            let name = if self.name.is_empty() { key } else { format!("{}/{key}", self.name) };
            map.next_value_seed(Values { name: &name, nodes: self.nodes, found: self.found })?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::secret::SecretBytes;
    use crate::transfer::tests::pairs;

    #[test]
    fn mappings_are_read_with_the_keys_above_them() {
        let text = "a: \"x\\ny\"\nb:\n  c: 7\n  d: true\n  deep: {x: {y: 0x1F}}\ne: [1]\nf:\n\
            zero: 0123\noctal: 0o17\nplus: +5\nhalf: 1.50\nlong: 123456789012345678901234567890\n\
            thousand: 1e3\nyes: Yes\nbase: &x 1_000\nalias: *x\nblock: |\n  one\n  two\nempty: {}\n\
            tagged: !mine 7\nquoted: '~'\n1: one\n";
        let found = [
            ("a", Ok("x\ny")),
            ("b/c", Ok("7")),
            ("b/d", Ok("true")),
            ("b/deep/x/y", Ok("0x1F")),
            ("e", Err("a list")),
            ("f", Err("null")),
            ("zero", Ok("0123")),
            ("octal", Ok("0o17")),
            ("plus", Ok("+5")),
            ("half", Ok("1.50")),
            ("long", Ok("123456789012345678901234567890")),
            ("thousand", Ok("1e3")),
            ("yes", Ok("Yes")),
            ("base", Ok("1_000")),
            ("alias", Ok("1_000")),
            ("block", Ok("one\ntwo\n")),
            ("empty", Err("an empty mapping")),
            ("tagged", Err("something with a tag")),
            ("quoted", Ok("~")),
            ("1", Ok("one")),
        ];
        assert_eq!(
            pairs(parse(&SecretBytes::new(text.into()))),
            found.map(|(n, v)| (n.into(), v.map(Into::into)))
        );
    }

    #[test]
    fn what_is_no_mapping_is_refused_without_the_value() {
        for text in ["hunter2", "- hunter2", "a: [hunter2", "a: hunter2\n b: x: y", ""] {
            let error = parse(&SecretBytes::new(text.into())).unwrap_err().to_string();
            assert!(!error.contains("hunter2"), "{error}");
        }
    }
}
