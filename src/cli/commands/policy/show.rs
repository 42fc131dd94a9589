//! `authy policy show`.

use std::process::ExitCode;

use authy::{Place, PolicyView, ScopeName, printable};

use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::front::used_towards;

/// Show a policy
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy policy show backend")]
pub(crate) struct Args {
    /// Policy name
    name: ScopeName,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let view = authy::policy_show(&env.context()?, &self.name)?;
        match env.ui().wants_json() {
            true => env.ui().json(&view)?,
            false => env.ui().data(describe(&view).as_bytes())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// What is given where: `https://github.com  git/token as x-access-token`.
pub(super) fn given(place: &Place) -> String {
    let services: Vec<_> = place.services.iter().map(ToString::to_string).collect();
    let how = match (&place.user, place.bearer) {
        (Some(user), _) => format!(" as {user}"),
        (None, true) => " as a bearer token".to_owned(),
        (None, false) => String::new(),
    };
    format!("{} for {}{how}", place.name, services.join(" "))
}

fn describe(view: &PolicyView) -> String {
    let mut out = String::new();
    let mut add = |what: &str, value: &str| {
        if !value.is_empty() {
            out.push_str(&format!("{:<13}{}\n", format!("{what}:"), printable(value)));
        }
    };
    add("policy", view.name.as_str());
    add("status", view.status.as_str());
    add("problem", view.problem.as_deref().unwrap_or_default());
    add("description", &view.description);
    view.allow.iter().for_each(|pattern| add("allow", pattern));
    view.deny.iter().for_each(|pattern| add("deny", pattern));
    add("members", &view.members.join(" "));
    let users: Vec<_> = view.users.iter().map(ToString::to_string).collect();
    add("used by", &users.join(" "));
    add("run-only", if view.run_only { "yes" } else { "no" });
    match view.commands.as_deref() {
        Some([]) => add("commands", "none"),
        Some(commands) => add("commands", &commands.join(" ")),
        None => add("commands", "any"),
    }
    match (view.seal_only, view.sealed.is_empty()) {
        (true, _) => add("sealed", "no value is revealed"),
        (false, false) => add("sealed", "what rules name is; the rest is revealed"),
        (false, true) => {}
    }
    view.sealed.iter().for_each(|rule| add("sealed", &used_towards(&view.name, rule)));
    for place in &view.gives {
        add("gives", &given(place));
    }
    add("max-ttl", &view.max_ttl.map(|ttl| ttl.to_string()).unwrap_or_default());
    add("version", &view.version.to_string());
    if let (Some(by), Some(at)) = (&view.signed_by, &view.signed_at) {
        add("signed", &format!("by {by} at {at}"));
    }
    out
}
