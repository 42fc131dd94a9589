//! Files that arrive through git can be anything: each is refused quickly, none hangs authy.
//!
//! A pipe that blocks runs into the watchdog of the harness, a file that is taken in whole into
//! limits of processor time and memory.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use crate::harness::Sandbox;
use crate::outcome::Done;
use crate::vault::{chmod, files_below, text};

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("db-url", "1"), ("api-key", "2")]);
    t.policy("backend", ["db-*"]);
    t
}

/// Every file that a scoped read of `db-url` depends on.
fn depended_on(t: &Sandbox) -> Vec<PathBuf> {
    vec![
        t.file("authy.toml"),
        t.only_file("admins", ".toml"),
        t.file("members/alice.toml"),
        t.file("policies/backend.toml"),
        t.file("secrets/db-url.toml"),
        t.file("secrets/db-url.age"),
        t.only_file(".local/audit", ".jsonl"),
    ]
}

/// Reads within 64 MiB of memory of its own and five seconds of work: more is a failure.
fn read(t: &Sandbox) -> Done {
    let limited = "ulimit -d 65536 && ulimit -t 5 && exec authy get db-url --scope backend";
    t.sh(limited).fails(5).stdout_is("").only_printable()
}

/// Puts something else in the place of each file and asserts that the read is refused.
fn replaced_by(put: impl Fn(&Sandbox, &Path, &Path)) {
    let t = stocked();
    for path in depended_on(&t) {
        let aside = t.path("aside");
        fs::rename(&path, &aside).unwrap();
        put(&t, &path, &aside);
        eprintln!("in place of {}", path.display());
        let name = path.file_name().unwrap().to_str().unwrap();
        let stem = path.file_stem().unwrap().to_str().unwrap();
        let said = read(&t).messages();
        let folder = path.parent().and_then(Path::file_name).and_then(std::ffi::OsStr::to_str);
        let named = [name, stem, folder.unwrap()].iter().any(|name| said.contains(name));
        assert!(named, "{name} is not named: {said}");
        if path.is_dir() && !path.is_symlink() {
            fs::remove_dir(&path).unwrap();
        } else {
            fs::remove_file(&path).unwrap();
        }
        fs::rename(&aside, &path).unwrap();
    }
    t.holds("db-url", "1");
}

#[test]
fn symbolic_links_are_refused_even_to_the_right_content() {
    replaced_by(|_, path, aside| symlink(aside, path).unwrap());
}

#[test]
fn pipes_are_refused() {
    replaced_by(|t, path, _| {
        t.program("mkfifo", [path]).ok();
    });
}

#[test]
fn folders_are_refused() {
    replaced_by(|_, path, _| fs::create_dir(path).unwrap());
}

#[test]
fn sockets_and_devices_are_refused() {
    replaced_by(|_, path, _| {
        // A socket's path is short; the file stays when its listener goes.
        let short = std::env::temp_dir().join(format!("authy-socket-{}", std::process::id()));
        drop(std::os::unix::net::UnixListener::bind(&short).unwrap());
        fs::rename(&short, path).or_else(|_| fs::write(path, "no socket here")).unwrap();
    });
    if rustix::process::getuid().is_root() {
        replaced_by(|t, path, _| {
            let made = t.program("mknod", [path.to_str().unwrap(), "c", "1", "5"]).ends();
            if made.code != 0 {
                fs::write(path, "no device here").unwrap();
            }
        });
    }
}

#[test]
fn conflict_markers_and_the_line_ends_of_another_system_are_refused() {
    replaced_by(|_, path, aside| {
        let good = fs::read(aside).unwrap();
        let marked =
            [b"<<<<<<< HEAD\n", &good[..], b"=======\n", &good, b">>>>>>> theirs\n"].concat();
        fs::write(path, marked).unwrap();
    });
    let t = stocked();
    for path in depended_on(&t) {
        let good = fs::read(&path).unwrap();
        let split = good.split_inclusive(|b| *b == b'\n');
        let ends = split.flat_map(|line| match line.strip_suffix(b"\n") {
            Some(line) => [line, b"\r\n"].concat(),
            None => line.to_vec(),
        });
        fs::write(&path, ends.collect::<Vec<u8>>()).unwrap();
        let done = t.authy(["get", "db-url", "--scope", "backend"]).ends().only_printable();
        // A policy without a line that begins its signature is one that nobody approved.
        assert!([4, 5].contains(&done.code), "{}\n{done}", path.display());
        fs::write(&path, good).unwrap();
    }
    t.holds("db-url", "1");
}

