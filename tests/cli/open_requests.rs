//! Rules of a request that is open: in force on its branch, and elsewhere once it is merged.

use crate::forge::Button;
use crate::team::Team;

fn in_order(team: &Team, who: &str) {
    team.of(who, &["sync"]).ok();
    team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
    team.of(who, &["check"]).ends().stdout_lacks("rekey").stdout_lacks("error");
}

/// bob gives a secret another value, on main, and alice takes it over.
fn bob_rotates(team: &Team, name: &str, value: &str) {
    team.of("bob", &["rotate", name]).stdin(value).ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    team.holds("alice", name, value);
}

/// alice asks by a request that bob may not read `db-key` any more, and goes on with main.
fn narrowed_by_request(team: &Team) {
    for who in ["alice", "bob", "alice"] {
        in_order(team, who);
    }
    team.git("alice", ["switch", "-q", "-c", "request"]);
    team.of("alice", &["policy", "update", "backend", "--deny", "db-key"]).ok();
    team.of("alice", &["rekey"]).ok();
    team.of("alice", &["get", "db-key", "--scope", "backend"]).fails(4);
    team.git("alice", ["push", "-q", "origin", "request"]);
    team.git("alice", ["switch", "-q", "main"]);
}

fn forget(team: &Team, branch: &str) {
    team.git("alice", ["branch", "-q", "-D", branch]);
    for who in ["alice", "bob"] {
        team.git(who, ["fetch", "-q", "--prune", "origin"]);
        team.git(who, ["reflog", "expire", "--expire=now", "--all"]);
        team.git(who, ["gc", "-q", "--prune=now"]);
    }
}

#[test]
fn what_a_request_takes_away_is_taken_where_it_is_merged() {
    let team = Team::with_bob();
    narrowed_by_request(&team);
    let got = team.of("alice", &["get", "db-key", "--scope", "backend"]).ok().stdout_is("two");
    got.stderr_has("'request' has newer rules, in force here once it is merged: policies/backend");
    bob_rotates(&team, "db-url", "by bob");
    in_order(&team, "alice");
    // Who reads on main still reads what is new there.
    team.of("alice", &["rotate", "db-key"]).stdin("next").ok();
    team.of("alice", &["store", "db-new"]).stdin("new").ok();
    in_order(&team, "alice");
    team.of("bob", &["sync"]).ok();
    team.holds("bob", "db-key", "next");
    team.holds("bob", "db-new", "new");
    bob_rotates(&team, "db-key", "by bob");
    team.of("alice", &["rotate", "db-url"]).stdin("more").ok();
    in_order(&team, "alice");
    // The request takes over what main has by now, and is merged.
    team.git("alice", ["switch", "-q", "request"]);
    team.of("alice", &["sync", "--with", "origin/main"]).ok();
    team.of("alice", &["rekey"]).ok();
    team.git("alice", ["push", "-q", "origin", "request"]);
    team.git("alice", ["switch", "-q", "main"]);
    team.press(Button::Squash, "request");
    // Fetched is enough to obey it, on every branch.
    team.git("alice", ["fetch", "-q", "origin"]);
    let denied = team.of("alice", &["get", "db-key", "--scope", "backend"]).fails(4);
    denied.stderr_has("obeyed as");
    for who in ["alice", "bob"] {
        in_order(&team, who);
        team.holds(who, "db-url", "more");
    }
    team.of("bob", &["get", "db-key"]).fails(4);
    team.of("alice", &["get", "db-key"]).ok().stdout_is("by bob").stderr_lacks("request");
}

