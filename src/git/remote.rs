//! The network: what others have is fetched, and what is here pushed, with the git program,
//! because that knows the user's credentials and ssh set-up.

use std::ffi::OsString;
use std::path::Path;
use std::process::Stdio;
use std::time::SystemTime;

use gix::bstr::ByteSlice as _;

use super::error::GitError;
use super::history::repository;
use super::locate::Worktree;
use super::{Settings, program, state};
use crate::git::reason::Reason;

/// Longest line of complaint, in characters.
const LONGEST_LINE: usize = 200;

/// The branch that is checked out, and the one of a remote that it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remote {
    /// As git's configuration names it, such as `origin`.
    pub(crate) name: String,
    /// The branch there, without `refs/heads/`.
    pub(crate) branch: String,
    /// Whether git's configuration says already that the branch follows that one.
    is_upstream: bool,
}

impl Remote {
    /// The remote's branch as people write it, such as `origin/main`.
    pub(crate) fn shown(&self) -> String {
        format!("{}/{}", self.name, self.branch)
    }
}

/// When git last fetched something into this work tree, as `FETCH_HEAD` tells.
///
/// # Errors
/// [`GitError::Io`] and others where the repository cannot be found.
pub(crate) fn last_fetched(vault: &Path) -> Result<Option<SystemTime>, GitError> {
    let Some(place) = Worktree::find(vault)? else { return Ok(None) };
    let written = std::fs::metadata(place.git_dir.join("FETCH_HEAD"));
    Ok(written.and_then(|file| file.modified()).ok())
}

/// Finds the remote branch that the branch which is checked out follows: the one that git's
/// configuration names, else the branch of the same name at the only remote, or at `origin`.
///
/// # Errors
/// [`GitError::NotReady`] where there is no repository, no branch is checked out, or something
/// is unfinished; [`GitError::NoRemote`].
pub(crate) fn remote(vault: &Path) -> Result<Remote, GitError> {
    let Some((place, repo)) = repository(vault)? else {
        return Err(GitError::NotReady { reason: Reason::NoRepository });
    };
    if let Some(operation) = state::unfinished(&place.git_dir) {
        return Err(GitError::NotReady { reason: Reason::InProgress(operation) });
    }
    let head = repo.head_name().map_err(GitError::gix("read the branch"))?;
    let Some(head) = head else { return Err(GitError::NotReady { reason: Reason::Detached }) };
    let here = head.shorten().to_str_lossy().into_owned();
    let config = repo.config_snapshot();
    let of_branch = |key: &str| {
        let value = config.string(format!("branch.{here}.{key}").as_str())?;
        Some(value.to_str_lossy().into_owned())
    };
    let merges =
        of_branch("merge").and_then(|name| Some(name.strip_prefix("refs/heads/")?.to_owned()));
    if let (Some(name), Some(branch)) = (of_branch("remote"), merges) {
        return Ok(Remote { name, branch, is_upstream: true });
    }
    let names: Vec<String> =
        repo.remote_names().iter().map(|name| name.to_str_lossy().into_owned()).collect();
    let name = match names.as_slice() {
        [only] => Some(only.clone()),
        several => several.iter().find(|name| *name == "origin").cloned(),
    };
    match name {
        Some(name) => Ok(Remote { name, branch: here, is_upstream: false }),
        None => Err(GitError::NoRemote { work_tree: place.work_tree, several: !names.is_empty() }),
    }
}

/// Fetches what the remote has; returns the commit that its branch stands at, in hex, and
/// `None` where it has no such branch yet. Where `may_ask`, git may ask for credentials on the
/// terminal.
///
/// # Errors
/// [`GitError::Refused`], [`GitError::Program`], [`GitError::Gix`].
pub(crate) fn fetch(
    vault: &Path,
    remote: &Remote,
    may_ask: bool,
) -> Result<Option<String>, GitError> {
    call(vault, "fetch", &["fetch", "-q", "--no-recurse-submodules", "--", &remote.name], may_ask)?;
    fetched(vault, remote)
}

/// Returns the commit that the remote's branch stood at when it was fetched last, in hex.
///
/// # Errors
/// [`GitError::Gix`].
pub(crate) fn fetched(vault: &Path, remote: &Remote) -> Result<Option<String>, GitError> {
    let Some((_, repo)) = repository(vault)? else { return Ok(None) };
    let name = format!("refs/remotes/{}/{}", remote.name, remote.branch);
    let read = || -> gix::Result<Option<String>> {
        match repo.try_find_reference(name.as_str())? {
            Some(mut found) => Ok(Some(found.peel_to_id()?.to_string())),
            None => Ok(None),
        }
    };
    read().map_err(GitError::gix("read the branch"))
}

/// Pushes the branch that is checked out.
///
/// # Errors
/// [`GitError::Refused`], also where the remote has something that is not here;
/// [`GitError::Program`].
pub(crate) fn push(vault: &Path, remote: &Remote, may_ask: bool) -> Result<(), GitError> {
    let spec = format!("HEAD:refs/heads/{}", remote.branch);
    let mut words = vec!["push", "-q"];
    if !remote.is_upstream {
        words.push("-u");
    }
    words.extend(["--", &remote.name, &spec]);
    call(vault, "push", &words, may_ask)
}

fn call(vault: &Path, action: &'static str, words: &[&str], may_ask: bool) -> Result<(), GitError> {
    let Some(place) = Worktree::find(vault)? else {
        return Err(GitError::NotReady { reason: Reason::NoRepository });
    };
    place.require_head()?;
    let mut settings = Settings::default();
    if !may_ask {
        settings.env.push(("GIT_TERMINAL_PROMPT", OsString::from("0")));
    }
    let output = program::git(&place, &settings)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| GitError::Program { action, source })?;
    match output.status.success() {
        true => Ok(()),
        false => Err(GitError::Refused { action, line: complaint(&output.stderr) }),
    }
}

/// The line that says most: git's own verdict, which may stand below what ssh or a hook said.
fn complaint(stderr: &[u8]) -> String {
    let text = stderr.to_str_lossy();
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    let verdict = lines().find(|line| line.starts_with("! ") || line.starts_with("fatal: "));
    let line = verdict.or_else(|| lines().next()).unwrap_or("no reason given");
    line.chars().take(LONGEST_LINE).collect()
}

#[cfg(test)]
mod tests {
    use super::complaint;

    #[test]
    fn the_verdict_is_found_among_other_lines() {
        let pushed = b"To ../origin.git\n ! [rejected]  main -> main (fetch first)\nhint: x\n";
        assert_eq!(complaint(pushed), "! [rejected]  main -> main (fetch first)");
        assert_eq!(
            complaint(b"ssh: no such host\nfatal: Could not read\n"),
            "fatal: Could not read"
        );
        assert_eq!(complaint(b"\nremote: no\n"), "remote: no");
        assert_eq!(complaint(b""), "no reason given");
    }
}
