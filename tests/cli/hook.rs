//! The shell hook in real shells on a terminal: what it sets, what it leaves alone, and that it
//! puts everything back.

use std::fs;

use crate::harness::needs;
use crate::typed::{Typed, in_each_shell, project, write};

#[test]
fn an_allowed_project_is_entered_and_left() {
    in_each_shell(|_, shell| {
        shell.shows("cd proj", "is not allowed");
        shell.shows("claude before", "ran:claude:none:none:before:");
        shell.lacks("cd sub; cd ..", "authy:");
        shell.shows("authy allow --yes -q", "authy: +claude (scope agent)");
        shell.shows("claude 'a b'", "ran:claude:canary:none:a b:");
        shell.lacks("cd sub", "authy:");
        shell.shows("claude deep", "ran:claude:canary:none:deep:");
        shell.shows("cd ../../out", "authy: -claude");
        shell.shows("claude out", "ran:claude:none:none:out:");
        shell.shows("cd ../proj", "authy: +claude (scope agent)");
    });
}

#[test]
fn what_the_user_had_comes_back() {
    in_each_shell(|t, shell| {
        write(
            t,
            "proj",
            "scope = \"agent\"\nkeyfile = \"~/.authy/keys/master.key\"\naliases = [\"claude\"]\n",
        );
        let mine = if shell.shell == "fish" {
            "function claude; echo mine:$argv; end; set -gx AUTHY_KEYFILE /some/where"
        } else {
            "alias claude='echo mine:'; export AUTHY_KEYFILE=/some/where"
        };
        shell.line(mine);
        shell.shows("claude 1", "mine:");
        shell.line("cd proj");
        shell.shows("AUTHY_KEYFILE= authy allow --yes -q", "+claude");
        shell.shows("echo key=$AUTHY_KEYFILE", "/.authy/keys/master.key");
        shell.shows("claude 2", "ran:claude");
        shell.shows("cd ..", "-claude");
        shell.shows("claude 3", "mine:");
        shell.shows("echo key=$AUTHY_KEYFILE", "key=/some/where");
        // What is changed inside is the user's, too.
        shell.line("cd proj");
        let other = mine.replace("mine", "newer");
        shell.line(&other);
        shell.line("cd ..");
        shell.shows("claude 4", "newer:");
    });
}

#[test]
fn a_file_that_changes_or_goes_is_noticed_at_the_next_prompt() {
    in_each_shell(|t, shell| {
        shell.line("cd proj");
        shell.shows("authy allow --yes -q", "+claude");
        write(
            t,
            "proj",
            "scope = \"agent\"\nuppercase = true\naliases = [\"claude\", \"aider\"]\n",
        );
        let shown = shell.line("true");
        assert!(shown.contains("is not allowed") && shown.contains("-claude"), "{shown}");
        shell.lacks("true", "authy:");
        shell.shows("claude edited", "ran:claude:none");
        shell.shows("authy allow --yes -q", "authy: +claude +aider (scope agent)");
        shell.shows("aider x", "ran:aider:canary");
        shell.shows("authy deny -q", "-aider");
        shell.shows("authy allow --yes -q", "+aider");
        fs::remove_file(t.work().join("proj/.authy.toml")).unwrap();
        shell.shows("true", "authy: -claude -aider");
        write(t, "proj", "scope = \"agent\"\naliases = [\"claude\"\n");
        shell.shows("true", "line 3");
        shell.shows("claude broken", "ran:claude:none");
    });
}

#[test]
fn nested_linked_and_oddly_named_folders_work() {
    in_each_shell(|t, shell| {
        let odd = "it's a \"dir\" $(touch pwned) `x`;&";
        fs::create_dir_all(t.work().join(odd)).unwrap();
        write(t, odd, "scope = \"db\"\naliases = [\"aider\"]\n");
        write(t, "proj/inner", "scope = \"db\"\naliases = [\"aider\"]\n");
        std::os::unix::fs::symlink(t.work().join("proj"), t.work().join("out/link")).unwrap();
        for folder in ["proj", "proj/inner", odd] {
            t.authy(["allow", "--yes"]).dir(t.work().join(folder)).ok();
        }
        shell.shows("cd proj", "authy: +claude (scope agent)");
        shell.shows("cd inner", "authy: -claude +aider (scope db)");
        shell.shows("aider in", "ran:aider:none:other:in:");
        shell.shows("cd ..", "authy: -aider +claude (scope agent)");
        shell.line("cd ..");
        shell.shows("cd it*", "authy: +aider (scope db)");
        shell.line("cd ..");
        // The same file by another way is the same project.
        shell.shows("cd out/link/sub", "authy: +claude (scope agent)");
        assert!(!t.work().join("pwned").exists());
    });
}

