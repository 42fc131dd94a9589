//! The lines of the agent guide, typed one after the other into one interactive bash that changes
//! folders as the guide does. Stand-ins are the agents and the programs of the examples alone.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::harness::{Sandbox, needs};
use crate::screen::Screen;
use crate::vault::chmod;

/// A home with the programs that the guide starts, a vault, and secrets under its names.
fn home() -> Sandbox {
    let mut t = Sandbox::new();
    let bin = t.path("bin");
    fs::create_dir(&bin).unwrap();
    let stand_ins = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/stand-ins");
    for name in ["claude", "aider", "openclaw", "npx", "npm", "cargo", "mytool"] {
        symlink(stand_ins.join("agent"), bin.join(name)).unwrap();
    }
    let path = std::env::var("PATH").unwrap();
    t.set("PATH", format!("{}:{path}", bin.display()));
    for name in [
        "anthropic-api-key",
        "api-key",
        "aws-key",
        "db-dev-host",
        "db-host",
        "db-name",
        "db-password",
        "db-user",
        "discord-token",
        "github-token",
        "mytool-api-key",
        "mytool-secret",
        "secret-name",
    ] {
        t.store([(name, "value")]);
    }
    for (folder, lines) in [
        ("frontend", "scope = \"frontend\"\nuppercase = true\naliases = [\"claude\"]\n"),
        (
            "backend",
            "scope = \"backend\"\nuppercase = true\nreplace_dash = \"_\"\naliases = [\"claude\", \"aider\"]\n",
        ),
        (
            "project",
            "scope = \"claude-code\"\nkeyfile = \"~/.authy/keys/master.key\"\nuppercase = true\n\
             replace_dash = \"_\"\naliases = [\"claude\", \"aider\"]\n",
        ),
    ] {
        let folder = t.home().join(folder);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(".authy.toml"), format!("[authy]\n{lines}")).unwrap();
    }
    let print = "#!/bin/sh\nenv | grep -cE '^(API_KEY|DB_DEV_HOST|AWS_KEY)='\n";
    for script in ["my-script.sh", "scripts/deploy.sh"] {
        let file = t.home().join(script);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(&file, print).unwrap();
        chmod(&file, 0o755);
    }
    fs::write(
        t.home().join(".authy/wrap-mytool.sh"),
        "#!/bin/bash\nexport MY_TOOL_API_KEY=$(authy get mytool-api-key)\n\
         export MY_TOOL_SECRET=$(authy get mytool-secret)\nexec mytool \"$@\"\n",
    )
    .unwrap();
    t
}

/// A bash that is typed at; its prompt says how the last line ended.
struct Session {
    screen: Screen,
}

impl Session {
    fn start(t: &Sandbox) -> Self {
        let mut screen = Screen::start(t, &["bash", "--norc", "--noprofile", "-i"]);
        let prompt = "bind 'set enable-bracketed-paste off'; PS1='<$''?> '; export -n PS1; cd ~\r";
        screen.keys(prompt).until("<0> ");
        Self { screen }
    }

    /// Types lines as they stand there; the last one shows `part` and ends with `code`. Each
    /// waits for the one before it: a program that runs takes what is typed.
    #[track_caller]
    fn shows(&mut self, lines: &str, part: &str, code: u8) {
        let (mut shown, mut status) = (String::new(), String::new());
        for line in lines.replace("\\\n", "\\\r").lines() {
            self.screen.keys(&format!("{line}\r"));
            shown = self.screen.read_until("\n<");
            status = self.screen.read_until("> ");
        }
        assert_eq!(status.trim_end_matches("> "), code.to_string(), "{lines}\n{shown}");
        assert!(shown.contains(part), "'{lines}' should show '{part}':\n{shown}");
    }

    #[track_caller]
    fn works(&mut self, lines: &str) {
        self.shows(lines, "", 0);
    }
}

