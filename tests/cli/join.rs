//! `join` and `approve`: a request that nobody obeys, and the admin who looks and signs.

use std::fs;

use crate::screen::Screen;
use crate::team::Team;
use crate::vault::{edit, text};

#[test]
fn whoever_asks_to_join_is_nobody_until_an_admin_approves() {
    let team = Team::new();
    team.clone_for("bob");
    let asked =
        team.of("bob", &["join", "--name", "bob", "--group", "backend", "--json"]).ok().json();
    assert_eq!(asked["keyfile_created"], true);
    assert_eq!(team.git("bob", ["log", "-1", "--format=%s"]), "Ask to join as bob");
    assert_eq!(team.git("bob", ["status", "--porcelain"]), "");
    team.of("bob", &["get", "db-url"]).fails(4).stderr_has("waits for an admin's approval");
    team.of("bob", &["join", "--name", "bob"]).fails(7).stderr_has("authy approve bob");
    team.send("bob", "alice");

    // Nothing is encrypted to them yet.
    team.of("alice", &["rotate", "db-url", "--raw"]).stdin("rotated").ok();
    team.of("alice", &["store", "db-new", "--raw"]).stdin("new").ok();
    for name in ["db-url", "db-new"] {
        assert!(!text(&team.file("alice", &format!("secrets/{name}.toml"))).contains("bob"));
    }
    team.of("alice", &["check"])
        .ends()
        .code_is(4)
        .stdout_has("authy approve bob")
        .stdout_has("commit ");

    let look = team.of("alice", &["approve", "bob", "--dry-run"]).ok();
    look.stdout_has("'bob' asks for it themselves")
        .stdout_has(asked["fingerprint"].as_str().unwrap())
        .stdout_has("bob becomes a member of @backend")
        .stdout_has("bob can now decrypt 3 secrets by policy backend (allow \"db-*\"): db-key, db-new, db-url");
    team.of("alice", &["--no-input", "approve", "bob"]).fails(2);
    let head = team.t.head();
    team.of("alice", &["approve", "--yes"]).ok().stderr_has("re-encrypted 3 secrets");
    assert_eq!(team.t.log()[0], "Approve bob");
    assert_eq!(team.t.git(["rev-list", "--count", &format!("{head}..HEAD")]), "1");
    team.of("alice", &["check", "--strict"]).ok();

    team.send("alice", "bob");
    team.holds("bob", "db-url", "rotated");
    team.of("bob", &["get", "prod-key"]).fails(4);
    team.of("bob", &["rotate", "db-url", "--raw"]).stdin("by bob").ok();
    team.of("bob", &["store", "db-mine", "--raw"]).stdin("mine").ok();
    team.of("bob", &["store", "prod-mine"]).stdin("v").fails(4);
    team.of("bob", &["policy", "create", "mine", "--allow", "*"]).fails(4);
    team.of("bob", &["approve", "--yes"]).ok().stderr_has("nothing waits");
    team.send("bob", "alice");
    team.holds("alice", "db-url", "by bob");
    team.holds("alice", "db-mine", "mine");
    team.of("alice", &["check", "--strict"]).ok();
    team.of("alice", &["audit", "verify"]).ok();
    team.of("bob", &["audit", "verify"]).ok();
}

#[test]
fn a_name_or_an_identity_that_is_taken_is_refused_and_no_key_is_made() {
    let team = Team::with_bob();
    team.clone_for("eve");
    team.of("eve", &["join", "--name", "bob"]).fails(7).stderr_has("exists already");
    team.of("eve", &["join", "--name", "alice"]).fails(7);
    team.of("eve", &["join", "--name", "Eve"]).fails(2);
    assert!(!team.file("eve", "keys").exists());
    team.of("bob", &["join", "--name", "robert"]).fails(7).stderr_has("'bob's already");
    team.of("eve", &["join"]).env("AUTHY_TOKEN", "x").fails(6);
    team.of("eve", &["join"]).env("AUTHY_SCOPE", "backend").fails(4);
    team.of("eve", &["approve", "nobody"]).fails(3);
    team.of("eve", &["approve", "bob"]).ok().stderr_has("nothing waits");
}

