//! `authy member add`.

use std::path::PathBuf;
use std::process::ExitCode;

use authy::{GroupName, MemberName, NewMember, printable};

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::front::recipient_shown;

/// Add a member by what is to be encrypted to them; only an admin can
///
/// Such a member reads what the policies that list them give, from secrets stored from now on;
/// 'authy rekey' gives them those that are there. They cannot store or change anything.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy member add bob --recipient age1… --group backend
  authy member add carol --recipients-file carol.pub
  authy member add bob --admin && authy rekey
  authy member add recovery --recovery /media/stick/recovery.key && authy rekey
  authy policy update backend --member bob && authy rekey")]
pub(crate) struct Args {
    /// Member name
    name: MemberName,
    /// Encrypt to this age recipient or ssh public key; may be repeated
    #[arg(long = "recipient", value_name = "RECIPIENT")]
    recipients: Vec<String>,
    /// Take recipients from this file, one a line; '#' begins a comment
    #[arg(long, value_name = "FILE")]
    recipients_file: Option<PathBuf>,
    /// Let the member belong to this group; may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<GroupName>,
    /// Make them an admin: one who joined needs no recipient here, for another one a signing key
    /// is made and encrypted to their recipients
    #[arg(long)]
    admin: bool,
    /// Make an admin who never acts, for the day when the others have lost their identities: a new
    /// identity in this file, under a passphrase, to be kept offline
    #[arg(long, value_name = "FILE", conflicts_with_all = ["recipients", "recipients_file", "groups", "admin"])]
    recovery: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        if let Some(file) = &self.recovery {
            let recipient = authy::member_add_recovery(&env.context()?, &self.name, file)?;
            let (name, file) = (&self.name, printable(&file.to_string_lossy()));
            let shown = recipient_shown(&recipient);
            env.ui().note(format_args!("new identity in '{file}' ({shown}), under a passphrase"));
            env.ui().note(format_args!("added admin {name}: keep that file offline"));
            return Ok(ExitCode::SUCCESS);
        }
        let new = NewMember {
            name: self.name,
            recipients: with_file(self.recipients, self.recipients_file)?,
            groups: self.groups,
            admin: self.admin,
        };
        authy::member_add(&env.context()?, &new)?;
        let what = if new.admin { "admin" } else { "member" };
        env.ui().note(format_args!("added {what} {}", new.name));
        Ok(ExitCode::SUCCESS)
    }
}

/// The recipients that were named, and those of the file.
pub(super) fn with_file(
    mut recipients: Vec<String>,
    file: Option<PathBuf>,
) -> Result<Vec<String>, Failure> {
    if let Some(path) = file {
        let text = authy::read_text(&path)?;
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        recipients.extend(lines.map(str::to_owned));
    }
    Ok(recipients)
}
