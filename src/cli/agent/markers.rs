//! How agents are known, with the version each was seen in.

use std::ffi::OsString;

/// Variables that agents set for what they start: shell commands, servers, hooks. Seen in the
/// versions named, or documented by their makers.
const VARIABLES: [(&str, &str); 24] = [
    // For any agent; Claude Code 2.1.332 ends it in `_agent` for what the model runs and in
    // `_harness` for what a configuration starts, pi 1.6.0 says `pi`.
    ("AI_AGENT", "any agent"),
    ("CLAUDECODE", "Claude Code 2.1.332"),
    ("CLAUDE_CODE", "Claude Code"),
    ("CLAUDE_CODE_CHILD_SESSION", "Claude Code 2.1.332"),
    ("CODEX_THREAD_ID", "Codex CLI 0.171.0"),
    ("CODEX_SESSION_ID", "Codex CLI 0.171.0"),
    ("CODEX_CI", "Codex CLI 0.171.0"),
    ("CODEX_SANDBOX", "Codex CLI on macOS"),
    ("GEMINI_CLI", "Gemini CLI 0.61.0"),
    ("QWEN_CODE", "Qwen Code 0.24.4"),
    ("OPENCODE", "opencode 1.18.33"),
    ("OPENCODE_CLIENT", "opencode"),
    ("OPENCLAW_SHELL", "OpenClaw 2026.9.6"),
    ("OPENCLAW_CLI", "OpenClaw 2026.9.6"),
    ("COPILOT_CLI", "GitHub Copilot CLI 1.0.102"),
    ("COPILOT_AGENT_SESSION_ID", "GitHub Copilot CLI 1.0.102, its MCP servers too"),
    ("CLINE_ACTIVE", "Cline"),
    ("CLINE_NO_INTERACTIVE", "Cline CLI 3.0.65"),
    ("PI_CODING_AGENT", "pi 1.6.0"),
    ("CURSOR_AGENT", "Cursor"),
    ("AUGMENT_AGENT", "Augment"),
    ("ANTIGRAVITY_AGENT", "Antigravity"),
    ("GOOSE_TERMINAL", "Goose"),
    // The least particular comes last: another one says more.
    ("AGENT", "opencode 1.18.33, and others by agreement"),
];

/// Processes that start servers with no marker at all. A name is what the system keeps of it:
/// 15 bytes (`TASK_COMM_LEN`, proc_pid_comm(5)).
#[cfg(target_os = "linux")]
const PROCESSES: [(&str, &str); 3] = [
    ("codex", "Codex CLI 0.171.0"),
    (CODEX_SANDBOX, "Codex CLI 0.171.0"),
    ("openclaw-gateway", "OpenClaw 2026.9.6"),
];

/// The first process of the sandbox in which Codex runs commands.
#[cfg(target_os = "linux")]
const CODEX_SANDBOX: &str = "codex-linux-sandbox";

/// Returns the variable of an agent that is set, if any.
pub(super) fn of_variables(variable: &dyn Fn(&str) -> Option<OsString>) -> Option<&'static str> {
    let is_set = |value: OsString| !value.is_empty() && value != "0";
    let mut names = VARIABLES.into_iter().map(|(name, _)| name);
    names.find(|name| variable(name).is_some_and(is_set))
}

/// Returns the agent that a process of this name is, if any.
#[cfg(target_os = "linux")]
pub(super) fn of_process(name: &str) -> Option<&'static str> {
    PROCESSES.into_iter().map(|(whole, _)| whole).find(|whole| kept(whole) == name)
}

/// Whether a process of this name begins the sandbox of an agent.
#[cfg(target_os = "linux")]
pub(super) fn is_sandbox(name: &str) -> bool {
    kept(CODEX_SANDBOX) == name
}

/// What the system keeps of the name of a process.
#[cfg(target_os = "linux")]
fn kept(whole: &str) -> &str {
    whole.get(..15).unwrap_or(whole)
}

#[cfg(test)]
mod tests {
    use super::of_variables;

    #[test]
    fn a_marker_is_a_variable_with_a_value() {
        let set = |name: &'static str, value: &'static str| {
            move |asked: &str| (asked == name).then(|| value.into())
        };
        assert_eq!(of_variables(&set("CLAUDECODE", "1")), Some("CLAUDECODE"));
        assert_eq!(of_variables(&set("AI_AGENT", "goose")), Some("AI_AGENT"));
        assert_eq!(of_variables(&set("AGENT", "1")), Some("AGENT"));
        for none in [set("CLAUDECODE", ""), set("CLAUDECODE", "0"), set("EDITOR", "vi")] {
            assert_eq!(of_variables(&none), None);
        }
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_long_name_is_known_by_its_beginning() {
        use super::of_process;
        assert_eq!(of_process("codex"), Some("codex"));
        assert_eq!(of_process("openclaw-gatewa"), Some("openclaw-gateway"));
        for other in ["codex-x", "openclaw-gateway-x", "openclaw", ""] {
            assert_eq!(of_process(other), None, "{other}");
        }
    }
}
