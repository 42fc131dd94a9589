//! The network: what others have is fetched, and what is here pushed, with the git program,
//! because that knows the user's credentials and ssh set-up.

use std::ffi::OsString;
use std::path::Path;
use std::process::{Output, Stdio};
use std::time::SystemTime;

use gix::bstr::ByteSlice as _;

use super::error::GitError;
use super::history::repository;
use super::locate::Worktree;
use super::{Settings, program, refs, state};
use crate::git::reason::Reason;

/// Longest complaint, in characters.
const LONGEST_LINE: usize = 600;

/// The branch that is checked out, and the one of a remote that it follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Remote {
    /// As git's configuration names it, such as `origin`.
    pub(crate) name: String,
    /// The branch there, without `refs/heads/`.
    pub(crate) branch: String,
    /// Whether git's configuration says already that the branch follows that one.
    is_upstream: bool,
    /// Where what is here goes, by git's own rules (`push.default`, `remote.pushDefault`,
    /// `branch.*.pushRemote`; git-config(1)); `None` where those send it nowhere.
    pub(crate) target: Option<Target>,
    /// The branch that is checked out.
    pub(crate) here: String,
}

/// A branch of a remote that is pushed to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Target {
    remote: String,
    branch: String,
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
    // A fetch that failed leaves it empty.
    let written = std::fs::metadata(place.git_dir.join("FETCH_HEAD"));
    let written = written.ok().filter(|file| file.len() > 0);
    Ok(written.and_then(|file| file.modified().ok()))
}

/// Finds the remote branch that the branch which is checked out follows: the one that git's
/// configuration names, else the branch of the same name at the only remote, or at `origin`.
///
/// # Errors
/// [`GitError::NotReady`] where there is no repository, no branch is checked out, or something
/// is unfinished; [`GitError::NoRemote`].
pub(crate) fn remote(vault: &Path) -> Result<Remote, GitError> {
    let Some((place, repo)) = repository(vault)? else {
        let reason = Reason::without_repository(vault);
        return Err(GitError::NotReady { reason });
    };
    if let Some(operation) = state::unfinished(&place.git_dir) {
        return Err(GitError::NotReady { reason: Reason::InProgress(operation) });
    }
    let here = match refs::branch(&place, &repo)? {
        Some(name) => name.strip_prefix("refs/heads/").unwrap_or(&name).to_owned(),
        None => bookmark(&place)?.ok_or(GitError::NotReady { reason: Reason::Detached })?,
    };
    let config = repo.config_snapshot();
    let of_branch = |key: &str| {
        let value = config.string(format!("branch.{here}.{key}").as_str())?;
        Some(value.to_str_lossy().into_owned())
    };
    let merges =
        of_branch("merge").and_then(|name| Some(name.strip_prefix("refs/heads/")?.to_owned()));
    let word = |key: &str| Some(config.string(key)?.to_str_lossy().into_owned());
    let pushes_to = of_branch("pushRemote").or_else(|| word("remote.pushDefault"));
    if let (Some(name), Some(branch)) = (of_branch("remote"), merges) {
        let default = word("push.default");
        let target = target(&here, &name, &branch, pushes_to, default.as_deref());
        return Ok(Remote { name, branch, is_upstream: true, target, here });
    }
    let names: Vec<String> =
        repo.remote_names().iter().map(|name| name.to_str_lossy().into_owned()).collect();
    let name = match names.as_slice() {
        [only] => Some(only.clone()),
        several => several.iter().find(|name| *name == "origin").cloned(),
    };
    match name {
        Some(name) => {
            let remote = pushes_to.unwrap_or_else(|| name.clone());
            let target = Some(Target { remote, branch: here.clone() });
            // Nothing is checked out that could follow it.
            let is_upstream = place.is_jj();
            Ok(Remote { name, branch: here.clone(), is_upstream, target, here })
        }
        None => Err(GitError::NoRemote { work_tree: place.work_tree, several: !names.is_empty() }),
    }
}

