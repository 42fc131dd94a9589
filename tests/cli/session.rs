//! `session create`, `list`, `revoke`, `revoke-all`.

use std::fs;
use std::path::Path;

use crate::harness::{Call, Sandbox};

/// A vault with one secret in the scope `dev` and one outside.
fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "the-value"), ("prod-key", "never")]);
    t.policy("dev", ["db-*"]);
    t
}

fn create(t: &Sandbox, more: &[&str]) -> String {
    let words = ["session", "create", "--scope", "dev"];
    t.authy(words.iter().chain(more)).ok().text().trim_end().to_owned()
}

fn with<'t>(t: &'t Sandbox, token: &str, words: &[&str]) -> Call<'t> {
    t.authy(words).env("AUTHY_TOKEN", token)
}

fn ids(t: &Sandbox) -> Vec<String> {
    let list = t.authy(["session", "list", "--json"]).ok().json();
    let live = list.as_array().unwrap().iter().filter(|one| one["status"] == "live");
    live.map(|one| one["id"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_token_is_printed_alone_and_gives_the_scope() {
    let t = stocked();
    let done = t.authy(["session", "create", "--scope", "dev"]).ok();
    let text = done.text();
    let token = text.strip_suffix('\n').unwrap();
    assert!(token.len() == 52 && token.starts_with("authy_v1."), "{done}");
    with(&t, token, &["get", "db-url"]).ok().stdout_is("the-value");
    with(&t, token, &["get", "prod-key"]).ends().code_is(4).stdout_is("");
    assert_ne!(create(&t, &[]), token);
}

#[test]
fn the_token_is_stored_nowhere() {
    let t = stocked();
    let plain = create(&t, &[]);
    let shared = create(&t, &["--shared"]);
    with(&t, &plain, &["get", "db-url"]).ok();
    with(&t, &shared, &["run", "--", "true"]).ok();
    t.git(["gc", "--quiet"]);
    t.git(["repack", "-adq"]);
    // Objects are compressed: unpacked they are searched too.
    let objects = t.sh("cd ~/.authy && git cat-file --batch --batch-all-objects").ok().stdout;
    for token in [plain, shared] {
        let body = token.strip_prefix("authy_v1.").unwrap();
        let raw = data_encoding::BASE64URL_NOPAD.decode(body.as_bytes()).unwrap();
        let has = |bytes: &[u8]| {
            let finds = |part: &[u8]| bytes.windows(part.len()).any(|window| window == part);
            finds(body.as_bytes()) || finds(&raw)
        };
        assert!(!has(&objects));
        each_file(&t.path(""), &mut |path| {
            assert!(!has(&fs::read(path).unwrap()), "{}", path.display());
        });
    }
}

fn each_file(folder: &Path, look: &mut dyn FnMut(&Path)) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let kind = fs::symlink_metadata(&path).unwrap();
        if kind.is_dir() {
            each_file(&path, look);
        } else if kind.is_file() {
            look(&path);
        }
    }
}

#[test]
fn lifetimes_are_a_number_and_a_unit_and_at_most_a_year() {
    let t = stocked();
    let lives = |ttl: &str| {
        create(&t, &["--ttl", ttl, "--label", ttl]);
        let list = t.authy(["session", "list", "--json"]).ok().json();
        let found = list.as_array().unwrap().iter().find(|s| s["label"] == ttl).unwrap().clone();
        let moment = |key: &str| {
            let text = found[key].as_str().unwrap();
            let format = &time::format_description::well_known::Rfc3339;
            time::OffsetDateTime::parse(text, format).unwrap()
        };
        (moment("expires") - moment("created")).whole_seconds()
    };
    for (ttl, seconds) in [
        ("30m", 30 * 60),
        ("8h", 8 * 3600),
        ("7d", 7 * 86400),
        ("2w", 14 * 86400),
        ("365d", 365 * 86400),
        ("1m", 60),
    ] {
        assert_eq!(lives(ttl), seconds, "{ttl}");
    }
    for ttl in [
        "",
        "0h",
        "h",
        "8",
        "8 h",
        "-1h",
        "1.5h",
        "8x",
        "8hh",
        "366d",
        "53w",
        "1y",
        "99999999999999999999h",
        "８h",
    ] {
        t.authy(["session", "create", "--scope", "dev", &format!("--ttl={ttl}")])
            .fails(2)
            .stdout_is("");
    }
}

#[test]
fn the_policys_longest_life_caps_the_session_and_says_so() {
    let t = stocked();
    t.authy(["policy", "update", "dev", "--max-ttl", "2h"]).ok();
    let done = t.authy(["session", "create", "--scope", "dev", "--ttl", "1d"]).ok();
    done.stderr_has("2h");
    let list = t.authy(["session", "list", "--json"]).ok().json();
    let (created, expires) = (&list[0]["created"], &list[0]["expires"]);
    let hour = |text: &serde_json::Value| {
        let format = &time::format_description::well_known::Rfc3339;
        time::OffsetDateTime::parse(text.as_str().unwrap(), format).unwrap()
    };
    assert_eq!((hour(expires) - hour(created)).whole_hours(), 2);
}

#[test]
fn a_session_needs_a_scope_that_is_there_and_mine() {
    let t = stocked();
    t.authy(["session", "create"]).fails(2);
    t.authy(["session", "create", "--scope", "nope"]).fails(3).stdout_is("").stderr_has("nope");
    t.authy(["session", "create", "--scope", "dev", "--label", "a\u{1b}[2J"]).fails(2);
    t.authy(["session", "create", "--scope", "dev", "--label", &"x".repeat(101)]).fails(2);
    // Confined to a scope, a program gets no token for another, nor for its own.
    for scope in ["dev", "nope"] {
        let words = ["session", "create", "--scope", "dev"];
        let done = t.authy(words).env("AUTHY_SCOPE", scope).ends();
        assert!(matches!(done.code, 3 | 4), "{done}");
        done.stdout_is("");
    }
}

#[test]
fn the_list_tells_all_about_a_session_but_the_token() {
    let t = stocked();
    let token = create(&t, &["--label", "my ci", "--ttl", "2h", "--run-only"]);
    let list = t.authy(["session", "list", "--json"]).ok();
    let all = list.json();
    let one = &all[0];
    assert_eq!(one["label"], "my ci");
    assert_eq!(one["scope"], "dev");
    assert_eq!(one["run_only"], true);
    assert_eq!(one["shared"], false);
    assert_eq!(one["by"], "alice");
    assert_eq!(one["status"], "live");
    assert_eq!(one["id"].as_str().unwrap().len(), 16);
    let plain = t.authy(["session", "list"]).ok();
    for part in [one["id"].as_str().unwrap(), "my ci", "dev", "alice", "run-only"] {
        assert!(plain.text().contains(part), "{part}: {plain}");
    }
    assert!(!plain.text().contains(&token[9..]) && !list.text().contains(&token[9..]));
}

#[test]
fn json_of_create_has_the_token() {
    let t = stocked();
    let words = ["session", "create", "--scope", "dev", "--json"];
    let made = t.authy(words).ok().json();
    let token = made["token"].as_str().unwrap();
    with(&t, token, &["get", "db-url"]).ok().stdout_is("the-value");
    assert_eq!(made["scope"], "dev");
    assert_eq!(ids(&t), [made["id"].as_str().unwrap()]);
}

#[test]
fn a_revoked_token_is_worth_nothing() {
    let t = stocked();
    let (token, other) = (create(&t, &[]), create(&t, &[]));
    let id = {
        let list = t.authy(["session", "list", "--json"]).env("AUTHY_TOKEN", &token).ok().json();
        // A token sees its own session only.
        assert_eq!(list.as_array().unwrap().len(), 1);
        list[0]["id"].as_str().unwrap().to_owned()
    };
    let saved = t.path("saved");
    t.sh(&format!("cp -a ~/.authy/sessions/{id} {}", saved.display())).ok();
    t.authy(["session", "revoke", &id[..6]]).ok();
    assert!(!t.file("sessions").join(&id).exists());
    for words in [&["get", "db-url"][..], &["run", "--", "true"], &["list"], &["env"]] {
        with(&t, &token, words).ends().code_is(6).stdout_is("").stderr_has("session revoked at");
    }
    // Put back, it stays revoked.
    t.sh(&format!("cp -a {} ~/.authy/sessions/{id}", saved.display())).ok();
    with(&t, &token, &["get", "db-url"]).ends().code_is(6).stdout_is("");
    with(&t, &other, &["get", "db-url"]).ok().stdout_is("the-value");
}

#[test]
fn a_prefix_must_mean_one_session() {
    let t = stocked();
    for _ in 0..17 {
        create(&t, &[]);
    }
    // Of seventeen ids two start alike.
    let ids = ids(&t);
    let first = |id: &String| id[..1].to_owned();
    let twice =
        ids.iter().map(first).find(|p| ids.iter().filter(|id| id.starts_with(p)).count() > 1);
    let done = t.authy(["session", "revoke", &twice.unwrap()]).fails(2);
    done.stderr_has("session");
    for nonsense in ["", "xyz", "../..", "ffffffffffffffffff"] {
        let done = t.authy(["session", "revoke", nonsense]).ends();
        assert!(matches!(done.code, 2 | 3), "{done}");
    }
    assert_eq!(t.authy(["session", "list", "--json"]).ok().json().as_array().unwrap().len(), 17);
}

#[test]
fn revoke_all_ends_every_session() {
    let t = stocked();
    let tokens = [create(&t, &[]), create(&t, &["--shared"]), create(&t, &["--run-only"])];
    t.authy(["session", "revoke-all"]).ok();
    assert!(ids(&t).is_empty());
    for token in tokens {
        with(&t, &token, &["run", "--", "true"]).ends().code_is(6);
    }
    t.authy(["session", "revoke-all"]).ok();
    assert!(!t.git(["status", "--porcelain"]).contains("sessions"));
    t.verifies();
}

#[test]
fn grants_are_kept_from_others_and_from_git() {
    let t = stocked();
    create(&t, &[]);
    assert!(!t.git(["status", "--porcelain"]).contains("sessions"));
    assert_eq!(t.git(["ls-files", "sessions"]), "");
    let id = &ids(&t)[0];
    for file in ["grant.toml", "keys.age", "chain.key.age"] {
        let path = t.file("sessions").join(id).join(file);
        assert_eq!(crate::vault::mode(&path) & 0o077, 0, "{file}");
    }
}