#[test]
fn the_prompt_keeps_the_exit_code_and_strict_shells_go_on() {
    in_each_shell(|_, shell| {
        match shell.shell {
            "fish" => shell.line("false"),
            _ => {
                shell.line("set -uo pipefail");
                shell.line("false")
            }
        };
        shell.line("cd proj");
        shell.line("authy allow --yes -q");
        if shell.shell != "fish" {
            shell.screen.keys("(exit 3)\r");
            shell.shows("echo code=$?", "code=3");
            shell.line("set -e");
        }
        shell.shows("cd ..", "-claude");
        shell.shows("cd proj", "+claude");
        shell.shows("claude strict", "ran:claude:canary");
    });
}

#[test]
fn a_hostile_project_runs_nothing_and_sets_nothing() {
    in_each_shell(|t, shell| {
        for lines in [
            "scope = \"agent\"\naliases = [\"claude\", \"sudo\"]\n",
            "scope = \"agent\"\naliases = [\"cd\"]\n",
            "scope = \"agent\"\naliases = [\"x;touch pwned\"]\n",
            "scope = \"agent\"\naliases = [\"claude\"]\nprefix = \"$(touch pwned)\"\n",
            "scope = \"agent\"\naliases = [\"claude\"]\nreplace_dash = \"`\"\n",
            "scope = \"agent\"\naliases = [\"claude\"]\nkeyfile = \"a\\nalias x touch\"\n",
        ] {
            write(t, "proj", lines);
            shell.line("cd proj");
            shell.shows("claude no", "ran:claude:none");
            t.authy(["allow", "--yes"]).dir(t.work().join("proj")).ends();
            shell.shows("claude neither", "ran:claude:none");
            shell.line("cd ..");
        }
        assert!(!t.work().join("proj/pwned").exists() && !t.work().join("pwned").exists());
    });
}

#[test]
fn aliases_are_printed_for_each_shell() {
    let t = project();
    let words = ["alias", "agent", "claude", "aider", "--uppercase", "--replace-dash", "_"];
    t.authy(words).ok().stdout_is(
        "alias claude='authy run --scope agent --uppercase --replace-dash _ -- claude'\n\
         alias aider='authy run --scope agent --uppercase --replace-dash _ -- aider'\n",
    );
    for (words, code) in [
        (&["alias", "agent", "sudo"][..], 2),
        (&["alias", "agent", "a;b"], 2),
        (&["alias", "agent", "claude", "--prefix", "$(x)"], 2),
        (&["alias", "agent"], 2),
        (&["alias"], 2),
        (&["alias", "--from-project"], 2),
    ] {
        t.authy(words).fails(code);
    }
    let inside = |words: &[&str]| t.authy(words).dir(t.work().join("proj"));
    inside(&["alias", "--from-project"]).fails(4).stderr_has("authy allow");
    inside(&["allow", "--yes"]).ok();
    let line = "alias claude='authy run --scope agent --uppercase -- claude'\n";
    inside(&["alias", "--from-project"]).ok().stdout_is(line);
    for (shell, load) in [
        ("bash", "eval \"$(authy alias agent claude --uppercase)\""),
        ("zsh", "eval \"$(authy alias agent claude --uppercase --shell zsh)\""),
        ("fish", "authy alias agent claude --uppercase --shell fish | source"),
    ] {
        if needs([shell]) {
            let mut typed = Typed::start(&t, shell);
            typed.line(load);
            typed.shows("claude by-alias", "ran:claude:canary");
        }
    }
}
