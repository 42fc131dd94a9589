//! Files of the vault changed behind authy's back: refused, named, recorded, and contained.

use std::fs;

use crate::harness::Sandbox;
use crate::vault::{edit, flip, text};

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "one"), ("db-pass", "two"), ("api-key", "three")]);
    t.policy("all", ["*"]);
    t.policy("api", ["api-*"]);
    t
}

/// Asserts that this secret is refused as damaged, by name and on record, and that no other is.
fn only_this_is_refused(t: &Sandbox, name: &str) {
    t.authy(["get", name]).fails(5).stdout_is("").stderr_has(name);
    let entry = t.last_entry();
    assert_eq!(entry["op"], "get", "{entry}");
    assert_eq!(entry["outcome"], "failed", "{entry}");
    assert_eq!(entry["secrets"], serde_json::json!([name]), "{entry}");

    let marker = t.path("ran");
    t.authy(["run", "--scope", "all", "--", "touch", marker.to_str().unwrap()])
        .fails(5)
        .stderr_has(name);
    assert!(!marker.exists(), "the child ran without {name}");
    t.authy(["env", "--scope", "all"]).fails(5).stdout_is("").stderr_has(name);

    t.holds("api-key", "three");
    t.authy(["run", "--scope", "api", "--", "sh", "-c", "echo $api_key"]).ok().stdout_is("three\n");
    t.authy(["list"]).ok().stdout_has("api-key");
    t.verifies();
}

#[test]
fn swapped_ciphertexts_are_refused() {
    let t = stocked();
    let (one, two) = (t.file("secrets/db-url.age"), t.file("secrets/db-pass.age"));
    let (a, b) = (fs::read(&one).unwrap(), fs::read(&two).unwrap());
    fs::write(&one, b).unwrap();
    fs::write(&two, a).unwrap();
    for name in ["db-pass", "db-url"] {
        t.authy(["get", name]).fails(5).stderr_has(name);
    }
    // Of several, the first by name.
    let ran = t.path("ran");
    t.authy(["run", "--scope", "all", "--", "touch", ran.to_str().unwrap()])
        .fails(5)
        .stderr_has("db-pass");
    assert!(!ran.exists());
}

#[test]
fn a_copied_ciphertext_is_refused() {
    let t = stocked();
    fs::copy(t.file("secrets/db-pass.age"), t.file("secrets/db-url.age")).unwrap();
    only_this_is_refused(&t, "db-url");
    t.holds("db-pass", "two");
}

#[test]
fn a_ciphertext_copied_with_its_record_is_refused() {
    let t = stocked();
    for ending in ["age", "toml"] {
        fs::copy(
            t.file(&format!("secrets/db-pass.{ending}")),
            t.file(&format!("secrets/db-url.{ending}")),
        )
        .unwrap();
    }
    only_this_is_refused(&t, "db-url");
    t.holds("db-pass", "two");
}

#[test]
fn a_copy_under_a_new_name_is_refused() {
    let t = stocked();
    for ending in ["age", "toml"] {
        fs::copy(
            t.file(&format!("secrets/db-pass.{ending}")),
            t.file(&format!("secrets/db-new.{ending}")),
        )
        .unwrap();
    }
    only_this_is_refused(&t, "db-new");
}

#[test]
fn one_changed_byte_of_a_ciphertext_is_refused() {
    let t = stocked();
    let file = t.file("secrets/db-url.age");
    let good = fs::read(&file).unwrap();
    for position in [0, 25, good.len() / 2, good.len() - 1] {
        flip(&file, position);
        t.authy(["get", "db-url"]).fails(5).stdout_is("").stderr_has("db-url");
        fs::write(&file, &good).unwrap();
    }
    flip(&file, good.len() - 1);
    only_this_is_refused(&t, "db-url");
}

#[test]
fn a_cut_ciphertext_is_refused() {
    let t = stocked();
    let file = t.file("secrets/db-url.age");
    let good = fs::read(&file).unwrap();
    for length in [0, 10, good.len() / 2, good.len() - 1] {
        fs::write(&file, &good[..length]).unwrap();
        t.authy(["get", "db-url"]).fails(5).stdout_is("");
    }
    only_this_is_refused(&t, "db-url");
}

