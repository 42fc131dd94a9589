//! An AI agent at work without a token: values go into processes, not to a reader.
//!
//! A front tells from its environment that an agent is at work. That is friction and
//! evidence, no wall: a program that hides its markers is not noticed.

use crate::access::{Need, Principal};
use crate::audit::{Action, Op};
use crate::kind::{Failure, Kind};
use crate::name::{ScopeName, SecretName, printable};
use crate::secret::SecretBytes;
use crate::service::base::{Context, Result, Snapshot, Unseen};
use crate::store::Agents;

/// Whether an agent is at work that the vault does not trust with values, and no person chose a
/// scope for it.
pub(crate) fn is_limited(ctx: &Context, opened: &Snapshot) -> bool {
    is_of_its_own(ctx) && opened.vault.config().agents == Agents::RunOnly
}

/// Whether an agent is at work, and not below a `run` of a person.
pub(crate) fn is_of_its_own(ctx: &Context) -> bool {
    ctx.agent.as_ref().is_some_and(|agent| !agent.has_scope_of_person)
}

/// What an agent may do with values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// What everybody may.
    Free,
    /// Give them to processes only.
    ProcessesOnly,
    /// Show those that a `run` above has handed out: whoever asks has them in their environment.
    ShowHandedOut,
}

/// What is asked for.
pub(crate) struct Asked<'a> {
    /// The command.
    pub(crate) op: &'a Op,
    /// What for.
    pub(crate) need: Need,
    /// Names known before anything is decided.
    pub(crate) named: &'a [SecretName],
    /// The scope in force.
    pub(crate) scope: Option<&'a ScopeName>,
    /// What for, and which program asks, where that is known.
    pub(crate) detail: Option<&'a str>,
}

/// Decides about a request for values.
///
/// # Errors
/// `Agent` where values are to be shown and nobody at the terminal agrees; `Unseen`.
pub(crate) fn judge(
    ctx: &Context,
    opened: &Snapshot,
    asker: &Principal,
    asked: &Asked<'_>,
) -> Result<Verdict> {
    // A token says itself what it may do.
    if matches!(asker, Principal::Bearer(_)) || !is_limited(ctx, opened) {
        return Ok(Verdict::Free);
    }
    if let Some(Unseen { project }) = ctx.agent.as_ref().and_then(|agent| agent.unseen.as_ref())
        && let Some(scope) = asked.scope.filter(|scope| project.as_ref() != Some(scope))
    {
        let marker = marker(ctx);
        return Err(AgentError::Unseen { marker, scope: scope.clone() }.into());
    }
    if asked.need != Need::Reveal {
        return Ok(Verdict::ProcessesOnly);
    }
    if *asked.op == Op::GET && ctx.confined.is_some() && ctx.confined.as_ref() == asked.scope {
        return Ok(Verdict::ShowHandedOut);
    }
    ask_to_show(ctx, asked).map(|()| Verdict::Free)
}

/// Lets an agent see what a `run` above gave to a process that it is below of, and nothing else
/// without a person.
///
/// # Errors
/// `Agent`.
pub(crate) fn show_handed_out(
    ctx: &Context,
    values: &[(SecretName, SecretBytes)],
    asked: &Asked<'_>,
) -> Result<()> {
    let is_there = |value| asked.scope.is_some_and(|scope| ctx.front.was_given_above(scope, value));
    match values.iter().all(|(_, value)| is_there(value)) {
        true => Ok(()),
        false => ask_to_show(ctx, asked),
    }
}

fn marker(ctx: &Context) -> String {
    ctx.agent.as_ref().map(|agent| printable(&agent.marker)).unwrap_or_default()
}

fn ask_to_show(ctx: &Context, asked: &Asked<'_>) -> Result<()> {
    let (marker, scope) = (marker(ctx), asked.scope);
    let what = match (asked.named, scope) {
        ([name], _) => format!("the value of '{name}'"),
        (_, Some(scope)) => format!("the values of scope '{scope}'"),
        _ => "values".to_owned(),
    };
    let question = match asked.detail {
        Some(detail) => {
            let detail = printable(detail);
            format!("An agent ({marker}) is at work; {what} is asked for: {detail}. Give it?")
        }
        None => format!("An agent ({marker}) asks for {what}. Show it?"),
    };
    if ctx.front.consents(&question) {
        return Ok(());
    }
    Err(AgentError::MayNotRead { marker, scope: scope.cloned() }.into())
}

