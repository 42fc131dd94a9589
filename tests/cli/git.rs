//! Commits: one for each change, of authy's own paths only, and readable by people.

use std::fs;

use crate::harness::Sandbox;
use crate::vault::chmod;

#[test]
fn every_change_is_one_commit_in_the_imperative() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.authy(["rotate", "a"]).stdin("2").ok();
    t.authy(["rename", "a", "b"]).ok();
    t.policy("all", ["*"]);
    t.authy(["policy", "update", "all", "--deny", "x"]).ok();
    t.authy(["policy", "remove", "all"]).ok();
    t.authy(["remove", "b"]).ok();
    let log = t.log();
    assert_eq!(log.len(), 8, "{log:?}");
    for (subject, start) in log.iter().zip([
        "Remove b",
        "Remove",
        "Update",
        "",
        "Rename a",
        "Rotate a (v2)",
        "Store a",
        "",
    ]) {
        assert!(subject.starts_with(start), "{log:?}");
        assert!(
            subject.starts_with(|c: char| c.is_uppercase()) && !subject.ends_with('.'),
            "{log:?}"
        );
    }
    t.is_clean();
    t.git(["fsck", "--strict"]);
}

#[test]
fn reads_never_commit_and_their_lines_go_with_the_next_change() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let head = t.head();
    t.holds("a", "1");
    t.authy(["list"]).ok();
    t.verifies();
    assert_eq!(t.head(), head);
    let status = t.git(["status", "--porcelain"]);
    assert!(status.lines().all(|line| line.contains("audit/")), "{status}");
    t.store([("b", "2")]);
    t.is_clean();
}

#[test]
fn the_users_own_work_is_left_alone() {
    let t = Sandbox::new();
    let vault = t.vault();
    fs::write(vault.join("README"), "one\n").unwrap();
    t.git(["add", "README"]);
    t.git(["commit", "-qm", "Add README"]);
    fs::write(vault.join("staged"), "staged\n").unwrap();
    t.git(["add", "staged"]);
    fs::write(vault.join("README"), "two\n").unwrap();
    fs::write(vault.join("untracked"), "x\n").unwrap();
    fs::write(vault.join("half"), "index\n").unwrap();
    t.git(["add", "half"]);
    fs::write(vault.join("half"), "work tree\n").unwrap();
    let before = t.git(["status", "--porcelain"]);

    t.store([("a", "1")]);
    t.authy(["rotate", "a"]).stdin("2").ok();
    t.authy(["remove", "a"]).ok();

    assert_eq!(t.git(["status", "--porcelain"]), before);
    assert_eq!(t.git(["show", ":half"]), "index");
    assert_eq!(fs::read_to_string(vault.join("half")).unwrap(), "work tree\n");
    let touched = t.git(["log", "-3", "--name-only", "--format="]);
    assert!(!touched.contains("README") && !touched.contains("staged"), "{touched}");
    t.git(["fsck", "--strict"]);
}

#[test]
fn a_linked_worktree_has_commits_of_its_own() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let head = t.head();
    let tree = t.path("linked");
    t.git(["worktree", "add", "-q", "-b", "side", tree.to_str().unwrap()]);
    t.authy(["store", "b"]).env("AUTHY_VAULT", &tree).stdin("2").ok();
    t.authy(["get", "b"]).env("AUTHY_VAULT", &tree).ok().stdout_is("2");
    t.authy(["get", "a"]).env("AUTHY_VAULT", &tree).ok().stdout_is("1");
    assert_eq!(t.head(), head);
    assert_eq!(t.git(["log", "-1", "--format=%s", "side"]), "Store b (v1)");
    t.authy(["audit", "verify"]).env("AUTHY_VAULT", &tree).ok();
    t.lacks("b");
    t.git(["fsck", "--strict"]);
}

#[test]
fn the_first_commit_holds_only_authys_files() {
    let t = Sandbox::empty();
    fs::create_dir_all(t.vault()).unwrap();
    fs::write(t.file("notes"), "mine\n").unwrap();
    t.git(["init", "-q"]);
    let done = t.authy(["init", "--member", "alice"]).ends();
    if done.code == 0 {
        assert!(!t.git(["ls-files"]).contains("notes"));
    } else {
        assert_eq!(done.code, 7, "{done}");
    }
    assert_eq!(fs::read_to_string(t.file("notes")).unwrap(), "mine\n");
}

