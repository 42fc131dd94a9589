//! Rules of sealed runs that name no hosts: those that the records of their secrets name.

use std::borrow::Cow;

use super::PolicyChange;
use crate::access::{AccessError, SealRefused};
use crate::name::{SecretName, ServiceUrl, printable};
use crate::service::base::{Context, OpenVault, Result, Snapshot};
use crate::store::SealedRule;

/// The change with the hosts filled in; one rule for each address, as each has paths of its own.
///
/// # Errors
/// What is no rule; a secret that is not there, or says of no address of the web that it belongs there.
pub(super) fn with_hosts<'c>(
    ctx: &Context,
    change: &'c PolicyChange,
) -> Result<Cow<'c, PolicyChange>> {
    let rules = change.seal.iter().map(|text| parsed(text)).collect::<Result<Vec<_>>>()?;
    if rules.iter().all(|rule| !rule.hosts.is_empty()) {
        return Ok(Cow::Borrowed(change));
    }
    let opened = OpenVault::open(ctx)?;
    let mut seal = Vec::new();
    for rule in rules {
        match rule.hosts.is_empty() {
            true => seal.extend(filled(&opened, &rule)?.iter().map(ToString::to_string)),
            false => seal.push(rule.to_string()),
        }
    }
    Ok(Cow::Owned(PolicyChange { seal, ..change.clone() }))
}

/// Reads the one-line form of a rule.
pub(super) fn parsed(text: &str) -> Result<SealedRule> {
    let read = SealedRule::parse(text);
    read.map_err(|why| refused(text, why)).map_err(|error| AccessError::from(error).into())
}

fn filled(opened: &Snapshot, rule: &SealedRule) -> Result<Vec<SealedRule>> {
    let mut all = Vec::new();
    for text in &rule.secrets {
        let why = "without hosts a rule names each secret by its whole name";
        let name = SecretName::parse(text).map_err(|_| AccessError::from(refused(text, why)))?;
        let record = opened.vault.record(&name, &opened.rules)?;
        let record = record.ok_or_else(|| opened.not_found(&name, None))?;
        let one = |url: &ServiceUrl| towards(rule, &name, url);
        let rules: Vec<_> = record.services.iter().filter_map(one).collect();
        if rules.is_empty() {
            let why = format!(
                "it says of no host that it belongs there; write {name}=HOST, or run 'authy annotate {name} --for https://HOST'"
            );
            return Err(AccessError::from(refused(text, why)).into());
        }
        all.extend(rules);
    }
    Ok(all)
}

/// The rule for one secret and one address; `None` where no proxy comes by.
fn towards(rule: &SealedRule, name: &SecretName, url: &ServiceUrl) -> Option<SealedRule> {
    let host = url.host().filter(|_| ["https", "http"].contains(&url.scheme()))?;
    let is_plain = url.scheme() == "http";
    let below = |path: &str| vec![path.to_owned(), format!("{path}/*")];
    let paths = Some(url.path()).filter(|path| !path.is_empty()).map(below);
    let host = match url.port() {
        Some(443) | None => host.to_string(),
        Some(port) => format!("{host}:{port}"),
    };
    Some(SealedRule {
        secrets: vec![name.to_string()],
        hosts: vec![host],
        paths: rule.paths.clone().or(paths),
        loopback_plain: rule.loopback_plain || is_plain,
        ..rule.clone()
    })
}

fn refused(rule: &str, why: impl AsRef<str>) -> SealRefused {
    SealRefused::Rule { rule: printable(rule), why: printable(why.as_ref()) }
}