#[test]
fn a_member_by_recipients_alone_learns_to_write_by_joining() {
    let team = Team::new();
    // An identity from elsewhere, as age-keygen would make one.
    let (key, recipient) = team.t.outsider("elsewhere");
    team.of("alice", &["member", "add", "carol", "--recipient", &recipient, "--group", "backend"])
        .ok();
    team.of("alice", &["rekey"]).ok();
    team.push("alice");
    team.clone_for("carol");
    let carol = |words: &[&str]| team.of("carol", words).env("AUTHY_KEYFILE", &key);
    carol(&["get", "db-url"]).ok().stdout_is("one");
    carol(&["rotate", "db-url"]).stdin("x").fails(4).stderr_has("authy join --name carol");
    team.of("carol", &["join", "--name", "carol"]).fails(7);
    carol(&["join", "--name", "carol"]).ok().stderr_has("until it is approved you read nothing");
    team.send("carol", "alice");
    // What waits is taken from nobody: not by a rotation's rekey, not by another approval.
    team.of("alice", &["rekey", "--dry-run"]).ok().stdout_is("");
    let look = team.of("alice", &["approve", "--dry-run"]).ok();
    look.stdout_has("carol signs with another key").stdout_lacks("decrypt");
    team.of("alice", &["approve", "carol", "--yes"]).ok();
    team.send("alice", "carol");
    carol(&["rotate", "db-url", "--raw"]).stdin("by carol").ok();
    carol(&["audit", "verify"]).ok();
    team.send("carol", "alice");
    team.holds("alice", "db-url", "by carol");
    team.of("alice", &["check", "--strict"]).ok();
}

#[test]
fn an_edit_of_a_policy_gives_nothing_until_an_admin_has_seen_whom_it_serves() {
    let team = Team::with_bob();
    team.of("alice", &["policy", "create", "prod", "--allow", "prod-*", "--run-only"]).ok();
    team.send("alice", "bob");
    edit(&team.file("bob", "policies/prod.toml"), "members = []", "members = [\"bob\"]");
    team.git("bob", ["commit", "-qam", "Tidy up"]);
    let commit = team.git("bob", ["rev-parse", "--short=12", "HEAD"]);
    team.send("bob", "alice");

    team.of("alice", &["rotate", "prod-key", "--raw"]).stdin("rotated").ok();
    team.of("alice", &["store", "prod-new", "--raw"]).stdin("new").ok().stderr_has("not approved");
    team.of("alice", &["rekey"]).ok().stdout_is("").stderr_has("authy approve");
    for name in ["prod-key", "prod-new"] {
        assert!(!text(&team.file("alice", &format!("secrets/{name}.toml"))).contains("bob"));
    }
    let found = team.of("alice", &["check"]).ends().code_is(4);
    found.stdout_has("drift: policies/prod.toml").stdout_has(&commit);
    team.of("alice", &["run", "--scope", "prod", "--", "true"])
        .fails(4)
        .stderr_has("authy approve prod");

    let look = team.of("alice", &["approve", "prod", "--dry-run"]).ok();
    look.stdout_has("-members = []")
        .stdout_has("+members = [\"bob\"]")
        .stdout_has(
            "bob can now decrypt 2 secrets by policy prod (allow \"prod-*\"): prod-key, prod-new",
        )
        .stdout_has("scope prod can now be used by bob")
        .stdout_has(&commit);
    let json = team.of("alice", &["approve", "prod", "--dry-run", "--json"]).ok().json();
    assert_eq!(json["effect"]["members"].as_array().unwrap().len(), 1);
    assert_eq!(json["effect"]["members"][0]["gains"][0]["pattern"], "prod-*");
    team.of("alice", &["approve", "prod", "--yes"]).ok();
    team.send("alice", "bob");
    team.of("bob", &["run", "--scope", "prod", "--", "sh", "-c", "echo $prod_key"]).ok();
    team.of("alice", &["check", "--strict"]).ok();
}

#[test]
fn nobody_loses_what_an_edited_policy_gave_until_somebody_decides() {
    let team = Team::with_bob();
    // The one that they are to lose is signed by them, who may not sign it from then on.
    team.of("bob", &["rotate", "db-url", "--raw"]).stdin("by bob").ok();
    team.send("bob", "alice");
    edit(&team.file("alice", "policies/backend.toml"), "\"db-*\"", "\"db-k*\"");
    team.of("alice", &["rekey"]).ok().stdout_is("").stderr_has("nobody loses access");
    let record = team.file("alice", "secrets/db-url.toml");
    assert!(text(&record).contains("\"bob\""));
    team.of("alice", &["approve", "--yes"]).ok().stdout_has("bob can no longer decrypt 1 secret");
    let now = text(&record);
    assert!(
        now.contains("readers = [\"alice\"]") && now.contains("exposed_to = [\"bob\"]"),
        "{now}"
    );
    assert!(text(&team.file("alice", "secrets/db-key.toml")).contains("\"bob\""));
    team.holds("alice", "db-url", "by bob");
    team.of("alice", &["check"]).ok();
}

