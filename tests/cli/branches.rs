//! Where a branch goes: by git's own rules, past no review, and never to a branch that somebody
//! renamed, removed or rewrote.

use crate::team::Team;

/// What a command of git prints in the repository that everybody pushes to.
fn hub(team: &Team, words: &[&str]) -> String {
    let origin = team.t.path("origin.git");
    team.t.program("git", words.iter().copied()).dir(&origin).ok().text().trim().to_owned()
}

fn in_sync(team: &Team, who: &str) {
    team.of(who, &["sync"]).ok();
    team.of(who, &["check", "--strict"]).ok();
    team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
}

#[test]
fn a_branch_that_follows_main_brings_it_in_and_is_not_pushed_to_it() {
    let team = Team::with_bob();
    team.git("bob", ["switch", "-q", "-c", "feature", "--track", "origin/main"]);
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    team.of("alice", &["rotate", "db-key"]).stdin("of alice").ok();
    in_sync(&team, "alice");
    let main = hub(&team, &["rev-parse", "main"]);
    let synced = team.of("bob", &["sync"]).ok();
    synced.stderr_has("stay here").stderr_has("git push -u origin feature");
    team.holds("bob", "db-key", "of alice");
    assert_eq!(hub(&team, &["rev-parse", "main"]), main);
    assert_eq!(hub(&team, &["branch", "--format=%(refname:short)"]), "main");
    // What git was told holds.
    team.git("bob", ["config", "push.default", "current"]);
    in_sync(&team, "bob");
    assert_eq!(hub(&team, &["rev-parse", "main"]), main);
    assert_eq!(hub(&team, &["rev-parse", "feature"]), team.git("bob", ["rev-parse", "HEAD"]));
    team.git("bob", ["config", "push.default", "upstream"]);
    in_sync(&team, "bob");
    assert_eq!(hub(&team, &["rev-parse", "main"]), team.git("bob", ["rev-parse", "HEAD"]));
    in_sync(&team, "alice");
    team.holds("alice", "db-url", "of bob");
}

#[test]
fn a_branch_that_was_renamed_there_is_not_made_again() {
    let team = Team::with_bob();
    for who in ["alice", "bob"] {
        in_sync(&team, who);
    }
    hub(&team, &["branch", "-m", "main", "trunk"]);
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    for _ in 0..2 {
        let refused = team.of("bob", &["sync"]).ends().code_is(7);
        refused.stderr_has("'origin/main' is not there any more").stderr_has("git branch -u");
        team.of("bob", &["sync"]).ends().stderr_has("git branch -m NEW");
    }
    assert_eq!(hub(&team, &["branch", "--format=%(refname:short)"]), "trunk");
    team.git("bob", ["fetch", "-q", "origin"]);
    team.git("bob", ["branch", "-q", "-u", "origin/trunk"]);
    team.git("bob", ["branch", "-q", "-m", "trunk"]);
    in_sync(&team, "bob");
    assert_eq!(hub(&team, &["rev-parse", "trunk"]), team.git("bob", ["rev-parse", "HEAD"]));
}

#[test]
fn what_was_rewritten_there_is_not_brought_back() {
    let team = Team::with_bob();
    team.of("alice", &["store", "leaked"]).stdin("oops").ok();
    in_sync(&team, "alice");
    in_sync(&team, "bob");
    hub(&team, &["update-ref", "refs/heads/main", "main~1"]);
    let main = hub(&team, &["rev-parse", "main"]);
    for _ in 0..2 {
        let refused = team.of("bob", &["sync"]).ends().code_is(7);
        refused.stderr_has("'origin/main' was rewritten").stderr_has("git reset --keep");
    }
    assert_eq!(hub(&team, &["rev-parse", "main"]), main);
    // Either way that the hint names.
    team.git("alice", ["fetch", "-q", "origin"]);
    team.git("alice", ["push", "-q", "--force-with-lease", "origin", "HEAD:main"]);
    in_sync(&team, "alice");
    in_sync(&team, "bob");
    hub(&team, &["update-ref", "refs/heads/main", &main]);
    team.of("bob", &["sync"]).fails(7);
    team.git("bob", ["reset", "-q", "--keep", "origin/main"]);
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["get", "leaked"]).fails(4);
}

