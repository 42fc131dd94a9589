//! An edit of a member or a policy that waits for approval gives nothing, and takes nothing that was
//! written before from anybody: one byte pushed into a policy is no damage of a scope's secrets.

use std::fs;

use crate::harness::needs;
use crate::team::Team;

/// bob edits a file by hand and pushes it; alice takes it over.
fn edited(team: &Team, path: &str, from: &str, to: &str) {
    let file = team.file("bob", path);
    let text = fs::read_to_string(&file).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&file, text.replacen(from, to, 1)).unwrap();
    team.git("bob", ["commit", "-qam", "Edit by hand"]);
    team.push("bob");
    team.pull("alice");
}

#[test]
fn what_members_wrote_under_a_policy_is_read_while_an_edit_of_it_waits() {
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    team.of("bob", &["store", "db-new"]).stdin("new").ok();
    team.push("bob");
    team.pull("alice");
    edited(&team, "policies/backend.toml", "allow = [", "allow = [\"web-*\", ");
    team.holds("alice", "db-url", "of bob");
    team.holds("alice", "db-new", "new");
    let found = team.of("alice", &["check"]).ends().code_is(4);
    found.stdout_has("not approved").stdout_lacks("damage").stdout_lacks("authy restore");
    // The scope gives nothing meanwhile.
    team.of("bob", &["get", "db-url"]).fails(4);
    team.of("alice", &["rotate", "db-key"]).stdin("of alice").ok();
    team.of("alice", &["approve", "backend", "--yes"]).ok();
    team.of("alice", &["check", "--strict"]).ok();
    team.send("alice", "bob");
    team.holds("bob", "db-url", "of bob");
}

#[test]
fn what_a_member_signed_is_read_while_an_edit_of_the_member_waits() {
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    edited(&team, "members/bob.toml", "groups = [", "groups = [\"ops\", ");
    team.holds("alice", "db-url", "of bob");
    team.of("alice", &["check"]).ends().code_is(4).stdout_lacks("damage");
}

#[test]
fn an_edit_gives_nobody_the_right_to_sign() {
    let team = Team::with_bob();
    // bob asks for prod-*, and writes it before anybody agreed.
    let forged = team.file("bob", "secrets/prod-key.toml");
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    let own = fs::read_to_string(team.file("bob", "secrets/db-url.toml")).unwrap();
    fs::write(&forged, own).unwrap();
    fs::copy(team.file("bob", "secrets/db-url.age"), team.file("bob", "secrets/prod-key.age"))
        .unwrap();
    edited(&team, "policies/backend.toml", "allow = [", "allow = [\"prod-*\", ");
    team.of("alice", &["get", "prod-key"]).fails(5);
    // Nor does what was allowed once and is not any more.
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    team.of("bob", &["rotate", "db-key"]).stdin("of bob").ok();
    team.push("bob");
    team.pull("alice");
    team.of("alice", &["policy", "update", "backend", "--deny", "db-key"]).ok();
    team.of("alice", &["rekey"]).ok();
    let value = fs::read(team.file("bob", "secrets/db-key.age")).unwrap();
    let record = fs::read(team.file("bob", "secrets/db-key.toml")).unwrap();
    team.send("alice", "bob");
    fs::write(team.file("bob", "secrets/db-key.age"), value).unwrap();
    fs::write(team.file("bob", "secrets/db-key.toml"), record).unwrap();
    edited(&team, "policies/backend.toml", "allow = [", "allow = [\"web-*\", ");
    team.of("alice", &["get", "db-key"]).fails(5);
}

/// Runs what the hint of a command says, in somebody's clone.
fn bring_back(team: &Team, who: &str, messages: &str) {
    let way = messages.split("bring it back: ").nth(1).unwrap().lines().next().unwrap();
    let way = way.split(';').next().unwrap();
    team.as_person(who, team.t.program("sh", ["-c", way])).ok();
}

#[test]
fn an_edit_of_a_member_that_waits_takes_no_new_value_from_them() {
    let team = Team::with_bob();
    edited(&team, "members/bob.toml", "groups = [", "groups = [\"ops\", ");
    team.of("alice", &["rotate", "db-url"]).stdin("next").ok();
    team.of("alice", &["store", "db-new"]).stdin("new").ok();
    let record = fs::read_to_string(team.file("alice", "secrets/db-url.toml")).unwrap();
    assert!(record.contains("\"bob\""), "{record}");
    team.push("alice");
    let synced = team.of("bob", &["sync"]).ok();
    synced.stderr_lacks("not a member of this vault any more");
    team.git("alice", ["checkout", "-q", "HEAD~3", "--", "members/bob.toml"]);
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    for (name, value) in [("db-url", "next"), ("db-new", "new")] {
        team.holds("bob", name, value);
    }
    team.of("alice", &["check", "--strict"]).ok();
}