#[test]
fn every_line_of_the_guide_works_in_one_session() {
    if !needs(["python3", "bash"]) {
        return;
    }
    let t = home();
    let mut s = Session::start(&t);
    s.screen.keys("authy admin --keyfile ~/.authy/keys/master.key\r").shows("db-dev-host");
    s.screen.keys("q").until("\x1b[?1049l").until("<0> ");
    s.works(
        "authy policy create my-agent \\\n--allow \"api-*\" \\\n--allow \"db-dev-*\" \\\n--deny \"db-prod-*\" \\\n--deny \"*-admin\"",
    );
    s.shows("authy policy test --scope my-agent db-dev-host # ALLOWED", "ALLOWED", 0);
    s.shows("authy policy test --scope my-agent db-prod-host # DENIED", "DENIED", 4);
    s.shows("authy session create --scope my-agent --ttl 8h", "authy_v1.", 0);
    s.shows("authy session create --scope my-agent --ttl 8h --run-only", "authy_v1.", 0);
    s.works("authy policy create agent-scope --allow \"api-*\" --allow \"db-*\" --run-only");
    s.shows("authy session create --scope agent-scope --ttl 8h --run-only", "authy_v1.", 0);
    s.shows(
        "authy run --scope my-agent --uppercase --replace-dash _ -- ./my-script.sh",
        "\n2\r",
        0,
    );
    s.works("echo \"BSAxxxx...\" | authy store brave-api-key");
    s.works(
        "authy policy create claude-code \\\n--allow \"anthropic-*\" \\\n--allow \"github-*\" \\\n--allow \"brave-*\" \\\n--deny \"prod-*\"",
    );
    let launch = "authy run --scope claude-code --uppercase --replace-dash _ -- claude";
    s.shows(launch, "sees ANTHROPIC_API_KEY (5 bytes), BRAVE_API_KEY (10 bytes), GITHUB_TOKEN", 0);
    projects_and_tokens(&mut s, launch);
    openclaw_and_pipelines(&mut s);
    team_and_troubleshooting(&mut s);
    s.screen.keys("exit\r");
    s.screen.end();
}

/// Claude Code in a project, by alias and by token.
fn projects_and_tokens(s: &mut Session, launch: &str) {
    // The hook, and a project that was allowed once.
    s.works("eval \"$(authy hook bash)\" # or: eval \"$(authy hook zsh)\"");
    for folder in ["project", "frontend", "backend"] {
        s.works(&format!("(cd ~/{folder} && authy allow --yes -q)"));
    }
    s.shows("cd ~/project", "+claude +aider (scope claude-code)", 0);
    s.shows("claude", "sees ANTHROPIC_API_KEY", 0);
    s.works("eval \"$(authy alias --from-project)\"");
    s.works("eval \"$(authy alias claude-code claude aider)\"");
    s.works(&format!("alias claude='{launch}'"));
    s.shows("claude", "GITHUB_TOKEN (5 bytes)", 0);
    s.works("unalias claude aider; cd ~");
    // A developer with a token.
    s.works("TOKEN=$(authy session create --scope claude-code --ttl 8h --label \"dev session\")");
    s.works("export AUTHY_TOKEN=\"$TOKEN\"\nexport AUTHY_KEYFILE=~/.authy/keys/master.key");
    s.shows(launch, "sees ANTHROPIC_API_KEY", 0);
    s.works("unset AUTHY_TOKEN AUTHY_KEYFILE");
}

