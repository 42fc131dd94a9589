//! The plain part of TOML, read where it stands.
//!
//! Nearly all signed files are lines of a key and a text, a number, a time or a list of texts,
//! as they were written. Reading them as any TOML costs several times what opening a secret
//! does, and a run has thousands to read, so documents are looked at here first. What this
//! reads, the TOML reader reads too, to the same effect; whatever this does not know, it leaves.
//! It saves an eighth of the processor time of a run (docs/PERFORMANCE.md, "Fast paths").

use std::iter::once;

use serde::de::value::{BorrowedStrDeserializer, Error, MapAccessDeserializer, MapDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

/// What the TOML crate calls a time when it hands one to serde. Where that changes, a document
/// with a time in it is left.
const DATETIME: &str = "$__toml_private_datetime";
/// The form of the times that are written, `0` for any digit.
const MOMENT: &[u8] = b"0000-00-00T00:00:00Z";

/// Reads a plain document; `None` for any other, and for one that is not a `T`.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Option<T> {
    let mut rest = Rest(text);
    let value = T::deserialize(MapAccessDeserializer::new(Lines(&mut rest))).ok()?;
    rest.0.is_empty().then_some(value)
}

/// What of a document is still to be read.
struct Rest<'t>(&'t str);

/// Not plain: what it is says the TOML reader.
fn left() -> Error {
    serde::de::Error::custom("not plain")
}

impl<'t> Rest<'t> {
    fn eat(&mut self, words: &str) -> bool {
        let rest = self.0.strip_prefix(words);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    fn need(&mut self, words: &str) -> Result<(), Error> {
        if self.eat(words) { Ok(()) } else { Err(left()) }
    }

    /// Takes so many bytes; there are as many.
    fn take(&mut self, length: usize) -> &'t str {
        let (taken, rest) = self.0.split_at(length);
        self.0 = rest;
        taken
    }

    /// What begins here and consists of bytes of this kind.
    fn run_of(&mut self, is: impl Fn(u8) -> bool) -> &'t str {
        let length = self.0.bytes().position(|b| !is(b)).unwrap_or(self.0.len());
        self.take(length)
    }

    /// A text in quotes without anything escaped.
    fn text(&mut self) -> Result<&'t str, Error> {
        self.need("\"")?;
        let text = self.run_of(|b| b >= b' ' && !matches!(b, b'"' | b'\\' | 0x7f));
        self.need("\"")?;
        Ok(text)
    }

    fn moment(&mut self) -> Option<&'t str> {
        let fits = |(b, form): (&u8, &u8)| match form {
            b'0' => b.is_ascii_digit(),
            form => b == form,
        };
        let start = self.0.as_bytes().get(..MOMENT.len())?;
        start.iter().zip(MOMENT).all(fits).then(|| self.take(MOMENT.len()))
    }
}

/// The lines of a document.
struct Lines<'r, 'de>(&'r mut Rest<'de>);

impl<'de> MapAccess<'de> for Lines<'_, 'de> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, Error> {
        while self.0.eat("\n") {}
        if self.0.0.is_empty() {
            return Ok(None);
        }
        let key = self.0.run_of(|b| b.is_ascii_lowercase() || b == b'_');
        self.0.need(" = ")?;
        if key.is_empty() {
            return Err(left());
        }
        seed.deserialize(BorrowedStrDeserializer::new(key)).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let value = seed.deserialize(Value(self.0))?;
        self.0.need("\n")?;
        Ok(value)
    }
}

/// What stands behind a key.
struct Value<'r, 'de>(&'r mut Rest<'de>);

impl<'de> Deserializer<'de> for Value<'_, 'de> {
    type Error = Error;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let rest = self.0;
        match rest.0.bytes().next() {
            Some(b'"') => visitor.visit_borrowed_str(rest.text()?),
            Some(b'[') => {
                let _ = rest.take(1);
                visitor.visit_seq(Items { rest, is_first: true })
            }
            Some(b't') => rest.need("true").and_then(|()| visitor.visit_bool(true)),
            Some(b'f') => rest.need("false").and_then(|()| visitor.visit_bool(false)),
            Some(b'0'..=b'9') => match rest.moment() {
                Some(moment) => visitor.visit_map(MapDeserializer::new(once((DATETIME, moment)))),
                None => {
                    let digits = rest.run_of(|b| b.is_ascii_digit());
                    // TOML has no number with a zero in front.
                    if digits.len() > 1 && digits.starts_with('0') {
                        return Err(left());
                    }
                    visitor.visit_i64(digits.parse().map_err(|_| left())?)
                }
            },
            _ => Err(left()),
        }
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _name: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf
        unit unit_struct seq tuple tuple_struct map struct enum identifier ignored_any
    }
}

/// The texts of a list, on one line or on several.
struct Items<'r, 'de> {
    rest: &'r mut Rest<'de>,
    is_first: bool,
}

