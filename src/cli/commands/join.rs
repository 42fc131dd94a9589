//! `authy join`.

use std::process::ExitCode;

use authy::{
    GroupName, JoinOptions, JoinReport, MachineName, MachineOptions, MachineReport, MemberName,
};

use super::CommandResult;
use super::init::{IdentityFlags, named_after, tell_identity};
use crate::cli::context::CliEnv;
use crate::cli::ui::Ui;

/// Ask to become a member of a vault that you cloned
///
/// Makes an identity where you have none, and writes your member's file as a request, signed
/// with a key of yours and committed. Push it, as it is or on a branch; nothing is encrypted to
/// you until an admin has run 'authy approve'. Tell the admin the fingerprint by
/// another way. Where the keys of all admins are post-quantum, a new identity is one, too.
///
/// A member who was added by recipients alone gets a key to sign with like this, so that they
/// can store and change secrets.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git clone git@example.com:team/secrets ~/team && cd ~/team
  authy --vault . join --name bob --group backend
  git push
  authy --vault . join --machine laptop                 you are bob, on another machine")]
pub(crate) struct Args {
    /// Member name [default: made of git's user.name, else of user.email, else your login
    /// name]
    #[arg(long, alias = "member", value_name = "NAME")]
    name: Option<MemberName>,
    /// Ask to belong to this group; may be repeated
    #[arg(long = "group", value_name = "GROUP")]
    groups: Vec<GroupName>,
    /// You are a member already: make an identity for this machine, and say how it is added
    #[arg(long, value_name = "NAME", conflicts_with = "groups")]
    machine: Option<MachineName>,
    #[command(flatten)]
    identity: IdentityFlags,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let who = self.identity.newcomer(env, self.name);
        if let Some(machine) = self.machine {
            return join_machine(env, &MachineOptions { who, machine });
        }
        let report = authy::join(&env.context()?, &JoinOptions { who, groups: self.groups })?;
        if env.ui().wants_json() {
            env.ui().json(&as_json(&report))?;
        } else {
            tell(env.ui(), &report);
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn join_machine(env: &CliEnv, options: &MachineOptions) -> CommandResult {
    let ui = env.ui();
    let report = authy::machine_join(&env.context()?, options)?;
    let MachineReport { member, machine, recipient, keyfile, keyfile_created, .. } = &report;
    if ui.wants_json() {
        ui.json(&report)?;
        return Ok(ExitCode::SUCCESS);
    }
    tell_identity(ui, keyfile.as_deref(), report.backup.as_deref(), *keyfile_created, recipient);
    if report.is_known {
        match &report.known_as {
            Some(known) => ui.note(format_args!("{member} has this identity already, as '{known}'")),
            None => ui.note(format_args!(
                "{member} has this identity already; to name it: authy member update {member} --machine {machine} --recipient {recipient}"
            )),
        }
        return Ok(ExitCode::SUCCESS);
    }
    ui.note(format_args!("on a machine where you are {member} already, run:"));
    ui.data(
        format!("authy member update {member} --machine {machine} --recipient {recipient}\n")
            .as_bytes(),
    )?;
    ui.note(
        "then 'authy sync' there, 'authy approve' by an admin where you are none, 'git pull' here",
    );
    Ok(ExitCode::SUCCESS)
}

fn as_json(report: &JoinReport) -> serde_json::Value {
    serde_json::json!({
        "member": report.member,
        "named_after": report.named_after,
        "keyfile": report.keyfile.as_ref().map(|file| file.to_string_lossy()),
        "keyfile_created": report.keyfile_created,
        "backup": report.backup.as_ref().map(|file| file.to_string_lossy()),
        "recipient": report.recipient,
        "fingerprint": report.fingerprint,
    })
}

fn tell(ui: Ui, report: &JoinReport) {
    let name = &report.member;
    ui.note(format_args!("asked to join as {name}{}", named_after(report.named_after, "--name")));
    let (keyfile, backup) = (report.keyfile.as_deref(), report.backup.as_deref());
    tell_identity(ui, keyfile, backup, report.keyfile_created, &report.recipient);
    ui.note(format_args!("your signing key: {}", report.fingerprint));
    if report.pauses {
        ui.note("until it is approved you read nothing");
    }
    tell_request(ui, name);
}

/// Says what becomes of a member's request.
pub(super) fn tell_request(ui: Ui, name: &MemberName) {
    ui.note(format_args!(
        "send it with 'authy sync' or 'git push', and have an admin run 'authy approve {name}'"
    ));
}
