//! Commits and questions against real repositories, with the git program as the judge.

mod committing;
mod deferring;
mod finding;
mod identity;
mod past;
mod program;
mod together;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::time::Duration;

use tempfile::TempDir;

use crate::skipped::command;

use super::{GitError, Outcome, Reason, Request, Settings, commit_with};

/// A home, and a vault in it, that see nothing of the machine's git configuration.
struct Sandbox {
    dir: TempDir,
    vault: PathBuf,
}

impl Sandbox {
    /// A vault that is a new repository.
    fn new() -> Self {
        let sandbox = Self::bare();
        let workshop = sandbox.dir.path().join("workshop");
        std::fs::create_dir(&workshop).unwrap();
        let options = gix::open::Options::isolated();
        super::init::init_with(&sandbox.vault, &workshop, options).unwrap();
        for (key, value) in [("user.name", "Ann"), ("user.email", "ann@example.org")] {
            sandbox.git(&["config", key, value]);
        }
        sandbox
    }

    /// A vault without a repository.
    fn bare() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let vault = dir.path().canonicalize().unwrap().join("vault");
        fs::create_dir(&vault).unwrap();
        Self { dir, vault }
    }

    /// A new repository with one commit of `first`.
    fn started() -> Self {
        let sandbox = Self::new();
        sandbox.write("first", "1");
        sandbox.committed(&["first"]);
        sandbox
    }

    fn settings(&self) -> Settings {
        let env = vec![
            ("HOME", self.dir.path().into()),
            ("XDG_CONFIG_HOME", self.dir.path().join("none").into()),
            ("GIT_CONFIG_GLOBAL", "/dev/null".into()),
            ("GIT_CONFIG_NOSYSTEM", "1".into()),
        ];
        let wait = Some(Duration::from_millis(20));
        Settings { options: gix::open::Options::isolated(), wait, env }
    }

    fn path(&self, path: &str) -> PathBuf {
        self.vault.join(path)
    }

    fn write(&self, path: &str, content: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }

    fn write_bytes(&self, path: &str, content: &[u8]) {
        self.write(path, "");
        fs::write(self.path(path), content).unwrap();
    }

    fn script(&self, path: &str, body: &str) {
        use std::os::unix::fs::PermissionsExt as _;
        self.write(path, &format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(self.path(path), fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn commit(&self, paths: &[&str]) -> Result<Outcome, GitError> {
        self.commit_in(&self.vault, paths, "Change files")
    }

    fn commit_in(&self, vault: &Path, paths: &[&str], message: &str) -> Result<Outcome, GitError> {
        let paths: Vec<String> = paths.iter().map(|path| (*path).to_owned()).collect();
        let request = Request { vault, paths: &paths, message, fallback_author: "alice" };
        commit_with(&request, &self.settings())
    }

    /// Commits, and returns the id, which HEAD then has.
    fn committed(&self, paths: &[&str]) -> String {
        match self.commit(paths).unwrap() {
            Outcome::Committed { id, .. } => {
                assert_eq!(self.git(&["rev-parse", "HEAD"]), id);
                id
            }
            other => panic!("{other:?}"),
        }
    }

    fn deferred(&self, paths: &[&str]) -> super::Reason {
        match self.commit(paths).unwrap() {
            Outcome::Deferred(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    /// Runs git in the vault; its output, trimmed at the end.
    fn git(&self, arguments: &[&str]) -> String {
        self.git_in(&self.vault, arguments)
    }

    fn git_in(&self, dir: &Path, arguments: &[&str]) -> String {
        let output = self.try_git(dir, arguments);
        let stderr = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "git {arguments:?}: {stderr}");
        String::from_utf8(output.stdout).unwrap().trim_end().to_owned()
    }

    fn try_git(&self, dir: &Path, arguments: &[&str]) -> Output {
        let mut command = command("git");
        command.env_clear().env("PATH", std::env::var_os("PATH").unwrap());
        command.envs(self.settings().env).arg("-C").arg(dir).args(arguments);
        command.output().unwrap()
    }

    fn status(&self) -> String {
        self.git(&["status", "--porcelain", "--untracked-files=all"])
    }

    /// The files of the last commit, with how they changed.
    fn last(&self) -> String {
        let show = ["show", "--format=", "--name-status", "--no-renames", "HEAD"];
        self.git(&show).replace('\t', " ")
    }

    /// Asserts that git finds the repository sound and the work tree clean.
    fn assert_clean(&self) {
        assert_eq!(self.status(), "");
        self.assert_sound();
    }

    fn assert_sound(&self) {
        self.git(&["fsck", "--strict", "--no-dangling"]);
        let names = fs::read_dir(self.vault.join(".git")).map_or_else(|_| vec![], names_of);
        assert!(!names.iter().any(|n| n.ends_with("lock") || n.contains("authy")), "{names:?}");
    }
}

fn names_of(entries: fs::ReadDir) -> Vec<String> {
    entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect()
}

/// The reason without what depends on the clock.
fn ageless(reason: Reason) -> Reason {
    match reason {
        Reason::IndexLocked { lock, .. } => Reason::IndexLocked { lock, age: None },
        other => other,
    }
}
