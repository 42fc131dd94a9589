//! The journal: `.local/journal`, the list of what a decided change has still to do.
//!
//! It is JSON, names the folder of staged files, and for each target the staged file that
//! takes its place, or none where the target is to be removed. Once it is in place the
//! change happens, whoever finishes it. A journal that names anything but paths of a vault
//! is refused as a whole.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::error::FsError;
use super::folder::Folder;
use super::local::LocalFile;
use super::paths::{JOURNAL, LOCAL, Root, STAGE_PREFIX, VaultPath, is_lower_hex};

const FORMAT: u32 = 1;
/// Largest journal in bytes: room for more than 100,000 files.
pub(super) const LIMIT: usize = 32 << 20;
/// Longest name of a staged file or of the random part of its folder.
const MAX_HEX: usize = 16;

/// Tells whether a change waits to be finished; the price of asking is one `stat`.
pub(crate) fn needs_recovery(root: &Root) -> bool {
    // A link counts: the recovery then refuses it.
    root.clone_folder().join(JOURNAL).symlink_metadata().is_ok()
}

/// A file that a change replaces or removes.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Target {
    Vault(VaultPath),
    Local(LocalFile),
}

impl Target {
    /// The path below the root.
    pub(super) fn path(&self) -> String {
        match self {
            Self::Vault(path) => path.to_string(),
            Self::Local(file) => format!("{LOCAL}/{}", file.name()),
        }
    }

    /// The mode of the file, less the umask: what is sealed or local is its owner's only,
    /// the rest is as git would check it out.
    pub(super) fn mode(&self) -> u32 {
        match self {
            Self::Vault(path) if path.is_public() => 0o644,
            _ => 0o600,
        }
    }

    fn parse(text: &str) -> Option<Self> {
        VaultPath::parse(text).map(Self::Vault).or_else(|| {
            let name = text.strip_prefix(LOCAL)?.strip_prefix('/')?;
            LocalFile::parse(name).map(Self::Local)
        })
    }
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Op {
    /// The staged file `temp` becomes the target.
    Put { target: Target, temp: String },
    /// The target goes.
    Remove { target: Target },
}

impl Op {
    pub(super) const fn target(&self) -> &Target {
        match self {
            Self::Put { target, .. } | Self::Remove { target } => target,
        }
    }
}

/// A change: the folder under `.local` with its staged files, and what to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Journal {
    pub(super) stage: String,
    pub(super) ops: Vec<Op>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    format: u32,
    stage: String,
    ops: Vec<WrittenOp>,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenOp {
    target: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    from: Option<String>,
}

impl Journal {
    /// Reads the journal under `.local`; `None` where there is none.
    pub(super) fn read(local: &Folder) -> Result<Option<Self>, FsError> {
        let Some(bytes) = local.read(JOURNAL, LIMIT)? else { return Ok(None) };
        let damaged = |fault| FsError::Journal { path: local.path().join(JOURNAL), fault };
        Self::parse(&bytes).map(Some).map_err(damaged)
    }

    pub(super) fn encode(&self) -> Vec<u8> {
        let ops = self.ops.iter().map(|op| WrittenOp {
            target: op.target().path(),
            from: match op {
                Op::Put { temp, .. } => Some(temp.clone()),
                Op::Remove { .. } => None,
            },
        });
        let written = Written { format: FORMAT, stage: self.stage.clone(), ops: ops.collect() };
        // Strings and numbers always serialize; were it otherwise, an empty journal is refused.
        serde_json::to_vec(&written).unwrap_or_default()
    }

