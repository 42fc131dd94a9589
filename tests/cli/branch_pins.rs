//! Pins that know branches: what another branch never had is not rolled back there, and what was put
//! back is, on whatever way. Members, policies and admins are on every branch what main has.

use crate::forge::Button;
use crate::outcome::Done;
use crate::team::Team;

fn in_order(team: &Team, who: &str) {
    team.of(who, &["sync"]).ok();
    team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
    team.of(who, &["check", "--strict"]).ok();
}

fn rolled_back(done: Done) {
    done.code_is(5).stdout_is("").stderr_has("rolled back").stderr_has("authy restore db-url");
}

#[test]
fn while_a_request_waits_main_has_its_own_values() {
    let team = Team::with_bob();
    team.git("bob", ["switch", "-q", "-c", "request"]);
    team.of("bob", &["rotate", "db-url"]).stdin("asked for").ok();
    team.git("bob", ["push", "-q", "origin", "request"]);
    team.git("bob", ["switch", "-q", "main"]);
    let got = team.of("bob", &["get", "db-url"]).ok().stdout_is("one");
    got.stderr_has("'request' has a newer 'db-url'; this branch's is used");
    let run = ["run", "--scope", "backend", "--", "sh", "-c", "printf %s \"$db_url\""];
    team.of("bob", &run).ok().stdout_has("one").stderr_has("'request'");
    team.of("bob", &["get", "db-key"]).ok().stderr_lacks("request");
    team.of("bob", &["check", "--strict"]).ok();
    team.of("bob", &["audit", "verify"]).ok().stdout_lacks("damaged");
    // Whoever fetched the request has both, too.
    team.git("alice", ["fetch", "-q", "origin"]);
    team.git("alice", ["switch", "-q", "request"]);
    team.holds("alice", "db-url", "asked for");
    in_order_here(&team, "alice");
    team.git("alice", ["switch", "-q", "main"]);
    team.of("alice", &["get", "db-url"]).ok().stdout_is("one").stderr_has("'request'");
    in_order_here(&team, "alice");
    // A change on main goes on from what main has.
    team.of("alice", &["rotate", "db-key"]).stdin("new").ok();
    in_order(&team, "alice");
    team.press(Button::Squash, "request");
    for who in ["alice", "bob"] {
        in_order(&team, who);
        team.holds(who, "db-url", "asked for");
        team.holds(who, "db-key", "new");
    }
}

fn in_order_here(team: &Team, who: &str) {
    team.of(who, &["check", "--strict"]).ok();
    team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
}

#[test]
fn a_branch_that_was_moved_back_is_a_rollback() {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    let new = team.git("alice", ["rev-parse", "HEAD"]);
    team.git("alice", ["reset", "-q", "--hard", "HEAD~1"]);
    rolled_back(team.of("alice", &["get", "db-url"]).ends());
    // Under another name, too.
    for name in ["trunk", "other"] {
        team.git("alice", ["branch", "-m", name]);
        for _ in 0..2 {
            rolled_back(team.of("alice", &["get", "db-url"]).ends());
        }
    }
    team.git("alice", ["branch", "-m", "main"]);
    // Also where the newer one is still some branch's, and after other things were read.
    team.git("alice", ["branch", "keep", &new]);
    team.of("alice", &["get", "db-key"]).ok();
    team.of("alice", &["store", "other"]).stdin("x").ok();
    rolled_back(team.of("alice", &["get", "db-url"]).ends());
    team.of("alice", &["check"]).fails(5).says("rolled back");
    // The hint heals it: with the newer one, or by agreeing to the older.
    team.of("alice", &["restore", "db-url", "--version", "2"]).ok();
    team.holds("alice", "db-url", "one");
    team.of("alice", &["check", "--strict"]).ok();
}

#[test]
fn a_removal_in_another_branch_hides_no_rollback_in_this_one() {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    team.git("alice", ["switch", "-q", "-c", "side"]);
    team.of("alice", &["remove", "db-url"]).ok();
    team.git("alice", ["switch", "-q", "main"]);
    team.of("alice", &["get", "db-url"]).ok().stdout_is("new").stderr_has("'side'");
    team.git("alice", ["reset", "-q", "--hard", "HEAD~1"]);
    rolled_back(team.of("alice", &["get", "db-url"]).ends());
}

