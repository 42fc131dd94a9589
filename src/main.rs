//! The `authy` command: words in, exit code out.

mod cli;
mod front;
#[cfg(feature = "mcp")]
mod mcp;
mod tui;

use std::process::ExitCode;

fn main() -> ExitCode {
    let fronts = front::Fronts {
        admin: tui::run,
        #[cfg(feature = "mcp")]
        mcp: mcp::serve,
    };
    cli::main(&std::env::args_os().collect::<Vec<_>>(), &fronts)
}