#[test]
fn a_second_name_of_a_file_is_read_and_never_written_through() {
    let t = stocked();
    for path in depended_on(&t) {
        fs::hard_link(&path, t.path("second")).unwrap();
        let good = fs::read(&path).unwrap();
        t.holds("db-url", "1");
        t.authy(["rotate", "db-url"]).stdin("1").ok();
        // A trail is appended to, which is all that ever happens to it.
        assert!(fs::read(t.path("second")).unwrap().starts_with(&good), "{}", path.display());
        fs::remove_file(t.path("second")).unwrap();
    }
}

#[test]
fn huge_files_are_refused() {
    replaced_by(|_, path, _| fs::File::create(path).unwrap().set_len(1 << 36).unwrap());
}

#[test]
fn linked_folders_are_refused() {
    let linked = |folder: &str| {
        let t = stocked();
        let aside = t.path("aside");
        fs::rename(t.file(folder), &aside).unwrap();
        symlink(&aside, t.file(folder)).unwrap();
        t
    };
    for folder in ["secrets", "members", "admins", "policies", ".local/audit"] {
        read(&linked(folder)).stderr_has(folder);
    }
    // Reading needs nothing of what is published, and nothing is published through a link.
    let t = linked("audit");
    let before = files_below(&t.path("aside"));
    t.store([("new", "v")]);
    assert_eq!(files_below(&t.path("aside")), before);
    t.authy(["audit", "verify"]).fails(5).stderr_has("audit");
}

#[test]
fn signed_files_over_64_kib_are_refused() {
    let t = stocked();
    for path in depended_on(&t).iter().filter(|path| path.extension().is_some_and(|e| e == "toml"))
    {
        let good = text(path);
        fs::write(path, format!("#{}\n{good}", "x".repeat(70_000))).unwrap();
        read(&t).stderr_has("larger than");
        fs::write(path, good).unwrap();
    }
}

#[test]
fn unknown_keys_in_signed_files_are_refused() {
    let t = stocked();
    for path in depended_on(&t).iter().filter(|path| path.extension().is_some_and(|e| e == "toml"))
    {
        let good = text(path);
        fs::write(path, format!("surprise = 1\n{good}")).unwrap();
        let done = t.authy(["get", "db-url", "--scope", "backend"]).ends();
        let policy = path.to_str().unwrap().contains("policies");
        assert!(done.code == 5 || policy && done.code == 4, "{done}");
        fs::write(path, good).unwrap();
    }
}

/// The key of the chain, as this clone has it and as it is published; either will do.
fn keys(t: &Sandbox) -> [PathBuf; 2] {
    [".local/audit", "audit"].map(|folder| t.only_file(folder, ".key.age"))
}

/// An age header with this many stanzas for nobody.
fn crowded(stanzas: usize) -> Vec<u8> {
    let stanza = "-> X25519 AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n";
    let mut header = String::from("age-encryption.org/v1\n");
    header.push_str(&stanza.repeat(stanzas));
    header.push_str("--- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n0123456789abcdef");
    header.into_bytes()
}

#[test]
fn age_headers_with_more_stanzas_than_a_vault_has_are_refused() {
    let t = stocked();
    let keys = keys(&t);
    let good = fs::read(&keys[0]).unwrap();
    // One beyond authy's own limit.
    keys.iter().for_each(|key| fs::write(key, crowded(513)).unwrap());
    read(&t);
    t.authy(["store", "new"]).stdin("v").fails(5);
    fs::write(&keys[0], good).unwrap();
    fs::write(t.file("secrets/db-url.age"), crowded(513)).unwrap();
    read(&t).stderr_has("db-url");
}