#[test]
fn one_changed_byte_of_a_record_is_refused() {
    let t = stocked();
    let file = t.file("secrets/db-url.toml");
    let good = text(&file);
    for position in (0..good.len()).step_by(17) {
        let mut bytes = good.clone().into_bytes();
        bytes[position] ^= 1;
        fs::write(&file, bytes).unwrap();
        t.authy(["get", "db-url"]).fails(5).stdout_is("").stderr_has("db-url");
    }
    fs::write(&file, &good).unwrap();
    t.holds("db-url", "one");
    edit(&file, "version = 1", "version = 9");
    only_this_is_refused(&t, "db-url");
}

#[test]
fn a_record_nobody_signed_is_refused() {
    let t = stocked();
    let file = t.file("secrets/db-url.toml");
    let record = text(&file);
    let (body, _) = record.split_once("[signature]").unwrap();
    fs::write(&file, body).unwrap();
    only_this_is_refused(&t, "db-url");
}

#[test]
fn a_record_signed_by_a_stranger_is_refused() {
    let t = stocked();
    edit(&t.file("secrets/db-url.toml"), "by = \"alice\"", "by = \"mallory\"");
    only_this_is_refused(&t, "db-url");
}

#[test]
fn half_a_secret_is_refused() {
    let t = stocked();
    fs::remove_file(t.file("secrets/db-url.toml")).unwrap();
    only_this_is_refused(&t, "db-url");
    let t = stocked();
    fs::remove_file(t.file("secrets/db-url.age")).unwrap();
    only_this_is_refused(&t, "db-url");
}

#[test]
fn an_older_commit_of_one_secret_is_refused() {
    let t = stocked();
    let old = t.head();
    t.authy(["rotate", "db-url"]).stdin("newer").ok();
    t.holds("db-url", "newer");
    t.git(["checkout", "-q", &old, "--", "secrets/db-url.age", "secrets/db-url.toml"]);
    only_this_is_refused(&t, "db-url");
    t.git(["checkout", "-q", "HEAD", "--", "secrets"]);
    t.holds("db-url", "newer");
}

#[test]
fn an_older_commit_of_one_secret_is_refused_even_if_nobody_read_the_newer() {
    let t = stocked();
    let old = t.head();
    t.authy(["rotate", "db-url"]).stdin("newer").ok();
    t.git(["checkout", "-q", &old, "--", "secrets/db-url.age", "secrets/db-url.toml"]);
    only_this_is_refused(&t, "db-url");
}

#[test]
fn the_secret_of_another_vault_is_refused() {
    let t = stocked();
    let other = t.path("other");
    t.authy(["--vault", other.to_str().unwrap(), "init", "--member", "alice"]).ok();
    t.authy(["--vault", other.to_str().unwrap(), "store", "db-url"]).stdin("replayed").ok();
    for ending in ["age", "toml"] {
        fs::copy(
            other.join(format!("secrets/db-url.{ending}")),
            t.file(&format!("secrets/db-url.{ending}")),
        )
        .unwrap();
    }
    only_this_is_refused(&t, "db-url");
}

#[test]
fn another_vault_in_the_same_folder_is_refused() {
    let t = stocked();
    let other = t.path("other");
    t.authy(["--vault", other.to_str().unwrap(), "init", "--member", "alice"]).ok();
    t.authy(["--vault", other.to_str().unwrap(), "store", "db-url"]).stdin("replayed").ok();
    for folder in ["admins", "members", "policies", "secrets", "audit", "authy.toml"] {
        let copy = format!(
            "rm -rf ~/.authy/{folder}; cp -r {}/{folder} ~/.authy/ 2>/dev/null; true",
            other.display()
        );
        t.sh(&copy).ok();
    }
    t.authy(["get", "db-url"]).fails(5).stdout_is("");
    t.authy(["store", "new"]).stdin("v").fails(5);
    // Whoever put it there accepts it by its id, with the command that the error names.
    let said = t.authy(["join", "--name", "bob"]).fails(5).messages();
    let command = said.split("another one there: ").nth(1).unwrap().trim();
    assert!(
        command.starts_with("authy --vault '") && command.contains("--accept-vault "),
        "{said}"
    );
    t.authy(["check", "--accept-vault", "0123456789abcdef0123456789abcdef"]).fails(5);
    let agent = t.sh(&format!("CLAUDECODE=1 {command}")).ends();
    agent.code_is(4).stderr_has("person");
    t.sh(command).ends().stderr_has("admin").stderr_has("SHA256:");
    t.authy(["list"]).ok().stdout_is("db-url\n");
}

