//! `authy unlock`.

use std::ffi::OsString;
use std::os::unix::process::CommandExt as _;
use std::process::{Command, ExitCode};

use authy::{Ttl, UNLOCKED, UnlockOptions, UnlockPlace, UnlockReport, WITHHELD, printable};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::leader::keeper;
use crate::front::left;

/// Type the passphrase of your identity once, for a time
///
/// The memory of the Linux kernel keeps the opened identity: no file holds it and no process of
/// authy's runs. Until the time is over, 'authy lock' ends it, or the computer sleeps, commands of
/// this shell ask for no passphrase; another shell is unlocked by itself, as with sudo. What 'authy
/// run' starts cannot use it, and an AI agent only if you agree at the terminal. Other programs that
/// you start from this shell could: start an agent that works unattended with 'authy run', or lock.
///
/// --session unlocks for all of this login session, also for what runs in it already. With a command
/// after '--' the identity is unlocked for that command and what it starts, and for nothing else.
///
/// On macOS and in most containers the kernel keeps nothing. 'authy unlock -- COMMAND' works there: a
/// process of authy's keeps the identity as long as the command and what it starts are running.
#[derive(Debug, clap::Args)]
#[command(after_help = r#"Examples:
  authy unlock
  authy unlock --for 8h --confirm
  authy unlock -- fish                   for this one shell
  authy unlock -- "$SHELL"               also on macOS and in containers"#)]
pub(crate) struct Args {
    /// Keep it for this long: 15m, 8h, 7d; a week at most
    #[arg(long = "for", value_name = "TIME", default_value = "15m")]
    keep: Ttl,
    /// Ask at each use whether it may be used
    #[arg(long)]
    confirm: bool,
    /// Unlock for all of this login session, also for programs that were started in it before
    #[arg(long, conflicts_with = "command")]
    session: bool,
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
            place: match self.session {
                _ if !self.command.is_empty() => UnlockPlace::Command,
                true => UnlockPlace::Session,
                false => UnlockPlace::Shell,
            },
            keeper: keeper(),
        };
        let report = authy::unlock(&ctx, &options)?;
        if let Some((program, arguments)) = self.command.split_first() {
            let told = told(&ctx, &report, self.confirm);
            env.ui().note(format_args!("{told}, for '{}'", shown(program)));
            let mut command = Command::new(program);
            command.args(arguments);
            for variable in WITHHELD {
                command.env_remove(variable);
            }
            if let Some(socket) = &report.socket {
                command.env(UNLOCKED, socket.number());
                if !socket.has_door() {
                    env.ui().note("'authy lock' ends it from inside alone: the state folder cannot be written");
                }
            }
            let program = shown(program);
            return Err(Failure::Start { program, source: command.exec() });
        }
        if env.ui().wants_json() {
            env.ui().json(&report)?;
        }
        let told = told(&ctx, &report, self.confirm);
        let place = match report.place {
            UnlockPlace::Session => "this login session".to_owned(),
            _ => format!("'{}', which started this", parent()),
        };
        env.ui().note(format_args!("{told}, for {place}"));
        Ok(ExitCode::SUCCESS)
    }
}

fn told(ctx: &authy::Context, report: &UnlockReport, confirm: bool) -> String {
    let left = left(ctx.now, &report.until).unwrap_or_default();
    let asks = if confirm { ", each use is asked about" } else { "" };
    format!("unlocked '{}' of {} ({left}{asks})", printable(&report.identity), report.member)
}

/// The name of the program that started this one: a shell, or what stands between.
fn parent() -> String {
    let id = rustix::process::getppid().map_or(0, |id| id.as_raw_nonzero().get());
    let name = std::fs::read_to_string(format!("/proc/{id}/comm")).unwrap_or_default();
    printable(name.trim())
}

fn shown(word: &OsString) -> String {
    printable(&word.to_string_lossy())
}
