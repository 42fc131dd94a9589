//! Signed files: everything above the `[signature]` line is the document, below it who signed.
//!
//! `Signed<T>` exists only after verification. A file is parsed strictly (unknown keys are
//! errors) and only after its signature matched, so no unsigned byte decides anything.

use std::ops::Deref;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::error::StoreError;
use super::plain;
use super::stamp::Stamp;
use crate::crypto::known::Known;
use crate::crypto::sign::{Signature, SigningKey, Statement, VerifyKey};
use crate::fs::VaultPath;
use crate::name::{MemberName, printable};

const MARK: &str = "[signature]";

/// A member who signs: the name, and the key unsealed for this command.
#[derive(Debug)]
pub(crate) struct Signer {
    /// The member's name.
    pub(crate) name: MemberName,
    /// The member's signing key.
    pub(crate) key: SigningKey,
}

/// A document whose signature was verified.
#[derive(Debug, Clone)]
pub(crate) struct Signed<T> {
    value: T,
    by: MemberName,
    at: Stamp,
}

impl<T> Signed<T> {
    /// Who signed it.
    pub(crate) fn by(&self) -> &MemberName {
        &self.by
    }

    /// When, as the signer said; decides nothing.
    pub(crate) fn at(&self) -> Stamp {
        self.at
    }
}

/// The error for a file in which a merge left both sides, as git and jj mark them.
pub(crate) fn in_conflict(path: &VaultPath, bytes: &[u8]) -> Option<StoreError> {
    let mut lines = bytes.split(|byte| *byte == b'\n');
    let mark = lines.find(|line| line.starts_with(b"<<<<<<< "))?;
    // A text of several lines may have one in it.
    let is_whole = |text: &str| toml::from_str::<toml::Table>(text).is_ok();
    if std::str::from_utf8(bytes).is_ok_and(is_whole) {
        return None;
    }
    let by_jj = mark.starts_with(b"<<<<<<< conflict ");
    Some(StoreError::Conflict { path: path.clone(), by_jj })
}

#[cfg(test)]
impl<T> Signed<T> {
    /// Takes a document as signed, for tests of the rules above.
    pub(crate) fn unchecked(value: T, by: &str) -> Self {
        let by = MemberName::parse(by).expect("a test's member name");
        let at = Stamp::parse("2026-11-23T10:00:00Z").expect("a test's time");
        Self { value, by, at }
    }
}

impl<T> Deref for Signed<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.value
    }
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Block {
    by: MemberName,
    at: Stamp,
    sig: Signature,
}

/// A signed file as it was read: nothing in it may be believed yet.
pub(crate) struct Unverified {
    path: VaultPath,
    body: Vec<u8>,
    block: Block,
}

impl Unverified {
    /// Splits `bytes` at the last `[signature]` line.
    ///
    /// # Errors
    /// `Unsigned` where there is none, `Malformed` where the block is not in order.
    pub(crate) fn parse(path: &VaultPath, bytes: Vec<u8>) -> Result<Self, StoreError> {
        let read = || {
            let start = mark_position(&bytes).ok_or(StoreError::Unsigned { path: path.clone() })?;
            let above = lines_in(&bytes[..start]);
            Ok((start, document(path, &bytes[start + MARK.len()..], above)?))
        };
        let (start, block) = read().map_err(|error| in_conflict(path, &bytes).unwrap_or(error))?;
        let mut body = bytes;
        body.truncate(start);
        Ok(Self { path: path.clone(), body, block })
    }

    /// Who claims to have signed.
    pub(crate) fn by(&self) -> &MemberName {
        &self.block.by
    }

    /// The document without any check: only to learn which vault this claims to be.
    pub(crate) fn peek<T: DeserializeOwned>(&self) -> Result<T, StoreError> {
        document(&self.path, &self.body, 0)
    }

    /// Checks the signature with `key` and returns the document.
    ///
    /// # Errors
    /// `UnknownSigner` without a key, `Altered` where the signature does not match,
    /// `Malformed` where the signed bytes are no such document.
    pub(crate) fn verify<T: DeserializeOwned>(
        self,
        vault: &str,
        key: Option<&VerifyKey>,
    ) -> Result<Signed<T>, StoreError> {
        self.verify_by(vault, key, VerifyKey::verifies)
    }