#[test]
fn a_value_of_main_is_taken_into_the_request_that_takes_its_signer_away() {
    let team = Team::with_bob();
    narrowed_by_request(&team);
    bob_rotates(&team, "db-key", "by bob");
    team.git("alice", ["switch", "-q", "request"]);
    team.of("alice", &["rotate", "db-key"]).stdin("asked for").ok();
    let refused = team.of("alice", &["sync", "--with", "origin/main"]).fails(7);
    refused.stderr_has("conflict list --with origin/main'");
    let shown = ["conflict", "show", "db-key", "theirs", "--with", "origin/main"];
    team.of("alice", &shown).ok().stdout_is("by bob");
    team.of("alice", &["conflict", "take", "theirs", "db-key", "--with", "origin/main"]).ok();
    team.of("alice", &["sync", "--with", "origin/main"]).ok();
    team.holds("alice", "db-key", "by bob");
    team.of("alice", &["check"]).ends().stdout_lacks("signed by");
    // Not once main has taken it away, too.
    let team = Team::with_bob();
    narrowed_by_request(&team);
    team.git("bob", ["switch", "-q", "-c", "evil"]);
    team.of("bob", &["rotate", "db-key"]).stdin("forged").ok();
    team.git("bob", ["push", "-q", "origin", "evil"]);
    team.press(Button::Squash, "request");
    in_order(&team, "alice");
    team.of("alice", &["rotate", "db-key"]).stdin("last").ok();
    in_order(&team, "alice");
    team.git("alice", ["fetch", "-q", "origin"]);
    team.of("alice", &["sync", "--with", "origin/evil"]).ends();
    team.of("alice", &["conflict", "take", "theirs", "db-key", "--with", "origin/evil"]).ends();
    team.holds("alice", "db-key", "last");
}

#[test]
fn a_request_that_was_given_up_has_no_say() {
    for is_collected in [false, true] {
        let team = Team::with_bob();
        narrowed_by_request(&team);
        team.git("alice", ["switch", "-q", "request"]);
        team.of("alice", &["policy", "update", "backend", "--description", "asked for"]).ok();
        team.of("alice", &["policy", "create", "extra", "--allow", "prod-*", "--member", "bob"])
            .ok();
        team.of("alice", &["config", "set", "agents", "allow"]).ok();
        team.of("alice", &["remove", "prod-key"]).ok();
        team.git("alice", ["switch", "-q", "main"]);
        let lists = || {
            team.of("alice", &["policy", "list"]).ok().stdout_lacks("extra");
            team.of("alice", &["config", "show"]).ok().stdout_lacks("allow");
            team.holds("alice", "prod-key", "three");
        };
        lists();
        if is_collected {
            team.git("alice", ["push", "-q", "origin", ":request"]);
            forget(&team, "request");
        }
        lists();
        bob_rotates(&team, "db-key", "by bob");
        in_order(&team, "alice");
        // What comes next goes on from what main has.
        team.of("alice", &["policy", "update", "backend", "--description", "of main"]).ok();
        let shown = team.of("alice", &["policy", "show", "backend"]).ok();
        shown.stdout_has("of main").stdout_lacks("deny = [\"db-key\"]");
        team.of("alice", &["config", "set", "agents", "run-only"]).ok();
        team.of("alice", &["rotate", "prod-key"]).stdin("again").ok();
        in_order(&team, "alice");
        in_order(&team, "bob");
        bob_rotates(&team, "db-key", "by bob again");
        team.of("bob", &["get", "prod-key"]).fails(4);
        // Which no copy of the request takes back.
        let text = crate::vault::text(&team.file("alice", "policies/backend.toml"));
        assert!(text.contains("version = 4"), "{text}");
    }
}

#[test]
fn who_lost_a_name_on_main_gives_it_no_value_on_an_old_branch() {
    let team = Team::with_bob();
    narrowed_by_request(&team);
    team.git("bob", ["switch", "-q", "-c", "evil"]);
    team.of("bob", &["rotate", "db-key"]).stdin("forged").ok();
    team.git("bob", ["push", "-q", "origin", "evil"]);
    team.git("alice", ["fetch", "-q", "origin"]);
    // While the request is open bob may.
    team.git("alice", ["switch", "-q", "evil"]);
    team.holds("alice", "db-key", "forged");
    team.git("alice", ["switch", "-q", "main"]);
    // Merged by the forge, and nothing of it was ever checked out here.
    team.press(Button::Squash, "request");
    team.git("alice", ["fetch", "-q", "origin"]);
    let refused = || {
        let got = team.of("alice", &["get", "db-key"]).fails(5);
        got.stdout_is("").stderr_has("signed by 'bob', who may not sign it");
        team.of("alice", &["check"]).fails(5);
    };
    team.git("alice", ["switch", "-q", "evil"]);
    refused();
    // A merge of bob's that keeps his tree, and has main's past behind it.
    let script = "merge=$(git commit-tree -p evil -p origin/main -m merge 'evil^{tree}') && \
                  git update-ref refs/heads/ours $merge";
    team.t.sh(script).dir(team.vault("alice")).ok();
    team.git("alice", ["switch", "-q", "ours"]);
    refused();
    team.git("alice", ["checkout", "-q", "--detach"]);
    refused();
    team.git("alice", ["switch", "-q", "main"]);
    in_order(&team, "alice");
    team.git("alice", ["switch", "-q", "evil"]);
    refused();
}

