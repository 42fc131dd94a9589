//! Shared sessions: the sealed grant travels with the repository, the token does not.

use std::path::{Path, PathBuf};

use crate::harness::{Call, Sandbox};

/// A vault with a remote, and the place of a runner that has the remote and a token only.
struct Ci {
    t: Sandbox,
    remote: PathBuf,
}

impl Ci {
    fn new() -> Self {
        let t = Sandbox::new();
        t.store([("ci-key", "deploy-me"), ("ci-url", "https://x"), ("prod-key", "never")]);
        t.policy("ci", ["ci-*"]);
        let remote = t.path("remote.git");
        let branch = t.git(["branch", "--show-current"]);
        t.git(["init", "--bare", "-q", "-b", &branch, remote.to_str().unwrap()]);
        t.git(["remote", "add", "origin", remote.to_str().unwrap()]);
        Self { t, remote }
    }

    fn token(&self, flags: &[&str]) -> String {
        let words = ["session", "create", "--scope", "ci", "--shared", "--label", "runner"];
        let token = self.t.authy(words.iter().chain(flags)).ok().text().trim().to_owned();
        self.push();
        token
    }

    fn push(&self) {
        self.t.git(["push", "-q", "origin", "HEAD"]);
    }

    /// A fresh clone, as a runner makes one for each job.
    fn clone(&self, name: &str) -> PathBuf {
        let folder = self.t.path(name);
        let words = ["clone", "-q", self.remote.to_str().unwrap(), folder.to_str().unwrap()];
        self.t.program("git", words).ok();
        folder
    }

    fn call<'c>(&'c self, clone: &Path, token: &str, words: &[&str]) -> Call<'c> {
        let home = self.t.path("runner-home");
        std::fs::create_dir_all(&home).unwrap();
        self.t
            .authy(words)
            .env("HOME", &home)
            .env("XDG_STATE_HOME", self.t.path("runner-state"))
            .env("AUTHY_VAULT", clone)
            .env("AUTHY_TOKEN", token)
    }
}

#[test]
fn a_clone_and_the_token_are_enough() {
    let ci = Ci::new();
    let token = ci.token(&[]);
    ci.t.is_clean();
    let clone = ci.clone("job");
    let deploy = ["run", "--", "sh", "-c", "test \"$ci_key\" = deploy-me && echo \"$ci_url\""];
    ci.call(&clone, &token, &deploy).ok().stdout_is("[authy:ci-url]\n");
    ci.call(&clone, &token, &["get", "ci-key"]).ok().stdout_is("deploy-me");
    ci.call(&clone, &token, &["get", "prod-key"]).ends().code_is(4).stdout_is("");
    ci.call(&clone, "authy_v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA", &["get", "ci-key"])
        .ends()
        .code_is(6);
}

#[test]
fn a_session_that_is_not_shared_stays_in_its_clone() {
    let ci = Ci::new();
    let token = ci.t.authy(["session", "create", "--scope", "ci"]).ok().text();
    ci.t.store([("ci-more", "x")]);
    ci.push();
    let clone = ci.clone("job");
    ci.call(&clone, token.trim(), &["get", "ci-key"]).ends().code_is(6).stderr_has("--shared");
}

#[test]
fn the_grant_is_one_commit_and_so_is_its_end() {
    let ci = Ci::new();
    let before = ci.t.log().len();
    let token = ci.token(&[]);
    assert_eq!(ci.t.log().len(), before + 1);
    let files = ci.t.git(["show", "--name-only", "--format=", "HEAD"]);
    for file in ["grant.toml", "keys.age", "chain.key.age"] {
        assert!(files.contains(&format!("/{file}")), "{files}");
    }
    let job = ci.clone("job");
    let id = ci.t.authy(["session", "list", "--json"]).ok().json()[0]["id"].clone();
    ci.t.authy(["session", "revoke", id.as_str().unwrap()]).ok();
    ci.t.is_clean();
    assert_eq!(ci.t.git(["ls-files", "sessions"]), "");
    ci.push();
    // Where the commit has arrived, the token is worth nothing.
    ci.call(&job, &token, &["get", "ci-key"]).ok();
    ci.t.program("git", ["pull", "-q"]).dir(&job).ok();
    ci.call(&job, &token, &["get", "ci-key"]).ends().code_is(6).stderr_has("revoked or unknown");
    ci.call(&ci.clone("next"), &token, &["get", "ci-key"]).ends().code_is(6);
    ci.t.verifies();
}

#[test]
fn new_values_reach_a_shared_session_without_a_refresh() {
    let ci = Ci::new();
    let token = ci.token(&[]);
    ci.t.authy(["rotate", "ci-key", "--raw"]).stdin("rotated").ok();
    ci.t.store([("ci-new", "fresh")]);
    ci.push();
    let clone = ci.clone("job");
    ci.call(&clone, &token, &["get", "ci-key"]).ok().stdout_is("rotated");
    ci.call(&clone, &token, &["get", "ci-new"]).ok().stdout_is("fresh");
    ci.call(&clone, &token, &["get", "ci-url"]).ok().stdout_is("https://x");
    // The record says so, in the open.
    let record = crate::vault::text(&ci.t.file("secrets/ci-new.toml"));
    assert!(record.contains("session:"), "{record}");
    ci.t.store([("web-new", "never")]);
    let record = crate::vault::text(&ci.t.file("secrets/web-new.toml"));
    assert!(!record.contains("session:"), "{record}");
}

#[test]
fn after_a_revoke_new_values_are_not_for_it_and_old_ones_are_sealed_anew() {
    let ci = Ci::new();
    ci.token(&[]);
    ci.t.authy(["rotate", "ci-key", "--raw"]).stdin("rotated").ok();
    assert!(crate::vault::text(&ci.t.file("secrets/ci-key.toml")).contains("session:"));
    ci.t.authy(["session", "revoke-all"]).ok();
    assert!(!crate::vault::text(&ci.t.file("secrets/ci-key.toml")).contains("session:"));
    ci.t.holds("ci-key", "rotated");
    ci.t.verifies();
}

#[test]
fn refresh_is_a_commit_where_something_changed_and_none_otherwise() {
    let ci = Ci::new();
    let token = ci.token(&[]);
    let before = ci.t.head();
    ci.t.authy(["session", "refresh"]).ok();
    assert_eq!(ci.t.head(), before);
    ci.t.authy(["rename", "ci-url", "ci-address"]).ok();
    ci.t.authy(["session", "refresh"]).ok();
    ci.t.is_clean();
    ci.push();
    ci.call(&ci.clone("job"), &token, &["get", "ci-address"]).ok().stdout_is("https://x");
}

#[test]
fn run_only_holds_in_the_clone() {
    let ci = Ci::new();
    let token = ci.token(&["--run-only"]);
    let clone = ci.clone("job");
    ci.call(&clone, &token, &["get", "ci-key"]).ends().code_is(4).stdout_is("");
    let show = ["run", "--no-masking", "--", "sh", "-c", "echo $ci_key"];
    ci.call(&clone, &token, &show).ok().stdout_is("[authy:ci-key]\n");
}