#[test]
fn tracked_identities_are_exit_5() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.git(["add", "-f", "keys/master.key"]);
    t.git(["commit", "-qm", "Oops"]);
    t.authy(["get", "a"]).fails(5).stdout_is("").stderr_has("keys/").stderr_has("git rm");
    t.authy(["store", "b"]).stdin("2").fails(5);
    t.git(["rm", "-q", "--cached", "keys/master.key"]);
    t.holds("a", "1");
}

#[test]
fn tracked_local_files_are_exit_5() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    fs::write(t.file(".local/x"), "x").unwrap();
    t.git(["add", "-f", ".local/x"]);
    t.authy(["get", "a"]).fails(5).stderr_has(".local/");
}

#[test]
fn a_signing_configuration_is_honoured() {
    let mut t = Sandbox::new();
    let gpg = t.script(
        "gpg",
        "cat > /dev/null; echo called > \"$HOME/gpg-was-called\"; printf '\\n[GNUPG:] SIG_CREATED \\n' >&2\n\
         printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nfake\\n-----END PGP SIGNATURE-----\\n'",
    );
    let config = format!(
        "[user]\nname = Alice Test\nemail = a@example.com\nsigningkey = X\n[commit]\ngpgsign = true\n[gpg]\nprogram = {}\n",
        gpg.display()
    );
    t.set("GIT_CONFIG_GLOBAL", t.write("signing-gitconfig", config));
    t.authy(["store", "a"]).stdin("1").ok().stderr_lacks("commit");
    assert!(t.path("home/gpg-was-called").exists());
    assert!(t.git(["cat-file", "commit", "HEAD"]).contains("gpgsig"));
    t.is_clean();
}

#[test]
fn a_commit_hook_runs() {
    let t = Sandbox::new();
    let hook = t.file(".git/hooks/commit-msg");
    fs::create_dir_all(hook.parent().unwrap()).unwrap();
    fs::write(&hook, "#!/bin/sh\necho 'Seen-by: hook' >> \"$1\"\n").unwrap();
    chmod(&hook, 0o755);
    t.store([("a", "1")]);
    assert!(t.git(["log", "-1", "--format=%B"]).contains("Seen-by: hook"));
    t.is_clean();
}

#[test]
fn the_diff_of_a_rotation_reads_well() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    t.authy(["rotate", "a"]).stdin("2").ok();
    let diff = t.git(["show", "--format=", "HEAD", "--", "secrets"]);
    assert!(diff.contains("-version = 1") && diff.contains("+version = 2"), "{diff}");
    assert!(diff.bytes().all(|b| b == b'\n' || b == b'\t' || (b' '..0x7f).contains(&b)), "{diff}");
}

#[test]
fn a_clone_reads_what_was_committed() {
    let t = Sandbox::new();
    t.store([("a", "1")]);
    let clone = t.path("clone");
    t.git(["clone", "-q", ".", clone.to_str().unwrap()]);
    t.authy(["get", "a"]).env("AUTHY_VAULT", &clone).ok().stdout_is("1");
    t.authy(["store", "b"]).env("AUTHY_VAULT", &clone).stdin("2").ok();
    t.authy(["audit", "verify"]).env("AUTHY_VAULT", &clone).ok();
    let count = fs::read_dir(clone.join("audit")).unwrap().count();
    assert_eq!(count, 4, "a clone writes a chain of its own");
}

#[test]
fn authy_never_runs_programs_that_a_repository_names() {
    let t = Sandbox::new();
    let trap = t.script("trap", &format!("touch {}", t.path("trapped").display()));
    for key in ["core.fsmonitor", "core.sshCommand", "diff.external", "core.pager", "core.editor"] {
        t.git(["config", key, trap.to_str().unwrap()]);
    }
    t.store([("a", "1")]);
    t.holds("a", "1");
    assert!(!t.path("trapped").exists());
}

#[test]
fn what_git_asks_without_looking_finds_nothing_modified() {
    let t = Sandbox::new();
    for name in ["a", "b", "c"] {
        t.store([(name, "value")]);
    }
    // These compare by time and size alone, as editors and prompts have git do.
    assert_eq!(t.git(["diff-files", "--name-only"]), "");
    assert!(!t.git(["ls-files", "--debug"]).contains("size: 0\t"));
    // What was edited in the same moment is found all the same.
    let record = t.file("secrets/a.toml");
    let edited = std::fs::read_to_string(&record).unwrap().replace("created", "creates");
    std::fs::write(&record, edited).unwrap();
    t.store([("d", "value")]);
    assert_eq!(t.git(["diff-files", "--name-only"]), "secrets/a.toml");
}
