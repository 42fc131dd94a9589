//! Several machines of one person, each with an identity of its own: added, named, given up.

use crate::team::Team;

fn shown(team: &Team, who: &str, member: &str) -> serde_json::Value {
    team.of(who, &["member", "show", member, "--json"]).ok().json()
}

#[test]
fn a_second_machine_of_an_admin_is_added_named_and_given_up() {
    let team = Team::new();
    // A clone on another machine, where nothing of alice's is.
    team.clone_for("laptop");
    let laptop = |words: &[&str]| team.of("laptop", words);
    let made = laptop(&["join", "--machine", "laptop", "--name", "alice"]).ok();
    let made = made.stderr_has("new identity in").stderr_has("where you are alice already");
    let line = made.text().trim().to_owned();
    assert!(line.starts_with("authy member update alice --machine laptop --recipient age1"));
    laptop(&["get", "db-url"]).fails(4);
    let words: Vec<&str> = line.split(' ').skip(1).collect();
    team.of("alice", &words).ok().stderr_has("re-encrypted 3");
    team.send("alice", "laptop");
    laptop(&["get", "db-url"]).ok().stdout_is("one");
    laptop(&["store", "from-laptop"]).stdin("x").ok();
    let recipient = words[6];
    let view = shown(&team, "alice", "alice");
    assert_eq!(view["machines"], serde_json::json!({ "laptop": recipient }));
    team.of("alice", &["member", "show", "alice"]).ok().stdout_has("(laptop)");
    // The same once more; and one of that name is there.
    laptop(&["join", "--machine", "laptop", "--name", "alice"])
        .ok()
        .stderr_has("alice has this identity already, as 'laptop'");
    laptop(&["join", "--machine", "tablet"]).fails(3).stderr_has("--name NAME");
    let (_, other) = team.t.outsider("other");
    let update =
        |words: &[&str]| team.of("alice", &[&["member", "update", "alice"], words].concat());
    update(&["--machine", "laptop", "--recipient", &other])
        .fails(7)
        .stderr_has("--remove-machine laptop");
    update(&["--machine", "tower"]).fails(2).stderr_has("one --recipient");
    update(&["--remove-machine", "tower"]).fails(3).stderr_has("authy member show alice");
    // One that was there gets a name, and changes it.
    let first = view["recipients"][0].as_str().unwrap().to_owned();
    for name in ["desk", "tower"] {
        update(&["--machine", name, "--recipient", &first]).ok();
    }
    let named = shown(&team, "alice", "alice")["machines"].clone();
    assert_eq!(named, serde_json::json!({ "laptop": recipient, "tower": first }));
    // It was stolen.
    update(&["--remove-machine", "laptop"]).ok().stderr_has("your new signing key");
    team.send("alice", "laptop");
    laptop(&["get", "db-url"]).fails(4);
    let view = shown(&team, "alice", "alice");
    assert_eq!(view["machines"], serde_json::json!({ "tower": first }));
    assert_eq!(view["recipients"], serde_json::json!([first]));
    team.of("alice", &["check"]).ok();
}

#[test]
fn a_new_key_keeps_the_name_of_its_machine_and_the_others_theirs() {
    let team = Team::new();
    let (file, other) = team.t.outsider("other");
    let first = shown(&team, "alice", "alice")["recipients"][0].as_str().unwrap().to_owned();
    let update =
        |words: &[&str]| team.of("alice", &[&["member", "update", "alice"], words].concat());
    update(&["--machine", "tower", "--recipient", &first]).ok();
    update(&["--machine", "laptop", "--recipient", &other]).ok();
    update(&["--rotate-identity"]).ok();
    let view = shown(&team, "alice", "alice");
    assert_eq!(view["machines"]["laptop"], other.as_str());
    let tower = view["machines"]["tower"].as_str().unwrap();
    assert!(tower != first && view["recipients"].as_array().unwrap().len() == 2);
    team.of("alice", &["get", "db-url"]).env("AUTHY_KEYFILE", file).ok().stdout_is("one");
}

