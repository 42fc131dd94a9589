//! A place with the vault folder and `AUTHY_TOKEN`, and nothing else of the user's: what the
//! scope holds is reachable, nothing is changed, and no identity is looked for.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;

use crate::harness::{Call, Sandbox};
use crate::vault::text;

const SCOPE: [(&str, &str); 3] =
    [("db-url", "postgres://u:p@h/db"), ("db-key", "k3y-of-db"), ("team/db-pass", "pass word")];
const OTHER: [(&str, &str); 2] = [("prod-key", "never-shown"), ("db-prod", "nor-this")];

/// A container: an empty HOME, a copy of the vault, a token.
struct Place {
    t: Sandbox,
    home: PathBuf,
    vault: PathBuf,
    token: String,
}

impl Place {
    fn new(create: &[&str]) -> Self {
        let t = Sandbox::new();
        t.store(SCOPE);
        t.store(OTHER);
        let policy = [
            "policy", "create", "dev", "--allow", "db-*", "--allow", "team/*", "--deny", "db-prod",
        ];
        t.authy(policy).ok();
        t.policy("other", ["prod-*"]);
        let words = ["session", "create", "--scope", "dev", "--label", "box"];
        let token = t.authy(words.iter().chain(create)).ok().text().trim().to_owned();
        let (home, vault) = (t.path("empty-home"), t.path("copy"));
        fs::create_dir(&home).unwrap();
        t.sh(&format!("cp -a ~/.authy {0} && rm -rf {0}/keys", vault.display())).ok();
        Self { t, home, vault, token }
    }

    fn call<'p>(&'p self, words: &[&str]) -> Call<'p> {
        self.in_place(self.t.authy(words))
    }

    /// Moves a call into the container.
    fn in_place<'p>(&self, call: Call<'p>) -> Call<'p> {
        call.env("HOME", &self.home)
            .env("XDG_STATE_HOME", self.t.path("empty-state"))
            .env("AUTHY_VAULT", &self.vault)
            .env("AUTHY_TOKEN", &self.token)
    }

    /// The vault without its audit chains and what git and this clone note about them.
    fn state(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut all = BTreeMap::new();
        for folder in ["admins", "members", "policies", "secrets", "sessions"] {
            let listing = self.t.sh(&format!("find {}/{folder} -type f", self.vault.display()));
            for file in listing.ok().lines() {
                all.insert(PathBuf::from(&file), fs::read(&file).unwrap());
            }
        }
        all
    }
}

#[test]
fn each_reading_command_acts_within_the_grant() {
    let p = Place::new(&[]);
    for (name, value) in SCOPE {
        p.call(&["get", name]).ok().stdout_is(value);
        p.call(&["policy", "test", name]).ok().stdout_has("ALLOWED");
    }
    p.call(&["list"]).ok().stdout_is("db-key\ndb-url\nteam/db-pass\n");
    let env = p.call(&["env", "--format", "json"]).ok().json();
    assert_eq!(env["db_url"], SCOPE[0].1);
    assert_eq!(env.as_object().unwrap().len(), 3);
    let export = p.call(&["export", "--format", "json"]).ok().json();
    assert_eq!(export.as_object().unwrap().len(), 3);
    let file = p.t.write("template", "url=<authy:db-url>\n");
    p.call(&["resolve", file.to_str().unwrap()]).ok().stdout_is("url=postgres://u:p@h/db\n");
    let same = "test \"$db_url\" = postgres://u:p@h/db && test \"$team_db_pass\" = 'pass word' && \
        test -z \"$prod_key$db_prod\" && test \"$AUTHY_SCOPE\" = dev";
    p.call(&["run", "--", "sh", "-c", same]).ok();
    p.call(&["run", "--scope", "dev", "--", "true"]).ok();
}

#[test]
fn outside_the_scope_there_is_nothing() {
    let p = Place::new(&[]);
    for (name, value) in OTHER {
        p.call(&["get", name]).ends().code_is(4).stdout_is("").stderr_lacks(value);
        p.call(&["policy", "test", name]).ends().code_is(4).stdout_has("DENIED");
    }
    // Absent, where the scope allows it; refused before that, where it does not.
    p.call(&["get", "db-absent"]).ends().code_is(3);
    p.call(&["get", "absent"]).ends().code_is(4);
    for words in [
        &["get", "prod-key", "--scope", "other"][..],
        &["run", "--scope", "other", "--", "true"],
        &["env", "--scope", "other"],
        &["export", "--scope", "other"],
        &["list", "--scope", "other"],
    ] {
        p.call(words).ends().code_is(4).stdout_is("");
    }
    p.call(&["policy", "list"]).ok().stdout_has("dev").stdout_lacks("other");
    p.call(&["policy", "show", "other"]).ends().code_is(4).stdout_is("");
    let file = p.t.write("template", "<authy:db-url> <authy:prod-key>");
    p.call(&["resolve", file.to_str().unwrap()]).ends().code_is(4).stdout_is("");
}

