//! `authy session create`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use authy::{ScopeName, SecretBytes, SessionCreated, SessionOptions, Ttl};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Create a session and print its token, once
///
/// The token is stored nowhere: whoever has it reaches the scope, in this clone, until it
/// expires or is revoked. Give it to a program as AUTHY_TOKEN. With --shared its grant is
/// committed, so that it works in every clone of the vault, such as a CI runner's.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy session create --scope backend --out ~/.config/authy/backend.token
  AUTHY_TOKEN=$(authy session create --scope backend --run-only --ttl 2h) claude
  authy session create --scope ci-deploy --shared --ttl 30d --label github")]
pub(crate) struct Args {
    /// Reach what this policy allows now
    #[arg(short, long, value_name = "SCOPE")]
    scope: ScopeName,
    /// Live this long: 30m, 8h, 7d, 2w; at most a year, or what the policy allows [default: 8h]
    #[arg(long, value_name = "TIME")]
    ttl: Option<Ttl>,
    /// Description
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    label: String,
    /// Give values to programs only, never print them
    #[arg(long)]
    run_only: bool,
    /// Let it work in every clone: commit the sealed grant
    #[arg(long)]
    shared: bool,
    /// Write the token to this file, which only you can read, instead of printing it; the file
    /// is for --token-file, and one that git would pick up is refused
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Created<'c> {
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<&'c str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_file: Option<String>,
    id: &'c str,
    scope: &'c str,
    expires: &'c str,
    run_only: bool,
    shared: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let options = SessionOptions {
            scope: self.scope,
            ttl: self.ttl,
            label: self.label,
            run_only: self.run_only,
            shared: self.shared,
        };
        if let Some(out) = &self.out {
            authy::check_token_place(out)?;
        }
        let created = authy::session_create(&env.context()?, &options)?;
        if let Some(out) = &self.out {
            authy::write_token(out, &created.token)?;
        }
        let ui = env.ui();
        if ui.wants_json() {
            ui.json(&shape(&created, self.out.as_deref()))?;
        } else if self.out.is_none() {
            ui.data(&line(&created.token))?;
        }
        ui.note(format_args!(
            "session {} for scope {} until {}",
            created.id, created.scope, created.expires
        ));
        Ok(ExitCode::SUCCESS)
    }
}

fn shape<'c>(created: &'c SessionCreated, out: Option<&Path>) -> Created<'c> {
    Created {
        token: created.token.expose_str().filter(|_| out.is_none()),
        token_file: out.map(|out| out.to_string_lossy().into_owned()),
        id: created.id.as_str(),
        scope: created.scope.as_str(),
        expires: &created.expires,
        run_only: created.run_only,
        shared: created.shared,
    }
}

fn line(token: &SecretBytes) -> Zeroizing<Vec<u8>> {
    let mut line = Zeroizing::new(Vec::with_capacity(token.len() + 1));
    line.extend_from_slice(token.expose());
    line.push(b'\n');
    line
}
