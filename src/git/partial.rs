//! Partial clones (`git clone --filter`, gitglossary(7)): what was left out is fetched by the git program
//! before it is read. Everywhere else nothing is done here.

use std::path::Path;
use std::process::{Command, Stdio};

use gix::ObjectId;
use gix::bstr::ByteSlice as _;

use super::error::GitError;
use super::kind::Part;
use super::locate::Worktree;
use super::{Settings, program};

const ACTION: &str = "fetch what a partial clone left out";

/// Has those of the objects `ids` here that a partial clone lacks, all in one go.
///
/// # Errors
/// [`GitError::LeftOut`]: the remote cannot be reached; [`GitError::Program`].
pub(super) fn bring(
    place: &Worktree,
    repo: &gix::Repository,
    ids: impl IntoIterator<Item = ObjectId>,
) -> Result<(), GitError> {
    if place.kind().part.is_none() {
        return Ok(());
    }
    let mut lacking: Vec<ObjectId> = ids.into_iter().filter(|id| !repo.has_object(*id)).collect();
    lacking.sort_unstable();
    lacking.dedup();
    match lacking.as_slice() {
        [] => Ok(()),
        // Git fetches what it is asked for and does not have.
        [one] => asked(place, &["cat-file", "-e", &one.to_string()]).map(drop),
        several => fetch(place, several),
    }
}

/// Has all folders of a commit here.
///
/// # Errors
/// As [`bring`].
pub(super) fn bring_folders(place: &Worktree, commit: ObjectId) -> Result<(), GitError> {
    if place.kind().part != Some(Part::Folders) {
        return Ok(());
    }
    let commit = commit.to_string();
    asked(place, &["ls-tree", "-r", "-t", "--name-only", &commit]).map(drop)
}

/// Has all that commits behind `from` gave the file at `path` here.
///
/// # Errors
/// As [`bring`].
pub(super) fn bring_past(
    place: &Worktree,
    repo: &gix::Repository,
    from: ObjectId,
    path: &str,
) -> Result<(), GitError> {
    if place.kind().part.is_none() {
        return Ok(());
    }
    // What commits differ in is told from folders, which git fetches where they are lacking too.
    let mut words = vec!["-c", "log.showSignature=false", "log", "--raw", "--no-abbrev", "-m"];
    let from = from.to_string();
    words.extend(["--root", "--no-renames", "--no-relative", "--format=", &from, "--", path]);
    let told = asked(place, &words)?;
    // `:MODE MODE BEFORE AFTER STATUS<tab>PATH` (git-diff-tree(1))
    let ids = told.lines().filter_map(|line| line.strip_prefix(':'));
    let ids = ids.flat_map(|line| line.split(' ').skip(2).take(2));
    let ids = ids.filter_map(|id| ObjectId::from_hex(id.as_bytes()).ok());
    bring(place, repo, ids.filter(|id| !id.is_null()))
}

/// Has all that branches, tags and the reflog lead to here.
///
/// # Errors
/// As [`bring`].
pub(super) fn bring_all(folder: &Path) -> Result<(), GitError> {
    let Some(place) = Worktree::find(folder)?.filter(|place| place.kind().part.is_some()) else {
        return Ok(());
    };
    // What folders name that are not here comes to light once those are.
    loop {
        let words = ["rev-list", "--objects", "--missing=print", "--all", "--reflog"];
        let told = asked(&place, &words)?;
        let lacking = told.lines().filter_map(|line| line.strip_prefix('?'));
        let lacking: Vec<_> =
            lacking.filter_map(|id| ObjectId::from_hex(id.as_bytes()).ok()).collect();
        if lacking.is_empty() {
            return Ok(());
        }
        fetch(&place, &lacking)?;
    }
}

/// Fetches objects by name, as git itself does what it lacks of a partial clone: without looking for
/// commits in common, and noting nothing.
fn fetch(place: &Worktree, ids: &[ObjectId]) -> Result<(), GitError> {
    let failed = |source| GitError::Program { action: ACTION, source };
    let named = ["config", "--get-regexp", r"^remote\..*\.promisor$"];
    let named = program::answer(place, ACTION, &named).unwrap_or_default();
    let remote = named.lines().find_map(|line| {
        line.strip_prefix("remote.")?.split_once(".promisor ").map(|(name, _)| name)
    });
    let extension = || program::answer(place, ACTION, &["config", "extensions.partialClone"]);
    let remote = match remote {
        Some(name) => name.to_owned(),
        None => extension()?.trim().to_owned(),
    };
    let mut command = git(place);
    command.args(["-c", "fetch.negotiationAlgorithm=noop", "fetch", "-q", "--no-tags"]);
    command.args(["--no-write-fetch-head", "--recurse-submodules=no", "--filter=blob:none"]);
    command.args(["--stdin", "--", &remote]);
    let ids: String = ids.iter().map(|id| format!("{id}\n")).collect();
    let output = program::fed(command, ids.as_bytes()).map_err(failed)?;
    match output.status.success() {
        true => Ok(()),
        false => {
            let line = program::complaint(&output.stderr);
            Err(GitError::LeftOut { line })
        }
    }
}

/// What git answers, that fetches what it lacks for it.
fn asked(place: &Worktree, words: &[&str]) -> Result<String, GitError> {
    let output = git(place).args(words).stdin(Stdio::null()).output();
    let output = output.map_err(|source| GitError::Program { action: ACTION, source })?;
    match output.status.success() {
        true => Ok(output.stdout.to_str_lossy().into_owned()),
        false => Err(GitError::LeftOut { line: program::complaint(&output.stderr) }),
    }
}

/// Prepares a call. Who asked for something else is not asked for a password in the middle of it.
fn git(place: &Worktree) -> Command {
    let mut command = program::git(place, &Settings::default());
    command.env("GIT_TERMINAL_PROMPT", "0");
    command
}
