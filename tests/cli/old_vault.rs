//! Vaults of authy 0.7, another format under the same name: told from damage, and taken over.
//!
//! The two in `tests/fixtures/authy-0.7` were made with the crate authy-cli 0.7.0 (the passphrase
//! of one is `correct horse`; its work factor was lowered afterwards, so that it opens fast).

use std::fs;
use std::path::{Path, PathBuf};

use crate::harness::Sandbox;
use crate::vault::chmod;

/// A copy of a fixture, as an old home has it.
fn old(t: &Sandbox, which: &str, to: &str) -> PathBuf {
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/authy-0.7").join(which);
    let folder = t.home().join(to);
    fs::create_dir_all(folder.join("keys")).unwrap();
    for file in ["vault.age", "authy.toml"] {
        fs::copy(from.join(file), folder.join(file)).unwrap();
    }
    if from.join("old.key").exists() {
        let key = folder.join("keys/master.key");
        fs::copy(from.join("old.key"), &key).unwrap();
        chmod(&key, 0o600);
    }
    folder
}

#[test]
fn an_old_vault_is_no_damage_and_the_way_out_works_as_it_is_said() {
    let t = Sandbox::empty();
    old(&t, "keyfile", ".authy");
    for words in [&["list"][..], &["get", "api-key"], &["init"], &["check"], &["rekey"]] {
        let said = t.authy(words).fails(5).stderr_has("a vault of authy 0.7 or before");
        said.stderr_has("authy import --from authy-0.7").stderr_lacks("signature");
    }
    t.sh("mv ~/.authy ~/.authy-0.7 && authy init --member alice").ok();
    t.authy(["import", "--from", "authy-0.7"]).ok().stderr_has("imported 12 secrets");
    t.holds("api-key", "made-up-api-key-000333");
}

#[test]
fn values_tags_and_policies_come_over() {
    let t = Sandbox::new();
    let folder = old(&t, "keyfile", "old");
    let folder = folder.to_str().unwrap();
    let looked = t.authy(["import", "--from", "authy-0.7", folder, "--dry-run"]).ok();
    looked.stderr_has("would import 12 secrets").stderr_has("would make the policy 'web'");
    assert!(t.authy(["list"]).ok().text().is_empty());
    let done = t.authy(["import", "--from", "authy-0.7", folder]).ok();
    // A name that cannot be a scope's.
    done.stderr_has("imported 12 secrets")
        .stderr_has("made the policy 'agent'")
        .stderr_has("left out: policy 'only one'");
    t.holds("api-key", "made-up-api-key-000333");
    t.holds("upper-name", "made-up-upper");
    t.holds("name-with-space", " leading and trailing ");
    t.holds("team/prod/db", "made-up-nested");
    t.holds("control", "tab\there\r\nnul\0end\x1b[31m");
    t.holds("empty", "");
    let key =
        "-----BEGIN MADE UP KEY-----\nbm90IGEga2V5\nbm90IGEga2V5\n-----END MADE UP KEY-----\n";
    t.holds("pem-with-newline", key);
    t.authy(["list", "--long"]).ok().stdout_has("blue");
    t.authy(["policy", "test", "--scope", "web", "team/prod/db"]).ok();
    t.authy(["policy", "test", "--scope", "web", "db-root-x"]).fails(4);
    t.authy(["policy", "test", "--scope", "agent", "pem-with-newline"]).fails(4);
    t.authy(["get", "api-key", "--scope", "agent"]).fails(4).stderr_has("run-only");
    t.verifies();
    let again = t.authy(["import", "--from", "authy-0.7", folder]).ok();
    again.stderr_has("12 unchanged").stderr_has("policy 'web' exists already");
}

#[test]
fn a_policy_that_would_reach_something_else_stays_behind() {
    let t = Sandbox::new();
    let folder = old(&t, "keyfile", "old");
    let done =
        t.authy(["import", "--from", "authy-0.7", folder.to_str().unwrap(), "--prefix", "p/"]);
    done.ok().stderr_has("made the policy 'web'");
    t.authy(["policy", "test", "--scope", "web", "p/api-key"]).ok();
    t.authy(["policy", "test", "--scope", "web", "api-key"]).fails(4);
}

#[test]
fn it_opens_with_its_passphrase_or_its_keyfile_and_nothing_else() {
    let t = Sandbox::new();
    let folder = old(&t, "passphrase", "secret");
    let import =
        |folder: &Path| t.authy(["import", "--from", "authy-0.7", folder.to_str().unwrap()]);
    import(&folder).fails(6).stderr_has("passphrase");
    import(&folder).env("AUTHY_PASSPHRASE", "wrong").fails(6);
    import(&folder).env("AUTHY_PASSPHRASE", "correct horse").ok();
    t.holds("second", "made up second, with spaces");
    let folder = old(&t, "keyfile", "old");
    let key = t.home().join("elsewhere.key");
    fs::rename(folder.join("keys/master.key"), &key).unwrap();
    import(&folder).fails(6).stderr_has("--from-keyfile");
    let words = ["import", "--from", "authy-0.7", folder.to_str().unwrap(), "--from-keyfile"];
    let with = |key: &Path| t.authy(words.into_iter().chain([key.to_str().unwrap()]));
    with(&t.key()).fails(6).stderr_has("does not open the old vault");
    with(&key).ok();
    t.holds("motd", "Grüße, 日本語 🔑 – „made up“");
    import(&t.work()).fails(3).stderr_has("no store");
    fs::write(folder.join("vault.age"), b"age-encryption.org/v1\nrubbish").unwrap();
    assert_ne!(with(&key).ends().code, 0);
}

/// With the real one, where `AUTHY_0_7` says where it lies: `.ci/proof` builds it.
#[test]
fn what_the_old_program_writes_comes_over() {
    let Some(program) = std::env::var_os("AUTHY_0_7") else { return };
    let t = Sandbox::new();
    let home = t.path("old-home");
    fs::create_dir_all(&home).unwrap();
    let key = home.join("old.key");
    let call = |words: &[&str], value: &str| {
        let call = t.program(&program, words).env("HOME", &home).env("AUTHY_KEYFILE", &key);
        call.stdin(value).ok()
    };
    call(&["init", "--generate-keyfile", key.to_str().unwrap()], "");
    call(&["store", "db-url"], "postgres://x\n");
    call(&["store", "Odd_Name"], "line 1\nline 2\n");
    call(&["policy", "create", "app", "--allow", "db-*", "--run-only"], "");
    let folder = home.join(".authy");
    let words = ["import", "--from", "authy-0.7", folder.to_str().unwrap(), "--from-keyfile"];
    t.authy(words.into_iter().chain([key.to_str().unwrap()])).ok();
    t.holds("db-url", "postgres://x");
    t.holds("odd-name", "line 1\nline 2");
    t.authy(["get", "db-url", "--scope", "app"]).fails(4).stderr_has("run-only");
}
