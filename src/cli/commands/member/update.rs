//! `authy member update`.

use std::path::PathBuf;
use std::process::ExitCode;

use authy::{
    GroupName, MachineName, MemberChange, MemberName, MemberUpdated, RotateIdentity, printable,
};

use super::add::with_file;
use crate::cli::commands::CommandResult;
use crate::cli::commands::join::tell_request;
use crate::cli::context::CliEnv;
use crate::cli::ui::Ui;
use crate::front::counted;
use crate::front::recipient_shown;

/// Change the groups of a member, or what is encrypted to them
///
/// An admin gives and takes groups, and the recipients of whoever only reads. The recipients of a
/// member who signs are their own to say: an admin's are in force at once, another member's wait for
/// 'authy approve', and until then they read nothing. The commit that puts them in force encrypts
/// anew what they read.
///
/// --rotate-identity replaces your own identity in one go. It can be run again after a stop at any
/// point: it goes on with the key that it made. The old key stays in the file beside the new one, as
/// git keeps what it opens.
///
/// With a recipient taken away the member gets another key to sign with, as the identity that goes
/// could open the present one, and the sessions end that they made. An admin does this with an
/// identity that stays. Git keeps the old files: rotate what somebody else may read with the one
/// that goes.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy member update bob --group ops --remove-group backend
  authy member update --rotate-identity                             a new key for you
  authy member update alice --recipient age1… --machine laptop      a second machine
  authy member update alice --remove-machine laptop                 it was stolen")]
pub(crate) struct Args {
    /// Member name; may be left out with --rotate-identity
    #[arg(required_unless_present = "rotate_identity")]
    name: Option<MemberName>,
    /// Replace your own identity: make a new key, put it into your identity file before the old one,
    /// and encrypt to it alone
    #[arg(long, conflicts_with_all = ["groups", "remove_groups", "recipients", "recipients_file", "remove_recipients", "machine", "remove_machines"])]
    rotate_identity: bool,
    /// Make the new identity one that a quantum computer does not break
    #[arg(long, requires = "rotate_identity")]
    post_quantum: bool,
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
    /// Call the machine of this one recipient NAME, to be shown and taken away by that
    #[arg(long, value_name = "NAME")]
    machine: Option<MachineName>,
    /// Encrypt to this machine no more; may be repeated
    #[arg(long = "remove-machine", value_name = "NAME")]
    remove_machines: Vec<MachineName>,
    /// Encrypt to this recipient no more; may be repeated
    #[arg(long = "remove-recipient", value_name = "RECIPIENT")]
    remove_recipients: Vec<String>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let name = match self.name {
            name if self.rotate_identity => return rotate(env, name, self.post_quantum),
            Some(name) => name,
            // The command line asks for it.
            None => return Err(crate::cli::error::Failure::NoMember),
        };
        let change = MemberChange {
            name,
            machine: self.machine,
            remove_machines: self.remove_machines,
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

fn rotate(env: &CliEnv, name: Option<MemberName>, post_quantum: bool) -> CommandResult {
    let done = authy::rotate_identity(env.context()?, &RotateIdentity { name, post_quantum })?;
    if env.ui().wants_json() {
        env.ui().json(&done)?;
        return Ok(ExitCode::SUCCESS);
    }
    let ui = env.ui();
    if done.resumed {
        ui.note("went on with the key that an earlier call had made");
    }
    let file = printable(&done.identity.to_string_lossy());
    ui.note(format_args!("new key in '{file}' ({})", recipient_shown(&done.recipient)));
    tell(ui, &done.updated);
    ui.note("the old key stays in that file, for what git keeps: 'authy backup FILE' copies both");
    Ok(ExitCode::SUCCESS)
}

fn tell(ui: Ui, updated: &MemberUpdated) {
    let name = &updated.member;
    match (updated.waits, updated.encrypted) {
        (true, _) => ui.note(format_args!("asked to update member {name}")),
        (false, 0) => ui.note(format_args!("updated member {name}")),
        (false, count) => {
            let secrets = counted(count, "secret");
            ui.note(format_args!("updated member {name}; re-encrypted {secrets}"));
        }
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