#[test]
fn scrypt_stanzas_are_refused_before_they_cost_anything() {
    let t = stocked();
    let file = "age-encryption.org/v1\n-> scrypt AAAAAAAAAAAAAAAAAAAAAA 10\n\
                AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n\
                --- AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n0123456789abcdef";
    keys(&t).iter().for_each(|key| fs::write(key, file).unwrap());
    read(&t);
}

#[test]
fn identities_that_are_no_files_are_refused() {
    let t = stocked();
    let key = t.path("home/odd.key");
    t.program("mkfifo", ["-m", "600", key.to_str().unwrap()]).ok();
    t.authy(["get", "db-url"]).env("AUTHY_KEYFILE", &key).fails(6);
    fs::remove_file(&key).unwrap();
    fs::create_dir(&key).unwrap();
    t.authy(["get", "db-url"]).env("AUTHY_KEYFILE", &key).fails(6);
    fs::remove_dir(&key).unwrap();
    fs::File::create(&key).unwrap().set_len(1 << 36).unwrap();
    chmod(&key, 0o600);
    t.authy(["get", "db-url"]).env("AUTHY_KEYFILE", &key).fails(6);
    fs::write(&key, "").unwrap();
    t.authy(["get", "db-url"]).env("AUTHY_KEYFILE", &key).fails(6);
}

#[test]
fn a_project_file_that_is_no_file_does_not_hang() {
    let t = stocked();
    let file = t.work().join(".authy.toml");
    t.program("mkfifo", [&file]).ok();
    assert_ne!(t.authy(["run", "--", "true"]).ends().code, 0);
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_ne!(t.authy(["run", "--", "true"]).ends().code, 0);
    fs::remove_dir(&file).unwrap();
    fs::File::create(&file).unwrap().set_len(1 << 36).unwrap();
    t.authy(["run", "--", "true"]).fails(2).stderr_has("larger than");
}

#[test]
fn a_lock_that_is_no_file_does_not_hang() {
    let t = stocked();
    let lock = t.file(".local/lock");
    let _ = fs::remove_file(&lock);
    t.program("mkfifo", [&lock]).ok();
    let done = t.authy(["store", "new"]).stdin("v").ends();
    assert_ne!(done.code, 0, "{done}");
    fs::remove_file(&lock).unwrap();
    let victim = t.write("victim", "precious");
    symlink(&victim, &lock).unwrap();
    let done = t.authy(["store", "new"]).stdin("v").ends();
    assert_ne!(done.code, 0, "{done}");
    assert_eq!(text(&victim), "precious");
}

#[test]
fn strange_file_names_never_reach_the_terminal_raw() {
    let t = stocked();
    for name in
        ["a\u{1b}[31m.age", "a\u{1b}[31m.toml", "UPPER.age", "x y.toml", "b\nc.age", ".hidden.age"]
    {
        fs::write(t.file("secrets").join(name), "x").unwrap();
    }
    t.authy(["list"]).ends().only_printable().stdout_has("api-key");
    t.authy(["list", "--long"]).ends().only_printable();
    t.holds("api-key", "2");
}

#[test]
fn control_characters_of_a_forged_record_never_reach_the_terminal_raw() {
    let t = stocked();
    let record = t.file("secrets/db-url.toml");
    let forged = text(&record).replace("readers", "description = \"\\u001b[31m\\u0007\"\nreaders");
    fs::write(&record, forged).unwrap();
    t.authy(["list", "--long"]).ends().only_printable();
    t.authy(["get", "db-url"]).fails(5).only_printable();
}

#[test]
fn authy_never_writes_through_a_link() {
    let t = stocked();
    let victim = t.write("victim", "precious");
    symlink(&victim, t.file("secrets/new.age")).unwrap();
    symlink(&victim, t.file("policies/new.toml")).unwrap();
    t.authy(["store", "new", "--force"]).stdin("v").ends();
    t.authy(["policy", "create", "new", "--allow", "x"]).ends();
    assert_eq!(text(&victim), "precious");
    let elsewhere = t.path("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    symlink(&elsewhere, t.file("secrets/team")).unwrap();
    t.authy(["store", "team/db"]).stdin("v").fails(5);
    assert_eq!(fs::read_dir(&elsewhere).unwrap().count(), 0);
}
