//! `authy annotate`.

use std::process::ExitCode;

use authy::{Annotation, ListOptions, SecretName, ServiceUrl, ServiceUser, Ttl};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Change a secret's description, tags, interval or address
///
/// What is not given stays as it is. Anybody who has the vault can read all of this.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy annotate db-url --description \"primary database\" --tag db
  authy annotate api-key --untag old --rotate-every 90d
  authy annotate api-key --no-rotate-every
  authy annotate git/token --for https://github.com/acme --user x-access-token
  authy annotate db-user --not-secret")]
pub(crate) struct Args {
    /// Secret name
    name: SecretName,
    /// Description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
    /// Tag it; may be repeated
    #[arg(long = "tag", value_name = "TAG")]
    tags: Vec<String>,
    /// Take a tag away; may be repeated
    #[arg(long = "untag", value_name = "TAG")]
    untag: Vec<String>,
    /// Want another value this often, such as 90d
    #[arg(long, value_name = "TIME")]
    rotate_every: Option<Ttl>,
    /// Want no other value from time to time
    #[arg(long, conflicts_with = "rotate_every")]
    no_rotate_every: bool,
    /// Let 'authy helper' give it for this address and what lies below it; may be repeated
    #[arg(long = "for", value_name = "URL")]
    services: Vec<ServiceUrl>,
    /// Let it no longer belong to this address; may be repeated
    #[arg(long = "not-for", value_name = "URL")]
    not_for: Vec<ServiceUrl>,
    /// User name that goes with it there
    #[arg(long, value_name = "NAME")]
    user: Option<ServiceUser>,
    /// Let no user name go with it
    #[arg(long, conflicts_with = "user")]
    no_user: bool,
    /// Send it there as a bearer token instead of a password; =false takes it back
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    bearer: Option<bool>,
    /// Mark it as not secret, such as a user name: 'run' does not mask it; =false undoes it
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    not_secret: Option<bool>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        if self.says_nothing() {
            return Err(Failure::NothingToSay);
        }
        let (ctx, ui) = (env.context()?, env.ui());
        let (annotation, seen) = self.annotation(&ctx)?;
        let version = authy::annotate(&ctx, &self.name, &annotation, seen)?;
        match ui.wants_json() {
            true => ui.json(&serde_json::json!({ "name": self.name, "version": version }))?,
            false => ui.note(format_args!("annotated {} (version {version})", self.name)),
        }
        Ok(ExitCode::SUCCESS)
    }

    /// Whether no flag says what to change.
    fn says_nothing(&self) -> bool {
        let lists = self.tags.len() + self.untag.len() + self.services.len() + self.not_for.len();
        let texts =
            self.description.is_some() || self.user.is_some() || self.rotate_every.is_some();
        let marks = self.bearer.is_some() || self.not_secret.is_some();
        lists == 0 && !texts && !marks && !self.no_user && !self.no_rotate_every
    }

    /// What is there with what was given, and the version that was looked at. Where there is no
    /// record to look at `annotate` says why.
    fn annotation(&self, ctx: &authy::Context) -> Result<(Annotation, Option<u64>), Failure> {
        let options = ListOptions {
            pattern: Some(self.name.to_string()),
            details: true,
            ..ListOptions::default()
        };
        let listed = authy::list(ctx, &options)?;
        let old = listed.into_iter().find(|entry| entry.name == self.name);
        let old = old.and_then(|entry| entry.details);
        let seen = old.as_ref().map(|old| old.version);
        let mut annotation = Annotation::default();
        if let Some(old) = old {
            annotation.description = old.description;
            annotation.tags = old.tags;
            annotation.rotate_every = old.rotate_every;
            annotation.services = old.services;
            annotation.user = old.user;
            annotation.bearer = old.bearer;
            annotation.not_secret = old.not_secret;
        }
        if let Some(description) = &self.description {
            annotation.description.clone_from(description);
        }
        annotation.tags.retain(|tag| !self.untag.contains(tag));
        for tag in &self.tags {
            if !annotation.tags.contains(tag) {
                annotation.tags.push(tag.clone());
            }
        }
        if self.no_rotate_every {
            annotation.rotate_every = None;
        }
        annotation.rotate_every = self.rotate_every.or(annotation.rotate_every);
        annotation.services.retain(|url| !self.not_for.contains(url));
        for url in &self.services {
            if !annotation.services.contains(url) {
                annotation.services.push(url.clone());
            }
        }
        annotation.user = self.user.clone().or(annotation.user).filter(|_| !self.no_user);
        annotation.bearer = self.bearer.unwrap_or(annotation.bearer);
        annotation.not_secret = self.not_secret.unwrap_or(annotation.not_secret);
        Ok((annotation, seen))
    }
}
