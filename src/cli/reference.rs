//! The reference of all commands in Markdown, from clap's own tree: it cannot drift.
#![cfg(test)]

use clap::Command;

/// Renders every command with its help.
pub(crate) fn render(root: Command) -> String {
    let mut root = root.term_width(88).disable_help_subcommand(true);
    root.build();
    let mut out = String::from(
        "# Commands\n\nEvery command and flag, as `authy --help` shows them. \
         This page is rendered from the program; a test keeps it so.\n",
    );
    add(&mut root, "", &mut out);
    out
}

fn add(command: &mut Command, parent: &str, out: &mut String) {
    let name = format!("{parent}{}", command.get_name());
    let help = command.render_long_help().to_string();
    let lines: Vec<&str> = help.lines().map(str::trim_end).collect();
    out.push_str(&format!("\n## {name}\n\n```text\n{}\n```\n", lines.join("\n").trim_end()));
    let prefix = format!("{name} ");
    for sub in command.get_subcommands_mut().filter(|sub| sub.get_name() != "help") {
        add(sub, &prefix, out);
    }
}
