//! The agent guide's ways to start agents, as it writes them, with stand-ins for the agents that
//! say what they see.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use crate::harness::{Sandbox, needs};

/// A vault with what the guide stores, and the stand-ins on the PATH.
fn guided() -> Option<Sandbox> {
    if !needs(["python3", "bash"]) {
        return None;
    }
    let mut t = Sandbox::new();
    let bin = t.path("bin");
    fs::create_dir(&bin).unwrap();
    let stand_ins = Path::new(env!("CARGO_MANIFEST_DIR")).join(".ci/stand-ins");
    for name in ["claude", "aider", "openclaw", "npx", "npm", "cargo"] {
        symlink(stand_ins.join("agent"), bin.join(name)).unwrap();
    }
    symlink(stand_ins.join("docker"), bin.join("docker")).unwrap();
    let path = std::env::var("PATH").unwrap();
    t.set("PATH", format!("{}:{path}", bin.display()));
    t.store([
        ("anthropic-api-key", "sk-ant-1"),
        ("brave-api-key", "BSA-12"),
        ("github-token", "ghp_123"),
        ("prod-github-token", "never"),
        ("db-user", "app"),
        ("db-password", "p4ss"),
        ("db-host", "localhost"),
        ("db-name", "shop"),
        ("discord-token", "d-1"),
        ("telegram-bot-token", "t-12"),
        ("api-url", "http://api"),
        ("cache-url", "redis://"),
        ("db-dev-host", "devhost"),
    ]);
    t.sh(r#"set -e
authy policy create claude-code \
  --allow "anthropic-*" \
  --allow "github-*" \
  --allow "brave-*" \
  --deny "prod-*"
authy policy create claude-db --allow "db-*"
authy policy create openclaw \
  --allow "anthropic-*" \
  --allow "discord-*" \
  --allow "telegram-*" \
  --deny "prod-*"
"#)
        .ok();
    Some(t)
}

const SEEN: &str =
    "sees ANTHROPIC_API_KEY (8 bytes), BRAVE_API_KEY (6 bytes), GITHUB_TOKEN (7 bytes)";

#[test]
fn claude_code_is_launched_with_injected_secrets() {
    let Some(t) = guided() else { return };
    t.sh("authy run --scope claude-code --uppercase --replace-dash _ -- claude")
        .ok()
        .stdout_has(&format!("claude: {SEEN}\n"))
        .stdout_lacks("PROD");
}

#[test]
fn servers_get_their_secrets_by_mcp_json() {
    let Some(t) = guided() else { return };
    t.write(
        ".mcp.json",
        r#"{
"mcpServers": {
"brave-search": {
"command": "npx",
"args": ["-y", "@anthropic-ai/mcp-server-brave-search"],
"env": {
"BRAVE_API_KEY": "${BRAVE_API_KEY}"
}
},
"github": {
"command": "npx",
"args": ["-y", "@anthropic-ai/mcp-server-github"],
"env": {
"GITHUB_PERSONAL_ACCESS_TOKEN": "${GITHUB_TOKEN}"
}
}
}
}"#,
    );
    t.sh("authy run --scope claude-code --uppercase --replace-dash _ -- claude")
        .ok()
        .stdout_has("GITHUB_PERSONAL_ACCESS_TOKEN (7 bytes)")
        .stdout_has("server brave-search ended with 0")
        .stdout_has("server github ended with 0");
    // Without authy the variables are not there, and the stand-in notices.
    t.sh("claude").ends().code_is(1).stdout_has("server github ended with 1");
}

