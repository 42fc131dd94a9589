//! The command line: words parsed, the library called, results printed.
//!
//! No rule lives here. The folder of commands is the tree of commands, one file each.

mod commands;
mod context;
mod error;
mod front;
mod reference;
mod table;
mod time;
mod ui;
mod value;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Parser, ValueEnum};

use commands::Command;
use context::World;
use ui::Ui;

/// Keeps secrets out of plaintext config, shell history and agents' hands.
#[derive(Debug, Parser)]
#[command(name = "authy", version, propagate_version = true, arg_required_else_help = true)]
#[command(after_help = EXIT_CODES)]
struct Cli {
    #[command(flatten)]
    global: Global,
    #[command(subcommand)]
    command: Command,
}

const EXIT_CODES: &str = "\
Exit codes: 0 done, 1 other failure, 2 usage, 3 not found, 4 access denied, 5 vault missing or
damaged, 6 credentials, 7 conflict. 'run' exits as its command does: 128+n for signal n, 126
where it cannot be executed, 127 where it is not found.";

/// Flags that every command takes.
#[derive(Debug, Clone, Default, Args)]
pub(crate) struct Global {
    /// Use the vault in this folder
    #[arg(long, global = true, value_name = "DIR")]
    vault: Option<PathBuf>,
    /// Use this identity file
    #[arg(long, global = true, value_name = "FILE")]
    keyfile: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    json: bool,
    /// Never ask
    #[arg(long, global = true)]
    no_input: bool,
    /// Colour errors
    #[arg(long, global = true, value_enum, default_value_t, value_name = "WHEN")]
    color: When,
    /// Print no notes
    #[arg(short, long, global = true)]
    quiet: bool,
}

/// When to use colour.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum When {
    /// On a terminal, unless NO_COLOR is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// Runs one command line; returns the exit code.
pub(crate) fn main(words: &[OsString]) -> ExitCode {
    authy::keep_memory_private();
    let cli = match Cli::try_parse_from(words) {
        Ok(cli) => cli,
        Err(error) => return error::usage(&error, words),
    };
    let ui = Ui::new(&cli.global);
    let world = World::new(cli.global, ui);
    match commands::run(&world, cli.command) {
        Ok(code) => code,
        Err(error) => error::present(world.ui(), &error),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_tree_is_sound() {
        super::Cli::command().debug_assert();
    }

    #[test]
    fn the_reference_is_what_clap_says() {
        let text = super::reference::render(super::Cli::command());
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/COMMANDS.md");
        if std::env::var_os("AUTHY_UPDATE_DOCS").is_some() {
            std::fs::write(path, &text).unwrap();
        }
        let written = std::fs::read_to_string(path).unwrap_or_default();
        assert!(
            written == text,
            "docs/COMMANDS.md is old: AUTHY_UPDATE_DOCS=1 cargo test reference"
        );
    }
}
