//! The `git` program, where gix cannot stand in for it: hooks, signatures, maintenance.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::commit::Request;
use super::reason::{Outcome, Reason};

/// Hooks that `git commit` would run.
const HOOKS: [&str; 4] = ["pre-commit", "prepare-commit-msg", "commit-msg", "post-commit"];
/// What git's own children must not see.
const WITHHELD: [&str; 4] = ["AUTHY_TOKEN", "AUTHY_KEYFILE", "AUTHY_IDENTITY", "AUTHY_PASSPHRASE"];
/// Loose objects in one of 256 folders from which git would think of tidying up (6700 / 256).
const MANY: usize = 27;

/// Whether commits here are signed or watched by hooks, which only the program does right.
pub(super) fn is_wanted(repo: &gix::Repository) -> bool {
    let signs = repo.config_snapshot().boolean("commit.gpgSign").unwrap_or(false);
    signs || HOOKS.iter().any(|hook| is_executable(&hooks_folder(repo).join(hook)))
}

fn hooks_folder(repo: &gix::Repository) -> PathBuf {
    let configured = repo.config_snapshot().trusted_path("core.hooksPath");
    match configured.ok().flatten() {
        Some(path) => repo.workdir().unwrap_or(repo.git_dir()).join(path),
        None => repo.common_dir().join("hooks"),
    }
}

fn is_executable(file: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    file.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

/// Makes the commit with `git commit --only`, which leaves the user's staged work alone.
pub(super) fn commit(repo: &gix::Repository, request: &Request<'_>, prefix: &str) -> Outcome {
    let Some(work_tree) = repo.workdir() else { return Outcome::Deferred(Reason::NoRepository) };
    let paths: Vec<String> = request
        .paths
        .iter()
        .map(|path| format!("{prefix}{path}"))
        .filter(|path| work_tree.join(path).symlink_metadata().is_ok() || is_tracked(repo, path))
        .collect();
    let git = Git { repo, work_tree, request };
    if let Err(reason) = git.run(&["add", "-A", "-f", "--"], &paths) {
        return Outcome::Deferred(reason);
    }
    if git.run(&["diff", "--cached", "--quiet", "HEAD", "--"], &paths).is_ok() {
        return Outcome::Nothing;
    }
    let message = request.message;
    let words = ["commit", "-q", "-m", message, "--only", "--"];
    match git.run(&words, &paths) {
        Ok(()) => {
            let id = repo.head_id().map(|id| id.to_string()).unwrap_or_default();
            Outcome::Committed { id }
        }
        Err(reason) => Outcome::Deferred(reason),
    }
}

fn is_tracked(repo: &gix::Repository, path: &str) -> bool {
    repo.open_index().is_ok_and(|index| index.entry_by_path(path.into()).is_some())
}

struct Git<'a> {
    repo: &'a gix::Repository,
    work_tree: &'a Path,
    request: &'a Request<'a>,
}

impl Git<'_> {
    /// Runs git silently; its first line of complaint becomes the reason.
    fn run(&self, words: &[&str], paths: &[String]) -> Result<(), Reason> {
        let mut command = Command::new("git");
        command.arg("-C").arg(self.work_tree).arg("--literal-pathspecs").args(words).args(paths);
        self.environment(&mut command);
        let output = command.stdin(Stdio::null()).output();
        let output = output.map_err(|error| Reason::GitRefused(error.to_string()))?;
        if output.status.success() {
            return Ok(());
        }
        let text = String::from_utf8_lossy(&output.stderr).into_owned();
        let line = text.lines().find(|line| !line.trim().is_empty());
        Err(Reason::GitRefused(line.unwrap_or("it gave no reason").to_owned()))
    }

    fn environment(&self, command: &mut Command) {
        WITHHELD.iter().for_each(|name| _ = command.env_remove(name));
        let name = self.request.fallback_author;
        for (present, who) in [
            (self.repo.author().is_some(), "AUTHOR"),
            (self.repo.committer().is_some(), "COMMITTER"),
        ] {
            if !present {
                command.env(format!("GIT_{who}_NAME"), name);
                command.env(format!("GIT_{who}_EMAIL"), format!("{name}@localhost"));
            }
        }
    }
}

/// Lets git tidy up now and then: gix never does. Looks at one of 256 folders, as git does;
/// a vault that is never tidied only grows, so a failure is no reason to trouble anybody.
pub(super) fn maintain(repo: &gix::Repository) {
    let folder = repo.common_dir().join("objects").join("17");
    if std::fs::read_dir(folder).map_or(0, Iterator::count) <= MANY {
        return;
    }
    let mut command = Command::new("git");
    WITHHELD.iter().for_each(|name| _ = command.env_remove(name));
    command.arg("-C").arg(repo.git_dir()).args(["maintenance", "run", "--auto", "--quiet"]);
    let quiet = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    let _ = quiet.spawn();
}