fn openclaw_and_pipelines(s: &mut Session) {
    s.works("echo \"your-telegram-token\" | authy store telegram-bot-token");
    s.works(
        "authy policy create openclaw \\\n--allow \"anthropic-*\" \\\n--allow \"discord-*\" \\\n--allow \"telegram-*\" \\\n--deny \"prod-*\"",
    );
    let openclaw = "authy run --scope openclaw --uppercase --replace-dash _ -- openclaw";
    s.shows(openclaw, "TELEGRAM_BOT_TOKEN (19 bytes)", 0);
    s.works("authy policy create openclaw-discord \\\n--allow \"anthropic-api-key\" \\\n--allow \"discord-*\"");
    s.works("authy policy create openclaw-telegram \\\n--allow \"anthropic-api-key\" \\\n--allow \"telegram-*\"");
    for task in ["discord", "telegram"] {
        let line = format!(
            "authy run --scope openclaw-{task} --uppercase --replace-dash _ -- openclaw --profile {task}"
        );
        s.shows(&line, &format!("called with ['--profile', '{task}']"), 0);
    }
    // Pipelines and several projects.
    s.works(
        "authy policy create ci-deploy \\\n--allow \"aws-*\" \\\n--allow \"docker-registry-*\" \\\n--deny \"aws-root-*\"",
    );
    let deploy = "authy run --scope ci-deploy --uppercase --replace-dash _ -- ./scripts/deploy.sh";
    s.shows(deploy, "\n1\r", 0);
    s.works("authy policy create frontend --allow \"api-*\" --allow \"feature-flags-*\"");
    s.works(
        "authy policy create backend --allow \"db-dev-*\" --allow \"cache-*\" --allow \"api-*\" --deny \"db-prod-*\"",
    );
    s.shows("cd ~/frontend && claude # frontend", "claude: sees API_KEY (5 bytes)\r", 0);
    s.shows("cd ~/backend && claude # backend", "claude: sees API_KEY (5 bytes), DB_DEV_HOST", 0);
    s.shows("cd ~/frontend && authy run -- npm run dev", "npm: sees API_KEY (5 bytes)\r", 0);
    s.shows(
        "cd ~/backend && authy run -- cargo run",
        "cargo: sees API_KEY (5 bytes), DB_DEV_HOST",
        0,
    );
    s.shows("cd; claude", "claude: sees nothing", 0);
}

fn team_and_troubleshooting(s: &mut Session) {
    s.shows(
        "authy session create --scope frontend --ttl 8h --label \"alice-frontend\"",
        "authy_v1.",
        0,
    );
    s.shows(
        "authy session create --scope backend --ttl 8h --label \"bob-backend\"",
        "authy_v1.",
        0,
    );
    s.works("TOKEN=$(authy session create --scope frontend)");
    s.works("export AUTHY_TOKEN=\"$TOKEN\"\nexport AUTHY_KEYFILE=~/.authy/keys/master.key");
    s.shows("authy run --scope frontend -- npm run dev", "npm: sees api_key (5 bytes)", 0);
    s.works("unset AUTHY_TOKEN AUTHY_KEYFILE");
    s.shows("authy session revoke abc123 # revoke one session", "not found", 3);
    s.works("authy session revoke-all # nuclear option");
    s.works("authy policy create mytool-scope --allow 'mytool-*'");
    let wrapped = "authy run --scope mytool-scope -- bash ~/.authy/wrap-mytool.sh --some-flag";
    s.shows(wrapped, "MY_TOOL_API_KEY (5 bytes), MY_TOOL_SECRET (5 bytes)", 0);
    // Templates of policies, troubleshooting, audit.
    for (scope, patterns) in [
        (
            "dev-agent",
            "--allow \"api-*\" \\\n--allow \"search-*\" \\\n--allow \"github-token\" \\\n--deny \"prod-*\" \\\n--deny \"admin-*\"",
        ),
        (
            "db-dev",
            "--allow \"db-dev-*\" \\\n--allow \"api-*\" \\\n--deny \"db-prod-*\" \\\n--deny \"db-admin-*\"",
        ),
        ("senior-dev", "--allow \"*\" \\\n--deny \"master-key\" \\\n--deny \"recovery-codes-*\""),
        (
            "monitor",
            "--allow \"datadog-api-key\" \\\n--allow \"grafana-token\" \\\n--allow \"sentry-dsn\"",
        ),
        ("my-scope", "--allow \"api-*\""),
    ] {
        s.works(&format!("authy policy create {scope} \\\n{patterns}"));
    }
    s.shows("authy policy test --scope my-scope secret-name", "DENIED", 4);
    s.works("authy policy update my-scope --allow secret-name");
    s.shows("authy session create --scope my-scope --ttl 8h", "authy_v1.", 0);
    let preview = "authy env --scope my-scope --format shell --uppercase --replace-dash '_'";
    s.shows(preview, "export API_KEY='value'", 0);
    let grep =
        "authy run --scope my-scope --uppercase --replace-dash _ -- env | grep -E 'API|DB|TOKEN'";
    s.shows(grep, "API_KEY=value", 0);
    s.shows("authy audit show", "session.create", 0);
    s.works("authy audit verify");
    s.works("authy audit export > audit-$(date +%Y%m%d).json");
}
