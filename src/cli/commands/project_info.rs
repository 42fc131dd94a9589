//! `authy project-info`.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::ExitCode;

use authy::{ProjectFile, ToolName, printable};

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Show the .authy.toml of this folder, and whether it is allowed
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy project-info
  authy project-info --json")]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let file = env.the_project()?;
        let allowed = env.allows(file);
        if env.ui().wants_json() {
            env.ui().json(&as_json(file, allowed))?;
        } else {
            let allowed = line("allowed", if allowed { "yes" } else { "no" });
            env.ui().data(format!("{}{allowed}", describe(file)).as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn as_json(file: &ProjectFile, allowed: bool) -> serde_json::Value {
    let text = |path: &std::path::PathBuf| path.to_string_lossy().into_owned();
    serde_json::json!({
        "path": text(&file.path),
        "allowed": allowed,
        "scope": file.scope,
        "vault": file.vault.as_ref().map(text),
        "keyfile": file.keyfile.as_ref().map(text),
        "token_file": file.token_file.as_ref().map(text),
        "uppercase": file.uppercase,
        "replace_dash": file.replace_dash,
        "prefix": file.prefix,
        "aliases": file.aliases.as_deref().map(words),
        "env": file.env,
        "require": file.require.iter().map(|(name, purpose)| (name.as_str(), purpose)).collect::<BTreeMap<_, _>>(),
        "files": file.files.iter().map(|(name, path)| (name, text(path))).collect::<BTreeMap<_, _>>(),
    })
}

/// Describes what the file does, a line each.
pub(super) fn describe(file: &ProjectFile) -> String {
    let path = |path: &Path| path.to_string_lossy().into_owned();
    let mut out = line("file", &path(&file.path));
    let mut add = |what: &str, value: Option<String>| {
        if let Some(value) = value {
            out.push_str(&line(what, &value));
        }
    };
    add("scope", file.scope.as_ref().map(ToString::to_string));
    add("vault", file.vault.as_deref().map(path));
    add("keyfile", file.keyfile.as_deref().map(path));
    add("token-file", file.token_file.as_deref().map(path));
    add("uppercase", file.uppercase.map(|yes| if yes { "yes" } else { "no" }.to_owned()));
    add("replace-dash", file.replace_dash.map(String::from));
    add("prefix", file.prefix.clone());
    add("aliases", file.aliases.as_deref().map(|names| words(names).join(" ")));
    for (variable, template) in &file.env {
        add("variable", Some(format!("{variable} = {template}")));
    }
    for (variable, template) in &file.files {
        add("file", Some(format!("{variable} = {}", path(template))));
    }
    for (name, purpose) in &file.require {
        add("requires", Some(format!("{name}: {purpose}")));
    }
    out
}

fn words(names: &[ToolName]) -> Vec<&str> {
    names.iter().map(ToolName::as_str).collect()
}

fn line(what: &str, value: &str) -> String {
    format!("{:<14}{}\n", format!("{what}:"), printable(value))
}
