//! How help is laid out: `authy` alone shows the commands in groups, and every command its examples
//! before its options.

use clap::builder::PossibleValue;
use clap::{Arg, Args as _, Command, CommandFactory as _};

use super::{Cli, Global};

/// The groups in which `authy help` shows the commands, each command in one of them.
const GROUPS: [(&str, &[&str]); 7] = [
    ("Start", &["init", "join", "status", "admin", "unlock", "lock", "backup", "recover"]),
    (
        "Secrets",
        &[
            "store", "get", "list", "rotate", "edit", "annotate", "rename", "remove", "history",
            "restore", "undo", "otp", "import", "adopt",
        ],
    ),
    ("Programs", &["run", "env", "export", "resolve", "helper", "mcp"]),
    ("Access", &["policy", "session", "request", "approve"]),
    ("Team", &["member", "sync", "conflict", "rekey"]),
    ("Vault", &["check", "scan", "audit", "config"]),
    (
        "Shell and projects",
        &["allow", "deny", "project-info", "hook", "alias", "completions", "man"],
    ),
];

const ENVIRONMENT: &str = "\
Environment:
  AUTHY_VAULT             the vault's folder, as --vault
  AUTHY_KEYFILE           the file of your identity, as --keyfile
  AUTHY_IDENTITY          the identity itself, as for a pipeline
  AUTHY_IDENTITY_COMMAND  a line of sh that prints it, as --identity-command
  AUTHY_PASSPHRASE        the passphrase of the identity, where nobody can type it
  AUTHY_TOKEN             a session token: it alone decides, and no identity is used
  AUTHY_TOKEN_FILE        the file of a token, as --token-file
  AUTHY_SCOPE             the scope, and the only one that may be used; 'run' sets it
  AUTHY_STATE_DIR         where this machine remembers vaults
  AUTHY_NON_INTERACTIVE   never ask, as --no-input
  NO_COLOR                no colour, as --color never";

const MORE: &str = "\
'authy help COMMAND' describes a command; 'authy --help' has more.";

/// So wide is what clap does not fold itself, whatever the terminal: manuals are as wide.
const WIDTH: usize = 80;

/// The whole tree of commands, with its help laid out.
pub(crate) fn tree() -> Command {
    let mut root = Cli::command().mut_args(briefly);
    for command in root.get_subcommands_mut() {
        with_template(command);
    }
    let globals = Global::augment_args(Command::new("authy").disable_help_flag(true))
        .disable_version_flag(true)
        .mut_args(briefly)
        .help_template("{all-args}")
        .render_help();
    let text = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n\n{}{globals}{{after-help}}\n",
        groups(&root)
    );
    let exit_codes = root.get_after_help().map(ToString::to_string).unwrap_or_default();
    root.help_template(text)
        .after_help(MORE)
        .after_long_help(format!("{ENVIRONMENT}\n\n{exit_codes}"))
}

/// What a command is about, its usage, its examples, then the options: what is looked for most comes
/// first. It is the same for `-h` and `--help`.
fn with_template(command: &mut Command) {
    let mut own = std::mem::take(command);
    for sub in own.get_subcommands_mut() {
        with_template(sub);
    }
    own = own.mut_args(briefly);
    let about = own.get_long_about().or(own.get_about()).map(ToString::to_string);
    // A word in braces that is no field of the template stays as it is.
    let about = folded(&about.unwrap_or_default());
    let text = format!("{about}\n{{usage-heading}} {{usage}}{{after-help}}\n\n{{all-args}}\n");
    *command = own.long_about(None).help_template(text);
}

/// Names what an argument can be in its line: a line for each makes clap spread out all others. What
/// is imported from is many, and stays a list.
fn briefly(arg: Arg) -> Arg {
    let values = arg.get_possible_values();
    if arg.get_id() == "from" || values.iter().all(|value| value.get_help().is_none()) {
        return arg;
    }
    let names: Vec<&str> = values.iter().map(PossibleValue::get_name).collect();
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    arg.hide_possible_values(true).help(format!("{help}: {}", names.join(", ")))
}

/// Paragraphs in lines of at most [`WIDTH`] columns.
fn folded(text: &str) -> String {
    let mut out = String::new();
    for paragraph in text.split("\n\n") {
        let mut column = 0;
        for word in paragraph.split_whitespace() {
            let width = word.chars().count();
            if column > 0 && column + 1 + width > WIDTH {
                out.push('\n');
                column = 0;
            } else if column > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(word);
            column += width;
        }
        out.push_str("\n\n");
    }
    out.truncate(out.len() - 1);
    out
}

fn groups(root: &Command) -> String {
    let mut out = String::new();
    for (heading, names) in GROUPS {
        out.push_str(&format!("{heading}:\n"));
        for name in names {
            let Some(command) = root.find_subcommand(name) else { continue };
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            let aliases: Vec<&str> = command.get_visible_aliases().collect();
            let aliases = if aliases.is_empty() {
                String::new()
            } else {
                format!(" [{}]", aliases.join(" "))
            };
            out.push_str(&format!("  {name:<14}{about}{aliases}\n"));
        }
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use clap::Command;

    use super::{GROUPS, tree};

    #[test]
    fn every_command_stands_in_one_group() {
        let tree = tree();
        let visible = tree.get_subcommands().filter(|command| !command.is_hide_set());
        let mut visible: Vec<&str> = visible.map(Command::get_name).collect();
        let mut grouped: Vec<&str> =
            GROUPS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        visible.sort_unstable();
        grouped.sort_unstable();
        assert_eq!(visible, grouped);
    }

    #[test]
    fn what_a_command_says_of_braces_stays() {
        let mut tree = tree();
        tree.build();
        let create = tree.find_subcommand("policy").and_then(|one| one.find_subcommand("create"));
        let help = create.unwrap().clone().render_help().to_string();
        assert!(help.contains("{a,b}"), "{help}");
    }

    #[test]
    fn a_command_is_one_line_of_eighty_columns() {
        let help = tree().render_help().to_string();
        for line in help.lines() {
            assert!(line.chars().count() <= 80, "{line}");
        }
    }

    #[test]
    fn every_command_has_examples_before_its_options() {
        fn look(command: &Command, name: &str) {
            for sub in command
                .get_subcommands()
                .filter(|sub| !sub.is_hide_set() && sub.get_name() != "help")
            {
                let name = format!("{name} {}", sub.get_name());
                look(sub, &name);
                if sub.has_subcommands() {
                    continue;
                }
                let help = sub.clone().render_help().to_string();
                let at = |text: &str| help.find(text);
                let examples = at("Examples:").unwrap_or_else(|| panic!("{name} has no examples"));
                if let Some(options) = at("Global options:") {
                    assert!(examples < options, "{name}\n{help}");
                }
            }
        }
        let mut tree = tree();
        tree.build();
        look(&tree, "authy");
    }
}
