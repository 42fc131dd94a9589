//! The same thing changed on two clones: nothing is lost, and somebody decides.

use std::fs;

use crate::team::Team;

#[test]
fn a_secret_rotated_on_two_clones_waits_for_a_decision() {
    let team = Team::both_rotated();
    let failed = team.of("bob", &["sync"]).fails(7);
    failed.stderr_has("db-url").stderr_has("authy conflict list").stderr_lacks("from alice");
    // Both values are where they were, and the vault works.
    team.holds("bob", "db-url", "from bob");
    team.holds("bob", "db-key", "other");
    let list = team.of("bob", &["conflict", "list"]).ok();
    list.stdout_has("db-url")
        .stdout_has("v3 by alice")
        .stdout_has("v3 by bob")
        .stdout_lacks("db-key");
    let json = team.of("bob", &["conflict", "ls", "--json"]).ok().text();
    assert!(
        json.contains("\"name\": \"db-url\"") && json.contains("\"author\": \"alice\""),
        "{json}"
    );
    team.of("bob", &["conflict", "take", "ours", "db-key"]).fails(3).stderr_has("conflict list");
    assert_eq!(team.git("bob", ["status", "--porcelain", "--untracked-files=no", "secrets"]), "");
}

#[test]
fn theirs_can_be_taken_and_ours_stays_in_history() {
    let team = Team::both_rotated();
    team.of("bob", &["sync"]).fails(7);
    team.of("bob", &["conflict", "take", "theirs", "db-url"]).ok().stderr_has("authy sync");
    team.holds("bob", "db-url", "from alice");
    team.of("bob", &["conflict", "list"]).ok().stderr_has("nothing is in conflict");
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    for who in ["alice", "bob"] {
        team.holds(who, "db-url", "from alice");
        team.holds(who, "db-key", "other");
        team.of(who, &["check", "--strict"]).ok();
        team.of(who, &["history", "db-url"]).ok().stdout_has("3").stdout_has("bob");
    }
    team.of("alice", &["audit", "verify"]).ok().stdout_lacks("damaged");
    let show = ["audit", "show", "--op", "conflict.take"];
    team.of("alice", &show).ok().stdout_has("db-url").stdout_has("bob");
}

#[test]
fn ours_and_the_newest_can_be_taken() {
    let team = Team::both_rotated();
    team.of("bob", &["sync"]).fails(7);
    team.of("bob", &["conflict", "take", "ours", "db-url"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    team.holds("alice", "db-url", "from bob");
    // Seen as version 3 by alice, so it is above that.
    team.of("alice", &["list", "--long"]).ok();
    let record = fs::read_to_string(team.file("alice", "secrets/db-url.toml")).unwrap();
    assert!(record.contains("version = 4") && record.contains("author = \"bob\""), "{record}");
    let newest = Team::both_rotated();
    newest.of("bob", &["sync"]).fails(7);
    newest.of("bob", &["conflict", "take", "newest", "db-url"]).ok();
    newest.of("bob", &["sync"]).ok();
    newest.of("alice", &["sync"]).ok();
    newest.of("alice", &["check", "--strict"]).ok();
}

#[test]
fn what_was_decided_counts_only_for_what_was_there() {
    let team = Team::both_rotated();
    team.of("bob", &["sync"]).fails(7);
    team.of("bob", &["rotate", "db-key"]).stdin("k").ok();
    team.of("alice", &["rotate", "db-key"]).stdin("l").ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).fails(7).stderr_has("db-key").stderr_has("db-url");
    team.of("bob", &["conflict", "take", "ours", "db-url"])
        .ok()
        .stderr_has("still to decide: db-key");
    // alice is faster once more.
    team.of("alice", &["rotate", "db-url"]).stdin("again").ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).fails(7).stderr_has("db-url");
    team.of("bob", &["conflict", "take", "theirs", "db-url", "db-key"]).ok().stderr_has("merged");
    team.holds("bob", "db-url", "again");
    team.holds("bob", "db-key", "l");
}

#[test]
fn a_removal_against_a_rotation_is_a_conflict_too() {
    for (side, there) in [("ours", false), ("theirs", true)] {
        let team = Team::with_bob();
        team.of("alice", &["rotate", "db-url"]).stdin("kept").ok();
        team.of("alice", &["sync"]).ok();
        team.of("bob", &["remove", "db-url"]).ok();
        team.of("bob", &["sync"]).fails(7);
        team.of("bob", &["conflict", "list"]).ok().stdout_has("removed");
        team.of("bob", &["conflict", "take", "newest", "db-url"]).fails(2).stderr_has("take ours");
        team.of("bob", &["conflict", "take", side, "db-url"]).ok();
        team.of("bob", &["sync"]).ok();
        team.of("alice", &["sync"]).ok();
        for who in ["alice", "bob"] {
            match there {
                true => team.holds(who, "db-url", "kept"),
                false => _ = team.of(who, &["get", "db-url"]).fails(3),
            }
            team.of(who, &["check", "--strict"]).ok();
        }
    }
}

