//! `authy sync`: clones brought together through a remote.

use std::fs;

use crate::harness::{AUTHY, Sandbox, strace_works};
use crate::screen::Screen;
use crate::team::Team;

fn head(team: &Team, who: &str) -> String {
    team.git(who, ["rev-parse", "HEAD"])
}

#[test]
fn different_changes_on_two_clones_meet_without_a_question() {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-url"]).stdin("from alice").ok();
    team.of("alice", &["store", "web/new"]).stdin("w").ok();
    team.of("alice", &["remove", "prod-key"]).ok();
    team.of("bob", &["rotate", "db-key"]).stdin("from bob").ok();
    team.holds("bob", "db-url", "one");
    team.of("alice", &["sync"]).ok().stderr_has("received 0 commits, sent 3 commits");
    team.of("bob", &["sync"]).ok().stderr_has("received 3 commits");
    team.of("alice", &["sync"]).ok().stderr_has("sent 0 commits");
    assert_eq!(head(&team, "alice"), head(&team, "bob"));
    for who in ["alice", "bob"] {
        team.holds(who, "db-url", "from alice");
        team.holds(who, "db-key", "from bob");
        team.of(who, &["check", "--strict"]).ok();
        assert!(!team.file(who, "secrets/prod-key.age").exists());
        assert_eq!(team.git(who, ["status", "--porcelain", "--untracked-files=no", "secrets"]), "");
    }
    team.of("alice", &["audit", "verify"]).ok().stdout_lacks("unchecked").stdout_lacks("damaged");
}

#[test]
fn nothing_new_means_no_commit_and_reads_travel_with_the_next() {
    let team = Team::with_bob();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("alice", &["sync"]).ok();
    let before = head(&team, "alice");
    for who in ["bob", "alice", "bob"] {
        team.of(who, &["sync"]).ok().stderr_has("in sync with origin/main already");
    }
    assert_eq!(head(&team, "alice"), before);
    team.holds("bob", "db-url", "one");
    team.of("bob", &["sync"]).ok().stderr_has("sent 1 commit");
    team.of("alice", &["sync"]).ok();
    let show = ["audit", "show", "--actor", "bob", "--op", "get"];
    team.of("alice", &show).ok().stdout_has("db-url");
}

#[test]
fn a_remote_that_is_not_empty_is_told_from_another_vault() {
    let team = Team::new();
    // Made with a README, as forges offer it.
    let script = "git init -q made && cd made && echo hello >README.md && git add . && git commit -qm x \
                  && git branch -M main && git clone -q --bare . ../made.git";
    team.t.sh(script).ok();
    let made = team.t.work().join("made.git");
    team.git("alice", ["remote", "set-url", "origin", made.to_str().unwrap()]);
    let said = team.of("alice", &["sync"]).fails(7).stderr_has("is not empty and holds no vault");
    let line = said.messages();
    let line = line.split("folder: ").nth(1).unwrap().split(';').next().unwrap();
    assert!(line.starts_with("git pull ") && line.ends_with(" origin main"), "{line}");
    team.t.sh(line).dir(team.vault("alice")).ok();
    team.of("alice", &["sync"]).ok().stderr_has("in sync with origin/main");
    team.of("alice", &["check", "--strict"]).ok();
    // Somebody's own vault, and the team's.
    let own = Team::new();
    let theirs = own.t.path("theirs.git");
    own.git("alice", ["clone", "-q", "--bare", ".", theirs.to_str().unwrap()]);
    team.git("alice", ["remote", "set-url", "origin", theirs.to_str().unwrap()]);
    let before = head(&team, "alice");
    let said = team.of("alice", &["sync"]).fails(7).stderr_has("holds another vault");
    said.stderr_has("join").stderr_has("git remote set-url");
    assert_eq!(head(&team, "alice"), before);
}

#[test]
fn a_remote_that_is_new_gets_the_branch() {
    let team = Team::new();
    let fresh = team.t.path("fresh.git");
    team.t.program("git", ["init", "-q", "--bare", fresh.to_str().unwrap()]).ok();
    team.git("alice", ["remote", "remove", "origin"]);
    team.of("alice", &["sync"]).fails(1).stderr_has("remote add origin");
    team.git("alice", ["remote", "add", "backup", fresh.to_str().unwrap()]);
    let json = team.of("alice", &["sync", "--json"]).ok().text();
    assert!(json.contains("\"remote\": \"backup/main\""), "{json}");
    team.of("alice", &["sync"]).ok().stderr_has("already");
    assert_eq!(team.git("alice", ["rev-parse", "backup/main"]), head(&team, "alice"));
}

