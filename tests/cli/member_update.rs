//! `member update`: groups, and what is encrypted to whom, for readers, members and the only admin.

use std::path::PathBuf;

use crate::harness::{Call, Sandbox, needs};
use crate::team::Team;
use crate::vault::text;

/// A team, and new identities for its people.
struct Scene {
    team: Team,
    keys: [(PathBuf, String); 2],
}

impl Scene {
    fn new() -> Self {
        let team = Team::with_bob();
        let keys = ["one", "two"].map(|name| team.t.outsider(name));
        Self { team, keys }
    }

    /// A call by somebody with one of the new identities.
    fn with(&self, key: usize, who: &str, words: &[&str]) -> Call<'_> {
        self.team.of(who, words).env("AUTHY_KEYFILE", &self.keys[key].0)
    }

    fn recipient(&self, key: usize) -> &str {
        &self.keys[key].1
    }

    /// The recipient that somebody has had so far.
    fn first(&self, who: &str) -> String {
        let shown = self.team.of(who, &["member", "show", who, "--json"]).ok().json();
        shown["recipients"][0].as_str().unwrap().to_owned()
    }
}

#[test]
fn groups_are_an_admins_to_give_and_to_take() {
    let team = Team::with_bob();
    let update = |words: &[&str]| team.of("alice", &[&["member", "update", "bob"], words].concat());
    update(&["--group", "ops", "--remove-group", "backend"]).ok().stderr_has("authy rekey");
    let shown = team.of("alice", &["member", "show", "bob", "--json"]).ok().json();
    assert_eq!(shown["groups"], serde_json::json!(["ops"]));
    team.of("alice", &["rekey"]).ok().stdout_has("bob");
    team.of("alice", &["policy", "diff", "HEAD~2"])
        .ok()
        .stdout_has("bob leaves the group @backend");
    team.send("alice", "bob");
    team.of("bob", &["get", "db-url"]).fails(4);
    update(&["--group", "ops"]).fails(2).stderr_has("nothing to change");
    update(&[]).fails(2).stderr_has("nothing to change");
    team.of("alice", &["member", "update", "eve", "--group", "ops"]).fails(3);
    team.of("bob", &["member", "update", "alice", "--group", "ops"]).fails(4);
    team.of("alice", &["check"]).ok().stdout_has("bob could read it and may not any more");
    let line = team.of("alice", &["audit", "show", "--op", "member.update", "--json"]).ok().json();
    assert_eq!(line[0]["detail"], "bob");
}

#[test]
fn whoever_only_reads_gets_another_recipient_by_an_admin_and_gives_one_up() {
    if !needs(["age"]) {
        return;
    }
    let scene = Scene::new();
    let team = &scene.team;
    let alice = |words: &[&str]| team.of("alice", words);
    let (one, two) = (scene.recipient(0), scene.recipient(1));
    alice(&["member", "add", "carol", "--recipient", one, "--group", "backend"]).ok();
    alice(&["rekey"]).ok();
    let update = |words: &[&str]| alice(&[&["member", "update", "carol"], words].concat());
    update(&["--recipient", two]).ok().stderr_has("re-encrypted 2");
    for key in [0, 1] {
        scene.with(key, "alice", &["get", "db-url"]).ok().stdout_is("one");
        scene.with(key, "alice", &["check"]).ok();
        scene.with(key, "alice", &["get", "prod-key"]).fails(4);
    }
    update(&["--remove-recipient", one]).ok().stderr_has("re-encrypted 2");
    scene.with(1, "alice", &["get", "db-url"]).ok().stdout_is("one");
    scene.with(0, "alice", &["get", "db-url"]).fails(4);
    let file = team.file("alice", "secrets/db-url.age");
    let key = scene.keys[0].0.to_str().unwrap();
    team.t.program("age", ["-d", "-i", key, file.to_str().unwrap()]).ends().code_is(1);
    alice(&["check"]).ok();
}

#[test]
fn what_cannot_be_meant_changes_nothing() {
    let scene = Scene::new();
    let team = &scene.team;
    let alices = scene.first("alice");
    let bobs = scene.first("bob");
    let fails = |who: &str, words: &[&str], code: i32, says: &str| {
        let before = text(&team.file(who, "members/bob.toml"));
        let done = team.of(who, &[&["member", "update"], words].concat()).ends().code_is(code);
        done.stderr_has(says);
        assert_eq!(text(&team.file(who, "members/bob.toml")), before);
    };
    let one = scene.recipient(0);
    fails("alice", &["bob", "--recipient", one], 4, "theirs to say");
    fails("alice", &["bob", "--remove-recipient", &bobs], 4, "theirs to say");
    fails("bob", &["bob", "--remove-recipient", one], 3, "not a recipient of 'bob'");
    fails("bob", &["bob", "--remove-recipient", &bobs], 2, "the last one");
    fails("bob", &["bob", "--recipient", &alices], 7, "'alice's already");
    fails("bob", &["bob", "--recipient", "age1yubikey1qwerty"], 2, "");
    fails("bob", &["bob", "--recipient", &bobs], 2, "nothing to change");
    let agent = team.of("alice", &["member", "update", "alice", "--recipient", one]);
    agent.env("CLAUDECODE", "1").fails(4).stderr_has("agent");
    let confined = team.of("bob", &["member", "update", "bob", "--recipient", one]);
    confined.env("AUTHY_SCOPE", "backend").fails(4);
    assert_eq!(team.git("bob", ["status", "--porcelain", "members", "admins", "secrets"]), "");
}