#[test]
fn each_changing_command_is_refused_and_changes_nothing() {
    let p = Place::new(&[]);
    let before = p.state();
    for words in [
        &["store", "db-new"][..],
        &["store", "db-url", "--force"],
        &["rotate", "db-url"],
        &["rotate", "db-url", "--generate"],
        &["remove", "db-url"],
        &["rename", "db-url", "db-uri"],
        &["edit", "db-url"],
        &["policy", "create", "mine", "--allow", "*"],
        &["policy", "update", "dev", "--allow", "*"],
        &["policy", "remove", "dev"],
        &["session", "create", "--scope", "dev"],
        &["session", "revoke", "00"],
        &["session", "revoke-all"],
        &["session", "refresh"],
        &["config", "set", "agents", "allow"],
    ] {
        let done = p.call(words).env("EDITOR", "true").stdin("v\n").ends().code_is(4);
        done.stdout_is("").stderr_has("session tokens are read-only");
        assert_eq!(p.state(), before, "{words:?}");
    }
}

#[test]
fn nothing_is_looked_for_in_home_and_no_identity_is_used_instead() {
    let p = Place::new(&[]);
    let key = p.t.key();
    // Where a working identity lies at hand, the token still decides.
    let at_home = |words: &[&str], token: &str| {
        p.t.authy(words).env("AUTHY_TOKEN", token).env("AUTHY_KEYFILE", &key).ends()
    };
    at_home(&["get", "db-url"], &p.token).code_is(0).stdout_is(SCOPE[0].1);
    at_home(&["get", "prod-key"], &p.token).code_is(4).stdout_is("");
    for token in ["", "x", "authy_v1.AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"] {
        at_home(&["get", "db-url"], token).code_is(6).stdout_is("");
    }
    p.call(&["get", "db-url"]).ok();
    assert_eq!(fs::read_dir(&p.home).unwrap().count(), 0);
}

#[test]
fn a_vault_that_cannot_be_written_is_enough() {
    let p = Place::new(&[]);
    let script = "authy get db-url; echo x >$AUTHY_VAULT/written 2>/dev/null && exit 9; exit 0";
    let Some(call) = p.t.read_only(&p.vault, script) else { return };
    let done = p.in_place(call).ok();
    done.stdout_is(SCOPE[0].1).stderr_has("the vault is read-only");
}

#[test]
fn run_only_gives_values_to_processes_and_to_nobody_else() {
    let by_token = Place::new(&["--run-only"]);
    let by_policy = Place::new(&[]);
    by_policy.t.authy(["policy", "update", "dev", "--run-only"]).ok();
    by_policy.t.sh(&format!("cp ~/.authy/policies/* {}/policies/", by_policy.vault.display())).ok();
    for p in [&by_token, &by_policy] {
        let file = p.t.write("template", "<authy:db-url>");
        let file = file.to_str().unwrap();
        for words in [&["get", "db-url"][..], &["env"], &["export"], &["resolve", file]] {
            p.call(words).ends().code_is(4).stdout_is("").stderr_has("run-only");
        }
        p.call(&["list"]).ok().stdout_has("db-url");
        p.call(&["policy", "test", "db-url"]).ok();
        p.call(&["run", "--", "sh", "-c", "test \"$db_key\" = k3y-of-db && echo $db_key"])
            .ok()
            .stdout_is("[authy:db-key]\n");
        // What is nested is confined in the same way.
        let nested = p.call(&["run", "--", "authy", "get", "db-url"]).ends();
        assert_ne!(nested.code, 0, "{nested}");
        nested.stdout_lacks(SCOPE[0].1).stdout_lacks("[authy");
    }
}

#[test]
fn commands_of_the_policy_are_all_that_may_be_started() {
    let p = Place::new(&[]);
    let printenv = p.t.sh("command -v printenv").ok().text();
    let words = ["policy", "update", "dev", "--command", "printenv", "--command", "/usr/bin/id"];
    p.t.authy(words).ok();
    p.t.sh(&format!("cp ~/.authy/policies/* {}/policies/", p.vault.display())).ok();
    p.call(&["run", "--", "printenv", "db_url"]).ok().stdout_is("[authy:db-url]\n");
    for program in ["env", "sh", "bash", "/bin/sh", printenv.trim(), "./printenv"] {
        let done = p.call(&["run", "--", program]).ends();
        assert_ne!(done.code, 0, "{done}");
        done.stdout_is("");
    }
}

#[test]
fn what_is_started_finds_the_token_alone_and_under_run_only_not_even_that() {
    let p = Place::new(&[]);
    let done = p
        .call(&["run", "--", "sh", "-c", "env | grep ^AUTHY_ | sort"])
        .env("AUTHY_KEYFILE", p.t.key())
        .env("AUTHY_IDENTITY", text(&p.t.key()))
        .env("AUTHY_PASSPHRASE", "secret")
        .ok();
    let vault = format!("AUTHY_VAULT={}", p.vault.display());
    done.stdout_is(format!("AUTHY_SCOPE=dev\nAUTHY_TOKEN=[authy:authy-token]\n{vault}\n"));
    // Nested, there is no way back to an identity that lies in HOME.
    let nested = |name| ["run", "--", "authy", "get", name];
    p.call(&nested("db-url")).env("HOME", p.t.home()).ok().stdout_is("[authy:db-url]");
    p.call(&nested("prod-key")).env("HOME", p.t.home()).ends().code_is(4).stdout_is("");
    let p = Place::new(&["--run-only"]);
    let show = ["run", "--", "sh", "-c", "env | grep ^AUTHY_TOKEN"];
    p.call(&show).ok().stdout_is("AUTHY_TOKEN=\n");
    p.call(&nested("db-url")).env("HOME", p.t.home()).ends().code_is(6).stdout_is("");
}
