//! A team: alice's vault, a bare repository that everybody pushes to, and people with a HOME,
//! an identity and a clone of their own.

use std::path::PathBuf;

use crate::harness::{Call, Sandbox};

/// The people around one vault.
pub(crate) struct Team {
    pub(crate) t: Sandbox,
}

impl Team {
    /// alice is the admin; her vault has three secrets and a policy for @backend.
    pub(crate) fn new() -> Self {
        Self::around(Sandbox::new())
    }

    /// As [`Team::new`], around this vault.
    pub(crate) fn around(t: Sandbox) -> Self {
        t.store([("db-url", "one"), ("db-key", "two"), ("prod-key", "three")]);
        let words = ["policy", "create", "backend", "--allow", "db-*", "--member", "@backend"];
        t.authy(words).ok();
        let origin = t.path("origin.git");
        let origin = origin.to_str().unwrap();
        t.program("git", ["init", "-q", "--bare", "-b", "main", origin]).ok();
        t.git(["remote", "add", "origin", origin]);
        t.git(["push", "-q", "-u", "origin", "main"]);
        Self { t }
    }

    /// As [`Team::new`], with bob in @backend.
    pub(crate) fn with_bob() -> Self {
        Self::new().and_bob()
    }

    /// bob joins.
    pub(crate) fn and_bob(self) -> Self {
        let team = self;
        team.clone_for("bob");
        team.of("bob", &["join", "--name", "bob", "--group", "backend"]).ok();
        team.push("bob");
        team.pull("alice");
        team.of("alice", &["approve", "bob", "--yes"]).ok();
        team.push("alice");
        team.pull("bob");
        team
    }

    /// As [`Team::with_bob`]; alice and bob both gave `db-url` a value, and alice's is at the remote.
    pub(crate) fn both_rotated() -> Self {
        let team = Self::with_bob();
        team.of("alice", &["rotate", "db-url"]).stdin("from alice").ok();
        team.of("bob", &["rotate", "db-url"]).stdin("from bob").ok();
        team.of("bob", &["rotate", "db-key"]).stdin("other").ok();
        team.of("alice", &["sync"]).ok();
        team
    }

    /// As [`Team::with_bob`]; bob is an admin too, and both clones are in sync.
    pub(crate) fn two_admins() -> Self {
        let team = Self::with_bob();
        team.of("alice", &["member", "add", "bob", "--admin"]).ok();
        team.of("alice", &["rekey"]).ok();
        team.of("alice", &["sync"]).ok();
        team.of("bob", &["sync"]).ok();
        team
    }

    fn home(&self, who: &str) -> PathBuf {
        if who == "alice" { self.t.home() } else { self.t.path(who) }
    }

    /// Names somebody's clone.
    pub(crate) fn vault(&self, who: &str) -> PathBuf {
        self.home(who).join(".authy")
    }

    /// Names a file of somebody's clone.
    pub(crate) fn file(&self, who: &str, inside: &str) -> PathBuf {
        self.vault(who).join(inside)
    }

    /// Clones the vault for somebody, as git does.
    pub(crate) fn clone_for(&self, who: &str) {
        let (origin, vault) = (self.t.path("origin.git"), self.vault(who));
        self.t
            .program("git", ["clone", "-q", origin.to_str().unwrap(), vault.to_str().unwrap()])
            .ok();
    }

    /// Prepares a call by somebody, in their own clone with their own identity.
    pub(crate) fn of(&self, who: &str, words: &[&str]) -> Call<'_> {
        self.as_person(who, self.t.authy(words))
    }

    /// Lets somebody make this call.
    pub(crate) fn as_person<'t>(&self, who: &str, call: Call<'t>) -> Call<'t> {
        let state = if who == "alice" { "state".to_owned() } else { format!("{who}-state") };
        call.env("HOME", self.home(who))
            .env("XDG_STATE_HOME", self.t.path(state))
            .env("AUTHY_VAULT", self.vault(who))
    }

    /// Runs git in somebody's clone.
    pub(crate) fn git<const N: usize>(&self, who: &str, words: [&str; N]) -> String {
        self.t.git_in(&self.vault(who), words)
    }

    pub(crate) fn push(&self, who: &str) {
        self.git(who, ["push", "-q"]);
    }

    pub(crate) fn pull(&self, who: &str) {
        self.git(who, ["pull", "-q", "--no-rebase", "--no-edit"]);
    }

    /// Somebody's change reaches somebody else.
    pub(crate) fn send(&self, from: &str, to: &str) {
        self.push(from);
        self.pull(to);
    }

    /// Asserts that somebody's `get` prints exactly this.
    pub(crate) fn holds(&self, who: &str, name: &str, value: &str) {
        self.of(who, &["get", name]).ok().stdout_is(value);
    }
}
