//! What was worked out before: the keys of files that were opened, and the signatures of records
//! that were verified. Caches, of which nothing is believed that is not proved.

use std::fs;
use std::path::PathBuf;

use crate::harness::{Sandbox, needs};
use crate::vault::{edit, files_below, mode};

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    let script = "for n in 1 2 3 4 5 6 7 8 9; do printf value-$n | authy store s$n || exit; done";
    t.sh(script).ok();
    t.policy("all", ["*"]);
    t
}

fn cache(t: &Sandbox) -> Vec<PathBuf> {
    own(t, "age")
}

fn known(t: &Sandbox) -> Vec<PathBuf> {
    own(t, "known")
}

fn own(t: &Sandbox, ending: &str) -> Vec<PathBuf> {
    let mut all = files_below(&t.path("state"));
    all.retain(|file| file.parent().unwrap().ends_with("own"));
    all.retain(|file| file.extension().is_some_and(|found| found == ending));
    all
}

fn reads(t: &Sandbox, changed: &str) {
    let read = t.authy(["env", "--scope", "all", "--format", "json"]).ok().json();
    assert_eq!((&read["s1"], &read["s9"]), (&changed.into(), &"value-9".into()));
}

#[test]
fn values_are_the_same_with_it_and_without_it() {
    let t = stocked();
    t.holds("s1", "value-1");
    assert!(cache(&t).is_empty(), "one secret is no reason");
    reads(&t, "value-1");
    let file = cache(&t).pop().unwrap();
    assert_eq!(mode(&file), 0o600);
    let sealed = fs::read(&file).unwrap();
    assert!(sealed.starts_with(b"age-encryption.org/v1\n"));
    reads(&t, "value-1");
    assert_eq!(fs::read(&file).unwrap(), sealed, "nothing was learned");
    t.authy(["rotate", "s1", "--raw"]).stdin("new").ok();
    reads(&t, "new");
    assert_ne!(fs::read(&file).unwrap(), sealed);
    for bytes in [&b""[..], b"garbage", &sealed[..40], &sealed] {
        fs::write(&file, bytes).unwrap();
        reads(&t, "new");
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    reads(&t, "new");
}

#[test]
fn wrong_keys_in_it_open_nothing_and_keep_nobody_from_reading() {
    if !needs(["age", "age-keygen"]) {
        return;
    }
    let t = stocked();
    reads(&t, "value-1");
    let file = cache(&t).pop().unwrap();
    let list = t.age_decrypt(&file).text();
    assert_eq!(list.lines().count(), 9);
    let key = |line: &str| line.rsplit(' ').next().unwrap().to_owned();
    let other = key(list.lines().last().unwrap());
    let wrong: String = list.lines().map(|line| line.replace(&key(line), &other) + "\n").collect();
    let recipient = t.sh("age-keygen -y ~/.authy/keys/master.key").ok().text();
    let words = ["-r", recipient.trim(), "-o", file.to_str().unwrap()];
    t.program("age", words).stdin(wrong).ok();
    reads(&t, "value-1");
}

#[test]
fn it_gives_nobody_what_the_rules_deny() {
    let t = stocked();
    reads(&t, "value-1");
    t.authy(["policy", "update", "all", "--deny", "s1"]).ok();
    t.authy(["get", "s1", "--scope", "all"]).fails(4).stdout_is("");
    let read = t.authy(["env", "--scope", "all", "--format", "json"]).ok().json();
    assert!(read.get("s1").is_none());
    // It opens nothing without the identity.
    t.authy(["env", "--scope", "all"]).env("AUTHY_KEYFILE", "/nowhere").fails(6).stdout_is("");
}

#[test]
fn signatures_are_remembered_and_nothing_unsigned_passes_by_it() {
    let t = stocked();
    t.holds("s1", "value-1");
    assert!(known(&t).is_empty(), "one record is no reason");
    reads(&t, "value-1");
    let file = known(&t).pop().unwrap();
    let list = fs::read(&file).unwrap();
    assert_eq!((mode(&file), list.len()), (0o600, 9 * 32));
    reads(&t, "value-1");
    assert_eq!(fs::read(&file).unwrap(), list, "nothing was learned");
    t.authy(["rotate", "s1", "--raw"]).stdin("new").ok();
    reads(&t, "new");
    assert_eq!(fs::read(&file).unwrap().len(), 10 * 32);

    // Whatever stands there: a record that nobody signed as it is now is refused.
    let record = t.file("secrets/s1.toml");
    let signed = fs::read(&record).unwrap();
    let list = fs::read(&file).unwrap();
    for bytes in [&list[..], &[], &[0; 64], &list[..40]] {
        fs::write(&file, bytes).unwrap();
        reads(&t, "new");
        edit(&record, "version = 2", "version = 3");
        t.authy(["env", "--scope", "all"]).fails(5).stdout_is("").stderr_has("s1");
        fs::write(&record, &signed).unwrap();
    }
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    reads(&t, "new");
}

#[test]
fn a_list_of_signatures_is_of_use_to_its_owner_in_its_vault_alone() {
    let (t, other) = (stocked(), stocked());
    reads(&t, "value-1");
    reads(&other, "value-1");
    let (mine, theirs) = (known(&t).pop().unwrap(), known(&other).pop().unwrap());
    let (before, foreign) = (fs::read(&mine).unwrap(), fs::read(&theirs).unwrap());
    fs::write(&mine, &foreign).unwrap();
    reads(&t, "value-1");
    // None of it was taken: all nine were verified anew.
    let after = fs::read(&mine).unwrap();
    let of = |list: &[u8]| list.chunks(32).map(<[u8]>::to_vec).collect::<Vec<_>>();
    assert!(of(&before).iter().all(|entry| of(&after).contains(entry)));
    assert!(of(&before).iter().all(|entry| !of(&foreign).contains(entry)));

    // A token has a list of its own.
    let token = t.authy(["session", "create", "--scope", "all", "--quiet"]).ok().text();
    t.authy(["env"]).env("AUTHY_TOKEN", token.trim()).ok().stdout_has("value-9");
    assert_eq!(known(&t).len(), 2);
}
