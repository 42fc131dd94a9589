//! What a live token sees after the vault changed, and after its time.

use std::fs::{self, File};
use std::path::Path;
use std::time::{Duration, SystemTime};

use crate::harness::{Call, Sandbox};

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "one"), ("db-key", "two"), ("prod-key", "never")]);
    t.policy("dev", ["db-*"]);
    t
}

fn create(t: &Sandbox, flags: &[&str]) -> String {
    let words = ["session", "create", "--scope", "dev"];
    t.authy(words.iter().chain(flags)).ok().text().trim().to_owned()
}

fn with<'t>(t: &'t Sandbox, token: &str, words: &[&str]) -> Call<'t> {
    t.authy(words).env("AUTHY_TOKEN", token)
}

fn id(t: &Sandbox, token: &str) -> String {
    let list = with(t, token, &["session", "list", "--json"]).ok().json();
    list[0]["id"].as_str().unwrap().to_owned()
}

/// Sets the time that `path` was changed last.
fn touch(path: &Path, time: SystemTime) {
    File::options()
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)
        .unwrap()
        .set_modified(time)
        .unwrap();
}

#[test]
fn a_changed_value_is_the_one_that_is_read() {
    let t = stocked();
    let token = create(&t, &[]);
    t.authy(["rotate", "db-url", "--raw"]).stdin("rotated").ok();
    with(&t, &token, &["get", "db-url"]).ok().stdout_is("rotated");
    t.authy(["store", "db-url", "--force", "--raw"]).stdin("stored").ok();
    with(&t, &token, &["get", "db-url"]).ok().stdout_is("stored");
    let values = "test \"$db_url\" = stored && test \"$db_key\" = two";
    with(&t, &token, &["run", "--", "sh", "-c", values]).ok();
}

#[test]
fn a_new_name_of_the_scope_is_reached_and_one_outside_is_not() {
    let t = stocked();
    let token = create(&t, &[]);
    t.store([("db-new", "three"), ("web-new", "never")]);
    with(&t, &token, &["get", "db-new"]).ok().stdout_is("three");
    with(&t, &token, &["get", "web-new"]).ends().code_is(4).stdout_is("");
    with(&t, &token, &["list"]).ok().stdout_is("db-key\ndb-new\ndb-url\n");
}

#[test]
fn a_renamed_and_a_removed_secret_are_where_they_are_now() {
    let t = stocked();
    let token = create(&t, &[]);
    t.authy(["rename", "db-url", "db-uri"]).ok();
    with(&t, &token, &["get", "db-uri"]).ok().stdout_is("one");
    with(&t, &token, &["get", "db-url"]).ends().code_is(3);
    t.authy(["rename", "db-uri", "prod-url"]).ok();
    with(&t, &token, &["get", "prod-url"]).ends().code_is(4).stdout_is("");
    t.authy(["rename", "prod-key", "db-prod"]).ok();
    with(&t, &token, &["get", "db-prod"]).ok().stdout_is("never");
    t.authy(["remove", "db-key"]).ok();
    with(&t, &token, &["get", "db-key"]).ends().code_is(3);
}

#[test]
fn a_narrowed_policy_narrows_at_once_and_a_widened_one_widens_nothing() {
    let t = stocked();
    let token = create(&t, &[]);
    t.authy(["policy", "update", "dev", "--deny", "*-key"]).ok();
    with(&t, &token, &["get", "db-key"]).ends().code_is(4).stdout_is("");
    with(&t, &token, &["get", "db-url"]).ok();
    t.authy(["policy", "update", "dev", "--allow", "prod-*", "--remove-deny", "*-key"]).ok();
    t.authy(["session", "refresh"]).ok();
    with(&t, &token, &["get", "prod-key"]).ends().code_is(4).stdout_is("");
    with(&t, &token, &["get", "db-key"]).ok().stdout_is("two");
    // The next session is made of the policy as it is then.
    with(&t, &create(&t, &[]), &["get", "prod-key"]).ok().stdout_is("never");
    t.authy(["policy", "update", "dev", "--run-only"]).ok();
    with(&t, &token, &["get", "db-url"]).ends().code_is(4).stdout_is("").stderr_has("run-only");
    t.authy(["policy", "update", "dev", "--run-only=false"]).ok();
    with(&t, &token, &["get", "db-url"]).ok();
    t.authy(["policy", "remove", "dev"]).ok();
    let done = with(&t, &token, &["get", "db-url"]).ends();
    assert_ne!(done.code, 0, "{done}");
    done.stdout_is("");
}