#[test]
fn a_merge_that_drops_what_a_request_took_away_is_a_rollback() {
    let team = Team::with_bob();
    narrowed_by_request(&team);
    // Main as it was, with the request behind it.
    let script = "git commit-tree -p main -p request -m merge 'main^{tree}'";
    let merge = team.t.sh(script).dir(team.t.path("origin.git")).ok().text();
    team.hub(&["update-ref", "refs/heads/main", merge.trim()]);
    team.git("alice", ["fetch", "-q", "origin"]);
    team.git("alice", ["reset", "-q", "--hard", "origin/main"]);
    team.of("alice", &["check"]).fails(5).says("policies/backend.toml").says("rolled back");
    team.of("alice", &["get", "db-key", "--scope", "backend"]).ends().stdout_is("");
}

#[test]
fn a_member_whom_a_request_removes_works_on_until_it_is_merged() {
    for is_admin in [false, true] {
        let team = if is_admin { Team::two_admins() } else { Team::with_bob() };
        if is_admin {
            team.of("bob", &["policy", "update", "backend", "--description", "by bob"]).ok();
        }
        for who in ["bob", "alice", "bob", "alice"] {
            in_order(&team, who);
        }
        team.git("alice", ["switch", "-q", "-c", "request"]);
        team.of("alice", &["member", "remove", "bob"]).ok();
        team.git("alice", ["push", "-q", "origin", "request"]);
        team.git("alice", ["switch", "-q", "main"]);
        team.of("alice", &["get", "db-url", "--scope", "backend"]).ok().stdout_is("one");
        team.of("alice", &["member", "list"]).ok().stdout_lacks("removed");
        bob_rotates(&team, "db-url", "by bob");
        if is_admin {
            team.of("bob", &["policy", "update", "backend", "--description", "again"]).ok();
            in_order(&team, "bob");
        }
        team.of("alice", &["rotate", "db-key"]).stdin("next").ok();
        in_order(&team, "alice");
        in_order(&team, "bob");
        team.holds("bob", "db-key", "next");
        // Given up, and forgotten.
        team.git("alice", ["push", "-q", "origin", ":request"]);
        forget(&team, "request");
        in_order(&team, "alice");
        bob_rotates(&team, "db-url", "by bob again");
        // Then removed on main.
        team.of("alice", &["member", "remove", "bob"]).ok();
        in_order(&team, "alice");
        team.of("bob", &["sync"]).ends();
        team.of("bob", &["get", "db-url"]).ends().stdout_is("");
        team.of("alice", &["rotate", "db-url"]).stdin("last").ok();
        in_order(&team, "alice");
    }
}

#[test]
fn a_removal_of_a_member_that_was_asked_for_is_in_force_once_merged() {
    let team = Team::two_admins();
    for who in ["bob", "alice"] {
        in_order(&team, who);
    }
    team.git("alice", ["switch", "-q", "-c", "request"]);
    team.of("alice", &["member", "remove", "bob"]).ok();
    team.git("alice", ["push", "-q", "origin", "request"]);
    team.git("alice", ["switch", "-q", "main"]);
    team.of("alice", &["member", "list"]).ok().stdout_lacks("removed");
    team.git("bob", ["switch", "-q", "-c", "evil"]);
    team.of("bob", &["policy", "update", "backend", "--allow", "*"]).ok();
    team.git("bob", ["push", "-q", "origin", "evil"]);
    team.press(Button::Rebase, "request");
    in_order(&team, "alice");
    // Also on a branch of his.
    team.git("alice", ["fetch", "-q", "origin"]);
    team.git("alice", ["switch", "-q", "evil"]);
    team.of("alice", &["get", "prod-key", "--scope", "backend"]).ends().stdout_is("");
    team.of("alice", &["check"]).fails(4).says("signed by 'bob', who may not sign it");
}

/// alice's old clone has main as it was before her other clone narrowed it, and somebody puts main back.
struct PutBack {
    team: Team,
    old: String,
}

