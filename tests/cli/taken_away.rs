//! What was taken away stays away: an old document that is put back decides nothing, whoever
//! lost a right is not signed for, and what would brick a clone is not taken over.

use std::path::PathBuf;
use std::time::SystemTime;

use crate::harness::{Sandbox, needs, patiently};
use crate::team::Team;
use crate::vault::text;

/// The file as an older commit has it.
fn old(team: &Team, who: &str, commit: &str, path: &str) -> String {
    team.t.program("git", ["show", &format!("{commit}:{path}")]).dir(team.vault(who)).ok().text()
}

fn put(team: &Team, who: &str, path: &str, content: &str) {
    std::fs::write(team.file(who, path), content).unwrap();
}

fn commit(team: &Team, who: &str, message: &str) {
    team.git(who, ["add", "-A", "members", "policies", "secrets"]);
    team.git(who, ["commit", "-q", "-m", message]);
}

#[test]
fn an_old_policy_that_is_committed_again_does_not_hide_what_an_approval_gives_back() {
    let team = Team::with_bob();
    let alice = |words: &[&str]| team.of("alice", words);
    let generous = text(&team.file("alice", "policies/backend.toml"));
    alice(&[
        "policy",
        "update",
        "backend",
        "--remove-member",
        "@backend",
        "--remove-allow",
        "db-*",
        "--allow",
        "web-*",
    ])
    .ok();
    alice(&["rekey"]).ok();
    // bob commits the old one, and then asks for just that again.
    put(&team, "alice", "policies/backend.toml", &generous);
    commit(&team, "alice", "put an old one back");
    let asked = generous.replace("description", "# asked\ndescription");
    let asked = if asked == generous { format!("# asked\n{generous}") } else { asked };
    put(&team, "alice", "policies/backend.toml", &asked);
    let look = alice(&["approve", "policy", "backend", "--dry-run"]).ok();
    look.stdout_has("bob").stdout_has("db-url").stdout_lacks("nobody gains");
}

#[test]
fn what_a_removed_member_forged_is_not_signed_by_the_next_change() {
    let team = Team::with_bob();
    let alice = |words: &[&str]| team.of("alice", words);
    let member = text(&team.file("alice", "members/bob.toml"));
    team.of("bob", &["rotate", "db-url"]).stdin("forged").ok();
    let forged = ["secrets/db-url.toml", "secrets/db-url.age"]
        .map(|path| (path, std::fs::read(team.file("bob", path)).unwrap()));
    alice(&["member", "remove", "bob"]).ok();
    // Their old file and what they wrote come back with git.
    put(&team, "alice", "members/bob.toml", &member);
    for (path, bytes) in &forged {
        std::fs::write(team.file("alice", path), bytes).unwrap();
    }
    commit(&team, "alice", "put him back");
    alice(&["get", "db-url"]).fails(5);
    alice(&["policy", "update", "backend", "--allow", "web-*"]).ends();
    alice(&["rekey"]).ends();
    alice(&["get", "db-url"]).ends().code_is(5).stdout_is("");
}

#[test]
fn sync_signs_nothing_for_somebody_whose_right_was_taken_and_published() {
    let team = Team::with_bob();
    let alice = |words: &[&str]| team.of("alice", words);
    alice(&["member", "remove", "bob"]).ok();
    alice(&["sync"]).ok();
    // bob, in a clone that knows nothing of it, writes and forces their branch over.
    team.of("bob", &["rotate", "db-url"]).stdin("from bob").ok();
    team.of("bob", &["store", "db-new"]).stdin("new from bob").ok();
    team.git("bob", ["push", "-q", "--force"]);
    for _ in 0..2 {
        let done = alice(&["sync"]).ends();
        assert!([5, 7].contains(&done.code), "{done}");
    }
    team.holds("alice", "db-url", "one");
    alice(&["get", "db-new"]).ends().code_is(3);
}

#[test]
fn what_was_written_before_anybody_could_know_is_signed_as_ever() {
    let team = Team::with_bob();
    team.of("bob", &["store", "db-new"]).stdin("from bob").ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["member", "remove", "bob"]).ok();
    team.of("alice", &["sync"]).ok();
    team.holds("alice", "db-new", "from bob");
}

