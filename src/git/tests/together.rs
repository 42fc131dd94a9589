//! Many who commit at once.

use std::thread;
use std::time::Duration;

use super::{Outcome, Request, Sandbox, commit_with};

const WRITERS: usize = 8;
const ROUNDS: usize = 5;

#[test]
fn of_many_commits_at_once_none_is_lost() {
    let sandbox = Sandbox::started();
    thread::scope(|scope| {
        for writer in 0..WRITERS {
            let sandbox = &sandbox;
            scope.spawn(move || {
                for round in 0..ROUNDS {
                    let path = format!("w{writer}/r{round}");
                    sandbox.write(&path, &path);
                    let request = Request {
                        vault: &sandbox.vault,
                        paths: &[path],
                        message: "Add one",
                        fallback_author: "alice",
                    };
                    let mut settings = sandbox.settings();
                    settings.wait = Some(Duration::from_secs(60));
                    let outcome = commit_with(&request, &settings).unwrap();
                    assert!(matches!(outcome, Outcome::Committed { .. }), "{outcome:?}");
                }
            });
        }
    });
    assert_eq!(sandbox.git(&["rev-list", "--count", "HEAD"]), (1 + WRITERS * ROUNDS).to_string());
    sandbox.assert_clean();
}

#[test]
fn commits_that_git_makes_meanwhile_stay() {
    let sandbox = Sandbox::started();
    let base = sandbox.git(&["rev-parse", "HEAD"]);
    let done = std::sync::atomic::AtomicBool::new(false);
    thread::scope(|scope| {
        // Moves the branch without the index, as `git commit` does at its end.
        scope.spawn(|| {
            for n in 0..10 {
                let parent = sandbox.git(&["rev-parse", "HEAD"]);
                let tree = sandbox.git(&["rev-parse", "HEAD^{tree}"]);
                let message = format!("empty {n}");
                let new = sandbox.git(&["commit-tree", &tree, "-p", &parent, "-m", &message]);
                sandbox.try_git(&sandbox.vault, &["update-ref", "HEAD", &new, &parent]);
            }
            done.store(true, std::sync::atomic::Ordering::Relaxed);
        });
        let mut made = 0;
        while !done.load(std::sync::atomic::Ordering::Relaxed) && made < 50 {
            let path = format!("f{made}");
            sandbox.write(&path, "");
            let outcome = sandbox.commit(&[&path]).unwrap();
            assert!(matches!(outcome, Outcome::Committed { .. }), "{outcome:?}");
            made += 1;
        }
    });
    let log = sandbox.git(&["log", "--format=%s", &format!("{base}..HEAD")]);
    let ours = log.lines().filter(|line| *line == "Change files").count();
    let files = sandbox.git(&["ls-files", "f*"]).lines().filter(|f| *f != "first").count();
    assert_eq!(ours, files);
    sandbox.assert_clean();
}
