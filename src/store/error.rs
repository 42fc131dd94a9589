//! What can be wrong with a vault's files.

use std::path::PathBuf;
use std::sync::Arc;

use super::stamp::Stamp;
use crate::fs::{FsError, Subject, VaultPath};
use crate::kind::{Failure, Kind};
use crate::name::{MemberName, printable};

/// What commits tell of a file that was put back.
#[derive(Debug, Clone, Default)]
pub(crate) struct RolledBackPast {
    pub(crate) kept: Kept,
    /// One that has the newer version, by the start of its name.
    pub(crate) commit: Option<String>,
    /// The one that put the older version back; none where the branch itself was moved.
    pub(crate) undone_by: Option<String>,
}

impl RolledBackPast {
    /// Where nothing more is known than that commits here have the newer one.
    pub(crate) const fn here() -> Self {
        Self { kept: Kept::Here, commit: None, undone_by: None }
    }

    /// What to do about a file that was put back from version `seen`, `found` being here.
    fn way(&self, path: &VaultPath, found: u64, seen: u64) -> String {
        if let Some(way) = self.elsewhere(path, seen) {
            return way;
        }
        match (path.subject(), &self.commit) {
            (Subject::Record(name), _) if self.kept == Kept::Nowhere => format!(
                "no commit here has version {seen}; 'authy sync' may bring it, and 'authy restore {name} \
                 --version {found}' agrees to this one"
            ),
            _ if self.kept == Kept::Nowhere => {
                format!(
                    "no commit here has version {seen}: 'authy sync' or 'git fetch' may bring it"
                )
            }
            (Subject::Record(name), _) => format!(
                "'authy restore {name} --version {seen}' makes the newer one count again, '--version \
                 {found}' agrees to this one; {}",
                self.told(path)
            ),
            (_, Some(commit)) => format!(
                "in the vault's folder: 'git checkout {commit} -- {path}' makes version {seen} count again; {}",
                self.told(path)
            ),
            (_, None) => format!(
                "'git log -- {path}' in the vault shows who put it back: restore version {seen} with \
                 'git checkout COMMIT -- {path}'"
            ),
        }
    }

    /// What brings the newer version of a file back, where other commits than those here have it.
    fn elsewhere(&self, path: &VaultPath, seen: u64) -> Option<String> {
        match &self.kept {
            Kept::Upstream => Some(format!(
                "'authy sync' brings version {seen} back from the remote; {}",
                self.told(path)
            )),
            Kept::Clone(folder) => {
                let folder = folder.to_string_lossy().replace('\'', r"'\''");
                Some(format!(
                    "another clone of yours has version {seen}: send it with \"authy --vault '{}' sync\", \
                     then 'authy sync' brings it here",
                    printable(&folder)
                ))
            }
            Kept::Here | Kept::Nowhere => None,
        }
    }

    /// What happened, as far as it is known.
    fn told(&self, path: &VaultPath) -> String {
        match &self.undone_by {
            Some(commit) => format!("commit {commit} put it back"),
            None => format!("'git reflog' and 'git log -- {path}' show what put it back"),
        }
    }
}

/// Which commits have the version that a file was put back from.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) enum Kept {
    /// Those of the branch that this one follows at the remote, as last fetched.
    Upstream,
    /// Others that can be read.
    Here,
    /// Those of another clone on this machine, by its folder.
    Clone(PathBuf),
    /// None that can be read.
    #[default]
    Nowhere,
}