#[test]
fn a_revert_of_what_was_synced_is_a_rollback_even_where_nobody_read_it() {
    let team = Team::two_admins();
    in_order(&team, "alice");
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    in_order(&team, "alice");
    // bob takes it over, and does not look at the value.
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["audit", "verify"]).ok();
    let rotation = team.hub(&["log", "--format=%H", "--grep=Rotate", "-1", "main"]);
    team.revert(&rotation);
    team.of("bob", &["sync"]).ok();
    let revert = team.hub(&["rev-parse", "--short=7", "main"]);
    let refused = team.of("bob", &["get", "db-url"]).ends();
    assert!(
        refused.messages().contains(&format!("commit {}", revert.trim())),
        "{}",
        refused.messages()
    );
    rolled_back(refused);
    // The lines that went with it are alice's, who has them; nobody else can bring them back.
    team.of("bob", &["audit", "verify"]).fails(5).says("alice-").says("is gone");
    team.of("alice", &["sync"]).ok();
    let refused = team.of("alice", &["get", "db-url"]).fails(5).messages();
    team.of("alice", &["audit", "verify"]).ok();
    let way = refused.split('\'').find(|part| part.starts_with("authy restore")).unwrap();
    let words: Vec<&str> = way.split(' ').skip(1).collect();
    team.of("alice", &words).ok();
    in_order(&team, "alice");
    in_order(&team, "bob");
    for who in ["alice", "bob"] {
        team.holds(who, "db-url", "new");
    }
}

#[test]
fn a_commit_of_before_that_is_checked_out_has_the_values_of_then() {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    team.of("alice", &["remove", "db-key"]).ok();
    team.git("alice", ["checkout", "-q", "HEAD~2"]);
    team.of("alice", &["get", "db-url"]).ok().stdout_is("one").stderr_has("'main' has a newer");
    // Also one that was removed since.
    team.of("alice", &["get", "db-key"]).ok().stdout_is("two");
    in_order_here(&team, "alice");
    team.git("alice", ["switch", "-q", "main"]);
    team.holds("alice", "db-url", "new");
    team.of("alice", &["get", "db-key"]).fails(3);
    // A removal that is taken back is one that came back.
    team.git("alice", ["revert", "--no-edit", "-n", "HEAD"]);
    team.of("alice", &["get", "db-key"]).fails(5);
    team.git("alice", ["reset", "-q", "--hard"]);
    in_order(&team, "alice");
}

#[test]
fn rules_are_what_they_are_on_every_branch() {
    let team = Team::two_admins();
    team.git("alice", ["branch", "old"]);
    team.of("alice", &["policy", "update", "backend", "--deny", "db-key"]).ok();
    team.of("alice", &["config", "set", "agents", "allow"]).ok();
    team.git("alice", ["switch", "-q", "old"]);
    // Narrowed on main, narrowed here.
    let denied = team.of("alice", &["get", "db-key", "--scope", "backend"]).fails(4);
    denied.stderr_has("'main'").stderr_has("policies/backend.toml");
    team.of("alice", &["config", "show"]).ok().stdout_has("allow");
    in_order_here(&team, "alice");
    team.git("alice", ["switch", "-q", "main"]);
    // An admin who was removed is none on a branch of before.
    team.of("alice", &["member", "remove", "bob"]).ok();
    team.of("alice", &["sync"]).ok();
    team.git("alice", ["switch", "-q", "old"]);
    let list = team.of("alice", &["member", "list"]).ok();
    let bob = list.lines().into_iter().find(|line| line.starts_with("bob"));
    assert!(bob.is_none_or(|line| line.contains("removed")), "{list}");
    team.of("alice", &["rotate", "db-url"]).stdin("on old").ok();
    let record = team.file("alice", "secrets/db-url.toml");
    assert!(!crate::vault::text(&record).contains("bob"), "he reads nothing new on any branch");
    // A policy that is put back on this very branch is one.
    team.git("alice", ["switch", "-q", "main"]);
    team.git("alice", ["checkout", "-q", "old", "--", "policies"]);
    let found = team.of("alice", &["check"]).fails(5).says("policies/backend.toml");
    let found = found.says("rolled back").text();
    // The line that the hint names brings it back.
    let way = found.split('\'').find(|part| part.starts_with("git checkout ")).unwrap();
    let words: Vec<&str> = way.split(' ').skip(1).collect();
    team.t.program("git", words).dir(team.vault("alice")).ok();
    team.of("alice", &["check"]).ok();
}

