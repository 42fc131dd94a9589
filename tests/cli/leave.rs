//! Leaving: `member remove`, what stays due until it is rotated, and admins who come and go.

use std::fs;

use crate::team::Team;
use crate::vault::{edit, text};

/// The names that `list --rotate-due` gives to somebody.
fn due(team: &Team, who: &str) -> Vec<String> {
    let list = team.of(who, &["list", "--rotate-due", "--json"]).ok().json();
    list.as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn who_leaves_reads_nothing_new_and_what_he_could_read_is_due() {
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-url", "--raw"]).stdin("by bob").ok();
    team.of("bob", &["store", "db-old", "--raw"]).stdin("old").ok();
    team.send("bob", "alice");
    team.of("alice", &["policy", "create", "named", "--allow", "prod-*", "--member", "bob"]).ok();
    // Renamed out of their reach, so they do not read it any more; they have seen the value.
    team.of("alice", &["rename", "db-old", "other-old"]).ok();
    team.of("alice", &["rekey"]).ok();
    team.of("alice", &["rotate", "db-key", "--raw"]).stdin("db-key 2").ok();
    let head = team.t.head();
    let removal = team.of("alice", &["member", "remove", "bob", "--json"]).ok().json();
    assert_eq!(team.t.log()[0], "Remove member bob");
    assert_eq!(team.t.git(["rev-list", "--count", &format!("{head}..HEAD")]), "1");
    assert_eq!(team.git("alice", ["status", "--porcelain"]), "");
    let mut names: Vec<&str> = removal["due"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| one["name"].as_str().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["db-key", "db-url", "other-old", "prod-key"]);
    assert_eq!(due(&team, "alice"), ["db-key", "db-url", "other-old", "prod-key"]);
    let record = text(&team.file("alice", "secrets/db-url.toml"));
    assert!(
        record.contains("author = \"bob\"") && record.contains("readers = [\"alice\"]"),
        "{record}"
    );
    assert!(!text(&team.file("alice", "policies/named.toml")).contains("bob"));
    team.holds("alice", "db-url", "by bob");

    let warned = team.of("alice", &["check"]).ok();
    warned
        .stdout_has("warning: secrets/other-old.toml: due for rotation")
        .stdout_has("authy rotate other-old");
    for name in ["db-key", "db-url", "other-old", "prod-key"] {
        team.of("alice", &["rotate", name, "--raw"]).stdin("fresh").ok();
    }
    assert!(due(&team, "alice").is_empty());
    team.of("alice", &["check", "--strict"]).ok();
    team.of("alice", &["audit", "verify"]).ok();

    team.send("alice", "bob");
    team.of("bob", &["get", "db-url"]).fails(4);
    team.of("bob", &["store", "db-mine"]).stdin("x").fails(4);
    team.of("alice", &["member", "remove", "bob"]).fails(3);
    team.of("alice", &["member", "list"]).ok().stdout_lacks("bob");
}

#[test]
fn who_was_removed_comes_back_only_by_asking_again() {
    let team = Team::with_bob();
    // Their audit chain begins with a signature of the key that they have now.
    team.of("bob", &["rotate", "db-key"]).stdin("v").ok();
    team.send("bob", "alice");
    let old = fs::read(team.file("bob", "members/bob.toml")).unwrap();
    team.of("alice", &["member", "remove", "bob"]).ok();
    team.send("alice", "bob");
    // Their signed file of before is older than the tombstone that was seen.
    fs::write(team.file("bob", "members/bob.toml"), &old).unwrap();
    team.git("bob", ["commit", "-qam", "Restore"]);
    team.send("bob", "alice");
    team.of("alice", &["check"])
        .ends()
        .code_is(5)
        .stdout_has("members/bob.toml")
        .stdout_has("rolled back");
    team.of("alice", &["rotate", "db-url", "--raw"]).stdin("v").ok();
    team.of("alice", &["rekey"]).ok();
    assert!(
        !text(&team.file("alice", "secrets/db-url.toml"))
            .contains("readers = [\"alice\", \"bob\"]")
    );
    team.of("alice", &["approve", "bob", "--yes"]).fails(5).stderr_has("rolled back");
    team.git("alice", ["revert", "--no-edit", "HEAD~1"]);
    team.git("alice", ["push", "-q"]);
    team.pull("bob");
    team.of("bob", &["join", "--name", "bob", "--group", "backend"]).ok();
    team.send("bob", "alice");
    team.of("alice", &["approve", "bob", "--yes"]).ok();
    team.send("alice", "bob");
    team.holds("bob", "db-url", "v");
    assert!(due(&team, "alice").is_empty());
    team.of("alice", &["audit", "verify"]).ok();
    let member = text(&team.file("alice", "members/bob.toml"));
    assert!(member.contains("former = ["), "{member}");
}

#[test]
fn who_is_removed_while_his_file_is_edited_keeps_the_keys_of_his_chains() {
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-key"]).stdin("v").ok();
    team.send("bob", "alice");
    edit(&team.file("alice", "members/bob.toml"), "backend", "admins");
    team.of("alice", &["member", "remove", "bob"]).ok();
    let tombstone = text(&team.file("alice", "members/bob.toml"));
    assert!(tombstone.contains("version = 2") && tombstone.contains("verify = "), "{tombstone}");
    team.of("alice", &["audit", "verify"]).ok();
    team.holds("alice", "db-key", "v");
}

#[test]
fn a_removal_that_fails_ends_no_session() {
    let team = Team::with_bob();
    let made = ["session", "create", "--scope", "backend", "--shared"];
    let token = team.of("bob", &made).ok().text().trim().to_owned();
    team.send("bob", "alice");
    fs::copy(team.file("alice", "secrets/db-url.age"), team.file("alice", "secrets/db-key.age"))
        .unwrap();
    team.of("alice", &["member", "remove", "bob"]).fails(5).stderr_has("db-key");
    team.of("alice", &["get", "db-url"]).env("AUTHY_TOKEN", &token).ok().stdout_is("one");
}

#[test]
fn a_request_can_be_turned_down() {
    let team = Team::new();
    team.clone_for("eve");
    team.of("eve", &["join", "--name", "eve"]).ok();
    team.send("eve", "alice");
    team.of("alice", &["member", "rm", "eve"]).ok().stderr_has("could read nothing");
    team.of("alice", &["check", "--strict"]).ok();
    team.of("alice", &["approve"]).ok().stderr_has("nothing waits");
}

#[test]
fn an_admin_is_made_reads_everything_and_can_take_the_others_place() {
    let team = Team::with_bob();
    team.of("alice", &["member", "remove", "alice"]).fails(4).stderr_has("only admin");
    team.of("bob", &["member", "add", "bob", "--admin"]).fails(4);
    team.of("alice", &["member", "add", "bob", "--admin"]).ok().stderr_has("authy rekey");
    assert!(team.file("alice", "admins/2.toml").exists());
    team.of("alice", &["member", "add", "bob", "--admin"]).fails(7);
    team.of("alice", &["rekey"]).ok();
    team.of("alice", &["check", "--strict"]).ok();
    team.send("alice", "bob");
    team.holds("bob", "prod-key", "three");
    // Keys of chains were encrypted to them too.
    team.of("bob", &["audit", "verify"]).ok().stdout_lacks("unchecked");
    team.of("bob", &["member", "remove", "bob"]).fails(4).stderr_has("do not remove themselves");
    team.of("bob", &["member", "remove", "alice"]).ok();
    assert!(team.file("bob", "admins/3.toml").exists());
    team.of("bob", &["check"]).ok().stdout_lacks("damage");
    team.holds("bob", "db-url", "one");
    team.of("bob", &["policy", "update", "backend", "--allow", "web-*"]).ok();
    team.send("bob", "alice");
    team.of("alice", &["get", "db-url"]).fails(4);
    team.of("alice", &["policy", "create", "mine", "--allow", "*"]).fails(4);
    team.of("bob", &["audit", "verify"]).ok();
    // The set of before does not come back.
    fs::remove_file(team.file("bob", "admins/3.toml")).unwrap();
    team.of("bob", &["get", "db-url"]).fails(5).stderr_has("admins/3.toml");
}

#[test]
fn an_admin_by_recipients_gets_a_signing_key_of_his_own() {
    let team = Team::new();
    let (key, recipient) = team.t.outsider("elsewhere");
    team.of("alice", &["member", "add", "zoe", "--admin", "--recipient", &recipient]).ok();
    team.of("alice", &["rekey"]).ok();
    team.push("alice");
    team.clone_for("zoe");
    let zoe = |words: &[&str]| team.of("zoe", words).env("AUTHY_KEYFILE", &key);
    zoe(&["get", "prod-key"]).ok().stdout_is("three");
    zoe(&["policy", "create", "ops", "--allow", "ops-*"]).ok();
    zoe(&["check"]).ok();
}

#[test]
fn shared_sessions_end_with_whoever_made_them() {
    let team = Team::with_bob();
    let made = ["session", "create", "--scope", "backend", "--shared"];
    let token = team.of("bob", &made).ok().text().trim().to_owned();
    team.of("bob", &["rotate", "db-url", "--raw"]).stdin("new").ok();
    team.send("bob", "alice");
    let with_token = |words: &[&str]| team.of("alice", words).env("AUTHY_TOKEN", &token);
    with_token(&["get", "db-url"]).ok().stdout_is("new");
    let removal = team.of("alice", &["member", "remove", "bob", "--json"]).ok().json();
    assert_eq!(removal["sessions"].as_array().unwrap().len(), 1);
    with_token(&["get", "db-url"]).fails(6);
    assert!(!text(&team.file("alice", "secrets/db-url.toml")).contains("session:"));
}

#[test]
fn a_value_grows_old_as_it_was_told() {
    let team = Team::new();
    team.of("alice", &["store", "api", "--rotate-every", "90d"]).stdin("v").ok();
    team.of("alice", &["store", "bad", "--rotate-every", "soon"]).stdin("v").fails(2);
    assert!(due(&team, "alice").is_empty());
    let list = team.of("alice", &["list", "api", "--json"]).ok().json();
    assert_eq!(list[0]["rotate_every"], "90d");
    team.of("alice", &["rotate", "api"]).stdin("w").ok();
    assert!(text(&team.file("alice", "secrets/api.toml")).contains("rotate_every = \"90d\""));
}
