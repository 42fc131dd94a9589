//! `authy list`.

use std::process::ExitCode;

use authy::{ListDetails, ListEntry, ListOptions, ScopeName, ServiceUrl, printable};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::table::Table;

/// List secrets; this needs no identity
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy list
  authy list db                            names with 'db' in them
  authy ls prod/                           what is in a folder
  authy list 'db-*' --long
  authy list --tree
  authy list --for https://github.com
  authy list --removed                     names that 'authy restore' brings back
  authy list --scope backend --json")]
pub(crate) struct Args {
    /// Take only names that match: a part of a name, a folder as in 'prod/', or a pattern with
    /// '*', '?', [a-z] or {a,b}
    pattern: Option<String>,
    /// Take only what this policy allows
    #[arg(short, long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    /// Take only what 'authy helper' could give for this address
    #[arg(long = "for", value_name = "URL")]
    service: Option<ServiceUrl>,
    /// Show versions, times, readers, tags, addresses and descriptions too
    #[arg(short, long)]
    long: bool,
    /// Show names as folders and files
    #[arg(long, conflicts_with = "long")]
    tree: bool,
    /// Take only what is due for another value, and say why: somebody could read it who may not
    /// any more, or it is older than it should be
    #[arg(long, conflicts_with_all = ["long", "tree"])]
    rotate_due: bool,
    /// List what was removed or renamed instead, as git tells it; 'authy restore NAME' brings a
    /// value back
    #[arg(long, conflicts_with_all = ["long", "tree", "rotate_due", "service"])]
    removed: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let ui = env.ui();
        let options = ListOptions {
            pattern: self.pattern.as_deref().map(glob),
            scope: env.scope(self.scope)?,
            details: self.long || ui.wants_json(),
            rotate_due: self.rotate_due,
            service: self.service,
        };
        if self.removed {
            return removed(env, &options);
        }
        let entries = authy::list(&env.context()?, &options)?;
        if entries.is_empty() {
            ui.note(nothing(self.pattern.as_deref(), &options));
        }
        if ui.wants_json() {
            ui.json(&entries)?;
        } else if self.long {
            ui.table(&table(&entries))?;
        } else if self.rotate_due {
            ui.table(&due(&entries))?;
        } else if self.tree {
            let names: Vec<&str> = entries.iter().map(|entry| entry.name.as_str()).collect();
            ui.data(crate::cli::tree::render(&names).as_bytes())?;
        } else {
            let names: String = entries.iter().map(|entry| format!("{}\n", entry.name)).collect();
            ui.data(names.as_bytes())?;
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Lists what was taken away.
fn removed(env: &CliEnv, options: &ListOptions) -> CommandResult {
    let ui = env.ui();
    let removed = authy::list_removed(&env.context()?, options)?;
    if removed.is_empty() {
        ui.note("nothing was removed, as far as git tells");
    }
    if ui.wants_json() {
        ui.json(&removed)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = Table::new(["NAME", "REMOVED", "BY", "COMMIT"]).with_times(&[1]);
    for one in removed {
        table.push([one.name.to_string(), one.commit.time, one.commit.author, one.subject]);
    }
    ui.table(&table)?;
    Ok(ExitCode::SUCCESS)
}

/// What a word without pattern characters means: a part of a name, or a folder.
fn glob(text: &str) -> String {
    if text.contains(['*', '?', '[', ']', '{', '}', '\\']) {
        return text.to_owned();
    }
    let text = text.to_lowercase();
    if text.ends_with('/') { format!("{text}*") } else { format!("*{text}*") }
}

/// Says that there is nothing, and of what.
fn nothing(pattern: Option<&str>, options: &ListOptions) -> String {
    let scope = options.scope.as_ref().map(|scope| format!(" in scope '{scope}'"));
    let scope = scope.unwrap_or_default();
    match (pattern, &options.service, options.rotate_due) {
        (_, _, true) => format!("nothing is due for rotation{scope}"),
        (Some(pattern), ..) => format!("no name matches '{}'{scope}", printable(pattern)),
        (_, Some(url), _) => format!("nothing is for {url}{scope}"),
        _ => format!("no secrets{scope}"),
    }
}

fn due(entries: &[ListEntry]) -> Table {
    let mut table = Table::new(["NAME", "VALUE SINCE", "WHY"]).with_times(&[1]);
    for (entry, details) in entries.iter().filter_map(|one| Some((one, one.details.as_ref()?))) {
        let why = details.rotate_due.clone().unwrap_or_default();
        table.push([entry.name.to_string(), details.changed.clone(), why]);
    }
    table
}

/// What people said of a secret, and that it is none.
fn told(details: &ListDetails) -> String {
    let mark = if details.not_secret { "(not secret)" } else { "" };
    format!("{} {mark}", details.description).trim().to_owned()
}

/// Where a secret belongs: its addresses, and who it is there.
fn belongs(details: &ListDetails) -> String {
    let services: Vec<_> = details.services.iter().map(ToString::to_string).collect();
    let services = services.join(",");
    match (&details.user, details.bearer) {
        (Some(user), _) => format!("{user} {services}").trim_end().to_owned(),
        (None, true) => format!("bearer {services}").trim_end().to_owned(),
        (None, false) => services,
    }
}

fn table(entries: &[ListEntry]) -> Table {
    let mut table =
        Table::new(["NAME", "VERSION", "CHANGED", "READERS", "TAGS", "FOR", "DESCRIPTION"])
            .with_times(&[2]);
    for entry in entries {
        let name = entry.name.to_string();
        let problem = entry.problem.as_ref().map(|problem| format!("problem: {problem}"));
        match &entry.details {
            Some(details) => table.push([
                name,
                details.version.to_string(),
                details.changed.clone(),
                details.readers.join(","),
                details.tags.join(","),
                belongs(details),
                problem.unwrap_or_else(|| told(details)),
            ]),
            None => {
                let none = String::new;
                table.push([
                    name,
                    none(),
                    none(),
                    none(),
                    none(),
                    none(),
                    problem.unwrap_or_default(),
                ]);
            }
        }
    }
    table
}
