//! Where agents and shells write down what they saw and were told.

use std::path::{Path, PathBuf};

/// A folder of an agent: the variable that moves it, and where it is otherwise.
const AGENTS: [(&str, &str); 9] = [
    ("CLAUDE_CONFIG_DIR", ".claude"),
    ("CODEX_HOME", ".codex"),
    ("", ".gemini"),
    ("", ".local/share/opencode"),
    ("", ".copilot"),
    ("OPENCLAW_STATE_DIR", ".openclaw"),
    ("", ".cursor"),
    ("", ".config/Claude"),
    ("XDG_CACHE_HOME", ".cache"),
];

/// Files in which shells and programs with a prompt keep what was typed.
const HISTORIES: [(&str, &str); 20] = [
    ("HISTFILE", ".bash_history"),
    ("", ".bash_history"),
    ("", ".zsh_history"),
    ("", ".zhistory"),
    ("", ".local/share/fish/fish_history"),
    ("", ".claude.json"),
    ("", ".python_history"),
    ("", ".node_repl_history"),
    ("", ".psql_history"),
    ("", ".mysql_history"),
    ("", ".rediscli_history"),
    ("", ".sqlite_history"),
    ("", ".lesshst"),
    ("", ".viminfo"),
    ("", ".local/state/nvim/shada"),
    ("", ".mongodb/mongosh"),
    ("", ".irb_history"),
    ("", ".npm/_logs"),
    ("", ".aider.chat.history.md"),
    ("", ".wget-hsts"),
];

/// What Gemini CLI leaves in the system's temporary folder where the API failed: the conversation.
const OF_GEMINI: &str = "gemini-client-error-";

/// The files and folders that are there, of those in which agents and shells write down what they saw
/// and were told. `variable` looks up where a program keeps its own.
pub fn transcript_places(
    home: &Path,
    temporary: &Path,
    variable: &dyn Fn(&str) -> Option<PathBuf>,
) -> Vec<PathBuf> {
    // What was written before a variable was set lies where it lay.
    let place = |(name, usual): &(&str, &str)| {
        let named = Some(*name).filter(|name| !name.is_empty()).and_then(variable);
        named.into_iter().chain([home.join(usual)])
    };
    let mut places: Vec<PathBuf> = AGENTS.iter().chain(&HISTORIES).flat_map(place).collect();
    if let Ok(entries) = std::fs::read_dir(temporary) {
        let of_gemini = entries
            .flatten()
            .filter(|entry| entry.file_name().to_string_lossy().starts_with(OF_GEMINI));
        places.extend(of_gemini.map(|entry| entry.path()));
    }
    places.retain(|place| place.exists());
    places.sort();
    places.dedup();
    places
}

#[cfg(test)]
mod tests {
    use super::transcript_places;

    #[test]
    fn what_is_there_is_named_wherever_a_variable_puts_it() {
        let home = tempfile::tempdir().unwrap();
        let at = |path: &str| home.path().join(path);
        for folder in [".claude", "elsewhere", "tmp/gemini-client-error-x.json", "tmp/other"] {
            std::fs::create_dir_all(at(folder)).unwrap();
        }
        std::fs::write(at(".bash_history"), "x").unwrap();
        let variable = |name: &str| (name == "CODEX_HOME").then(|| at("elsewhere"));
        let found = transcript_places(home.path(), &at("tmp"), &variable);
        let expected =
            [".bash_history", ".claude", "elsewhere", "tmp/gemini-client-error-x.json"].map(at);
        assert_eq!(found, expected);
    }
}