#[test]
fn a_runner_that_checks_branches_in_turn_accuses_nobody() {
    let team = Team::with_bob();
    for (branch, name) in [("a", "db-url"), ("b", "db-key")] {
        team.git("bob", ["switch", "-q", "-c", branch, "main"]);
        team.of("bob", &["rotate", name]).stdin(branch).ok();
        team.git("bob", ["push", "-q", "origin", branch]);
    }
    team.of("alice", &["member", "add", "ci", "--recipient", &team.t.outsider("ci").1]).ok();
    team.of("alice", &["policy", "update", "backend", "--member", "ci"]).ok();
    team.of("alice", &["rekey"]).ok();
    in_order(&team, "alice");
    team.t.sh("cp ../ci/.authy/keys/master.key ../ci.key && rm -rf ../ci ../ci-state").ok();
    team.clone_for("ci");
    for round in 0..2 {
        for (branch, url, key) in [("a", "a", "two"), ("main", "one", "two"), ("b", "one", "b")] {
            // As checkout actions do it: one commit, and no branch.
            team.git("ci", ["fetch", "-q", "--no-tags", "origin", branch]);
            let commit = team.git("ci", ["rev-parse", "FETCH_HEAD"]);
            team.git("ci", ["checkout", "-q", "--force", "--detach", &commit]);
            team.of("ci", &["check", "--strict"]).ok();
            team.of("ci", &["audit", "verify"]).ok().stdout_lacks("damaged");
            if branch == "main" {
                for (name, value) in [("db-url", url), ("db-key", key)] {
                    let call = team.of("ci", &["get", name]);
                    call.env("AUTHY_KEYFILE", team.t.path("ci.key")).ok().stdout_is(value);
                }
            }
        }
        if round == 0 {
            in_order(&team, "alice");
        }
    }
}

#[test]
fn what_somebody_saw_in_a_request_is_asked_of_nobody_who_has_not_fetched_it() {
    let team = Team::with_bob();
    team.git("bob", ["switch", "-q", "-c", "request"]);
    team.of("bob", &["rotate", "db-url"]).stdin("asked for").ok();
    team.git("bob", ["push", "-q", "origin", "request"]);
    // alice looks at it, adds a commit that names what bob's chain has there, and goes on with main.
    team.git("alice", ["fetch", "-q", "origin"]);
    team.git("alice", ["switch", "-q", "request"]);
    team.of("alice", &["annotate", "db-url", "--description", "fine"]).ok();
    team.git("alice", ["switch", "-q", "main"]);
    team.of("alice", &["rotate", "db-key"]).stdin("new").ok();
    in_order(&team, "alice");
    // Who has main alone knows of the lines, and does not have them.
    let (origin, clone) = (team.t.path("origin.git"), team.t.path("clone"));
    let words =
        ["clone", "-q", "--single-branch", origin.to_str().unwrap(), clone.to_str().unwrap()];
    team.t.program("git", words).ok();
    let verify = team.t.authy(["--vault", clone.to_str().unwrap(), "audit", "verify"]);
    let verify = verify.env("XDG_STATE_HOME", team.t.path("clone-state")).ok();
    verify.stdout_lacks("damaged").stdout_has("which no branch here has yet");
    // With bob's next commit on main they are there.
    team.git("bob", ["switch", "-q", "main"]);
    in_order(&team, "bob");
    in_order(&team, "alice");
    team.of("alice", &["audit", "verify"]).ok().stdout_lacks("which no branch here");
}

/// Does what the hint of a refused command says first.
fn follow(team: &Team, who: &str, refused: &Done) {
    let messages = refused.messages();
    let way = messages.split('\'').find(|part| part.starts_with("authy restore")).unwrap();
    let words: Vec<&str> = way.split(' ').skip(1).collect();
    team.of(who, &words).ok();
}

#[test]
fn what_another_branch_has_hides_no_rollback_of_this_one() {
    let team = Team::two_admins();
    in_order(&team, "alice");
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["rotate", "db-url"]).stdin("new").ok();
    in_order(&team, "bob");
    // A request of bob's goes further than main.
    team.git("bob", ["switch", "-q", "-c", "request"]);
    team.of("bob", &["rotate", "db-url"]).stdin("asked for").ok();
    team.git("bob", ["push", "-q", "origin", "request"]);
    team.git("bob", ["switch", "-q", "main"]);
    team.of("bob", &["get", "db-url"]).ok().stdout_is("new").stderr_has("'request'");
    let before = team.git("bob", ["rev-parse", "HEAD"]);
    team.git("bob", ["reset", "-q", "--hard", "HEAD~1"]);
    let refused = team.of("bob", &["get", "db-url"]).fails(5);
    refused.stderr_has("version 2 is here, version 3 was seen before").stdout_is("");
    team.of("bob", &["check"]).fails(5).says("rolled back");
    team.git("bob", ["reset", "-q", "--hard", &before]);
    team.holds("bob", "db-url", "new");
    // The same by a commit of everybody's.
    let rotation = team.hub(&["log", "--format=%H", "--grep=Rotate", "-1", "main"]);
    team.revert(&rotation);
    team.of("bob", &["sync"]).ok();
    rolled_back(team.of("bob", &["get", "db-url"]).ends());
}

