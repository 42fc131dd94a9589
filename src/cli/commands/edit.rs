//! `authy edit`.

use std::path::PathBuf;
use std::process::ExitCode;

use authy::{EditorChoice, SecretName};

use super::store::stored;
use crate::cli::context::{World, variable};
use crate::cli::error::Failure;

/// Open a secret in $VISUAL or $EDITOR and store what comes back
///
/// The text lies on a memory file system only, readable by you alone, and is removed however
/// the editor ends.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The secret's name
    name: SecretName,
}

pub(crate) fn run(world: &World, args: &Args) -> Result<ExitCode, Failure> {
    let run_dir = variable("XDG_RUNTIME_DIR").map(PathBuf::from);
    let choice = EditorChoice {
        visual: variable("VISUAL"),
        editor: variable("EDITOR"),
        memory_dirs: run_dir.into_iter().chain([PathBuf::from("/dev/shm")]).collect(),
    };
    match authy::edit(&world.context()?, &args.name, &choice)? {
        Some(report) => stored(world, &report),
        None => {
            world.ui().note(&format!("{} is unchanged", args.name));
            Ok(ExitCode::SUCCESS)
        }
    }
}
