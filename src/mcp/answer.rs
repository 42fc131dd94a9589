//! Questions that the library answers.

use std::cell::RefCell;
use std::collections::HashMap;

use authy::{
    AuditFilter, Context, CredentialQuestion, Kind, ListEntry, ListOptions, ScopeName, SecretName,
    ServiceUrl,
};
use serde_json::{Value, json};

use super::server::Refusal;
use crate::front::Serving;

/// A question.
pub(super) enum Question {
    List { pattern: Option<String> },
    Name(SecretName),
    Url(ServiceUrl),
    Program(String),
    Request { names: Vec<SecretName>, reason: String },
    Audit { lines: usize },
}

/// Answers one question after the other.
pub(super) struct Answers<'s> {
    serving: &'s Serving<'s>,
    /// What records say, as the files of the vault lay then: verifying a thousand takes longer than a
    /// client likes to wait, and they seldom change.
    details: RefCell<(String, HashMap<SecretName, Value>)>,
}

impl<'s> Answers<'s> {
    pub(super) fn new(serving: &'s Serving<'s>) -> Self {
        Self { serving, details: RefCell::default() }
    }

    /// Reads what the first question is mostly about.
    pub(super) fn warm(&self) {
        if let Ok(ctx) = (self.serving.context)("") {
            // The first question says what is wrong.
            let _ = self.list(&ctx, None);
        }
    }

    /// Answers one.
    pub(super) fn answer(&self, client: &str, question: &Question) -> Result<Value, Refusal> {
        let ctx = (self.serving.context)(client).map_err(Refusal::new)?;
        let scope = self.serving.scope.as_ref();
        Ok(match question {
            Question::List { pattern } => self.list(&ctx, pattern.clone())?,
            Question::Name(name) => check(&ctx, scope, name)?,
            Question::Url(url) => place(&ctx, scope, url)?,
            Question::Program(program) => may_run(&ctx, scope, program)?,
            Question::Request { names, reason } => {
                let requested = authy::request_access(&ctx, scope, names, reason)?;
                json!({ "requested": requested })
            }
            Question::Audit { lines } => audit(&ctx, *lines)?,
        })
    }

    /// Who may see which names is asked each time; what their records say only where a file changed.
    fn list(&self, ctx: &Context, pattern: Option<String>) -> Result<Value, Refusal> {
        let scope = self.serving.scope.as_ref();
        let options = ListOptions { pattern, scope: scope.cloned(), ..ListOptions::default() };
        let names = authy::list(ctx, &options)?;
        let mark = authy::glance(&ctx.vault);
        let mut known = self.details.borrow_mut();
        let is_known = |entry: &ListEntry| known.1.contains_key(&entry.name);
        if known.0 != mark || !names.iter().all(is_known) {
            let entries = authy::list(ctx, &ListOptions { details: true, ..options })?;
            let told = entries.iter().map(|one| (one.name.clone(), entry(one)));
            if known.0 != mark {
                *known = (mark, HashMap::new());
            }
            known.1.extend(told);
        }
        // A token has its own.
        let of_token = || {
            let policies = authy::policy_list(ctx).unwrap_or_default();
            policies.into_iter().next().map(|policy| policy.name)
        };
        let scope = scope.cloned().or_else(|| ctx.token.as_ref().and_then(|_| of_token()));
        let secrets: Vec<&Value> =
            names.iter().filter_map(|entry| known.1.get(&entry.name)).collect();
        Ok(json!({ "scope": scope, "secrets": secrets }))
    }
}

fn entry(entry: &ListEntry) -> Value {
    let details = entry.details.as_ref();
    let (description, tags) = details
        .map_or((entry.problem.clone().unwrap_or_default(), Vec::new()), |details| {
            (details.description.clone(), details.tags.clone())
        });
    json!({
        "name": entry.name,
        "description": description,
        "tags": tags,
        "for": details.map(|details| details.services.clone()).unwrap_or_default(),
        "user": details.and_then(|details| details.user.clone()),
        "sealed": entry.sealed,
    })
}

fn checked(allowed: bool, why: &str, secret: Option<&SecretName>, to_do: Option<&str>) -> Value {
    json!({ "allowed": allowed, "why": why, "secret": secret, "to_do": to_do })
}

fn check(ctx: &Context, scope: Option<&ScopeName>, name: &SecretName) -> Result<Value, Refusal> {
    let verdict = authy::policy_test(ctx, scope, name, None)?;
    let options = ListOptions {
        pattern: Some(name.to_string()),
        scope: scope.cloned(),
        ..ListOptions::default()
    };
    let is_there = || authy::list(ctx, &options).is_ok_and(|found| !found.is_empty());
    Ok(if !verdict.allowed {
        let to_do = format!("call request_access with the name '{name}' and a reason");
        checked(false, &verdict.to_string(), Some(name), Some(&to_do))
    } else if is_there() {
        checked(true, &verdict.to_string(), Some(name), None)
    } else {
        let to_do = format!("ask for it to be stored: authy store {name}");
        checked(false, &format!("{verdict}, but there is no such secret"), Some(name), Some(&to_do))
    })
}

fn place(ctx: &Context, scope: Option<&ScopeName>, url: &ServiceUrl) -> Result<Value, Refusal> {
    let question = CredentialQuestion { services: vec![url.clone()], user: None };
    Ok(match authy::place(ctx, scope, &question) {
        Ok(place) => {
            checked(true, &format!("'{}' is for {url}", place.name), Some(&place.name), None)
        }
        Err(error) if error.kind() == Kind::NotFound => {
            checked(false, &error.to_string(), None, error.hint().as_deref())
        }
        Err(error) => return Err(error.into()),
    })
}

fn may_run(ctx: &Context, scope: Option<&ScopeName>, program: &str) -> Result<Value, Refusal> {
    let inherited: Vec<_> = std::env::vars_os().collect();
    Ok(match authy::check_program(ctx, scope, program.as_ref(), &inherited) {
        Ok(()) => checked(true, "the scope lets 'run' start it", None, None),
        Err(error) if error.kind() == Kind::Denied => {
            checked(false, &error.to_string(), None, error.hint().as_deref())
        }
        Err(error) => return Err(error.into()),
    })
}

/// What this client did: with a token the session's lines, otherwise those of its own marker.
fn audit(ctx: &Context, lines: usize) -> Result<Value, Refusal> {
    let marker = ctx.agent.as_ref().map(|agent| agent.marker.as_str());
    let last = if ctx.token.is_some() { Some(lines) } else { None };
    let mut entries = authy::audit_show(ctx, &AuditFilter::default(), last)?;
    if ctx.token.is_none() {
        entries.retain(|entry| entry.agent() == marker);
    }
    let from = entries.len().saturating_sub(lines);
    let line = |entry: &authy::AuditEntry| {
        json!({
            "time": entry.time(),
            "op": entry.op(),
            "outcome": entry.outcome().as_str(),
            "secrets": entry.secrets().collect::<Vec<_>>(),
            "scope": entry.scope(),
            "detail": entry.detail(),
            "reason": entry.reason(),
        })
    };
    Ok(json!({ "lines": entries[from..].iter().map(line).collect::<Vec<_>>() }))
}
