//! Revoking: the grant is deleted, and what named a shared session is encrypted anew.

use super::error::SessionError;
use crate::audit::{Action, Op};
use crate::crypto::{Recipient, encrypt};
use crate::fs::{GrantPlace, LocalFile};
use crate::name::{SecretName, SessionId};
use crate::service::base::clock;
use crate::service::base::{Context, Note, Result, Snapshot};
use crate::service::change::{LockedVault, Transaction};
use crate::service::identity::recipients;
use crate::service::session::ended::{self, End, Ended};
use crate::service::session::expiry;
use crate::store::{Reader, Record, Stamp};

/// Revokes the session whose id begins with `given`.
///
/// # Errors
/// None or several do; somebody else made it and the caller is no admin.
pub fn session_revoke(ctx: &Context, given: &str) -> Result<SessionId> {
    let locked = LockedVault::lock(ctx, &Op::SESSION_REVOKE)?;
    let all = locked.opened.vault.sessions()?;
    let mut found: Vec<_> =
        all.into_iter().filter(|one| one.id.as_str().starts_with(given)).collect();
    let id = match (found.len(), found.first()) {
        (1, Some(one)) if !given.is_empty() => one.id.clone(),
        (0, _) | (_, None) => return Err(not_found(&locked, given).into()),
        (count, _) => return Err(SessionError::Several { given: given.to_owned(), count }.into()),
    };
    let action = Action::new(Op::SESSION_REVOKE).saying(id.to_string());
    let ended = ended(&locked)?;
    locked.transact(&action, |tx| {
        found.iter().try_for_each(|one| may_revoke(&locked, one))?;
        found.extend(ended.into_iter().filter(|one| one.id != id));
        take_away(tx, &found)?;
        Ok((format!("Revoke session {id}"), id.clone()))
    })
}

/// Revokes every session that the caller may revoke: an admin all, a member their own.
///
/// # Errors
/// No identity; a token or a confined process asks.
pub fn session_revoke_all(ctx: &Context) -> Result<Vec<SessionId>> {
    let locked = LockedVault::lock(ctx, &Op::SESSION_REVOKE_ALL)?;
    let mut found: Vec<_> = locked.opened.vault.sessions()?.into_iter().collect();
    found.retain(|one| may_revoke(&locked, one).is_ok());
    let ids: Vec<_> = found.iter().map(|one| one.id.clone()).collect();
    let detail = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let action = Action::new(Op::SESSION_REVOKE_ALL).saying(detail);
    locked.transact(&action, |tx| {
        ctx.refuse_confined()?;
        take_away(tx, &found)?;
        Ok(("Revoke all sessions".to_owned(), ids))
    })
}

/// Why there is no session whose id begins with `given`.
fn not_found(locked: &LockedVault<'_>, given: &str) -> SessionError {
    let now = Stamp::new(clock::latest(locked.ctx, &locked.opened));
    let ended = ended::ended(locked.opened.vault.root(), now);
    let is_it = |one: &&Ended| !given.is_empty() && one.id.as_str().starts_with(given);
    match ended.iter().rfind(is_it) {
        Some(one) => SessionError::Over { id: one.id.clone(), at: one.at.to_string() },
        None => SessionError::NotFound(given.to_owned()),
    }
}

/// Shared sessions that ended: whoever changes sessions clears them away.
fn ended(locked: &LockedVault<'_>) -> Result<Vec<GrantPlace>> {
    let opened = &locked.opened;
    let now = Stamp::new(clock::latest(locked.ctx, opened));
    let mut all: Vec<_> = opened.vault.sessions()?.into_iter().collect();
    all.retain(|one| {
        let grant = opened.vault.grant(one, &opened.rules.creator_key());
        one.shared && matches!(grant, Ok(Some(grant)) if expiry(&grant, &opened.rules) <= now)
    });
    Ok(all)
}