#[test]
fn the_way_on_from_a_rollback_works_after_a_reset() {
    for is_pushed in [true, false] {
        let team = Team::with_bob();
        team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
        if is_pushed {
            in_order(&team, "alice");
        }
        team.git("alice", ["reset", "-q", "--hard", "HEAD~1"]);
        let refused = team.of("alice", &["get", "db-url"]).fails(5);
        match is_pushed {
            true => _ = refused.stderr_has("'authy sync' brings version 3 back"),
            false => follow(&team, "alice", &refused),
        }
        in_order(&team, "alice");
        team.holds("alice", "db-url", "new");
        in_order(&team, "bob");
        team.holds("bob", "db-url", "new");
    }
}

#[test]
fn a_request_that_was_given_up_and_forgotten_is_no_rollback() {
    let team = Team::two_admins();
    team.git("alice", ["switch", "-q", "-c", "request"]);
    team.of("alice", &["rotate", "db-url"]).stdin("asked for").ok();
    team.of("alice", &["policy", "update", "backend", "--deny", "db-key"]).ok();
    team.git("alice", ["switch", "-q", "main"]);
    team.git("alice", ["branch", "-q", "-D", "request"]);
    team.git("alice", ["reflog", "expire", "--expire-unreachable=now", "--all"]);
    team.git("alice", ["gc", "-q", "--prune=now"]);
    let got = team.of("alice", &["get", "db-url"]).ok().stdout_is("one");
    got.stderr_has("'request' has a newer 'db-url'; this branch's is used");
    team.of("alice", &["policy", "update", "backend", "--description", "kept"]).ok();
    team.of("alice", &["rotate", "db-url"]).stdin("next").ok();
    in_order(&team, "alice");
    in_order(&team, "bob");
    team.holds("bob", "db-url", "next");
    // Seen on main it is main's.
    team.git("alice", ["switch", "-q", "-c", "other"]);
    team.of("alice", &["rotate", "db-url"]).stdin("merged").ok();
    team.git("alice", ["switch", "-q", "main"]);
    team.git("alice", ["merge", "-q", "--ff-only", "other"]);
    team.holds("alice", "db-url", "merged");
    team.git("alice", ["reset", "-q", "--hard", "HEAD~1"]);
    team.git("alice", ["branch", "-q", "-D", "other"]);
    rolled_back(team.of("alice", &["get", "db-url"]).ends());
}

#[test]
fn clones_of_one_machine_leave_each_other_alone() {
    let team = Team::with_bob();
    in_order(&team, "bob");
    let (origin, other) = (team.t.path("origin.git"), team.t.path("other"));
    let (origin, other) = (origin.to_str().unwrap(), other.to_str().unwrap());
    let clone = || team.t.program("git", ["clone", "-q", origin, other]).ok();
    let there = |words: &[&str]| team.of("bob", &[&["--vault", other], words].concat());
    let both = || {
        for words in [&["get", "db-url"][..], &["check", "--strict"]] {
            team.of("bob", words).ok().stderr_lacks("gone");
            there(words).ok();
        }
        for verify in [team.of("bob", &["audit", "verify"]), there(&["audit", "verify"])] {
            verify.ok().stdout_lacks("damaged");
        }
    };
    // Each has lines that no commit has.
    clone();
    both();
    both();
    // One is thrown away and made anew, as runners do it, with what only it had.
    for _ in 0..2 {
        std::fs::remove_dir_all(other).unwrap();
        clone();
        both();
    }
    // A second work tree of one clone.
    std::fs::remove_dir_all(other).unwrap();
    team.git("bob", ["worktree", "add", "-q", other, "-b", "side"]);
    both();
    both();
    // What goes on in one that is there is missed.
    std::fs::remove_dir_all(team.file("bob", ".local/audit")).unwrap();
    team.of("bob", &["audit", "verify"]).fails(5).says("verified here before");
}