#[test]
fn a_policy_written_by_hand_needs_neither_version_nor_signature_to_be_approved() {
    let team = Team::with_bob();
    let file = team.file("alice", "policies/web.toml");
    fs::write(&file, "allow = [\"web-*\"]\nmembers = [\"bob\", \"nobody\"]\n").unwrap();
    let look = team.of("alice", &["approve"]).env("AUTHY_NON_INTERACTIVE", "1").fails(2);
    look.stdout_has("scope web is new")
        .stdout_has("now allows \"web-*\", which matches no secret yet")
        .stdout_has("lists 'nobody', who is not a member")
        .stdout_has("not committed as it is");
    team.of("alice", &["approve", "web", "--yes"]).ok();
    team.of("alice", &["policy", "show", "web"]).ok().stdout_has("in-force");
    assert_eq!(team.git("alice", ["status", "--porcelain"]), "");
    fs::write(&file, "allow = [\"[\"]\n").unwrap();
    team.of("alice", &["approve", "--yes"]).fails(5).stderr_has("pattern");
    fs::write(&file, "alow = [\"x\"]\n").unwrap();
    team.of("alice", &["approve", "--yes"]).fails(5).stderr_has("line 1");
}

#[test]
fn what_was_shown_is_what_is_approved() {
    let team = Team::with_bob();
    let file = team.file("alice", "policies/web.toml");
    fs::write(&file, "allow = [\"web-*\"]\nmembers = [\"bob\"]\n").unwrap();
    let mut screen = Screen::sh(&team.t, "authy approve web; echo =$?");
    screen.until("Approve?");
    fs::write(&file, "allow = [\"*\"]\nmembers = [\"bob\"]\n").unwrap();
    screen.keys("y\r").until("is not the file that was shown").until("=7");
    team.of("alice", &["policy", "show", "web"]).ok().stdout_has("unapproved");
    let mut screen = Screen::sh(&team.t, "authy approve web; echo =$?");
    screen
        .until("can now decrypt 1 secret by policy web")
        .until("Approve?")
        .keys("n\r")
        .until("=1");
    team.of("alice", &["policy", "show", "web"]).ok().stdout_has("unapproved");
}

#[test]
fn a_member_file_that_somebody_else_edited_cannot_be_approved() {
    let team = Team::with_bob();
    let (_, eve) = team.t.outsider("eve");
    let file = team.file("alice", "members/bob.toml");
    let good = text(&file);
    edit(&file, "recipients = [", &format!("recipients = [\n    \"{eve}\","));
    team.of("alice", &["approve", "bob", "--yes"]).fails(4).stderr_has("not signed by the member");
    team.of("alice", &["rotate", "db-url", "--raw"]).stdin("v").ok();
    // It goes to bob as admins know him, and to nobody else.
    assert!(text(&team.file("alice", "secrets/db-url.toml")).contains("\"bob\""));
    let value = fs::read(team.file("alice", "secrets/db-url.age")).unwrap();
    let stanzas = value.windows(10).filter(|window| *window == b"-> X25519 ").count();
    assert_eq!(stanzas, 2);
    // Groups are an admin's to give.
    fs::write(&file, good.replace("\"backend\"", "\"backend\", \"ops\"")).unwrap();
    team.of("alice", &["approve", "bob", "--yes"]).ok().stdout_has("bob joins the group @ops");
    team.of("alice", &["check"]).ok();
    // A signing key of somebody else's under bob's name is shown as what it is.
    team.clone_for("mallory");
    fs::remove_file(team.file("mallory", "members/bob.toml")).unwrap();
    team.of("mallory", &["join", "--name", "bob"]).ok();
    fs::copy(team.file("mallory", "members/bob.toml"), &file).unwrap();
    let look = team.of("alice", &["approve", "bob", "--dry-run"]).ok();
    look.stdout_has("bob gets the recipient").stdout_has("bob signs with another key");
}

#[test]
fn records_of_whoever_loses_a_name_are_signed_anew_and_keep_their_author() {
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-url", "--raw"]).stdin("by bob").ok();
    team.send("bob", "alice");
    let record = team.file("alice", "secrets/db-url.toml");
    assert!(text(&record).contains("by = \"bob\""));
    team.of("alice", &["policy", "update", "backend", "--remove-member", "@backend"]).ok();
    let now = text(&record);
    assert!(now.contains("author = \"bob\"") && now.contains("by = \"alice\""), "{now}");
    team.holds("alice", "db-url", "by bob");
    team.of("alice", &["rekey"]).ok();
    assert!(text(&record).contains("exposed_to = [\"bob\"]"));
    team.of("alice", &["check"]).ok().stdout_has("bob could read it and may not any more");
    team.send("alice", "bob");
    team.of("bob", &["get", "db-url"]).fails(4);
    // A new value is nobody's who may not read it.
    team.of("alice", &["rotate", "db-url", "--raw"]).stdin("new").ok();
    assert!(!text(&record).contains("bob"));
}
