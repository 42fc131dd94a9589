//! `authy session create`.

use std::process::ExitCode;

use authy::{ScopeName, SecretBytes, SessionCreated, SessionOptions, Ttl};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;

/// Make a session and print its token, once
///
/// The token is stored nowhere: whoever has it reaches the scope, in this clone, until it
/// expires or is revoked. Give it to a program as AUTHY_TOKEN. With --shared its grant is
/// committed, so that it works in every clone of the vault, such as a CI runner's.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  AUTHY_TOKEN=$(authy session create --scope backend --run-only --ttl 2h) claude
  authy session create --scope ci-deploy --shared --ttl 30d --label github")]
pub(crate) struct Args {
    /// Reach what this policy allows now
    #[arg(long, value_name = "SCOPE")]
    scope: ScopeName,
    /// Live this long: 30m, 8h, 7d, 2w; at most a year, or what the policy allows [default: 8h]
    #[arg(long, value_name = "TIME")]
    ttl: Option<Ttl>,
    /// Say what it is for
    #[arg(long, value_name = "TEXT", default_value = "", hide_default_value = true)]
    label: String,
    /// Hand values to programs only, never show them
    #[arg(long)]
    run_only: bool,
    /// Let it work in every clone: commit the sealed grant
    #[arg(long)]
    shared: bool,
}

/// What `--json` prints.
#[derive(Serialize)]
struct Created<'c> {
    token: &'c str,
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
        let created = authy::session_create(&env.context()?, &options)?;
        let ui = env.ui();
        if ui.wants_json() {
            ui.json(&shape(&created))?;
        } else {
            ui.data(&line(&created.token))?;
        }
        ui.note(format_args!(
            "session {} for scope {} until {}",
            created.id, created.scope, created.expires
        ));
        Ok(ExitCode::SUCCESS)
    }
}

fn shape(created: &SessionCreated) -> Created<'_> {
    Created {
        token: created.token.expose_str().unwrap_or_default(),
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
