//! `authy helper docker`: Docker's credential helpers (docker-credential-helpers), seen with the
//! client 28.2.

use std::collections::BTreeMap;
use std::process::ExitCode;

use authy::{Answer, HelperTool, ServiceUrl, ServiceUser};
use serde::{Deserialize, Serialize};

use super::exchange::{
    self, ANY_USER, Exchange, ScopeFlag, Typed, answer, line, question_json, question_text, text,
};
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// What a helper says that has nothing; clients compare it as it stands.
const NOTHING: &str = "credentials not found in native keychain\n";
/// The user name of an identity token.
const TOKEN: &str = "<token>";
/// What Docker calls its own registry, and how people do.
const HUB: (&str, &str) = ("https://index.docker.io/v1", "https://docker.io");

/// Answer Docker's credential protocol
///
/// Set up with "credsStore": "authy" or "credHelpers": {"ghcr.io": "authy"} in
/// ~/.docker/config.json, where docker-credential-authy is in PATH. What belongs to https://docker.io
/// is for Docker Hub. 'docker login' stores; 'docker logout' takes nothing away.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy store docker/ghcr --for https://ghcr.io --user ann
  echo ghcr.io | authy helper docker get")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: ScopeFlag,
    /// What docker wants
    #[arg(value_name = "OPERATION", value_parser = ["get", "store", "erase", "list"])]
    operation: String,
}

#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
struct Given<'a> {
    #[serde(rename = "ServerURL")]
    server: &'a str,
    username: &'a str,
    secret: &'a str,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Stored {
    #[serde(rename = "ServerURL")]
    server: String,
    username: String,
    secret: Typed,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let result = Exchange::new(env, HelperTool::Docker, &self.scope).and_then(|exchange| {
            match self.operation.as_str() {
                "get" => get(&exchange),
                "store" => store(&exchange),
                "erase" => erase(&exchange),
                _ => list(&exchange),
            }
        });
        // Clients show what stands there for some operations, and standard error for others.
        if let Err(failure) = &result {
            env.ui().data(format!("{}\n", authy::printable(&failure.to_string())).as_bytes())?;
        }
        result
    }
}

/// The addresses that a server goes by.
fn services(server: &str) -> Vec<ServiceUrl> {
    let server = server.trim();
    let url = ServiceUrl::asked(server).ok();
    let here = url.as_ref().and_then(ServiceUrl::host).is_some_and(authy::Host::is_loopback);
    // A server without a scheme on this machine is often one without TLS.
    let plain = (here && !server.contains("://")).then(|| format!("http://{server}"));
    let plain = plain.and_then(|text| ServiceUrl::asked(&text).ok());
    let is_hub = url.as_ref().is_some_and(|url| url.to_string() == HUB.0);
    let hub = is_hub.then_some(HUB.1).and_then(|text| ServiceUrl::asked(text).ok());
    url.into_iter().chain(plain).chain(hub).collect()
}

fn get(exchange: &Exchange<'_>) -> CommandResult {
    let server = question_text()?;
    let server = server.trim();
    let services = services(server);
    if services.is_empty() {
        return Err(Failure::OddQuestion(format!("'{server}' is not a registry")));
    }
    let found = match exchange.find(services, None)? {
        Answer::Given(found) => found,
        // The usual answer: most images are anybody's.
        Answer::Nothing { why, is_near } => {
            exchange.note_near(&why, is_near);
            exchange.env.ui().data(NOTHING.as_bytes())?;
            return Ok(ExitCode::FAILURE);
        }
    };
    let value = line(&found.name, &found.value)?;
    let user = found.user.as_ref().map_or(ANY_USER, ServiceUser::as_str);
    let username = if found.bearer { TOKEN } else { user };
    answer(exchange.env, &Given { server, username, secret: text(&found.name, &value)? })?;
    Ok(ExitCode::SUCCESS)
}

fn store(exchange: &Exchange<'_>) -> CommandResult {
    let stored: Stored = question_json()?;
    let services = services(&stored.server);
    let bearer = stored.username == TOKEN;
    let user = ServiceUser::parse(&stored.username).ok().filter(|_| !bearer);
    let Typed(value) = stored.secret;
    exchange.keep("docker", &services, &exchange::Given { user, bearer, value })?;
    Ok(ExitCode::SUCCESS)
}

/// Others read what is in a vault: 'docker logout' is no reason to take it from them.
fn erase(exchange: &Exchange<'_>) -> CommandResult {
    let server = question_text()?;
    // Docker asks for the same server three times, with and without a scheme.
    if server.contains("://") && !server.starts_with(HUB.0) {
        return Ok(ExitCode::SUCCESS);
    }
    let mut kept = Vec::new();
    for url in services(&server) {
        kept.extend(exchange.places(Some(&url))?);
    }
    match kept.into_iter().next() {
        Some(place) => Err(Failure::Kept(place.name)),
        None => Ok(ExitCode::SUCCESS),
    }
}

fn list(exchange: &Exchange<'_>) -> CommandResult {
    let mut all = BTreeMap::new();
    for place in exchange.places(None)? {
        let user = place.user.as_ref().map_or(ANY_USER, ServiceUser::as_str);
        let user = if place.bearer { TOKEN } else { user };
        for url in place.services.iter().filter(|url| ["https", "http"].contains(&url.scheme())) {
            all.insert(url.to_string(), user.to_owned());
        }
    }
    answer(exchange.env, &all)?;
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::services;

    #[test]
    fn a_server_goes_by_several_addresses() {
        let of = |server: &str| {
            services(server).iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("ghcr.io\n"), "https://ghcr.io");
        assert_eq!(of("ghcr.io:5000"), "https://ghcr.io:5000");
        assert_eq!(
            of("https://index.docker.io/v1/"),
            "https://index.docker.io/v1 https://docker.io"
        );
        assert_eq!(of("127.0.0.1:5000"), "https://127.0.0.1:5000 http://127.0.0.1:5000");
        assert_eq!(of(""), "");
    }
}
