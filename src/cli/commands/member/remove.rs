//! `authy member remove`.

use std::process::ExitCode;

use authy::{MemberName, Removal};

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::table::Table;
use crate::front::counted;

/// Remove a member, or turn a request down; only an admin can
///
/// Takes the member off the policies that name them, revokes the sessions that they made, and
/// encrypts to the others what they could read, in one commit. Prints the secrets that they could
/// read, the oldest value first: they may have copies, and git keeps the old files. They stay
/// listed by 'authy list --rotate-due' until they have another value. On a terminal it asks first.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy member remove bob
  authy list --rotate-due")]
pub(crate) struct Args {
    /// Member name
    name: MemberName,
    /// Do not ask
    #[arg(short, long)]
    force: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let (ui, ctx) = (env.ui(), env.context()?);
        let question =
            format!("Remove member {}, and encrypt to the others what they could read?", self.name);
        let is_there = || authy::member_show(&ctx, &self.name).is_ok();
        if !self.force && env.refuses(&ctx, is_there, &question) {
            return Err(Failure::NotRemoved);
        }
        let removal = authy::member_remove(&ctx, &self.name)?;
        if ui.wants_json() {
            ui.json(&removal)?;
        } else {
            ui.table(&table(&removal))?;
        }
        let name = &removal.member;
        let secrets = counted(removal.encrypted, "secret");
        ui.note(format_args!("removed member {name}; re-encrypted {secrets}"));
        if !removal.sessions.is_empty() {
            ui.note(format_args!("revoked {} of their sessions", removal.sessions.len()));
        }
        match removal.due.len() {
            0 => ui.note(format_args!("{name} could read nothing that is still in use")),
            count => ui.note(format_args!(
                "{name} could read {count} of the values: rotate them, see 'authy list --rotate-due'"
            )),
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn table(removal: &Removal) -> Table {
    let mut table = Table::new(["ROTATE", "VALUE SINCE"]).with_times(&[1]);
    for one in &removal.due {
        table.push([one.name.to_string(), one.changed.clone()]);
    }
    table
}
