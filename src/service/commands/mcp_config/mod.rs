//! The entry of `authy mcp` in the settings of MCP clients, each in its own form. What a client needs
//! stands in the words of the command: they take variables away from the servers that they start.

use std::path::PathBuf;

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstInputValue, CstRootNode};
use serde::Serialize;

use crate::fs;
use crate::kind::{Failure, Kind};
use crate::name::printable;
use crate::service::base::Result;
use crate::words::{words, words_read};

/// The largest file of settings in bytes.
const LARGEST: usize = 4 << 20;
/// What the server is called there.
const NAME: &str = "authy";

words! {
    /// A client whose settings are known, as of the version in which they were read.
    pub enum McpClient {
        /// Claude Code 2.1, in the project.
        Claude = "claude",
        /// Codex CLI 0.171.
        Codex = "codex",
        /// Gemini CLI 0.61, in the project.
        Gemini = "gemini",
        /// opencode 1.18, in the project.
        Opencode = "opencode",
        /// OpenClaw 2026.9.
        Openclaw = "openclaw",
        /// GitHub Copilot CLI 1.0.
        Copilot = "copilot",
        /// Cursor, in the project.
        Cursor = "cursor",
        /// VS Code, in the project.
        Vscode = "vscode",
    }
}
words_read!(McpClient { Claude, Codex, Gemini, Opencode, Openclaw, Copilot, Cursor, Vscode });

/// How a client is to start the server.
#[derive(Debug, Clone)]
pub struct McpServer {
    /// The user's home folder.
    pub home: PathBuf,
    /// The project's folder.
    pub project: PathBuf,
    /// This program.
    pub program: PathBuf,
    /// The words behind it: `mcp` and what follows.
    pub words: Vec<String>,
}

/// An entry for a client.
#[derive(Debug, Clone, Serialize)]
pub struct McpEntry {
    /// The file of settings.
    pub path: PathBuf,
    /// What is to stand in it.
    pub entry: String,
    /// Whether it stands there, as it is or another.
    pub is_there: bool,
    /// Whether it was written just now.
    pub is_written: bool,
}

/// Makes the entry, and writes it with `write` where none stands. Comments and order of the file stay.
///
/// # Errors
/// The file cannot be read or written, or is not what the client reads.
pub fn mcp_config(client: McpClient, server: &McpServer, write: bool) -> Result<McpEntry> {
    let form = form(client, server);
    let path = form.path.clone();
    let bytes = fs::read_named(&path, LARGEST)?.unwrap_or_default();
    let odd = || McpConfigError::Odd(path.clone());
    let text = String::from_utf8(bytes).map_err(|_| odd())?;
    let (new, entry) = match &form.keys {
        None => toml(&text, &form.words),
        Some(keys) => json(&text, keys, &form).ok_or_else(odd)?,
    };
    let is_there = new.is_none();
    if let (Some(new), true) = (new, write) {
        if let Some(folder) = path.parent() {
            fs::make_folders(folder)?;
        }
        fs::rewrite(&path, new.as_bytes())?;
        return Ok(McpEntry { path, entry, is_there, is_written: true });
    }
    Ok(McpEntry { path, entry, is_there, is_written: false })
}

struct Form {
    path: PathBuf,
    /// Where the servers stand in JSON; `None` for TOML.
    keys: Option<&'static [&'static str]>,
    /// The program and its words.
    words: Vec<String>,
    client: McpClient,
}

fn form(client: McpClient, server: &McpServer) -> Form {
    let (is_projects, file, keys): (_, _, Option<&'static [&'static str]>) = match client {
        McpClient::Claude => (true, ".mcp.json", Some(&["mcpServers"])),
        McpClient::Codex => (false, ".codex/config.toml", None),
        McpClient::Gemini => (true, ".gemini/settings.json", Some(&["mcpServers"])),
        McpClient::Opencode => (true, "opencode.json", Some(&["mcp"])),
        McpClient::Openclaw => (false, ".openclaw/openclaw.json", Some(&["mcp", "servers"])),
        McpClient::Copilot => (false, ".copilot/mcp-config.json", Some(&["mcpServers"])),
        McpClient::Cursor => (true, ".cursor/mcp.json", Some(&["mcpServers"])),
        McpClient::Vscode => (true, ".vscode/mcp.json", Some(&["servers"])),
    };
    // A project's file is everybody's, and so is the bare name.
    let program = match is_projects {
        true => NAME.to_owned(),
        false => server.program.to_string_lossy().into_owned(),
    };
    let folder = if is_projects { &server.project } else { &server.home };
    let words = std::iter::once(program).chain(server.words.clone()).collect();
    Form { path: folder.join(file), keys, words, client }
}

/// The file with the entry, where none stands, and the entry.
fn toml(text: &str, words: &[String]) -> (Option<String>, String) {
    let quoted = |word: &String| toml::Value::from(word.as_str()).to_string();
    let args: Vec<String> = words.iter().skip(1).map(quoted).collect();
    let program = words.first().map(quoted).unwrap_or_default();
    let entry =
        format!("[mcp_servers.{NAME}]\ncommand = {program}\nargs = [{}]\n", args.join(", "));
    let has = |table: &toml::Table| {
        let servers = table.get("mcp_servers").and_then(toml::Value::as_table);
        servers.is_some_and(|servers| servers.contains_key(NAME))
    };
    let gap = match text {
        "" => "",
        text if text.ends_with('\n') => "\n",
        _ => "\n\n",
    };
    // What is no TOML is left alone too.
    match toml::from_str::<toml::Table>(text) {
        Ok(table) if !has(&table) => (Some([text, gap, &entry].concat()), entry),
        _ => (None, entry),
    }
}

