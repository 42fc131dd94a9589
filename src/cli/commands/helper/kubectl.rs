//! `authy helper kubectl`: kubectl's exec plugins (client.authentication.k8s.io), seen with kubectl
//! 1.32.

use std::process::ExitCode;

use authy::{HelperTool, SecretName, ServiceUrl};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::exchange::{Exchange, ScopeFlag, answer, line, text};
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// What kubectl tells a plugin.
const INFO: &str = "KUBERNETES_EXEC_INFO";
/// The version that is answered where kubectl asks for none.
const VERSION: &str = "client.authentication.k8s.io/v1";

/// Answer kubectl's credential plugins
///
/// Set up in a kubeconfig below users, exec: command authy, args ["helper", "kubectl"], apiVersion
/// client.authentication.k8s.io/v1, interactiveMode IfAvailable and provideClusterInfo true, so that the
/// token is found by the cluster's address. A name instead gives that secret, whatever the cluster.
/// A secret in PEM, a certificate and its private key, is given as a client certificate.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy store k8s/prod --for https://k8s.example:6443
  authy helper kubectl k8s/prod
  cat client.crt client.key | authy store k8s/prod")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: ScopeFlag,
    /// Give this secret
    name: Option<SecretName>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Info {
    api_version: Option<String>,
    spec: Spec,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct Spec {
    cluster: Option<Cluster>,
}

#[derive(Deserialize)]
struct Cluster {
    server: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Given<'a> {
    api_version: &'a str,
    kind: &'static str,
    status: Status<'a>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Status<'a> {
    Token {
        token: &'a str,
    },
    /// Both in PEM.
    #[serde(rename_all = "camelCase")]
    Certificate {
        client_certificate_data: &'a str,
        client_key_data: &'a str,
    },
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let info = env.variable(INFO).map(|info| info.to_string_lossy().into_owned());
        let odd = |error: serde_json::Error| Failure::OddQuestion(format!("{INFO}: {error}"));
        let info: Info = info
            .map(|info| serde_json::from_str(&info))
            .transpose()
            .map_err(odd)?
            .unwrap_or_default();
        let exchange = Exchange::new(env, HelperTool::Kubectl, &self.scope)?;
        let server = info.spec.cluster.as_ref().map(|cluster| cluster.server.as_str());
        let (name, value) = match (self.name, server) {
            (Some(name), server) => {
                self::belongs(&exchange, &name, server)?;
                let value = exchange.named(std::slice::from_ref(&name))?.pop();
                (name.clone(), value.ok_or(Failure::NoLine(name))?)
            }
            (None, Some(server)) => {
                let url = ServiceUrl::asked(server)
                    .map_err(|why| Failure::OddQuestion(format!("'{server}': {why}")))?;
                let found = exchange.must_find(vec![url], None)?;
                (found.name, found.value)
            }
            (None, None) => return Err(Failure::NoCluster),
        };
        let pem = text(&name, &value)?;
        let (pair, token);
        // openssl writes attributes before a block.
        let status = match pem.lines().any(|line| line.starts_with(BEGIN)) {
            true => {
                pair = certificate(&name, pem)?;
                Status::Certificate { client_certificate_data: &pair[0], client_key_data: &pair[1] }
            }
            false => {
                token = line(&name, &value)?;
                Status::Token { token: text(&name, &token)? }
            }
        };
        let api_version = info.api_version.as_deref().unwrap_or(VERSION);
        answer(env, &Given { api_version, kind: "ExecCredential", status })?;
        Ok(ExitCode::SUCCESS)
    }
}

/// How a block of PEM begins (RFC 7468), and how it ends.
const BEGIN: &str = "-----BEGIN ";
const END: &str = "-----END ";

/// A certificate, with those of its authorities, and its private key.
fn certificate(name: &SecretName, pem: &str) -> Result<[Zeroizing<String>; 2], Failure> {
    // They grow no further, so that nothing of them is left behind.
    let block = || Zeroizing::new(String::with_capacity(pem.len() + 1));
    let (mut certificates, mut keys) = (block(), block());
    let mut is_key = None;
    for line in pem.lines() {
        // Nobody is there to type a passphrase (RFC 1421; RFC 7468, section 11).
        if line.starts_with("Proc-Type:") || line.contains(" ENCRYPTED PRIVATE KEY-") {
            return Err(Failure::NoPair(name.clone()));
        }
        if let Some(label) = line.strip_prefix(BEGIN) {
            is_key = Some(label.contains("PRIVATE KEY"));
        }
        if let Some(is_key) = is_key {
            let block = if is_key { &mut keys } else { &mut certificates };
            block.push_str(line.trim_end());
            block.push('\n');
        }
        if line.starts_with(END) {
            is_key = None;
        }
    }
    match certificates.is_empty() || keys.is_empty() {
        true => Err(Failure::NoPair(name.clone())),
        false => Ok([certificates, keys]),
    }
}

/// A secret that says where it belongs goes nowhere else, also where it is named.
fn belongs(
    exchange: &Exchange<'_>,
    name: &SecretName,
    server: Option<&str>,
) -> Result<(), Failure> {
    let Some(asked) = server.and_then(|server| ServiceUrl::asked(server).ok()) else {
        return Ok(());
    };
    let place = exchange.places(None)?.into_iter().find(|place| place.name == *name);
    match place.is_none_or(|place| place.services.iter().any(|url| url.covers(&asked))) {
        true => Ok(()),
        false => Err(Failure::Elsewhere { name: name.clone(), asked: Box::new(asked) }),
    }
}
