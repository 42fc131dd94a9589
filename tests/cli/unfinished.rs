//! A merge that was begun with git and stopped at a conflict: decided with authy, finished with git.

use crate::harness::{Call, Sandbox};
use crate::outcome::Done;
use crate::team::Team;

/// A project with a vault in `secrets/vault`, in two clones.
struct Project {
    t: Sandbox,
}

impl Project {
    fn new() -> Self {
        let t = Sandbox::empty();
        let project = Self { t };
        let t = &project.t;
        let hub = t.path("hub.git");
        t.program("git", ["init", "-q", "--bare", "-b", "main", hub.to_str().unwrap()]).ok();
        let clone = |who: &str| {
            let words = ["clone", "-q", hub.to_str().unwrap(), who];
            t.program("git", words).dir(t.path("")).ok();
        };
        clone("one");
        t.git_in(&t.path("one"), ["switch", "-q", "-c", "main"]);
        project.of("one", &["init", "--member", "alice"]).ok();
        for (name, value) in [("db-url", "first"), ("db-key", "key"), ("other", "x")] {
            project.of("one", &["store", name]).stdin(value).ok();
        }
        project.of("one", &["policy", "create", "dev", "--allow", "db-*"]).ok();
        std::fs::write(t.path("one/main.c"), "int a;\n").unwrap();
        project.commit("one");
        t.git_in(&t.path("one"), ["push", "-q", "-u", "origin", "main"]);
        clone("two");
        project
    }

    fn of(&self, who: &str, words: &[&str]) -> Call<'_> {
        let call = self.t.authy(words).env("AUTHY_VAULT", self.t.path(who).join("secrets/vault"));
        call.env("AUTHY_STATE_DIR", self.t.path(format!("state-{who}")))
    }

    fn git(&self, who: &str, words: &[&str]) -> Done {
        self.t.program("git", words.iter().copied()).dir(self.t.path(who)).ends()
    }

    fn commit(&self, who: &str) {
        assert_eq!(self.git(who, &["add", "-A"]).code, 0);
        assert_eq!(self.git(who, &["commit", "-q", "-m", "Change"]).code, 0);
    }

    /// `one` is pushed, `two` pulls it and stops.
    fn collide(&self) {
        self.commit("one");
        self.git("one", &["push", "-q"]).code_is(0);
        self.commit("two");
        let pulled = self.git("two", &["pull", "-q", "--no-rebase", "--no-edit"]);
        assert_eq!(pulled.code, 1, "{pulled}");
    }

    fn finish(&self) {
        self.git("two", &["commit", "-q", "--no-edit"]).code_is(0);
        self.git("two", &["push", "-q"]).code_is(0);
        self.git("one", &["pull", "-q", "--no-rebase", "--no-edit"]).code_is(0);
        for who in ["one", "two"] {
            self.of(who, &["check"]).ok();
            assert_eq!(self.git(who, &["status", "--porcelain"]).text(), "");
        }
    }

    fn holds(&self, name: &str, value: &str) {
        for who in ["one", "two"] {
            self.of(who, &["get", name]).ok().stdout_is(value);
        }
    }
}

#[test]
fn a_pull_of_a_project_is_decided_by_name_and_finished_with_git() {
    let project = Project::new();
    project.of("two", &["conflict", "list"]).fails(2).stderr_has("authy conflict");
    project.of("one", &["rotate", "db-url"]).stdin("of one").ok();
    project.of("one", &["rotate", "db-key"]).stdin("key of one").ok();
    project.of("two", &["rotate", "db-url"]).stdin("of two").ok();
    project.of("two", &["rotate", "db-key"]).stdin("key of two").ok();
    project.of("two", &["rotate", "other"]).stdin("only of two").ok();
    project.collide();
    let list = project.of("two", &["conflict", "list", "--json"]).ok().json();
    let names: Vec<_> = list.as_array().unwrap().iter().map(|one| one["name"].clone()).collect();
    assert_eq!(names, ["db-key", "db-url"]);
    assert_eq!(list[1]["theirs"]["changes"], serde_json::json!(["value"]));
    project.of("two", &["conflict", "show", "db-url", "theirs"]).ok().stdout_is("of one");
    project.of("two", &["conflict", "show", "db-url", "ours"]).ok().stdout_is("of two");
    let took = project.of("two", &["conflict", "take", "theirs", "db-url"]).ok();
    took.stderr_has("still to decide: db-key");
    project.of("two", &["conflict", "take", "theirs", "db-url"]).fails(3);
    let took = project.of("two", &["conflict", "take", "newest", "db-key"]).ok();
    took.stderr_has("git commit").stderr_lacks("authy sync");
    project.finish();
    project.holds("db-url", "of one");
    project.holds("db-key", "key of two");
    project.holds("other", "only of two");
}