#[test]
fn it_is_the_members_own_and_an_admin_approves_it() {
    let team = Team::with_bob();
    team.clone_for("phone");
    let phone = |words: &[&str]| team.of("phone", words);
    let made = phone(&["join", "--machine", "phone", "--name", "bob", "--json"]).ok().json();
    let recipient = made["recipient"].as_str().unwrap();
    let words = ["member", "update", "bob", "--machine", "phone", "--recipient", recipient];
    team.of("alice", &words).fails(4).stderr_has("is theirs to say");
    team.of("bob", &words).ok().stderr_has("authy approve bob");
    team.send("bob", "alice");
    team.of("alice", &["approve", "bob", "--yes"]).ok().stdout_has("phone");
    team.send("alice", "phone");
    phone(&["get", "db-url"]).ok().stdout_is("one");
    // Another's machine, or nobody's.
    phone(&["join", "--machine", "x", "--name", "alice"]).fails(7).stderr_has("'bob's already");
    phone(&["join", "--machine", "x", "--name", "eve"]).fails(3);
    phone(&["join", "--machine", "x", "--name", "bob"]).env("AUTHY_TOKEN", "x").fails(6);
}

/// What one machine wrote while another one gave a key up.
#[test]
fn what_was_signed_with_a_key_that_was_given_up_meanwhile_is_signed_anew() {
    for who in ["alice", "bob"] {
        let team = Team::with_bob();
        let laptop = format!("{who}-laptop");
        team.clone_for(&laptop);
        let on_laptop = |words: &[&str]| team.of(&laptop, words);
        let made = on_laptop(&["join", "--machine", "laptop", "--name", who, "--json"]).ok().json();
        let recipient = made["recipient"].as_str().unwrap().to_owned();
        let approved = || {
            if who == "bob" {
                team.pull("alice");
                team.of("alice", &["approve", "bob", "--yes"]).ok();
                team.push("alice");
            }
        };
        let add = ["member", "update", who, "--machine", "laptop", "--recipient", &recipient];
        team.of(who, &add).ok();
        team.push(who);
        approved();
        team.pull(&laptop);
        team.pull(who);
        on_laptop(&["get", "db-url"]).ok();
        on_laptop(&["member", "update", "--rotate-identity"]).ok();
        team.push(&laptop);
        approved();
        // The other machine has not heard of it.
        team.of(who, &["store", "db-new"]).stdin("new").ok();
        team.of(who, &["sync"]).ok();
        team.of(who, &["get", "db-new"]).ok().stdout_is("new");
        team.of(who, &["check", "--strict"]).ends().stdout_lacks("db-new");
        team.pull("alice");
        team.pull(&laptop);
        team.holds("alice", "db-new", "new");
        // The new key of the laptop opens it too.
        team.holds(&laptop, "db-new", "new");
        // Joined by git, and both sides of a conflict.
        team.of(&laptop, &["store", "db-both"]).stdin("laptop").ok();
        team.send(&laptop, who);
        team.of(&laptop, &["rotate", "db-both"]).stdin("laptop's").ok();
        team.of(&laptop, &["member", "update", "--rotate-identity"]).ok();
        team.push(&laptop);
        approved();
        team.of(who, &["rotate", "db-both"]).stdin("other's").ok();
        team.of(who, &["store", "db-hand"]).stdin("hand").ok();
        team.of(who, &["sync"]).ends().code_is(7);
        team.of(who, &["conflict", "take", "ours", "db-both"]).ok();
        team.of(who, &["sync"]).ok();
        team.pull(&laptop);
        team.holds(&laptop, "db-both", "other's");
        team.holds(&laptop, "db-hand", "hand");
    }
}

#[test]
fn what_somebody_signs_with_a_key_that_was_given_up_stays_worthless() {
    let team = Team::with_bob();
    team.clone_for("lost");
    let lost = |words: &[&str]| team.of("lost", words);
    let made = lost(&["join", "--machine", "lost", "--name", "alice", "--json"]).ok().json();
    let recipient = made["recipient"].as_str().unwrap();
    let update =
        |words: &[&str]| team.of("alice", &[&["member", "update", "alice"], words].concat());
    update(&["--machine", "lost", "--recipient", recipient]).ok();
    team.send("alice", "lost");
    // Whoever found it writes, with the key that alice gives up meanwhile.
    lost(&["store", "db-evil"]).stdin("evil").ok();
    lost(&["rotate", "db-url"]).stdin("evil").ok();
    team.git("lost", ["push", "-q", "origin", "HEAD:evil"]);
    update(&["--remove-machine", "lost"]).ok();
    // alice joins the branch, by hand, with a change of her own to send.
    team.git("alice", ["fetch", "-q"]);
    team.git("alice", ["merge", "-q", "--no-edit", "-X", "theirs", "origin/evil"]);
    team.of("alice", &["sync"]).ok();
    for name in ["db-evil", "db-url"] {
        let read = team.of("alice", &["get", name]).ends();
        assert!(read.code != 0 && read.stdout.is_empty(), "{name}: {}", read.messages());
    }
}
