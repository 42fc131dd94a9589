//! Why a commit waits: the reasons, their sentences, and what ends the wait.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::name::printable;

/// Why the files changed but no commit was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The vault lies in no work tree of a git repository.
    NoRepository,
    /// jj drives the repository, and keeps it without a `.git` beside the files.
    NotColocated,
    /// The user is in the middle of something that ends with a commit of their own.
    InProgress(Operation),
    /// Another git command holds the index, or died holding it.
    IndexLocked { lock: PathBuf, age: Option<Duration> },
    /// No branch is checked out.
    Detached,
    /// Other git commands kept changing the branch.
    BranchBusy,
    /// Another user owns the repository and `safe.directory` does not name it.
    NotTrusted { work_tree: PathBuf },
    /// The git program, a hook or the signing program said no.
    GitRefused { line: String },
    /// Hooks, signing or the repository's format need the git program, which is not installed.
    NoProgram,
}

/// Something git can be in the middle of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Operation {
    Merge,
    Rebase,
    CherryPick,
    Revert,
    Bisect,
    Mailbox,
    /// A cherry-pick or a revert of several commits, between two of them.
    Sequence,
}

impl Operation {
    /// The noun, with its article.
    const fn noun(self) -> &'static str {
        match self {
            Self::Merge => "a merge",
            Self::Rebase => "a rebase",
            Self::CherryPick => "a cherry-pick",
            Self::Revert => "a revert",
            Self::Bisect => "a bisect",
            Self::Mailbox => "'git am'",
            Self::Sequence => "a cherry-pick or revert",
        }
    }

    /// What ends it. A pull is named with what does the same for a vault.
    const fn way_out(self) -> &'static str {
        match self {
            Self::Merge => {
                "take it back with 'git merge --abort' and run 'authy sync', or decide with 'authy conflict \
                 list' and 'take', and finish it with 'git commit'"
            }
            Self::Rebase => {
                "take it back with 'git rebase --abort' and merge ('authy sync'; in a project 'git pull \
                 --no-rebase'), or finish it"
            }
            _ => "finish or abort it with git",
        }
    }
}

impl Reason {
    /// Says what ends the wait.
    pub(crate) fn hint(&self) -> Option<String> {
        let hint = match self {
            Self::NoRepository => return None,
            Self::NotColocated => "run 'jj git colocation enable' in the vault's folder",
            Self::InProgress(operation) => operation.way_out(),
            Self::IndexLocked { lock, .. } => {
                return Some(format!(
                    "if no git runs there, one crashed: remove {} by hand",
                    quoted(lock)
                ));
            }
            Self::Detached => "check out a branch with 'git switch'",
            Self::BranchBusy => "wait for the other command to end",
            Self::NotTrusted { work_tree } => {
                return Some(format!(
                    "if you trust it: git config --global --add safe.directory {}",
                    quoted(work_tree)
                ));
            }
            Self::GitRefused { .. } => {
                "settle what git complains about; a hook for subjects has a setting: 'authy config set subject'"
            }
            Self::NoProgram => "install git",
        };
        Some(hint.to_owned())
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRepository => f.write_str("the vault is not in a git repository"),
            Self::NotColocated => f.write_str("jj keeps this repository without git's own folder"),
            Self::InProgress(operation) => write!(f, "{} is in progress", operation.noun()),
            Self::IndexLocked { lock, age } => {
                write!(f, "another git command holds {}", quoted(lock))?;
                age.map_or(Ok(()), |age| write!(f, ", {} old", rounded(age)))
            }
            Self::Detached => f.write_str("no branch is checked out (detached HEAD)"),
            Self::BranchBusy => f.write_str("another git command is changing the branch"),
            Self::NotTrusted { .. } => f.write_str("another user owns the git repository"),
            Self::GitRefused { line } => write!(f, "git refused the commit: {}", printable(line)),
            Self::NoProgram => {
                f.write_str("this repository needs the git program, which was not found")
            }
        }
    }
}

impl Reason {
    /// There is no repository around `vault`, or one of jj's alone.
    pub(super) fn without_repository(vault: &Path) -> Self {
        let is_jj = vault.ancestors().any(|folder| folder.join(".jj").is_dir());
        if is_jj { Self::NotColocated } else { Self::NoRepository }
    }

    /// Whether nothing is there to commit to.
    pub(crate) const fn is_without_repository(&self) -> bool {
        matches!(self, Self::NoRepository | Self::NotColocated)
    }

    /// The index is locked by the file `lock`.
    pub(super) fn index_locked(lock: PathBuf) -> Self {
        let made = lock.symlink_metadata().and_then(|lock| lock.modified());
        Self::IndexLocked { age: made.ok().and_then(|made| made.elapsed().ok()), lock }
    }
}

/// A length of time as people say it.
fn rounded(time: Duration) -> String {
    let (count, unit) = match time.as_secs() {
        seconds @ 0..=119 => (seconds, "second"),
        seconds @ 120..=7199 => (seconds / 60, "minute"),
        seconds @ 7200..=172_799 => (seconds / 3600, "hour"),
        seconds => (seconds / 86_400, "day"),
    };
    format!("{count} {unit}{}", if count == 1 { "" } else { "s" })
}

/// A path or a branch as a shell takes it, because hints are copied into one.
pub(crate) fn quoted(path: &Path) -> String {
    let shown = printable(&path.to_string_lossy());
    let is_plain = |b: u8| b.is_ascii_alphanumeric() || b"/._-+@%:".contains(&b);
    match !shown.is_empty() && shown.bytes().all(is_plain) {
        true => shown,
        false => format!("'{}'", shown.replace('\'', r"'\''")),
    }
}

#[cfg(test)]
mod tests {
    use super::Reason;

    #[test]
    fn a_path_in_a_hint_stays_one_word_for_a_shell() {
        let hint = Reason::NotTrusted { work_tree: "/a'; rm -rf b\n".into() }.hint().unwrap();
        assert!(hint.ends_with(r"safe.directory '/a'\''; rm -rf b\u{a}'"), "{hint}");
        let plain = Reason::NotTrusted { work_tree: "/home/a-b/.authy".into() }.hint().unwrap();
        assert!(plain.ends_with("safe.directory /home/a-b/.authy"), "{plain}");
    }
}
