//! `authy hook-state`, which the shell hook calls where something changed.

use std::path::Path;
use std::process::ExitCode;

use authy::{ProjectFile, printable};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Tell the shell hook what this folder's project defines
///
/// One line each: 'scope NAME', 'keyfile PATH', 'alias NAME COMMAND'. Nothing for a project that
/// is not allowed, or that defines nothing.
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        // A prompt is no place for a failure: what is wrong is said in one line.
        let lines = match state(env) {
            Ok(lines) => lines,
            Err(failure) => {
                let hint = failure.hint().map(|hint| format!(" ({hint})")).unwrap_or_default();
                env.ui().note(format_args!("{failure}{hint}"));
                String::new()
            }
        };
        env.ui().data(lines.as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

fn state(env: &CliEnv) -> Result<String, Failure> {
    let Some(file) = env.project()? else { return Ok(String::new()) };
    let keyfile = file.keyfile.as_deref();
    let aliases = authy::project_aliases(file)?;
    if keyfile.is_none() && aliases.is_none() {
        return Ok(String::new());
    }
    env.must_be_allowed(file, "wants to define things in your shell")?;
    let mut lines = String::new();
    if let Some(keyfile) = keyfile {
        lines.push_str(&format!("keyfile {}\n", line(file, keyfile)?));
    }
    if let Some((scope, naming, tools)) = aliases {
        lines.push_str(&format!("scope {scope}\n"));
        for tool in &tools {
            let command = authy::alias_command(tool, &scope, &naming)?;
            lines.push_str(&format!("alias {tool} {command}\n"));
        }
    }
    Ok(lines)
}

/// A path that a line can hold.
fn line(file: &ProjectFile, keyfile: &Path) -> Result<String, Failure> {
    let odd = || Failure::OddPath(file.path.clone());
    let text = keyfile.to_str().filter(|text| printable(text) == **text).ok_or_else(odd)?;
    Ok(text.to_owned())
}
