//! `authy project-info`.

use std::process::ExitCode;

use authy::{Kind, ProjectFile, printable};

use crate::cli::context::{World, allowed};
use crate::cli::error::Failure;

/// Show the .authy.toml found from here, and whether it is allowed
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(world: &World, _: &Args) -> Result<ExitCode, Failure> {
    let Some(file) = world.project()? else {
        return Err(Failure::Words {
            message: "there is no .authy.toml here or above".to_owned(),
            hint: None,
            kind: Kind::NotFound,
        });
    };
    if world.json() {
        world.ui().value(&serde_json::json!({
            "path": file.path,
            "allowed": allowed(&file),
            "scope": file.scope,
            "vault": file.vault,
            "keyfile": file.keyfile,
            "uppercase": file.uppercase,
            "replace_dash": file.replace_dash,
            "prefix": file.prefix,
            "aliases": file.aliases,
            "env": file.env.keys().collect::<Vec<_>>(),
        }))?;
    } else {
        world.ui().line(&describe(&file))?;
        world.ui().line(if allowed(&file) { "allowed: yes" } else { "allowed: no" })?;
    }
    Ok(ExitCode::SUCCESS)
}

/// What the file does, a line each.
pub(super) fn describe(file: &ProjectFile) -> String {
    let shown = |path: &std::path::PathBuf| printable(&path.to_string_lossy());
    let mut lines = vec![format!("file: {}", shown(&file.path))];
    let mut add = |what: &str, value: Option<String>| {
        lines.extend(value.map(|value| format!("{what}: {value}")));
    };
    add("scope", file.scope.as_ref().map(ToString::to_string));
    add("vault", file.vault.as_ref().map(shown));
    add("keyfile", file.keyfile.as_ref().map(shown));
    add("uppercase", file.uppercase.map(|yes| yes.to_string()));
    add("replace_dash", file.replace_dash.map(|c| c.to_string()));
    add("prefix", file.prefix.as_deref().map(printable));
    add("aliases", file.aliases.as_ref().map(|names| printable(&names.join(" "))));
    for (variable, template) in &file.env {
        add("env", Some(format!("{} = {}", printable(variable), printable(template))));
    }
    lines.join("\n")
}
