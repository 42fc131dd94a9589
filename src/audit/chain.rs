//! Writing a chain: opening it, appending to it, and the receipt for a line on disk.
//!
//! A line is acknowledged only after it is synced. What a crash or a full disk leaves is
//! at most a torn last line, which nobody was promised; the next append removes it.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, Write as _};

use time::OffsetDateTime;

use super::actor::Actor;
use super::error::AuditError;
use super::event::{Event, Op, Outcome};
use super::fault::Fault;
use super::file::{self, Access};
use super::found::{Found, Last};
use super::limits::SEGMENT;
use super::line::{Line, Mac, mac_body, mac_text, nothing_before};
use super::name::ChainName;
use super::segments::ChainFiles;
use super::stamp::Stamp;
use crate::crypto::digest::Digest;
use crate::crypto::keys::ChainKey;
use crate::crypto::sign::{SigningKey, Statement};
use crate::name::{MemberName, SecretName};

/// A chain that this process may append to.
#[derive(Debug)]
pub(crate) struct Chain {
    files: ChainFiles,
    name: ChainName,
    key: ChainKey,
}

/// What line 1 of a new chain states.
#[derive(Debug)]
pub(crate) struct Opening<'a> {
    /// The chain's name.
    pub(crate) chain: &'a ChainName,
    /// The vault's id.
    pub(crate) vault: &'a str,
    /// Who opens it.
    pub(crate) by: Opener<'a>,
}

/// Who opens a chain, and what vouches for it.
#[derive(Debug)]
pub(crate) enum Opener<'a> {
    /// A member; without a signing key (before `join`) nothing vouches yet.
    Member {
        /// The member's name.
        name: &'a MemberName,
        /// The key that signs line 1.
        signing: Option<&'a SigningKey>,
    },
    /// A session, whose signed grant names the chain key.
    Session {
        /// The session's id.
        id: &'a str,
        /// The session's label.
        label: &'a str,
    },
}

/// Proof that a line is on disk: without one, no value leaves.
#[derive(Debug)]
#[must_use = "a receipt is what opens a value; use `note` where none is wanted"]
pub(crate) struct Receipt {
    op: Op,
    /// Sorted, as ten thousand values ask here one by one.
    granted: Vec<SecretName>,
}

impl Receipt {
    /// Whether the line grants `name` to `op`. Lines that refuse or fail cover nothing.
    pub(crate) fn covers(&self, op: &Op, name: &SecretName) -> bool {
        self.op == *op && self.granted.binary_search(name).is_ok()
    }
}

impl Chain {
    /// Opens a new chain: writes line 1 to a new segment and syncs file and folder.
    ///
    /// A file that a crash left without a whole line counts as new.
    ///
    /// # Errors
    /// [`AuditError::Exists`] where the chain is open already, [`AuditError::ReadOnly`] where
    /// the folder cannot be written, [`AuditError::Unfit`], [`AuditError::NotRegular`],
    /// [`AuditError::Io`], [`AuditError::Moving`].
    pub(crate) fn open_first(
        files: ChainFiles,
        opening: &Opening<'_>,
        key: ChainKey,
        now: OffsetDateTime,
    ) -> Result<Self, AuditError> {
        let name = opening.chain.clone();
        let bytes = first_line(opening, &key, now)
            .map_err(|fault| AuditError::Unfit { chain: name.clone(), fault })?;
        let found = files
            .find(Access::Create)?
            .ok_or_else(|| AuditError::NotOpened { chain: name.clone() })?;
        // A line that cannot be read is a line too.
        if !found.last().is_ok_and(|end| end.last.is_none()) {
            return Err(AuditError::Exists { chain: name });
        }
        begin(&found, 1, bytes)?;
        drop(found);
        Ok(Self { files, name, key })
    }

    /// Takes an existing chain; nothing is read before the first append.
    pub(crate) fn attach(files: ChainFiles, name: ChainName, key: ChainKey) -> Self {
        Self { files, name, key }
    }

    /// The chain's name.
    pub(crate) const fn name(&self) -> &ChainName {
        &self.name
    }

