//! Plain `git pull` in a vault: what people do who know git. Git merges inside no file, so what
//! was signed stays signed, and whatever refuses to go on says how to.

use crate::harness::Sandbox;
use crate::outcome::Done;
use crate::team::Team;

/// Asserts that bob's `git` with these words finds a conflict.
fn finds_a_conflict(team: &Team, words: &[&str]) {
    let call = team.t.program("git", words.iter().copied()).dir(team.vault("bob"));
    team.as_person("bob", call).ends().code_is(1).stdout_has("CONFLICT");
}

#[test]
fn a_pull_with_a_conflict_leaves_the_vault_whole_and_sync_takes_over() {
    let team = Team::both_rotated();
    finds_a_conflict(&team, &["pull", "-q", "--no-rebase", "--no-edit"]);
    team.holds("bob", "db-url", "from bob");
    team.holds("bob", "db-key", "other");
    team.of("bob", &["check"]).ok();
    let said = team.of("bob", &["sync"]).ends().code_is(7);
    said.stderr_has("a merge is in progress")
        .stderr_has("git merge --abort")
        .stderr_has("authy conflict list")
        .stderr_has("authy sync");
    let stored = team.of("bob", &["store", "db-new"]).stdin("new").ok();
    stored.stderr_has("git merge --abort");

    team.git("bob", ["merge", "--abort"]);
    team.of("bob", &["sync"]).ends().code_is(7).stderr_has("authy conflict list");
    team.of("bob", &["conflict", "take", "theirs", "db-url"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    for who in ["alice", "bob"] {
        for (name, value) in [("db-url", "from alice"), ("db-key", "other"), ("db-new", "new")] {
            team.holds(who, name, value);
        }
        team.of(who, &["check", "--strict"]).ok();
        team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
    }
}

#[test]
fn a_pull_that_is_finished_with_git_takes_one_side_whole() {
    for (side, value) in [("--ours", "from bob"), ("--theirs", "from alice")] {
        let team = Team::both_rotated();
        finds_a_conflict(&team, &["pull", "-q", "--no-rebase", "--no-edit"]);
        team.git("bob", ["checkout", "-q", side, "--", "secrets"]);
        team.git("bob", ["add", "-A"]);
        team.git("bob", ["commit", "-q", "--no-edit"]);
        team.holds("bob", "db-url", value);
        team.of("bob", &["sync"]).ok();
        team.of("alice", &["sync"]).ok();
        team.holds("alice", "db-url", value);
        team.of("alice", &["check", "--strict"]).ok();
    }
}

/// As jj leaves it, and git where its rules for the vault were taken away.
#[test]
fn what_was_committed_with_both_sides_in_it_is_not_sent() {
    let team = Team::with_bob();
    let record = team.file("bob", "secrets/db-url.toml");
    let whole = std::fs::read_to_string(&record).unwrap();
    let both = whole.replacen("version", "<<<<<<< ours\nversion = 1\n=======\nversion", 1);
    std::fs::write(&record, both).unwrap();
    let sent = team.git("bob", ["rev-parse", "origin/main"]);
    team.git("bob", ["commit", "-q", "-a", "-m", "Merge"]);
    let said = team.of("bob", &["sync"]).fails(5);
    said.stderr_has("'secrets/db-url.toml' has both sides of a conflict")
        .stderr_has("git checkout");
    team.git("bob", ["fetch", "-q"]);
    assert_eq!(team.git("bob", ["rev-parse", "origin/main"]), sent);
    // As the hint says.
    team.git("bob", ["checkout", "-q", "origin/main", "--", "secrets/db-url.toml"]);
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("alice", &["check", "--strict"]).ok();
}

#[test]
fn a_rebase_with_a_conflict_can_be_taken_back() {
    let team = Team::both_rotated();
    finds_a_conflict(&team, &["pull", "-q", "--rebase"]);
    // The side that a rebase builds on is alice's.
    team.holds("bob", "db-url", "from alice");
    // It has not come to what bob changed later: that is older than they have seen it.
    team.of("bob", &["get", "db-key"]).ends().code_is(5).stdout_is("").stderr_has("rolled back");
    let said = team.of("bob", &["sync"]).ends().code_is(7);
    said.stderr_has("git rebase --abort").stderr_has("authy sync");

    team.git("bob", ["rebase", "--abort"]);
    team.holds("bob", "db-url", "from bob");
    team.of("bob", &["check"]).ok();
    team.of("bob", &["audit", "verify"]).ok().stdout_lacks("damaged");
    team.of("bob", &["sync"]).ends().code_is(7).stderr_has("authy conflict list");
}

#[test]
fn a_value_is_not_read_by_the_record_of_another_side() {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-url"]).stdin("from alice").ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["annotate", "db-url", "--description", "the database"]).ok();
    // Only the record is in conflict, and stays bob's; the value becomes alice's.
    finds_a_conflict(&team, &["pull", "-q", "--no-rebase", "--no-edit"]);
    team.of("bob", &["get", "db-url"]).ends().code_is(5).stdout_is("");
    team.holds("bob", "db-key", "two");
    team.of("bob", &["check"]).ends().stderr_has("a merge is in progress");
    team.git("bob", ["merge", "--abort"]);
    team.holds("bob", "db-url", "one");
    team.of("bob", &["check"]).ok();
}

#[test]
fn rules_that_two_people_changed_are_not_merged_line_by_line() {
    let team = Team::two_admins();
    let allow = |who: &str, pattern: &str| {
        team.of(who, &["policy", "update", "backend", "--allow", pattern]).ok();
    };
    allow("alice", "a-*");
    team.of("alice", &["sync"]).ok();
    allow("bob", "z-*");
    finds_a_conflict(&team, &["pull", "-q", "--no-rebase", "--no-edit"]);
    let shown = team.of("bob", &["policy", "show", "backend"]).ok();
    shown.stdout_has("z-*").stdout_lacks("a-*");
    team.holds("bob", "db-url", "one");
}

/// What a command verified is remembered though the command fails in the end.
#[test]
fn a_command_that_fails_remembers_what_it_saw() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let state = t.path("fresh");
    let call = |words: &[&str]| t.authy(words).env("XDG_STATE_HOME", &state);
    call(&["policy", "show", "nope"]).fails(3).stderr_has("first use of this vault");
    call(&["list"]).ok().stderr_is_empty();
}

/// Also a command that opens the vault more than once says once that it is new here.
#[test]
fn the_first_use_is_said_once() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let team = Team::with_bob();
    let sayings = |done: &Done| {
        String::from_utf8(done.stderr.clone()).unwrap().matches("first use of this vault").count()
    };
    for (at, words) in
        [["get", "a"], ["rotate", "a"], ["edit", "a"], ["remove", "a"]].iter().enumerate()
    {
        let state = t.path(format!("state-{at}"));
        let call = t.authy(words).stdin("2").env("XDG_STATE_HOME", &state);
        let done = call.env("VISUAL", "true").env("EDITOR", "true").ends();
        assert_eq!(sayings(&done), 1, "{words:?}: {}", String::from_utf8_lossy(&done.stderr));
    }
    team.clone_for("carol");
    let done = team.of("carol", &["join", "--name", "carol"]).ok();
    assert_eq!(sayings(&done), 1, "{}", String::from_utf8_lossy(&done.stderr));
}