    fn parse(bytes: &[u8]) -> Result<Self, &'static str> {
        let written: Written =
            serde_json::from_slice(bytes).map_err(|_| "it is not in the journal's format")?;
        if written.format != FORMAT {
            return Err("another version of authy wrote it");
        }
        let random = written.stage.strip_prefix(STAGE_PREFIX);
        if !random.is_some_and(is_temp) {
            return Err("it names no folder of staged files");
        }
        let (mut targets, mut temps) = (BTreeSet::new(), BTreeSet::new());
        let mut ops = Vec::with_capacity(written.ops.len());
        for WrittenOp { target, from } in written.ops {
            let target = Target::parse(&target).ok_or("it names a file that is not a vault's")?;
            if !targets.insert(target.clone()) {
                return Err("it names a file twice");
            }
            ops.push(match from {
                None => Op::Remove { target },
                Some(temp) if is_temp(&temp) && temps.insert(temp.clone()) => {
                    Op::Put { target, temp }
                }
                Some(_) => return Err("it names a staged file that cannot be"),
            });
        }
        Ok(Self { stage: written.stage, ops })
    }
}

fn is_temp(name: &str) -> bool {
    name.len() <= MAX_HEX && is_lower_hex(name)
}

#[cfg(test)]
mod tests {
    use super::{Journal, Op, Target};
    use crate::fs::{LocalFile, VaultPath};
    use proptest::prelude::*;

    fn journal() -> Journal {
        Journal {
            stage: "stage-00ff".to_owned(),
            ops: vec![
                Op::Put { target: Target::Vault(VaultPath::config()), temp: "0".to_owned() },
                Op::Put { target: Target::Local(LocalFile::Pending), temp: "a1".to_owned() },
                Op::Remove { target: Target::Vault(VaultPath::admins(3)) },
            ],
        }
    }

    #[test]
    fn a_journal_reads_back() {
        let text = String::from_utf8(journal().encode()).unwrap();
        assert_eq!(
            text,
            r#"{"format":1,"stage":"stage-00ff","ops":[{"target":"authy.toml","from":"0"},{"target":".local/pending","from":"a1"},{"target":"admins/3.toml"}]}"#
        );
        assert_eq!(Journal::parse(text.as_bytes()), Ok(journal()));
    }

    #[test]
    fn a_journal_that_reaches_elsewhere_is_refused() {
        for op in [
            r#"{"target":"../x"}"#,
            r#"{"target":"/etc/passwd","from":"0"}"#,
            r#"{"target":".git/config","from":"0"}"#,
            r#"{"target":"keys/master.key"}"#,
            r#"{"target":".local/lock"}"#,
            r#"{"target":".local/journal"}"#,
            r#"{"target":".local/../authy.toml"}"#,
            r#"{"target":".local/stage-0"}"#,
            r#"{"target":".local/.."}"#,
            r#"{"target":"authy.toml","from":"../0"}"#,
            r#"{"target":"authy.toml","from":""}"#,
            r#"{"target":"authy.toml","from":"00000000000000000"}"#,
            r#"{"target":"authy.toml","from":"0","mode":511}"#,
            r#"{"target":"authy.toml"},{"target":"authy.toml"}"#,
            r#"{"target":"authy.toml","from":"0"},{"target":".gitignore","from":"0"}"#,
        ] {
            let text = format!(r#"{{"format":1,"stage":"stage-00ff","ops":[{op}]}}"#);
            assert!(Journal::parse(text.as_bytes()).is_err(), "{text}");
        }
        for text in [
            "",
            "{}",
            r#"{"format":2,"stage":"stage-00ff","ops":[]}"#,
            r#"{"format":1,"stage":"../x","ops":[]}"#,
            r#"{"format":1,"stage":"stage-/..","ops":[]}"#,
            r#"{"format":1,"stage":"stage-","ops":[]}"#,
            r#"{"format":1,"stage":"stage-00ff","ops":[],"more":1}"#,
            r#"{"format":1,"stage":"stage-00ff","ops":[]} x"#,
        ] {
            assert!(Journal::parse(text.as_bytes()).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_journal_panics_or_changes_when_read(bytes in any::<Vec<u8>>(), cut in 0usize..140) {
            let _ = Journal::parse(&bytes);
            let whole = journal().encode();
            let torn = &whole[..cut.min(whole.len() - 1)];
            prop_assert!(Journal::parse(torn).is_err());
        }
    }
}