#[test]
fn changed_foundations_stop_everything() {
    for (folder, from, to) in [
        ("members", "recipients = [", "recipients = [ "),
        ("members", "verify = \"", "verify = \" "),
        ("admins", "[signature]", "x = 1\n[signature]"),
        ("authy.toml", "commit = \"auto\"", "commit = \"none\""),
        ("authy.toml", "sig = \"ed25519:", "sig = \"ed25519:A"),
    ] {
        let t = stocked();
        let file =
            if folder.ends_with("toml") { t.file(folder) } else { t.only_file(folder, ".toml") };
        edit(&file, from, to);
        let name = file.file_name().unwrap().to_str().unwrap();
        t.authy(["get", "db-url"]).fails(5).stdout_is("").stderr_has(name);
        t.authy(["store", "new"]).stdin("v").fails(5).stderr_has(name);
        t.authy(["run", "--scope", "all", "--", "true"]).fails(5).stderr_has(name);
    }
}

#[test]
fn one_changed_byte_of_a_foundation_is_refused() {
    let t = stocked();
    for file in [t.file("authy.toml"), t.only_file("admins", ".toml"), t.file("members/alice.toml")]
    {
        let good = fs::read(&file).unwrap();
        for position in (0..good.len()).step_by(41) {
            flip(&file, position);
            let done = t.authy(["get", "db-url"]).ends();
            assert_eq!(done.code, 5, "byte {position} of {}\n{done}", file.display());
            fs::write(&file, &good).unwrap();
        }
    }
    t.holds("db-url", "one");
}

#[test]
fn one_changed_byte_of_a_policy_closes_its_scope() {
    let t = stocked();
    let file = t.file("policies/all.toml");
    let good = fs::read(&file).unwrap();
    for position in (0..good.len()).step_by(13) {
        flip(&file, position);
        let done = t.authy(["run", "--scope", "all", "--", "true"]).ends();
        assert!(done.code == 4 || done.code == 5, "byte {position}\n{done}");
        t.authy(["run", "--scope", "api", "--", "true"]).ok();
        fs::write(&file, &good).unwrap();
    }
}

#[test]
fn a_stranger_cannot_make_himself_a_member() {
    let t = stocked();
    let mallory = text(&t.file("members/alice.toml")).replace("alice", "mallory");
    fs::write(t.file("members/mallory.toml"), mallory).unwrap();
    t.holds("db-url", "one");
    t.store([("new", "v")]);
    let record = text(&t.file("secrets/new.toml"));
    assert!(!record.contains("mallory"), "{record}");
}

#[test]
fn a_new_set_of_admins_that_no_admin_signed_is_refused() {
    let t = stocked();
    let first = t.only_file("admins", ".toml");
    let number: u32 = first.file_stem().unwrap().to_str().unwrap().parse().unwrap();
    fs::copy(&first, t.file(&format!("admins/{}.toml", number + 1))).unwrap();
    t.authy(["get", "db-url"]).fails(5).stdout_is("").stderr_has("admins/");
}

#[test]
fn the_hint_of_a_rollback_works_both_ways() {
    for (version, value) in [("2", "two"), ("1", "one")] {
        let t = Sandbox::new();
        t.store([("db-url", "one")]);
        t.authy(["rotate", "db-url"]).stdin("two").ok();
        // As the button of a forge does.
        t.git(["revert", "--no-edit", "HEAD"]);
        let refused = t.authy(["get", "db-url"]).fails(5).stderr_has("rolled back");
        refused.stderr_has("authy restore db-url --version 2").stderr_has("--version 1");
        t.authy(["restore", "db-url", "--version", version]).ok();
        t.holds("db-url", value);
    }
}