#[test]
fn what_a_policy_denied_when_the_token_was_made_stays_denied_to_it() {
    let t = stocked();
    t.authy(["policy", "update", "dev", "--deny", "*-key"]).ok();
    let token = create(&t, &[]);
    t.authy(["policy", "update", "dev", "--remove-deny", "*-key"]).ok();
    t.store([("db-late-key", "three")]);
    t.authy(["session", "refresh"]).ok();
    t.authy(["get", "db-key", "--scope", "dev"]).ok().stdout_is("two");
    for name in ["db-key", "db-late-key"] {
        with(&t, &token, &["get", name]).ends().code_is(4).stdout_is("");
    }
    with(&t, &token, &["list"]).ok().stdout_is("db-url\n");
    let none = "test -z \"$db_key$db_late_key\" && test \"$db_url\" = one";
    with(&t, &token, &["run", "--", "sh", "-c", none]).ok();
}

#[test]
fn what_came_from_elsewhere_is_seen_or_the_way_to_it_is_told() {
    let t = stocked();
    let token = create(&t, &[]);
    let grant = t.file("sessions").join(id(&t, &token));
    // A pull brings the record and the value, and not this clone's grants.
    let saved = t.path("saved");
    t.sh(&format!("cp -a {} {}", grant.display(), saved.display())).ok();
    t.authy(["rotate", "db-url", "--raw"]).stdin("pulled").ok();
    let pins = "rm -rf ~/../state/authy/*/pins";
    t.sh(&format!(
        "{pins}; rm -rf {0} && cp -a {1} {0}; rm -f ~/.authy/.local/refreshed",
        grant.display(),
        saved.display()
    ))
    .ok();
    let done = with(&t, &token, &["get", "db-url"]).ends().code_is(6).stdout_is("");
    done.stderr_has("authy session refresh");
    with(&t, &token, &["get", "db-key"]).ok().stdout_is("two");
    t.authy(["session", "refresh"]).ok();
    with(&t, &token, &["get", "db-url"]).ok().stdout_is("pulled");
}

#[test]
fn an_expired_session_opens_nothing_and_its_grant_is_removed() {
    let t = stocked();
    let token = create(&t, &["--ttl", "1m"]);
    let grant = t.file("sessions").join(id(&t, &token));
    touch(&t.file(".local/clock"), SystemTime::now() + Duration::from_secs(120));
    with(&t, &token, &["get", "db-url"]).ends().code_is(6).stderr_has("session expired");
    // Its grant is gone by now, and what it was is told all the same.
    for words in [&["run", "--", "true"][..], &["list"], &["env"]] {
        with(&t, &token, words).ends().code_is(6).stdout_is("").stderr_has("session expired");
    }
    t.authy(["get", "db-url"]).ok();
    assert!(!grant.exists());
    t.verifies();
}

#[test]
fn a_clock_that_is_set_back_revives_nothing() {
    let t = stocked();
    let token = create(&t, &["--ttl", "1m"]);
    let clock = t.file(".local/clock");
    let later = SystemTime::now() + Duration::from_secs(3600);
    touch(&clock, later);
    with(&t, &token, &["get", "db-url"]).ends().code_is(6).stdout_is("");
    // The system's clock is an hour behind what was seen; the moment seen is kept.
    assert!(fs::metadata(&clock).unwrap().modified().unwrap() >= later);
    with(&t, &token, &["get", "db-url"]).ends().code_is(6).stdout_is("");
    // Nor does removing the file: the state folder remembers, and expired grants are pinned.
    t.authy(["list"]).ok();
    let _ = fs::remove_file(&clock);
    with(&t, &token, &["get", "db-url"]).ends().code_is(6).stdout_is("");
}

