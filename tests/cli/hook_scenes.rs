//! More scenes with the shell hook: what people do around a project, and what goes wrong there.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use crate::typed::{Typed, in_each_shell, write};

fn allow(t: &crate::harness::Sandbox, folder: &str) {
    t.authy(["allow", "--yes"]).dir(t.work().join(folder)).ok();
}

#[test]
fn ways_in_and_out_are_all_noticed() {
    in_each_shell(|t, shell| {
        allow(t, "proj");
        // In one line, by a stack of folders, and back by `cd -`.
        shell.shows("cd proj/sub", "+claude");
        shell.shows("cd -", "-claude");
        shell.shows("pushd proj", "+claude");
        shell.shows("popd", "-claude");
        shell.shows("cd proj; cd ..", "-claude");
        // Out of the inside of one project into another one.
        write(t, "out", "scope = \"db\"\naliases = [\"aider\"]\n");
        allow(t, "out");
        shell.line("cd proj/sub");
        shell.shows("cd ../../out", "authy: -claude +aider (scope db)");
        // A subshell begins with nothing of ours but what it finds itself.
        shell.shows("sh -c 'command -v claude'", "/bin/claude");
    });
}

#[test]
fn what_stands_behind_cd_on_the_line_has_the_new_project() {
    in_each_shell(|t, shell| {
        allow(t, "proj");
        write(t, "out", "scope = \"db\"\naliases = [\"claude\"]\n");
        allow(t, "out");
        let and = if shell.shell == "fish" { "; and" } else { " &&" };
        // From outside, from one project into the other, and out again.
        shell.shows(&format!("cd proj{and} claude in"), "ran:claude:canary:none:in:");
        shell.shows(&format!("cd ../out{and} claude other"), "ran:claude:none:");
        shell.shows(&format!("cd ../proj{and} claude back"), "ran:claude:canary:none:back:");
        shell.shows("cd ..; claude gone", "ran:claude:none:none:gone:");
        shell.shows("pushd proj; claude pushed; popd", "ran:claude:canary:none:pushed:");
        shell.shows("claude popped", "ran:claude:none:none:popped:");
        // A folder that a program of the same line changes is asked about when the program starts.
        if shell.shell != "fish" {
            shell.shows("(cd proj && claude sub)", "ran:claude:canary:none:sub:");
            shell.line("cd proj");
            shell.shows("(builtin cd .. && claude away)", "ran:claude:none:none:away:");
            shell.shows("claude still", "ran:claude:canary:none:still:");
            shell.line("cd ..");
        }
        let code = if shell.shell == "fish" { "$status" } else { "$?" };
        shell.shows(&format!("cd nowhere-at-all; echo status={code}"), "status=1");
    });
}

#[test]
fn what_the_user_made_of_cd_stays() {
    in_each_shell(|t, shell| {
        allow(t, "proj");
        match shell.shell {
            "bash" => shell.line(
                "function cd { mine=called; builtin cd \"$@\"; }; eval \"$(authy hook bash)\"; set -u",
            ),
            "zsh" => shell.line("chpwd() { mine=called }; setopt nounset ksharrays"),
            _ => shell.line("function on_pwd --on-variable PWD; set -g mine called; end"),
        };
        shell.shows("cd proj; claude in; echo mine=$mine", "ran:claude:canary:none:in:");
        shell.shows("echo mine=$mine", "mine=called");
        shell.shows("cd ..; claude out", "ran:claude:none:none:out:");
    });
}

#[test]
fn two_shells_see_what_the_other_allows_and_denies() {
    in_each_shell(|t, first| {
        let mut second = Typed::start(t, first.shell);
        first.shows("cd proj", "is not allowed");
        second.shows("cd proj", "is not allowed");
        first.shows("authy allow --yes -q", "+claude");
        second.shows("true", "+claude");
        second.shows("authy deny -q", "-claude");
        first.shows("true", "-claude");
        first.shows("claude revoked", "ran:claude:none");
    });
}

