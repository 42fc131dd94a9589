//! The rule: made, shown, tested, compared; and what a sealed scope refuses.

use super::{CANARY, Scene, clean};
use crate::harness::Sandbox;

fn sealed_only() -> Scene {
    Scene::with(&["--seal-only", "--seal", "api-token=api.test"])
}

#[test]
fn a_sealed_scope_hands_nothing_out_by_any_command() {
    let scene = sealed_only();
    let t = &scene.t;
    t.write("file.tmpl", "<authy:api-token>");
    let refused: [&[&str]; 6] = [
        &["get", "api-token", "--scope", "ci"],
        &["env", "--scope", "ci"],
        &["export", "--scope", "ci"],
        &["resolve", "file.tmpl", "--scope", "ci"],
        &["resolve", "file.tmpl", "--scope", "ci", "--output", "out"],
        &["otp", "api-token", "--scope", "ci"],
    ];
    for words in refused {
        clean(t.authy(words).fails(4)).stderr_has("is sealed");
    }
    assert!(!t.work().join("out").exists());
    // 'run' seals without being asked, and leaves out what no rule seals.
    let done = t.authy(["run", "--scope", "ci", "--no-masking", "--", "env"]).ok();
    clean(done)
        .stdout_has("api_token=authy-sealed-api-token-")
        .stdout_lacks("plain-value")
        .stderr_has("plain");
    let named = t.authy(["run", "--scope", "ci", "--only", "plain", "--", "true"]);
    named.fails(2).stderr_has("seals nothing");
}

#[test]
fn a_token_and_what_runs_inside_get_no_more() {
    let scene = sealed_only();
    let t = &scene.t;
    let token = t.authy(["session", "create", "--scope", "ci"]).ok().text().trim().to_owned();
    for words in [&["get", "api-token"][..], &["env"], &["export"]] {
        clean(t.authy(words).env("AUTHY_TOKEN", &token).fails(4)).stderr_has("sealed");
    }
    let nested = "authy get api-token; echo $?; authy run -- env; authy run --sealed -- env";
    let done = t.authy(["run", "--scope", "ci", "--no-masking", "--", "sh", "-c", nested]).ok();
    clean(done).stdout_has("4\n").stdout_has("api_token=authy-sealed-");
    t.authy(["session", "list"]).ok().stdout_has("run-only");
    t.authy(["policy", "list"]).ok().stdout_has("sealed");
    // Sealed by the grant, though the policy is not any more.
    t.authy(["policy", "update", "ci", "--seal-only=false", "--remove-seal", "api-token"]).ok();
    clean(t.authy(["get", "api-token"]).env("AUTHY_TOKEN", &token).fails(4));
    let other = t.authy(["session", "create", "--scope", "ci"]).ok().text().trim().to_owned();
    t.authy(["get", "api-token"]).env("AUTHY_TOKEN", &other).ok().stdout_is(CANARY);
}

#[test]
fn a_policy_that_seals_more_widens_no_session() {
    let scene = Scene::with(&["--seal", "api-token=api.test"]);
    let t = &scene.t;
    let token = t.authy(["session", "create", "--scope", "ci"]).ok().text().trim().to_owned();
    t.authy(["policy", "update", "ci", "--seal", "api-token=evil.test"]).ok();
    let test = |host: &str| {
        t.authy(["policy", "test", "api-token", "--host", host]).env("AUTHY_TOKEN", &token).ends()
    };
    test("api.test").code_is(0);
    test("evil.test").code_is(4);
    t.authy(["policy", "test", "--scope", "ci", "api-token", "--host", "evil.test"]).ok();
    // And one that seals less bites at once.
    t.authy(["policy", "update", "ci", "--remove-seal", "api-token"]).ok();
    test("api.test").code_is(4);
}

