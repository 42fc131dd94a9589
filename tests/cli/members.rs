//! Several members: added by an admin, given secrets by policies, `rekey` in between.

use std::fs;
use std::path::PathBuf;

use crate::harness::{Call, Sandbox};
use crate::vault::text;

/// A vault of alice's, and bob with an identity and a clone.
struct Team {
    t: Sandbox,
    bob: PathBuf,
    recipient: String,
}

impl Team {
    fn new() -> Self {
        let t = Sandbox::new();
        t.store([("db-url", "one"), ("db-key", "two"), ("prod-key", "three")]);
        t.authy(["policy", "create", "backend", "--allow", "db-*"]).ok();
        let (bob, recipient) = t.outsider("bob");
        Self { t, bob, recipient }
    }

    fn add(&self) {
        let words = ["member", "add", "bob", "--recipient", &self.recipient, "--group", "backend"];
        self.t.authy(words).ok().stderr_has("added member bob");
        self.t.authy(["policy", "update", "backend", "--member", "@backend"]).ok();
    }

    /// A call of bob's in a fresh clone of what is committed now.
    fn bob(&self, name: &str, words: &[&str]) -> Call<'_> {
        let clone = self.t.path(name);
        if !clone.exists() {
            self.t.clone_vault(&clone);
        }
        self.t
            .authy(words)
            .env("AUTHY_VAULT", clone)
            .env("AUTHY_KEYFILE", &self.bob)
            .env("XDG_STATE_HOME", self.t.path(format!("{name}-state")))
    }
}

#[test]
fn a_member_reads_what_a_policy_gives_him_once_it_is_encrypted_to_him() {
    let team = Team::new();
    team.add();
    team.bob("before", &["get", "db-url"]).ends().code_is(4).stdout_is("");
    // What is stored from now on is for them at once.
    team.t.store([("db-new", "four"), ("prod-new", "five")]);
    team.bob("new", &["get", "db-new"]).ok().stdout_is("four");
    team.bob("new", &["get", "prod-new"]).ends().code_is(4).stdout_is("");
    let dry = team.t.authy(["rekey", "--dry-run"]).ok();
    dry.stdout_is("db-key  bob  -\ndb-url  bob  -\n").stderr_has("would re-encrypt 2");
    let done = team.t.authy(["rekey", "--json"]).ok();
    assert_eq!(done.json()[1]["gains"][0], "bob");
    assert_eq!(team.t.log()[0], "Rekey 2 secrets");
    team.t.is_clean();
    team.bob("after", &["get", "db-url"]).ok().stdout_is("one");
    let run = ["run", "--scope", "backend", "--", "sh", "-c", "echo $db_url $db_key $db_new"];
    team.bob("after", &run).ok().stdout_is("one two four\n");
    for words in [&["get", "prod-key"][..], &["get", "prod-key", "--scope", "backend"]] {
        team.bob("after", words).ends().code_is(4).stdout_is("");
    }
    team.bob("after", &["audit", "verify"]).ok().stdout_has("bob-");
    team.t.holds("db-url", "one");
    team.t.verifies();
}

#[test]
fn whoever_was_added_by_recipients_alone_changes_nothing() {
    let team = Team::new();
    team.add();
    team.t.authy(["rekey"]).ok();
    for words in [
        &["store", "db-mine"][..],
        &["rotate", "db-url"],
        &["remove", "db-url"],
        &["member", "add", "eve", "--recipient", &team.recipient],
        &["policy", "create", "mine", "--allow", "*"],
        &["rekey"],
        &["session", "create", "--scope", "backend"],
    ] {
        team.bob("clone", words).stdin("v").fails(4).stdout_is("");
    }
}

#[test]
fn rekey_touches_exactly_what_changed_and_keeps_values_authors_and_ages() {
    let team = Team::new();
    team.add();
    let file = |name: &str| fs::read(team.t.file(&format!("secrets/{name}"))).unwrap();
    let record = |name: &str| -> toml::Table {
        let text = text(&team.t.file(&format!("secrets/{name}.toml")));
        text.split("[signature]").next().unwrap().parse().unwrap()
    };
    let (prod, prod_record, before) =
        (file("prod-key.age"), file("prod-key.toml"), record("db-url"));
    team.t.authy(["rekey"]).ok();
    assert_eq!((file("prod-key.age"), file("prod-key.toml")), (prod, prod_record));
    let after = record("db-url");
    for key in ["created", "changed", "author"] {
        assert_eq!(before[key], after[key], "{key}");
    }
    assert_eq!(after["version"].as_integer(), Some(2));
    assert_eq!(after["readers"].to_string(), "[\"alice\", \"bob\"]");
    let head = team.t.head();
    team.t.authy(["rekey"]).ok().stdout_is("").stderr_has("every secret is encrypted");
    assert_eq!(team.t.head(), head);
}

