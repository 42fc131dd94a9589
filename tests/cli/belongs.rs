//! Where a secret belongs: kept in its signed record, shown, and asked of scopes.

use crate::harness::Sandbox;

#[test]
fn a_secret_says_where_it_belongs() {
    let t = Sandbox::new();
    let words = ["store", "git/token", "--for", "GitHub.com/acme/", "--user", "x-access-token"];
    t.authy(words).stdin("ghp_1\n").ok();
    let details = || t.authy(["list", "--json"]).ok().json()[0].clone();
    assert_eq!(details()["for"], serde_json::json!(["https://github.com/acme"]));
    assert_eq!(details()["user"], "x-access-token");
    assert_eq!(details()["bearer"], false);
    t.authy(["list", "--long"]).ok().says("x-access-token https://github.com/acme");
    let record = std::fs::read_to_string(t.file("secrets/git/token.toml")).unwrap();
    assert!(record.contains("for = [\"https://github.com/acme\"]"), "{record}");
    assert!(record.contains("user = \"x-access-token\""), "{record}");

    t.authy(["annotate", "git/token", "--for", "https://git.example:8443", "--no-user"]).ok();
    let both = serde_json::json!(["https://github.com/acme", "https://git.example:8443"]);
    assert_eq!(details()["for"], both);
    assert!(details()["user"].is_null());
    t.authy(["annotate", "git/token", "--not-for", "github.com/acme", "--bearer"]).ok();
    assert_eq!(details()["for"], serde_json::json!(["https://git.example:8443"]));
    assert_eq!(details()["bearer"], true);
    t.authy(["list", "--long"]).ok().says("bearer https://git.example:8443");
    // A new value belongs where the old one did.
    t.authy(["rotate", "git/token"]).stdin("ghp_2\n").ok();
    assert_eq!(details()["for"], serde_json::json!(["https://git.example:8443"]));
    assert_eq!(details()["bearer"], true);
    t.authy(["rename", "git/token", "git/other"]).ok();
    assert_eq!(details()["for"], serde_json::json!(["https://git.example:8443"]));
    t.authy(["history", "git/other"]).ok();
    t.verifies();
    t.authy(["check", "--strict"]).ok();
}

#[test]
fn what_is_no_address_is_refused_with_the_reason() {
    let t = Sandbox::new();
    for (url, why) in [
        ("http://example.com", "http is read on the way"),
        ("https://user@example.com", "no user name in it"),
        ("https://a/../b", "a path has no"),
        ("https://*.example.com", "has a host"),
    ] {
        t.authy(["store", "a", "--for", url]).stdin("v").fails(2).stderr_has(why);
    }
    t.authy(["store", "a", "--user", "x:y"]).stdin("v").fails(2).stderr_has("no ':'");
    t.authy(["get", "a"]).fails(3);
}

#[test]
fn a_scope_says_what_it_would_give() {
    let t = Sandbox::new();
    let store = |name: &str, url: &str| {
        t.authy(["store", name, "--for", url]).stdin("v").ok();
    };
    store("git/all", "https://github.com");
    store("git/acme", "https://github.com/acme");
    store("web/other", "https://other.example");
    t.store([("plain", "v")]);
    t.policy("bot", ["git/*"]);
    t.policy("narrow", ["git/all"]);
    let test = |scope: &str, url: &str| t.authy(["policy", "test", "--scope", scope, "--for", url]);
    test("bot", "https://github.com/acme/app").ok().says("git/acme for https://github.com/acme");
    test("bot", "https://github.com/acme-tools").ok().says("git/all for https://github.com");
    test("narrow", "https://github.com/acme/app").ok().says("git/all");
    test("bot", "https://other.example").fails(4).stderr_has("scope 'bot' denies 'web/other'");
    test("bot", "https://none.example")
        .fails(3)
        .stderr_has("no secret in scope 'bot' is for https://none.example");
    test("bot", "https://github.com:8443").fails(3).stderr_has("is for https://github.com");
    t.authy(["policy", "test", "--scope", "bot"]).fails(2);
    t.authy(["policy", "show", "bot"]).ok().says("git/acme for https://github.com/acme");
    let listed = t.authy(["list", "--for", "https://github.com/acme/app"]).ok().text();
    assert_eq!(listed, "git/acme\ngit/all\n");

    store("git/twin", "https://github.com/acme");
    test("bot", "https://github.com/acme/app").fails(7).stderr_has("'git/acme', 'git/twin'");
}

/// Whom a secret is given to is a person's to say.
#[test]
fn an_agent_does_not_say_where_a_secret_belongs() {
    let t = Sandbox::new();
    t.store([("token", "v")]);
    t.authy(["annotate", "token", "--for", "https://evil.example"])
        .env("CLAUDECODE", "1")
        .fails(4)
        .stderr_has("a person has to do this");
    t.authy(["annotate", "token", "--tag", "x"]).env("CLAUDECODE", "1").ok();
}

/// Who edits the record by hand sends nothing elsewhere.
#[test]
fn an_address_that_nobody_signed_counts_for_nothing() {
    let t = Sandbox::new();
    t.authy(["store", "token", "--for", "https://github.com"]).stdin("v").ok();
    let record = std::fs::read_to_string(t.file("secrets/token.toml"))
        .unwrap()
        .replace("https://github.com", "https://evil.example");
    std::fs::write(t.file("secrets/token.toml"), record).unwrap();
    t.authy(["policy", "test", "--for", "https://evil.example"]).fails(5);
    t.authy(["policy", "test", "--for", "https://github.com"]).fails(3);
}

/// A rule of sealed runs need not repeat what the record says.
#[test]
fn a_sealed_rule_without_hosts_takes_those_of_the_record() {
    let t = Sandbox::new();
    let words = ["store", "git/token", "--for", "https://github.com/acme", "--for"];
    t.authy(words.iter().copied().chain(["http://127.0.0.1:8080"])).stdin("v").ok();
    t.store([("other", "v")]);
    let create =
        |seal: &str| t.authy(["policy", "create", "bot", "--allow", "git/*", "--seal", seal]);
    create("other").fails(2).stderr_has("authy annotate other --for https://HOST");
    create("git/*").fails(2).stderr_has("by its whole name");
    create("git/none").fails(3);
    create("git/token=").fails(2).stderr_has("NAMES=HOSTS");
    create("git/token;in=query").ok();
    let rules = t.authy(["policy", "show", "bot", "--json"]).ok().json()["sealed"].clone();
    let rules = rules.as_array().unwrap();
    assert_eq!(rules.len(), 2, "{rules:?}");
    assert_eq!(rules[0]["hosts"], serde_json::json!(["github.com"]));
    assert_eq!(rules[0]["paths"], serde_json::json!(["/acme", "/acme/*"]));
    assert_eq!(rules[1]["hosts"], serde_json::json!(["127.0.0.1:8080"]));
    let test = |host: &str, path: &str| {
        t.authy(["policy", "test", "--scope", "bot", "git/token", "--host", host, "--path", path])
    };
    test("github.com", "/acme/app.git/info/refs").ok();
    test("github.com", "/other/app.git/info/refs").fails(4);
    test("example.com", "/acme/app").fails(4);
}