#[test]
fn encrypting_anew_does_not_stand_against_a_new_value() {
    let team = Team::with_bob();
    // alice lets carol in, who reads db-*; bob gives a value of their own meanwhile.
    team.clone_for("carol");
    team.of("carol", &["join", "--name", "carol", "--group", "backend"]).ok();
    team.of("carol", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("alice", &["approve", "carol", "--yes"]).ok();
    team.of("bob", &["rotate", "db-url"]).stdin("from bob").ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"])
        .ok()
        .stderr_has("nothing to decide: db-url")
        .stderr_has("authy rekey");
    team.of("alice", &["sync"]).ok();
    team.holds("alice", "db-url", "from bob");
    team.of("alice", &["rekey"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("carol", &["sync"]).ok();
    team.holds("carol", "db-url", "from bob");
    team.of("alice", &["check", "--strict"]).ok();
}

#[test]
fn a_forged_side_cannot_be_taken() {
    let team = Team::both_rotated();
    let record = team.file("alice", "secrets/db-url.toml");
    let forged = fs::read_to_string(&record).unwrap().replace("version = 3", "version = 9");
    fs::write(&record, forged).unwrap();
    team.git("alice", ["commit", "-q", "-am", "Forge"]);
    team.push("alice");
    team.of("bob", &["sync"]).fails(7);
    team.of("bob", &["conflict", "take", "theirs", "db-url"])
        .fails(5)
        .stderr_has("take the other side");
    team.of("bob", &["conflict", "take", "ours", "db-url"]).ok();
    team.of("bob", &["sync"]).ok();
    let record = fs::read_to_string(team.file("bob", "secrets/db-url.toml")).unwrap();
    assert!(record.contains("version = 4"), "{record}");
    team.holds("bob", "db-url", "from bob");
}

#[test]
fn documents_conflict_by_their_files_and_admins_decide() {
    let team = Team::two_admins();
    team.of("alice", &["policy", "update", "backend", "--allow", "web-*"]).ok();
    team.of("bob", &["policy", "update", "backend", "--allow", "api-*"]).ok();
    team.of("bob", &["policy", "update", "backend", "--description", "of bob"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).fails(7).stderr_has("policies/backend.toml");
    team.of("alice", &["conflict", "take", "ours", "policies/backend.toml"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    for who in ["alice", "bob"] {
        let shown = team.of(who, &["policy", "show", "backend"]).ok();
        shown.stdout_has("web-*").stdout_lacks("api-*");
        team.of(who, &["check", "--strict"]).ok();
    }
}

#[test]
fn two_admins_who_change_the_admins_conflict_and_can_go_on() {
    let team = Team::two_admins();
    let (_, recipient) = team.t.outsider("elsewhere");
    team.of("alice", &["member", "add", "zoe", "--recipient", &recipient, "--admin"]).ok();
    let (_, recipient) = team.t.outsider("somewhere");
    team.of("bob", &["member", "add", "yan", "--recipient", &recipient, "--admin"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).fails(7).stderr_has("admins/3.toml");
    team.of("bob", &["conflict", "take", "theirs", "admins/3.toml"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    for who in ["alice", "bob"] {
        team.of(who, &["member", "show", "zoe"]).ok().stdout_has("admin");
        team.of(who, &["get", "prod-key"]).ok();
    }
}

#[test]
fn a_forged_set_of_admins_cannot_be_taken() {
    let team = Team::two_admins();
    let (_, recipient) = team.t.outsider("elsewhere");
    for (who, name) in [("alice", "zoe"), ("bob", "yan")] {
        let words = ["member", "add", name, "--recipient", &recipient, "--admin"];
        team.of(who, &words).ok();
    }
    let set = team.file("alice", "admins/3.toml");
    fs::write(&set, fs::read_to_string(&set).unwrap().replace("zoe = ", "eve = ")).unwrap();
    team.git("alice", ["commit", "-q", "-am", "Forge"]);
    team.push("alice");
    team.of("bob", &["sync"]).fails(7).stderr_has("admins/3.toml");
    team.of("bob", &["conflict", "take", "theirs", "admins/3.toml"]).fails(5);
    // This machine still knows the set that it had.
    team.of("bob", &["get", "prod-key"]).ok();
    team.of("bob", &["conflict", "take", "ours", "admins/3.toml"]).ok();
    team.of("bob", &["get", "prod-key"]).ok();
}

#[test]
fn a_value_by_somebody_who_lost_the_name_meanwhile_stays_whole() {
    // bob was first at the remote: their value was right, so the admin signs it anew.
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-key"]).stdin("of bob").ok();
    team.of("alice", &["policy", "update", "backend", "--deny", "db-key"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    team.holds("alice", "db-key", "of bob");
    team.of("alice", &["rekey"]).ok();
    team.of("alice", &["check"]).ok().stdout_has("db-key").stdout_lacks("damage");
    // The rule was first: bob's value is not sent, and the vault is whole for everybody.
    let team = Team::with_bob();
    team.of("bob", &["rotate", "db-key"]).stdin("of bob").ok();
    team.of("bob", &["store", "db-new"]).stdin("new").ok();
    team.of("alice", &["policy", "update", "backend", "--deny", "db-key", "--deny", "db-new"]).ok();
    team.of("alice", &["rekey"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok().stderr_has("may not write").stderr_has("db-key, db-new");
    team.of("alice", &["sync"]).ok();
    team.of("alice", &["check"]).ok().stdout_lacks("db-new");
    team.of("bob", &["check"]).ok();
    team.holds("alice", "db-key", "two");
    // Whoever may can bring it back.
    let history = team.of("alice", &["history", "db-key"]).ok().text();
    let line = history.lines().find(|line| line.contains("bob")).unwrap();
    let columns: Vec<&str> = line.split_whitespace().collect();
    let mut restore = vec!["restore", "db-key", "--version", columns[0]];
    team.of("alice", &restore).fails(2).stderr_has(columns[4]);
    restore.extend(["--commit", columns[4]]);
    team.of("alice", &restore).ok();
    team.holds("alice", "db-key", "of bob");
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["check"]).ok();
}

#[test]
fn a_rule_that_was_put_back_makes_nobody_give_way() {
    let team = Team::with_bob();
    team.of("alice", &["policy", "update", "backend", "--deny", "db-key"]).ok();
    let old = fs::read(team.file("alice", "policies/backend.toml")).unwrap();
    team.of("alice", &["policy", "update", "backend", "--remove-deny", "db-key"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    team.holds("bob", "db-key", "two");
    team.of("bob", &["rotate", "db-key"]).stdin("of bob").ok();
    // Somebody with access to the remote puts the old policy back.
    fs::write(team.file("alice", "policies/backend.toml"), old).unwrap();
    team.git("alice", ["commit", "-q", "-am", "Roll back"]);
    team.push("alice");
    team.of("bob", &["sync"]).ok().stderr_lacks("may not write");
    assert!(fs::read_to_string(team.file("bob", "secrets/db-key.toml")).unwrap().contains("bob"));
}

/// Whoever decides sees what each side did, and may look at values that they may read.
#[test]
fn both_sides_are_shown_in_words_and_by_value() {
    let team = Team::both_rotated();
    team.of("alice", &["annotate", "db-url", "--tag", "x"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).fails(7);
    let list = team.of("bob", &["conflict", "list"]).ok();
    list.stdout_has(": value, tags").stdout_has("by bob").stdout_has(": value");
    let show = |who: &str, name: &str, side: &str| team.of(who, &["conflict", "show", name, side]);
    show("bob", "db-url", "theirs").ok().stdout_is("from alice");
    show("bob", "db-url", "ours").ok().stdout_is("from bob");
    show("bob", "db-url", "newest").fails(2);
    show("bob", "db-key", "ours").fails(3).stderr_has("conflict list");
    show("bob", "db-url", "theirs").ok();
    let lines = team.of("bob", &["audit", "show", "--op", "conflict.show"]).ok();
    lines.stdout_has("theirs").stdout_has("db-url");
    // Nothing is decided by looking.
    team.holds("bob", "db-url", "from bob");
    team.of("bob", &["conflict", "take", "ours", "db-url"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
}

#[test]
fn what_each_side_changed_in_a_policy_is_shown_by_its_short_name() {
    let team = Team::two_admins();
    team.of("alice", &["policy", "update", "backend", "--allow", "a-*"]).ok();
    team.of("bob", &["policy", "update", "backend", "--run-only"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).fails(7).stderr_has("policies/backend.toml");
    let list = team.of("bob", &["conflict", "list", "--json"]).ok().json();
    assert_eq!(list[0]["ours"]["changes"], serde_json::json!(["run_only"]), "{list}");
    assert_eq!(list[0]["theirs"]["changes"], serde_json::json!(["allow"]));
    team.of("bob", &["conflict", "show", "backend", "ours"]).ok().stdout_has("+run_only = true");
    let theirs = team.of("bob", &["conflict", "show", "policies/backend.toml", "theirs"]).ok();
    theirs.stdout_has("a-*").stdout_lacks("signature");
    team.of("bob", &["conflict", "take", "ours", "backend"]).ok();
    team.of("bob", &["conflict", "list"]).ok().stderr_has("nothing is in conflict");
}

#[test]
fn a_policy_to_which_both_only_added_gets_both() {
    let team = Team::two_admins();
    let update = |who: &str, flags: &[&str]| {
        team.of(who, &[&["policy", "update", "backend"], flags].concat()).ok();
    };
    update("alice", &["--allow", "a-*", "--allow", "both-*"]);
    update("bob", &["--deny", "db-root", "--allow", "both-*", "--member", "bob"]);
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok().stderr_has("nothing to decide: policies/backend.toml");
    assert_eq!(
        team.git("bob", ["log", "--no-merges", "-1", "--format=%s"]),
        "Take what both sides added to policies/backend.toml"
    );
    team.of("alice", &["sync"]).ok();
    for who in ["alice", "bob"] {
        let shown = team.of(who, &["policy", "show", "backend", "--json"]).ok().json();
        assert_eq!(shown["allow"], serde_json::json!(["db-*", "both-*", "a-*"]), "{shown}");
        assert_eq!(shown["deny"], serde_json::json!(["db-root"]));
        team.of(who, &["check", "--strict"]).ok();
    }
    // A rule that was put back by hand is no addition.
    let old = fs::read(team.file("alice", "policies/backend.toml")).unwrap();
    update("alice", &["--remove-allow", "a-*"]);
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    fs::write(team.file("alice", "policies/backend.toml"), old).unwrap();
    team.git("alice", ["commit", "-q", "-am", "Put back"]);
    team.push("alice");
    update("bob", &["--allow", "new-*"]);
    team.of("bob", &["sync"]).ends().code_is(7).stderr_has("policies/backend.toml");
    // An agent decides nothing of the kind.
    let team = Team::two_admins();
    team.of("alice", &["policy", "update", "backend", "--allow", "a-*"]).ok();
    team.of("bob", &["policy", "update", "backend", "--allow", "b-*"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).env("CLAUDECODE", "1").ends().code_is(7);
    team.of("bob", &["sync"]).ok();
}

#[test]
fn two_annotations_of_the_same_thing_are_for_a_person() {
    let team = Team::with_bob();
    for (who, text) in [("alice", "of alice"), ("bob", "of bob")] {
        team.of(who, &["annotate", "db-url", "--description", text]).ok();
    }
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ends().code_is(7).stderr_has("changed on both sides: db-url");
    team.of("bob", &["conflict", "list"]).ok().stdout_has("description");
    team.of("bob", &["conflict", "take", "theirs", "db-url"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    for who in ["alice", "bob"] {
        let shown = team.of(who, &["list", "db-url", "--json"]).ok().json();
        assert_eq!(shown[0]["description"], "of alice");
        team.holds(who, "db-url", "one");
    }
}

#[test]
fn what_was_removed_here_can_be_taken_from_there() {
    let team = Team::with_bob();
    for value in ["a", "b", "c"] {
        team.of("bob", &["rotate", "db-url"]).stdin(value).ok();
    }
    team.of("bob", &["remove", "db-url"]).ok();
    team.of("alice", &["annotate", "db-url", "--description", "of alice"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ends().code_is(7).stderr_has("changed on both sides: db-url");
    team.of("bob", &["conflict", "take", "theirs", "db-url"]).ok();
    for who in ["bob", "alice"] {
        team.of(who, &["sync"]).ok();
        team.holds(who, "db-url", "one");
        team.of(who, &["check"]).ok();
    }
}

#[test]
fn each_side_of_an_annotation_is_by_whoever_made_it() {
    let team = Team::with_bob();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    for (who, text) in [("bob", "of bob"), ("alice", "of alice")] {
        team.of(who, &["annotate", "db-url", "--description", text]).ok();
    }
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).fails(7);
    let sides = team.of("bob", &["conflict", "list", "--json"]).ok().json();
    assert_eq!(sides[0]["ours"]["signed_by"], "bob", "{sides}");
    assert_eq!(sides[0]["theirs"]["signed_by"], "alice", "{sides}");
    let list = team.of("bob", &["conflict", "list"]).ok();
    list.stdout_has(" by bob, ").stdout_has(": description");
    // What differs is shown, and it is not the value.
    let shown = team.of("bob", &["conflict", "show", "db-url", "theirs"]).ok();
    shown.stdout_has("+description = \"of alice\"").stdout_lacks("one");
    team.of("bob", &["conflict", "take", "ours", "db-url"]).ok();
    team.of("bob", &["sync"]).ok();
}

#[test]
fn a_side_that_was_removed_says_so() {
    let team = Team::with_bob();
    team.of("alice", &["remove", "db-url"]).ok();
    team.of("bob", &["rotate", "db-url"]).stdin("of bob").ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).fails(7);
    let shown = team.of("bob", &["conflict", "show", "db-url", "theirs"]).ok();
    shown.stdout_is("").stderr_has("that side removed it");
}