#[test]
fn a_member_asks_for_a_second_recipient_and_keeps_his_signing_key() {
    let scene = Scene::new();
    let team = &scene.team;
    team.of("bob", &["rotate", "db-url", "--raw"]).stdin("by bob").ok();
    let token = team.of("bob", &["session", "create", "--scope", "backend"]).ok();
    let token = token.text().trim().to_owned();
    let asked = ["member", "update", "bob", "--recipient", scene.recipient(0), "--json"];
    let asked = team.of("bob", &asked).ok().json();
    assert_eq!((&asked["waits"], &asked["fingerprint"]), (&true.into(), &serde_json::Value::Null));
    team.of("bob", &["get", "db-url"]).fails(4).stderr_has("approve");
    // What is dropped again is forgotten.
    let request = text(&team.file("bob", "members/bob.toml"));
    let before = team.git("bob", ["show", "HEAD~1:members/bob.toml"]);
    std::fs::write(team.file("bob", "members/bob.toml"), before).unwrap();
    team.holds("bob", "db-url", "by bob");
    std::fs::write(team.file("bob", "members/bob.toml"), request).unwrap();
    team.send("bob", "alice");
    let shown = team.of("alice", &["approve", "bob", "--yes"]).ok();
    shown
        .stdout_has("bob gets the recipient")
        .stdout_lacks("another key")
        .stderr_has("re-encrypted 2 secrets");
    team.send("alice", "bob");
    team.holds("bob", "db-url", "by bob");
    scene.with(0, "bob", &["get", "db-url"]).ok().stdout_is("by bob");
    scene.with(0, "bob", &["rotate", "db-key", "--raw"]).stdin("also bob").ok();
    scene.with(0, "bob", &["audit", "verify"]).ok();
    scene.with(0, "bob", &["check"]).ok();
    // Sessions go on.
    team.of("bob", &["get", "db-key"]).env("AUTHY_TOKEN", &token).ok().stdout_is("also bob");
    assert!(text(&team.file("alice", "secrets/db-url.toml")).contains("author = \"bob\""));
}

#[test]
fn a_member_who_gives_a_recipient_up_signs_with_another_key() {
    let scene = Scene::new();
    let team = &scene.team;
    team.of("bob", &["store", "db-mine", "--raw"]).stdin("by bob").ok();
    let shared = ["session", "create", "--scope", "backend", "--shared"];
    let token = team.of("bob", &shared).ok().text().trim().to_owned();
    let here = |label: &str| {
        let words = ["session", "create", "--scope", "backend", "--label", label, "--json"];
        let made = team.of("bob", &words).ok().json();
        ["id", "token"].map(|key| made[key].as_str().unwrap().to_owned())
    };
    let (one, _) = (here("one"), here("two"));
    let old = scene.first("bob");
    let words = ["member", "update", "bob", "--recipient", scene.recipient(0)];
    let asked = team.of("bob", &[words.as_slice(), &["--remove-recipient", &old]].concat()).ok();
    asked.stderr_has("your new signing key").stderr_has("authy approve bob");
    team.send("bob", "alice");
    let shown = team.of("alice", &["approve", "bob", "--yes"]).ok();
    shown.stdout_has("bob gives up the recipient").stdout_has("bob signs with another key");
    team.of("alice", &["check"]).ok();
    team.of("alice", &["audit", "verify"]).ok();
    team.of("alice", &["get", "db-url"]).env("AUTHY_TOKEN", &token).fails(6);
    assert!(!text(&team.file("alice", "secrets/db-url.toml")).contains("session:"));
    let record = text(&team.file("alice", "secrets/db-mine.toml"));
    assert!(record.contains("author = \"bob\"") && record.contains("by = \"alice\""), "{record}");
    team.send("alice", "bob");
    // Of this clone only, so that alice could not end them.
    let found = scene.with(0, "bob", &["check"]).ok();
    found.stdout_has("it has ended: who made it signs with another key");
    team.of("bob", &["get", "db-url"]).env("AUTHY_TOKEN", &one[1]).fails(6);
    scene.with(0, "bob", &["session", "revoke", &one[0]]).ok();
    scene.with(0, "bob", &["get", "db-mine"]).ok().stdout_is("by bob");
    let list = scene.with(0, "bob", &["session", "list", "--json"]).ok().json();
    assert_eq!(list.as_array().unwrap().len(), 1);
    assert_eq!(list[0]["status"], "revoked");
    scene.with(0, "bob", &["rotate", "db-mine", "--raw"]).stdin("again").ok();
    scene.with(0, "bob", &["check"]).ok();
    // Their chain goes on, and says so to everybody.
    let verified = scene.with(0, "bob", &["audit", "verify"]).ok();
    assert!(verified.lines().iter().any(|one| one.starts_with("bob-") && one.contains("verified")));
    team.of("bob", &["get", "db-mine"]).fails(4);
    team.send("bob", "alice");
    team.holds("alice", "db-mine", "again");
    team.of("alice", &["audit", "verify"]).ok();
}

