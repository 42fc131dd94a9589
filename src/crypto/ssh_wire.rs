//! The ssh wire encoding (RFC 4251, section 5), as far as keys need it.
//!
//! Keys are checked here before the age crate parses them, so that it sees well-formed ones alone,
//! none of them one that encryption would protect nothing with.

/// The two key types that age can use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyType {
    Ed25519,
    Rsa,
}

impl KeyType {
    /// Names the type as ssh does; `None` for all others.
    pub(super) fn parse(name: &[u8]) -> Option<Self> {
        match name {
            b"ssh-ed25519" => Some(Self::Ed25519),
            b"ssh-rsa" => Some(Self::Rsa),
            _ => None,
        }
    }
}

/// Bytes that are read field by field; `None` stands for a malformed or missing field.
#[derive(Clone, Copy)]
pub(super) struct Wire<'a>(pub(super) &'a [u8]);

impl<'a> Wire<'a> {
    /// Passes the fixed bytes `expected`.
    pub(super) fn literal(&mut self, expected: &[u8]) -> Option<()> {
        self.0 = self.0.strip_prefix(expected)?;
        Some(())
    }

    /// Reads a `uint32`.
    pub(super) fn uint32(&mut self) -> Option<u32> {
        let (bytes, rest) = self.0.split_first_chunk()?;
        self.0 = rest;
        Some(u32::from_be_bytes(*bytes))
    }

    /// Reads a `string`.
    pub(super) fn string(&mut self) -> Option<&'a [u8]> {
        let length = usize::try_from(self.uint32()?).ok()?;
        let (bytes, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(bytes)
    }

    /// Passes an `mpint` that is positive and in its shortest form.
    pub(super) fn positive(&mut self) -> Option<()> {
        match self.string()? {
            [] | [0] | [0x80..=0xff, ..] | [0, 0..=0x7f, ..] => None,
            _ => Some(()),
        }
    }

    /// Passes the end.
    pub(super) fn end(self) -> Option<()> {
        self.0.is_empty().then_some(())
    }
}

/// Checks a public key in its wire form and returns its type; `None` where it is malformed,
/// weak or of another type.
pub(super) fn public_key(blob: &[u8]) -> Option<KeyType> {
    let mut wire = Wire(blob);
    let key_type = KeyType::parse(wire.string()?)?;
    match key_type {
        KeyType::Ed25519 => {
            let point = wire.string()?.try_into().ok()?;
            let key = ed25519_dalek::VerifyingKey::from_bytes(point).ok()?;
            // Of small order: the shared secret would be the same for everybody.
            if key.is_weak() {
                return None;
            }
        }
        KeyType::Rsa => {
            wire.positive()?;
            wire.positive()?;
        }
    }
    wire.end()?;
    Some(key_type)
}

#[cfg(test)]
pub(super) mod tests {
    use proptest::prelude::*;

    use super::{KeyType, Wire, public_key};

    /// Encodes `fields` as ssh strings.
    pub(in crate::crypto) fn strings(fields: &[&[u8]]) -> Vec<u8> {
        let mut out = Vec::new();
        for field in fields {
            out.extend_from_slice(&u32::try_from(field.len()).unwrap().to_be_bytes());
            out.extend_from_slice(field);
        }
        out
    }

    #[test]
    fn integers_are_positive_and_in_shortest_form() {
        let accepts = |bytes: &[u8]| Wire(&strings(&[bytes])).positive().is_some();
        assert!(accepts(&[1]) && accepts(&[0x7f, 0]) && accepts(&[0, 0x80]));
        for bytes in [&[][..], &[0], &[0, 0], &[0, 1], &[0x80], &[0xff, 1]] {
            assert!(!accepts(bytes), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_malformed_is_no_key() {
        // A valid point, and one byte too few.
        let base = ed25519_dalek::SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes();
        assert_eq!(public_key(&strings(&[b"ssh-ed25519", &base])), Some(KeyType::Ed25519));
        assert_eq!(public_key(&strings(&[b"ssh-ed25519", &base[1..]])), None);
        assert_eq!(public_key(&strings(&[b"ssh-rsa", &[3], &[5]])), Some(KeyType::Rsa));
        // Not in the shortest form, and a field too few.
        assert_eq!(public_key(&strings(&[b"ssh-rsa", &[3], &[0, 5]])), None);
        assert_eq!(public_key(&strings(&[b"ssh-rsa", &[3]])), None);
        assert_eq!(public_key(&strings(&[b"ssh-rsa", &[3], &[5], b"more"])), None);
        assert_eq!(public_key(&strings(&[b"ssh-dss", &[3], &[5]])), None);
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in any::<Vec<u8>>()) {
            let _ = public_key(&bytes);
            let _ = public_key(&[strings(&[b"ssh-rsa"]), bytes].concat());
        }
    }
}
