//! An edit of a member or a policy that waits for approval gives nothing, and takes nothing that was
//! written before from anybody: one byte pushed into a policy is no damage of a scope's secrets.

use std::fs;

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
