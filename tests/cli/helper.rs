//! `helper`: each protocol as its program speaks it, and what becomes of what cannot be given.

use crate::harness::{Call, Sandbox};

const VALUE: &str = "t0k/Helper+Value=4711";

fn scene() -> Sandbox {
    let t = Sandbox::new();
    let words = ["store", "web/token", "--for", "https://api.test", "--user", "ann"];
    t.authy(words).stdin(VALUE).ok();
    t.authy(["store", "web/bearer", "--for", "https://bearer.test", "--bearer"]).stdin(VALUE).ok();
    t.policy("shown", ["web/*"]);
    t.authy(["policy", "create", "hidden", "--allow", "web/*", "--run-only"]).ok();
    t
}

fn git<'t>(t: &'t Sandbox, operation: &str, question: &str) -> Call<'t> {
    t.authy(["helper", "git", operation]).stdin(question)
}

const ASKED: &str = "protocol=https\nhost=api.test\n\n";

#[test]
fn git_gets_a_whole_answer_or_is_told_to_stop() {
    let t = scene();
    let whole = format!("username=ann\npassword={VALUE}\n");
    git(&t, "get", ASKED).ok().stdout_is(&whole);
    git(&t, "get", "protocol=https\nhost=api.test\npath=acme/app.git\n\n").ok().stdout_is(&whole);
    git(&t, "get", "protocol=https\nhost=api.test\nusername=ann\n\n").ok().stdout_is(&whole);
    // Others may know; the person is asked.
    for question in [
        "protocol=https\nhost=other.test\n\n",
        "protocol=https\nhost=api.test:8443\n\n",
        "protocol=https\nhost=api.test\nusername=bob\n\n",
        "protocol=https\nhost=api.test.evil.test\n\n",
    ] {
        git(&t, "get", question).ok().stdout_is("").stderr_has("no secret is for");
    }
    git(&t, "get", "protocol=http\nhost=api.test\n\n")
        .ok()
        .stdout_is("")
        .stderr_has("no secret is sent over http");
    let bearer = "capability[]=authtype\nprotocol=https\nhost=bearer.test\n\n";
    git(&t, "get", bearer).ok().stdout_has("authtype=Bearer\n").stdout_has("ephemeral=1\n");
    git(&t, "get", "protocol=https\nhost=bearer.test\n\n").fails(2).stdout_is("quit=1\n");
    // What is new to it is passed over.
    git(&t, "capability", ASKED).ok().stdout_is("");
    git(&t, "get", "nonsense\n").ok().stdout_is("");
    let last = t.trail().into_iter().rev().find(|line| line["outcome"] == "granted").unwrap();
    assert_eq!(last["op"], "helper.git");
    assert!(last["detail"].as_str().unwrap().starts_with("https://bearer.test by "), "{last}");
}

fn under<'t>(cause: &str, token: &str, call: Call<'t>) -> Call<'t> {
    match cause {
        "agent" => call.env("CLAUDECODE", "1"),
        "run-only" => call.env("AUTHY_SCOPE", "hidden"),
        _ => call.env("AUTHY_TOKEN", token),
    }
}