#[test]
fn rules_are_shown_tested_and_compared_in_words() {
    let t = Sandbox::new();
    t.store([("api-token", "v")]);
    let rule = "api-token=api.test;methods=GET,POST;paths=/repos/*;as=bearer";
    t.authy(["policy", "create", "ci", "--allow", "api-*", "--seal", rule]).ok();
    let sentence =
        "in sealed runs agents of scope ci may use api-token towards api.test and never see it";
    t.authy(["policy", "show", "ci"])
        .ok()
        .stdout_has(sentence)
        .stdout_has("GET, POST; paths /repos/*");
    let json = t.authy(["policy", "show", "ci", "--json"]).ok().json();
    assert_eq!(json["sealed"][0]["hosts"][0], "api.test");
    assert_eq!(json["seal_only"], false);
    let file = std::fs::read_to_string(t.vault().join("policies/ci.toml")).unwrap();
    assert!(file.contains("[[sealed]]") && file.contains("as = \"bearer\""), "{file}");

    let test = |words: &[&str], code: i32, says: &str| {
        let base = ["policy", "test", "--scope", "ci", "api-token"];
        t.authy(base.iter().chain(words)).ends().code_is(code).stdout_has(says);
    };
    test(&[], 0, "ALLOWED by allow \"api-*\", sealed");
    test(&["--host", "api.test", "--path", "/repos/x"], 0, "put in on the wire");
    test(&["--host", "API.test:443", "--path", "/repos/x"], 0, "ALLOWED");
    for path in ["/repos/../x", "/repos/a//../../x", "/repos//x", "/repos/./x", "/x?/repos/"] {
        test(&["--host", "api.test", "--path", path], 4, "allows this path");
    }
    for path in ["/repos/x?a=/../b", "/repos/x#../y"] {
        test(&["--host", "api.test", "--path", path], 0, "put in on the wire");
    }
    test(&["--host", "api.test", "--method", "PUT", "--path", "/repos/x"], 4, "allows this method");
    test(&["--host", "evil.test"], 4, "names this host");
    t.authy(["policy", "test", "--scope", "ci", "api-other", "--host", "api.test"])
        .ends()
        .code_is(4)
        .stdout_has("no sealed rule names it");

    t.authy(["policy", "update", "ci", "--seal-only", "--seal", "api-token=b.test"]).ok();
    let diff = t.authy(["policy", "diff", "HEAD~1"]).ok();
    diff.stdout_has("scope ci becomes sealed").stdout_has("towards b.test");
    t.authy(["policy", "update", "ci", "--seal-only=false", "--remove-seal", "api-token"]).ok();
    let diff = t.authy(["policy", "diff", "HEAD~1"]).ok();
    diff.stdout_has("no longer sealed").stdout_has("no longer: in sealed runs agents");
}

#[test]
fn what_a_rule_names_is_sealed_in_every_run_unless_it_is_plain() {
    let scene = Scene::new();
    let t = &scene.t;
    let run = |flags: &[&str]| {
        let base = ["run", "--scope", "ci", "--no-masking"];
        t.authy(base.iter().chain(flags).chain(&["--", "sh", "-c", "echo $api_token $plain"]))
    };
    let done = clean(run(&[]).ok());
    done.stdout_has("authy-sealed-api-token-").stdout_has(" plain-value\n");
    // Nor is it shown; the rest is.
    clean(t.authy(["get", "api-token", "--scope", "ci"]).fails(4)).stderr_has("seals 'api-token'");
    let env = clean(t.authy(["env", "--scope", "ci"]).ok());
    env.stdout_has("plain-value").stderr_has("left out").stderr_has("api-token");
    t.write("template", "<authy:api-token>");
    clean(t.authy(["resolve", "template", "--scope", "ci"]).fails(4));
    // Where nothing that is wanted is sealed, authy becomes the program.
    run(&["--only", "plain"]).ok().stdout_is("plain-value\n");
    t.authy(["policy", "update", "ci", "--remove-seal", "api-token"]).ok();
    let seal = ["--seal", "api-token=api.test", "--seal-also-plain"];
    t.authy(["policy", "update", "ci"].iter().chain(&seal)).ok();
    t.authy(["policy", "show", "ci"]).ok().stdout_has("revealed as it is");
    run(&[]).ok().stdout_is(format!("{CANARY} plain-value\n"));
    clean(run(&["--sealed"]).ok()).stdout_has("authy-sealed-api-token-");
    t.authy(["get", "api-token", "--scope", "ci"]).ok().stdout_is(CANARY);
}

