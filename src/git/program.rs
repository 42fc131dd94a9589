//! Commits made by the git program: where hooks, signatures or the repository's format need it.
//!
//! Paths go through standard input, so that thousands fit, and are taken literally. What the
//! program prints is kept, not shown; its first line of complaint becomes the reason for waiting.

use std::io::{self, Read, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::Duration;

use gix::bstr::{BStr, BString, ByteSlice as _};

use super::error::GitError;
use super::file::Folder;
use super::locate::Worktree;
use super::{Job, Outcome, Reason, Settings, install, left_locks, lock, state};
use crate::secret::WITHHELD;

/// Variables that must not reach git, hooks and signing programs, besides what opens secrets:
/// what a hook would hand down about its own repository.
const REMOVED: [&str; 14] = [
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_IMPLICIT_WORK_TREE",
    "GIT_GRAFT_FILE",
    "GIT_SHALLOW_FILE",
    // Git refuses these beside literal paths.
    "GIT_GLOB_PATHSPECS",
    "GIT_NOGLOB_PATHSPECS",
    "GIT_ICASE_PATHSPECS",
];

/// Hooks that `git commit` runs.
const HOOKS: [&str; 6] = [
    "pre-commit",
    "prepare-commit-msg",
    "commit-msg",
    "post-commit",
    "reference-transaction",
    "post-index-change",
];

/// Longest line of complaint, in characters.
const LONGEST_LINE: usize = 200;
/// Most of a complaint that is kept, in bytes.
const KEPT: usize = 1 << 16;
/// How long a complaint may lag behind the end of the program.
const LAG: Duration = Duration::from_millis(500);

/// Tells whether this repository asks for something that gix does not do.
pub(super) fn is_needed(repo: &gix::Repository, place: &Worktree) -> bool {
    let config = repo.config_snapshot();
    // gix ignores part of the configuration in folders of another user, git does not.
    !place.is_owned
        || config.boolean("commit.gpgSign") == Some(true)
        || config.string("core.sharedRepository").is_some()
        || config.string("core.fsync").is_some()
        || config.plumbing().sections_by_name("hook").is_some()
        || has_hooks(&config, place)
}

fn has_hooks(config: &gix::config::Snapshot<'_>, place: &Worktree) -> bool {
    let folder = match config.trusted_path("core.hooksPath") {
        Ok(Some(path)) => place.work_tree.join(path),
        Ok(None) => place.common_dir.join("hooks"),
        Err(_) => return true,
    };
    let is_executable = |hook: &&str| {
        let path = folder.join(hook);
        let is_program =
            path.metadata().is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0);
        // Ours looks at what people commit by hand.
        is_program && !install::is_ours(&path)
    };
    HOOKS.iter().any(is_executable)
}

/// Commits the paths of `job` with the git program.
///
/// # Errors
/// [`GitError::NotRegular`], [`GitError::Io`], [`GitError::Program`].
pub(super) fn commit(job: &Job<'_>) -> Result<Outcome, GitError> {
    let place = &job.place;
    if let Some(operation) = state::unfinished(&place.git_dir) {
        return Ok(Outcome::Deferred(Reason::InProgress(operation)));
    }
    let folder = Folder::open(&place.vault)?;
    for path in &job.paths {
        folder.find(path)?;
    }
    if !lock::wait_until_free(&place.index(), job.settings.wait(), &|| left_locks::remove(place)) {
        let lock = lock::path_of(&place.index());
        return Ok(Outcome::Deferred(Reason::index_locked(lock)));
    }
    match run(job) {
        Ok(outcome) => Ok(outcome),
        Err(Stop::Deferred(reason)) => Ok(Outcome::Deferred(reason)),
        Err(Stop::Failed(error)) => Err(error),
    }
}

/// Asks git something; returns what it answers.
///
/// # Errors
/// [`GitError::Program`], [`GitError::Refused`].
pub(super) fn answer(
    place: &Worktree,
    action: &'static str,
    words: &[&str],
) -> Result<String, GitError> {
    let output = git(place, &Settings::default())
        .args(words)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| GitError::Program { action, source })?;
    match output.status.success() {
        true => Ok(output.stdout.to_str_lossy().into_owned()),
        false => Err(GitError::Refused { action, line: complaint(&output.stderr) }),
    }
}