/// The branch that a commit of jj's goes on from, the newest of several, or else the only one there is: jj
/// calls it a bookmark, and never checks one out.
fn bookmark(place: &Worktree) -> Result<Option<String>, GitError> {
    if !place.is_jj() {
        return Ok(None);
    }
    let list = |merged: &[&str]| -> Result<Vec<String>, GitError> {
        let words = ["for-each-ref", "--sort=-committerdate", "--format=%(refname)", "refs/heads/"];
        let names = program::answer(place, "read the branch", &[&words[..], merged].concat())?;
        let names = names.lines().filter_map(|name| name.strip_prefix("refs/heads/"));
        Ok(names.map(str::to_owned).collect())
    };
    if let Some(newest) = list(&["--merged=HEAD"])?.into_iter().next() {
        return Ok(Some(newest));
    }
    // A fetch moves a bookmark away from what goes on here.
    Ok(<[String; 1]>::try_from(list(&[])?).ok().map(|[only]| only))
}

/// Has the bookmark that was synced stand where HEAD does, which went on from it.
///
/// # Errors
/// [`GitError::Program`], [`GitError::Refused`].
pub(crate) fn move_bookmark(vault: &Path, remote: &Remote) -> Result<(), GitError> {
    let Some(place) = Worktree::find(vault)?.filter(Worktree::is_jj) else { return Ok(()) };
    let name = format!("refs/heads/{}", remote.here);
    let words = ["merge-base", "--is-ancestor", &name, "HEAD"];
    if program::answer(&place, "read the branch", &words).is_err() {
        return Ok(());
    }
    // Nothing to do where a branch is checked out after all.
    let head = program::answer(&place, "read the branch", &["rev-parse", "HEAD"])?;
    program::answer(&place, "move the branch", &["update-ref", &name, head.trim()]).map(drop)
}

/// Where a branch goes that follows the one of this remote and name. One of another name is pushed
/// to only where git was told so: it is mostly the branch that reviewed changes go to.
fn target(
    here: &str,
    name: &str,
    branch: &str,
    pushes_to: Option<String>,
    default: Option<&str>,
) -> Option<Target> {
    let remote = pushes_to.unwrap_or_else(|| name.to_owned());
    let branch = match default {
        _ if here == branch || remote != name => here,
        Some("upstream" | "tracking") => branch,
        Some("current") => here,
        _ => return None,
    };
    Some(Target { remote, branch: branch.to_owned() })
}

/// The branch of a remote that `rev` names, as in `origin/main`; `None` where it names another thing.
///
/// # Errors
/// As [`remote`].
pub(crate) fn remote_of(vault: &Path, rev: &str) -> Result<Option<Remote>, GitError> {
    let Some((_, repo)) = repository(vault)? else { return Ok(None) };
    let names = repo.remote_names();
    let named = names.iter().find_map(|name| {
        let branch = rev.strip_prefix(name.to_str().ok()?)?.strip_prefix('/')?;
        Some((name.to_str_lossy().into_owned(), branch.to_owned()))
    });
    let here = String::new();
    Ok(named.map(|(name, branch)| Remote { name, branch, is_upstream: true, target: None, here }))
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
    // By name: a clone of a single branch fetches no other, and one that is gone there stays known
    // here otherwise.
    let (name, branch) = (&remote.name, format!("refs/heads/{}", remote.branch));
    let spec = format!("+{branch}:refs/remotes/{name}/{}", remote.branch);
    let words = ["fetch", "-q", "--no-recurse-submodules", "--", name, &spec];
    match call(vault, "fetch", &words, may_ask) {
        Ok(()) => fetched(vault, remote),
        Err(error) => {
            // This ends with 2 where the remote answers, and has no such branch.
            let words = ["ls-remote", "-q", "--exit-code", "--", name, &branch];
            match exit_code(vault, "fetch", &words, may_ask)? {
                Some(2) => Ok(None),
                _ => Err(error),
            }
        }
    }
}

/// Returns the commit that the remote's branch stood at when it was fetched last, in hex.
///
/// # Errors
/// [`GitError::Gix`].
pub(crate) fn fetched(vault: &Path, remote: &Remote) -> Result<Option<String>, GitError> {
    let Some((place, repo)) = repository(vault)? else { return Ok(None) };
    let name = format!("refs/remotes/{}/{}", remote.name, remote.branch);
    Ok(refs::find(&place, &repo, &name)?.map(|commit| commit.to_string()))
}

/// The commit at which the branch stands that is pushed to, as last known, in hex, where that is another one
/// than is followed: a fork's.
///
/// # Errors
/// [`GitError::Gix`].
pub(crate) fn pushed_elsewhere(vault: &Path, remote: &Remote) -> Result<Option<String>, GitError> {
    let is_other = |to: &&Target| (&to.remote, &to.branch) != (&remote.name, &remote.branch);
    let Some(target) = remote.target.as_ref().filter(is_other) else { return Ok(None) };
    let Some((place, repo)) = repository(vault)? else { return Ok(None) };
    let name = format!("refs/remotes/{}/{}", target.remote, target.branch);
    Ok(refs::find(&place, &repo, &name)?.map(|commit| commit.to_string()))
}

