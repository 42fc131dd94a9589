//! Who holds the token: its grant found, verified, opened. No identity is looked at here.

use std::sync::Arc;
use std::time::Duration;

use super::ended::{End, Ended, ended, file};
use crate::access::{Bearer, Need, Principal, Reach, Rules};
use crate::audit::{Action, Op};
use crate::crypto::Identity;
use crate::crypto::digest::Digest;
use crate::fs::{self, GrantPlace, LocalFile, Lock, Stage};
use crate::name::{MemberName, ScopeName, printable};
use crate::secret::SecretBytes;
use crate::service::audit::Recorder;
use crate::service::base::clock;
use crate::service::base::{
    Context, Error, LOCK_WAIT, OpenVault, Result, Snapshot, TokenError, TokenSource,
};
use crate::service::identity::authenticate::authenticate;
use crate::session::{GrantKeys, MAX_SEALED_KEYS, Token};
use crate::store::{Grant, Signed, Stamp, StoreError};

/// Finds out who asks: the token decides where one is set at all, a member otherwise.
///
/// # Errors
/// As [`bearer`] and [`authenticate`].
pub(crate) fn asker(ctx: &Context, opened: &Snapshot, op: &Op) -> Result<Principal> {
    match bearer(ctx, opened, op)? {
        Some(bearer) => Ok(Principal::Bearer(bearer)),
        None => Ok(Principal::Member(authenticate(ctx, &opened.rules)?)),
    }
}

/// Refuses a token where something is to be changed, and records that it tried.
///
/// # Errors
/// `ReadOnlyToken`; as [`bearer`] for a token that is none.
pub(crate) fn refuse_token(ctx: &Context, op: &Op) -> Result<()> {
    if ctx.token.is_none() {
        return Ok(());
    }
    let opened = OpenVault::open(ctx)?;
    if let Some(bearer) = bearer(ctx, &opened, op)? {
        let why = TokenError::ReadOnly.into();
        record(ctx, &opened, &bearer, Action::new(op.clone()), &why);
    }
    Err(TokenError::ReadOnly.into())
}

/// A token is for a vault and a member that are there already.
///
/// # Errors
/// `ReadOnlyToken` or `TokenInvalid` where one is set.
pub(crate) fn refuse_any_token(ctx: &Context) -> Result<()> {
    let Some(source) = &ctx.token else { return Ok(()) };
    token(source)?;
    Err(TokenError::ReadOnly.into())
}

/// Finds and verifies the token's grant; `None` where no token is set.
///
/// # Errors
/// The token is no token, unknown or revoked, or expired; its grant is damaged.
pub(crate) fn bearer(ctx: &Context, opened: &Snapshot, op: &Op) -> Result<Option<Arc<Bearer>>> {
    let Some(source) = &ctx.token else { return Ok(None) };
    let token = token(source)?;
    let now = Stamp::new(clock::latest(ctx, opened));
    let mut bearer = load(opened, &token, now)?;
    let grant = bearer.grant();
    let (ends, scope) = (expiry(grant, &opened.rules), grant.scope.clone());
    if now >= ends {
        let why: Error = TokenError::Expired { at: ends.to_string(), scope }.into();
        let detail = Some(op.to_string());
        let action = Action::new(Op::SESSION_EXPIRE).saying(detail);
        record(ctx, opened, &Arc::new(bearer), action, &why);
        return Err(why);
    }
    find_direct(opened, &mut bearer)?;
    opened.vault.pin_grant(bearer.place(), bearer.grant().version);
    Ok(Some(Arc::new(bearer)))
}

/// Largest file of a token in bytes; blanks and line ends around the token are let pass.
const MAX_TOKEN_FILE: usize = 4096;