#[test]
fn a_shorter_longest_life_ends_live_sessions_sooner() {
    let t = stocked();
    let token = create(&t, &["--ttl", "7d"]);
    t.authy(["policy", "update", "dev", "--max-ttl", "1h"]).ok();
    with(&t, &token, &["get", "db-url"]).ok();
    touch(&t.file(".local/clock"), SystemTime::now() + Duration::from_secs(2 * 3600));
    with(&t, &token, &["get", "db-url"]).ends().code_is(6).stderr_has("session expired");
}

/// One session of those that are listed.
fn listed(t: &Sandbox, label: &str) -> serde_json::Value {
    let list = t.authy(["session", "list", "--json"]).ok().json();
    list.as_array().unwrap().iter().find(|one| one["label"] == label).unwrap().clone()
}

#[test]
fn what_ended_is_listed_for_a_week_and_when_it_was_used_last() {
    let t = stocked();
    for flags in [
        &["--label", "short", "--ttl", "1m"][..],
        &["--label", "travels", "--ttl", "1m", "--shared"],
    ] {
        let token = create(&t, flags);
        let label = flags[1];
        assert_eq!(listed(&t, label)["used"], serde_json::Value::Null);
        with(&t, &token, &["get", "db-url"]).ok();
        let used = listed(&t, label)["used"].clone();
        assert!(used.is_string());
        let clock = t.file(".local/clock");
        touch(&clock, SystemTime::now() + Duration::from_secs(120));
        assert_eq!(listed(&t, label)["status"], "expired");
        // Looking, using and clearing away change nothing of what is said.
        let other = create(&t, &["--label", "other"]);
        for _ in 0..2 {
            with(&t, &token, &["get", "db-url"]).ends().code_is(6).stderr_has("session expired at");
            with(&t, &other, &["get", "db-url"]).ok();
            t.authy(["get", "db-url"]).ok();
            let now = listed(&t, label);
            assert_eq!((&now["status"], &now["used"]), (&"expired".into(), &used));
        }
        t.authy(["session", "revoke-all"]).ok();
        let now = listed(&t, label);
        assert_eq!((&now["status"], &now["used"]), (&"expired".into(), &used));
        assert_eq!(listed(&t, "other")["status"], "revoked");
        with(&t, &other, &["get", "db-url"]).ends().code_is(6).stderr_has("session revoked at");
        let id = now["id"].as_str().unwrap();
        t.authy(["session", "revoke", id]).fails(3).stderr_has("ended at");
        // A week later nobody asks.
        touch(&clock, SystemTime::now() + Duration::from_secs(8 * 24 * 3600));
        assert_eq!(t.authy(["session", "list", "--json"]).ok().text().trim(), "[]");
        with(&t, &token, &["get", "db-url"]).ends().code_is(6).stderr_has("revoked or unknown");
        for file in [clock, t.path("state/clock")] {
            let _ = fs::remove_file(file);
        }
    }
    t.verifies();
}

#[test]
fn what_ended_is_listed_last_and_a_token_sees_its_own_session_alone() {
    let t = stocked();
    create(&t, &["--label", "first"]);
    let first = listed(&t, "first")["id"].clone();
    let token = create(&t, &["--label", "second"]);
    t.authy(["session", "revoke", first.as_str().unwrap()]).ok();
    let labels = |list: serde_json::Value| -> Vec<String> {
        list.as_array().unwrap().iter().map(|one| one["label"].as_str().unwrap().into()).collect()
    };
    let all = t.authy(["session", "list", "--json"]).ok().json();
    assert_eq!(labels(all), ["second", "first"]);
    assert_eq!(labels(with(&t, &token, &["session", "list", "--json"]).ok().json()), ["second"]);
    // What somebody writes there is nothing to go by.
    let live = id(&t, &token);
    let file = t.file(".local/ended-sessions");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replace(first.as_str().unwrap(), &live)).unwrap();
    with(&t, &token, &["get", "db-url"]).ok();
    assert_eq!(listed(&t, "second")["status"], "live");
    fs::write(&file, "[[session]]\nid = 1\n").unwrap();
    let all = t.authy(["session", "list", "--json"]).ok().json();
    assert_eq!(labels(all), ["second"]);
}