#[test]
fn a_wrapper_puts_secrets_among_the_arguments_of_a_server() {
    let Some(t) = guided() else { return };
    let wrapper = r#"#!/bin/bash
# ~/.authy/mcp-postgres.sh
USER=$(authy get db-user)
PASS=$(authy get db-password)
HOST=$(authy get db-host)
DB=$(authy get db-name)
exec npx -y @anthropic-ai/mcp-server-postgres "postgresql://${USER}:${PASS}@${HOST}/${DB}"
"#;
    fs::write(t.vault().join("mcp-postgres.sh"), wrapper).unwrap();
    t.write(
        ".mcp.json",
        r#"{
"mcpServers": {
"postgres": {
"command": "authy",
"args": ["run", "--scope", "claude-db", "--", "/bin/bash", "~/.authy/mcp-postgres.sh"]
}
}
}"#,
    );
    t.sh("claude")
        .ok()
        .stdout_has(
            "'postgresql://[authy:db-user]:[authy:db-password]@[authy:db-host]/[authy:db-name]'",
        )
        .stdout_has("server postgres ended with 0");
    // The vault is none the worse for the file in it.
    t.authy(["check"]).ok();
}

#[test]
fn a_tilde_is_written_out_only_for_a_file_that_is_there() {
    let t = Sandbox::new();
    t.policy("none", ["x-*"]);
    fs::write(t.home().join("there"), "").unwrap();
    let run =
        |word: &str| t.authy(["run", "--scope", "none", "--", "printf", "%s", word]).ok().text();
    assert_eq!(run("~/there"), t.home().join("there").to_str().unwrap());
    for word in ["~/absent", "~", "~root/x", "a~/there", "'~/there'"] {
        assert_eq!(run(word), word);
    }
    t.write("~/there", "");
    assert_eq!(run("~/there"), "~/there");
}

#[test]
fn a_project_file_and_aliases_spare_the_flags() {
    let Some(t) = guided() else { return };
    t.write(
        ".authy.toml",
        r#"# .authy.toml (in project root)
[authy]
scope = "claude-code"
keyfile = "~/.authy/keys/master.key"
uppercase = true
replace_dash = "_"
aliases = ["claude", "aider"]
"#,
    );
    let bash = |script: &str| {
        let script = format!("shopt -s expand_aliases\n{script}");
        t.program("bash", ["--norc", "-c", &script])
    };
    t.authy(["allow", "--yes"]).ok();
    bash("eval \"$(authy alias --from-project)\"\nclaude\naider")
        .ok()
        .stdout_has(&format!("claude: {SEEN}"))
        .stdout_has(&format!("aider: {SEEN}"));
    bash("eval \"$(authy hook bash)\"\n_authy_hook\nclaude -p 'two words'\necho $AUTHY_KEYFILE")
        .ok()
        .stdout_has("called with ['-p', 'two words']")
        .stdout_has(&format!("claude: {SEEN}"))
        .stdout_has("/.authy/keys/master.key\n");
    // Naming comes from the project file here; elsewhere from flags.
    bash("eval \"$(authy alias claude-code claude aider)\"\naider")
        .ok()
        .stdout_has(&format!("aider: {SEEN}"));
    bash("alias claude='authy run --scope claude-code --uppercase --replace-dash _ -- claude'\nclaude")
        .ok()
        .stdout_has(&format!("claude: {SEEN}"));
}

