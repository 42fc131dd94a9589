//! The `authy` command: words in, exit code out.

mod cli;
mod front;
mod tui;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(&std::env::args_os().collect::<Vec<_>>(), tui::run)
}
