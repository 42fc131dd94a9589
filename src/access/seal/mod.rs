//! Sealed secrets: which values a proxy may put in, towards which hosts.
//!
//! Rules and judgements alone. Nothing here knows the wire, or holds a value.

mod error;
mod host;
mod path;
mod rule;
#[cfg(test)]
mod tests;

use std::fmt;

use crate::name::{Address, ScopeName, SecretName};

pub(crate) use error::SealRefused;
pub(crate) use rule::{SealRule, SetHeader};

/// A request, as far as rules speak of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Target<'r> {
    /// Where it goes.
    pub(crate) address: &'r Address,
    /// Whether it goes without TLS.
    pub(crate) is_plain: bool,
    /// Its method.
    pub(crate) method: &'r str,
    /// Its path, as it was written.
    pub(crate) path: &'r str,
}

/// Where in a request a placeholder stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Injection {
    Header,
    Query,
    Path,
    Body,
}

/// Why a value is not put in. The later, the nearer the request came to a rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Refusal {
    /// No rule names the host.
    Host,
    /// Without TLS, to a host that is not this machine.
    Plain,
    /// Not this method.
    Method,
    /// Not this path.
    Path,
    /// Not at this place.
    Injection,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Host => "host",
            Self::Plain => "no TLS",
            Self::Method => "method",
            Self::Path => "path",
            Self::Injection => "place",
        })
    }
}

/// What a scope seals, for one run: the policy's rules, within those of a session's grant.
#[derive(Debug, Clone)]
pub(crate) struct Sealing {
    /// The scope.
    pub(crate) scope: ScopeName,
    /// Whether no value is revealed beside.
    pub(crate) only: bool,
    /// Whether all is sealed that a rule names, also what a rule would hand out.
    all: bool,
    /// When the session ends, in seconds since 1970.
    pub(crate) until: Option<i64>,
    policy: Vec<SealRule>,
    grant: Option<Vec<SealRule>>,
}

impl Sealing {
    pub(super) fn new(
        scope: ScopeName,
        only: bool,
        all: bool,
        policy: &[SealRule],
        grant: Option<&[SealRule]>,
    ) -> Self {
        let grant = grant.map(<[SealRule]>::to_vec);
        Self { scope, only, all, until: None, policy: policy.to_vec(), grant }
    }

    /// The same, for a session that ends then.
    pub(crate) fn ending(self, until: Option<i64>) -> Self {
        Self { until, ..self }
    }

    /// Whether a program is given a placeholder for `name`: where that was asked for, or the scope
    /// hands nothing out, for all that a rule names; otherwise unless each of its rules is plain.
    pub(crate) fn seals(&self, name: &SecretName) -> bool {
        let mut rules = self.policy.iter().chain(self.grant.iter().flatten());
        rules.any(|rule| rule.names(name) && (self.all || !rule.is_plain()))
    }

    /// Whether anything is sealed by it.
    pub(super) fn has_rules(&self) -> bool {
        !self.policy.is_empty() || self.grant.as_ref().is_some_and(|grant| !grant.is_empty())
    }

    /// Whether requests to this address are looked into.
    pub(crate) fn binds(&self, address: &Address) -> bool {
        self.policy.iter().any(|rule| rule.binds(address))
    }

    /// The hosts of all rules, as they are written.
    pub(crate) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.policy.iter().flat_map(SealRule::hosts)
    }

    /// The hosts that `name` may go to, as they are written.
    pub(crate) fn hosts_of(&self, name: &SecretName) -> Vec<&str> {
        self.policy.iter().filter(|rule| rule.names(name)).flat_map(SealRule::hosts).collect()
    }

    /// What a placeholder for `name` begins with.
    pub(crate) fn prefix(&self, name: &SecretName) -> Option<&str> {
        self.policy.iter().filter(|rule| rule.names(name)).find_map(SealRule::prefix)
    }

    /// The rules that set a header.
    pub(crate) fn setting(&self) -> impl Iterator<Item = (&SealRule, &SetHeader)> {
        self.policy.iter().filter_map(|rule| Some((rule, rule.header()?)))
    }

    /// Whether the value of `name` may be put in.
    ///
    /// # Errors
    /// The rule that came nearest says why not.
    pub(crate) fn judge(
        &self,
        name: &SecretName,
        target: &Target<'_>,
        place: Injection,
    ) -> Result<(), Refusal> {
        judge(&self.policy, name, target, place)?;
        match &self.grant {
            Some(grant) => judge(grant, name, target, place),
            None => Ok(()),
        }
    }
}

fn judge(
    rules: &[SealRule],
    name: &SecretName,
    target: &Target<'_>,
    place: Injection,
) -> Result<(), Refusal> {
    let mut nearest = Refusal::Host;
    for rule in rules.iter().filter(|rule| rule.names(name)) {
        match rule.judge(target, place) {
            Ok(()) => return Ok(()),
            Err(refusal) => nearest = nearest.max(refusal),
        }
    }
    Err(nearest)
}
