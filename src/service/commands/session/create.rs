//! Making a session: its token is handed out once and stored nowhere.

use super::error::SessionError;
use crate::access::{Need, ScopePolicy};
use crate::audit::{Action, Op};
use crate::crypto::Recipient;
use crate::crypto::digest::Digest;
use crate::fs::GrantPlace;
use crate::name::{ScopeName, SecretName, SessionId, Ttl};
use crate::secret::SecretBytes;
use crate::service::audit::{created_line, encrypt_chain_key};
use crate::service::base::{Context, Note, Result};
use crate::service::change::{LockedVault, Transaction};
use crate::service::session::{collect, encrypt};
use crate::session::{GrantKeys, Token};
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
    let locked = LockedVault::lock(ctx, &Op::SESSION_CREATE)?;
    let token = Token::generate();
    let vault = locked.opened.vault.id();
    let folder = GrantPlace { id: token.id(vault)?, shared: options.shared };
    let commitment = token.chain_key(vault).commitment();
    // The detail vouches for the session's chains after the grant is gone.
    let action = Action::new(Op::SESSION_CREATE)
        .within(options.scope.clone())
        .saying(created_line(&folder.id, commitment));
    locked.transact(&action, |tx| {
        ctx.refuse_confined()?;
        let grant = grant(tx, options, &token)?;
        let keys = keys(&locked, &grant)?;
        let created = SessionCreated {
            token: token.to_secret(),
            id: folder.id.clone(),
            scope: grant.scope.clone(),
            expires: grant.expires.to_string(),
            run_only: grant.run_only,
            shared: options.shared,
        };
        put(tx, &folder, grant, &keys, &token)?;
        Ok((format!("Create session {} for {}", folder.id, options.scope), created))
    })
}

fn check_label(label: &str) -> Result<()> {
    let rule = match label {
        label if label.chars().count() > MAX_LABEL => "it has more than 100 characters",
        label if crate::name::printable(label) != *label => "it has characters that cannot be seen",
        _ => return Ok(()),
    };
    Err(SessionError::Label { rule }.into())
}

fn grant(tx: &Transaction<'_>, options: &SessionOptions, token: &Token) -> Result<Grant> {
    let rules = &tx.opened().rules;
    rules.reach(&tx.caller().name, Some(&options.scope), Need::Use)?;
    let (_, policy) = rules.scope(&options.scope)?;
    let policy = policy.document();
    let vault = tx.opened().vault.id();
    // What one breaks and the other does not is as weak as the one.
    let own = rules.recipients(&tx.caller().name)?.unwrap_or_default();
    let identity = match own.iter().any(Recipient::is_post_quantum) {
        true => token.hybrid_identity(vault),
        false => token.identity(vault)?,
    };
    Ok(Grant {
        version: 1,
        label: options.label.clone(),
        scope: options.scope.clone(),
        run_only: options.run_only,
        allow: policy.allow.clone(),
        deny: policy.deny.clone(),
        commands: policy.commands.clone(),
        created: tx.at(),
        expires: tx.at().plus(ttl(tx.ctx(), options, policy.max_ttl)?.seconds()),
        recipient: identity.recipients().iter().map(ToString::to_string).collect(),
        keys: Digest::of(&[]),
        chain: token.chain_key(vault).commitment(),
        seal_only: policy.seal_only,
        sealed: policy.sealed.clone(),
    })
}

/// What was asked for, or what the policy allows where that is less.
fn ttl(ctx: &Context, options: &SessionOptions, most: Option<Ttl>) -> Result<Ttl> {
    let asked = options.ttl.unwrap_or_default();
    match most {
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

fn keys(locked: &LockedVault<'_>, grant: &Grant) -> Result<GrantKeys> {
    let opened = &locked.opened;
    let (_, policy): (_, &ScopePolicy) = opened.rules.scope(&grant.scope)?;
    let mut names: Vec<SecretName> = opened.vault.names()?;
    names.retain(|name| policy.rule(name).allows());
    let (keys, others) = collect(opened, &locked.caller, &names, &GrantKeys::default())?;
    if !others.is_empty() {
        locked.ctx.front.note(&Note::NotReadable { names: others });
    }
    Ok(keys)
}

fn put(
    tx: &mut Transaction<'_>,
    folder: &GrantPlace,
    mut grant: Grant,
    keys: &GrantKeys,
    token: &Token,
) -> Result<()> {
    let (opened, name) = (tx.opened(), &tx.caller().name);
    let chain = token.chain_key(opened.vault.id());
    tx.put(folder.keys(), encrypt(opened, name, &mut grant, keys)?);
    tx.put(folder.chain_key(), encrypt_chain_key(tx.ctx(), &chain, name, &opened.rules)?);
    let version = Version::of_document(grant.version);
    tx.put_signed(folder.grant(), &grant, version)
}
