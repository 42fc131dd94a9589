//! `authy get`.

use std::process::ExitCode;
use std::time::Duration;

use authy::{Context, Kind, Part, ScopeName, SecretBytes, SecretName};
use data_encoding::BASE64;
use serde::Serialize;
use zeroize::Zeroizing;

use super::CommandResult;
use crate::cli::clipboard;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::target::Names;

/// Print a secret's value, byte for byte
///
/// A final newline is added on a terminal only. With --json a value that is not text is
/// given as base64, under 'value_base64'. With --clip it is printed nowhere: wl-copy, xclip, xsel,
/// pbcopy, tmux or the terminal (OSC 52) gets it, and it is taken away after 45 seconds if it is
/// still there; a terminal's clipboard is emptied then in any case. Of an entry of pass, whose
/// other lines are fields such as 'user: ann', --clip takes the password on the first line.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy get db-url
  authy get -c db-url                      to the clipboard
  authy get web/github --field user        of an entry that came from pass
  authy get api-key --version 2            as it was; 'authy history api-key' has the versions
  PGPASSWORD=\"$(authy get db-password --scope backend)\" psql")]
pub(crate) struct Args {
    /// Secret name
    name: SecretName,
    /// Put it on the clipboard instead, for so many seconds
    #[arg(short, long, value_name = "SECONDS", num_args = 0..=1, require_equals = true,
        default_missing_value = "45")]
    clip: Option<u16>,
    /// Read it as it was at this version
    #[arg(long, value_name = "N")]
    version: Option<u64>,
    /// Take this line of it, from 1
    #[arg(long, value_name = "N", conflicts_with = "field")]
    line: Option<usize>,
    /// Take what stands behind 'KEY:' on one of its lines
    #[arg(long, value_name = "KEY")]
    field: Option<String>,
    /// Scope to use
    #[arg(short, long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let scope = env.scope(self.scope)?;
        let ctx = env.context()?;
        let value = match self.version {
            Some(version) => authy::get_version(&ctx, &self.name, version, scope.as_ref())?,
            None if self.clip.is_some() => authy::copy(&ctx, &self.name, scope.as_ref())?,
            None => match authy::get(&ctx, &self.name, scope.as_ref()) {
                Err(error) if error.kind() == Kind::NotFound && env.ui().is_for_eyes() => {
                    return folder(env, &ctx, &self.name, error);
                }
                value => value?,
            },
        };
        let part = match (self.line, self.field) {
            (Some(line), _) => Some(Part::Line(line)),
            (None, Some(key)) => Some(Part::Field(key)),
            (None, None) => self.clip.map(|_| Part::Password),
        };
        let whole = value.len();
        let value = match part {
            Some(part) => authy::part(&self.name, &value, &part)?,
            None => value,
        };
        if let Some(seconds) = self.clip {
            let what = if value.len() < whole { "a line of " } else { "" };
            return copied(env, &value, &format!("{what}{}", self.name), seconds);
        }
        match env.ui().wants_json() {
            true => env.ui().json(&Shown::new(&self.name, &value))?,
            false => env.ui().value(value.expose())?,
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// On a terminal a folder shows what is in it, as in pass. What is no terminal wants a value.
fn folder(env: &CliEnv, ctx: &Context, name: &SecretName, error: authy::Error) -> CommandResult {
    let inside = Names::of(ctx).below(name).unwrap_or_default();
    if inside.is_empty() {
        return Err(error.into());
    }
    let lines: String = inside.iter().map(|name| format!("{name}\n")).collect();
    env.ui().data(lines.as_bytes())?;
    Ok(ExitCode::SUCCESS)
}

/// Puts a value on the clipboard, and says where it is.
pub(super) fn copied(env: &CliEnv, value: &SecretBytes, what: &str, seconds: u16) -> CommandResult {
    let keep = Duration::from_secs(seconds.into());
    let place = clipboard::copy(value.expose(), keep, &|name| env.variable(name))
        .map_err(Failure::Clipboard)?;
    env.ui().note(format_args!("copied {what} ({place}) for {seconds} seconds"));
    Ok(ExitCode::SUCCESS)
}

/// A value in JSON, without a copy of it that is not wiped.
#[derive(Serialize)]
struct Shown<'v> {
    name: &'v SecretName,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<&'v str>,
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "text")]
    value_base64: Option<Zeroizing<String>>,
}

impl<'v> Shown<'v> {
    fn new(name: &'v SecretName, value: &'v SecretBytes) -> Self {
        let text = value.expose_str();
        let encoded = || Zeroizing::new(BASE64.encode(value.expose()));
        Self { name, value: text, value_base64: text.is_none().then(encoded) }
    }
}

#[allow(clippy::ref_option, reason = "serde hands the field over like this")]
fn text<S: serde::Serializer>(text: &Option<Zeroizing<String>>, s: S) -> Result<S::Ok, S::Error> {
    s.serialize_str(text.as_ref().map_or("", |text| text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::{SecretBytes, SecretName, Shown};

    fn json(value: &[u8]) -> String {
        let (name, value) = (SecretName::parse("a").unwrap(), SecretBytes::new(value.to_vec()));
        serde_json::to_string(&Shown::new(&name, &value)).unwrap()
    }

    #[test]
    fn text_is_a_value_and_bytes_are_base64() {
        assert_eq!(json(b"it's \"x\"\n"), r#"{"name":"a","value":"it's \"x\"\n"}"#);
        assert_eq!(json(b"\xff\xfe"), r#"{"name":"a","value_base64":"//4="}"#);
        assert_eq!(json(b""), r#"{"name":"a","value":""}"#);
    }
}