/// The cause stands on standard error, and a program stops instead of going on without.
#[test]
fn what_cannot_be_given_ends_in_the_protocols_own_words() {
    let t = scene();
    let asked_cargo =
        r#"{"v":1,"registry":{"index-url":"sparse+https://api.test/i/"},"kind":"get","args":[]}"#;
    let causes: [(&str, i32, &str); 3] =
        [("agent", 4, "AI agent detected"), ("run-only", 4, "run-only"), ("revoked", 6, "revoked")];
    let token = t.authy(["session", "create", "--scope", "shown"]).ok().text();
    t.authy(["session", "revoke-all"]).ok();
    for (cause, code, says) in causes {
        let with = |call| under(cause, token.trim(), call);
        with(git(&t, "get", ASKED)).fails(code).stdout_is("quit=1\n").stderr_has(says);
        // Cargo takes another exit code for a provider that broke down.
        with(t.authy(["--cargo-plugin"]).stdin(asked_cargo))
            .ok()
            .stdout_has(r#"{"Err":{"kind":"other","message":"#)
            .stderr_has(says);
        let docker = with(t.authy(["helper", "docker", "get"]).stdin("api.test")).fails(code);
        docker.stdout_has(says).stdout_lacks(VALUE);
        with(t.authy(["helper", "keyring", "get", "https://api.test", "ann"]))
            .fails(code)
            .stdout_is("")
            .stderr_has(says);
        with(t.authy(["helper", "terraform", "get", "api.test"])).fails(code).stdout_is("");
        with(t.authy(["helper", "kubectl", "web/token"])).fails(code).stdout_is("");
        with(t.authy(["helper", "aws", "web/token", "web/bearer"])).fails(code).stdout_is("");
        with(t.authy(["helper", "askpass", "Password for 'https://api.test': "]))
            .fails(code)
            .stdout_is("");
    }
    t.verifies();
}

#[test]
fn cargo_is_answered_line_by_line() {
    let t = scene();
    let asked = |kind: &str, url: &str| {
        let question = format!(
            r#"{{"v":1,"registry":{{"index-url":"{url}","name":"work"}},"kind":"{kind}","args":[]}}"#
        );
        t.authy(["helper", "cargo", "--cargo-plugin"]).stdin(question + "\n").ok().text()
    };
    let given = format!(
        r#"{{"Ok":{{"kind":"get","token":"{VALUE}","cache":"session","operation_independent":true}}}}"#
    );
    assert_eq!(asked("get", "sparse+https://api.test/index/"), format!("{{\"v\":[1]}}\n{given}\n"));
    assert!(asked("get", "sparse+https://bearer.test/").contains(&format!("\"Bearer {VALUE}\"")));
    assert!(asked("get", "sparse+https://other.test/").contains(r#"{"Err":{"kind":"not-found"}}"#));
    assert!(asked("get", "no address").contains("url-not-supported"));
    assert!(asked("new-kind", "sparse+https://api.test/").contains("operation-not-supported"));
    assert!(asked("logout", "sparse+https://api.test/").contains("authy remove web/token"));
    // The token of cargo login comes in the question, and is kept for the registry.
    let question = r#"{"v":1,"registry":{"index-url":"sparse+https://new.test/","name":"new"},"kind":"login","token":"n3w","args":[]}"#;
    t.authy(["--cargo-plugin"]).stdin(question).ok().stdout_has(r#"{"Ok":{"kind":"login"}}"#);
    t.holds("cargo/new.test", "n3w");
    assert!(asked("get", "sparse+https://new.test/").contains(r#""token":"n3w""#));
    // A scope comes among the words of the configuration.
    let scoped = r#"{"v":1,"registry":{"index-url":"sparse+https://new.test/"},"kind":"get","args":["--scope","shown"]}"#;
    t.authy(["--cargo-plugin"]).stdin(scoped).ok().stdout_has("denies 'cargo/new.test'");
    let odd = scoped.replace("--scope", "--account");
    t.authy(["--cargo-plugin"]).stdin(odd).ok().stdout_has("--account");
}

#[test]
fn docker_gets_keeps_and_lists() {
    let t = scene();
    let docker =
        |operation: &str, input: &str| t.authy(["helper", "docker", operation]).stdin(input);
    let given = format!(r#"{{"ServerURL":"api.test","Username":"ann","Secret":"{VALUE}"}}"#);
    docker("get", "api.test").ok().stdout_is(given + "\n");
    docker("get", "bearer.test").ok().stdout_has(r#""Username":"<token>""#);
    docker("get", "hub.test").fails(1).stdout_is("credentials not found in native keychain\n");
    // What is for nobody here makes no noise: most images are anybody's.
    docker("get", "hub.test").fails(1).stderr_is_empty();
    let login = |user: &str, secret: &str| {
        format!(
            r#"{{"ServerURL":"https://index.docker.io/v1/","Username":"{user}","Secret":"{secret}"}}"#
        )
    };
    docker("store", &login("ann", "one")).ok().stdout_is("");
    t.holds("docker/index.docker.io", "one");
    docker("store", &login("ann", "two")).ok();
    t.holds("docker/index.docker.io", "two");
    docker("get", "https://index.docker.io/v1/").ok().stdout_has(r#""Secret":"two""#);
    docker("erase", "https://index.docker.io/v1/").fails(4).stdout_has("stays in the vault");
    docker("list", "").ok().stdout_is_json(
        r#"{"https://api.test":"ann","https://bearer.test":"<token>","https://index.docker.io/v1":"ann"}"#,
    );
    // By the name that people use.
    t.authy(["annotate", "docker/index.docker.io", "--for", "docker.io"]).ok();
    t.authy(["annotate", "docker/index.docker.io", "--not-for", "https://index.docker.io/v1"]).ok();
    docker("get", "https://index.docker.io/v1/").ok().stdout_has(r#""Secret":"two""#);
}

#[test]
fn keyring_speaks_to_pip_and_to_uv() {
    let t = scene();
    let url = "https://api.test/simple/";
    let json = format!("{{\"username\":\"ann\",\"password\":\"{VALUE}\"}}\n");
    t.authy(["helper", "keyring", "--mode=creds", "--output=json", "get", url])
        .ok()
        .stdout_is(json);
    t.authy(["helper", "keyring", "get", url, "ann"]).ok().stdout_is(format!("{VALUE}\n"));
    t.authy(["helper", "keyring", "get", url, "--mode", "creds"])
        .ok()
        .stdout_is(format!("ann\n{VALUE}\n"));
    // The bare host says nothing of TLS.
    t.authy(["helper", "keyring", "get", "api.test", "ann"]).fails(1).stdout_is("");
    t.authy(["helper", "keyring", "get", "https://other.test/", "ann"]).fails(1).stdout_is("");
    t.authy(["helper", "keyring", "del", url, "ann"]).fails(2).stderr_has("only 'get'");
    // pip asks whether to keep what was typed.
    let set =
        |value: &str| t.authy(["helper", "keyring", "set", "https://p.test/x", "bob"]).stdin(value);
    set("one\n").ok().stderr_has("stored pypi/p.test");
    set("two\n").ok().stderr_has("rotated pypi/p.test");
    t.holds("pypi/p.test", "two");
    t.authy(["helper", "keyring", "get", "https://p.test/x/simple", "bob"]).ok().stdout_is("two\n");
}

#[test]
fn the_others_get_what_they_read() {
    let t = scene();
    t.store([("aws/id", "AKIA1"), ("aws/key", "s3cret"), ("ansible/prod", "vault-pw")]);
    t.store([("aws/json", r#"{"AccessKeyId":"AKIA1","SecretAccessKey":"s3\"cret"}"#)]);
    t.authy(["helper", "aws", "aws/id", "aws/key"])
        .ok()
        .stdout_is("{\"Version\":1,\"AccessKeyId\":\"AKIA1\",\"SecretAccessKey\":\"s3cret\"}\n");
    t.authy(["helper", "aws", "aws/json"]).ok().stdout_is(
        "{\"Version\":1,\"AccessKeyId\":\"AKIA1\",\"SecretAccessKey\":\"s3\\\"cret\"}\n",
    );
    t.authy(["helper", "aws", "aws/id"]).fails(2).stderr_has("two secrets").stderr_lacks("AKIA1");
    // Both in one line of the trail.
    let lines = t.trail();
    let both =
        lines.iter().filter(|line| line["op"] == "helper.aws" && line["outcome"] == "granted");
    assert_eq!(both.clone().count(), 3, "{lines:?}");
    assert!(
        both.into_iter().any(|line| line["secrets"] == serde_json::json!(["aws/id", "aws/key"]))
    );

    t.authy(["helper", "ansible", "--vault-id", "prod"]).ok().stdout_is("vault-pw\n");
    t.authy(["helper", "ansible", "--vault-id", "none"]).fails(2).stdout_is("");
    t.authy(["helper", "terraform", "get", "api.test"])
        .ok()
        .stdout_is(format!("{{\"token\":\"{VALUE}\"}}\n"));
    t.authy(["helper", "terraform", "get", "none.test"]).ok().stdout_is("{}\n");
    t.authy(["helper", "terraform", "store", "tf.test"]).stdin(r#"{"token":"n3w"}"#).ok();
    t.authy(["helper", "terraform", "get", "tf.test"]).ok().stdout_has("n3w");
    t.authy(["helper", "terraform", "forget", "tf.test"]).fails(4);

    let info = |server: &str| {
        format!(
            r#"{{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","spec":{{"cluster":{{"server":"{server}"}},"interactive":false}}}}"#
        )
    };
    let kubectl = |words: &[&str], server: &str| {
        let all = ["helper", "kubectl"].iter().chain(words);
        t.authy(all).env("KUBERNETES_EXEC_INFO", info(server))
    };
    let given = format!(
        "{{\"apiVersion\":\"client.authentication.k8s.io/v1beta1\",\"kind\":\"ExecCredential\",\"status\":{{\"token\":\"{VALUE}\"}}}}\n"
    );
    kubectl(&[], "https://api.test:443").ok().stdout_is(&given);
    kubectl(&["web/token"], "https://api.test").ok().stdout_is(&given);
    kubectl(&["web/token"], "https://evil.test").fails(4).stdout_is("");
    kubectl(&[], "https://evil.test").fails(3).stdout_is("");
    t.authy(["helper", "kubectl"]).fails(2).stderr_has("provideClusterInfo");
    // A certificate and its key, in whatever order, with whatever stands between.
    let (certificate, key) = (
        "-----BEGIN CERTIFICATE-----\nYw==\n-----END CERTIFICATE-----\n",
        "-----BEGIN EC PRIVATE KEY-----\naw==\n-----END EC PRIVATE KEY-----\n",
    );
    t.authy(["store", "k8s/pair"]).stdin(format!("{key}issued to ann\n{certificate}")).ok();
    let given = kubectl(&["k8s/pair"], "https://api.test").ok().json();
    assert_eq!(given["status"]["clientCertificateData"], certificate);
    assert_eq!(given["status"]["clientKeyData"], key);
    let bag = format!("Bag Attributes\n    localKeyID: 01\n{certificate}{key}");
    t.authy(["store", "k8s/bag"]).stdin(bag).ok();
    let given = kubectl(&["k8s/bag"], "https://api.test").ok().json();
    assert_eq!(given["status"]["clientKeyData"], key);
    let locked = key.replace("EC PRIVATE", "ENCRYPTED PRIVATE");
    t.authy(["store", "k8s/locked"]).stdin(format!("{certificate}{locked}")).ok();
    kubectl(&["k8s/locked"], "https://api.test").fails(2).stderr_has("without a passphrase");
    t.authy(["store", "k8s/half"]).stdin(certificate).ok();
    kubectl(&["k8s/half"], "https://api.test").fails(2).stderr_has("authy rotate k8s/half");

    let ask = |question: &str| t.authy(["helper", "askpass", question]);
    ask("Username for 'https://api.test': ").ok().stdout_is("ann\n");
    ask("Password for 'https://ann@api.test': ").ok().stdout_is(format!("{VALUE}\n"));
    ask("(ann@evil.test) Password for 'https://api.test': ").fails(2).stdout_is("");
    t.authy(["helper", "npm", "https://api.test/npm", "--uppercase"])
        .ok()
        .stdout_is("//api.test/npm/:_authToken=${WEB_TOKEN?}\n");
}

#[test]
fn openclaw_is_answered_once_for_all_ids() {
    let t = scene();
    t.store([("digits", "12345678"), ("other/secret", "no")]);
    t.authy(["policy", "update", "shown", "--allow", "digits"]).ok();
    let asked = r#"{"protocolVersion":1,"provider":"authy","ids":["web/token","digits","other/secret","web/none","Bad Id"]}"#;
    let before = t.trail().len();
    let done = t
        .authy(["helper", "openclaw", "--scope", "shown"])
        .env("OPENCLAW_CLI", "1")
        .stdin(asked)
        .ok();
    let answer = done.json();
    assert_eq!(answer["values"], serde_json::json!({"web/token": VALUE, "digits": "12345678"}));
    for id in ["other/secret", "web/none", "Bad Id"] {
        assert_eq!(answer["errors"][id]["code"], "NOT_FOUND", "{answer}");
    }
    let lines = t.trail().split_off(before);
    let of = |outcome: &str| lines.iter().filter(|line| line["outcome"] == outcome).count();
    assert_eq!((of("granted"), of("denied"), of("failed")), (1, 1, 1), "{lines:?}");
    // What its agents start is marked further, and gets nothing.
    t.authy(["helper", "openclaw", "--scope", "shown"])
        .env("OPENCLAW_CLI", "1")
        .env("OPENCLAW_SHELL", "exec")
        .stdin(asked)
        .fails(4)
        .stdout_is("");
    t.authy(["helper", "openclaw"]).stdin(r#"{"protocolVersion":2,"ids":[]}"#).fails(2);
    t.authy(["helper", "openclaw"]).stdin("nonsense").fails(2).stderr_has("not understood");
}

/// A value of several lines would be cut at the first, and sent like that.
#[test]
fn a_value_of_several_lines_is_no_password() {
    let t = Sandbox::new();
    t.authy(["store", "key", "--for", "https://api.test"]).stdin("line1\nline2\nline3\n").ok();
    git(&t, "get", ASKED).fails(2).stdout_is("quit=1\n").stderr_has("not a single line");
    t.authy(["store", "entry", "--for", "https://pass.test"]).stdin("s3cret\nuser: ann\n").ok();
    git(&t, "get", "protocol=https\nhost=pass.test\n\n").ok().stdout_has("password=s3cret\n");
}

/// What a program wants kept never takes the place of what is another's.
#[test]
fn what_is_stored_takes_the_place_of_its_own_kind_alone() {
    let t = scene();
    let terraform = |token: &str| {
        let token = format!(r#"{{"token":"{token}"}}"#);
        t.authy(["helper", "terraform", "store", "api.test"]).stdin(token)
    };
    // ann's password of the same host stays.
    terraform("one").ok().stderr_has("stored terraform/api.test");
    t.holds("web/token", VALUE);
    terraform("two").ok().stderr_has("rotated terraform/api.test");
    t.holds("terraform/api.test", "two");
    t.authy(["store", "twin", "--for", "https://api.test"]).stdin("x").ok();
    terraform("three").fails(7).stderr_has("'terraform/api.test'").stderr_has("'twin'");
    t.holds("terraform/api.test", "two");
    let login = |user: &str| {
        let text =
            format!(r#"{{"ServerURL":"reg.test","Username":"{user}","Secret":"{user}-pw"}}"#);
        t.authy(["helper", "docker", "store"]).stdin(text)
    };
    login("ann").ok();
    login("bob")
        .fails(7)
        .stderr_has("for the user 'ann'")
        .stderr_has("authy annotate docker/reg.test --user bob");
    t.holds("docker/reg.test", "ann-pw");
    let http = r#"{"ServerURL":"http://reg.test","Username":"ann","Secret":"x"}"#;
    t.authy(["helper", "docker", "store"]).stdin(http).fails(2);
}

/// Most questions are about what nobody has a secret for: nothing is unlocked for them, nobody is asked,
/// and other helpers go on.
#[test]
fn a_question_about_nothing_is_answered_without_an_identity() {
    let t = scene();
    let other = "protocol=https\nhost=other.test\n\n";
    for (name, value) in [("CLAUDECODE", "1"), ("AUTHY_KEYFILE", "/nowhere"), ("AUTHY_TOKEN", "x")]
    {
        git(&t, "get", other).env(name, value).ok().stdout_is("").stderr_has("no secret is for");
        t.authy(["helper", "docker", "get"])
            .stdin("other.test")
            .env(name, value)
            .fails(1)
            .stdout_is("credentials not found in native keychain\n")
            .stderr_is_empty();
    }
    // A scope that is not there is a mistake, and not nothing.
    for words in [&["docker", "--scope", "nosuch", "get"][..], &["git", "--scope", "nosuch", "get"]]
    {
        let stdin = if words[0] == "git" { ASKED } else { "api.test" };
        let done = t.authy(["helper"].iter().chain(words)).stdin(stdin).fails(3);
        done.stderr_has("policy 'nosuch' not found").stdout_lacks(VALUE);
    }
    // Nor is one that does not reach it.
    t.policy("narrow", ["none"]);
    git(&t, "get", ASKED).env("AUTHY_SCOPE", "narrow").fails(4).stderr_has("denies 'web/token'");
}

/// The usual advice would lead in a circle.
#[test]
fn what_keeps_a_value_from_a_helper_is_said_with_a_way_that_works() {
    let t = scene();
    let hidden = git(&t, "get", ASKED).env("AUTHY_SCOPE", "hidden").fails(4);
    hidden
        .stderr_has("authy policy update hidden --seal web/token")
        .stderr_lacks("authy run --scope");
    git(&t, "get", ASKED).env("CLAUDECODE", "1").fails(4).stderr_has("--seal web/token");
    t.authy(["helper", "aws", "web/token", "web/bearer"])
        .env("CLAUDECODE", "1")
        .fails(4)
        .stderr_lacks("--seal")
        .stderr_has("a token that may read");
    // A run takes a run-only token away.
    let token = t.authy(["session", "create", "--scope", "hidden"]).ok().text();
    let script = "printf 'protocol=https\\nhost=api.test\\n' | authy helper git get";
    t.authy(["run", "--scope", "hidden", "--", "sh", "-c", script])
        .env("AUTHY_TOKEN", token.trim())
        .fails(4)
        .stderr_has("run-only")
        .stderr_has("--seal web/token");
    // The nearest is of the same place, and another port is another service.
    t.authy(["store", "aaa", "--for", "https://near.test:6443"]).stdin("v").ok();
    let near = "protocol=https\nhost=near.test\n\n";
    git(&t, "get", near)
        .ok()
        .stderr_has("'aaa' is for https://near.test:6443")
        .stderr_lacks("annotate");
    t.authy(["store", "zzz", "--for", "https://near.test/x"]).stdin("v").ok();
    git(&t, "get", near).ok().stderr_has("'zzz' is for").stderr_has("useHttpPath");
    // Who is asked for a name says none of others' making.
    let ask = |question: &str| t.authy(["helper", "askpass", question]);
    ask("Username for 'https://nobody.test': ").fails(3).stdout_is("");
    t.authy(["store", "two", "--for", "https://api.test", "--user", "bob"]).stdin("v").ok();
    ask("Username for 'https://api.test': ").fails(7).stdout_is("");
}

/// A record that somebody broke keeps nobody from another secret, and is said where it may be meant.
#[test]
fn a_damaged_record_keeps_nobody_from_the_rest() {
    let t = scene();
    t.authy(["store", "broken", "--for", "https://api.test", "--for", "https://broken.test"])
        .stdin("v")
        .ok();
    let file = t.file("secrets/broken.toml");
    let record = std::fs::read_to_string(&file).unwrap().replace("version = 1", "version = 7");
    std::fs::write(&file, record).unwrap();
    git(&t, "get", ASKED).ok().stdout_has(VALUE);
    let broken = "protocol=https\nhost=broken.test\n\n";
    git(&t, "get", broken).fails(5).stdout_is("quit=1\n").stderr_has("secrets/broken.toml");
    git(&t, "get", "protocol=https\nhost=other.test\n\n").ok().stdout_is("");
}

/// What is remembered of records is forgotten when any of them changes, by whomever.
#[test]
fn what_is_remembered_of_addresses_is_never_old() {
    let t = scene();
    let vault = std::fs::read_to_string(t.vault().join("authy.toml")).unwrap();
    let id = vault.lines().find_map(|line| line.strip_prefix("vault = \"")).unwrap();
    let places = t.path("state").join("authy").join(id.trim_end_matches('"')).join("places");
    // As if nothing had changed for a while.
    let settle = || {
        let past = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
        for folder in ["secrets", "secrets/web", "secrets/new"] {
            if let Ok(folder) = std::fs::File::open(t.vault().join(folder)) {
                folder.set_modified(past).unwrap();
            }
        }
    };
    let found = |host: &str| {
        let done = git(&t, "get", &format!("protocol=https\nhost={host}\n\n")).ok();
        done.text().contains("password=")
    };
    settle();
    assert!(found("api.test") && !found("late.test"));
    let kept = std::fs::read_to_string(&places).unwrap();
    assert!(kept.contains("web/token"), "{kept}");
    // It is used: without the name nothing is found.
    std::fs::write(&places, kept.replace("\"web/token\",", "").replace(",\"web/token\"", ""))
        .unwrap();
    assert!(!found("api.test"));
    t.authy(["store", "late", "--for", "https://late.test"]).stdin("v").ok();
    assert!(found("api.test") && found("late.test"));
    settle();
    assert!(found("late.test"));
    t.authy(["annotate", "late", "--not-for", "https://late.test"]).ok();
    assert!(!found("late.test"));
    settle();
    assert!(!found("late.test"));
    t.authy(["store", "new/one", "--for", "https://late.test"]).stdin("v").ok();
    assert!(found("late.test"));
    settle();
    assert!(found("late.test"));
    // git puts files into place as well.
    t.git(["checkout", "-q", "HEAD~1", "--", "."]);
    t.git(["rm", "-q", "-r", "-f", "secrets/new"]);
    assert!(!found("late.test"));
    std::fs::write(&places, "nonsense").unwrap();
    assert!(found("api.test"));
}

/// A project's file that nobody allowed does not choose what a program gets.
#[test]
fn only_an_allowed_project_chooses_the_scope() {
    let t = scene();
    t.authy(["store", "mine", "--for", "https://mine.test"]).stdin("v").ok();
    std::fs::write(t.work().join(".authy.toml"), "[authy]\nscope = \"shown\"\n").unwrap();
    let asked = "protocol=https\nhost=mine.test\n\n";
    git(&t, "get", asked).ok().stdout_has("password=v");
    t.authy(["allow", "--yes"]).ok();
    git(&t, "get", asked).fails(4).stdout_is("quit=1\n").stderr_has("scope 'shown' denies");
}

#[test]
fn a_link_is_the_helper_of_its_name() {
    let t = scene();
    let bin = t.path("bin");
    std::fs::create_dir(&bin).unwrap();
    for name in ["git-credential-authy", "docker-credential-authy", "keyring"] {
        std::os::unix::fs::symlink(crate::harness::AUTHY, bin.join(name)).unwrap();
    }
    let call = |name: &str, words: &[&str]| t.program(bin.join(name), words);
    call("git-credential-authy", &["--scope", "shown", "get"])
        .stdin(ASKED)
        .ok()
        .stdout_has("username=ann");
    call("docker-credential-authy", &["get"]).stdin("api.test").ok().stdout_has("ServerURL");
    call("keyring", &["get", "https://api.test", "ann"]).ok().stdout_is(format!("{VALUE}\n"));
}

/// Links and lines are made where nothing stands, and go as they came.
#[test]
fn install_makes_programs_ask_and_remove_undoes_it() {
    let mut t = scene();
    let (gitconfig, docker) = (t.path("gitconfig"), t.home().join(".docker/config.json"));
    let before = std::fs::read_to_string(&gitconfig).unwrap();
    std::fs::create_dir(docker.parent().unwrap()).unwrap();
    let auths = "{\n\t\"auths\": {\n\t\t\"a.test\": {}\n\t}\n}";
    std::fs::write(&docker, auths).unwrap();
    let tools = ["git", "cargo", "docker", "keyring", "terraform", "ansible", "askpass", "aws"];
    let install = |t: &Sandbox, words: &[&str]| {
        t.authy(["helper", "install"].iter().chain(&tools).chain(words)).ok()
    };
    // Without --write the lines are shown, and nothing but links is made.
    install(&t, &[]).stdout_has("helper = authy").stderr_has("is not in PATH");
    assert_eq!(std::fs::read_to_string(&gitconfig).unwrap(), before);
    assert!(!t.home().join(".cargo").exists());
    install(&t, &["--write"]).stdout_has("has it now");
    let bin = t.home().join(".local/bin");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    t.set("PATH", path);
    install(&t, &["--write"]).stdout_lacks("has it now").stdout_has("is there").stderr_is_empty();
    // git itself finds the helper.
    let filled = t.program("git", ["credential", "fill"]).stdin(ASKED).ok();
    filled.stdout_has(&format!("password={VALUE}"));
    let text = std::fs::read_to_string(&docker).unwrap();
    assert!(text.contains("\"credsStore\": \"authy\"") && text.contains("a.test"), "{text}");
    let cargo = std::fs::read_to_string(t.home().join(".cargo/config.toml")).unwrap();
    assert!(cargo.parse::<toml::Table>().unwrap()["registry"].is_table(), "{cargo}");
    assert!(t.home().join(".terraform.d/plugins/terraform-credentials-authy").exists());
    install(&t, &["--remove"]).stdout_has("has it no more");
    assert_eq!(std::fs::read_to_string(&gitconfig).unwrap(), before);
    assert_eq!(std::fs::read_to_string(&docker).unwrap(), auths);
    assert!(!t.home().join(".cargo/config.toml").exists());
    assert_eq!(std::fs::read_dir(&bin).unwrap().count(), 0);
}

#[test]
fn install_writes_over_nothing() {
    let t = scene();
    let bin = t.home().join(".local/bin");
    std::fs::create_dir_all(&bin).unwrap();
    std::fs::write(bin.join("keyring"), "#!/bin/sh\n").unwrap();
    let gitconfig = t.path("gitconfig");
    let mut text = std::fs::read_to_string(&gitconfig).unwrap();
    text.push_str("[credential]\n\thelper = store\n");
    std::fs::write(&gitconfig, &text).unwrap();
    let done = t.authy(["helper", "install", "git", "keyring", "--write"]).ok();
    done.stdout_has("is something else, and stays").stdout_has("has '[credential]', which stays");
    assert_eq!(std::fs::read_to_string(bin.join("keyring")).unwrap(), "#!/bin/sh\n");
    assert_eq!(std::fs::read_to_string(&gitconfig).unwrap(), text);
    t.authy(["helper", "install", "git", "keyring", "--remove"]).ok();
    assert_eq!(std::fs::read_to_string(bin.join("keyring")).unwrap(), "#!/bin/sh\n");
    assert_eq!(std::fs::read_to_string(&gitconfig).unwrap(), text);
    t.authy(["helper", "install", "svn"]).fails(2).stderr_has("it is one of: git");
}
