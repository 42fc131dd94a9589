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