    /// As [`Unverified::verify`]; a signature that is known to be good is not checked again.
    pub(crate) fn verify_unless_known<T: DeserializeOwned>(
        self,
        vault: &str,
        key: Option<&VerifyKey>,
        known: &Known,
    ) -> Result<Signed<T>, StoreError> {
        self.verify_by(vault, key, |key, statement, sig| known.verifies(key, statement, sig))
    }

    fn verify_by<T: DeserializeOwned>(
        self,
        vault: &str,
        key: Option<&VerifyKey>,
        verifies: impl Fn(&VerifyKey, &Statement<'_>, &Signature) -> bool,
    ) -> Result<Signed<T>, StoreError> {
        let Block { by, at, sig } = self.block;
        let Some(key) = key else {
            return Err(StoreError::UnknownSigner { path: self.path, by });
        };
        let text = at.to_string();
        let statement = Statement {
            vault,
            path: self.path.as_str(),
            body: &self.body,
            by: by.as_str(),
            at: &text,
        };
        if !verifies(key, &statement, &sig) {
            return Err(StoreError::Altered { path: self.path, by });
        }
        Ok(Signed { value: document(&self.path, &self.body, 0)?, by, at })
    }
}

/// Reads a file that nobody need have signed: its document, and who claims to have signed it.
///
/// # Errors
/// `Malformed` where what stands above the signature is no such document.
pub(super) fn claimed<T: DeserializeOwned>(
    path: &VaultPath,
    bytes: &[u8],
) -> Result<(T, Option<MemberName>), StoreError> {
    let by = Unverified::parse(path, bytes.to_vec()).ok().map(|read| read.block.by);
    let end = mark_position(bytes).unwrap_or(bytes.len());
    Ok((document(path, &bytes[..end], 0)?, by))
}

/// Who claims to have signed a file, and when.
pub(crate) fn signature_claimed(path: &VaultPath, bytes: &[u8]) -> Option<(MemberName, Stamp)> {
    let block = Unverified::parse(path, bytes.to_vec()).ok()?.block;
    Some((block.by, block.at))
}

/// Renders a document as it stands above its signature.
///
/// # Errors
/// `Render` where it has no TOML form.
pub(crate) fn render<T: Serialize>(document: &T) -> Result<String, StoreError> {
    Ok(toml::to_string_pretty(document)?)
}

/// Renders and signs a document; the result is the whole file.
///
/// # Errors
/// `Render` where the document has no TOML form.
pub(crate) fn sign<T: Serialize>(
    document: &T,
    path: &VaultPath,
    vault: &str,
    signer: &Signer,
    at: Stamp,
) -> Result<Vec<u8>, StoreError> {
    let mut file = render(document)?;
    file.push('\n');
    let text = at.to_string();
    let statement = Statement {
        vault,
        path: path.as_str(),
        body: file.as_bytes(),
        by: signer.name.as_str(),
        at: &text,
    };
    let sig = signer.key.sign(&statement);
    let block = toml::to_string(&Block { by: signer.name.clone(), at, sig })?;
    file.push_str(MARK);
    file.push('\n');
    file.push_str(&block);
    // Of an import thousands wait in memory.
    file.shrink_to_fit();
    Ok(file.into_bytes())
}

/// Finds the last line that is exactly the mark.
fn mark_position(bytes: &[u8]) -> Option<usize> {
    let mut start = bytes.len();
    for line in bytes.split(|b| *b == b'\n').rev() {
        start -= line.len();
        if line == MARK.as_bytes() {
            return Some(start);
        }
        start = start.checked_sub(1)?;
    }
    None
}

fn lines_in(bytes: &[u8]) -> usize {
    bytes.iter().filter(|b| **b == b'\n').count()
}

/// Parses TOML that stands below `above` lines; an error names the line and the rule, never
/// the content.
fn document<T: DeserializeOwned>(
    path: &VaultPath,
    bytes: &[u8],
    above: usize,
) -> Result<T, StoreError> {
    let malformed = |line, reason| StoreError::Malformed { path: path.clone(), line, reason };
    let text = std::str::from_utf8(bytes)
        .map_err(|_| malformed(None, "it is not UTF-8 text".to_owned()))?;
    if let Some(value) = plain::read(text) {
        return Ok(value);
    }
    toml::from_str(text).map_err(|error| {
        let line = error
            .span()
            .map(|span| above + 1 + lines_in(&text.as_bytes()[..span.start.min(text.len())]));
        malformed(line, printable(error.message()))
    })
}

#[cfg(test)]
mod tests {
    use super::{MARK, Signer, Unverified, mark_position, sign};
    use crate::crypto::sign::SigningKey;
    use crate::fs::VaultPath;
    use crate::name::{MemberName, ScopeName};
    use crate::store::{Policy, Stamp, StoreError};

