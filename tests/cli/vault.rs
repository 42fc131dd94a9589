//! What tests do to a vault and read from it without authy: plain files, git, age.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::harness::{Call, Sandbox, needs};
use crate::outcome::Done;

impl Sandbox {
    /// Stores values, one commit each; no newline is added or dropped.
    pub(crate) fn store<const N: usize>(&self, secrets: [(&str, &str); N]) {
        for (name, value) in secrets {
            self.authy(["store", name, "--raw"]).stdin(value).ok();
        }
    }

    /// Creates a policy that allows these patterns.
    pub(crate) fn policy<const N: usize>(&self, scope: &str, allow: [&str; N]) {
        let mut words = vec!["policy", "create", scope];
        for pattern in allow {
            words.extend(["--allow", pattern]);
        }
        self.authy(words).ok();
    }

    /// Asserts that `get` prints exactly this.
    pub(crate) fn holds(&self, name: &str, value: impl AsRef<[u8]>) {
        self.authy(["get", name]).ok().stdout_is(value);
    }

    /// Asserts that `get` finds no such secret.
    pub(crate) fn lacks(&self, name: &str) {
        self.authy(["get", name]).fails(3).stderr_has(name);
    }

    /// Names a file of the vault.
    pub(crate) fn file(&self, inside: &str) -> PathBuf {
        self.vault().join(inside)
    }

    /// Names the only file below a vault folder that has this ending.
    pub(crate) fn only_file(&self, folder: &str, ending: &str) -> PathBuf {
        let mut found = files_below(&self.file(folder));
        found.retain(|path| path.to_str().unwrap().ends_with(ending));
        assert_eq!(found.len(), 1, "{found:?}");
        found.into_iter().next().unwrap()
    }

    /// Runs git in the vault and gives what it printed, without the last newline.
    pub(crate) fn git<const N: usize>(&self, words: [&str; N]) -> String {
        self.git_in(&self.vault(), words)
    }

    pub(crate) fn git_in<const N: usize>(&self, folder: &Path, words: [&str; N]) -> String {
        self.program("git", words).dir(folder).ok().text().trim_end_matches('\n').to_owned()
    }

    pub(crate) fn head(&self) -> String {
        self.git(["rev-parse", "HEAD"])
    }

    /// Gives the subjects of all commits, newest first.
    pub(crate) fn log(&self) -> Vec<String> {
        self.git(["log", "--format=%s"]).lines().map(str::to_owned).collect()
    }

    /// Asserts that git sees nothing to do in the vault.
    pub(crate) fn is_clean(&self) {
        assert_eq!(self.git(["status", "--porcelain"]), "");
    }

    /// Decrypts with the age program and the identity of the sandbox.
    pub(crate) fn age_decrypt(&self, file: &Path) -> Done {
        let key = self.key();
        self.program("age", [Path::new("-d"), Path::new("-i"), &key, file]).ok()
    }

    /// Runs a script while nobody can write to `folder`. `None` where that cannot be arranged.
    pub(crate) fn read_only(&self, folder: &Path, script: &str) -> Option<Call<'_>> {
        let folder = folder.display();
        if !rustix::process::getuid().is_root() {
            let script = format!(
                "chmod -R a-w {folder}; ({script}); code=$?; chmod -R u+w {folder}; exit $code"
            );
            return Some(self.sh(&script));
        }
        let mount = format!("mount --bind {folder} {folder} && mount -o remount,bind,ro {folder}");
        let possible = needs(["unshare"])
            && self.program("unshare", ["-m", "sh", "-c", &mount]).ends().code == 0;
        if !possible {
            eprintln!("left out: root without the right to mount");
            return None;
        }
        let script = format!("{mount} && {{ {script}; }}");
        Some(self.program("unshare", ["-m", "sh", "-c", &script]))
    }

    /// Clones the vault as git does.
    pub(crate) fn clone_vault(&self, to: &Path) {
        let vault = self.vault();
        let words = ["clone", "-q", vault.to_str().unwrap(), to.to_str().unwrap()];
        self.program("git", words).ok();
    }

    /// Makes an identity for somebody else, as any tool does; gives its file and its
    /// recipient. The vault that it comes with is not used.
    pub(crate) fn outsider(&self, name: &str) -> (PathBuf, String) {
        let made = self
            .authy(["init", "--member", name, "--json"])
            .env("HOME", self.path(name))
            .env("XDG_STATE_HOME", self.path(format!("{name}-state")))
            .ok()
            .json();
        let text = |key: &str| made[key].as_str().unwrap().to_owned();
        (PathBuf::from(text("keyfile")), text("recipient"))
    }

    /// Reads the audit trail as authy tells it.
    pub(crate) fn trail(&self) -> Vec<Value> {
        self.authy(["audit", "export"]).ok().json().as_array().unwrap().clone()
    }

    /// Gives the newest entry of the trail.
    pub(crate) fn last_entry(&self) -> Value {
        self.trail().pop().unwrap()
    }

    /// Asserts that the whole trail verifies.
    pub(crate) fn verifies(&self) {
        self.authy(["audit", "verify"]).ok();
    }
}

/// Lists the files in a folder and in the folders below it, sorted.
pub(crate) fn files_below(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        match path.is_dir() {
            true => found.extend(files_below(&path)),
            false => found.push(path),
        }
    }
    found.sort();
    found
}

/// Names the chain that a segment belongs to.
pub(crate) fn chain_of(segment: &Path) -> &str {
    segment.parent().and_then(Path::file_name).and_then(std::ffi::OsStr::to_str).unwrap()
}

/// Reads a file of the vault as text.
pub(crate) fn text(path: &Path) -> String {
    fs::read_to_string(path).unwrap()
}

/// Replaces the first occurrence of `from`; there must be one.
pub(crate) fn edit(path: &Path, from: &str, to: &str) {
    let before = text(path);
    assert!(before.contains(from), "no '{from}' in {}:\n{before}", path.display());
    fs::write(path, before.replacen(from, to, 1)).unwrap();
}

/// Changes one bit of one byte.
pub(crate) fn flip(path: &Path, position: usize) {
    let mut bytes = fs::read(path).unwrap();
    bytes[position] ^= 1;
    fs::write(path, bytes).unwrap();
}

/// Gives the permission bits of a path.
pub(crate) fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    fs::symlink_metadata(path).unwrap().permissions().mode() & 0o7777
}

/// Sets the permission bits of a path.
pub(crate) fn chmod(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}
