//! Completions in real shells, manual pages, and a project file to begin with.

use crate::harness::{Sandbox, needs};

fn stocked() -> Sandbox {
    let t = Sandbox::new();
    t.store([("api-key", "canary-a"), ("api-token", "canary-b"), ("db/url", "canary-c")]);
    t.policy("backend", ["*"]);
    t
}

/// What a shell's completion makes of a line whose last word is being typed.
fn completed(t: &Sandbox, shell: &str, words: &[&str]) -> Vec<String> {
    let line = words.join(" ");
    let done = match shell {
        "fish" => {
            let ask = format!("authy completions fish | source; complete -C 'authy {line}'");
            t.program("fish", ["--no-config", "-c", &ask]).ok()
        }
        "zsh" => {
            let script = r#"autoload -Uz compinit; compinit -u -D
source <(authy completions zsh)
compdef() {} ; _describe() { local all=("${(@P)@[-1]}"); print -rl -- "${all[@]}" }
_arguments() {} ; words=(authy "$@"); CURRENT=$#words
"$_comps[authy]""#;
            t.program("zsh", [["-f", "-c", script, "zsh"].as_slice(), words].concat()).ok()
        }
        _ => {
            let script = r#"source <(authy completions bash)
COMP_WORDS=(authy "$@"); COMP_CWORD=$#; COMP_TYPE=9
_authy_complete authy "${!#}" "" 2>/dev/null
printf '%s\n' "${COMPREPLY[@]}""#;
            let fixed = ["--norc", "--noprofile", "-c", script, "bash"];
            t.program("bash", [fixed.as_slice(), words].concat()).ok()
        }
    };
    // zsh and fish tell what a word is behind it.
    let word = |line: &str| line.split(['\t', ':']).next().unwrap_or_default().trim().to_owned();
    done.text().lines().map(word).filter(|word| !word.is_empty()).collect()
}

#[test]
fn names_are_completed_in_real_shells_without_an_identity() {
    let t = stocked();
    let token = t.authy(["session", "create", "--scope", "backend", "--json"]).ok().json();
    let id = token["id"].as_str().unwrap();
    std::fs::remove_dir_all(t.vault().join("keys")).unwrap();
    let before = std::fs::read_dir(t.vault().join("audit")).unwrap().count();
    for shell in ["bash", "zsh", "fish"] {
        if !needs([shell]) {
            continue;
        }
        let says = |words: &[&str], expected: &[&str]| {
            assert_eq!(completed(&t, shell, words), expected, "{shell} {words:?}");
        };
        says(&["get", "api"], &["api-key", "api-token"]);
        says(&["get", ""], &["api-key", "api-token", "db/url"]);
        says(&["run", "--scope", ""], &["backend"]);
        says(&["policy", "show", "b"], &["backend"]);
        says(&["member", "show", ""], &["alice"]);
        says(&["session", "revoke", ""], &[id]);
        says(&["get", "--cl"], &["--clip"]);
        says(&["--vault", "nowhere", "get", "api"], &[]);
        assert!(completed(&t, shell, &["policy", ""]).contains(&"create".to_owned()), "{shell}");
    }
    assert_eq!(std::fs::read_dir(t.vault().join("audit")).unwrap().count(), before);
}

#[test]
fn behind_the_dashes_another_command_is_completed() {
    let t = stocked();
    t.write("only-here.txt", "");
    for shell in ["bash", "fish"] {
        if !needs([shell]) {
            continue;
        }
        let run = |last: &[&str]| {
            completed(&t, shell, &[&["run", "--scope", "backend", "--"], last].concat())
        };
        assert!(run(&["mkfif"]).contains(&"mkfifo".to_owned()), "{shell}");
        assert_eq!(run(&["cat", "only-h"]), ["only-here.txt"], "{shell}");
        // Elsewhere the dashes end flags, and nothing else.
        assert!(!completed(&t, shell, &["get", "--", "mkfif"]).contains(&"mkfifo".to_owned()));
    }
    if needs(["zsh"]) {
        let script = r#"autoload -Uz compinit; compinit -u -D; source <(authy completions zsh)
_normal() { print -r -- "normal $CURRENT ${(j: :)words}" }
words=(authy run --scope backend -- cat only-h); CURRENT=$#words
"$_comps[authy]""#;
        let done = t.program("zsh", ["-f", "-c", script]).ok();
        done.stdout_is("normal 2 cat only-h\n");
    }
}

#[test]
fn every_shell_has_a_script_and_removed_names_are_not_offered() {
    let t = stocked();
    for shell in ["bash", "elvish", "fish", "powershell", "zsh"] {
        t.authy(["completions", shell]).ok().stdout_has("AUTHY_COMPLETE").stdout_has("authy");
    }
    t.authy(["completions", "tcsh"]).fails(2);
    t.authy(["policy", "remove", "backend"]).ok();
    let ask = |words: &[&str]| {
        let words = [&["--", "authy"], words].concat();
        t.authy(words).env("AUTHY_COMPLETE", "fish").ok().text()
    };
    assert_eq!(ask(&["run", "--scope", ""]), "");
    assert_eq!(ask(&["get", "db"]), "db/url\n");
}

#[test]
fn every_command_has_a_manual_page() {
    let t = Sandbox::empty();
    t.authy(["man"]).ok().stdout_has(".TH authy 1").stdout_has("Exit codes");
    t.authy(["man", "policy", "create"]).ok().stdout_has("authy\\-policy\\-create");
    t.authy(["man", "nosuch"]).ends().code_is(2).stderr_has("authy help");
    t.authy(["man", "--dir", "pages"]).ok();
    for page in ["authy.1", "authy-run.1", "authy-policy-create.1", "authy-audit-verify.1"] {
        let text = std::fs::read_to_string(t.work().join("pages").join(page)).unwrap();
        assert!(text.contains("SYNOPSIS"), "{page}");
    }
    assert!(!t.work().join("pages/authy-hook-state.1").exists());
}

#[test]
fn a_project_file_is_made_for_the_scope() {
    let t = stocked();
    t.authy(["init", "--project"]).ok().stderr_has(".authy.toml").stderr_has("backend");
    t.authy(["run", "--", "sh", "-c", "test \"$API_KEY\" = canary-a"]).ok();
    t.authy(["project-info"]).ok().stdout_has("backend");
    t.authy(["init", "--project"]).fails(7).stderr_has("exists already");
    std::fs::remove_file(t.work().join(".authy.toml")).unwrap();
    t.policy("web", ["web-*"]);
    t.authy(["init", "--project"]).fails(2).stderr_has("backend, web");
    let made = t.authy(["init", "--project", "--scope", "web", "--json"]).ok().json();
    assert_eq!(made["scope"], "web");
    t.authy(["init", "--project", "--member", "x"]).fails(2);
    t.authy(["init", "--scope", "web"]).fails(2);
}