/// Reads the token.
///
/// # Errors
/// It is no token; its file is missing, or can be read by others; it was lost on the way here.
pub(crate) fn token(source: &TokenSource) -> Result<Token> {
    match source {
        TokenSource::Text(text) => parse(text, "AUTHY_TOKEN"),
        TokenSource::File(path) => {
            let bytes = fs::read_outside(path, MAX_TOKEN_FILE).map_err(TokenError::File)?;
            let bytes = bytes.ok_or_else(|| TokenError::NoFile(path.clone()))?;
            let bytes = SecretBytes::new(bytes);
            if fs::mode_of(path)?.is_some_and(|mode| mode & 0o077 != 0) {
                return Err(TokenError::FileOpen(path.clone()).into());
            }
            parse(&bytes, &format!("'{}'", printable(&path.to_string_lossy())))
        }
        TokenSource::NoFile => {
            Err(TokenError::Empty { place: "AUTHY_TOKEN_FILE".to_owned() }.into())
        }
        TokenSource::Lost => Err(TokenError::Lost.into()),
    }
}

/// Parses a token; `place` is where it was found.
fn parse(text: &SecretBytes, place: &str) -> Result<Token> {
    let text = text.expose().trim_ascii();
    if text.is_empty() {
        return Err(TokenError::Empty { place: place.to_owned() }.into());
    }
    Ok(Token::parse(text).ok_or_else(|| TokenError::Invalid { place: place.to_owned() })?)
}

/// When a grant ends: as it says, or sooner where its policy has become stricter.
pub(crate) fn expiry(grant: &Signed<Grant>, rules: &Rules) -> Stamp {
    match rules.of_grant(grant).ok().and_then(|(_, policy)| policy.document().max_ttl) {
        Some(ttl) => grant.expires.min(grant.created.plus(ttl.seconds())),
        None => grant.expires,
    }
}

/// The grant of a session that has ended because who made it signs with another key by now.
pub(crate) fn signed_by_retired_key(
    opened: &Snapshot,
    place: &GrantPlace,
) -> Option<Signed<Grant>> {
    let former = |who: &MemberName| opened.rules.member(who).map(|member| &member.former);
    let most = opened.rules.members().map(|(_, member)| member.former.len()).max().unwrap_or(0);
    (0..most).find_map(|nth| {
        let key = |who: &MemberName| former(who)?.get(nth).copied();
        opened.vault.grant(place, &key).ok().flatten()
    })
}

fn record(ctx: &Context, opened: &Snapshot, bearer: &Arc<Bearer>, action: Action, why: &Error) {
    let action = action.within(bearer.grant().scope.clone());
    let expired = (action.op == Op::SESSION_EXPIRE).then(|| {
        let now = Stamp::new(clock::latest(ctx, opened));
        Ended::of(opened, bearer.place(), bearer.grant(), End::Expired, now)
    });
    let asker = Principal::Bearer(Arc::clone(bearer));
    match Recorder::open(ctx, opened, &asker) {
        Ok(mut recorder) => recorder.denied(&action, why),
        Err(error) => ctx
            .front
            .note(&crate::service::base::note::Note::NotRecorded { reason: error.to_string() }),
    }
    if let Some(ended) = expired {
        opened.vault.pin_expired(bearer.place());
        clear_away(opened, bearer.place(), ended);
    }
}

/// Deletes an expired grant of this clone, and remembers it for people; what travels with the repository
/// is for a member to remove. Where it cannot be deleted the clock's mark keeps it expired.
fn clear_away(opened: &Snapshot, place: &GrantPlace, ended: Ended) {
    let Ok(lock) = Lock::acquire(opened.vault.root(), Duration::from_secs(2)) else { return };
    let mut stage = Stage::new(&lock);
    if !place.shared {
        place.files().into_iter().for_each(|file| stage.remove(file));
    }
    let now = ended.at;
    stage.put_local(LocalFile::EndedSessions, file(opened, vec![ended], now));
    if let Ok(staged) = stage.write() {
        let _ = staged.publish();
    }
}