#[test]
fn a_revert_in_the_middle_of_a_chain_is_mended_by_one_sync_of_its_writer() {
    let team = Team::two_admins();
    in_order(&team, "alice");
    for name in ["one", "two"] {
        team.of("alice", &["store", name]).stdin("x").ok();
        in_order(&team, "alice");
    }
    team.of("bob", &["sync"]).ok();
    let commit = team.hub(&["log", "--format=%H", "--grep=Store one", "-1", "main"]);
    team.revert(&commit);
    team.of("bob", &["sync"]).ok();
    let found = team.of("bob", &["check"]).fails(5);
    found.says("who wrote these lines has them");
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    for who in ["alice", "bob"] {
        team.of(who, &["audit", "verify"]).ok().stdout_lacks("damaged");
    }
}

/// Moves the hub's main, as whoever may push can.
fn force_main(team: &Team, to: &str) {
    team.hub(&["update-ref", "refs/heads/main", to]);
}

#[test]
fn what_main_had_is_known_in_a_new_clone_whatever_other_branches_say() {
    let team = Team::two_admins();
    in_order(&team, "alice");
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    in_order(&team, "alice");
    team.of("bob", &["sync"]).ok();
    team.holds("bob", "db-url", "new");
    // bob's own request goes further, and somebody pushes a branch that says it goes further still.
    team.git("bob", ["switch", "-q", "-c", "request"]);
    team.of("bob", &["rotate", "db-url"]).stdin("asked for").ok();
    let file = team.file("bob", "secrets/db-url.toml");
    let text = crate::vault::text(&file);
    let version = text.lines().next().unwrap().to_owned();
    std::fs::write(&file, text.replace(&version, "version = 99")).unwrap();
    team.git("bob", ["switch", "-q", "-c", "forged"]);
    team.git("bob", ["commit", "-q", "-a", "-m", "Forged"]);
    team.git("bob", ["push", "-q", "origin", "forged"]);
    let rotation = team.hub(&["log", "--format=%H", "--grep=Rotate", "-1", "main"]);
    force_main(&team, &format!("{rotation}~1"));
    let (origin, job) = (team.t.path("origin.git"), team.t.path("job"));
    let url = format!("file://{}", origin.display());
    team.t.program("git", ["clone", "-q", &url, job.to_str().unwrap()]).ok();
    let there =
        |words: &[&str]| team.of("bob", &[&["--vault", job.to_str().unwrap()], words].concat());
    rolled_back(there(&["get", "db-url"]).ends());
    there(&["check"]).fails(5);
    // A runner that is never on a branch.
    let git = |words: &[&str]| {
        team.t.program("git", words.iter().copied()).dir(&job).ok();
    };
    git(&["checkout", "-q", "--detach", "origin/main"]);
    rolled_back(there(&["get", "db-url"]).ends());
    // In bob's own clone, once git has forgotten all that came later.
    team.git("bob", ["switch", "-q", "main"]);
    team.git("bob", ["fetch", "-q", "origin"]);
    team.git("bob", ["reset", "-q", "--hard", "origin/main"]);
    team.git("bob", ["branch", "-q", "-D", "request", "forged"]);
    team.git("bob", ["update-ref", "-d", "refs/remotes/origin/forged"]);
    team.git("bob", ["reflog", "expire", "--expire=now", "--all"]);
    team.git("bob", ["gc", "-q", "--prune=now"]);
    rolled_back(team.of("bob", &["get", "db-url"]).ends());
}

#[test]
fn what_a_removed_member_signs_on_an_old_branch_is_not_read() {
    let team = Team::with_bob();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["rotate", "db-url"]).stdin("before").ok();
    in_order(&team, "bob");
    in_order(&team, "alice");
    team.of("alice", &["member", "remove", "bob"]).ok();
    team.of("alice", &["sync"]).ok();
    team.git("bob", ["switch", "-q", "-c", "evil"]);
    team.of("bob", &["rotate", "db-url"]).stdin("after").ok();
    team.git("bob", ["push", "-q", "origin", "evil"]);
    team.git("alice", ["fetch", "-q", "origin"]);
    // Also where a merge of his has main's tree, and both pasts behind it.
    let script = "merge=$(git commit-tree -p origin/main -p origin/evil -m merge 'origin/main^{tree}') && \
                  git update-ref refs/remotes/origin/merged $merge";
    team.t.sh(script).dir(team.vault("alice")).ok();
    team.git("alice", ["switch", "-q", "evil"]);
    let refused = team.of("alice", &["get", "db-url"]).fails(5);
    refused.stdout_is("").stderr_has("signed by 'bob', who may not sign it");
    team.of("alice", &["check"]).fails(5);
}

