//! `init`: vault, first admin, identity file, repository.

use std::fs;

use crate::harness::{Sandbox, needs};
use crate::snapshot::Snapshot;
use crate::vault::{mode, text};

#[test]
fn init_makes_vault_identity_and_repository() {
    let t = Sandbox::new();
    for inside in
        ["authy.toml", "members/alice.toml", ".gitignore", ".gitattributes", "keys/master.key"]
    {
        assert!(t.file(inside).is_file(), "{inside}");
    }
    t.only_file("admins", ".toml");
    assert!(t.file(".git").is_dir());
    assert_eq!(t.log().len(), 1);
    assert_eq!(t.git(["log", "--format=%an <%ae>"]), "Alice Test <alice@example.com>");
    t.is_clean();
    t.git(["fsck", "--strict"]);
    t.verifies();
}

#[test]
fn the_identity_is_for_its_owner_alone() {
    let t = Sandbox::empty();
    t.sh("umask 0; exec authy init --member alice").ok();
    assert_eq!(mode(&t.key()), 0o600);
    assert_eq!(mode(&t.file("keys")), 0o700);
    assert_eq!(mode(&t.vault()), 0o700);
    assert!(text(&t.key()).contains("AGE-SECRET-KEY-1"));
    let tracked = t.git(["ls-files"]);
    assert!(!tracked.contains("keys") && !tracked.contains(".local"), "{tracked}");
}

#[test]
fn the_identity_never_shows_in_the_output() {
    let t = Sandbox::empty();
    t.authy(["init", "--member", "alice"]).ok().stdout_lacks("SECRET").stderr_lacks("SECRET");
}

#[test]
fn a_second_init_is_a_conflict() {
    let t = Sandbox::new();
    t.authy(["init", "--member", "alice"]).fails(7).stderr_has(".authy");
    t.authy(["init", "--member", "bob"]).fails(7);
    t.authy(["init"]).env("USER", "alice").fails(7);
}

#[test]
fn an_existing_identity_is_used_and_never_overwritten() {
    if !needs(["age", "age-keygen"]) {
        return;
    }
    let t = Sandbox::empty();
    fs::create_dir_all(t.file("keys")).unwrap();
    t.program("age-keygen", ["-o".as_ref(), t.key().as_os_str()]).ok();
    let before = fs::read(t.key()).unwrap();
    t.authy(["init", "--member", "alice"]).ok();
    assert_eq!(fs::read(t.key()).unwrap(), before);
    t.store([("db-url", "v")]);
    t.age_decrypt(&t.file("secrets/db-url.age")).stdout_is("v");
}

#[test]
fn generate_keyfile_chooses_the_place_and_makes_its_folders() {
    let t = Sandbox::empty();
    let key = t.path("home/deep/er/me.key");
    let words = ["init", "--member", "alice", "--generate-keyfile", key.to_str().unwrap()];
    t.authy(words).ok();
    assert_eq!(mode(&key), 0o600);
    assert_eq!(mode(key.parent().unwrap()), 0o700);
    assert!(!t.key().exists());
    t.authy(["store", "a"]).env("AUTHY_KEYFILE", &key).stdin("1").ok();
    t.authy(["--keyfile", key.to_str().unwrap(), "get", "a"]).ok().stdout_is("1");
    // This machine remembers it for this vault.
    t.authy(["get", "a"]).ok().stdout_is("1");
    t.authy(["get", "a"]).env("XDG_STATE_HOME", t.path("other-state")).fails(6);
}

#[test]
fn generate_keyfile_never_overwrites() {
    let t = Sandbox::empty();
    let file = t.write("precious", "not a key at all\n");
    let words = ["init", "--member", "alice", "--generate-keyfile", file.to_str().unwrap()];
    let done = t.authy(words).ends();
    assert_ne!(done.code, 0, "{done}");
    assert_eq!(text(&file), "not a key at all\n");
    assert!(!t.file("authy.toml").exists());
}

#[test]
fn a_refused_init_leaves_nothing_behind() {
    let t = Sandbox::empty();
    t.authy(["init", "--member", "Not Valid"]).fails(2).stderr_has("Not Valid");
    t.authy(["init", "--member", "../up"]).fails(2);
    assert!(!t.vault().exists());
}

#[test]
fn the_member_is_named_after_what_git_or_the_account_call_the_user() {
    let (name, email) =
        ("[user]\nname = Dr. Zoë O'Hara\n", "[user]\nemail = z.ohara@example.com\n");
    for (config, user, logname, expected, says) in [
        (name, "carol", "dave", "dr-zo-o-hara", "user.name"),
        (email, "carol", "dave", "z-ohara", "user.email"),
        ("[user]\nname = 山田\n", "Carol", "dave", "carol", "your login"),
        ("", "", "dave", "dave", "your login"),
        ("", "con", "", "admin", "nothing says"),
    ] {
        let mut t = Sandbox::empty();
        t.set("GIT_CONFIG_GLOBAL", t.write("gitconfig", config));
        let done = t.authy(["init"]).env("USER", user).env("LOGNAME", logname).ok();
        done.stderr_has(says).stderr_has("--member").stderr_has(expected);
        assert!(t.file(&format!("members/{expected}.toml")).is_file(), "{expected}");
    }
}

#[test]
fn the_repository_around_a_new_vault_is_asked_who_the_user_is() {
    let t = Sandbox::empty();
    t.git_in(&t.work(), ["init", "-q"]);
    t.git_in(&t.work(), ["config", "user.name", "Work Name"]);
    t.authy(["init", "--json"]).env("AUTHY_VAULT", "vault").ok().stdout_has("work-name");
    assert!(t.work().join("vault/members/work-name.toml").is_file());
}