/// Loads the grant; once more under the lock where another command was publishing it.
fn load(opened: &Snapshot, token: &Token, now: Stamp) -> Result<Bearer> {
    match try_load(opened, token, now) {
        Err(error) if error.is_torn_grant() => {
            let _lock = Lock::acquire(opened.vault.root(), LOCK_WAIT);
            try_load(opened, token, now)
        }
        result => result,
    }
}

fn try_load(opened: &Snapshot, token: &Token, now: Stamp) -> Result<Bearer> {
    let vault = opened.vault.id();
    let id = token.id(vault)?;
    let chain = token.chain_key(vault);
    for shared in [false, true] {
        let place = GrantPlace { id: id.clone(), shared };
        let grant = match opened.vault.grant(&place, &opened.rules.creator_key()) {
            Ok(Some(grant)) => grant,
            Ok(None) => continue,
            // Nobody who may sign it did: its creator is no member any more, or never was.
            Err(StoreError::UnknownSigner { .. }) => return Err(TokenError::Unknown.into()),
            Err(_) if signed_by_retired_key(opened, &place).is_some() => {
                return Err(TokenError::Unknown.into());
            }
            Err(error) => return Err(error.into()),
        };
        let identity = token.identity_for(vault, &grant.recipient)?;
        let Some(identity) = identity.filter(|_| grant.chain == chain.commitment()) else {
            return Err(TokenError::ForeignGrant(place.grant()).into());
        };
        let keys = keys(opened, &place, &grant, &identity)?;
        return Ok(Bearer::new(place, grant, identity, chain, keys)?);
    }
    let ended = ended(opened.vault.root(), now);
    let known = ended.iter().rfind(|one| one.id == id);
    Err(known.map_or(TokenError::Unknown, Ended::refusal).into())
}

/// Reads the list of keys that a grant names.
///
/// # Errors
/// `TornGrant` where it is missing or not the one of this grant.
pub(crate) fn keys(
    opened: &Snapshot,
    place: &GrantPlace,
    grant: &Grant,
    identity: &Identity,
) -> Result<GrantKeys> {
    let path = place.keys();
    let torn = || TokenError::TornGrant(path.clone());
    let sealed = opened.vault.grant_file(&path, MAX_SEALED_KEYS)?.ok_or_else(torn)?;
    if Digest::of(&sealed) != grant.keys {
        return Err(torn().into());
    }
    Ok(GrantKeys::decrypt(&sealed, identity)?.ok_or_else(torn)?)
}

/// Finds the secrets that the token opens as a reader of their files: new values reach a
/// shared session like that.
fn find_direct(opened: &Snapshot, bearer: &mut Bearer) -> Result<()> {
    if !bearer.place().shared {
        return Ok(());
    }
    let Ok((_, policy)) = opened.rules.of_grant(bearer.grant()) else { return Ok(()) };
    for name in opened.vault.names()? {
        let allowed = policy.rule(&name).allows() && bearer.limits().rule(&name).allows();
        if !allowed || bearer.has_key(&name) {
            continue;
        }
        // One that cannot be read is not this token's business before it asks for it.
        if let Ok(Some(record)) = opened.vault.record(&name, &opened.rules)
            && record.names_session(bearer.id())
        {
            bearer.add_direct(name);
        }
    }
    Ok(())
}

/// What may be listed: names are no secret, so nobody has to be anybody, but a token has its scope.
///
/// # Errors
/// The scope is not in force, or not the token's.
pub(crate) fn listable<'a>(
    opened: &'a Snapshot,
    bearer: Option<&'a Bearer>,
    scope: Option<&ScopeName>,
) -> Result<Reach<'a>> {
    Ok(match (bearer, scope) {
        (Some(bearer), scope) => opened.rules.reach_of_bearer(bearer, scope, Need::Use)?,
        (None, Some(scope)) => {
            let (scope, policy) = opened.rules.scope(scope)?;
            Reach::Scope(scope, policy)
        }
        (None, None) => Reach::All,
    })
}
