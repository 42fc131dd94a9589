//! `authy otp`.

use std::process::ExitCode;

use authy::{ScopeName, SecretName};

use super::CommandResult;
use super::get::copied;
use crate::cli::context::CliEnv;

/// Print the current one-time code (TOTP) of a stored key
///
/// The secret holds a base32 key, or an otpauth:// address as QR codes do, alone, on the first line
/// or behind 'totp:' as in gopass. The code is made as RFC 6238 says; the key itself is not printed.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy store github-mfa                   asks for the key or the address
  authy otp github-mfa
  authy otp github-mfa --clip")]
pub(crate) struct Args {
    /// Name of the secret that holds the key
    name: SecretName,
    /// Put the code on the clipboard instead, for so many seconds
    #[arg(short, long, value_name = "SECONDS", num_args = 0..=1, require_equals = true,
        default_missing_value = "45")]
    clip: Option<u16>,
    /// Scope to use
    #[arg(short, long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let scope = env.scope(self.scope)?;
        let made = authy::otp(&env.context()?, &self.name, scope.as_ref())?;
        if let Some(seconds) = self.clip {
            copied(env, &made.code, &format!("the code of {}", self.name), seconds)?;
            env.ui().note(format_args!("good for {} more seconds", made.seconds_left));
            return Ok(ExitCode::SUCCESS);
        }
        let code = made.code.expose_str().unwrap_or_default();
        if env.ui().wants_json() {
            env.ui().json(&serde_json::json!({
                "name": self.name,
                "code": code,
                "seconds_left": made.seconds_left,
            }))?;
        } else {
            env.ui().data(code.as_bytes())?;
            env.ui().data(b"\n")?;
            env.ui().note(format_args!("good for {} more seconds", made.seconds_left));
        }
        Ok(ExitCode::SUCCESS)
    }
}