#[test]
fn the_only_admin_moves_to_another_identity() {
    if !needs(["age"]) {
        return;
    }
    let scene = Scene::new();
    let team = &scene.team;
    let token = team.of("alice", &["session", "create", "--scope", "backend"]).ok();
    let token = token.text().trim().to_owned();
    team.of("alice", &["get", "db-url"]).env("AUTHY_TOKEN", &token).ok();
    let old = scene.first("alice");
    let update = ["member", "update", "alice", "--json"];
    let add = [update.as_slice(), &["--recipient", scene.recipient(0)]].concat();
    let give_up = [update.as_slice(), &["--remove-recipient", &old]].concat();
    // Only with the identity that stays, so that nobody locks themselves out.
    let both = [add.as_slice(), &["--remove-recipient", &old]].concat();
    team.of("alice", &both).fails(4).stderr_has("give up the identity in use");
    let added = team.of("alice", &add).ok().json();
    assert_eq!((&added["encrypted"], &added["fingerprint"]), (&3.into(), &serde_json::Value::Null));
    team.of("alice", &["get", "db-url"]).env("AUTHY_TOKEN", &token).ok();
    team.of("alice", &give_up).fails(4).stderr_has("--keyfile OTHER");
    let done = scene.with(0, "alice", &give_up).ok().json();
    assert_eq!((&done["waits"], &done["encrypted"]), (&false.into(), &3.into()));
    assert!(team.file("alice", "admins/2.toml").exists());
    let alice = |words: &[&str]| scene.with(0, "alice", words);
    for (name, value) in [("db-url", "one"), ("db-key", "two"), ("prod-key", "three")] {
        alice(&["get", name]).ok().stdout_is(value);
    }
    alice(&["check"]).ok().stdout_is("");
    alice(&["audit", "verify"]).ok().stdout_lacks("unchecked");
    alice(&["store", "db-more", "--raw"]).stdin("four").ok();
    alice(&["policy", "update", "backend", "--allow", "web-*"]).ok();
    alice(&["get", "db-url"]).env("AUTHY_TOKEN", &token).fails(6);
    // The identity of before is nobody's, and opens nothing that is there now.
    team.of("alice", &["get", "db-url"]).fails(4);
    let key = team.file("alice", "keys/master.key");
    let file = |name: &str| team.file("alice", name).to_str().unwrap().to_owned();
    for name in ["secrets/db-url.age", "secrets/db-more.age"] {
        let words = ["-d", "-i", key.to_str().unwrap(), &file(name)];
        team.t.program("age", words).ends().code_is(1);
    }
    assert_eq!(team.git("alice", ["status", "--porcelain"]), "");
    // The others go on: what alice signs with is what the new set of admins says.
    team.send("alice", "bob");
    team.holds("bob", "db-more", "four");
    team.of("bob", &["check"]).ok();
    team.of("bob", &["rotate", "db-more", "--raw"]).stdin("five").ok();
    team.send("bob", "alice");
    alice(&["get", "db-more"]).ok().stdout_is("five");
    alice(&["check"]).ok();
}

#[test]
fn a_trail_that_stays_on_this_machine_goes_on_with_the_other_identity() {
    let t = Sandbox::empty();
    // Inside another repository the trail is no part of it.
    t.program("git", ["init", "-q", t.home().to_str().unwrap()]).ok();
    let t = t.with_vault();
    t.store([("db-url", "one")]);
    assert!(t.file(".local/audit").exists());
    let (key, recipient) = t.outsider("new");
    let old = t.authy(["member", "show", "alice", "--json"]).ok().json();
    let old = old["recipients"][0].as_str().unwrap();
    let alice = |words: &[&str]| t.authy(words).env("AUTHY_KEYFILE", &key);
    t.authy(["member", "update", "alice", "--recipient", &recipient]).ok();
    alice(&["member", "update", "alice", "--remove-recipient", old]).ok();
    alice(&["get", "db-url"]).ok().stdout_is("one");
    let verified = alice(&["audit", "verify"]).ok();
    verified.stdout_has("verified").stdout_lacks("unchecked");
    let ops = alice(&["audit", "show", "--json"]).ok();
    ops.stdout_has("\"init\"").stdout_has("\"member.update\"").stdout_has("\"get\"");
}
