//! Who commits. What the environment says needs a process of its own.

use std::path::Path;
use std::process::Command;

use super::super::{Request, commit, init};
use super::{Sandbox, fs};

const FORMAT: &str = "--format=%an <%ae> %ad, %cn <%ce>";

#[test]
fn nobody_known_to_git_commits_under_the_fallback() {
    let sandbox = Sandbox::started();
    sandbox.git(&["config", "--unset", "user.name"]);
    sandbox.git(&["config", "--unset", "user.email"]);
    sandbox.git(&["config", "committer.name", "Carl"]);
    sandbox.git(&["config", "committer.email", "carl@example.org"]);
    let expected = "alice <alice@localhost> Carl <carl@example.org>";
    for hook in [false, true] {
        if hook {
            sandbox.script(".git/hooks/pre-commit", "exit 0");
        }
        sandbox.write("first", if hook { "3" } else { "2" });
        sandbox.committed(&["first"]);
        assert_eq!(sandbox.git(&["log", "-1", "--format=%an <%ae> %cn <%ce>"]), expected, "{hook}");
        sandbox.assert_clean();
    }
}

/// Not a test of its own: what [`in_a_process`] runs.
#[test]
#[ignore = "a helper process"]
fn helper_process() {
    let Some(vault) = std::env::var_os("TEST_VAULT") else { return };
    let vault = Path::new(&vault);
    init(vault, vault).unwrap();
    fs::write(vault.join("f"), std::process::id().to_string()).unwrap();
    let paths = ["f".to_owned()];
    let request = Request { vault, paths: &paths, message: "m", fallback_author: "alice" };
    let outcome = format!("{:?}", commit(&request).unwrap());
    fs::write(vault.with_extension("outcome"), outcome).unwrap();
}

/// Makes a repository and a commit as `authy` would, with a home and these variables; tells what
/// became of it.
fn in_a_process(sandbox: &Sandbox, variables: &[(&str, &str)]) -> String {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "git::tests::identity::helper_process", "--ignored", "--nocapture"])
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap())
        .env("HOME", sandbox.dir.path())
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .env("TEST_VAULT", &sandbox.vault)
        .envs(variables.iter().copied())
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    fs::read_to_string(sandbox.vault.with_extension("outcome")).unwrap()
}

fn configure(sandbox: &Sandbox, text: &str) {
    fs::write(sandbox.dir.path().join(".gitconfig"), text).unwrap();
}

#[test]
fn the_users_configuration_is_honoured() {
    let sandbox = Sandbox::bare();
    configure(&sandbox, "[init]\ndefaultBranch = trunk\n[user]\nname = Bob\nemail = bob@x.org\n");
    in_a_process(&sandbox, &[]);
    assert_eq!(sandbox.git(&["symbolic-ref", "HEAD"]), "refs/heads/trunk");
    assert_eq!(sandbox.git(&["log", "-1", "--format=%an <%ae>"]), "Bob <bob@x.org>");
    sandbox.assert_clean();
}

#[test]
fn the_environment_goes_before_the_configuration() {
    let sandbox = Sandbox::bare();
    configure(&sandbox, "[user]\nname = Bob\nemail = bob@x.org\n");
    let variables = [
        ("GIT_AUTHOR_NAME", "Zoë"),
        ("GIT_AUTHOR_DATE", "1700000000 +0100"),
        ("GIT_COMMITTER_EMAIL", "ci@x.org"),
    ];
    in_a_process(&sandbox, &variables);
    let expected = "Zoë <bob@x.org> 1700000000 +0100, Bob <ci@x.org>";
    assert_eq!(sandbox.git(&["log", "-1", "--date=raw", FORMAT]), expected);
}

#[test]
fn variables_of_another_repositorys_hook_are_ignored() {
    let sandbox = Sandbox::bare();
    let other = Sandbox::started();
    let (git, tree) = (other.path(".git"), other.vault.clone());
    let index = fs::read(git.join("index")).unwrap();
    let variables = [
        ("GIT_DIR", git.to_str().unwrap()),
        ("GIT_WORK_TREE", tree.to_str().unwrap()),
        ("GIT_INDEX_FILE", ".git/index"),
        ("GIT_NAMESPACE", "elsewhere"),
        ("GIT_PREFIX", "x/"),
    ];
    in_a_process(&sandbox, &variables);
    assert_eq!(sandbox.git(&["log", "--format=%s"]), "m");
    sandbox.assert_clean();
    sandbox.script(".git/hooks/pre-commit", "exit 0");
    in_a_process(&sandbox, &variables);
    assert_eq!(sandbox.git(&["log", "--format=%s"]), "m\nm");
    sandbox.assert_clean();
    assert_eq!(fs::read(git.join("index")).unwrap(), index);
    assert_eq!(other.git(&["log", "--format=%s"]), "Change files");
}

#[test]
fn a_directory_that_is_declared_safe_is_committed_to() {
    let sandbox = Sandbox::bare();
    configure(&sandbox, "");
    in_a_process(&sandbox, &[]);
    for path in [".git", ""] {
        let path = sandbox.path(path);
        if std::os::unix::fs::chown(path, Some(12345), Some(12345)).is_err() {
            return; // only root can give files away
        }
    }
    assert!(in_a_process(&sandbox, &[]).contains("NotTrusted"));
    configure(&sandbox, &format!("[safe]\ndirectory = {}\n", sandbox.vault.display()));
    assert!(in_a_process(&sandbox, &[]).contains("Committed"));
}

#[test]
fn hooks_do_not_see_the_keys() {
    let sandbox = Sandbox::new();
    sandbox.script(".git/hooks/pre-commit", "env > .git/env");
    let secrets = ["AUTHY_TOKEN", "AUTHY_KEYFILE", "AUTHY_IDENTITY", "AUTHY_PASSPHRASE"];
    let mut variables: Vec<_> = secrets.iter().map(|name| (*name, "hunter2")).collect();
    variables.push(("AUTHY_VAULT", "kept"));
    in_a_process(&sandbox, &variables);
    let seen = fs::read_to_string(sandbox.path(".git/env")).unwrap();
    assert!(!seen.contains("hunter2") && seen.contains("AUTHY_VAULT=kept"), "{seen}");
}
