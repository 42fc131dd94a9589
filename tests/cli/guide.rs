//! The commands of the agent guide, as it writes them.

use crate::harness::Sandbox;

#[test]
fn the_commands_about_secrets_policies_run_and_audit_work() {
    let t = Sandbox::new();
    let script = r#"set -e
echo "BSAxxxx..." | authy store brave-api-key
echo "sk-ant" | authy store anthropic-api-key
echo "h" | authy store db-dev-host
authy policy create claude-code \
  --allow "anthropic-*" \
  --allow "github-*" \
  --allow "brave-*" \
  --deny "prod-*"
authy policy create my-agent \
  --allow "api-*" \
  --allow "db-dev-*" \
  --deny "db-prod-*" \
  --deny "*-admin"
authy policy test --scope my-agent db-dev-host
if authy policy test --scope my-agent db-prod-host; then exit 1; fi
authy policy create agent-scope --allow "api-*" --allow "db-*" --run-only
authy run --scope claude-code --uppercase --replace-dash _ -- sh -c 'echo "$BRAVE_API_KEY $ANTHROPIC_API_KEY ${DB_DEV_HOST-none}"'
authy env --scope my-agent --format shell --uppercase --replace-dash '_'
authy run --scope my-agent --uppercase --replace-dash _ -- env | grep -E 'API|DB|TOKEN'
authy policy update my-agent --allow secret-name
authy audit show
authy audit verify
authy audit export > audit-$(date +%Y%m%d).json
"#;
    let done = t.sh(script).ok();
    done.stdout_has("ALLOWED")
        .stdout_has("DENIED")
        .stdout_has("BSAxxxx... sk-ant none\n")
        .stdout_has("export DB_DEV_HOST=")
        .stdout_has("DB_DEV_HOST=h\n");
}

#[test]
fn a_wrapper_script_reads_single_secrets_inside_run() {
    let t = Sandbox::new();
    t.store([("mytool-api-key", "k"), ("mytool-secret", "s"), ("other", "o")]);
    t.policy("mytool-scope", ["mytool-*"]);
    let script = t.script(
        "wrap-mytool.sh",
        "export MY_TOOL_API_KEY=$(authy get mytool-api-key)\nexport MY_TOOL_SECRET=$(authy get mytool-secret)\n\
         exec printf '%s|' \"$MY_TOOL_API_KEY\" \"$MY_TOOL_SECRET\" \"$@\"",
    );
    let words =
        ["run", "--scope", "mytool-scope", "--", "sh", script.to_str().unwrap(), "--some-flag"];
    t.authy(words).ok().stdout_is("k|s|--some-flag|");
}

#[test]
fn every_policy_template_is_accepted() {
    let t = Sandbox::new();
    let script = r#"set -e
authy policy create dev-agent --allow "api-*" --allow "search-*" --allow "github-token" --deny "prod-*" --deny "admin-*"
authy policy create db-dev --allow "db-dev-*" --allow "api-*" --deny "db-prod-*" --deny "db-admin-*"
authy policy create senior-dev --allow "*" --deny "master-key" --deny "recovery-codes-*"
authy policy create monitor --allow "datadog-api-key" --allow "grafana-token" --allow "sentry-dsn"
"#;
    t.sh(script).ok();
    t.authy(["policy", "test", "--scope", "senior-dev", "recovery-codes-1"])
        .ends()
        .code_is(4)
        .stdout_has("recovery-codes-*");
}

#[test]
fn the_commands_about_sessions_work() {
    let t = Sandbox::new();
    let script = r#"set -e
echo "v1" | authy store api-key
authy policy create my-agent --allow "api-*" --allow "db-*"
authy policy create claude-code --allow "api-*"
authy policy create frontend --allow "api-*"
authy session create --scope my-agent --ttl 8h
authy session create --scope my-agent --ttl 8h --run-only
authy session create --scope frontend --ttl 8h --label "alice-frontend"
TOKEN=$(authy session create --scope claude-code --ttl 8h --label "dev session")
( export AUTHY_TOKEN="$TOKEN"
  export AUTHY_KEYFILE=~/.authy/keys/master.key
  authy run --scope claude-code --uppercase --replace-dash _ -- sh -c 'test "$API_KEY" = v1'
  if echo x | authy store other; then exit 1; fi
  authy run --scope claude-code -- sh -c 'test "$AUTHY_TOKEN" && test -z "$AUTHY_KEYFILE"' )
authy session revoke "$(authy session list | sed -n 's/^\([0-9a-f]\{6\}\).*/\1/p' | head -n 1)"
authy session revoke-all
if AUTHY_TOKEN="$TOKEN" authy get api-key; then exit 1; fi
"#;
    let done = t.sh(script).ok().stderr_has("session tokens are read-only");
    assert_eq!(done.text().lines().filter(|line| line.starts_with("authy_v1.")).count(), 3);
}
