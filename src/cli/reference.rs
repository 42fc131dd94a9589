//! The reference of all commands in Markdown, rendered from clap's own tree.
//!
//! `docs/COMMANDS.md` is what this makes; a test beside the tree compares the two, so the
//! page cannot drift from the program.

use clap::{Arg, Command};

const PREAMBLE: &str = "# Commands\n\n\
    Every command and flag. This page is rendered from the program; a test keeps it so.\n";

/// Renders every command.
pub(crate) fn render(root: Command) -> String {
    let mut root = root.disable_help_subcommand(true);
    root.build();
    let mut out = PREAMBLE.to_owned();
    section(&root, "authy", &mut out);
    out
}

fn section(command: &Command, name: &str, out: &mut String) {
    let is_root = name == "authy";
    let about = command.get_long_about().or(command.get_about()).map(ToString::to_string);
    out.push_str(&format!("\n## `{name}`\n\n{}\n", prose(&about.unwrap_or_default())));
    let usage = command.clone().render_usage().to_string();
    let usage: Vec<&str> = usage
        .trim_start_matches("Usage:")
        .lines()
        .map(str::trim)
        .filter(|l| !l.is_empty())
        .collect();
    out.push_str(&format!("\n```text\n{}\n```\n", usage.join("\n")));

    let subcommands: Vec<&Command> =
        command.get_subcommands().filter(|command| !command.is_hide_set()).collect();
    let lines = subcommands.iter().map(|sub| {
        let about = sub.get_about().map(ToString::to_string).unwrap_or_default();
        format!("- `{name} {}`: {}", sub.get_name(), prose(&about))
    });
    list("Commands", &lines.collect::<Vec<_>>(), out);
    let shown = |arg: &&Arg| !arg.is_hide_set() && (is_root || !arg.is_global_set());
    let (positional, flags): (Vec<&Arg>, Vec<&Arg>) = command
        .get_arguments()
        .filter(shown)
        .filter(|arg| !matches!(arg.get_id().as_str(), "help" | "version"))
        .partition(|arg| arg.is_positional());
    list("Arguments", &positional.into_iter().map(argument).collect::<Vec<_>>(), out);
    let heading = if is_root { "Options of every command" } else { "Options" };
    list(heading, &flags.into_iter().map(argument).collect::<Vec<_>>(), out);
    if let Some(after) = command.get_after_help() {
        out.push_str(&format!("\n```text\n{}\n```\n", after.to_string().trim_end()));
    }
    for sub in subcommands {
        section(sub, &format!("{name} {}", sub.get_name()), out);
    }
}

fn list(heading: &str, lines: &[String], out: &mut String) {
    if !lines.is_empty() {
        out.push_str(&format!("\n{heading}:\n\n{}\n", lines.join("\n")));
    }
}

/// One argument: how it is written, what it does, what it can be, what it is otherwise.
fn argument(arg: &Arg) -> String {
    let short = arg.get_short().map(|short| format!("-{short}, ")).unwrap_or_default();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let mut text = format!("- `{short}{arg}`: {}", prose(&help));
    let takes_words = arg.get_num_args().is_some_and(|range| range.takes_values());
    let values: Vec<String> = arg
        .get_possible_values()
        .iter()
        .filter(|value| !value.is_hide_set())
        .map(|value| format!("`{}`", value.get_name()))
        .collect();
    if takes_words && !values.is_empty() {
        text.push_str(&format!("; one of {}", values.join(", ")));
    }
    let defaults: Vec<String> =
        arg.get_default_values().iter().map(|value| format!("`{}`", value.display())).collect();
    if takes_words && !defaults.is_empty() {
        text.push_str(&format!("; otherwise {}", defaults.join(", ")));
    }
    text
}

/// Text that Markdown shows as it is.
fn prose(text: &str) -> String {
    text.replace('<', "\\<").replace('*', "\\*").replace('_', "\\_").trim_end().to_owned()
}
