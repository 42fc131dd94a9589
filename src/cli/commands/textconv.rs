//! `authy textconv`, which git calls.

use std::path::PathBuf;
use std::process::ExitCode;

use authy::{Description, digest_of};

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Tell git what may be said of an encrypted file; 'init --install-diff' has it call this
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub(crate) struct Args {
    /// The file, or git's copy of one
    file: PathBuf,
}

impl Args {
    /// Never fails for what it cannot tell: git would show no diff at all.
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let bytes = authy::read_public(&self.file).unwrap_or_default();
        let file = self.file.to_string_lossy();
        let found =
            env.context().ok().and_then(|ctx| authy::describe(&ctx, &file, &bytes).ok()).flatten();
        env.ui().data(text(found.as_ref(), &bytes).as_bytes())?;
        Ok(ExitCode::SUCCESS)
    }
}

fn text(found: Option<&Description>, bytes: &[u8]) -> String {
    let digest = digest_of(bytes);
    match found {
        Some(one) => format!(
            "secret {}\nversion {}\nvalue by {} at {}\nreaders {}\nfile {digest}\n",
            one.name,
            one.version,
            one.author,
            one.changed,
            one.readers.join(" ")
        ),
        None => format!("no record describes this file\nfile {digest}\n"),
    }
}