#[test]
fn who_is_taken_off_a_policy_loses_what_it_gave() {
    let team = Team::new();
    team.add();
    team.t.authy(["rekey"]).ok();
    let update = ["policy", "update", "backend", "--remove-member", "@backend"];
    team.t
        .authy(update)
        .ok()
        .stderr_has("2 secrets are not encrypted to exactly")
        .stderr_has("authy rekey");
    // The rules bite at once, the encryption follows.
    team.bob("policy", &["get", "db-url"]).ends().code_is(4).stdout_is("");
    team.t.authy(["rekey"]).ok().stdout_is("db-key  -  bob\ndb-url  -  bob\n");
    team.t.authy(["rotate", "db-url", "--raw"]).stdin("rotated").ok();
    team.bob("rekeyed", &["get", "db-url"]).ends().code_is(4).stdout_is("");
    assert!(!text(&team.t.file("secrets/db-url.toml")).contains("bob"));
}

#[test]
fn a_member_has_a_name_and_recipients_of_his_own() {
    let team = Team::new();
    team.add();
    let add = |words: &[&str], code: i32| {
        team.t.authy(["member", "add"].iter().chain(words)).fails(code).stdout_is("");
    };
    let other = "age1w2u8vjnxvwkw5n2yz9mhd0pvu0t7c3p5z3mxv3wzc0f4a4v2qyhqcu2zrl";
    add(&["bob", "--recipient", other], 2);
    add(&["carol", "--recipient", &team.recipient], 7);
    add(&["carol"], 2);
    add(&["carol", "--recipient", "age1yubikey1qwerty"], 2);
    add(&["Carol", "--recipient", &team.recipient], 2);
    let file = team.t.write("keys", format!("# bob's\n\n{}\n", team.recipient));
    add(&["bob", "--recipients-file", file.to_str().unwrap()], 7);
    let list = team.t.authy(["member", "list"]).ok();
    list.stdout_has("alice  in-force  admin").stdout_has("bob    in-force  read   backend");
    let shown = team.t.authy(["member", "show", "bob"]).ok();
    shown.stdout_has(&team.recipient).stdout_has("backend");
    team.t.authy(["member", "show", "eve"]).fails(3);
    assert_eq!(team.t.authy(["member", "list", "--json"]).ok().json()[1]["writes"], false);
}

#[test]
fn a_member_file_that_no_admin_signed_is_obeyed_by_nobody() {
    let team = Team::new();
    team.add();
    let file = team.t.file("members/bob.toml");
    let forged = text(&file).replace("\"backend\"", "\"admins\"");
    fs::write(&file, forged).unwrap();
    team.t.authy(["member", "list"]).ok().stdout_has("unapproved");
    let dry = team.t.authy(["rekey", "--dry-run"]).ok();
    dry.stdout_lacks("bob");
    let words = ["member", "add", "bob", "--recipient", &team.recipient];
    team.t.authy(words).fails(4).stderr_has("not in force");
}

#[test]
fn a_damaged_secret_keeps_rekey_from_changing_anything_and_is_named_at_once() {
    let team = Team::new();
    team.add();
    let (one, other) = (team.t.file("secrets/db-url.age"), team.t.file("secrets/db-key.age"));
    fs::copy(&one, &other).unwrap();
    // Nobody else is at work, so there is nothing to wait for.
    team.t.authy(["rekey"]).fails(5).stderr_has("db-key");
    team.t.authy(["rename", "db-key", "moved"]).fails(5).stderr_has("db-key");
}

#[test]
fn who_asks_to_join_is_shown_with_a_fingerprint_and_as_nothing_wrong() {
    let team = crate::team::Team::new();
    team.clone_for("bob");
    let joined = team.of("bob", &["join", "--name", "bob"]).ok().messages();
    let key = joined.split_whitespace().rfind(|word| word.contains("SHA256:")).unwrap();
    let key = key.trim_matches(|c: char| !c.is_ascii_alphanumeric() && !"+/=:".contains(c));
    team.send("bob", "alice");
    for words in [&["member", "list"][..], &["member", "show", "bob"]] {
        let shown = team.of("alice", words).ok();
        shown.stdout_has("asks to join").stdout_has(key).stdout_lacks("may not sign");
    }
    // The same name again.
    let taken = team.of("bob", &["join", "--name", "alice"]).fails(7);
    taken.stderr_has("'authy join --name NAME'").stderr_has("--name alice --machine NAME'");
    let words = ["join", "--name", "alice", "--machine", "laptop"];
    team.of("bob", &words).ok().stdout_has("member update alice --machine laptop");
}