#[test]
fn an_older_branch_is_read_though_main_and_a_request_went_on() {
    let team = Team::two_admins();
    in_order(&team, "alice");
    for branch in ["other", "request"] {
        team.git("alice", ["branch", "-q", branch]);
    }
    team.of("alice", &["rotate", "db-url"]).stdin("of main").ok();
    in_order(&team, "alice");
    team.git("alice", ["switch", "-q", "-c", "newer"]);
    team.of("alice", &["rotate", "db-url"]).stdin("asked for").ok();
    for branch in ["other", "request"] {
        team.git("alice", ["switch", "-q", branch]);
        team.of("alice", &["get", "db-url"]).ok().stdout_is("one");
        team.of("alice", &["check"]).ok();
    }
    team.git("alice", ["checkout", "-q", "--detach", "other"]);
    team.of("alice", &["get", "db-url"]).ok().stdout_is("one");
    team.git("alice", ["switch", "-q", "main"]);
    team.holds("alice", "db-url", "of main");
}

#[test]
fn a_runner_that_is_never_on_a_branch_sees_that_main_was_put_back() {
    let team = Team::two_admins();
    in_order(&team, "alice");
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    in_order(&team, "alice");
    team.clone_for("ci");
    team.git("ci", ["checkout", "-q", "--detach", "origin/main"]);
    team.t
        .sh("mkdir -p ci/.authy/keys && cp \"$HOME\"/.authy/keys/master.key ci/.authy/keys/")
        .dir(team.t.path(""))
        .ok();
    team.holds("ci", "db-url", "new");
    let rotation = team.hub(&["log", "--format=%H", "--grep=Rotate", "-1", "main"]);
    force_main(&team, &format!("{}~1", rotation.trim()));
    team.git("ci", ["fetch", "-q", "origin"]);
    team.git("ci", ["checkout", "-q", "--detach", "origin/main"]);
    for _ in 0..2 {
        rolled_back(team.of("ci", &["get", "db-url"]).ends());
    }
}

#[test]
fn what_another_clone_of_one_machine_has_not_sent_is_named_with_its_folder() {
    let team = Team::with_bob();
    in_order(&team, "bob");
    let (origin, other) = (team.t.path("origin.git"), team.t.path("other"));
    let (origin, other) = (origin.to_str().unwrap(), other.to_str().unwrap());
    team.t.program("git", ["clone", "-q", origin, other]).ok();
    let there = |words: &[&str]| team.of("bob", &[&["--vault", other], words].concat());
    there(&["get", "db-url"]).ok();
    team.of("bob", &["rotate", "db-url"]).stdin("new").ok();
    let refused = there(&["get", "db-url"]).fails(5);
    let here = team.vault("bob");
    refused.stderr_has(&format!("authy --vault '{}' sync", here.display()));
    team.of("bob", &["sync"]).ok();
    there(&["sync"]).ok();
    there(&["get", "db-url"]).ok().stdout_is("new");
}

#[test]
fn a_member_is_told_that_a_policy_was_put_back_and_how_it_comes_again() {
    let team = Team::with_bob();
    team.of("alice", &["policy", "update", "backend", "--description", "newer"]).ok();
    in_order(&team, "alice");
    team.of("bob", &["sync"]).ok();
    team.holds("bob", "db-url", "one");
    team.git("bob", ["reset", "-q", "--hard", "HEAD~1"]);
    let refused = team.of("bob", &["get", "db-url"]).fails(5);
    refused.stderr_has("'policies/backend.toml' was rolled back").stderr_has("'authy sync' brings");
    team.of("bob", &["sync"]).ok();
    team.holds("bob", "db-url", "one");
    // By a commit that everybody gets.
    let update = team.hub(&["log", "--format=%H", "--grep=Update policy", "-1", "main"]);
    team.revert(&update);
    team.of("bob", &["sync"]).ok();
    let refused = team.of("bob", &["get", "db-url"]).fails(5).messages();
    let way = refused.split('\'').find(|part| part.starts_with("git checkout ")).unwrap();
    let words: Vec<&str> = way.split(' ').skip(1).collect();
    team.t.program("git", words).dir(team.vault("bob")).ok();
    team.holds("bob", "db-url", "one");
}
