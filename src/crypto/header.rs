//! Looks over the header of a binary age v1 file before the age crate parses it.
//!
//! This scan takes one pass, holds every limit, and accepts only the canonical form
//! (<https://c2sp.org/age>), so that what is parsed is small and regular. It proves nothing: the MAC
//! is checked when decrypting.

use super::error::{CryptoError, Damage};
use super::hybrid;

/// Largest header in bytes, from the first line to the end of the MAC's.
pub(crate) const MAX_HEADER: usize = 64 * 1024;
/// Most stanzas in a header, the random one that age adds included.
pub(crate) const MAX_STANZAS: usize = 512;

const MAGIC: &[u8] = b"age-encryption.org/v1\n";
/// How age files of every version begin.
pub(super) const ANY_VERSION: &[u8] = b"age-encryption.org/";
/// Columns of a full line of a stanza's body.
const COLUMNS: usize = 64;
/// Characters of the header's MAC: 32 bytes in base64 without padding.
const MAC: usize = 43;

/// What a header says without a key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    /// How many stanzas there are, not counting the random `*-grease` ones.
    pub(crate) stanzas: usize,
    /// How many of them are of a kind that a quantum computer does not break.
    pub(crate) hybrid: usize,
    /// The key tags of the ssh stanzas, in order; see `Recipient::ssh_tag`.
    pub(crate) ssh_tags: Vec<String>,
    /// Where the payload begins, its 16-byte nonce first.
    pub(crate) payload_offset: usize,
}

/// Scans the header of a file of a vault, which no passphrase opens.
///
/// # Errors
/// [`CryptoError::Damaged`] for anything but a canonical header within the limits.
pub(crate) fn scan(file: &[u8]) -> Result<Header, CryptoError> {
    Ok(read(file, Lock::Recipients)?)
}