#[test]
fn an_empty_environment_is_enough() {
    let t = Sandbox::empty();
    let home = format!("HOME={}", t.home().display());
    let path = format!("PATH={}", t.vars()[std::ffi::OsStr::new("PATH")].to_str().unwrap());
    let config = "GIT_CONFIG_GLOBAL=/dev/null";
    let words = ["-i", &home, &path, config, "authy", "init"];
    t.program("env", words).ok().stderr_has("its admin is").stderr_has("--member");
    let store = ["-i", &home, &path, config, "authy", "store", "a"];
    t.program("env", store).stdin("1").ok();
    t.is_clean();
}

#[test]
fn a_name_that_was_given_needs_no_explanation() {
    let t = Sandbox::empty();
    t.authy(["init", "--member", "bob"]).ok().stderr_lacks("named after").stderr_lacks("--member");
}

#[test]
fn init_works_where_git_knows_no_user() {
    let mut t = Sandbox::empty();
    t.set("GIT_CONFIG_GLOBAL", t.write("empty-gitconfig", ""));
    t.authy(["init", "--member", "alice"]).ok();
    t.store([("a", "1")]);
    t.is_clean();
    assert_eq!(t.log().len(), 2);
    t.holds("a", "1");
}

#[test]
fn manual_commit_leaves_the_commits_to_the_user() {
    let t = Sandbox::empty();
    t.authy(["init", "--member", "alice", "--manual-commit"]).ok();
    t.store([("a", "1")]);
    t.holds("a", "1");
    let log = t.program("git", ["log", "--format=%s"]).dir(t.vault()).ends();
    assert!(!log.text().contains("Store"), "{log}");
}

#[test]
fn a_vault_inside_a_project_leaves_the_repository_alone() {
    let t = Sandbox::empty();
    let project = t.work();
    t.git_in(&project, ["init", "-q"]);
    t.write("main.c", "int main;\n");
    t.git_in(&project, ["add", "main.c"]);
    t.git_in(&project, ["commit", "-qm", "Start"]);
    t.write("staged.c", "int x;\n");
    t.git_in(&project, ["add", "staged.c"]);
    let before = Snapshot::whole(&project.join(".git"));

    t.authy(["--vault", "vault", "init", "--member", "alice"]).ok();
    t.authy(["--vault", "vault", "store", "a"]).stdin("1").ok();
    t.authy(["--vault", "vault", "get", "a"]).ok().stdout_is("1");

    assert_eq!(before.differences(&Snapshot::whole(&project.join(".git"))), None);
    assert!(!project.join("vault/.git").exists());
    let status = t.git_in(&project, ["status", "--porcelain", "-uall"]);
    assert!(status.contains("?? vault/authy.toml"), "{status}");
    assert!(status.contains("?? vault/secrets/a.age"), "{status}");
    assert!(!status.contains("audit/"), "reads would dirty the project: {status}");
    assert!(!status.contains(".local"), "{status}");
    t.authy(["--vault", "vault", "audit", "verify"]).ok();
}

#[test]
fn a_vault_in_a_home_that_is_a_repository_has_one_of_its_own() {
    let t = Sandbox::empty();
    t.git_in(&t.home(), ["init", "-q"]);
    let made = t.authy(["init", "--member", "alice"]).ok();
    made.stderr_has("got one of its own").stderr_has("'/.authy/' to its .gitignore");
    t.store([("a", "1")]);
    assert!(t.git(["log", "--format=%s"]).contains("Store a (v1)"));
    std::fs::write(t.home().join(".gitignore"), "/.authy/\n").unwrap();
    let status = t.git_in(&t.home(), ["status", "--porcelain", "-uall"]);
    assert!(!status.contains(".authy"), "{status}");
    t.authy(["check", "--strict"]).ok();
    // A project in it is one all the same.
    let project = t.home().join("project");
    std::fs::create_dir(&project).unwrap();
    t.git_in(&project, ["init", "-q"]);
    let inside = t.authy(["--vault", "vault", "init", "--member", "alice"]).dir(&project).ok();
    inside.stderr_has("inside another git repository");
}

#[test]
fn the_vault_flag_wins_over_the_variable() {
    let t = Sandbox::empty();
    let (one, two) = (t.path("one"), t.path("two"));
    t.authy(["--vault", one.to_str().unwrap(), "init", "--member", "alice"])
        .env("AUTHY_VAULT", &two)
        .ok();
    assert!(one.join("authy.toml").is_file());
    assert!(!two.exists());
    t.authy(["store", "a"]).env("AUTHY_VAULT", &one).stdin("1").ok();
    assert!(one.join("secrets/a.age").is_file());
}

#[test]
fn a_missing_vault_is_exit_5_with_a_hint() {
    let t = Sandbox::empty();
    for words in [&["list"][..], &["get", "a"], &["audit", "verify"], &["policy", "list"]] {
        t.authy(words).fails(5).stderr_has("authy init");
    }
    t.authy(["store", "a"]).stdin("1").fails(5).stderr_has("authy init");
    assert!(!t.vault().exists());
}

#[test]
fn a_clone_in_which_nothing_is_checked_out_gets_no_second_vault() {
    let team = crate::team::Team::new();
    team.t
        .program(
            "git",
            [
                "--git-dir",
                team.t.path("origin.git").to_str().unwrap(),
                "symbolic-ref",
                "HEAD",
                "refs/heads/master",
            ],
        )
        .ok();
    team.clone_for("bob");
    let refused = team.of("bob", &["init", "--member", "bob"]).fails(7);
    refused.stderr_has("'origin/main' has a vault").stderr_has("switch main");
    assert!(!team.file("bob", "authy.toml").exists());
    team.git("bob", ["switch", "-q", "main"]);
    team.of("bob", &["list"]).ok().stdout_has("db-url");
}
