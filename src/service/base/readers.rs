//! Who a secret is encrypted to, against who may read it under the rules now in force.
//!
//! An existing secret's readers change only by an explicit step, so the two may differ for a
//! while: a policy or a member is changed first, `rekey` follows.

use rayon::prelude::*;
use serde::Serialize;

use super::caller::recipients;
use super::context::Context;
use super::error::Result;
use super::note::Note;
use super::opening::Opened;
use super::shared;
use crate::crypto::seal;
use crate::name::{MemberName, SecretName};
use crate::secret::SecretBytes;
use crate::store::{Reader, Record};

/// A secret whose readers are to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReaderChange {
    /// The secret.
    pub name: SecretName,
    /// Who may read it and is no recipient yet.
    pub gains: Vec<MemberName>,
    /// Who is a recipient and may not read it any more.
    pub loses: Vec<MemberName>,
}

/// Finds the secrets whose recorded readers are not those of the rules, sorted by name. One
/// whose record is damaged is left out: reading it says so.
///
/// # Errors
/// The secrets cannot be listed.
pub(crate) fn pending(opened: &Opened) -> Result<Vec<ReaderChange>> {
    let names = opened.vault.names()?;
    let change = |name: SecretName| {
        let record = opened.vault.record(&name, &opened.rules).ok()??;
        change_of(opened, name, &record)
    };
    Ok(names.into_par_iter().filter_map(change).collect())
}

fn change_of(opened: &Opened, name: SecretName, record: &Record) -> Option<ReaderChange> {
    let recorded: Vec<&MemberName> = record
        .readers
        .iter()
        .filter_map(|reader| match reader {
            Reader::Member(name) => Some(name),
            Reader::Session(_) => None,
        })
        .collect();
    let now = opened.rules.readers(&name);
    let gains: Vec<_> = now.iter().filter(|who| !recorded.contains(who)).cloned().collect();
    let loses: Vec<_> = recorded.into_iter().filter(|who| !now.contains(who)).cloned().collect();
    let differs = !gains.is_empty() || !loses.is_empty();
    differs.then_some(ReaderChange { name, gains, loses })
}

/// Says how many secrets wait for a `rekey` after rules have changed.
pub(crate) fn note_pending(ctx: &Context) -> Result<()> {
    let opened = Opened::open(ctx)?;
    // With admins alone every rule gives the same readers.
    if opened.rules.members().all(|(name, _)| opened.rules.is_admin(name)) {
        return Ok(());
    }
    let secrets = pending(&opened)?.len();
    if secrets > 0 {
        ctx.front.note(&Note::RekeyNeeded { secrets });
    }
    Ok(())
}

/// Encrypts a value to `members` and to the live shared sessions that may read it; returns
/// the readers to record and the file.
///
/// # Errors
/// A member's recipients cannot be used.
pub(crate) fn seal_to(
    ctx: &Context,
    opened: &Opened,
    (name, members): (&SecretName, Vec<MemberName>),
    value: &SecretBytes,
) -> Result<(Vec<Reader>, Vec<u8>)> {
    let sessions = shared::readers(ctx, opened, name)?;
    let mut to = recipients(&opened.rules, members.iter())?;
    to.extend(sessions.iter().map(|(_, recipient)| recipient.clone()));
    let file = seal(value.expose(), &to)?;
    let sessions = sessions.into_iter().map(|(id, _)| Reader::Session(id));
    Ok((members.into_iter().map(Reader::Member).chain(sessions).collect(), file))
}