/// Scans the header of a protected identity, which one passphrase opens and nothing else.
///
/// # Errors
/// [`CryptoError::Damaged`] for anything but a canonical header with one scrypt stanza.
pub(crate) fn scan_passphrase(file: &[u8]) -> Result<Header, CryptoError> {
    Ok(read(file, Lock::Passphrase)?)
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Lock {
    Recipients,
    Passphrase,
}

fn read(file: &[u8], lock: Lock) -> Result<Header, Damage> {
    if !file.starts_with(MAGIC) {
        let age = file.starts_with(ANY_VERSION);
        return Err(if age { Damage::UnknownVersion } else { Damage::NotAge });
    }
    let mut lines = Lines { file, at: MAGIC.len() };
    let mut header = Header { stanzas: 0, hybrid: 0, ssh_tags: Vec::new(), payload_offset: 0 };
    let mut seen = 0;
    loop {
        let line = lines.next()?;
        if let Some(mac) = line.strip_prefix(b"--- ") {
            if seen == 0 || mac.len() != MAC || !is_base64(mac) {
                return Err(Damage::MalformedHeader);
            }
            header.payload_offset = lines.at;
            return Ok(header);
        }
        seen += 1;
        if seen > MAX_STANZAS {
            return Err(Damage::TooManyStanzas);
        }
        let stanza = stanza_line(line)?;
        check_lock(&stanza, lock, seen)?;
        skip_body(&mut lines)?;
        header.add(&stanza);
    }
}

impl Header {
    fn add(&mut self, stanza: &[&str]) {
        match stanza {
            [tag, ..] if tag.ends_with("-grease") => return,
            [hybrid::TAG, ..] => self.hybrid += 1,
            ["ssh-ed25519" | "ssh-rsa", key, ..] => self.ssh_tags.push((*key).to_owned()),
            _ => {}
        }
        self.stanzas += 1;
    }
}

/// Splits `-> tag argument…`; each word is one or more visible ASCII characters.
fn stanza_line(line: &[u8]) -> Result<Vec<&str>, Damage> {
    let words = line.strip_prefix(b"-> ").ok_or(Damage::MalformedHeader)?;
    if !words.iter().all(|b| matches!(b, b' '..=b'~')) {
        return Err(Damage::MalformedHeader);
    }
    let words = std::str::from_utf8(words).map_err(|_| Damage::MalformedHeader)?;
    let words: Vec<&str> = words.split(' ').collect();
    if words.iter().any(|word| word.is_empty()) {
        return Err(Damage::MalformedHeader);
    }
    Ok(words)
}

/// A scrypt stanza stands alone, and only where a passphrase is expected.
fn check_lock(stanza: &[&str], lock: Lock, seen: usize) -> Result<(), Damage> {
    let scrypt = stanza.first() == Some(&"scrypt");
    match lock {
        Lock::Recipients if scrypt => Err(Damage::PassphraseStanza),
        Lock::Passphrase if !scrypt || seen > 1 => Err(Damage::NoPassphraseStanza),
        _ => Ok(()),
    }
}

/// Passes full lines up to and with the short one that ends a body, empty if need be.
fn skip_body(lines: &mut Lines<'_>) -> Result<(), Damage> {
    loop {
        let line = lines.next()?;
        if line.len() > COLUMNS || line.len() % 4 == 1 || !is_base64(line) {
            return Err(Damage::MalformedHeader);
        }
        if line.len() < COLUMNS {
            return Ok(());
        }
    }
}

fn is_base64(text: &[u8]) -> bool {
    text.iter().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// The lines of a header, never looking beyond its largest size.
struct Lines<'a> {
    file: &'a [u8],
    at: usize,
}

impl<'a> Lines<'a> {
    fn next(&mut self) -> Result<&'a [u8], Damage> {
        let end = self.file.len().min(MAX_HEADER);
        let rest = &self.file[self.at..end];
        let Some(length) = rest.iter().position(|&b| b == b'\n') else {
            let more = self.file.len() > MAX_HEADER;
            return Err(if more { Damage::HeaderTooLarge } else { Damage::Truncated });
        };
        self.at += length + 1;
        Ok(&rest[..length])
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Header, MAX_HEADER, MAX_STANZAS, scan, scan_passphrase};
    use crate::crypto::encrypt::encrypt;
    use crate::crypto::error::{CryptoError, Damage};
    use crate::crypto::recipient::Recipient;
    use crate::crypto::test_keys::{AGE_PUBLIC, ED25519_PUBLIC, RSA_PUBLIC};

    const MAC: &str = "--- fgMiVLJHMlg9fW7CVG/hPS5EAU4Zeg19LyCP7SoH5nA\n";

    fn file(stanzas: &str) -> Vec<u8> {
        format!("age-encryption.org/v1\n{stanzas}{MAC}payload").into_bytes()
    }

    fn damage(result: Result<Header, CryptoError>) -> Damage {
        match result {
            Err(CryptoError::Damaged(damage)) => damage,
            other => panic!("{other:?}"),
        }
    }

    fn recipients() -> Vec<Recipient> {
        [AGE_PUBLIC, ED25519_PUBLIC, RSA_PUBLIC]
            .map(|text| Recipient::parse(text).unwrap())
            .to_vec()
    }

    #[test]
    fn grease_is_not_counted_and_ssh_stanzas_name_their_keys() {
        let file = file(
            "-> X25519 abc\nAAAA\n-> ssh-rsa mhir0Q\nAAAA\n-> x-grease\n\n-> ssh-ed25519 BjH7FA e\n\n",
        );
        let header = scan(&file).unwrap();
        assert_eq!(header.stanzas, 3);
        assert_eq!(header.ssh_tags, ["mhir0Q", "BjH7FA"]);
        assert_eq!(&file[header.payload_offset..], b"payload");
    }

    #[test]
    fn tags_are_those_of_the_recipients() {
        let to = recipients();
        let header = scan(&encrypt(b"value", &to).unwrap()).unwrap();
        assert_eq!(header.stanzas, to.len());
        let tags: Vec<String> = to.iter().filter_map(Recipient::ssh_tag).collect();
        assert_eq!(header.ssh_tags, tags);
    }

    #[test]
    fn ten_thousand_stanzas_are_refused() {
        let long = "-> X25519 abc\nAAAA\n".repeat(10_000);
        assert_eq!(damage(scan(&file(&long))), Damage::TooManyStanzas);
        let most = "-> x\n\n".repeat(MAX_STANZAS);
        assert!(scan(&file(&most)).is_ok());
        assert_eq!(damage(scan(&file(&format!("{most}-> x\n\n")))), Damage::TooManyStanzas);
    }

    #[test]
    fn a_header_larger_than_the_limit_is_refused() {
        let body = format!("{}\n", "A".repeat(64)).repeat(MAX_HEADER / 65 + 1);
        assert_eq!(damage(scan(&file(&format!("-> x\n{body}\n")))), Damage::HeaderTooLarge);
        let endless = format!("-> {}", "x".repeat(MAX_HEADER));
        assert_eq!(damage(scan(&file(&endless))), Damage::HeaderTooLarge);
    }

    #[test]
    fn a_passphrase_stands_alone_and_only_where_it_is_expected() {
        let scrypt = "-> scrypt bBjlhJVYZeE4aqUdmtRHfw 15\nAAAA\n";
        assert_eq!(damage(scan(&file(scrypt))), Damage::PassphraseStanza);
        assert!(scan_passphrase(&file(scrypt)).is_ok());
        for other in ["-> x\n\n".to_owned(), scrypt.repeat(2), format!("{scrypt}-> x\n\n")] {
            assert_eq!(damage(scan_passphrase(&file(&other))), Damage::NoPassphraseStanza);
        }
    }

    #[test]
    fn only_the_canonical_form_is_a_header() {
        assert_eq!(damage(scan(b"")), Damage::NotAge);
        assert_eq!(damage(scan(b"secret")), Damage::NotAge);
        assert_eq!(damage(scan(b"age-encryption.org/v2\n")), Damage::UnknownVersion);
        assert_eq!(damage(scan(b"age-encryption.org/v1\n-> x\n")), Damage::Truncated);
        for stanzas in [
            "",
            "x\n\n",
            "->\n\n",
            "-> \n\n",
            "-> a  b\n\n",
            "-> a \n\n",
            "-> a\tb\n\n",
            "-> ä\n\n",
            "-> a\r\n\n",
            "-> a\nA\n",
            "-> a\nAA==\n",
            "-> a\nA A\n",
            "---\n",
            "--- \n",
            "--- AAAA\n",
        ] {
            assert_eq!(damage(scan(&file(stanzas))), Damage::MalformedHeader, "{stanzas:?}");
        }
        let wide = format!("-> a\n{}\n\n", "A".repeat(65));
        assert_eq!(damage(scan(&file(&wide))), Damage::MalformedHeader);
    }

    proptest! {
        #[test]
        fn no_bytes_make_the_scan_panic(
            start in prop::sample::select(vec!["", "age-encryption.org/v1\n", "age-encryption.org/v1\n-> x\n"]),
            bytes in prop::collection::vec(any::<u8>(), 0..300),
            text in "(-> |--- |[ -~]{0,70}\n|[A-Za-z0-9+/]{64}\n){0,12}",
        ) {
            for tail in [bytes.as_slice(), text.as_bytes()] {
                let file = [start.as_bytes(), tail].concat();
                for header in [scan(&file), scan_passphrase(&file)].into_iter().flatten() {
                    prop_assert!(header.payload_offset <= file.len());
                }
            }
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]

        #[test]
        fn every_header_that_age_writes_passes_and_no_cut_one_does(
            plain in prop::collection::vec(any::<u8>(), 0..50),
            cut in any::<prop::sample::Index>(),
        ) {
            let file = encrypt(&plain, &recipients()).unwrap();
            let header = scan(&file).unwrap();
            prop_assert_eq!(header.stanzas, 3);
            // The payload is a nonce, the value and a tag.
            prop_assert_eq!(file.len() - header.payload_offset, 16 + plain.len() + 16);
            prop_assert!(scan(&file[..cut.index(header.payload_offset)]).is_err());
        }

        #[test]
        fn a_mutated_header_does_not_make_the_scan_panic(
            at in any::<prop::sample::Index>(),
            byte in any::<u8>(),
        ) {
            let mut file = encrypt(b"value", &recipients()).unwrap();
            let at = at.index(file.len());
            file[at] = byte;
            if let Ok(header) = scan(&file) {
                prop_assert!(header.payload_offset <= file.len());
            }
        }
    }
}