#[test]
fn other_files_of_the_repository_come_along() {
    let team = Team::with_bob();
    fs::write(team.file("alice", "README.md"), "hello").unwrap();
    fs::create_dir(team.file("alice", "bin")).unwrap();
    fs::write(team.file("alice", "bin/tool"), "#!/bin/sh\n").unwrap();
    team.git("alice", ["add", "README.md", "bin"]);
    team.git("alice", ["update-index", "--chmod=+x", "bin/tool"]);
    team.git("alice", ["commit", "-q", "-m", "Say hello"]);
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["rotate", "db-key"]).stdin("v").ok();
    team.of("bob", &["sync"]).ok();
    assert_eq!(fs::read_to_string(team.file("bob", "README.md")).unwrap(), "hello");
    assert_eq!(team.git("bob", ["status", "--porcelain", "README.md", "bin"]), "");
    // What bob edited is not overwritten, and nothing else happens either.
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    fs::write(team.file("alice", "README.md"), "hello all").unwrap();
    team.git("alice", ["commit", "-q", "-am", "Greet everybody"]);
    team.of("alice", &["sync"]).ok();
    fs::write(team.file("bob", "README.md"), "mine").unwrap();
    team.of("bob", &["sync"]).fails(7).stderr_has("README.md");
    assert_eq!(fs::read_to_string(team.file("bob", "README.md")).unwrap(), "mine");
    team.holds("bob", "db-url", "one");
    team.git("bob", ["checkout", "-q", "--", "README.md"]);
    team.of("bob", &["sync"]).ok();
    team.holds("bob", "db-url", "new");
    // Both sides changed it: git merges texts, authy does not.
    for who in ["alice", "bob"] {
        team.of(who, &["sync"]).ok();
        fs::write(team.file(who, "README.md"), who).unwrap();
        team.git(who, ["commit", "-q", "-am", "Sign"]);
    }
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).fails(7).stderr_has("README.md").stderr_has("git pull --no-rebase");
}

#[test]
fn what_is_staged_and_edited_stays_as_it_is() {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-url"]).stdin("new").ok();
    team.of("alice", &["policy", "update", "backend", "--description", "all of it"]).ok();
    team.of("alice", &["sync"]).ok();
    fs::write(team.file("bob", "staged"), "s").unwrap();
    team.git("bob", ["add", "staged"]);
    let policy = team.file("bob", "policies/backend.toml");
    let edited = fs::read_to_string(&policy).unwrap() + "# mine\n";
    fs::write(&policy, &edited).unwrap();
    team.of("bob", &["sync"])
        .fails(7)
        .stderr_has("policies/backend.toml")
        .stderr_has("git checkout");
    assert_eq!(fs::read_to_string(&policy).unwrap(), edited);
    team.holds("bob", "db-url", "one");
    team.git("bob", ["checkout", "-q", "--", "policies/backend.toml"]);
    team.of("bob", &["rotate", "db-key"]).stdin("v").ok();
    team.of("bob", &["sync"]).ok();
    team.holds("bob", "db-url", "new");
    assert!(team.git("bob", ["status", "--porcelain"]).contains("A  staged"));
    assert_eq!(team.git("bob", ["ls-tree", "--name-only", "HEAD", "staged"]), "");
}