/// What only a person changes: what is lost by it, or who gets to read. An agent may not destroy
/// what it may not read.
fn persons_change(action: &Action) -> Option<String> {
    let names = action.secrets.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>();
    let what = match names.len() {
        0 => "secrets".to_owned(),
        1..=3 => names.join(", "),
        many => format!("{many} secrets"),
    };
    let scope = || action.scope.as_ref().map(|scope| format!(" '{scope}'")).unwrap_or_default();
    let who = || action.detail.as_ref().map(|who| format!(" '{}'", printable(who)));
    let who = || who().unwrap_or_default();
    Some(match &action.op {
        op if *op == Op::REMOVE => format!("to remove {what}"),
        op if *op == Op::RENAME => format!("to rename {what}"),
        op if *op == Op::ROTATE => format!("to replace the value of {what}"),
        op if *op == Op::RESTORE => format!("to put an older value of {what} back"),
        op if *op == Op::UNDO => "to take the last change back".to_owned(),
        op if *op == Op::CONFLICT_TAKE => "to take one side of a conflict".to_owned(),
        op if *op == Op::POLICY_CREATE => format!("to make a policy{}", scope()),
        op if *op == Op::POLICY_UPDATE => format!("to change the policy{}", scope()),
        op if *op == Op::POLICY_REMOVE => format!("to remove the policy{}", scope()),
        op if *op == Op::MEMBER_ADD => format!("to add the member{}", who()),
        op if *op == Op::MEMBER_UPDATE => format!("to change the member{}", who()),
        op if *op == Op::MEMBER_REMOVE => format!("to remove the member{}", who()),
        op if *op == Op::APPROVE => "to approve who may read what".to_owned(),
        op if *op == Op::REKEY => "to encrypt secrets to other readers".to_owned(),
        op if *op == Op::SESSION_CREATE => format!("a session token for scope{}", scope()),
        op if *op == Op::SESSION_REVOKE || *op == Op::SESSION_REVOKE_ALL => {
            "to end sessions".to_owned()
        }
        op if *op == Op::AUDIT_ACCEPT => "to accept a loss of the audit trail".to_owned(),
        op if *op == Op::CONFIG_SET => "to change the vault's settings".to_owned(),
        _ => return None,
    })
}

/// Refuses an agent the changes that are a person's, unless the one at the terminal agrees.
///
/// # Errors
/// `AgentMayNot`.
pub(crate) fn refuse_change(ctx: &Context, opened: &Snapshot, action: &Action) -> Result<()> {
    match persons_change(action) {
        Some(what) => refuse(ctx, opened, &what),
        None => Ok(()),
    }
}

/// Refuses an agent what only a person may do, unless the one at the terminal agrees: below a `run`
/// too, which gives values and no say.
///
/// # Errors
/// `MayNot`.
pub(crate) fn refuse(ctx: &Context, opened: &Snapshot, what: &str) -> Result<()> {
    match opened.vault.config().agents {
        Agents::RunOnly => refuse_always(ctx, what),
        Agents::Allow => Ok(()),
    }
}

/// As [`refuse`], where no vault says otherwise.
///
/// # Errors
/// `MayNot`.
pub(crate) fn refuse_always(ctx: &Context, what: &str) -> Result<()> {
    if ctx.agent.is_none() {
        return Ok(());
    }
    let marker = marker(ctx);
    match ctx.front.consents(&format!("An agent ({marker}) wants {what}. Allow it?")) {
        true => Ok(()),
        false => Err(AgentError::MayNot { marker }.into()),
    }
}

/// What an agent may not do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AgentError {
    #[error("AI agent detected ({marker}): without a session token it may not read values")]
    MayNotRead { marker: String, scope: Option<ScopeName> },
    #[error("AI agent detected ({marker}): a person has to do this")]
    MayNot { marker: String },
    #[error(
        "AI agent detected ({marker}), and what started it cannot be seen: scope '{scope}' is not the project's"
    )]
    Unseen { marker: String, scope: ScopeName },
}

impl Failure for AgentError {
    fn kind(&self) -> Kind {
        match self {
            Self::MayNotRead { .. } | Self::MayNot { .. } | Self::Unseen { .. } => Kind::Denied,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Unseen { .. } => "name the scope in .authy.toml and have a person run 'authy allow', or hand a token on with --token-file".into(),
            Self::MayNotRead { scope: Some(scope), .. } => {
                format!("run 'authy run --scope {scope} -- COMMAND', ask for a session token, or run it at a terminal and agree")
            }
            Self::MayNotRead { scope: None, .. } => {
                "run 'authy run --scope SCOPE -- COMMAND', ask for a session token, or run it at a terminal and agree".into()
            }
            Self::MayNot { .. } => "run it at a terminal and agree, or without the agent".into(),
        })
    }
}
