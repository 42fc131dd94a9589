//! A vault in which every command has something to do, put back after each point, and what
//! can be seen of it from outside.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::harness::{AUTHY, Call, Sandbox};
use crate::score::full;
use crate::snapshot::Snapshot;
use crate::team::Team;

/// Every value begins with this, so that a plaintext that was left behind is found.
pub(super) const CANARY: &str = "canary-7c21";
/// All that a command may change; everything else stays as it was built.
const FOLDERS: &str = "home state origin.git work";

pub(super) struct World {
    pub(super) team: Team,
    /// The ids of a session of this clone and of a shared one.
    sessions: [String; 2],
    dave: String,
}

/// What can be seen: an entry's name and all that is said about it.
pub(super) type Facts = BTreeMap<String, String>;

impl World {
    pub(super) fn new() -> Self {
        let team = Team::around(Sandbox::in_memory().with_vault()).and_bob();
        let say = |value: &str| format!("{CANARY}-{value}");
        for (name, value) in [("target", "old"), ("other", "other"), ("api-key", "api")] {
            team.of("alice", &["store", name]).stdin(say(value)).ok();
        }
        team.of("alice", &["rotate", "target"]).stdin(say("older")).ok();
        team.of("alice", &["policy", "create", "spare", "--allow", "api-*"]).ok();
        team.of("alice", &["policy", "create", "all", "--allow", "*"]).ok();
        team.of("alice", &["policy", "update", "backend", "--allow", "api-*"]).ok();
        let session = |more: &[&str]| {
            let words = [&["session", "create", "--scope", "backend", "--json"], more].concat();
            let made = team.of("alice", &words).ok().json();
            made["id"].as_str().unwrap().to_owned()
        };
        let sessions = [session(&[]), session(&["--shared"])];
        team.of("alice", &["sync"]).ok();
        team.of("bob", &["sync"]).ok();
        team.clone_for("carol");
        team.of("carol", &["join", "--name", "carol", "--group", "backend"]).ok();
        team.of("carol", &["sync"]).ok();
        team.of("alice", &["sync"]).ok();
        // For a sync with work on both sides, and one with a conflict on top.
        team.of("bob", &["rotate", "db-key"]).stdin(say("bobs")).ok();
        team.of("bob", &["sync"]).ok();
        let dave = team.t.outsider("dave").1;
        team.t.write("new.env", format!("ONE={CANARY}-1\nTWO={CANARY}-2\nTHREE={CANARY}-3\n"));
        let many = |n: usize| format!("MANY_{n:03}={CANARY}-{n}\n");
        let count = if full() { 500 } else { 120 };
        team.t.write("bulk.env", (0..count).map(many).collect::<String>());
        team.t.write("template", "a=<authy:target>\n");
        team.t.write(".authy.toml", "[authy]\nscope = \"all\"\naliases = [\"claude\"]\n");
        // A third of the files; nothing here runs them.
        team.t.sh("rm -rf ../*/.authy/.git/hooks ../origin.git/hooks").ok();
        team.t.script("editor", "printf %s \"$(cat \"$1\")-edited\" > \"$1\"");
        let world = Self { team, sessions, dave };
        world.keep();
        world
    }

    /// Keeps the world as it is now, for [`World::reset`].
    pub(super) fn keep(&self) {
        let copy = format!("rm -rf ../kept && mkdir ../kept && cd .. && cp -a {FOLDERS} kept/");
        self.team.t.sh(&copy).ok();
    }

    pub(super) fn reset(&self) {
        let copy = format!("cd .. && rm -rf {FOLDERS} tmp && cp -a kept/. . && mkdir tmp");
        self.team.t.sh(&copy).dir(self.team.t.path("kept")).ok();
    }

    fn words(&self, words: &[&str]) -> Vec<String> {
        let put = |word: &&str| match *word {
            "{local}" => self.sessions[0].clone(),
            "{shared}" => self.sessions[1].clone(),
            "{dave}" => self.dave.clone(),
            word => word.to_owned(),
        };
        words.iter().map(put).collect()
    }

