//! `authy rotate`.

use authy::SecretName;

use super::{CommandResult, store};
use crate::cli::context::CliEnv;
use crate::cli::value::ValueFlags;

/// Give a secret a new value
///
/// The value is taken as 'authy store' takes it. Its readers stay as they are.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy rotate db-password --generate
  vault-tool new-key | authy rotate api-key")]
pub(crate) struct Args {
    /// Secret name
    name: SecretName,
    #[command(flatten)]
    value: ValueFlags,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let mut ctx = env.context()?;
        // Whoever types a value is told before it what cannot be, and asked for the passphrase.
        if self.value.is_typed() {
            authy::rotate_ready(&ctx, &self.name)?;
            ctx = env.unlocked(ctx)?;
            authy::may_store(&ctx, &self.name)?;
        }
        let value = self.value.read(env.person(), &self.name)?;
        store::report(env.ui(), "rotated", &authy::rotate(&ctx, &self.name, &value)?)?;
        store::clip(env, &ctx, &self.name, self.value.clip())
    }
}
