//! What a policy says about a name, and about a request that wants its value.

use std::fmt;

use serde::Serialize;

use crate::access::{Injection, Need, Reach, Refusal, Rule, ScopePolicy, Sealing, Target};
use crate::audit::Op;
use crate::name::{Address, ScopeName, SecretName, printable};
use crate::service::base::{Context, OpenVault, Result, ScopeError, effective_scope};
use crate::service::session::bearer;
use crate::store::Policy;
use crate::words::words;

/// What a policy says about a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verdict {
    /// The scope asked.
    pub scope: ScopeName,
    /// The name asked about.
    pub name: SecretName,
    /// Whether the scope reaches it.
    pub allowed: bool,
    /// The deciding pattern, where one decided.
    pub pattern: Option<String>,
    /// What decided.
    pub rule: VerdictRule,
    /// Whether a sealed rule names it.
    pub sealed: bool,
    /// The host asked about.
    pub host: Option<String>,
}

words! {
    /// What decides about a name.
    pub enum VerdictRule {
        /// A pattern allows it.
        Allow = "allow",
        /// A pattern denies it.
        Deny = "deny",
        /// No pattern matches.
        Default = "default",
        /// The session was made under a narrower policy.
        Grant = "grant",
        /// A sealed scope has no rule for the name.
        Unsealed = "unsealed",
        /// Towards a host: it is put in on the wire.
        Sealed = "sealed",
        /// No rule for the name fits the host.
        Host = "host",
        /// No rule for the host fits the method.
        Method = "method",
        /// No rule for the host fits the path.
        Path = "path",
    }
}

/// A request that a value would be put into.
#[derive(Debug, Clone)]
pub struct Towards {
    /// Where it goes.
    pub address: Address,
    /// Its method.
    pub method: String,
    /// Its path.
    pub path: String,
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = if self.allowed { "ALLOWED" } else { "DENIED" };
        if let Some(host) = &self.host {
            write!(f, "{word} towards {host}: ")?;
            match self.rule {
                VerdictRule::Sealed => return f.write_str("put in on the wire, and never seen"),
                VerdictRule::Host => return f.write_str("no sealed rule for it names this host"),
                VerdictRule::Method | VerdictRule::Path => {
                    return write!(f, "no sealed rule for this host allows this {}", self.rule);
                }
                VerdictRule::Unsealed => return f.write_str("no sealed rule names it"),
                VerdictRule::Allow
                | VerdictRule::Deny
                | VerdictRule::Default
                | VerdictRule::Grant => {}
            }
        }
        match &self.pattern {
            Some(pattern) => {
                write!(f, "{word} by {} \"{}\"", self.rule, printable(pattern))?;
                if self.sealed { f.write_str(", sealed") } else { Ok(()) }
            }
            None if self.rule == VerdictRule::Unsealed => {
                write!(f, "{word}: the scope is sealed, and no rule of it names a host for this")
            }
            None if self.rule == VerdictRule::Grant => {
                write!(f, "{word}: the policy allowed less when the session was made")
            }
            None => write!(f, "{word}: no allow pattern matches"),
        }
    }
}

/// Asks a policy about a name, which need not exist. With a token it asks the session's
/// grant too, and the scope may be left out.
///
/// # Errors
/// The policy is not found or not in force; another scope than the token's.
pub fn policy_test(
    ctx: &Context,
    scope: Option<&ScopeName>,
    name: &SecretName,
    towards: Option<&Towards>,
) -> Result<Verdict> {
    let opened = OpenVault::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::POLICY_TEST)?;
    let scope = effective_scope(ctx, scope)?;
    let reach = match &bearer {
        Some(bearer) => opened.rules.reach_of_bearer(bearer, scope.as_ref(), Need::Use)?,
        None => {
            let (scope, policy) =
                opened.rules.scope(scope.as_ref().ok_or_else(|| ScopeError::not_given(ctx))?)?;
            Reach::Scope(scope, policy)
        }
    };
    let (Reach::Scope(scope, policy) | Reach::Grant(scope, policy, _)) = reach else {
        return Err(ScopeError::not_given(ctx).into());
    };
    let (rule, pattern) = decided(policy, name);
    let allowed = reach.permits(name).is_ok();
    let by_grant = rule == VerdictRule::Allow && !allowed;
    let verdict = Verdict {
        scope: scope.clone(),
        name: name.clone(),
        allowed,
        pattern: pattern.filter(|_| !by_grant),
        rule: if by_grant { VerdictRule::Grant } else { rule },
        sealed: false,
        host: towards.map(|towards| towards.address.to_string()),
    };
    Ok(match reach.sealing(true).filter(|_| allowed) {
        Some(sealing) => judged(verdict, &sealing, towards),
        None => verdict,
    })
}

/// What sealed rules add to a name that is allowed.
fn judged(verdict: Verdict, sealing: &Sealing, towards: Option<&Towards>) -> Verdict {
    let sealed = sealing.seals(&verdict.name);
    let denied = |rule| Verdict { allowed: false, sealed, rule, pattern: None, ..verdict.clone() };
    let Some(towards) = towards else {
        return match sealing.only && !sealed {
            true => denied(VerdictRule::Unsealed),
            false => Verdict { sealed, ..verdict },
        };
    };
    // As on the wire: a query is judged apart, and a fragment is never sent.
    let path = towards.path.split(['?', '#']).next().unwrap_or_default();
    let method = towards.method.as_str();
    let target = Target { address: &towards.address, is_plain: false, method, path };
    match sealing.judge(&verdict.name, &target, Injection::Header) {
        _ if !sealed => denied(VerdictRule::Unsealed),
        Ok(()) => Verdict { sealed, rule: VerdictRule::Sealed, pattern: None, ..verdict },
        Err(Refusal::Host) => denied(VerdictRule::Host),
        Err(Refusal::Method) => denied(VerdictRule::Method),
        Err(Refusal::Path | Refusal::Plain | Refusal::Injection) => denied(VerdictRule::Path),
    }
}

/// Says of each name what a policy with these patterns would say. Nothing is read or asked.
///
/// # Errors
/// A pattern that does not compile.
pub fn policy_preview(
    scope: &ScopeName,
    allow: &[String],
    deny: &[String],
    names: &[SecretName],
) -> Result<Vec<Verdict>> {
    let document = Policy { allow: allow.to_vec(), deny: deny.to_vec(), ..Policy::default() };
    let policy = ScopePolicy::compile(document)?;
    let verdict = |name: &SecretName| {
        let (rule, pattern) = decided(&policy, name);
        Verdict {
            scope: scope.clone(),
            name: name.clone(),
            allowed: rule == VerdictRule::Allow,
            pattern,
            rule,
            sealed: false,
            host: None,
        }
    };
    Ok(names.iter().map(verdict).collect())
}

/// The rule that decides about a name, and its pattern.
fn decided(policy: &ScopePolicy, name: &SecretName) -> (VerdictRule, Option<String>) {
    match policy.rule(name) {
        Rule::Allow(pattern) => (VerdictRule::Allow, Some(pattern.to_owned())),
        Rule::Deny(pattern) => (VerdictRule::Deny, Some(pattern.to_owned())),
        Rule::Default => (VerdictRule::Default, None),
    }
}