/// Pushes the branch that is checked out to its target; without one nothing is done.
///
/// # Errors
/// [`GitError::Refused`], also where the remote has something that is not here;
/// [`GitError::Program`].
pub(crate) fn push(vault: &Path, remote: &Remote, may_ask: bool) -> Result<(), GitError> {
    let Some(target) = &remote.target else { return Ok(()) };
    let spec = format!("HEAD:refs/heads/{}", target.branch);
    let mut words = vec!["push", "-q"];
    if !remote.is_upstream {
        words.push("-u");
    }
    words.extend(["--", &target.remote, &spec]);
    call(vault, "push", &words, may_ask)
}

fn call(vault: &Path, action: &'static str, words: &[&str], may_ask: bool) -> Result<(), GitError> {
    let output = run(vault, action, words, may_ask)?;
    match output.status.success() {
        true => Ok(()),
        false => Err(GitError::Refused { action, line: complaint(&output.stderr) }),
    }
}

fn exit_code(
    vault: &Path,
    action: &'static str,
    words: &[&str],
    may_ask: bool,
) -> Result<Option<i32>, GitError> {
    Ok(run(vault, action, words, may_ask)?.status.code())
}

fn run(
    vault: &Path,
    action: &'static str,
    words: &[&str],
    may_ask: bool,
) -> Result<Output, GitError> {
    let Some(place) = Worktree::find(vault)? else {
        return Err(GitError::NotReady { reason: Reason::without_repository(vault) });
    };
    place.require_head()?;
    let mut settings = Settings::default();
    if !may_ask {
        settings.env.push(("GIT_TERMINAL_PROMPT", OsString::from("0")));
    }
    program::git(&place, &settings)
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| GitError::Program { action, source })
}

/// What git, ssh and the server say, in one line: advice and the place that was pushed to are left
/// out.
fn complaint(stderr: &[u8]) -> String {
    let text = stderr.to_str_lossy();
    let says = |line: &&str| {
        let said = line.strip_prefix("remote:").unwrap_or(line).trim();
        !said.is_empty() && !line.starts_with("hint:") && !line.starts_with("To ")
    };
    let lines: Vec<&str> = text.lines().map(str::trim).filter(says).collect();
    match lines.as_slice() {
        [] => "no reason given".to_owned(),
        lines => lines.join("; ").chars().take(LONGEST_LINE).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, complaint, target};

    #[test]
    fn a_branch_goes_where_git_would_send_it() {
        let goes = |here: &str, pushes_to: Option<&str>, default: Option<&str>| {
            let to = target(here, "origin", "main", pushes_to.map(str::to_owned), default);
            to.map(|Target { remote, branch }| format!("{remote}/{branch}"))
        };
        assert_eq!(goes("main", None, None).unwrap(), "origin/main");
        // Of another name: only where that was said.
        for default in [None, Some("simple"), Some("nothing"), Some("matching")] {
            assert_eq!(goes("feature", None, default), None);
        }
        assert_eq!(goes("feature", None, Some("upstream")).unwrap(), "origin/main");
        assert_eq!(goes("feature", None, Some("current")).unwrap(), "origin/feature");
        assert_eq!(goes("feature", Some("fork"), None).unwrap(), "fork/feature");
        assert_eq!(goes("main", Some("fork"), Some("upstream")).unwrap(), "fork/main");
    }

    #[test]
    fn all_that_was_said_is_told_without_advice() {
        let pushed = b"remote: \nremote: protected\nTo ../origin.git\n ! [rejected]  main -> main\nhint: x\n";
        assert_eq!(complaint(pushed), "remote: protected; ! [rejected]  main -> main");
        assert_eq!(
            complaint(b"ssh: no such host\nfatal: Could not read\n"),
            "ssh: no such host; fatal: Could not read"
        );
        // What is named stands on the line below.
        assert_eq!(
            complaint(b"fatal: unknown repository extension found:\n\trelativeworktrees\n"),
            "fatal: unknown repository extension found:; relativeworktrees"
        );
        assert_eq!(complaint(b""), "no reason given");
    }
}
