//! `authy get`.

use std::process::ExitCode;

use authy::{ScopeName, SecretBytes, SecretName};
use data_encoding::BASE64;
use serde::Serialize;
use zeroize::Zeroizing;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Print a secret's value, byte for byte
///
/// A final newline is added on a terminal only. With --json a value that is no text is
/// given as base64, under 'value_base64'.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy get db-url
  PGPASSWORD=\"$(authy get db-password --scope backend)\" psql")]
pub(crate) struct Args {
    /// Name the secret
    name: SecretName,
    /// Read it under this policy
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let scope = env.scope(self.scope)?;
        let value = authy::get(&env.context()?, &self.name, scope.as_ref())?;
        match env.ui().wants_json() {
            true => env.ui().json(&Shown::new(&self.name, &value))?,
            false => env.ui().value(value.expose())?,
        }
        Ok(ExitCode::SUCCESS)
    }
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