#[test]
fn a_removal_half_a_pair_and_a_policy_are_decided_too() {
    let project = Project::new();
    project.of("one", &["remove", "db-url"]).ok();
    project.of("two", &["rotate", "db-url"]).stdin("of two").ok();
    // One side touches the record alone, the other both files.
    project.of("one", &["annotate", "db-key", "--description", "of one"]).ok();
    project.of("two", &["rotate", "db-key"]).stdin("of two").ok();
    project.of("one", &["policy", "update", "dev", "--description", "of one"]).ok();
    project.of("two", &["policy", "update", "dev", "--description", "of two"]).ok();
    std::fs::write(project.t.path("one/main.c"), "int one;\n").unwrap();
    std::fs::write(project.t.path("two/main.c"), "int two;\n").unwrap();
    project.collide();
    project.of("two", &["conflict", "take", "theirs", "db-url"]).ok();
    project.of("two", &["conflict", "take", "ours", "db-key"]).ok();
    project.of("two", &["conflict", "show", "dev", "theirs"]).ok().stdout_has("of one");
    let took = project.of("two", &["conflict", "take", "theirs", "dev"]).ok();
    took.stderr_has("nothing of the vault is left to decide");
    // What is not the vault's is git's.
    assert_eq!(project.git("two", &["diff", "--name-only", "--diff-filter=U"]).text(), "main.c\n");
    std::fs::write(project.t.path("two/main.c"), "int both;\n").unwrap();
    project.git("two", &["add", "main.c"]).code_is(0);
    project.finish();
    for who in ["one", "two"] {
        project.of(who, &["get", "db-url"]).fails(3);
        project.of(who, &["policy", "show", "dev"]).ok().stdout_has("of one");
    }
    project.holds("db-key", "of two");
}

#[test]
fn git_pull_in_a_vault_of_its_own_is_decided_the_same_way() {
    let team = Team::both_rotated();
    let words = ["pull", "-q", "--no-rebase", "--no-edit"];
    let pulled = team.t.program("git", words).dir(team.vault("bob"));
    team.as_person("bob", pulled).ends().code_is(1).stdout_has("CONFLICT");
    team.of("bob", &["conflict", "list"]).ok().stdout_has("db-url").stdout_lacks("db-key");
    team.of("bob", &["conflict", "take", "theirs", "db-url"]).ok().stderr_has("git commit");
    team.git("bob", ["commit", "-q", "--no-edit"]);
    team.holds("bob", "db-url", "from alice");
    team.holds("bob", "db-key", "other");
    for who in ["bob", "alice"] {
        team.of(who, &["sync"]).ok();
        team.of(who, &["check", "--strict"]).ok();
        team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
        team.holds(who, "db-url", "from alice");
    }
    assert_eq!(team.git("bob", ["status", "--porcelain"]), "");
}

#[test]
fn what_is_in_conflict_gets_no_new_value_before_it_is_decided() {
    let team = Team::both_rotated();
    let words = ["pull", "-q", "--no-rebase", "--no-edit"];
    let pulled = team.t.program("git", words).dir(team.vault("bob"));
    team.as_person("bob", pulled).ends().code_is(1);
    for words in [&["rotate", "db-url"][..], &["annotate", "db-url", "--tag", "x"], &["undo"]] {
        let refused = team.of("bob", words).stdin("lost").ends().code_is(7);
        refused.stderr_has("authy conflict list");
    }
    team.of("bob", &["rotate", "db-key"]).stdin("not in conflict").ok();
    team.git("bob", ["merge", "--abort"]);
    team.holds("bob", "db-url", "from bob");
    team.holds("bob", "db-key", "not in conflict");
    team.of("bob", &["sync"]).ends().code_is(7).stderr_has("take ours|theirs|newest");
    team.of("bob", &["conflict", "take", "ours", "db-url"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    team.holds("alice", "db-key", "not in conflict");
}