impl PutBack {
    fn new() -> Self {
        let team = Team::with_bob();
        for who in ["alice", "bob", "alice"] {
            in_order(&team, who);
        }
        let old = team.hub(&["rev-parse", "main"]);
        Self { team, old }
    }

    /// Moves the hub's main back, and everybody fetches that.
    fn force(&self) {
        self.team.hub(&["update-ref", "refs/heads/main", &self.old]);
        for who in ["alice", "bob"] {
            self.team.git(who, ["fetch", "-q", "--prune", "origin"]);
        }
    }

    /// Whatever is told, the narrowing is obeyed or the file is refused.
    fn refuses(&self, who: &str) {
        let got = self.team.of(who, &["get", "db-key", "--scope", "backend"]).ends();
        assert!([4, 5].contains(&got.code), "{got}");
        got.stdout_is("");
    }
}

#[test]
fn what_main_had_once_it_was_fetched_is_no_requests_when_main_is_put_back() {
    let scene = PutBack::new();
    let team = &scene.team;
    narrowed_by_request(team);
    team.press(Button::Squash, "request");
    team.git("alice", ["fetch", "-q", "origin"]);
    scene.refuses("alice");
    team.hub(&["branch", "-q", "-D", "request"]);
    // Whoever lost the name puts main back, with a value of theirs.
    team.hub(&["update-ref", "refs/heads/main", &scene.old]);
    team.of("bob", &["rotate", "db-key"]).stdin("forged").ok();
    in_order(team, "bob");
    scene.team.git("alice", ["fetch", "-q", "--prune", "origin"]);
    team.git("alice", ["switch", "-q", "request"]);
    team.of("alice", &["sync", "--with", "origin/main"]).ends();
    team.holds("alice", "db-key", "two");
    team.git("alice", ["switch", "-q", "main"]);
    team.git("alice", ["branch", "-q", "-D", "request"]);
    scene.refuses("alice");
}

#[test]
fn what_a_branch_has_of_main_is_mains() {
    // A branch that was made from what was fetched, and a commit that is no branch's tip.
    for detached in [false, true] {
        let scene = PutBack::new();
        let team = &scene.team;
        team.of("alice", &["policy", "update", "backend", "--deny", "db-key"]).ok();
        team.of("alice", &["rekey"]).ok();
        team.of("alice", &["rotate", "prod-key"]).stdin("more").ok();
        in_order(team, "alice");
        team.git("bob", ["fetch", "-q", "origin"]);
        match detached {
            false => {
                team.git("bob", ["switch", "-q", "-c", "feature", "--no-track", "origin/main"])
            }
            true => team.git("bob", ["checkout", "-q", "--detach", "origin/main~1"]),
        };
        team.of("bob", &["policy", "show", "backend"]).ok().stdout_has("db-key");
        scene.force();
        team.git("bob", ["switch", "-q", "main"]);
        scene.refuses("bob");
    }
}

#[test]
fn a_set_of_admins_that_main_took_over_is_not_passed_by_on_another_branch() {
    let team = Team::two_admins();
    for who in ["alice", "bob", "alice"] {
        in_order(&team, who);
    }
    team.git("bob", ["switch", "-q", "-c", "evil"]);
    team.of("bob", &["policy", "update", "backend", "--allow", "prod-*"]).ok();
    team.of("bob", &["member", "add", "zoe", "--admin", "--recipient", &team.t.outsider("zoe").1])
        .ok();
    team.git("bob", ["push", "-q", "origin", "evil"]);
    // Another clone of alice's removes bob, and this one makes a request from what it fetched.
    let (origin, other) = (team.t.path("origin.git"), team.t.path("other"));
    let (origin, other) = (origin.to_str().unwrap(), other.to_str().unwrap());
    team.t.program("git", ["clone", "-q", origin, other]).ok();
    let there = |words: &[&str]| {
        let call = team.of("alice", &[&["--vault", other], words].concat());
        call.env("XDG_STATE_HOME", team.t.path("other-state"))
    };
    there(&["member", "remove", "bob"]).ok();
    there(&["sync"]).ok();
    team.git("alice", ["fetch", "-q", "origin"]);
    team.git("alice", ["switch", "-q", "-c", "mine", "--no-track", "origin/main"]);
    let ann = team.t.outsider("ann").1;
    team.of("alice", &["member", "add", "ann", "--admin", "--recipient", &ann]).ok();
    team.git("alice", ["switch", "-q", "evil"]);
    let refused = team.of("alice", &["member", "list"]).fails(5);
    refused.stderr_has("admins/3.toml").stderr_has("does not continue");
    team.of("alice", &["store", "top"]).stdin("secret").fails(5);
}

