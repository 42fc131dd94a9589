//! Signatures that were verified before on this machine, remembered under a mac.
//!
//! Checking an Ed25519 signature takes some fifty times as long as a mac. What is remembered is
//! that one key's signature of one statement is good, which stays true for ever. The list lies
//! where others may write, so each entry is a mac under a key that only its owner's secret
//! derives: whoever adds an entry, or changes one, adds nothing.

use std::collections::HashSet;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::keys::{Mac, random};
use super::sign::{Signature, Statement, VerifyKey};

/// Bytes of one entry: HMAC-SHA256 of key, signature and statement.
const ENTRY: usize = 32;
/// Largest list in bytes: a million signatures.
pub(crate) const MAX_KNOWN: usize = ENTRY << 20;

/// The signatures known to be good, and those that prove to be.
pub(crate) struct Known {
    key: Mac,
    entries: HashSet<[u8; ENTRY]>,
    learned: Mutex<HashSet<[u8; ENTRY]>>,
}

impl Known {
    /// Takes the list as it was stored under this key; anything else in it counts for nothing.
    pub(crate) fn new(key: Mac, stored: &[u8]) -> Self {
        let (entries, _) = stored.as_chunks::<ENTRY>();
        Self { key, entries: entries.iter().copied().collect(), learned: Mutex::default() }
    }

    /// For one command that looks at the same signatures several times, and is to believe nothing that
    /// was stored.
    pub(crate) fn of_this_process() -> Self {
        Self::new(Mac::new(&random()), &[])
    }

    /// Whether `signature` is `key`'s over `statement`: remembered, or verified now.
    pub(crate) fn verifies(
        &self,
        key: &VerifyKey,
        statement: &Statement<'_>,
        signature: &Signature,
    ) -> bool {
        // Key and signature have fixed lengths, so that each part has its place.
        let entry = self.key.of(&[&key.bytes(), &signature.bytes(), &statement.message()]);
        if self.entries.contains(&entry) || self.learned().contains(&entry) {
            return true;
        }
        let is_good = key.verifies(statement, signature);
        if is_good {
            self.learned().insert(entry);
        }
        is_good
    }

    fn learned(&self) -> MutexGuard<'_, HashSet<[u8; ENTRY]>> {
        self.learned.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The list with what was learned, where that is anything. One of more than `most` entries
    /// is begun anew: of many it is not known any more whether they are of use.
    pub(crate) fn to_store(&self, most: impl FnOnce() -> usize) -> Option<Vec<u8>> {
        let learned = self.learned();
        if learned.is_empty() {
            return None;
        }
        let is_long = self.entries.len() + learned.len() > most();
        let old = self.entries.iter().filter(|_| !is_long);
        Some(old.chain(learned.iter()).flatten().copied().collect())
    }
}

impl fmt::Debug for Known {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Known({} signatures)", self.entries.len())
    }
}

#[cfg(test)]
mod tests {
    use super::Known;
    use crate::crypto::keys::{Mac, Purpose, derive};
    use crate::crypto::sign::{SigningKey, Statement};

    const STATEMENT: Statement<'_> =
        Statement { vault: "v", path: "p", body: b"body", by: "alice", at: "2026-11-23T10:00:00Z" };

    fn mac(secret: u8) -> Mac {
        Mac::new(&derive(&[secret; 32], "v", Purpose::Known))
    }

    #[test]
    fn what_was_verified_once_is_known_and_nothing_else() {
        let (alice, bob) = (SigningKey::generate(), SigningKey::generate());
        let good = alice.sign(&STATEMENT);
        let known = Known::new(mac(1), b"");
        assert!(!known.verifies(&bob.verify_key(), &STATEMENT, &good));
        assert_eq!(known.to_store(|| 9), None);
        assert!(known.verifies(&alice.verify_key(), &STATEMENT, &good));
        let stored = known.to_store(|| 9).unwrap();

        let again = Known::new(mac(1), &stored);
        assert!(again.verifies(&alice.verify_key(), &STATEMENT, &good));
        assert_eq!(again.to_store(|| 9), None, "it was known");
        let other = Statement { body: b"bodY", ..STATEMENT };
        assert!(!again.verifies(&alice.verify_key(), &other, &good));
        assert!(!again.verifies(&bob.verify_key(), &STATEMENT, &good));
    }

    #[test]
    fn entries_under_another_key_or_of_other_bytes_are_worth_nothing() {
        let (alice, bob) = (SigningKey::generate(), SigningKey::generate());
        // What somebody would like to be believed: bob's signature under alice's name.
        let forged = bob.sign(&STATEMENT);
        let wrong = Known::new(mac(2), b"");
        assert!(wrong.verifies(&bob.verify_key(), &STATEMENT, &forged));
        let theirs = wrong.to_store(|| 9).unwrap();
        for stored in [theirs, vec![0; 64], vec![7; 31]] {
            let known = Known::new(mac(1), &stored);
            assert!(!known.verifies(&alice.verify_key(), &STATEMENT, &forged));
            assert!(known.verifies(&bob.verify_key(), &STATEMENT, &forged), "verified anew");
        }
    }

    #[test]
    fn a_list_that_grew_too_long_is_begun_anew() {
        let alice = SigningKey::generate();
        let all: Vec<Vec<u8>> = (0..4).map(|n| vec![n]).collect();
        let verify = |known: &Known, body: &[u8]| {
            let statement = Statement { body, ..STATEMENT };
            assert!(known.verifies(&alice.verify_key(), &statement, &alice.sign(&statement)));
        };
        let known = Known::new(mac(1), b"");
        all[..3].iter().for_each(|body| verify(&known, body));
        let known = Known::new(mac(1), &known.to_store(|| 3).unwrap());
        verify(&known, &all[3]);
        assert_eq!(known.to_store(|| 4).unwrap().len(), 4 * 32);
        assert_eq!(known.to_store(|| 3).unwrap().len(), 32);
    }
}
