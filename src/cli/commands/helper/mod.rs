//! `authy helper …`: the credential protocols of other programs.
//!
//! Each file speaks one. An answer is made whole before any of it is written: a program that reads
//! half of one goes on with an empty password, or with none. What fails is said in the protocol's own
//! words where it has some, and on standard error always.

mod ansible;
mod askpass;
mod aws;
mod cargo;
mod docker;
mod exchange;
mod git;
mod install;
mod keyring;
mod kubectl;
mod npm;
mod openclaw;
mod terraform;

use std::ffi::{OsStr, OsString};
use std::path::Path;

use authy::HelperTool;
use clap::Subcommand;

use super::CommandResult;
use crate::cli::context::CliEnv;

/// Answer git, docker, cargo, pip and others in their protocol
///
/// A program asks for an address, and gets the secret that says that it belongs there ('store --for',
/// 'annotate --for'), over https or on this machine alone. A scope comes from --scope, AUTHY_SCOPE or
/// an allowed .authy.toml; without one every secret is meant that you may see. In a sealed run the
/// programs get placeholders, and the values are put in on the wire.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    Git(git::Args),
    Cargo(cargo::Args),
    Docker(docker::Args),
    Keyring(keyring::Args),
    Kubectl(kubectl::Args),
    Terraform(terraform::Args),
    Aws(aws::Args),
    Ansible(ansible::Args),
    Askpass(askpass::Args),
    Npm(npm::Args),
    Openclaw(openclaw::Args),
    Install(install::Args),
}

pub(super) fn run(command: Command, env: &CliEnv) -> CommandResult {
    match command {
        Command::Git(args) => args.run(env),
        Command::Cargo(args) => args.run(env),
        Command::Docker(args) => args.run(env),
        Command::Keyring(args) => args.run(env),
        Command::Kubectl(args) => args.run(env),
        Command::Terraform(args) => args.run(env),
        Command::Aws(args) => args.run(env),
        Command::Ansible(args) => args.run(env),
        Command::Askpass(args) => args.run(env),
        Command::Npm(args) => args.run(env),
        Command::Openclaw(args) => args.run(env),
        Command::Install(args) => args.run(env),
    }
}

/// What cargo says to a provider, and nothing else.
const CARGO: &str = "--cargo-plugin";

/// The words of a call by another name than `authy`: those of the helper of that name.
pub(crate) fn by_name(words: &[OsString]) -> Option<Vec<OsString>> {
    let (own, rest) = words.split_first()?;
    let stem = Path::new(own).file_stem().and_then(OsStr::to_str)?;
    let tool = HelperTool::of_program(stem).map(HelperTool::as_str);
    // Cargo starts a provider that is configured as `authy` with this word alone.
    let tool =
        tool.or_else(|| rest.first().is_some_and(|word| word == CARGO).then_some("cargo"))?;
    let named = ["authy", "helper", tool].map(OsString::from);
    Some(named.into_iter().chain(rest.iter().cloned()).collect())
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::by_name;

    fn named(line: &str) -> Option<String> {
        let words: Vec<OsString> = line.split(' ').map(Into::into).collect();
        let words = by_name(&words)?;
        Some(words.iter().map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" "))
    }

    #[test]
    fn a_program_is_what_it_is_called() {
        for (line, means) in [
            ("git-credential-authy get", "authy helper git get"),
            ("/usr/bin/git-credential-authy --scope a get", "authy helper git --scope a get"),
            ("docker-credential-authy.exe list", "authy helper docker list"),
            ("keyring get https://a b", "authy helper keyring get https://a b"),
            ("authy --cargo-plugin", "authy helper cargo --cargo-plugin"),
            ("cargo-credential-authy --cargo-plugin", "authy helper cargo --cargo-plugin"),
        ] {
            assert_eq!(named(line).as_deref(), Some(means), "{line}");
        }
        for line in ["authy get x", "authy", "/x/authy run -- keyring", "my-keyring get"] {
            assert_eq!(named(line), None, "{line}");
        }
    }
}