/// Whether git leaves this path out; a file that it tracks it does not leave out.
///
/// # Errors
/// [`GitError::Program`], [`GitError::Refused`].
pub(super) fn ignores(
    place: &Worktree,
    path: &Path,
    settings: &Settings,
) -> Result<bool, GitError> {
    const ACTION: &str = "ask git what it ignores";
    let output = git(place, settings)
        // This command knows no literal pathspecs, and takes none.
        .args(["--no-literal-pathspecs", "check-ignore", "-q", "--"])
        .arg(path)
        .stdin(Stdio::null())
        .output()
        .map_err(|source| GitError::Program { action: ACTION, source })?;
    match output.status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(GitError::Refused { action: ACTION, line: complaint(&output.stderr) }),
    }
}

/// Runs a call that reads `input` and whose answer is of no interest.
pub(super) fn fed(mut command: Command, input: &[u8]) -> io::Result<Output> {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    if let Some(mut stdin) = child.stdin.take() {
        // A program that ends early says why by itself.
        let _ = stdin.write_all(input);
    }
    child.wait_with_output()
}

/// Prepares a call of git in the work tree of `place`.
pub(super) fn git(place: &Worktree, settings: &Settings) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(&place.work_tree).arg("--literal-pathspecs");
    // What it writes is to be there after a power cut, as what authy writes (git-config(1)).
    command.args(["-c", "core.fsync=all"]);
    for name in WITHHELD.into_iter().chain(REMOVED) {
        command.env_remove(name);
    }
    command.envs(settings.env.iter().map(|(name, value)| (name, value)));
    command
}

/// Prepares a call of git in a folder of whatever repository, which is only read.
pub(super) fn git_at(folder: &Path) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder);
    for name in WITHHELD.into_iter().chain(REMOVED) {
        command.env_remove(name);
    }
    // What a partial clone lacks stays where it is, and no index is written.
    command.env("GIT_NO_LAZY_FETCH", "1").env("GIT_OPTIONAL_LOCKS", "0");
    command
}

/// Keeps the program from reading and printing.
pub(super) fn silent(command: &mut Command) -> &mut Command {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null())
}

/// Why a sequence of calls ended early.
#[derive(Debug)]
enum Stop {
    Deferred(Reason),
    Failed(GitError),
}

impl Stop {
    fn io(source: io::Error) -> Self {
        match source.kind() {
            io::ErrorKind::NotFound => Self::Deferred(Reason::NoProgram),
            _ => Self::Failed(GitError::Program { action: "commit", source }),
        }
    }
}

fn run(job: &Job<'_>) -> Result<Outcome, Stop> {
    if !job.place.is_jj() && !answers(job, &["symbolic-ref", "-q", "HEAD"])? {
        return Err(Stop::Deferred(Reason::Detached));
    }
    let paths: Vec<BString> = job.paths.iter().map(|path| job.place.full(path)).collect();
    // Unlike `git add`, this takes ignored files, and missing ones that were never tracked.
    let update = ["update-index", "-z", "--add", "--remove", "--stdin"];
    feed(call(job, &update), paths.iter().map(|path| path.as_bstr()))?;
    let differing = if answers(job, &["rev-parse", "-q", "--verify", "HEAD"])? {
        ask(job, &["diff-index", "--cached", "--no-renames", "--name-only", "-z", "HEAD"])?
    } else {
        ask(job, &["ls-files", "-z"])?
    };
    // `git commit` refuses paths that it has never seen, such as one that came and went.
    let changed: Vec<&BStr> = differing
        .split(|byte| *byte == 0)
        .map(BStr::new)
        .filter(|path| paths.binary_search_by(|known| known.as_bstr().cmp(path)).is_ok())
        .collect();
    if changed.is_empty() {
        return Ok(Outcome::Nothing);
    }
    let options = ["commit", "-q", "--only", "--cleanup=whitespace", "-m", &job.message];
    let mut command = call(job, &options);
    command.args(["--pathspec-from-file=-", "--pathspec-file-nul"]);
    let known = |question: &str| answers(job, &["-c", "user.useConfigOnly=true", "var", question]);
    name_people(&mut command, job.author, known)?;
    if let Err(stop) = feed(command, changed.iter().copied()) {
        // Left in the index, our paths would slip into the user's next commit.
        let reset = ["reset", "-q", "--pathspec-from-file=-", "--pathspec-file-nul"];
        let _ = feed(call(job, &reset), changed.into_iter());
        return Err(stop);
    }
    let id = ask(job, &["rev-parse", "HEAD"])?;
    let parent = ask(job, &["rev-parse", "-q", "--verify", "HEAD^1"]).ok();
    let text = |answer: Vec<u8>| answer.trim().to_str_lossy().into_owned();
    Ok(Outcome::Committed { id: text(id), parent: parent.map(text) })
}

