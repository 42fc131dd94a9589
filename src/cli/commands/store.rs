//! `authy store`.

use std::process::ExitCode;

use authy::{Context, SecretName, ServiceUrl, ServiceUser, StoreOptions, StoreReport, Ttl};

use super::CommandResult;
use super::get::copied;
use crate::cli::context::CliEnv;
use crate::cli::ui::Ui;
use crate::cli::value::ValueFlags;

/// Store a new secret
///
/// The value comes from standard input; on a terminal it is asked for without being shown, a
/// line twice, and a paste of several lines is taken whole. The newline at the end of a single
/// line of text is dropped, everything else is kept byte for byte. A value is never an argument:
/// others could see it there.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy store db-url                       asks for the value
  printf %s \"$VALUE\" | authy store db-url
  authy store tls/key --file key.pem
  authy store wifi --words -c              a passphrase, on the clipboard too
  authy store door-pin --generate=8 --chars digits
  authy store api-key --generate=40 --tag api --description \"search service\"
  authy store git/token --for https://github.com/acme --user x-access-token")]
pub(crate) struct Args {
    /// Secret name
    name: SecretName,
    #[command(flatten)]
    value: ValueFlags,
    /// Replace the value of a secret that exists
    #[arg(short, long)]
    force: bool,
    /// Description; anyone who has the vault can read it
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Tag it; may be repeated; anybody who has the vault can read this
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Mark as due for rotation after this long, such as 90d ('authy list --rotate-due')
    #[arg(long, value_name = "TIME")]
    rotate_every: Option<Ttl>,
    /// Let 'authy helper' give it for this address and what lies below it; may be repeated
    #[arg(long = "for", value_name = "URL")]
    services: Vec<ServiceUrl>,
    /// User name that goes with it there
    #[arg(long, value_name = "NAME")]
    user: Option<ServiceUser>,
    /// Send it there as a bearer token instead of a password
    #[arg(long, conflicts_with = "user")]
    bearer: bool,
    /// Mark it as not secret, such as a user name: 'run' does not mask it
    #[arg(long)]
    not_secret: bool,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let mut ctx = env.context()?;
        // Whoever types a value is told before it what cannot be, and asked for the passphrase.
        if self.value.is_typed() {
            authy::store_ready(&ctx, &self.name, self.force)?;
            ctx = env.unlocked(ctx)?;
            authy::may_store(&ctx, &self.name)?;
        }
        let value = self.value.read(env.person(), &self.name)?;
        let options = StoreOptions {
            force: self.force,
            description: self.description,
            tags: self.tags,
            rotate_every: self.rotate_every,
            services: self.services,
            user: self.user,
            bearer: self.bearer,
            not_secret: self.not_secret,
        };
        report(env.ui(), "stored", &authy::store(&ctx, &self.name, &value, &options)?)?;
        clip(env, &ctx, &self.name, self.value.clip())
    }
}

/// Puts a generated value on the clipboard, if that is wanted.
pub(super) fn clip(
    env: &CliEnv,
    ctx: &Context,
    name: &SecretName,
    seconds: Option<u16>,
) -> CommandResult {
    let Some(seconds) = seconds else { return Ok(ExitCode::SUCCESS) };
    copied(env, &authy::copy(ctx, name, None)?, name.as_str(), seconds)
}

/// Tells what was written; for every command that writes a value.
pub(super) fn report(ui: Ui, verb: &str, report: &StoreReport) -> CommandResult {
    if ui.wants_json() {
        ui.json(&serde_json::json!({
            "name": report.name,
            "version": report.version,
            "created": report.created,
        }))?;
    } else {
        ui.note(format_args!("{verb} {} (version {})", report.name, report.version));
    }
    Ok(ExitCode::SUCCESS)
}