#[test]
fn what_a_member_took_away_gets_no_new_value_before_it_is_approved() {
    let team = Team::with_bob();
    if !needs(["age"]) {
        return;
    }
    let (_, recipient) = team.t.outsider("phone");
    let old = fs::read_to_string(team.file("bob", "members/bob.toml")).unwrap();
    let old = old.split('"').find(|word| word.starts_with("age1")).unwrap().to_owned();
    let words = ["member", "update", "bob", "--recipient", &recipient, "--remove-recipient", &old];
    team.of("bob", &words).ok();
    team.of("bob", &["sync"]).ends();
    team.of("alice", &["sync"]).ok();
    team.of("alice", &["rotate", "db-url"]).stdin("next").ok();
    let file = team.file("alice", "secrets/db-url.age");
    let key = team.file("bob", "keys/master.key");
    team.t
        .program("age", ["-d".as_ref(), "-i".as_ref(), key.as_os_str(), file.as_os_str()])
        .fails(1);
}

#[test]
fn a_member_whom_no_admin_removed_is_left_out_of_nothing() {
    let team = Team::with_bob();
    team.of("alice", &["member", "list"]).ok();
    team.git("bob", ["rm", "-q", "members/bob.toml"]);
    team.git("bob", ["commit", "-qm", "Away with it"]);
    team.push("bob");
    let synced = team.of("alice", &["sync"]).ok();
    synced.stderr_has("'members/bob.toml' is gone, and no admin removed it").stderr_lacks("rekey");
    for words in [&["rotate", "db-url"][..], &["rekey"], &["store", "db-new"]] {
        let refused = team.of("alice", words).stdin("next").fails(5);
        refused.stderr_has("'members/bob.toml' is gone").stderr_has("git -C");
    }
    let found = team.of("alice", &["check"]).fails(5);
    found
        .says("no admin removed it")
        .says("bring back members/bob.toml first")
        .stdout_lacks("rekey");
    let refused = team.of("alice", &["rotate", "db-url"]).stdin("next").fails(5).messages();
    bring_back(&team, "alice", &refused);
    team.of("alice", &["rotate", "db-url"]).stdin("next").ok();
    team.of("alice", &["sync"]).ok();
    team.of("alice", &["check", "--strict"]).ok();
    // His own authy knows of no member bob before that is brought in.
    team.pull("bob");
    team.holds("bob", "db-url", "next");
}

#[test]
fn policies_that_are_missing_are_named_and_nobody_is_accused() {
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    fs::remove_dir_all(team.file("bob", "policies")).unwrap();
    let refused = team.of("bob", &["get", "db-url"]).fails(5).messages();
    assert!(refused.contains("'policies/backend.toml' is in the last commit"), "{refused}");
    let found = team.of("bob", &["check"]).fails(5);
    found.says("bring back policies/backend.toml first").stdout_lacks("authy restore");
    bring_back(&team, "bob", &refused);
    team.holds("bob", "db-url", "of bob");
}

#[test]
fn a_policy_that_waits_is_named_to_whom_it_gave_something() {
    let team = Team::with_bob();
    edited(&team, "policies/backend.toml", "allow = [", "allow = [\"web-*\", ");
    let refused = team.of("bob", &["get", "db-url"]).fails(4);
    refused
        .stderr_has("'backend' is not approved as it stands")
        .stderr_has("authy approve backend");
    team.of("bob", &["get", "prod-key"]).fails(4).stderr_lacks("backend");
}

#[test]
fn a_policy_that_cannot_be_read_is_not_said_to_be_for_approval() {
    let team = Team::with_bob();
    fs::write(team.file("bob", "policies/backend.toml"), "allow = [\n").unwrap();
    let found = team.of("bob", &["check"]).fails(4);
    found.says("cannot be read").says("git checkout").stdout_lacks("authy approve");
    team.git("bob", ["commit", "-qam", "Slip"]);
    team.push("bob");
    team.pull("alice");
    let found = team.of("alice", &["check"]).fails(4);
    found.says("cannot be read").says("mend the file by hand, or 'git checkout ");
}

#[test]
fn an_older_version_that_was_committed_again_is_not_what_drops_an_edit() {
    let team = Team::with_bob();
    let file = team.file("bob", "policies/backend.toml");
    let old = fs::read(&file).unwrap();
    team.of("alice", &["policy", "update", "backend", "--deny", "db-key"]).ok();
    team.of("alice", &["sync"]).ok();
    let good = team.git("alice", ["log", "--format=%h", "--abbrev=7", "-1", "--", "policies"]);
    team.of("bob", &["sync"]).ok();
    fs::write(&file, &old).unwrap();
    team.git("bob", ["commit", "-qam", "Back"]);
    edited(&team, "policies/backend.toml", "allow = [", "allow = [\"web-*\", ");
    let found = team.of("alice", &["check"]).fails(4);
    found.says(&format!("git checkout {}", good.trim()));
}
