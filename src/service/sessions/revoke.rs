//! Revoking: the grant is deleted, and what named a shared session is encrypted anew.

use crate::access::AccessError;
use crate::audit::Op;
use crate::crypto::digest::Digest;
use crate::crypto::{Recipient, seal};
use crate::fs::{GrantPlace, VaultPath};
use crate::name::{SecretName, SessionId};
use crate::service::bearer::{creator_key, ends};
use crate::service::caller::recipients;
use crate::service::change::{Change, Workplace};
use crate::service::clock;
use crate::service::context::Context;
use crate::service::error::Result;
use crate::service::note::Note;
use crate::service::opening::Opened;
use crate::service::problem::Problem;
use crate::service::recorder::Deed;
use crate::service::secrets::put_record;
use crate::store::{Reader, Record, Stamp};

/// Revokes the session whose id begins with `given`.
///
/// # Errors
/// None or several do; somebody else made it and the caller is no admin.
pub fn session_revoke(ctx: &Context, given: &str) -> Result<SessionId> {
    let place = Workplace::enter(ctx, &Op::SESSION_REVOKE)?;
    let all = place.opened.vault.sessions()?;
    let mut found: Vec<_> =
        all.into_iter().filter(|one| one.id.as_str().starts_with(given)).collect();
    let id = match (found.len(), found.first()) {
        (1, Some(one)) if !given.is_empty() => one.id.clone(),
        (0, _) | (_, None) => return Err(Problem::NoSession(given.to_owned()).into()),
        (count, _) => return Err(Problem::ManySessions { given: given.to_owned(), count }.into()),
    };
    let deed = Deed { detail: Some(id.to_string()), ..Deed::new(Op::SESSION_REVOKE) };
    let ended = ended(ctx, &place)?;
    place.change(ctx, &deed, |change| {
        found.iter().try_for_each(|one| may_revoke(ctx, &place, one))?;
        found.extend(ended.into_iter().filter(|one| one.id != id));
        take_away(ctx, &place, change, &found)?;
        Ok((format!("Revoke session {id}"), id.clone()))
    })
}

/// Revokes every session that the caller may revoke: an admin all, a member his own.
///
/// # Errors
/// No identity; a token or a confined process asks.
pub fn session_revoke_all(ctx: &Context) -> Result<Vec<SessionId>> {
    let place = Workplace::enter(ctx, &Op::SESSION_REVOKE_ALL)?;
    let mut found: Vec<_> = place.opened.vault.sessions()?.into_iter().collect();
    found.retain(|one| may_revoke(ctx, &place, one).is_ok());
    let ids: Vec<_> = found.iter().map(|one| one.id.clone()).collect();
    let detail = ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ");
    let deed = Deed { detail: Some(detail), ..Deed::new(Op::SESSION_REVOKE_ALL) };
    place.change(ctx, &deed, |change| {
        if let Some(confined) = &ctx.confined {
            return Err(AccessError::Confined { confined: confined.clone() }.into());
        }
        take_away(ctx, &place, change, &found)?;
        Ok(("Revoke all sessions".to_owned(), ids))
    })
}

/// Shared sessions that ended: whoever changes sessions clears them away.
fn ended(ctx: &Context, place: &Workplace) -> Result<Vec<GrantPlace>> {
    let opened = &place.opened;
    let now = Stamp::new(clock::latest(ctx, opened));
    let mut all: Vec<_> = opened.vault.sessions()?.into_iter().collect();
    all.retain(|one| {
        let grant = opened.vault.grant(one, &creator_key(&opened.rules));
        one.shared && matches!(grant, Ok(Some(grant)) if ends(&grant, &opened.rules) <= now)
    });
    Ok(all)
}

/// A session is revoked by whoever made it, or by an admin. What is no valid grant is
/// nobody's, and may be cleared away by anybody.
fn may_revoke(ctx: &Context, place: &Workplace, one: &GrantPlace) -> Result<()> {
    if let Some(confined) = &ctx.confined {
        return Err(AccessError::Confined { confined: confined.clone() }.into());
    }
    let opened = &place.opened;
    match opened.vault.grant(one, &creator_key(&opened.rules)) {
        Ok(Some(grant))
            if *grant.by() != place.caller.name && !opened.rules.is_admin(&place.caller.name) =>
        {
            let (id, creator) = (one.id.clone(), grant.by().clone());
            Err(Problem::OthersSession { id, creator }.into())
        }
        _ => Ok(()),
    }
}

fn take_away(
    ctx: &Context,
    place: &Workplace,
    change: &mut Change<'_>,
    found: &[GrantPlace],
) -> Result<()> {
    for one in found {
        one.files().into_iter().for_each(|file| change.remove(file));
        place.opened.vault.pin_revoked(one);
    }
    let shared: Vec<_> = found.iter().filter(|one| one.shared).map(|one| &one.id).collect();
    if shared.is_empty() {
        return Ok(());
    }
    let mut named = Vec::new();
    for name in place.opened.vault.names()? {
        if let Ok(Some(record)) = place.opened.vault.record(&name, &place.opened.rules)
            && shared.iter().any(|id| record.names_session(id))
        {
            named.push(name);
        }
    }
    encrypt_without(ctx, place, change, (&named, &shared))
}

/// Encrypts the values anew, to the same readers without these sessions.
fn encrypt_without(
    ctx: &Context,
    place: &Workplace,
    change: &mut Change<'_>,
    (named, gone): (&[SecretName], &[&SessionId]),
) -> Result<()> {
    let opened = &place.opened;
    let (mut mine, mut others) = (Vec::new(), Vec::new());
    for name in named {
        match opened.vault.sealed(name, &opened.rules) {
            Ok(Some(sealed)) if opened.rules.may_read(&place.caller.name, name) => {
                mine.push(sealed);
            }
            _ => others.push(name.clone()),
        }
    }
    if !others.is_empty() {
        ctx.front.note(&Note::StillEncrypted { names: others });
    }
    if mine.is_empty() {
        return Ok(());
    }
    let values = change.reopen(&mine)?;
    for (sealed, (name, value)) in mine.iter().zip(values) {
        let old: &Record = sealed.record();
        let (readers, to) = readers_without(opened, old, gone)?;
        let file = seal(value.expose(), &to)?;
        let record =
            Record { version: old.version + 1, readers, digest: Digest::of(&file), ..old.clone() };
        change.put(VaultPath::secret(&name), file);
        put_record(change, place, &name, record)?;
    }
    Ok(())
}

/// The readers of `old` that are left, and their recipients.
fn readers_without(
    opened: &Opened,
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
                match opened.vault.grant(&place, &creator_key(&opened.rules)) {
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
