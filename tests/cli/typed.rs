//! Real shells on a terminal with the hook loaded, typed at line by line.

use std::fs;

use crate::harness::{Sandbox, needs};
use crate::screen::Screen;

/// A shell that is typed at, one line after the other.
pub(crate) struct Typed {
    pub(crate) screen: Screen,
    count: usize,
    pub(crate) shell: &'static str,
}

const SHELLS: [&str; 3] = ["bash", "zsh", "fish"];

/// A project with aliases, not allowed yet; a program `claude` that shows what it got.
pub(crate) fn project() -> Sandbox {
    let t = Sandbox::new();
    t.store([("api-key", "canary"), ("db-url", "other")]);
    t.policy("agent", ["api-*"]);
    t.policy("db", ["db-*"]);
    let bin = t.work().join("bin");
    fs::create_dir_all(&bin).unwrap();
    for tool in ["claude", "aider"] {
        let script = "#!/bin/sh\necho \"ran:${0##*/}:${API_KEY-none}:${db_url-none}:$*:\"\n";
        fs::write(bin.join(tool), script).unwrap();
    }
    t.sh("chmod +x bin/*").ok();
    for folder in ["proj/sub", "proj/inner", "out"] {
        fs::create_dir_all(t.work().join(folder)).unwrap();
    }
    write(&t, "proj", "scope = \"agent\"\nuppercase = true\naliases = [\"claude\"]\n");
    t
}

pub(crate) fn write(t: &Sandbox, folder: &str, lines: &str) {
    let file = t.work().join(folder).join(".authy.toml");
    fs::write(file, format!("[authy]\n{lines}")).unwrap();
}

impl Typed {
    pub(crate) fn start(t: &Sandbox, shell: &'static str) -> Self {
        // Without the user's files, and without what would decorate the lines.
        let words: &[&str] = match shell {
            "bash" => &["bash", "--norc", "--noprofile", "-i"],
            "zsh" => &["zsh", "-f", "-i"],
            _ => &["fish", "--no-config", "-i", "--features", "no-query-term"],
        };
        let mut typed = Self { screen: Screen::start(t, words), count: 0, shell };
        let path = match shell {
            "fish" => {
                "set -gx PATH $PWD/bin $PATH; function fish_prompt; end; set -g fish_greeting ''"
            }
            "zsh" => "PATH=$PWD/bin:$PATH; PS1=; unsetopt zle prompt_sp prompt_cr",
            _ => "PATH=$PWD/bin:$PATH; PS1=; bind 'set enable-bracketed-paste off'",
        };
        typed.line(path);
        let hook = match shell {
            "fish" => "authy hook fish | source",
            "zsh" => "eval \"$(authy hook zsh)\"",
            _ => "eval \"$(authy hook bash)\"",
        };
        typed.line(hook);
        typed
    }

    /// Types a line; returns what was shown until the prompt after it.
    pub(crate) fn line(&mut self, line: &str) -> String {
        self.count += 1;
        let done = format!("done-{}-", self.count);
        self.screen.keys(&format!("{line}\r"));
        // A line of its own, so that the hook has run between the two.
        self.screen.keys(&format!("echo do''ne-{}-\r", self.count));
        self.screen.read_until(&done)
    }

    pub(crate) fn shows(&mut self, line: &str, part: &str) {
        let shown = self.line(line);
        assert!(shown.contains(part), "{}: '{line}' should show '{part}':\n{shown}", self.shell);
    }

    pub(crate) fn lacks(&mut self, line: &str, part: &str) {
        let shown = self.line(line);
        assert!(
            !shown.contains(part),
            "{}: '{line}' should not show '{part}':\n{shown}",
            self.shell
        );
    }
}

pub(crate) fn in_each_shell(scene: impl Fn(&Sandbox, &mut Typed)) {
    for shell in SHELLS {
        if needs([shell]) {
            let t = project();
            scene(&t, &mut Typed::start(&t, shell));
        }
    }
}
