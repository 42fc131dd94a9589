//! Many writers at once: nothing acknowledged is lost. `AUTHY_FULL=1` stores 400 instead of 96.

use std::thread;

use crate::harness::Sandbox;

const WRITERS: usize = 8;

#[test]
fn eight_writers_lose_nothing() {
    let each = if std::env::var_os("AUTHY_FULL").is_some() { 50 } else { 12 };
    let t = Sandbox::new();
    t.store([("base", "steady")]);
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let t = &t;
            scope.spawn(move || {
                for n in 0..each {
                    let name = format!("w{writer}/s{n}");
                    t.authy(["store", &name, "--raw"]).stdin(&name).ok();
                }
            });
        }
        scope.spawn(|| {
            for _ in 0..each {
                t.holds("base", "steady");
                t.authy(["list"]).ok().stdout_has("base");
            }
        });
    });

    let all = WRITERS * each;
    assert_eq!(t.authy(["list", "w*"]).ok().lines().len(), all);
    for writer in 0..WRITERS {
        let name = format!("w{writer}/s{}", each - 1);
        t.holds(&name, &name);
    }
    t.verifies();
    let stores = t.trail().iter().filter(|entry| entry["op"] == "store").count();
    assert_eq!(stores, all + 1);
    let commits = t.log().iter().filter(|subject| subject.starts_with("Store w")).count();
    assert_eq!(commits, all);
    t.git(["fsck", "--strict"]);
    assert_eq!(t.git(["status", "--porcelain", "secrets"]), "");
}

#[test]
fn one_name_is_stored_by_one_of_many() {
    let t = Sandbox::new();
    let codes: Vec<i32> = thread::scope(|scope| {
        let writers: Vec<_> = (0..WRITERS)
            .map(|n| {
                let t = &t;
                scope
                    .spawn(move || t.authy(["store", "contested"]).stdin(n.to_string()).ends().code)
            })
            .collect();
        writers.into_iter().map(|writer| writer.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    assert_eq!(codes.iter().filter(|code| **code == 7).count(), WRITERS - 1, "{codes:?}");
    let winner = codes.iter().position(|code| *code == 0).unwrap();
    t.holds("contested", winner.to_string());
    t.verifies();
}

#[test]
fn rotations_at_once_each_get_a_version() {
    let t = Sandbox::new();
    t.store([("hot", "0")]);
    thread::scope(|scope| {
        for n in 0..WRITERS {
            let t = &t;
            scope.spawn(move || t.authy(["rotate", "hot"]).stdin(n.to_string()).ok());
        }
    });
    let record = crate::vault::text(&t.file("secrets/hot.toml"));
    assert!(record.contains(&format!("version = {}", WRITERS + 1)), "{record}");
    t.verifies();
    t.is_clean();
}

#[test]
fn two_inits_make_one_vault() {
    let t = Sandbox::empty();
    let codes: Vec<i32> = thread::scope(|scope| {
        let both: Vec<_> = (0..4)
            .map(|_| scope.spawn(|| t.authy(["init", "--member", "alice"]).ends().code))
            .collect();
        both.into_iter().map(|init| init.join().unwrap()).collect()
    });
    assert_eq!(codes.iter().filter(|code| **code == 0).count(), 1, "{codes:?}");
    t.store([("a", "1")]);
    t.holds("a", "1");
}