    fn signer() -> Signer {
        Signer { name: MemberName::parse("alice").unwrap(), key: SigningKey::generate() }
    }

    fn path(name: &str) -> VaultPath {
        VaultPath::policy(&ScopeName::parse(name).unwrap())
    }

    fn file(signer: &Signer) -> Vec<u8> {
        let policy = Policy { version: 1, allow: vec!["db-*".into()], ..Policy::default() };
        let at = Stamp::parse("2026-11-23T10:00:00Z").unwrap();
        sign(&policy, &path("p"), "vault", signer, at).unwrap()
    }

    #[test]
    fn a_signed_file_reads_back() {
        let alice = signer();
        let key = alice.key.verify_key();
        let read = Unverified::parse(&path("p"), file(&alice)).unwrap();
        let policy = read.verify::<Policy>("vault", Some(&key)).unwrap();
        assert_eq!(policy.allow, ["db-*"]);
        assert_eq!(policy.by().as_str(), "alice");
    }

    #[test]
    fn a_mark_in_a_text_is_no_conflict() {
        let is_one = |text: &str| super::in_conflict(&path("p"), text.as_bytes()).is_some();
        let text = "description = \"\"\"\n<<<<<<< ours\n\"\"\"\n[signature]\nby = \"a\"\n";
        assert!(!is_one(text));
        assert!(is_one(&text.replace("\"\"\"", "")));
        assert!(!is_one("version = 1\n"));
    }

    #[test]
    fn every_byte_of_the_file_counts() {
        let alice = signer();
        let key = alice.key.verify_key();
        let good = file(&alice);
        for i in 0..good.len() {
            let mut bad = good.clone();
            bad[i] ^= 1;
            let verified = Unverified::parse(&path("p"), bad)
                .and_then(|read| read.verify::<Policy>("vault", Some(&key)));
            assert!(verified.is_err(), "byte {i} ({:?}) went unnoticed", char::from(good[i]));
        }
    }

    #[test]
    fn a_file_cannot_move_to_another_path_or_vault() {
        let alice = signer();
        let key = alice.key.verify_key();
        for (at, vault) in [("q", "vault"), ("p", "other")] {
            let read = Unverified::parse(&path(at), file(&alice)).unwrap();
            let result = read.verify::<Policy>(vault, Some(&key));
            assert!(matches!(result, Err(StoreError::Altered { .. })));
        }
    }

    #[test]
    fn a_file_without_a_known_signature_is_refused() {
        let read = Unverified::parse(&path("p"), file(&signer())).unwrap();
        assert!(matches!(
            read.verify::<Policy>("vault", None),
            Err(StoreError::UnknownSigner { .. })
        ));
        let unsigned = Unverified::parse(&path("p"), b"version = 1\n".to_vec());
        assert!(matches!(unsigned, Err(StoreError::Unsigned { .. })));
    }

    #[test]
    fn the_mark_is_a_whole_line() {
        assert_eq!(mark_position(format!("a\n{MARK}\nb").as_bytes()), Some(2));
        assert_eq!(mark_position(format!("a = '{MARK}'\n").as_bytes()), None);
        assert_eq!(mark_position(MARK.as_bytes()), Some(0));
        assert_eq!(mark_position(b""), None);
    }
}