    /// A call of the command, under strace where `how` says so.
    pub(super) fn call(&self, who: &str, words: &[&str], how: Option<&str>) -> Call<'_> {
        let words = self.words(words);
        let t = &self.team.t;
        let log = t.path("strace.log");
        let mut all =
            vec!["-f", "-y", "-qq", "-o", log.to_str().unwrap(), "-e", how.unwrap_or(""), AUTHY];
        all.extend(words.iter().map(String::as_str));
        let call = match how {
            Some(_) => self.team.as_person(who, t.program("strace", all)),
            None => self.team.as_person(who, t.authy(&words)),
        };
        call.env("EDITOR", t.work().join("editor"))
    }

    /// Everything that can be seen of the vault, without what differs by the clock or by chance.
    pub(super) fn facts(&self) -> Facts {
        let mut facts = Facts::new();
        let views: [&[&str]; 5] = [
            &["list", "--json"],
            &["policy", "list", "--json"],
            &["member", "list", "--json"],
            &["session", "list", "--json"],
            &["config", "show", "--json"],
        ];
        for view in views {
            let mut seen: Value = self.team.of("alice", view).ok().json();
            steady(&mut seen);
            match seen {
                Value::Array(entries) => {
                    for entry in entries {
                        let (key, said) = match entry["name"].as_str() {
                            Some(name) => (name.to_owned(), entry.to_string()),
                            // Sessions have an id, which is chance: how many are alike counts.
                            None => (entry.to_string(), String::new()),
                        };
                        let keys = (0..).map(|twin| format!("{} {key} {twin}", view[0]));
                        let free = keys.into_iter().find(|key| !facts.contains_key(key));
                        facts.insert(free.unwrap(), said);
                    }
                }
                other => _ = facts.insert(view[0].to_owned(), other.to_string()),
            }
        }
        // The first one may mend.
        self.team.of("alice", &["check"]).ends();
        let findings = self.team.of("alice", &["check", "--json"]).ends().json();
        for finding in findings.as_array().unwrap() {
            let [severity, path] = ["severity", "path"].map(|key| finding[key].as_str().unwrap());
            if severity != "warning" {
                facts.insert(format!("{severity} {path}"), String::new());
            }
        }
        let values = self.team.of("alice", &["export", "--scope", "all", "--format", "json"]);
        let values = values.ok().json();
        for (name, value) in values.as_object().unwrap() {
            facts.insert(format!("value {name}"), value.to_string());
        }
        let out = std::fs::read(self.team.t.work().join("out")).unwrap_or_default();
        facts.insert("file out".to_owned(), String::from_utf8_lossy(&out).into_owned());
        let info = self.team.of("alice", &["project-info", "--json"]).ok().json();
        facts.insert("project".to_owned(), info["allowed"].to_string());
        facts
    }

    /// How often the trail has this operation.
    pub(super) fn recorded(&self, op: &str) -> usize {
        let trail = self.team.of("alice", &["audit", "export"]).ok().json();
        trail.as_array().unwrap().iter().filter(|entry| entry["op"] == op).count()
    }

    /// The vault is whole, the next change works, and nothing lies about.
    pub(super) fn is_sound(&self) {
        let t = &self.team.t;
        self.team.of("alice", &["audit", "verify"]).ok();
        // What is old enough is known to be abandoned.
        t.sh("find ../home ../state -name '.authy-*.tmp' -exec touch -d '1 hour ago' {} +").ok();
        self.team.of("alice", &["store", "after"]).stdin("works").ok();
        let status = self.team.git("alice", ["status", "--porcelain"]);
        assert_eq!(status, "", "the next change did not commit this");
        self.team.holds("alice", "after", "works");
        // Objects that were not finished go after a day, with git's own.
        // A lock on a remote's branch is git's own, as whoever kills git knows it.
        let left = "find ../home/.authy \\( -name '*.tmp*' -o -name 'stage-*' -o -name '*.lock' \\) \
            ! -path '*/.git/objects/.tmp*' ! -path '*/.git/objects/authy-pack-*' ! -path '*/.git/refs/remotes/*'";
        assert_eq!(t.sh(left).ok().text(), "", "left behind");
        // `new.env`, `bulk.env` and the files below `kept` are the test's own, `out` is asked for.
        let search = format!(
            "cd .. && grep -rlF {CANARY} home state tmp origin.git bob carol 2>/dev/null; true"
        );
        assert_eq!(t.sh(&search).ok().text(), "", "a plaintext was left behind");
        assert!(Snapshot::whole(&t.tmp()).differences(&Snapshot::whole(&t.path("none"))).is_none());
    }
}

/// Takes out of `value` what the clock and chance decide.
fn steady(value: &mut Value) {
    match value {
        Value::Array(all) => all.iter_mut().for_each(steady),
        Value::Object(all) => all.values_mut().for_each(steady),
        Value::String(text) => {
            let is_time = text.len() >= 20 && text.as_bytes().get(10) == Some(&b'T');
            let is_id = text.len() == 16 && text.chars().all(|c| c.is_ascii_hexdigit());
            if is_time || is_id || text.starts_with("session:") {
                "-".clone_into(text);
            }
        }
        _ => {}
    }
}