#[test]
fn rules_that_cannot_be_meant_are_refused_and_change_nothing() {
    let t = Sandbox::new();
    t.policy("ci", ["*"]);
    for (rule, says) in [
        ("=api.test", "names secrets and hosts"),
        ("api-token=", "names secrets and hosts"),
        ("api-token=https://api.test", "a host is"),
        ("api-token=*", "a host is"),
        ("api-token=*.com", "two labels"),
        ("api-token=b\u{fc}cher.example", "xn--"),
        ("api-token=api.test;as=cookie", "'as' is"),
        ("api-token=api.test;as=header:Host", "not for values"),
        ("api-token=api.test;in=header", "'in' is"),
        ("api-token=api.test;color=red", "there is no 'color'"),
        ("[=api.test", "invalid pattern"),
    ] {
        t.authy(["policy", "update", "ci", "--seal", rule]).fails(2).stderr_has(says);
    }
    // Without hosts it means those of a record.
    t.authy(["policy", "update", "ci", "--seal", "api-token"]).fails(3).stderr_has("not found");
    t.authy(["policy", "update", "ci", "--seal", "a=api.test"]).ok();
    t.authy(["policy", "update", "ci", "--remove-seal", "b"]).fails(2).stderr_has("names just 'b'");
    // As with every policy: edited by hand it waits for an admin.
    let file = t.vault().join("policies/ci.toml");
    let text = std::fs::read_to_string(&file).unwrap().replace("api.test", "evil.test");
    std::fs::write(&file, text).unwrap();
    t.authy(["run", "--scope", "ci", "--sealed", "--", "true"]).fails(4).stderr_has("not approved");
}

#[test]
fn without_a_rule_there_is_nothing_to_seal() {
    let t = Sandbox::new();
    t.store([("a", "v")]);
    t.policy("ci", ["*"]);
    let done = t.authy(["run", "--scope", "ci", "--sealed", "--", "true"]).fails(2);
    done.stderr_has("seals nothing").stderr_has("--seal");
    // Two secrets in one header.
    t.store([("b", "w")]);
    t.authy(["policy", "update", "ci", "--seal", "*=api.test;as=bearer"]).ok();
    let done = t.authy(["run", "--scope", "ci", "--sealed", "--", "true"]).ends().code_is(2);
    done.stderr_has("'a', 'b'");
    t.authy(["run", "--scope", "ci", "--sealed", "--only", "a", "--", "true"]).ok();
}

#[test]
fn roots_that_the_user_names_for_npm_are_kept_and_ours_added() {
    let scene = Scene::new();
    let script = "echo [$NPM_CONFIG_CAFILE]; grep -c BEGIN $npm_config_cafile";
    let done = scene.run(script).env("npm_config_cafile", scene.t.path("roots.pem")).ok();
    done.stdout_is("[]\n2\n");
    // Where nothing was named, what npm's own files name stays.
    scene.run("echo [$NPM_CONFIG_CAFILE$npm_config_cafile]").ok().stdout_is("[]\n");
}

#[test]
fn a_proxy_of_another_kind_is_an_error_and_not_gone_around() {
    let scene = Scene::new();
    let done = scene.run("true").env("HTTPS_PROXY", "socks5://127.0.0.1:9").ends().code_is(2);
    done.stderr_has("HTTPS_PROXY").stderr_has("proxy");
}