#[test]
fn what_was_edited_by_hand_goes_along_as_a_request() {
    let team = Team::with_bob();
    team.of("alice", &["sync"]).ok();
    let policy = team.file("bob", "policies/backend.toml");
    let text = fs::read_to_string(&policy).unwrap();
    fs::write(&policy, text.replace("allow = [", "allow = [\"web-*\", ")).unwrap();
    fs::write(team.file("bob", "policies/broken.toml"), "allow = [\n").unwrap();
    team.of("bob", &["sync"])
        .ok()
        .stderr_has("sent as a request that an admin has to approve: policies/backend.toml")
        .stderr_has("not sent, as it cannot be read: policies/broken.toml");
    assert_eq!(
        team.git("bob", ["log", "-1", "--format=%s"]),
        "Ask to change policies/backend.toml"
    );
    team.of("bob", &["sync"]).ok().stderr_lacks("sent as a request");
    // Before she has it, she is told how old it is what she looks at.
    let fetched = team.vault("alice").join(".git/FETCH_HEAD");
    let old = std::time::SystemTime::now() - std::time::Duration::from_secs(2 * 86_400 + 60);
    fs::File::options().append(true).open(&fetched).unwrap().set_modified(old).unwrap();
    let looked = team.of("alice", &["approve", "--dry-run"]).ok();
    looked.stderr_has("as of the last sync, 2 days ago").stderr_has("nothing waits");
    team.of("alice", &["sync"]).ok();
    let looked = team.of("alice", &["approve", "--dry-run"]).ok();
    looked.stdout_has("web-*").stderr_lacks("as of the last sync");
}