    /// Appends a line and syncs it; reads only the last line. Where the segment would grow
    /// too large the line begins the next one.
    ///
    /// # Errors
    /// [`AuditError::NotOpened`] where line 1 is missing, [`AuditError::Altered`] where the last
    /// line was not written with this key, [`AuditError::ReadOnly`], [`AuditError::Unfit`],
    /// [`AuditError::NotRegular`], [`AuditError::Io`], [`AuditError::Moving`]. After any of
    /// them the chain is as it was.
    pub(crate) fn append(&self, event: &Event, now: OffsetDateTime) -> Result<Receipt, AuditError> {
        let not_opened = || AuditError::NotOpened { chain: self.name.clone() };
        let found = self.files.find(Access::Append)?.ok_or_else(not_opened)?;
        let end = found.last()?;
        let last = end.last.ok_or_else(not_opened)?;
        let previous = self.check(&last.line).map_err(|fault| self.altered(&last, fault))?;
        let next =
            next_line(&previous, &last.line, event, now).map_err(|fault| self.unfit(fault))?;
        self.write(&found, &last, &end.empty, next)?;
        let mut granted = match event.outcome {
            Outcome::Granted => event.secrets.clone(),
            Outcome::Denied | Outcome::Failed => Vec::new(),
        };
        granted.sort_unstable();
        Ok(Receipt { op: event.op.clone(), granted })
    }

    /// As [`Chain::append`], for what gives no value: refusals, failures, commits.
    ///
    /// # Errors
    /// As [`Chain::append`].
    pub(crate) fn note(&self, event: &Event, now: OffsetDateTime) -> Result<(), AuditError> {
        self.append(event, now).map(drop)
    }

    /// Parses the last line and checks that this key wrote it.
    fn check(&self, last: &[u8]) -> Result<Line, Fault> {
        let line = Line::parse(last)?;
        if !self.key.verifies(mac_body(last), mac_text(last)) {
            return Err(Fault::Mac);
        }
        // A chain with our key under another name would take our lines with it.
        match line.chain.as_ref() {
            Some(found) if *found != self.name => Err(Fault::WrongChain { found: found.clone() }),
            _ => Ok(line),
        }
    }

    /// Writes the line where it belongs: into the last segment, or into one of its own.
    fn write(
        &self,
        found: &Found<'_>,
        last: &Last,
        empty: &[u64],
        line: Line,
    ) -> Result<(), AuditError> {
        let authenticate =
            |line: &Line| line.authenticate(&self.key).map_err(|fault| self.unfit(fault));
        let bytes = authenticate(&line)?;
        // With its newline.
        let room = last.whole + (bytes.len() as u64) < SEGMENT;
        let io = |source| AuditError::io("write", &last.path, source);
        if room && empty.is_empty() {
            return put(&last.file, last.whole, |mut file| write_line(&mut file, bytes))
                .map_err(io);
        }
        // Only a crash leaves an empty segment, and only the one that would come next.
        if empty.iter().any(|first| *first != line.seq) {
            return Err(self.altered(last, Fault::SegmentMissing));
        }
        // Whoever reads a closed segment takes a torn line for damage.
        put(&last.file, last.whole, |_| Ok(())).map_err(io)?;
        let first = line.seq;
        let chain = Some(self.name.clone());
        begin(found, first, authenticate(&Line { chain, after: Some(last.first), ..line })?)
    }

    fn unfit(&self, fault: Fault) -> AuditError {
        AuditError::Unfit { chain: self.name.clone(), fault }
    }

    fn altered(&self, last: &Last, fault: Fault) -> AuditError {
        match file::count_lines(&last.file, last.whole) {
            Ok(lines) => {
                let line = last.first - 1 + lines;
                AuditError::Altered { chain: self.name.clone(), line, fault }
            }
            Err(source) => AuditError::io("read", &last.path, source),
        }
    }
}