/// A vault that cannot be used as it lies there.
#[derive(Debug, thiserror::Error)]
pub(crate) enum StoreError {
    #[error("no vault at '{}'", .0.display())]
    NoVault(PathBuf),
    #[error("'{}' holds a vault of authy 0.7 or before: one file, 'vault.age'", .0.display())]
    OldVault(PathBuf),
    #[error("'{path}' is missing from the vault")]
    Missing { path: VaultPath },
    #[error("'{path}' carries no signature")]
    Unsigned { path: VaultPath },
    #[error("the signature of '{path}' by '{by}' does not match its content")]
    Altered { path: VaultPath, by: MemberName },
    #[error("'{path}' is signed by '{by}', who may not sign it")]
    UnknownSigner { path: VaultPath, by: MemberName },
    #[error("'{path}' cannot be read{}: {reason}", line.map(|l| format!(" at line {l}")).unwrap_or_default())]
    Malformed { path: VaultPath, line: Option<usize>, reason: String },
    #[error("'{path}' has both sides of a conflict in it, as {} marks them", if *by_jj { "jj" } else { "git" })]
    Conflict { path: VaultPath, by_jj: bool },
    #[error("this vault has format {found}; this authy reads format {known}")]
    Format { found: u32, known: u32 },
    #[error("'{value}' is not the file that '{record}' describes")]
    Digest { value: VaultPath, record: VaultPath },
    #[error("'{present}' has no '{absent}' beside it")]
    Half { present: VaultPath, absent: VaultPath },
    #[error("'{path}' was rolled back: version {found} is here, version {seen} was seen before")]
    RolledBack { path: VaultPath, found: u64, seen: u64, past: Box<RolledBackPast> },
    #[error(
        "'{path}' says that it was made at {created}, more than a day ahead of the latest moment known here"
    )]
    Ahead { path: VaultPath, created: Stamp },
    #[error("'{path}' was removed on this machine at version {version}, and is back")]
    CameBack { path: VaultPath, version: u64 },
    #[error("the vault at '{}' is not the one that was here before (its id was {was}, now {now})", folder.display())]
    OtherVault { folder: PathBuf, was: String, now: String },
    #[error("'{path}' does not continue the set of admins that this machine accepted")]
    AdminsChanged {
        path: VaultPath,
        /// Another branch that has the accepted set.
        elsewhere: Option<String>,
    },
    #[error("the vault's settings cannot be written as TOML")]
    Render(#[from] toml::ser::Error),
    #[error("{0}")]
    Unread(Arc<StoreError>),
    #[error(transparent)]
    Fs(#[from] FsError),
}

impl Failure for StoreError {
    fn kind(&self) -> Kind {
        match self {
            Self::Fs(error) => error.kind(),
            Self::Render(_) | Self::Unread(_) => Kind::Failure,
            Self::NoVault(_)
            | Self::OldVault(_)
            | Self::Missing { .. }
            | Self::Unsigned { .. }
            | Self::Altered { .. }
            | Self::UnknownSigner { .. }
            | Self::Malformed { .. }
            | Self::Conflict { .. }
            | Self::Format { .. }
            | Self::Digest { .. }
            | Self::Half { .. }
            | Self::RolledBack { .. }
            | Self::Ahead { .. }
            | Self::CameBack { .. }
            | Self::OtherVault { .. }
            | Self::AdminsChanged { .. } => Kind::Damaged,
        }
    }

    fn hint(&self) -> Option<String> {
        let restore = |path: &VaultPath| {
            format!("see 'git log -- {path}' in the vault and restore the version you trust")
        };
        Some(match self {
            Self::NoVault(_) => {
                "run 'authy init' to create one, clone a team's there with git, or name one with --vault or AUTHY_VAULT".into()
            }
            Self::OldVault(folder) => {
                let folder = printable(folder.to_string_lossy().trim_end_matches('/'));
                format!(
                    "move it away and take it over: mv '{folder}' '{folder}-0.7', then 'authy init', then \
                     authy import --from authy-0.7 '{folder}-0.7'"
                )
            }
            Self::UnknownSigner { path, .. } => match path.subject() {
                Subject::Record(name) => format!(
                    "'authy history {name}' shows its versions; somebody who may write it brings one \
                     back with 'authy restore {name} --version N'"
                ),
                _ => restore(path),
            },
            Self::Missing { path }
            | Self::Unsigned { path }
            | Self::Altered { path, .. }
            | Self::Malformed { path, .. } => restore(path),
            Self::Conflict { by_jj: true, .. } => {
                "'jj undo' in the vault's folder takes it back; then 'authy sync' merges without \
                 looking into files"
                    .into()
            }
            Self::Conflict { path, .. } => format!(
                "while the merge is under way 'authy conflict list' and 'take' decide, or 'git merge --abort' \
                 takes it back; once it was committed, 'git log -- {path}' shows commits with a whole one: 'git \
                 checkout COMMIT -- {path}'"
            ),
            Self::Half { absent, .. } => restore(absent),
            Self::Digest { value, .. } => {
                format!("it was swapped, edited or half restored; {}", restore(value))
            }
            Self::RolledBack { path, found, seen, past } => past.way(path, *found, *seen),
            Self::CameBack { path, .. } => match path.subject() {
                Subject::Record(name) => format!(
                    "remove it again with 'authy remove {name}', or give it a new value with 'authy \
                     store {name}'"
                ),
                _ => restore(path),
            },
            Self::Ahead { path, .. } => match path.subject() {
                Subject::Record(name) => format!(
                    "set this machine's clock; where it is right somebody else's was wrong: 'authy remove \
                     {name}' and store it again"
                ),
                _ => "set this machine's clock".into(),
            },
            Self::OtherVault { folder, now, .. } => {
                let folder = printable(&folder.to_string_lossy());
                format!(
                    "where that is meant, as after cloning another one there: authy --vault '{folder}' check \
                     --accept-vault {now}"
                )
            }
            Self::AdminsChanged { path, elsewhere: Some(branch) } => {
                let branch = printable(branch);
                format!(
                    "'{branch}' has the set that was accepted: where this branch is a request of yours that changed \
                     the admins as well, 'git checkout {branch} -- {path}' in the vault's folder takes that one"
                )
            }
            Self::AdminsChanged { .. } => {
                "ask an admin you know, by another way than this repository, who the admins are"
                    .into()
            }
            Self::Format { .. } => "update authy".into(),
            Self::Unread(why) => return why.hint(),
            Self::Fs(error) => return error.hint(),
            Self::Render(_) => return None,
        })
    }
}