#[test]
fn a_clone_of_one_branch_syncs_another() {
    let team = Team::with_bob();
    in_sync(&team, "alice");
    hub(&team, &["branch", "release", "main"]);
    let (origin, vault) = (team.t.path("origin.git"), team.vault("carol"));
    let words = ["clone", "-q", "--single-branch", "-b", "release"];
    let places = [origin.to_str().unwrap(), vault.to_str().unwrap()];
    team.t.program("git", [&words[..], &places].concat()).ok();
    team.git("carol", ["switch", "-q", "-c", "main"]);
    team.of("carol", &["join", "--name", "carol", "--group", "backend"]).ok();
    team.of("alice", &["rotate", "db-key"]).stdin("new").ok();
    in_sync(&team, "alice");
    team.of("carol", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("alice", &["approve", "carol", "--yes"]).ok();
    in_sync(&team, "alice");
    in_sync(&team, "carol");
    team.holds("carol", "db-key", "new");
}

#[test]
fn a_word_in_the_name_of_a_branch_makes_no_other_kind_of_repository() {
    let team = Team::with_bob();
    for name in ["about-objectformat", "partialclone", "promisor"] {
        team.git("alice", ["branch", "-q", name, "main"]);
        team.git("alice", ["branch", "-q", "-u", "origin/main", name]);
    }
    team.of("alice", &["history", "db-url"]).ok();
    in_sync(&team, "alice");
}

#[test]
fn an_edit_is_dropped_by_the_line_that_check_names_committed_or_not() {
    let team = Team::with_bob();
    let policy = team.file("bob", "policies/backend.toml");
    for is_committed in [false, true] {
        let before = std::fs::read_to_string(&policy).unwrap();
        std::fs::write(&policy, before.replace("allow = [", "allow = [\"web-*\", ")).unwrap();
        if is_committed {
            team.git("bob", ["commit", "-qam", "Ask for more"]);
        }
        let found = team.of("bob", &["check"]).ends().code_is(4).text();
        let line = found.lines().find(|line| line.contains("drops the edit")).unwrap().to_owned();
        let words = line.split('\'').find(|part| part.starts_with("git checkout")).unwrap();
        team.t.sh(words).dir(team.vault("bob")).ok();
        assert_eq!(std::fs::read_to_string(&policy).unwrap(), before);
        team.of("bob", &["check"]).ok();
    }
}

/// Has the repository that everybody pushes to refuse `main`, in a server's words.
fn protected(team: &Team) {
    let hook = "#!/bin/sh\nwhile read -r _ _ ref; do\n\
                [ \"$ref\" != refs/heads/main ] || { echo 'main is protected: open a request' >&2; exit 1; }\n\
                done\n";
    let place = team.t.path("origin.git/hooks/pre-receive");
    std::fs::write(&place, hook).unwrap();
    crate::vault::chmod(&place, 0o755);
}

#[test]
fn a_protected_branch_says_so_in_its_own_words_and_readers_need_not_push() {
    let team = Team::with_bob();
    in_sync(&team, "alice");
    in_sync(&team, "bob");
    in_sync(&team, "alice");
    protected(&team);
    // Whoever only reads has lines, which nobody waits for.
    team.holds("bob", "db-url", "one");
    team.of("bob", &["sync"]).ok().stderr_has("lines of the audit trail stay here");
    team.of("bob", &["rotate", "db-url"]).stdin("two").ok();
    let refused = team.of("bob", &["sync"]).fails(1);
    refused
        .stderr_has("main is protected: open a request")
        .stderr_has("commits wait")
        .stderr_has("git push origin HEAD:refs/heads/NAME");
    // As the hint says.
    team.git("bob", ["push", "-q", "origin", "HEAD:refs/heads/request"]);
    assert_eq!(hub(&team, &["rev-parse", "request"]), team.git("bob", ["rev-parse", "HEAD"]));
}

#[test]
fn another_branch_is_brought_in_by_its_name_and_nothing_is_pushed() {
    let team = Team::with_bob();
    team.git("bob", ["switch", "-q", "-c", "request"]);
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    team.of("alice", &["rotate", "db-key"]).stdin("of alice").ok();
    in_sync(&team, "alice");
    let main = hub(&team, &["rev-parse", "main"]);
    // What was not fetched yet is.
    let with = ["sync", "--with", "origin/main"];
    team.of("bob", &with).ok().stderr_has("brought in origin/main: ").stderr_has("not pushed");
    team.holds("bob", "db-key", "of alice");
    team.holds("bob", "db-url", "of bob");
    team.of("bob", &with).ok().stderr_has("in this branch already");
    assert_eq!(hub(&team, &["rev-parse", "main"]), main);
    assert_eq!(hub(&team, &["branch", "--format=%(refname:short)"]), "main");
    team.of("bob", &["sync", "--with", "no/such"]).fails(3).stderr_has("no/such");

    // Where both changed one secret, the hint's commands decide.
    team.of("alice", &["rotate", "db-url"]).stdin("of alice, too").ok();
    in_sync(&team, "alice");
    let refused =
        team.of("bob", &with).ends().code_is(7).stderr_has("changed on both sides: db-url");
    refused.stderr_has("authy conflict list --with origin/main'");
    let list = ["conflict", "list", "--with", "origin/main"];
    team.of("bob", &list).ok().stdout_has("db-url").stdout_has("by bob").stdout_has("by alice");
    let take = ["conflict", "take", "ours", "db-url", "--with", "origin/main"];
    team.of("bob", &take).ok().stderr_has("merged");
    team.of("bob", &with).ok().stderr_has("in this branch already");
    team.holds("bob", "db-url", "of bob");
    team.git("bob", ["push", "-q", "origin", "request"]);
    team.press(crate::forge::Button::Merge, "request");
    in_sync(&team, "alice");
    team.holds("alice", "db-url", "of bob");
}

#[test]
fn what_went_to_a_fork_is_not_sent_again() {
    let team = Team::with_bob();
    let fork = team.t.path("fork.git");
    let fork = fork.to_str().unwrap();
    team.t.program("git", ["init", "-q", "--bare", "-b", "main", fork]).ok();
    team.git("bob", ["remote", "add", "fork", fork]);
    team.git("bob", ["config", "remote.pushDefault", "fork"]);
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    team.of("bob", &["sync"]).ok().stderr_has("sent");
    let again = team.of("bob", &["sync", "--json"]).ok().json();
    assert_eq!(again["sent"], 0, "{again}");
    team.of("bob", &["status"]).ok().stdout_lacks("to send");
    team.of("bob", &["rotate", "db-url"]).stdin("more").ok();
    team.of("bob", &["status"]).ok().stdout_has("1 commit to send");
}

#[test]
fn a_branch_without_a_past_gets_all_of_the_vault() {
    let team = Team::with_bob();
    in_sync(&team, "bob");
    let listed = |rev: &str| team.git("bob", ["ls-tree", "-r", "--name-only", rev]);
    let main = listed("main");
    team.git("bob", ["checkout", "-q", "--orphan", "alone"]);
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    let all = listed("alone");
    for file in main.lines() {
        assert!(all.lines().any(|other| other == file), "{file} is missing in:\n{all}");
    }
    assert!(!all.contains(".local") && !all.contains("keys/"), "{all}");
    team.of("bob", &["check", "--strict"]).ok();
    assert_eq!(team.git("bob", ["status", "--porcelain"]), "");
}

#[test]
fn a_detached_head_is_named_by_check() {
    let team = Team::with_bob();
    team.git("bob", ["checkout", "-q", "--detach"]);
    let found = team.of("bob", &["check"]).ok();
    found.stderr_has("no branch is checked out (detached HEAD)").stderr_has("git switch");
}

#[test]
fn a_folder_that_is_gone_keeps_nobody_from_the_vault() {
    let team = Team::with_bob();
    for line in ["get db-url", "check", "list", "status", "history db-url", "sync"] {
        let script = format!("mkdir gone && cd gone && rmdir ../gone && exec authy {line}");
        let done = team.as_person("bob", team.t.sh(&script)).ok();
        done.stderr_lacks("fsck");
    }
    let script = "mkdir gone && cd gone && rmdir ../gone && exec authy rotate db-url";
    team.as_person("bob", team.t.sh(script)).stdin("there").ok();
    team.holds("bob", "db-url", "there");
    assert_eq!(team.git("bob", ["status", "--porcelain"]), "");
}