/// Writes the first line of a segment; file and folder are on disk when this returns.
fn begin(found: &Found<'_>, first: u64, line: Vec<u8>) -> Result<(), AuditError> {
    let (path, file) = found.begin(first)?;
    put(&file, 0, |mut file| write_line(&mut file, line))
        .map_err(|source| AuditError::io("write", &path, source))
}

/// Line 1 as it will stand in the file, without its newline.
fn first_line(
    opening: &Opening<'_>,
    key: &ChainKey,
    now: OffsetDateTime,
) -> Result<Vec<u8>, Fault> {
    let (actor, signing) = match opening.by {
        Opener::Member { name, signing } => (Actor::member(name), signing),
        Opener::Session { id, label } => (Actor::token(id, label), None),
    };
    if !opening.chain.belongs_to(&actor) {
        return Err(Fault::WrongOwner);
    }
    let mut line = Line {
        seq: 1,
        time: Stamp::of(now),
        op: Op::CHAIN_OPEN,
        secrets: Vec::new(),
        scope: None,
        actor,
        outcome: Outcome::Granted,
        reason: None,
        detail: None,
        heads: BTreeMap::new(),
        chain: Some(opening.chain.clone()),
        after: None,
        vault: Some(opening.vault.to_owned()),
        key: Some(key.commitment()),
        sig: None,
        prev: nothing_before()?,
        mac: Mac::default(),
    };
    if let (Opener::Member { name, .. }, Some(signing)) = (&opening.by, signing) {
        line.sig = Some(signing.sign(&Statement {
            vault: opening.vault,
            path: &opening.chain.vault_path(),
            body: &line.to_sign()?,
            by: name.as_str(),
            at: &line.time.to_string(),
        }));
    }
    line.authenticate(key)
}

/// The line after `previous`, whose bytes are `last`; its mac is still to come.
fn next_line(
    previous: &Line,
    last: &[u8],
    event: &Event,
    now: OffsetDateTime,
) -> Result<Line, Fault> {
    if !event.actor.is(&previous.actor) {
        return Err(Fault::Actor);
    }
    Ok(Line {
        seq: previous.seq.checked_add(1).ok_or(Fault::Sequence { found: previous.seq })?,
        time: Stamp::of(now),
        op: event.op.clone(),
        secrets: event.secrets.clone(),
        scope: event.scope.clone(),
        actor: event.actor.clone(),
        outcome: event.outcome,
        reason: event.reason.clone(),
        detail: event.detail.clone(),
        heads: event.heads.clone(),
        chain: None,
        after: None,
        vault: None,
        key: None,
        sig: None,
        prev: Digest::of(last),
        mac: Mac::default(),
    })
}

/// Runs `write` at length `whole`, cutting off a torn line first and what a failure left.
fn put(file: &File, whole: u64, write: impl FnOnce(&File) -> io::Result<()>) -> io::Result<()> {
    if file.metadata()?.len() > whole {
        file.set_len(whole)?;
    }
    write(file).inspect_err(|_| {
        // Best effort: a torn line that stays is cut off by the next append.
        let _ = file.set_len(whole);
    })
}

fn write_line(file: &mut &File, mut line: Vec<u8>) -> io::Result<()> {
    line.push(b'\n');
    file.write_all(&line)?;
    file.sync_data()
}

#[cfg(test)]
mod tests {
    use super::{put, write_line};
    use std::fs::OpenOptions;
    use std::io::{self, Write as _};

    #[test]
    fn a_full_disk_leaves_the_chain_as_it_was() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("c");
        std::fs::write(&path, "first\ntorn").unwrap();
        let file = OpenOptions::new().read(true).append(true).open(&path).unwrap();
        let error = put(&file, 6, |mut file| {
            file.write_all(b"half of a li")?;
            Err(io::ErrorKind::StorageFull.into())
        });
        assert_eq!(error.unwrap_err().kind(), io::ErrorKind::StorageFull);
        assert_eq!(std::fs::read(&path).unwrap(), b"first\n");
        put(&file, 6, |mut file| write_line(&mut file, b"second".to_vec())).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"first\nsecond\n");
    }
}