/// Merges the branch `pr` into the remote's `main` as a forge does: in the bare repository, where no
/// attributes are read, as one commit with `main` alone for a parent, or as a merge.
fn merged_by_the_forge(team: &Team, squash: bool) {
    let origin = team.t.path("origin.git");
    let git = |words: &[&str]| {
        team.t.program("git", words.iter().copied()).dir(&origin).ok().text().trim().to_owned()
    };
    let tree = git(&["merge-tree", "--write-tree", "main", "pr"]);
    let mut words = vec!["commit-tree", &tree, "-p", "main", "-m", "Merge the request"];
    if !squash {
        words.extend(["-p", "pr"]);
    }
    let commit =
        git(&[&["-c", "user.name=forge", "-c", "user.email=forge@example.com"], &words[..]]
            .concat());
    git(&["update-ref", "refs/heads/main", &commit]);
}

#[test]
fn after_the_forge_merged_the_own_main_and_a_read_sync_goes_on() {
    for squash in [true, false] {
        let team = Team::with_bob();
        team.of("bob", &["rotate", "db-url"]).stdin("from bob").ok();
        team.git("bob", ["push", "-q", "origin", "HEAD:refs/heads/pr"]);
        merged_by_the_forge(&team, squash);
        // The line of this read is nowhere else yet.
        team.holds("bob", "db-url", "from bob");
        team.of("bob", &["rotate", "db-key"]).stdin("later").ok();
        team.of("bob", &["sync"]).ok();
        team.of("alice", &["sync"]).ok();
        for who in ["alice", "bob"] {
            team.holds(who, "db-url", "from bob");
            team.holds(who, "db-key", "later");
            team.of(who, &["check", "--strict"]).ok();
            team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
        }
        let rotations = team.of("alice", &["audit", "show", "--op", "rotate"]).ok().text();
        assert!(rotations.contains("db-url") && rotations.contains("db-key"), "{rotations}");
    }
}