#[test]
fn a_request_may_be_called_as_one_was_that_was_given_up() {
    let team = Team::with_bob();
    narrowed_by_request(&team);
    team.git("alice", ["switch", "-q", "request"]);
    team.of("alice", &["rotate", "db-url"]).stdin("asked for").ok();
    team.of("alice", &["check"]).ends();
    team.git("alice", ["switch", "-q", "main"]);
    team.git("alice", ["push", "-q", "origin", ":request"]);
    team.git("alice", ["branch", "-q", "-D", "request"]);
    team.git("alice", ["switch", "-q", "-c", "request"]);
    for _ in 0..2 {
        team.holds("alice", "db-url", "one");
        team.of("alice", &["get", "db-key", "--scope", "backend"]).ok().stdout_is("two");
        team.of("alice", &["check", "--strict"]).ok();
    }
    // What this one has is put back all the same.
    team.of("alice", &["rotate", "db-url"]).stdin("of this one").ok();
    team.git("alice", ["reset", "-q", "--hard", "HEAD~1"]);
    team.of("alice", &["get", "db-url"]).fails(5).stderr_has("rolled back");
}

#[test]
fn whoever_may_push_a_branch_makes_no_main_of_it() {
    let team = Team::with_bob();
    narrowed_by_request(&team);
    team.git("bob", ["fetch", "-q", "origin"]);
    team.git("bob", ["push", "-q", "origin", "origin/request:refs/heads/master"]);
    team.git("alice", ["fetch", "-q", "origin"]);
    bob_rotates(&team, "db-key", "by bob");
    team.of("alice", &["get", "db-key", "--scope", "backend"]).ok().stdout_is("by bob");
}

#[test]
fn what_a_member_stored_while_a_request_took_the_name_away_is_signed_anew_by_sync() {
    let team = Team::with_bob();
    narrowed_by_request(&team);
    team.git("alice", ["switch", "-q", "request"]);
    team.of("alice", &["policy", "update", "backend", "--deny", "db-new*"]).ok();
    team.git("alice", ["push", "-q", "origin", "request"]);
    team.git("alice", ["switch", "-q", "main"]);
    team.of("bob", &["store", "db-new-one"]).stdin("by bob").ok();
    in_order(&team, "bob");
    in_order(&team, "alice");
    team.holds("alice", "db-new-one", "by bob");
    team.press(Button::Merge, "request");
    team.of("alice", &["sync"]).ok();
    team.holds("alice", "db-new-one", "by bob");
    team.of("alice", &["check"]).fails(4).stdout_has("bob can and may not (run 'authy rekey')");
    team.of("alice", &["rekey"]).ok();
    in_order(&team, "alice");
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["get", "db-new-one"]).fails(4);
}

#[test]
fn a_request_that_changed_the_admins_comes_along_when_main_changed_them_too() {
    let team = Team::two_admins();
    for who in ["bob", "alice"] {
        in_order(&team, who);
    }
    let (ann, zoe) = (team.t.outsider("ann").1, team.t.outsider("zoe").1);
    team.git("alice", ["switch", "-q", "-c", "request"]);
    team.of("alice", &["member", "add", "ann", "--admin", "--recipient", &ann]).ok();
    team.git("alice", ["switch", "-q", "main"]);
    team.of("bob", &["member", "add", "zoe", "--admin", "--recipient", &zoe]).ok();
    team.of("bob", &["rekey"]).ok();
    in_order(&team, "bob");
    in_order(&team, "alice");
    team.git("alice", ["switch", "-q", "request"]);
    let refused = team.of("alice", &["check"]).fails(5).messages();
    let way = refused.split('\'').find(|part| part.starts_with("git checkout ")).unwrap();
    let words: Vec<&str> = way.split(' ').skip(1).collect();
    team.t.program("git", words).dir(team.vault("alice")).ok();
    team.of("alice", &["member", "list"]).ok().stdout_has("zoe");
}