/// As [`toml`]; `None` where the file is not what the client reads.
fn json(text: &str, keys: &[&str], form: &Form) -> Option<(Option<String>, String)> {
    let root = CstRootNode::parse(text, &ParseOptions::default()).ok()?;
    let mut object = root.object_value_or_create()?;
    for key in keys {
        object = object.object_value_or_create(key)?;
    }
    let shown = serde_json::to_string_pretty(&entry(form)).ok()?;
    let shown = format!("\"{NAME}\": {shown}");
    if object.get(NAME).is_some() {
        return Some((None, shown));
    }
    object.append(NAME, input(&entry(form)));
    let mut new = root.to_string();
    if !new.ends_with('\n') {
        new.push('\n');
    }
    Some((Some(new), shown))
}

fn entry(form: &Form) -> serde_json::Value {
    let (program, args) =
        form.words.split_first().map_or(("", &[][..]), |(first, rest)| (first, rest));
    match form.client {
        McpClient::Opencode => {
            serde_json::json!({"type": "local", "command": form.words, "enabled": true})
        }
        McpClient::Copilot => {
            serde_json::json!({"type": "local", "command": program, "args": args, "tools": ["*"]})
        }
        McpClient::Vscode => serde_json::json!({"type": "stdio", "command": program, "args": args}),
        _ => serde_json::json!({"command": program, "args": args}),
    }
}

fn input(value: &serde_json::Value) -> CstInputValue {
    match value {
        serde_json::Value::Null => CstInputValue::Null,
        serde_json::Value::Bool(is) => CstInputValue::Bool(*is),
        serde_json::Value::Number(number) => CstInputValue::Number(number.to_string()),
        serde_json::Value::String(text) => CstInputValue::String(text.clone()),
        serde_json::Value::Array(all) => CstInputValue::Array(all.iter().map(input).collect()),
        serde_json::Value::Object(all) => CstInputValue::Object(
            all.iter().map(|(key, value)| (key.clone(), input(value))).collect(),
        ),
    }
}

#[derive(Debug, thiserror::Error)]
pub(crate) enum McpConfigError {
    #[error("'{}' is not what that client reads, and stays as it is", printable(&.0.to_string_lossy()))]
    Odd(PathBuf),
}

impl Failure for McpConfigError {
    fn kind(&self) -> Kind {
        match self {
            Self::Odd(_) => Kind::Usage,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{McpClient, McpServer, mcp_config};

    fn server(root: &std::path::Path) -> McpServer {
        let words = ["mcp", "--token-file", "~/t \"x\""].map(str::to_owned).to_vec();
        let (home, project) = (root.join("home"), root.join("project"));
        McpServer { home, project, program: "/opt/authy".into(), words }
    }

    #[test]
    fn each_client_s_file_is_made_once_and_read_again() {
        for word in McpClient::WORDS {
            let (client, root) = (McpClient::parse(word).unwrap(), tempfile::tempdir().unwrap());
            let server = server(root.path());
            let shown = mcp_config(client, &server, false).unwrap();
            assert!(!shown.path.exists() && !shown.is_there, "{word}");
            let made = mcp_config(client, &server, true).unwrap();
            assert!(made.is_written);
            let text = fs::read_to_string(&made.path).unwrap();
            assert!(text.contains("--token-file") && text.ends_with('\n'), "{text}");
            match word {
                &"codex" => assert!(text.parse::<toml::Table>().is_ok(), "{text}"),
                _ => drop(serde_json::from_str::<serde_json::Value>(&text).unwrap()),
            }
            let again = mcp_config(client, &server, true).unwrap();
            assert!(again.is_there && !again.is_written, "{word}");
            assert_eq!(fs::read_to_string(&made.path).unwrap(), text);
        }
    }

    #[test]
    fn what_stands_in_a_file_stays() {
        let root = tempfile::tempdir().unwrap();
        let server = server(root.path());
        fs::create_dir_all(server.project.join(".vscode")).unwrap();
        let file = server.project.join(".vscode/mcp.json");
        let before = "{\n  // mine\n  \"servers\": {\n    \"other\": {\"command\": \"x\"}, // kept\n  },\n  \"inputs\": []\n}\n";
        fs::write(&file, before).unwrap();
        mcp_config(McpClient::Vscode, &server, true).unwrap();
        let text = fs::read_to_string(&file).unwrap();
        for kept in ["// mine", "// kept", "\"other\": {\"command\": \"x\"}", "\"inputs\": []"] {
            assert!(text.contains(kept), "{text}");
        }
        fs::create_dir_all(server.home.join(".codex")).unwrap();
        let config = server.home.join(".codex/config.toml");
        fs::write(&config, "model = \"x\" # mine\n[mcp_servers.other]\ncommand = \"y\"").unwrap();
        mcp_config(McpClient::Codex, &server, true).unwrap();
        let text = fs::read_to_string(&config).unwrap();
        assert!(text.starts_with(
            "model = \"x\" # mine\n[mcp_servers.other]\ncommand = \"y\"\n\n[mcp_servers.authy]"
        ));
        assert!(text.parse::<toml::Table>().is_ok(), "{text}");
        for odd in ["[1]", "{", "{\"servers\": 3}"] {
            fs::write(&file, odd).unwrap();
            assert!(mcp_config(McpClient::Vscode, &server, true).is_err(), "{odd}");
            assert_eq!(fs::read_to_string(&file).unwrap(), odd);
        }
    }
}
