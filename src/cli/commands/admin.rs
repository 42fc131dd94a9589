//! `authy admin`.

use std::io::{self, IsTerminal as _};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use authy::{SecretBytes, Ttl, printable};

use super::{CommandResult, init};
use crate::cli::clipboard;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::front::{Admin, Invocation, Setup};

/// Manage the vault in a terminal interface
///
/// What is typed there reaches neither the shell's history nor arguments nor the environment.
/// '?' shows the keys. The identity is forgotten after ten minutes without a key. Where there is no
/// vault it offers to create one.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy admin
  authy admin --keyfile ~/.authy/keys/master.key
  authy admin --lock-after 2m")]
pub(crate) struct Args {
    /// Forget the identity after this long without a key
    #[arg(long, value_name = "TIME", default_value = "10m")]
    lock_after: Ttl,
    /// Keep the identity until the end
    #[arg(long, conflicts_with = "lock_after")]
    no_lock: bool,
    /// Leave the mouse to the terminal, so that it marks text as elsewhere
    #[arg(long)]
    no_mouse: bool,
}

/// Whether nothing is there, or nothing but identities.
fn is_free(vault: &Path) -> bool {
    let Ok(entries) = std::fs::read_dir(vault) else { return !vault.exists() };
    entries.flatten().all(|entry| entry.file_name() == "keys")
}

fn seconds(ttl: Ttl) -> Duration {
    Duration::from_secs(ttl.seconds().unsigned_abs())
}

impl Args {
    pub(super) fn run(self, env: &CliEnv, admin: Admin) -> CommandResult {
        if !(io::stdin().is_terminal() && io::stdout().is_terminal()) {
            return Err(Failure::NoScreen);
        }
        let ctx = env.context()?;
        // Where there is no vault, or a damaged one, that is said before the screen is taken.
        if let Err(error) = authy::known_names(&ctx, authy::NameKind::Scope) {
            let place = printable(&ctx.vault.to_string_lossy());
            let question = format!("There is no vault in '{place}'. Create one?");
            let wants_one = is_free(&ctx.vault) && env.person().agrees(&question) == Some(true);
            if !wants_one {
                return Err(error.into());
            }
            init::create(env)?;
        }
        if ctx.token.is_some() {
            // The library says why: a token manages nothing.
            authy::open_identity(&ctx)?;
        }
        let invocation = Invocation {
            vault: ctx.vault,
            home: ctx.home,
            state: ctx.state,
            identity: ctx.identity,
            agent: ctx.agent,
            confined: ctx.confined,
            path: env.program_path(),
            passphrase: env.passphrase(),
        };
        let copy = |value: &SecretBytes| {
            let keep = Duration::from_secs(crate::front::KEEP_SECONDS.into());
            clipboard::copy(value.expose(), keep, &|name| env.variable(name)).map(drop)
        };
        let setup = Setup {
            lock_after: (!self.no_lock).then(|| seconds(self.lock_after)),
            colour: env.ui().has_colour(),
            mouse: !self.no_mouse,
            clipboard: &copy,
        };
        let signal = admin(invocation, &setup).map_err(Failure::Screen)?;
        Ok(signal.map_or(ExitCode::SUCCESS, |signal| ExitCode::from(128 + signal)))
    }
}
