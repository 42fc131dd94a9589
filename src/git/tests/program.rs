//! Commits that only the git program can make.

use super::super::Reason;
use super::{Outcome, Sandbox, ageless, fs};
use crate::skipped::{command, needs};

#[test]
fn hooks_run_and_the_users_work_is_left_alone() {
    let sandbox = Sandbox::started();
    sandbox.script(
        ".git/hooks/pre-commit",
        "git diff --cached --name-only > .git/seen; env > .git/env",
    );
    sandbox.script(".git/hooks/commit-msg", "echo 'Checked-by: hook' >> \"$1\"");
    sandbox.write("staged", "staged");
    sandbox.git(&["add", "staged"]);
    sandbox.write(".gitignore", "ignored\n");
    sandbox.write("ignored", "ours all the same");
    sandbox.write("a[x]b", "literal");
    sandbox.write("axb", "not named");
    fs::remove_file(sandbox.path("first")).unwrap();
    sandbox.committed(&["a[x]b", "first", "ignored", "never/was"]);
    assert_eq!(sandbox.last(), "A a[x]b\nD first\nA ignored");
    assert_eq!(fs::read_to_string(sandbox.path(".git/seen")).unwrap(), "a[x]b\nfirst\nignored\n");
    assert_eq!(sandbox.git(&["log", "-1", "--format=%B"]), "Change files\nChecked-by: hook");
    assert_eq!(sandbox.status(), "A  staged\n?? .gitignore\n?? axb");
    assert_eq!(sandbox.commit(&["a[x]b", "never/was"]).unwrap(), Outcome::Nothing);
    sandbox.assert_sound();
}

#[test]
fn a_refusing_hook_defers_with_its_words() {
    let sandbox = Sandbox::started();
    let head = sandbox.git(&["rev-parse", "HEAD"]);
    sandbox.script(".git/hooks/pre-commit", "echo; printf 'no \\033[31mway\\n' >&2; exit 1");
    sandbox.write("first", "2");
    let reason = sandbox.deferred(&["first"]);
    assert_eq!(reason, Reason::GitRefused { line: "no \u{1b}[31mway".to_owned() });
    assert_eq!(reason.to_string(), "git refused the commit: no \\u{1b}[31mway");
    assert_eq!(sandbox.git(&["rev-parse", "HEAD"]), head);
    fs::remove_file(sandbox.path(".git/hooks/pre-commit")).unwrap();
    sandbox.committed(&["first"]);
    sandbox.assert_clean();
}

#[test]
fn what_a_hook_leaves_running_is_not_waited_for() {
    let sandbox = Sandbox::started();
    sandbox.script(".git/hooks/post-commit", "sleep 60 & echo $! > .git/sleeper");
    sandbox.write("first", "2");
    sandbox.committed(&["first"]);
    let sleeper = fs::read_to_string(sandbox.path(".git/sleeper")).unwrap();
    let killed = command("kill").arg(sleeper.trim()).status().unwrap();
    assert!(killed.success(), "the commit waited for it");
}

#[test]
fn hooks_in_a_folder_of_the_users_choice_run() {
    let sandbox = Sandbox::started();
    sandbox.git(&["config", "core.hooksPath", "tools/hooks"]);
    sandbox.script("tools/hooks/pre-commit", "exit 1");
    sandbox.script(".git/hooks/post-commit", "touch .git/ran");
    sandbox.write("first", "2");
    assert!(matches!(sandbox.deferred(&["first"]), Reason::GitRefused { .. }));
    sandbox.git(&["config", "core.hooksPath", "/nowhere"]);
    sandbox.committed(&["first"]);
    assert!(!sandbox.path(".git/ran").exists());
}

#[test]
fn the_first_commit_of_a_repository_with_hooks() {
    let sandbox = Sandbox::new();
    sandbox.script(".git/hooks/pre-commit", "exit 0");
    sandbox.write("x", "1");
    sandbox.committed(&["x"]);
    sandbox.assert_clean();
}

#[test]
fn signed_commits_are_signed() {
    if !needs(["ssh-keygen"]) {
        return;
    }
    let sandbox = Sandbox::started();
    let key = sandbox.dir.path().join("key");
    let made = command("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "ann", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    let public = fs::read_to_string(key.with_extension("pub")).unwrap();
    let signers = sandbox.dir.path().join("signers");
    fs::write(&signers, format!("ann@example.org {public}")).unwrap();
    for (name, value) in [
        ("commit.gpgSign", "true"),
        ("gpg.format", "ssh"),
        ("user.signingKey", key.to_str().unwrap()),
        ("gpg.ssh.allowedSignersFile", signers.to_str().unwrap()),
    ] {
        sandbox.git(&["config", name, value]);
    }
    sandbox.write("first", "2");
    sandbox.committed(&["first"]);
    assert_eq!(sandbox.git(&["log", "-1", "--format=%G?"]), "G");
    sandbox.assert_clean();
}

#[test]
fn formats_that_gix_does_not_know_are_committed_too() {
    for format in ["--object-format=sha256", "--ref-format=reftable"] {
        let sandbox = Sandbox::bare();
        sandbox.git(&["init", "-q", format]);
        for content in ["1", "2"] {
            sandbox.write("secrets/x.age", content);
            sandbox.committed(&["secrets/x.age"]);
            sandbox.assert_clean();
        }
        let fallback = "alice <alice@localhost> alice <alice@localhost>";
        assert_eq!(sandbox.git(&["log", "-1", "--format=%an <%ae> %cn <%ce>"]), fallback);
        sandbox.git(&["checkout", "-q", "--detach"]);
        sandbox.write("secrets/x.age", "3");
        assert_eq!(sandbox.deferred(&["secrets/x.age"]), Reason::Detached);
    }
}

#[test]
fn sparse_indexes_are_left_to_git() {
    let sandbox = Sandbox::started();
    for path in ["out/a/1", "out/b/2", "in/3"] {
        sandbox.write(path, path);
    }
    sandbox.committed(&["in/3", "out/a/1", "out/b/2"]);
    sandbox.git(&["sparse-checkout", "set", "--cone", "--sparse-index", "in"]);
    sandbox.write("in/3", "changed");
    sandbox.committed(&["in/3"]);
    assert_eq!(sandbox.last(), "M in/3");
    sandbox.assert_clean();
}

#[test]
fn the_lock_of_another_git_is_respected() {
    let sandbox = Sandbox::started();
    sandbox.script(".git/hooks/pre-commit", "exit 0");
    sandbox.write("first", "2");
    let lock = sandbox.path(".git/index.lock");
    fs::write(&lock, "").unwrap();
    let reason = ageless(sandbox.deferred(&["first"]));
    assert_eq!(reason, Reason::IndexLocked { lock, age: None });
}

#[test]
fn without_the_git_program_the_commit_waits() {
    let sandbox = Sandbox::started();
    sandbox.script(".git/hooks/pre-commit", "exit 0");
    sandbox.write("first", "2");
    let mut settings = sandbox.settings();
    settings.env.push(("PATH", "/nowhere".into()));
    let paths = ["first".to_owned()];
    let request = super::Request {
        vault: &sandbox.vault,
        paths: &paths,
        message: "m",
        fallback_author: "alice",
    };
    let outcome = super::commit_with(&request, &settings).unwrap();
    assert_eq!(outcome, Outcome::Deferred(Reason::NoProgram));
}