/// Gives a name to whoever has none for git.
fn name_people<E>(
    command: &mut Command,
    fallback: &str,
    is_known: impl Fn(&str) -> Result<bool, E>,
) -> Result<(), E> {
    for (question, name, email) in [
        ("GIT_AUTHOR_IDENT", "GIT_AUTHOR_NAME", "GIT_AUTHOR_EMAIL"),
        ("GIT_COMMITTER_IDENT", "GIT_COMMITTER_NAME", "GIT_COMMITTER_EMAIL"),
    ] {
        if !is_known(question)? {
            command.env(name, fallback).env(email, format!("{fallback}@localhost"));
        }
    }
    Ok(())
}

/// Makes a signed commit of a tree and its parents, given in this order; returns its id.
///
/// # Errors
/// [`GitError::Program`], [`GitError::Refused`].
pub(super) fn signed_commit(
    place: &Worktree,
    fallback_author: &str,
    message: &str,
    objects: &[gix::ObjectId],
) -> Result<String, GitError> {
    const ACTION: &str = "commit";
    let failed = |source| GitError::Program { action: ACTION, source };
    let settings = Settings::default();
    let mut command = git(place, &settings);
    command.args(["commit-tree", "-S", "-m", message]);
    for (nth, object) in objects.iter().enumerate() {
        if nth > 0 {
            command.arg("-p");
        }
        command.arg(object.to_string());
    }
    let known = |question: &str| {
        let mut ask = git(place, &settings);
        ask.args(["-c", "user.useConfigOnly=true", "var", question]);
        silent(&mut ask).status().map(|status| status.success())
    };
    name_people(&mut command, fallback_author, known).map_err(failed)?;
    let output = command.stdin(Stdio::null()).output().map_err(failed)?;
    if output.status.success() {
        return Ok(output.stdout.to_str_lossy().into_owned());
    }
    Err(GitError::Refused { action: ACTION, line: complaint(&output.stderr) })
}

fn call(job: &Job<'_>, arguments: &[&str]) -> Command {
    let mut command = git(&job.place, job.settings);
    command.args(arguments);
    command
}

/// Tells whether git answers yes.
fn answers(job: &Job<'_>, question: &[&str]) -> Result<bool, Stop> {
    let status = silent(&mut call(job, question)).status().map_err(Stop::io)?;
    Ok(status.success())
}

/// Returns what git answers.
fn ask(job: &Job<'_>, question: &[&str]) -> Result<Vec<u8>, Stop> {
    let output = call(job, question).stdin(Stdio::null()).output().map_err(Stop::io)?;
    if output.status.success() {
        return Ok(output.stdout);
    }
    Err(Stop::Deferred(Reason::GitRefused { line: complaint(&output.stderr) }))
}

/// Runs git with `paths` on its standard input.
///
/// A hook may leave something running that keeps standard error open, so the end of the program
/// is waited for, not the end of what it prints.
fn feed<'a>(mut command: Command, paths: impl Iterator<Item = &'a BStr>) -> Result<(), Stop> {
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().map_err(Stop::io)?;
    let (sender, receiver) = mpsc::channel();
    if let Some(stderr) = child.stderr.take() {
        thread::spawn(move || drain(stderr, &sender));
    }
    if let Some(mut stdin) = child.stdin.take() {
        let input: Vec<u8> = paths.flat_map(|path| [path.as_bytes(), b"\0"].concat()).collect();
        // A program that ends early says why by itself.
        let _ = stdin.write_all(&input);
    }
    if child.wait().map_err(Stop::io)?.success() {
        return Ok(());
    }
    let line = complaint(&heard(&receiver));
    Err(Stop::Deferred(Reason::GitRefused { line }))
}

/// Reads all that is printed, so that nobody waits for a reader, and passes the beginning on.
fn drain(mut stderr: impl Read, sender: &Sender<Vec<u8>>) {
    let (mut buffer, mut sent) = ([0; 4096], 0);
    while let Ok(count @ 1..) = stderr.read(&mut buffer) {
        if sent < KEPT {
            sent += count;
            let _ = sender.send(buffer[..count].to_vec());
        }
    }
}

fn heard(receiver: &Receiver<Vec<u8>>) -> Vec<u8> {
    let mut all = Vec::new();
    while let Ok(part) = receiver.recv_timeout(LAG) {
        all.extend(part);
    }
    all
}

/// The first line that says something.
pub(super) fn complaint(stderr: &[u8]) -> String {
    let text = stderr.to_str_lossy();
    let line = text.lines().map(str::trim).find(|line| !line.is_empty());
    line.unwrap_or("no reason given").chars().take(LONGEST_LINE).collect()
}
