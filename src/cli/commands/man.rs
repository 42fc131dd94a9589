//! `authy man`.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Command, CommandFactory as _};
use clap_mangen::Man;

use super::CommandResult;
use crate::cli::Cli;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Print the manual page of a command, or write all of them
///
/// The pages say what --help says, in the format of man.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy man policy create | man -l -
  authy man --dir ~/.local/share/man/man1")]
pub(crate) struct Args {
    /// Print the page of this command [default: of authy itself]
    #[arg(value_name = "COMMAND")]
    command: Vec<String>,
    /// Write the pages of all commands into this folder
    #[arg(long, value_name = "DIR", conflicts_with = "command")]
    dir: Option<PathBuf>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let tree = Cli::command().disable_help_subcommand(true);
        if let Some(dir) = self.dir {
            let failed = |source| Failure::Pages { path: dir.clone(), source };
            std::fs::create_dir_all(&dir).map_err(failed)?;
            clap_mangen::generate_to(tree, &dir).map_err(failed)?;
            return Ok(ExitCode::SUCCESS);
        }
        let page = page(tree, &self.command).ok_or(Failure::NoCommand(self.command.join(" ")))?;
        let mut text = Vec::new();
        Man::new(page).render(&mut text).map_err(Failure::Output)?;
        env.ui().data(&text)?;
        Ok(ExitCode::SUCCESS)
    }
}

fn page(mut tree: Command, words: &[String]) -> Option<Command> {
    tree.build();
    let walk = |at: &mut Command, word: &String| at.find_subcommand(word).cloned();
    words.iter().try_fold(tree, |mut at, word| walk(&mut at, word))
}