#[test]
fn an_older_side_of_a_conflict_cannot_be_taken() {
    let team = Team::two_admins();
    let before = team.git("alice", ["rev-parse", "HEAD"]);
    let alice = |words: &[&str]| team.of("alice", words);
    alice(&["policy", "update", "backend", "--deny", "db-key"]).ok();
    alice(&["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    // bob's side has the policy of before, signed as it was.
    put(
        &team,
        "bob",
        "policies/backend.toml",
        &old(&team, "bob", &before, "policies/backend.toml"),
    );
    commit(&team, "bob", "put it back");
    team.push("bob");
    alice(&["policy", "update", "backend", "--description", "mine"]).ok();
    alice(&["sync"]).ends().code_is(7);
    alice(&["conflict", "take", "theirs", "policies/backend.toml"])
        .fails(5)
        .stderr_has("rolled back");
    alice(&["conflict", "take", "ours", "policies/backend.toml"]).ok();
    alice(&["policy", "show", "backend"]).ok().stdout_has("db-key");
}

#[test]
fn settings_that_are_put_back_are_refused() {
    let team = Team::with_bob();
    let alice = |words: &[&str]| team.of("alice", words);
    alice(&["config", "set", "agents", "allow"]).ok();
    let open = text(&team.file("alice", "authy.toml"));
    alice(&["config", "set", "agents", "run-only"]).ok();
    let base = team.git("alice", ["rev-parse", "HEAD"]);
    put(&team, "alice", "authy.toml", &open);
    alice(&["get", "db-url"]).fails(5).stderr_has("rolled back");
    // A machine that saw nothing of it is told by the base.
    team.git("alice", ["commit", "-q", "-am", "open again"]);
    let fresh = alice(&["check", "--base", &base]).env("XDG_STATE_HOME", team.t.path("fresh"));
    fresh.ends().code_is(5).says("settings");
}

#[test]
fn a_branch_that_would_brick_the_clone_is_looked_at_before_it_is_taken_over() {
    let bricks: [(&str, &str); 4] = [
        ("git rm -q authy.toml", "authy.toml"),
        ("git rm -q -r admins", "admins/1.toml"),
        ("git rm -q -r policies && ln -s /etc policies && git add policies", "policies"),
        ("sed -i 's/run-only/allow/' authy.toml && git add authy.toml", "authy.toml"),
    ];
    for (script, path) in bricks {
        let team = Team::with_bob();
        let script = format!("{script} && git commit -q -m brick && git push -q");
        team.t.sh(&script).dir(team.vault("bob")).ok();
        let done = team.of("alice", &["sync"]).ends().code_is(5);
        done.stderr_has(path).stderr_has("nothing was changed here");
        team.holds("alice", "db-url", "one");
        team.of("alice", &["check"]).ok();
    }
}

#[test]
fn half_a_vault_is_not_made_a_new_one() {
    let t = Sandbox::new();
    t.store([("key", "v")]);
    std::fs::remove_file(t.file("authy.toml")).unwrap();
    t.authy(["init", "--member", "eve"]).fails(5).stderr_has("git checkout");
    t.git(["checkout", "--", "authy.toml"]);
    t.holds("key", "v");
}

#[test]
fn an_approval_is_of_one_thing_and_of_what_was_looked_at() {
    let team = Team::new();
    let alice = |words: &[&str]| team.of("alice", words);
    team.clone_for("backend");
    team.of("backend", &["join", "--name", "backend"]).ok();
    team.push("backend");
    team.pull("alice");
    crate::vault::edit(&team.file("alice", "policies/backend.toml"), "db-*", "d*");
    alice(&["approve", "backend", "--yes"]).fails(2).stderr_has("approve member backend");
    let look = alice(&["approve", "policy", "backend", "--dry-run"]).ok();
    let digest =
        look.lines().into_iter().find_map(|line| line.strip_prefix("digest: ").map(str::to_owned));
    let digest = digest.unwrap();
    crate::vault::edit(&team.file("alice", "policies/backend.toml"), "\"d*\"", "\"*\"");
    alice(&["approve", "policy", "backend", "--expect", &digest]).fails(7).stderr_has("looked at");
    crate::vault::edit(&team.file("alice", "policies/backend.toml"), "\"*\"", "\"d*\"");
    alice(&["approve", "policy", "backend", "--expect", &digest]).ok();
    alice(&["member", "list"]).ok().stdout_has("backend");
    alice(&["approve", "member", "backend", "--yes"]).ok();
    alice(&["approve", "nonsense", "backend"]).fails(2);
}

#[test]
fn restore_takes_no_version_of_somebody_who_could_not_write_it() {
    let team = Team::with_bob();
    let json = team.of("alice", &["history", "db-url", "--json"]).ok().json();
    assert_eq!(json[0]["signed_by"], "alice");
    team.of("bob", &["rotate", "db-url"]).stdin("bobs").ok();
    let json = team.of("bob", &["history", "db-url", "--json"]).ok().json();
    assert_eq!(json[0]["signed_by"], "bob");
    team.send("bob", "alice");
    // bob loses the name, and writes a version of it all the same.
    let alice = |words: &[&str]| team.of("alice", words);
    let stale = team.git("bob", ["rev-parse", "HEAD"]);
    alice(&["policy", "update", "backend", "--deny", "db-url"]).ok();
    alice(&["rekey"]).ok();
    for _ in 0..3 {
        team.of("bob", &["rotate", "db-url", "--raw"]).stdin("forged").ok();
    }
    let record = std::fs::read(team.file("bob", "secrets/db-url.toml")).unwrap();
    let value = std::fs::read(team.file("bob", "secrets/db-url.age")).unwrap();
    let version =
        team.of("bob", &["history", "db-url", "--json"]).ok().json()[0]["version"].to_string();
    assert!(!stale.is_empty());
    std::fs::write(team.file("alice", "secrets/db-url.toml"), record).unwrap();
    std::fs::write(team.file("alice", "secrets/db-url.age"), value).unwrap();
    commit(&team, "alice", "a forged one");
    let forged = team.git("alice", ["rev-parse", "HEAD"]);
    team.git("alice", ["revert", "--no-edit", "HEAD"]);
    alice(&["restore", "db-url", "--version", &version])
        .fails(5)
        .stderr_has("not signed by anybody");
    alice(&["restore", "db-url", "--version", &version, "--commit", &forged]).ok();
}

#[test]
fn the_same_value_again_stays_due() {
    let team = Team::with_bob();
    let alice = |words: &[&str]| team.of("alice", words);
    alice(&["member", "remove", "bob"]).ok();
    alice(&["list", "--rotate-due"]).ok().stdout_has("db-url");
    alice(&["rotate", "db-url", "--raw"]).stdin("one").ok().stderr_has("same value");
    alice(&["list", "--rotate-due"]).ok().stdout_has("db-url");
    alice(&["rotate", "db-url"]).stdin("another").ok();
    alice(&["list", "--rotate-due"]).ok().stdout_lacks("db-url");
}

#[test]
fn a_clock_that_was_ahead_makes_nothing_unreadable() {
    if !needs(["faketime"]) {
        return;
    }
    let t = Sandbox::new();
    t.sh("printf one | faketime -f +300s authy store key --raw && authy remove key").ok();
    t.store([("key", "two")]);
    t.holds("key", "two");
    t.authy(["check"]).ok();
    // Two machines, and a rename onto a name that was ahead.
    t.sh("printf x | faketime -f +300s authy store other --raw && authy remove other").ok();
    t.authy(["rename", "key", "other"]).ok();
    t.holds("other", "two");
    // What is days ahead nobody can have made.
    t.sh("printf y | faketime -f +3d authy store late --raw").ok();
    t.authy(["get", "late"]).env("XDG_STATE_HOME", t.path("fresh")).ends();
    let clone = t.path("clone");
    t.clone_vault(&clone);
    let get = t.authy(["get", "late"]).env("AUTHY_VAULT", &clone);
    let done = get.env("XDG_STATE_HOME", t.path("fresh")).ends().code_is(5);
    done.stdout_is("").stderr_has("ahead");
}

#[test]
fn a_rename_onto_a_name_that_another_clone_knew_is_read_there() {
    let team = Team::new();
    let alice = |words: &[&str]| team.of("alice", words);
    alice(&["store", "main"]).stdin("first").ok();
    alice(&["rotate", "main"]).stdin("second").ok();
    alice(&["rotate", "main"]).stdin("third").ok();
    alice(&["remove", "main"]).ok();
    alice(&["sync"]).ok();
    // Times are whole seconds, and the rename is no part of the one in which that was made.
    let second = || SystemTime::UNIX_EPOCH.elapsed().unwrap().as_secs();
    let made = second();
    patiently(move || {
        while second() == made {
            std::thread::yield_now();
        }
    })
    .unwrap();
    // A clone that was never told of it.
    let clone = team.t.path("fresh");
    let origin = team.t.path("origin.git");
    let words = ["clone", "-q", origin.to_str().unwrap(), clone.to_str().unwrap()];
    team.git("alice", words);
    let fresh = |words: &[&str]| {
        let call = team.of("alice", words).env("AUTHY_VAULT", &clone);
        call.env("XDG_STATE_HOME", team.t.path("other-state"))
    };
    fresh(&["rename", "db-url", "main"]).ok();
    fresh(&["sync"]).ok();
    alice(&["sync"]).ok();
    team.holds("alice", "main", "one");
    alice(&["check"]).ok().stdout_is("");
}

#[test]
fn a_file_that_the_user_names_is_read_with_a_bound() {
    let t = Sandbox::new();
    let add = |file: &str| t.authy(["member", "add", "eve", "--recipients-file", file]);
    let done = add("/dev/zero").ends();
    assert_ne!(done.code, 0, "{done}");
    t.program("mkfifo", ["pipe"]).ok();
    let done = add("pipe").ends();
    assert_ne!(done.code, 0, "{done}");
    let recipient = "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p";
    t.sh(&format!("echo {recipient} >pipe & authy member add eve --recipients-file pipe; wait"))
        .ends();
    let file: PathBuf = t.write("file", format!("# eve\n{recipient}\n"));
    t.authy(["member", "add", "zoe", "--recipients-file", file.to_str().unwrap()]).ends();
}

#[test]
fn a_look_alike_of_a_pattern_is_no_pattern() {
    let t = Sandbox::new();
    t.store([("prod-key", "v")]);
    t.policy("s", ["*"]);
    for deny in ["pr\u{43e}d-*", "prod-\u{200b}*", "prod-*\u{a0}"] {
        t.authy(["policy", "update", "s", "--deny", deny]).fails(2).stderr_has("ASCII");
    }
}

#[test]
fn a_runner_is_told_what_to_mask() {
    let t = Sandbox::new();
    t.store([("token", "line one\n50% off\n")]);
    t.policy("s", ["*"]);
    let done = t.authy(["env", "--scope", "s", "--format", "github"]).ok();
    done.stderr_has("::add-mask::line one\n::add-mask::50%25 off\n").stdout_lacks("add-mask");
    t.authy(["env", "--scope", "s", "--format", "shell"]).ok().stderr_lacks("add-mask");
}

#[test]
fn the_hook_refuses_what_it_promises_and_in_this_repository_alone() {
    let t = Sandbox::new();
    t.store([("one", "1"), ("two", "2")]);
    // Hooks of all repositories are not ours to write.
    let hooks = t.path("global-hooks");
    std::fs::create_dir(&hooks).unwrap();
    t.program("git", ["config", "--global", "core.hooksPath", hooks.to_str().unwrap()]).ok();
    t.authy(["check", "--install-hook"]).ends().code_is(7).stderr_has("--local core.hooksPath");
    assert_eq!(std::fs::read_dir(&hooks).unwrap().count(), 0);
    t.git(["config", "--local", "core.hooksPath", ".git/hooks"]);
    t.authy(["check", "--install-hook"]).ok();
    let tries = [
        ("cp keys/master.key identity.txt && git add -f identity.txt", "identity.txt"),
        ("printf -- '-----BEGIN OPENSSH PRIVATE KEY-----\\n' >id && git add -f id", "id"),
        ("echo A=b >.env && git add -f .env", ".env"),
        ("git rm -q --cached secrets/one.age", "secrets/one.toml"),
        ("git rm -q --cached members/alice.toml", "members/alice.toml"),
        ("cp secrets/two.age secrets/one.age && git add secrets/one.age", "secrets/one.toml"),
    ];
    for (script, path) in tries {
        let script = format!("{script}; git commit -q -m bad");
        let done = t.sh(&script).dir(t.vault()).ends();
        assert_ne!(done.code, 0, "{script}: {done}");
        done.says(path);
        t.git(["reset", "-q", "--hard"]);
        t.git(["clean", "-q", "-f"]);
    }
    t.authy(["rotate", "one"]).stdin("3").ok();
}
