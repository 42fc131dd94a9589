//! `authy member update`.

use std::path::PathBuf;
use std::process::ExitCode;

use authy::{GroupName, MemberChange, MemberName, MemberUpdated};

use super::add::with_file;
use crate::cli::commands::CommandResult;
use crate::cli::commands::join::tell_request;
use crate::cli::context::CliEnv;
use crate::cli::ui::Ui;

/// Change the groups of a member, or what is encrypted to them
///
/// An admin gives and takes groups, and the recipients of whoever only reads. The recipients of a
/// member who signs are their own to say: an admin's are in force at once, another member's wait for
/// 'authy approve', and until then they read nothing. The commit that puts them in force encrypts
/// anew what they read.
///
/// With a recipient taken away the member gets another key to sign with, as the identity that goes
/// could open the present one, and the sessions end that they made. An admin does this with an
/// identity that stays. Git keeps the old files: rotate what somebody else may read with the one
/// that goes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy member update bob --group ops --remove-group backend
  authy member update alice --recipient age1…                       a second machine
  authy --keyfile new.key member update alice --remove-recipient age1…")]
pub(crate) struct Args {
    /// Member name
    name: MemberName,
    /// Let the member belong to this group; may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<GroupName>,
    /// Take the member out of this group; may be repeated
    #[arg(long = "remove-group", value_name = "GROUP")]
    remove_groups: Vec<GroupName>,
    /// Encrypt to this age recipient or ssh public key too; may be repeated
    #[arg(long = "recipient", value_name = "RECIPIENT")]
    recipients: Vec<String>,
    /// Take recipients from this file, one a line; '#' begins a comment
    #[arg(long, value_name = "FILE")]
    recipients_file: Option<PathBuf>,
    /// Encrypt to this recipient no more; may be repeated
    #[arg(long = "remove-recipient", value_name = "RECIPIENT")]
    remove_recipients: Vec<String>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let change = MemberChange {
            name: self.name,
            groups: self.groups,
            remove_groups: self.remove_groups,
            recipients: with_file(self.recipients, self.recipients_file)?,
            remove_recipients: self.remove_recipients,
        };
        let updated = authy::member_update(&env.context()?, &change)?;
        if env.ui().wants_json() {
            env.ui().json(&updated)?;
        } else {
            tell(env.ui(), &updated);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn tell(ui: Ui, updated: &MemberUpdated) {
    let name = &updated.member;
    match (updated.waits, updated.encrypted) {
        (true, _) => ui.note(format_args!("asked to update member {name}")),
        (false, 0) => ui.note(format_args!("updated member {name}")),
        (false, count) => ui.note(format_args!("updated member {name}; re-encrypted {count}")),
    }
    if let Some(fingerprint) = &updated.fingerprint {
        ui.note(format_args!("your new signing key: {fingerprint}"));
        ui.note("the sessions that you made end");
        ui.note(
            "git keeps what the old identity opens: rotate what somebody else may read with it",
        );
    }
    if updated.waits {
        ui.note("until it is approved you read nothing");
        tell_request(ui, name);
    }
}
