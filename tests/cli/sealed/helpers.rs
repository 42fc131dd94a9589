//! Helpers below real programs: with the value where they may have it, and with a placeholder in a
//! sealed run.

use super::{CANARY, Scene, base64, clean};
use crate::harness::{AUTHY, Call, needs};
use crate::skipped::happens_to_have;

/// The secret is for the host, and links stand where programs look for them.
fn scene() -> Scene {
    let mut scene = Scene::new();
    let words = ["annotate", "api-token", "--for", "https://api.test", "--user", "x-access-token"];
    scene.t.authy(words).ok();
    let bin = scene.t.path("bin");
    std::fs::create_dir(&bin).unwrap();
    for name in ["git-credential-authy", "cargo-credential-authy"] {
        std::os::unix::fs::symlink(AUTHY, bin.join(name)).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    scene.t.set("PATH", format!("{}:{path}", bin.display()));
    scene
}

fn repository(scene: &Scene) {
    let root = scene.t.path("repositories");
    std::fs::create_dir(&root).unwrap();
    let git = |words: &[&str]| {
        scene.t.program("git", words).dir(&root).ok();
    };
    git(&["init", "-q", "--bare", "-b", "main", "one.git"]);
    git(&["-C", "one.git", "config", "http.receivepack", "true"]);
}

const PUSH: &str = "set -e
git -c credential.helper=authy clone -q https://api.test/git/one.git one 2>&1
cd one; echo hello >file; git add .; git commit -qm first
git -c credential.helper=authy push -q origin HEAD:main 2>&1
env; git -c credential.helper=authy credential fill <<END
protocol=https
host=api.test

END
";

/// What each request came with, as far as it came with anything.
fn credentials(scene: &Scene) -> Vec<String> {
    let heads = scene.world.seen().into_iter().map(|one| one.head);
    let line = |head: String| {
        let mut lines = head.lines().filter_map(|line| line.split_once(": "));
        let found = lines.find(|(name, _)| name.eq_ignore_ascii_case("authorization"));
        found.map(|(_, value)| value.to_owned())
    };
    heads.filter_map(line).collect()
}

#[test]
fn git_pushes_in_a_sealed_run_and_never_holds_the_token() {
    if !needs(["git"]) {
        return;
    }
    let scene = scene();
    repository(&scene);
    let done = clean(scene.run(PUSH).ok());
    assert!(done.text().contains("password="), "{done}");
    let sent = credentials(&scene);
    let real = format!("Basic {}", base64(&format!("x-access-token:{CANARY}")));
    assert!(!sent.is_empty() && sent.iter().all(|one| *one == real), "{sent:?}");
    let pushed = |one: &super::server::Seen| one.head.contains("/git/one.git/git-receive-pack");
    assert!(scene.world.seen().iter().any(pushed));
    assert!(scene.audit().iter().all(|(outcome, _)| outcome == "granted"));
}

/// The same line of configuration, where the values may be seen.
#[test]
fn git_pushes_by_a_helper() {
    if !needs(["git"]) {
        return;
    }
    let scene = scene();
    repository(&scene);
    let with_roots = |call: Call<'_>| call.env("GIT_SSL_CAINFO", scene.t.path("roots.pem")).ok();
    with_roots(scene.t.sh(PUSH)).stdout_has(&format!("password={CANARY}"));
    let real = format!("Basic {}", base64(&format!("x-access-token:{CANARY}")));
    assert!(credentials(&scene).iter().all(|one| *one == real));
    let lines = scene.t.trail();
    let asked = lines.iter().filter(|line| line["op"] == "helper.git");
    let details: Vec<_> = asked.map(|line| line["detail"].as_str().unwrap().to_owned()).collect();
    assert!(details.iter().all(|one| one == "https://api.test by git"), "{details:?}");
    assert!(details.len() >= 3, "{details:?}");
}

/// Whatever is the matter, git stops before it asks with an empty password, and shows why.
#[test]
fn git_shows_why_there_is_no_password() {
    if !needs(["git"]) {
        return;
    }
    let scene = scene();
    repository(&scene);
    let script = "git -c credential.helper=authy clone -q https://api.test/git/one.git one";
    let call = || {
        let call = scene.t.sh(script).env("GIT_SSL_CAINFO", scene.t.path("roots.pem"));
        call.env("GIT_TERMINAL_PROMPT", "0")
    };
    call().env("CLAUDECODE", "1").fails(128).stderr_has("AI agent detected");
    call().env("AUTHY_TOKEN", "garbage").fails(128).stderr_has("token");
    call().env("AUTHY_KEYFILE", "/nowhere").fails(128).stderr_has("/nowhere");
    assert_eq!(credentials(&scene), Vec::<String>::new());
    scene.t.authy(["annotate", "api-token", "--not-for", "https://api.test"]).ok();
    call().fails(128).stderr_has("no secret is for https://api.test");
}

/// A registry of cargo that wants a token.
#[test]
fn cargo_asks_a_registry_in_a_sealed_run() {
    let Some(cargo) = std::env::var_os("CARGO") else { return };
    let mut scene = scene();
    let home = scene.t.path("cargo");
    std::fs::create_dir(&home).unwrap();
    let config = "[registries.work]\nindex = \"sparse+https://api.test/index/\"\n\
        credential-provider = \"cargo-credential-authy\"\n";
    std::fs::write(home.join("config.toml"), config).unwrap();
    scene.t.set("CARGO_HOME", &home);
    let cargo = cargo.to_string_lossy().into_owned();
    let done = clean(scene.behind(&[&cargo, "owner", "--list", "--registry", "work", "one"]).ok());
    done.stdout_has("ann");
    let crate_folder = scene.t.work().join("one");
    std::fs::create_dir_all(crate_folder.join("src")).unwrap();
    std::fs::write(crate_folder.join("src/lib.rs"), "").unwrap();
    let manifest = "[package]\nname = \"one\"\nversion = \"0.1.0\"\nedition = \"2021\"\n\
        description = \"x\"\nlicense = \"MIT\"\n[workspace]\n";
    std::fs::write(crate_folder.join("Cargo.toml"), manifest).unwrap();
    let publish = [&cargo, "publish", "--registry", "work", "--no-verify", "--allow-dirty"];
    let words = [&publish[..], &["--manifest-path", "one/Cargo.toml"]].concat();
    clean(scene.behind(&words).ok());
    let sent = credentials(&scene);
    assert!(!sent.is_empty() && sent.iter().all(|one| one == CANARY), "{sent:?}");
    let is_published = |one: &super::server::Seen| one.head.starts_with("PUT /api/v1/crates/new");
    assert!(scene.world.seen().iter().any(is_published));
}

#[test]
fn npm_asks_a_registry_in_a_sealed_run() {
    // npm is a script of node's.
    if !happens_to_have("npm") || !happens_to_have("node") {
        return;
    }
    let mut scene = scene();
    // The machine's own settings may name other roots.
    scene.t.set("NPM_CONFIG_GLOBALCONFIG", scene.t.path("no-npmrc"));
    let line = scene.t.authy(["helper", "npm", "https://api.test/npm", "--uppercase"]).ok().text();
    assert_eq!(line, "//api.test/npm/:_authToken=${API_TOKEN?}\n");
    let npmrc =
        format!("registry=https://api.test/npm/\nfund=false\nupdate-notifier=false\n{line}");
    std::fs::write(scene.t.work().join(".npmrc"), npmrc).unwrap();
    clean(scene.behind(&["npm", "whoami"]).ok()).stdout_has("ann");
    let package = r#"{"name":"one","version":"0.1.0"}"#;
    std::fs::write(scene.t.work().join("package.json"), package).unwrap();
    clean(scene.behind(&["npm", "publish"]).ok()).stdout_has("one@0.1.0");
    let is_published = |one: &super::server::Seen| one.head.starts_with("PUT /npm/one");
    assert!(scene.world.seen().iter().any(is_published));
    let real = format!("Bearer {CANARY}");
    let sent = credentials(&scene);
    assert!(!sent.is_empty() && sent.iter().all(|one| *one == real), "{sent:?}");
    // Without the variable nothing is asked.
    scene.t.program("npm", ["whoami"]).ends().says("ENEEDAUTH");
    assert_eq!(credentials(&scene).len(), sent.len());
}
