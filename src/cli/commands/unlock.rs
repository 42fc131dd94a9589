//! `authy unlock`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use authy::{Ttl, UnlockOptions, UnlockReport, WITHHELD, printable};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::front::left;

/// Type the passphrase of your identity once, for a time
///
/// This login session keeps the opened identity, in the memory of the Linux kernel: no file holds it
/// and no process of authy's runs. Until the time is over, 'authy lock' ends it, or the computer
/// sleeps, commands of this session ask for no passphrase. What 'authy run' starts cannot use it, and
/// an AI agent only if you agree at the terminal. Other programs of this session could: of an agent
/// that works unattended, start it with 'authy run', or lock first.
///
/// With a command after '--' the identity is unlocked for that command and what it starts, and for
/// nothing else.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy unlock
  authy unlock --for 8h --confirm
  authy unlock -- fish                   for this one shell")]
pub(crate) struct Args {
    /// Keep it for this long: 15m, 8h, 7d; a week at most
    #[arg(long = "for", value_name = "TIME", default_value = "15m")]
    keep: Ttl,
    /// Ask at each use whether it may be used
    #[arg(long)]
    confirm: bool,
    /// Start this command in a session of its own, and unlock it there
    #[arg(last = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ctx = env.context()?;
        let options = UnlockOptions {
            keep: self.keep,
            confirm: self.confirm,
            new_session: !self.command.is_empty(),
        };
        let report = authy::unlock(&ctx, &options)?;
        if let Some((program, arguments)) = self.command.split_first() {
            env.ui().note(format_args!("{}, for '{}'", told(&ctx, &report), shown(program)));
            let mut command = Command::new(program);
            command.args(arguments);
            for variable in WITHHELD {
                command.env_remove(variable);
            }
            let program = shown(program);
            return Err(Failure::Start { program, source: command.exec() });
        }
        if env.ui().wants_json() {
            env.ui().json(&report)?;
        }
        let place = if report.shell_only { "this shell" } else { "this session" };
        env.ui().note(format_args!("{}, for {place}", told(&ctx, &report)));
        Ok(ExitCode::SUCCESS)
    }
}

fn told(ctx: &authy::Context, report: &UnlockReport) -> String {
    let left = left(ctx.now, &report.until).unwrap_or_default();
    format!("unlocked '{}' of {} ({left})", printable(&report.identity), report.member)
}

fn shown(word: &OsString) -> String {
    printable(&word.to_string_lossy())
}