#[test]
fn whoever_waits_for_approval_can_send_the_request() {
    let team = Team::new();
    team.clone_for("bob");
    team.of("bob", &["join", "--name", "bob"]).ok();
    team.of("bob", &["sync"]).ok().stderr_has("sent 1 commit");
    team.of("alice", &["sync"]).ok().stderr_has("waiting for an admin's approval: bob");
    team.of("alice", &["approve", "bob", "--yes"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["check"]).ok();
}

#[test]
fn live_sessions_get_what_comes_in() {
    let team = Team::with_bob();
    let made = ["session", "create", "--scope", "backend"];
    let token = team.of("bob", &made).ok().text().trim().to_owned();
    team.of("alice", &["rotate", "db-url"]).stdin("fresh").ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    team.of("bob", &["get", "db-url"]).env("AUTHY_TOKEN", &token).ok().stdout_is("fresh");
    team.of("bob", &["sync"]).env("AUTHY_TOKEN", &token).fails(4).stderr_has("read-only");
}

#[test]
fn a_remote_that_tracks_keys_is_not_merged() {
    let team = Team::with_bob();
    fs::create_dir_all(team.file("bob", "keys")).unwrap();
    fs::write(team.file("bob", "keys/stray.key"), "k").unwrap();
    team.git("bob", ["add", "-f", "keys/stray.key"]);
    team.git("bob", ["commit", "-q", "-m", "Oops"]);
    team.push("bob");
    team.of("alice", &["sync"]).fails(5).stderr_has("keys/stray.key");
    team.of("alice", &["list"]).ok().stdout_has("db-url");
}

#[test]
fn where_authy_does_not_commit_it_does_not_sync() {
    let team = Team::new();
    team.of("alice", &["config", "set", "commit", "manual"]).ok();
    team.of("alice", &["sync"]).fails(2).stderr_has("git");
    let other = Team::new();
    other.git("alice", ["checkout", "-q", "--detach"]);
    other.of("alice", &["sync"]).fails(7).stderr_has("git switch");
}

#[test]
fn a_push_that_was_refused_is_told_and_loses_nothing() {
    let team = Team::with_bob();
    let hook = team.t.path("origin.git/hooks/pre-receive");
    fs::write(&hook, "#!/bin/sh\necho not today >&2\nexit 1\n").unwrap();
    team.t.program("chmod", ["+x", hook.to_str().unwrap()]).ok();
    team.of("bob", &["rotate", "db-key"]).stdin("v").ok();
    team.of("bob", &["sync"]).fails(1).stderr_has("hook declined");
    fs::remove_file(&hook).unwrap();
    team.of("bob", &["sync"]).ok().stderr_has("sent 1 commit");
    team.of("alice", &["sync"]).ok();
    team.holds("alice", "db-key", "v");
}

#[test]
fn what_was_read_from_a_read_only_vault_joins_the_trail() {
    let team = Team::with_bob();
    let script = "authy get db-url && authy get db-key";
    let Some(call) = team.t.read_only(&team.vault("alice"), script) else { return };
    call.ok().stdout_is("onetwo");
    let chains = || team.of("alice", &["audit", "verify", "--json"]).ok().json();
    assert_eq!(chains().as_array().map(Vec::len), Some(2));
    team.of("alice", &["sync"]).ok().stderr_has("sent 1 commit");
    assert_eq!(chains().as_array().map(Vec::len), Some(2));
    team.of("alice", &["audit", "verify"]).ok().stdout_lacks("damaged").stdout_lacks("unchecked");
    let show = ["audit", "show", "--op", "get", "--actor", "alice"];
    assert_eq!(team.of("alice", &show).ok().lines().len(), 2);
    assert_eq!(team.git("alice", ["status", "--porcelain"]), "");
    team.of("bob", &["sync"]).ok();
    assert_eq!(team.of("bob", &show).ok().lines().len(), 2);
    team.of("bob", &["check", "--strict"]).ok();
    // Once more: another chain.
    let Some(call) = team.t.read_only(&team.vault("alice"), "authy get db-url") else { return };
    call.ok();
    team.of("alice", &["sync"]).ok();
    assert_eq!(chains().as_array().map(Vec::len), Some(3));
    team.of("alice", &["audit", "verify"]).ok();
}

const FOLDERS: &str = "home bob origin.git state bob-state";
const CALLS: [&str; 8] =
    ["openat", "fsync", "rename", "renameat", "renameat2", "write", "unlink", "unlinkat"];

/// alice has sent three changes, bob has made one and not synced.
fn to_merge() -> Team {
    let team = Team::with_bob();
    team.of("alice", &["rotate", "db-url"]).stdin("from alice").ok();
    team.of("alice", &["store", "db-new"]).stdin("new").ok();
    team.of("alice", &["remove", "prod-key"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["rotate", "db-key"]).stdin("from bob").ok();
    team.t.sh(&format!("cd .. && mkdir pristine && cp -a {FOLDERS} pristine/")).ok();
    team
}

/// bob syncs under strace. The main thread alone: what git's own processes leave when killed is
/// git's to mend.
fn traced(team: &Team, how: &str) -> String {
    let log = team.t.path("strace.log");
    let words = ["-qq", "-o", log.to_str().unwrap(), "-e", how, AUTHY, "sync"];
    let call = team.t.program("strace", words).env("HOME", team.t.path("bob"));
    let call = call.env("XDG_STATE_HOME", team.t.path("bob-state"));
    call.env("AUTHY_VAULT", team.vault("bob")).ends();
    fs::read_to_string(log).unwrap_or_default()
}

/// Whatever happened to bob's sync, the next one completes it.
fn goes_on(team: &Team, at: &str) {
    let value = team.of("bob", &["get", "db-url"]).ok().text();
    assert!(["one", "from alice"].contains(&value.as_str()), "{at}: {value}");
    team.holds("bob", "db-key", "from bob");
    let done = team.of("bob", &["sync"]).ends();
    assert_eq!(done.code, 0, "{at}: {done}");
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok();
    assert_eq!(head(team, "alice"), head(team, "bob"), "{at}");
    for who in ["alice", "bob"] {
        team.holds(who, "db-url", "from alice");
        team.holds(who, "db-key", "from bob");
        team.holds(who, "db-new", "new");
        assert!(!team.file(who, "secrets/prod-key.age").exists(), "{at}");
    }
    team.of("bob", &["check", "--strict"]).ok();
    team.git("bob", ["fsck", "--strict"]);
}

/// A few points of each kind; all with `AUTHY_FULL=1`.
#[test]
fn killed_in_the_middle_it_goes_on_the_next_time() {
    if !strace_works(&Sandbox::empty()) {
        return;
    }
    let team = to_merge();
    let text = traced(&team, &format!("trace={}", CALLS.join(",")));
    let points = if std::env::var_os("AUTHY_FULL").is_some() { usize::MAX } else { 2 };
    let mut tried = 0;
    for call in CALLS {
        let total = text.lines().filter(|line| line.starts_with(&format!("{call}("))).count();
        for n in (1..=total).step_by((total / points).max(1)) {
            let reset = format!(
                "cd .. && rm -rf {FOLDERS} && mv pristine p && cp -a p/* . && mv p pristine"
            );
            team.t.sh(&reset).ok();
            traced(&team, &format!("inject={call}:signal=KILL:when={n}"));
            goes_on(&team, &format!("killed at {call} {n} of {total}"));
            tried += 1;
        }
    }
    assert!(tried >= 12, "{tried}");
}

#[test]
fn what_others_changed_is_told_by_name() {
    let team = Team::with_bob();
    team.of("alice", &["store", "db-new", "--raw"]).stdin("1").ok();
    team.of("alice", &["rotate", "db-url", "--raw"]).stdin("2").ok();
    team.of("alice", &["remove", "db-key"]).ok();
    team.of("alice", &["policy", "create", "more", "--allow", "x-*"]).ok();
    team.of("alice", &["sync"]).ok();
    let report = team.of("bob", &["sync", "--json"]).ok();
    let said = report.messages();
    for line in ["db-new: added by alice", "db-key: removed", "policy more: added by alice"] {
        assert!(said.contains(line), "{line}: {said}");
    }
    assert!(said.contains("db-url: version"), "{said}");
    let report = report.json();
    let of = |name: &str| {
        let changes = report["changes"].as_array().unwrap();
        changes.iter().find(|one| one["name"] == name).unwrap().clone()
    };
    assert_eq!(of("db-new")["what"], "new");
    assert_eq!(of("db-url")["by"], "alice");
    assert_eq!(of("more")["kind"], "policy");
}

#[test]
fn a_vault_that_wants_it_sends_each_change() {
    let team = Team::with_bob();
    team.of("alice", &["config", "set", "sync", "auto"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("alice", &["store", "db-auto", "--raw"]).stdin("1").ok().stderr_has("sent to origin/");
    team.of("bob", &["sync"]).ok().stderr_has("db-auto: added by alice");
    team.holds("bob", "db-auto", "1");

    // What keeps it from being sent is no failure of the change.
    team.git("alice", ["remote", "set-url", "origin", "/nowhere"]);
    let stored = team.of("alice", &["store", "db-late", "--raw"]).stdin("2").ok();
    stored.stderr_has("not sent: ").stderr_has("authy sync");
    team.of("alice", &["config", "set", "sync", "sometimes"]).fails(2).stderr_has("manual, auto");
    team.of("alice", &["config", "set", "sync", "manual"]).ok();
    team.of("alice", &["config", "show", "--json"]).ok().says("\"sync\": \"manual\"");
}

#[test]
fn on_a_terminal_a_change_says_that_it_is_not_sent() {
    let team = Team::new();
    let changed = team.of("alice", &["annotate", "db-url", "--tag", "x"]).ok();
    changed.stderr_lacks("not sent yet");
    let words = [AUTHY, "annotate", "db-url", "--untag", "x"];
    let (code, shown) = Screen::start(&team.t, &words).last();
    assert_eq!(code, 0, "{shown}");
    assert!(shown.contains("not sent yet: authy sync"), "{shown}");
}

#[test]
fn what_both_said_of_a_secret_is_kept() {
    let team = Team::with_bob();
    team.of("alice", &["annotate", "db-url", "--tag", "old", "--description", "shared"]).ok();
    team.send("alice", "bob");
    team.of("alice", &["annotate", "db-url", "--tag", "prod", "--rotate-every", "90d"]).ok();
    let words = ["annotate", "db-url", "--untag", "old", "--tag", "eu", "--description", "bob's"];
    team.of("bob", &words).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok().stderr_has("changed on both sides");
    team.of("alice", &["sync"]).ok();
    for who in ["alice", "bob"] {
        let entry = team.of(who, &["list", "db-url", "--json"]).ok().json()[0].clone();
        assert_eq!(entry["description"], "bob's");
        assert_eq!(entry["rotate_every"], "90d");
        let mut tags: Vec<&str> =
            entry["tags"].as_array().unwrap().iter().map(|tag| tag.as_str().unwrap()).collect();
        tags.sort_unstable();
        assert_eq!(tags, ["eu", "prod"]);
    }
    team.of("alice", &["check", "--strict"]).ok();
    team.holds("bob", "db-url", "one");
}

#[test]
fn a_removed_member_is_told_so() {
    let team = Team::with_bob();
    team.of("alice", &["member", "remove", "bob"]).ok();
    team.of("alice", &["sync"]).ok();
    team.of("bob", &["sync"]).ok().stderr_has("you are not a member of this vault any more");
    team.of("bob", &["status"]).ok().stdout_has("none: ");
}
