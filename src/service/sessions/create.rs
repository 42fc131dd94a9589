//! Making a session: its token is handed out once and stored nowhere.

use crate::access::{AccessError, Need, ScopePolicy};
use crate::audit::Op;
use crate::crypto::digest::Digest;
use crate::fs::GrantPlace;
use crate::name::{ScopeName, SecretName, SessionId};
use crate::secret::SecretBytes;
use crate::service::agent;
use crate::service::change::{Change, Workplace};
use crate::service::context::Context;
use crate::service::error::Result;
use crate::service::note::Note;
use crate::service::problem::Problem;
use crate::service::recorder::{Deed, seal_chain_key};
use crate::service::refresh::{collect, seal};
use crate::session::{GrantKeys, Token, Ttl};
use crate::store::{Grant, Version};

/// Most characters of a label.
const MAX_LABEL: usize = 100;

/// What session to make.
#[derive(Debug, Clone)]
pub struct SessionOptions {
    /// The one scope that the token reaches.
    pub scope: ScopeName,
    /// How long it lives; the policy may allow less.
    pub ttl: Option<Ttl>,
    /// For people: what the session is for.
    pub label: String,
    /// Values go into processes only.
    pub run_only: bool,
    /// The grant travels with the repository.
    pub shared: bool,
}

/// A new session.
#[derive(Debug, Clone)]
pub struct SessionCreated {
    /// The token: nobody can show it again.
    pub token: SecretBytes,
    /// The session's id.
    pub id: SessionId,
    /// The scope.
    pub scope: ScopeName,
    /// When it ends (RFC 3339).
    pub expires: String,
    /// Whether values go into processes only.
    pub run_only: bool,
    /// Whether the grant travels with the repository.
    pub shared: bool,
}

/// Makes a session.
///
/// # Errors
/// The policy is not in force or does not list the caller; the label is unusable; a token
/// or a confined process asks.
pub fn session_create(ctx: &Context, options: &SessionOptions) -> Result<SessionCreated> {
    check_label(&options.label)?;
    let place = Workplace::enter(ctx, &Op::SESSION_CREATE)?;
    let token = Token::generate();
    let vault = place.opened.vault.id();
    let folder = GrantPlace { id: token.id(vault)?, shared: options.shared };
    let commitment = token.chain_key(vault).commitment();
    let deed = Deed {
        scope: Some(options.scope.clone()),
        // Vouches for the session's chains after the grant is gone.
        detail: Some(created_line(&folder.id, commitment)),
        ..Deed::new(Op::SESSION_CREATE)
    };
    place.change(ctx, &deed, |change| {
        if let Some(confined) = &ctx.confined {
            return Err(AccessError::Confined { confined: confined.clone() }.into());
        }
        let grant = grant(ctx, &place, (options, &token), change)?;
        let keys = keys(ctx, &place, &grant)?;
        let created = SessionCreated {
            token: token.to_secret(),
            id: folder.id.clone(),
            scope: grant.scope.clone(),
            expires: grant.expires.to_string(),
            run_only: grant.run_only,
            shared: options.shared,
        };
        put(&place, change, (&folder, grant), (&keys, &token))?;
        Ok((format!("Create session {} for {}", folder.id, options.scope), created))
    })
}

/// The detail of the audit line of a new session.
fn created_line(id: &SessionId, commitment: Digest) -> String {
    format!("{id} chain {commitment}")
}

/// Reads a session and the commitment to its chain key from the detail of such a line.
pub(in crate::service) fn parse_created_line(detail: &str) -> Option<(SessionId, Digest)> {
    let (id, commitment) = detail.split_once(" chain ")?;
    Some((SessionId::parse(id).ok()?, Digest::parse(commitment)?))
}

fn check_label(label: &str) -> Result<()> {
    let rule = match label {
        label if label.chars().count() > MAX_LABEL => "it has more than 100 characters",
        label if crate::name::printable(label) != *label => "it has characters that cannot be seen",
        _ => return Ok(()),
    };
    Err(Problem::Label { rule }.into())
}

fn grant(
    ctx: &Context,
    place: &Workplace,
    (options, token): (&SessionOptions, &Token),
    change: &Change<'_>,
) -> Result<Grant> {
    let rules = &place.opened.rules;
    rules.reach(&place.caller.name, Some(&options.scope), Need::Names)?;
    let (_, policy) = rules.scope(&options.scope)?;
    let policy = policy.document();
    let by_agent = agent::is_limited(ctx, &place.opened);
    if let (true, false, Some(marker)) = (by_agent, options.run_only, &ctx.agent) {
        ctx.front.note(&Note::AgentRunOnly { marker: marker.clone() });
    }
    let vault = place.opened.vault.id();
    let identity = token.identity(vault)?;
    Ok(Grant {
        version: 1,
        label: options.label.clone(),
        scope: options.scope.clone(),
        run_only: options.run_only || by_agent,
        allow: policy.allow.clone(),
        deny: policy.deny.clone(),
        commands: policy.commands.clone(),
        created: change.at(),
        expires: change.at().plus(ttl(ctx, options, policy.max_ttl.as_deref())?.seconds()),
        recipient: identity.recipients().iter().map(ToString::to_string).collect(),
        keys: Digest::of(&[]),
        chain: token.chain_key(vault).commitment(),
    })
}

/// What was asked for, or what the policy allows where that is less.
fn ttl(ctx: &Context, options: &SessionOptions, most: Option<&str>) -> Result<Ttl> {
    let asked = options.ttl.unwrap_or_default();
    match most.map(str::parse::<Ttl>).transpose()? {
        Some(most) if most < asked => {
            if options.ttl.is_some() {
                let scope = options.scope.clone();
                ctx.front.note(&Note::TtlCapped { scope, ttl: most });
            }
            Ok(most)
        }
        _ => Ok(asked),
    }
}

fn keys(ctx: &Context, place: &Workplace, grant: &Grant) -> Result<GrantKeys> {
    let opened = &place.opened;
    let (_, policy): (_, &ScopePolicy) = opened.rules.scope(&grant.scope)?;
    let mut names: Vec<SecretName> = opened.vault.names()?;
    names.retain(|name| policy.rule(name).allows());
    let (keys, others) = collect(opened, &place.caller, &names, &GrantKeys::default())?;
    if !others.is_empty() {
        ctx.front.note(&Note::NotReadable { names: others });
    }
    Ok(keys)
}

fn put(
    place: &Workplace,
    change: &mut Change<'_>,
    (folder, mut grant): (&GrantPlace, Grant),
    (keys, token): (&GrantKeys, &Token),
) -> Result<()> {
    let (opened, name) = (&place.opened, &place.caller.name);
    let chain = token.chain_key(opened.vault.id());
    change.put(folder.keys(), seal(opened, name, (&mut grant, keys))?);
    change.put(folder.chain_key(), seal_chain_key(&chain, name, &opened.rules)?);
    let version = Version { created: 0, version: grant.version };
    change.put_signed(folder.grant(), &grant, version)
}
