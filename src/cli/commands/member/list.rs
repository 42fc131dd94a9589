//! `authy member list`.

use std::process::ExitCode;

use authy::{GroupName, MemberView};

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::table::Table;

/// List members; this needs no identity
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy member list")]
pub(crate) struct Args {}

impl Args {
    #[allow(clippy::unused_self, reason = "every command runs the same way")]
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let views = authy::member_list(&env.context()?)?;
        if env.ui().wants_json() {
            env.ui().json(&views)?;
            return Ok(ExitCode::SUCCESS);
        }
        let mut table = Table::new(["NAME", "STATUS", "MAY", "GROUPS", "PROBLEM"]);
        for view in &views {
            let groups: Vec<&str> = view.groups.iter().map(GroupName::as_str).collect();
            table.push([
                view.name.to_string(),
                view.status.to_string(),
                may(view).to_owned(),
                groups.join(" "),
                view.problem.clone().unwrap_or_default(),
            ]);
        }
        env.ui().table(&table)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// What a member may do, in a word.
pub(super) fn may(view: &MemberView) -> &'static str {
    match (view.admin, view.writes) {
        (true, _) => "admin",
        (false, true) => "write",
        (false, false) => "read",
    }
}
