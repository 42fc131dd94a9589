//! `authy run`.

use std::ffi::OsString;
use std::path::PathBuf;

use authy::{Masking, RunCommand, SecretName};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::inject::InjectFlags;
use crate::cli::{leader, watch};

/// Run a command with a scope's secrets in its environment
///
/// authy becomes the command: signals, terminal and exit code are its own. With a session
/// token, in a run-only scope, or with --mask it stays and replaces the values in what the
/// command prints by [authy:NAME]. The first word that is no flag starts the command, and
/// from there on every word is the command's, as it is; only '~/FILE' of a file that is there
/// is written out, as no shell does that for the words in an agent's configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy run --scope backend --uppercase -- ./server --port 80
  authy run -- npm run dev                 scope and naming from .authy.toml
  authy run --scope ci --only 'aws-*' --clean-env -- ./deploy.sh
  authy run --scope mcp --env GITHUB_PERSONAL_ACCESS_TOKEN=github-token -- github-mcp-server stdio
  authy run --only 'db-*' -- ./migrate     an admin needs no scope
  authy run --watch -- npm run dev         starts again after a rotation
  DB_URL=sqlite: authy run --no-override -- ./test
  authy run --scope ci --file KUBECONFIG=kube.tmpl -- kubectl get pods")]
pub(crate) struct Args {
    #[command(flatten)]
    inject: InjectFlags,
    /// Set this variable to the value of the secret NAME, or to a text with {NAME} in it; may be
    /// repeated
    #[arg(long, value_name = "VARIABLE=NAME", value_parser = mapping)]
    env: Vec<(String, String)>,
    /// Set this variable to the path of a copy of TEMPLATE with its <authy:NAME> placeholders
    /// filled in; the copy is in memory and lasts as long as the command; may be repeated
    #[arg(long, value_name = "VARIABLE=TEMPLATE", value_parser = file)]
    file: Vec<(String, PathBuf)>,
    /// Give the command the secrets and hardly anything else of this environment
    #[arg(long)]
    clean_env: bool,
    /// Start the command again when a value of the scope changes
    #[arg(long, conflicts_with = "end_with_parent")]
    watch: bool,
    /// Leave variables that are set already as they are
    #[arg(long, conflicts_with = "clean_env")]
    no_override: bool,
    /// Give the command placeholders for what the scope seals, and put the values in on the wire;
    /// done anyway where the scope hands nothing out
    #[arg(long)]
    sealed: bool,
    /// Replace the values in what the command prints, as is done with a token
    #[arg(long, conflicts_with = "no_masking")]
    mask: bool,
    /// Leave what the command prints alone; a run-only scope masks all the same
    #[arg(long)]
    no_masking: bool,
    /// End when whoever started this ends: the MCP server, which asks for it
    #[arg(long, hide = true)]
    end_with_parent: bool,
    /// Run this, with these arguments
    #[arg(required = true, trailing_var_arg = true, value_name = "CMD")]
    command: Vec<OsString>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        if self.end_with_parent {
            leader::end_with_parent();
        }
        let ctx = env.context()?;
        let mut request = self.inject.request(env)?;
        if self.watch {
            // The same words, without the flag: what follows the program is the program's.
            let words: Vec<OsString> = std::env::args_os().skip(1).collect();
            let (ours, its) = words.split_at(words.len().saturating_sub(self.command.len()));
            let ours = ours.iter().filter(|word| *word != "--watch");
            let words: Vec<OsString> = ours.chain(its).cloned().collect();
            return watch::watch(&ctx, env.ui(), request.scope.as_ref(), &words);
        }
        if let Some(project) = env.project()?.filter(|file| !file.files.is_empty()) {
            env.must_be_allowed(project, "gives files to programs")?;
            request.files.extend(project.files.clone());
        }
        // Those that are typed come last and win.
        request.templates.extend(self.env);
        request.files.extend(self.file);
        if let Some(project) = env.project()? {
            request.required.clone_from(&project.require);
        }
        if self.no_override {
            let names = env.inherited().into_iter().map(|(name, _)| name);
            request.kept.extend(names.filter_map(|name| name.into_string().ok()));
        }
        let command = RunCommand {
            argv: self.command.into_iter().map(|word| env.word(word)).collect(),
            clean_env: self.clean_env,
            inherited: env.inherited(),
            masking: match (self.mask, self.no_masking) {
                (true, _) => Masking::On,
                (_, true) => Masking::Off,
                _ => Masking::Auto,
            },
            seal: self.sealed,
            leader: leader::leader(),
            sweeper: leader::sweeper(),
            holder: leader::holder(),
        };
        Ok(leader::end(authy::run(&ctx, &request, command)?))
    }

    /// Returns the words of the command.
    #[cfg(test)]
    pub(crate) fn into_words(self) -> Vec<OsString> {
        self.command
    }
}

/// Takes `VARIABLE=NAME` apart, or `VARIABLE=TEXT` with names in braces; gives the template.
fn mapping(text: &str) -> Result<(String, String), &'static str> {
    // What stands here is not repeated: somebody may have typed a value.
    const EXPECTED: &str =
        "expected VARIABLE=NAME with a secret's name, or a text with {NAME} in it";
    let (variable, meant) = text.split_once('=').ok_or(EXPECTED)?;
    let template = match meant.contains(['{', '}']) {
        true => meant.to_owned(),
        false => format!("{{{}}}", SecretName::parse(meant).map_err(|_| EXPECTED)?),
    };
    match variable.is_empty() {
        true => Err(EXPECTED),
        false => Ok((variable.to_owned(), template)),
    }
}

/// Takes `VARIABLE=TEMPLATE` apart.
fn file(text: &str) -> Result<(String, PathBuf), &'static str> {
    match text.split_once('=') {
        Some((variable, path)) if !variable.is_empty() && !path.is_empty() => {
            Ok((variable.to_owned(), path.into()))
        }
        _ => Err("expected VARIABLE=TEMPLATE"),
    }
}
