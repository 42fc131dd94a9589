//! The `authy` command: words in, exit code out.

mod cli;
mod tui;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main(&std::env::args_os().collect::<Vec<_>>())
}
