//! `authy member show`.

use std::process::ExitCode;

use authy::{GroupName, MemberName, MemberView, printable};

use super::list::may;
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::front::recipient_shown;

/// Show a member; this needs no identity
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy member show bob")]
pub(crate) struct Args {
    /// Member name
    name: MemberName,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let view = authy::member_show(&env.context()?, &self.name)?;
        match env.ui().wants_json() {
            true => env.ui().json(&view)?,
            false => env.ui().data(describe(&view).as_bytes())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

fn describe(view: &MemberView) -> String {
    let mut out = String::new();
    let mut add = |what: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("{:<11}{}\n", format!("{what}:"), printable(value)));
        }
    };
    add("member", view.name.as_str());
    add("status", view.status.as_str());
    add("problem", view.problem.as_deref().unwrap_or_default());
    add("may", may(view));
    let groups: Vec<&str> = view.groups.iter().map(GroupName::as_str).collect();
    add("groups", &groups.join(" "));
    for recipient in &view.recipients {
        let machine = view.machines.iter().find(|(_, text)| *text == recipient);
        let machine = machine.map(|(machine, _)| format!(" ({machine})")).unwrap_or_default();
        add("recipient", &format!("{}{machine}", recipient_shown(recipient)));
    }
    add("version", &view.version.to_string());
    out
}
