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
    laptop(&["join", "--machine", "laptop", "--name", "alice"]).ok().stderr_has("has it already");
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
