//! What git is told to call: a hook that looks at commits, and a driver that tells what changed
//! in files that nobody can read.

use std::fs::{self, OpenOptions};
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};

use gix::bstr::ByteSlice as _;

use super::error::GitError;
use super::history::repository;
use super::locate::Worktree;
use super::program;
use super::reason::Reason;

/// How a hook of ours begins, so that it is known again.
const MARK: &str = "#!/bin/sh\n# Made by 'authy check --install-hook'.\n";
const DRIVER: &str = "diff=authy";

/// What became of a hook.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Hook {
    /// It is there.
    Installed(PathBuf),
    /// There is another one, which stays.
    Taken(PathBuf),
    /// Hooks lie in this folder for all repositories of the user: one of ours would refuse the
    /// commits of every other.
    OfAll(PathBuf),
}

/// Whether the hook at `path` is the one that is written here.
pub(super) fn is_ours(path: &Path) -> bool {
    fs::read(path).is_ok_and(|text| text.starts_with(MARK.as_bytes()))
}

/// Writes a pre-commit hook that runs `authy check --staged`, where there is none.
///
/// # Errors
/// [`GitError::NotReady`] without a repository; [`GitError::Io`].
pub(crate) fn install_hook(vault: &Path) -> Result<Hook, GitError> {
    let Some((place, repo)) = repository(vault)? else {
        return Err(GitError::NotReady { reason: Reason::without_repository(vault) });
    };
    let folder = match repo.config_snapshot().trusted_path("core.hooksPath") {
        Ok(Some(path)) => place.work_tree.join(path),
        _ => place.common_dir.join("hooks"),
    };
    let is_own = folder.starts_with(&place.work_tree) || folder.starts_with(&place.common_dir);
    let is_local =
        || program::answer(&place, "ask git", &["config", "--local", "--get", "core.hooksPath"]);
    if !is_own && is_local().is_err() {
        return Ok(Hook::OfAll(folder));
    }
    let path = folder.join("pre-commit");
    if path.symlink_metadata().is_ok() && !is_ours(&path) {
        return Ok(Hook::Taken(path));
    }
    fs::create_dir_all(&folder).map_err(GitError::io("make", &folder))?;
    let new = folder.join("pre-commit.authy");
    let written = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o755)
        .open(&new)
        .and_then(|mut file| file.write_all(hook(&place).as_bytes()))
        .and_then(|()| fs::rename(&new, &path));
    written.map_err(GitError::io("write", &path))?;
    Ok(Hook::Installed(path))
}

fn hook(place: &Worktree) -> String {
    let vault = in_work_tree(place);
    format!(
        "{MARK}# Refuses what no admin signed, what looks like plaintext in the vault, and copies of values.\n\
         if ! command -v authy >/dev/null; then\n    \
         echo \"authy was not found, so the vault is not checked; 'git commit --no-verify' goes past this\" >&2\n    \
         exit 1\nfi\n\
         authy --vault {vault} check --staged &&\n    \
         authy --vault {vault} --no-input scan --staged >&2 && exit 0\n\
         echo \"not committed: settle that first, or propose it as it is with 'git commit --no-verify'\" >&2\n\
         exit 1\n"
    )
}

/// The vault as a word for a shell that stands at the root of the work tree, as git's do.
fn in_work_tree(place: &Worktree) -> String {
    let prefix = place.prefix.to_str_lossy();
    match prefix.trim_end_matches('/') {
        "" => ".".to_owned(),
        inside => format!("'./{}'", inside.replace('\'', r"'\''")),
    }
}

/// Has git show, in diffs of this clone, what authy says of values: never the value.
///
/// # Errors
/// [`GitError::NotReady`] without a repository; [`GitError::Program`], [`GitError::Refused`],
/// [`GitError::Io`].
pub(crate) fn install_diff(vault: &Path) -> Result<(), GitError> {
    let Some(place) = Worktree::find(vault)? else {
        return Err(GitError::NotReady { reason: Reason::without_repository(vault) });
    };
    let command = format!("authy --vault {} textconv", in_work_tree(&place));
    program::answer(
        &place,
        "set up git's diffs",
        &["config", "--local", "diff.authy.textconv", &command],
    )?;
    let file = place.common_dir.join("info/attributes");
    let old = match fs::read_to_string(&file) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
        Err(error) => return Err(GitError::io("read", &file)(error)),
    };
    let line = match place.prefix.to_str_lossy().as_ref() {
        "" => format!("*.age {DRIVER}"),
        inside => {
            format!("\"/{}**/*.age\" {DRIVER}", inside.replace('\\', r"\\").replace('"', "\\\""))
        }
    };
    if old.lines().any(|known| known == line) {
        return Ok(());
    }
    let separator = if old.is_empty() || old.ends_with('\n') { "" } else { "\n" };
    let folder = place.common_dir.join("info");
    fs::create_dir_all(&folder).map_err(GitError::io("make", &folder))?;
    fs::write(&file, format!("{old}{separator}{line}\n")).map_err(GitError::io("write", &file))
}