impl<'de> SeqAccess<'de> for Items<'_, 'de> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, Error> {
        let blank = |b| matches!(b, b' ' | b'\n');
        self.rest.run_of(blank);
        let goes_on = self.is_first || self.rest.eat(",");
        self.is_first = false;
        self.rest.run_of(blank);
        if self.rest.eat("]") {
            return Ok(None);
        }
        if !goes_on {
            return Err(left());
        }
        seed.deserialize(BorrowedStrDeserializer::new(self.rest.text()?)).map(Some)
    }
}

/// Whether the TOML reader says the same of this document.
#[cfg(any(test, fuzzing, feature = "workbench"))]
pub(crate) fn agrees<T: DeserializeOwned + PartialEq>(text: &str) -> bool {
    read::<T>(text).is_none_or(|read| toml::from_str::<T>(text).is_ok_and(|all| all == read))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{agrees, read};
    use crate::crypto::digest::Digest;
    use crate::name::MemberName;
    use crate::store::{Grant, Member, Policy, Reader, Record, Stamp, render};

    fn record(readers: &[&str], description: &str, tags: &[String]) -> Record {
        let member = |name: &&str| MemberName::parse(name).unwrap();
        Record {
            version: 7,
            created: Stamp::parse("2026-11-23T10:00:00Z").unwrap(),
            changed: Stamp::parse("2026-11-28T23:59:59Z").unwrap(),
            author: MemberName::parse("alice").unwrap(),
            description: description.to_owned(),
            tags: tags.to_vec(),
            rotate_every: (!tags.is_empty()).then(|| "90d".parse().unwrap()),
            exposed_to: Vec::new(),
            leaked: None,
            readers: readers.iter().map(member).map(Reader::Member).collect(),
            digest: Digest::of(b"x"),
            services: tags.iter().map(|_| "https://h/x".parse().unwrap()).collect(),
            user: (!tags.is_empty()).then(|| "ann".parse().unwrap()),
            bearer: tags.len() > 1,
            not_secret: tags.len() > 1,
        }
    }

    #[test]
    fn the_records_that_are_written_are_read() {
        for readers in [&[][..], &["alice"], &["alice", "bob", "carol"]] {
            for (description, tags) in
                [("", vec![]), ("the da\u{df} one", vec!["a".into(), "b".into()])]
            {
                let written = record(readers, description, &tags);
                let text = render(&written).unwrap() + "\n";
                assert_eq!(read::<Record>(&text).as_ref(), Some(&written), "{text}");
                assert!(agrees::<Record>(&text));
            }
        }
    }

    #[test]
    fn policies_are_read_too_where_they_have_no_tables() {
        for (version, run_only) in [(0, true), (9, false), (70, true)] {
            let text =
                format!("version = {version}\nallow = [\"a\"]\ndeny = []\nrun_only = {run_only}\n");
            let policy = read::<Policy>(&text).unwrap();
            assert_eq!((policy.version, policy.run_only), (version, run_only));
            assert!(agrees::<Policy>(&text));
        }
        assert!(read::<Policy>("version = 1\n[[sealed]]\nsecrets = [\"a\"]\n").is_none());
    }

    #[test]
    fn what_is_not_plain_is_left() {
        let good = render(&record(&["alice"], "", &[])).unwrap();
        assert!(read::<Record>(&good).is_some());
        for (from, to) in [
            ("version = 7", "version = 07"),
            ("version = 7", "version = 7_0"),
            ("version = 7", "version = 7 # seven"),
            ("version = 7", "\"version\" = 7"),
            ("version = 7", "version = 99999999999999999999"),
            ("\"alice\"\n", "'alice'\n"),
            ("\"alice\"\n", "\"al\\u0069ce\"\n"),
            ("T10:00:00Z", "T10:00:00.0Z"),
            ("T10:00:00Z", "T25:00:00Z"),
            ("[\"alice\"]", "[[\"alice\"]]"),
            ("[\"alice\"]", "[\"alice\" \"bob\"]"),
            ("digest =", "digest="),
            ("digest =", "more = 1\ndigest ="),
            ("digest =", "version = 7\ndigest ="),
        ] {
            let text = good.replacen(from, to, 1);
            assert_ne!(text, good);
            assert!(read::<Record>(&text).is_none(), "{text}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn what_is_read_here_is_read_to_the_same_effect(
            description in "\\PC{0,8}",
            tags in prop::collection::vec("[ -~]{0,6}", 0..4),
            cut in any::<prop::sample::Index>(),
            piece in prop_oneof![Just(String::new()), "[ -~\n]{1,3}", "\\PC{1,2}", Just(",".into())],
            removed in 0_usize..3,
        ) {
            let good = render(&record(&["alice", "bob"], &description, &tags)).unwrap();
            prop_assert!(agrees::<Record>(&good));
            let at = (0..=cut.index(good.len())).rev().find(|at| good.is_char_boundary(*at)).unwrap();
            let end = (at + removed..).find(|end| good.len() <= *end || good.is_char_boundary(*end));
            let end = end.unwrap().min(good.len());
            let changed = [&good[..at], &piece, &good[end..]].concat();
            prop_assert!(agrees::<Record>(&changed), "{changed}");
            prop_assert!(agrees::<Policy>(&changed) && agrees::<Member>(&changed));
            prop_assert!(agrees::<Grant>(&changed));
        }
    }
}