#[test]
fn loading_the_hook_again_inside_a_project_leaves_nothing_behind() {
    in_each_shell(|t, shell| {
        allow(t, "proj");
        shell.line("cd proj");
        let again = match shell.shell {
            "fish" => "authy hook fish | source",
            "zsh" => "eval \"$(authy hook zsh)\"",
            _ => "eval \"$(authy hook bash)\"",
        };
        shell.line(again);
        shell.shows("claude in", "ran:claude:canary");
        shell.shows("cd ..", "-claude");
        shell.shows("claude out", "ran:claude:none");
    });
}

#[test]
fn a_folder_that_goes_and_a_file_that_is_no_file_are_survived() {
    in_each_shell(|t, shell| {
        allow(t, "proj");
        shell.shows("cd proj/sub", "+claude");
        fs::remove_dir_all(t.work().join("proj")).unwrap();
        shell.line("true");
        shell.shows("cd ../../out; echo here", "here");
        shell.shows("claude gone", "ran:claude:none");
        // Pipes, folders and unreadable files of that name hold nothing up.
        for make in ["mkfifo", "mkdir"] {
            t.sh(&format!("{make} out/.authy.toml")).ok();
            shell.shows("cd ../out; echo still", "still");
            shell.shows("claude odd", "ran:claude:none");
            shell.line("cd ..");
            t.sh("rm -r out/.authy.toml").ok();
            shell.line("cd out");
        }
        write(t, "out", "scope = \"agent\"\naliases = [\"claude\"]\n");
        let file = t.work().join("out/.authy.toml");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o0)).unwrap();
        shell.shows("claude unreadable", "ran:claude:none");
    });
}

#[test]
fn what_the_user_set_around_the_hook_keeps_working() {
    in_each_shell(|t, shell| {
        allow(t, "proj");
        match shell.shell {
            "bash" => shell.line("PROMPT_COMMAND=\"$PROMPT_COMMAND;mine=seen\""),
            "zsh" => shell.line("precmd() { mine=seen }"),
            _ => shell.line("function on_it --on-event fish_prompt; set -g mine seen; end"),
        };
        shell.shows("cd proj", "+claude");
        shell.shows("echo mine=$mine", "mine=seen");
        // Functions of the same name stay what they were.
        if shell.shell != "fish" {
            shell.line("cd ..");
            shell.line("aider() { echo fn:$1; }");
            write(t, "proj", "scope = \"agent\"\nuppercase = true\naliases = [\"aider\"]\n");
            allow(t, "proj");
            shell.line("cd proj");
            shell.shows("aider in", "ran:aider:canary");
            shell.line("cd ..");
            shell.shows("aider out", "fn:out");
        }
        // Strange words in the environment are no words of ours.
        shell.line(if shell.shell == "fish" { "set -gx IFS x" } else { "IFS=/" });
        shell.line("cd proj");
        shell.shows("cd ..", "authy: -");
    });
}

#[test]
fn without_authy_on_the_path_a_prompt_is_a_prompt() {
    in_each_shell(|t, shell| {
        allow(t, "proj");
        let path = match shell.shell {
            "fish" => "set -gx PATH /usr/bin /bin",
            _ => "PATH=/usr/bin:/bin",
        };
        shell.line(path);
        shell.line("cd proj");
        shell.shows("echo alive", "alive");
        shell.lacks("true", "command not found");
    });
}

#[test]
fn a_fresh_clone_of_a_hostile_repository_does_nothing() {
    in_each_shell(|t, shell| {
        write(
            t,
            "proj",
            "scope = \"agent\"\naliases = [\"claude\", \"aider\"]\nkeyfile = \"evil.key\"\nvault = \"evil\"\n\n[env]\nPATH = \"/evil\"\nBASH_ENV = \"evil.sh\"\n",
        );
        fs::write(t.work().join("proj/evil.sh"), "touch pwned\n").unwrap();
        t.sh("cd proj && git init -q && git add -A && git commit -qm evil && cd .. && git clone -q proj clone").ok();
        shell.shows("cd clone", "is not allowed");
        shell.lacks("true", "authy:");
        shell.shows("claude fresh", "ran:claude:none");
        shell.shows("echo \"key=$AUTHY_KEYFILE;\"", "key=;");
        shell.lacks("env", "evil.key");
        // What the other clone was allowed says nothing about this one.
        allow(t, "proj");
        shell.line("cd ..");
        shell.shows("cd clone", "is not allowed");
        assert!(!t.work().join("clone/pwned").exists());
    });
}