/// A session is revoked by whoever made it, or by an admin. What is no valid grant is
/// nobody's, and may be cleared away by anybody.
fn may_revoke(locked: &LockedVault<'_>, one: &GrantPlace) -> Result<()> {
    locked.ctx.refuse_confined()?;
    let opened = &locked.opened;
    match opened.vault.grant(one, &opened.rules.creator_key()) {
        Ok(Some(grant))
            if *grant.by() != locked.caller.name && !opened.rules.is_admin(&locked.caller.name) =>
        {
            let (id, creator) = (one.id.clone(), grant.by().clone());
            Err(SessionError::Others { id, creator }.into())
        }
        _ => Ok(()),
    }
}

fn take_away(tx: &mut Transaction<'_>, found: &[GrantPlace]) -> Result<()> {
    let opened = tx.opened();
    let now = Stamp::new(clock::latest(tx.ctx(), opened));
    let over = |one: &GrantPlace| {
        let grant = opened.vault.grant(one, &opened.rules.creator_key()).ok()??;
        let is_expired = expiry(&grant, &opened.rules) <= now;
        let how = if is_expired { End::Expired } else { End::Revoked };
        Some(Ended::of(opened, one, &grant, how, now))
    };
    let over: Vec<_> = found.iter().filter_map(over).collect();
    if !over.is_empty() {
        tx.put_local(LocalFile::EndedSessions, ended::file(opened, over, now));
    }
    found.iter().for_each(|one| tx.revoke(one));
    let shared: Vec<_> = found.iter().filter(|one| one.shared).map(|one| &one.id).collect();
    if shared.is_empty() {
        return Ok(());
    }
    let mut named = Vec::new();
    for name in opened.vault.names()? {
        if let Ok(Some(record)) = opened.vault.record(&name, &opened.rules)
            && shared.iter().any(|id| record.names_session(id))
        {
            named.push(name);
        }
    }
    encrypt_without(tx, &named, &shared)
}

/// Encrypts the values anew, to the same readers without these sessions.
fn encrypt_without(
    tx: &mut Transaction<'_>,
    named: &[SecretName],
    gone: &[&SessionId],
) -> Result<()> {
    let opened = tx.opened();
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    for name in named {
        match opened.vault.secret(name, &opened.rules) {
            Ok(Some(sealed)) if opened.rules.may_read(&tx.caller().name, name) => {
                mine.push(sealed);
            }
            _ => others.push(name.clone()),
        }
    }
    if !others.is_empty() {
        tx.ctx().front.note(&Note::StillEncrypted { names: others });
    }
    if mine.is_empty() {
        return Ok(());
    }
    let values = tx.reopen(Op::REKEY, &mine)?;
    for (sealed, (name, value)) in mine.iter().zip(values) {
        let old: &Record = sealed.record();
        let (readers, to) = readers_without(opened, old, gone)?;
        let file = encrypt(value.expose(), &to)?;
        let record = Record { version: old.version + 1, readers, ..old.clone() };
        tx.write_secret(&name, file, record);
    }
    Ok(())
}

/// The readers of `old` that are left, and their recipients.
fn readers_without(
    opened: &Snapshot,
    old: &Record,
    gone: &[&SessionId],
) -> Result<(Vec<Reader>, Vec<Recipient>)> {
    let (mut readers, mut to) = (Vec::new(), Vec::new());
    for reader in &old.readers {
        let recipients = match reader {
            Reader::Member(name) if opened.rules.member(name).is_some() => {
                recipients(&opened.rules, std::iter::once(name))?
            }
            Reader::Session(id) if !gone.contains(&id) => {
                let place = GrantPlace { id: id.clone(), shared: true };
                match opened.vault.grant(&place, &opened.rules.creator_key()) {
                    Ok(Some(grant)) => vec![Recipient::parse(&grant.recipient)?],
                    _ => continue,
                }
            }
            _ => continue,
        };
        readers.push(reader.clone());
        to.extend(recipients);
    }
    Ok((readers, to))
}