#[test]
fn a_developer_starts_claude_code_with_a_token() {
    let Some(t) = guided() else { return };
    t.sh(r#"set -e
TOKEN=$(authy session create --scope claude-code --ttl 8h --label "dev session")
export AUTHY_TOKEN="$TOKEN"
export AUTHY_KEYFILE=~/.authy/keys/master.key
authy run --scope claude-code --uppercase --replace-dash _ -- claude
"#)
        .ok()
        .stdout_has(&format!("claude: {SEEN}\n"));
}

#[test]
fn openclaw_is_launched_directly_and_for_each_task() {
    let Some(t) = guided() else { return };
    t.sh(r#"set -e
authy run --scope openclaw --uppercase --replace-dash _ -- openclaw
authy policy create openclaw-discord \
--allow "anthropic-api-key" \
--allow "discord-*"
authy policy create openclaw-telegram \
--allow "anthropic-api-key" \
--allow "telegram-*"
authy run --scope openclaw-discord --uppercase --replace-dash _ -- openclaw --profile discord
authy run --scope openclaw-telegram --uppercase --replace-dash _ -- openclaw --profile telegram
"#)
    .ok()
    .stdout_is(
        "openclaw: called with []\n\
         openclaw: sees ANTHROPIC_API_KEY (8 bytes), DISCORD_TOKEN (3 bytes), TELEGRAM_BOT_TOKEN (4 bytes)\n\
         openclaw: called with ['--profile', 'discord']\n\
         openclaw: sees ANTHROPIC_API_KEY (8 bytes), DISCORD_TOKEN (3 bytes)\n\
         openclaw: called with ['--profile', 'telegram']\n\
         openclaw: sees ANTHROPIC_API_KEY (8 bytes), TELEGRAM_BOT_TOKEN (4 bytes)\n",
    );
}

#[test]
fn openclaw_starts_in_a_container_with_the_vault_mounted() {
    let Some(t) = guided() else { return };
    t.write(
        "Dockerfile",
        r#"FROM openclaw/openclaw:latest
# Install authy binary
COPY --from=authy-builder /usr/local/bin/authy /usr/local/bin/authy
# Don't bake secrets into the image
COPY openclaw.json /config/openclaw.json
ENTRYPOINT ["authy", "run", "--scope", "openclaw", "--uppercase", "--replace-dash", "_", "--", "openclaw", "--config", "/config/openclaw.json"]
"#,
    );
    t.sh(r"set -e
docker build -t my-openclaw-image .
docker run -v ~/.authy:/root/.authy:ro my-openclaw-image
docker run \
-v ~/.authy:/root/.authy:ro \
-e AUTHY_KEYFILE=/root/.authy/keys/master.key \
--entrypoint authy \
openclaw/openclaw:latest \
run --scope openclaw --uppercase --replace-dash _ -- openclaw
")
        .ok()
        .stdout_has("called with ['--config', '/config/openclaw.json']\n")
        .stdout_has(
            "openclaw: called with []\nopenclaw: sees ANTHROPIC_API_KEY (8 bytes), DISCORD",
        );
}

#[test]
fn pipelines_and_several_projects_work_as_the_guide_says() {
    let Some(t) = guided() else { return };
    fs::create_dir_all(t.home().join("frontend")).unwrap();
    fs::create_dir_all(t.home().join("backend")).unwrap();
    let file = |folder: &str, rest: &str| {
        let text = format!("[authy]\nscope = \"{folder}\"\nuppercase = true\n{rest}");
        fs::write(t.home().join(folder).join(".authy.toml"), text).unwrap();
    };
    file("frontend", "aliases = [\"claude\"]\n");
    file("backend", "replace_dash = \"_\"\naliases = [\"claude\", \"aider\"]\n");
    t.script("scripts/deploy.sh", "echo \"deploy with ${#AWS_KEY}\"");
    t.sh(r#"set -e
echo k3y | authy store aws-key
authy policy create ci-deploy \
--allow "aws-*" \
--allow "docker-registry-*" \
--deny "aws-root-*"
authy run --scope ci-deploy --uppercase --replace-dash _ -- ./scripts/deploy.sh
authy policy create frontend --allow "api-*" --allow "feature-flags-*"
authy policy create backend --allow "db-dev-*" --allow "cache-*" --allow "api-*" --deny "db-prod-*"
cd ~/frontend && authy run -- npm run dev
cd ~/backend && authy run -- cargo run
"#)
        .ok()
        .stdout_has("deploy with 3\n")
        .stdout_has("npm: called with ['run', 'dev']\nnpm: sees API_URL (10 bytes)\n")
        .stdout_has("cargo: sees API_URL (10 bytes), CACHE_URL (8 bytes), DB_DEV_HOST (7 bytes)\n");
    let hooked = r#"shopt -s expand_aliases
eval "$(authy hook bash)"
cd ~/frontend; authy allow --yes; _authy_hook
claude
cd ~/backend; authy allow --yes; _authy_hook
claude"#;
    t.program("bash", ["--norc", "-c", hooked])
        .ok()
        .stdout_has("claude: sees API_URL (10 bytes)\n")
        .stdout_has(
            "claude: sees API_URL (10 bytes), CACHE_URL (8 bytes), DB_DEV_HOST (7 bytes)\n",
        );
}
