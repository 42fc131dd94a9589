//! Who a secret is encrypted to, against who may read it under the rules now in force.
//!
//! Who reads an existing value changes only by an explicit step, so the two may differ for a
//! while: a policy or a member is changed first, `rekey` follows. A new value is given to nobody new, and
//! withheld from those who lost access.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;

use crate::access::Rules;
use crate::audit::Op;
use crate::crypto::{Recipient, encrypt};
use crate::many;
use crate::name::{MemberName, SecretName};
use crate::secret::SecretBytes;
use crate::service::base::{Context, Note, OpenVault, Result, Snapshot, gone_rules};
use crate::service::change::Transaction;
use crate::service::identity::recipients;
use crate::service::session::live;
use crate::store::{Reader, Record};

/// How many secrets are encrypted before whoever waits is told.
const BATCH: usize = 32;

/// A secret whose readers are to change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ReaderChange {
    /// The secret.
    pub name: SecretName,
    /// Who is to read it.
    #[serde(skip)]
    pub(crate) readers: Vec<MemberName>,
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
pub(crate) fn pending(opened: &Snapshot) -> Result<Vec<ReaderChange>> {
    pending_under(opened, &opened.rules, &[])
}

/// As [`pending`], with the readers that `rules` give: those about to be published. What one of
/// `moved` reads is found too: to that member it has to be encrypted anew, though its readers stay.
///
/// # Errors
/// As [`pending`].
pub(crate) fn pending_under(
    opened: &Snapshot,
    rules: &Rules,
    moved: &[MemberName],
) -> Result<Vec<ReaderChange>> {
    let names = opened.vault.names()?;
    let is_decided = rules.is_decided();
    let change = |name: SecretName| {
        let record = opened.vault.record(&name, &opened.rules).ok()??;
        change_of(rules, is_decided, name, &record, moved)
    };
    Ok(names.into_par_iter().filter_map(change).collect())
}

fn change_of(
    rules: &Rules,
    is_decided: bool,
    name: SecretName,
    record: &Record,
    moved: &[MemberName],
) -> Option<ReaderChange> {
    let recorded: Vec<&MemberName> = record.members().collect();
    // Where a policy is not approved as it stands nobody knows what it gave before: whoever
    // reads goes on reading, unless they are no member any more.
    let mut readers = rules.readers_keeping(&name, &|who| !is_decided && recorded.contains(&who));
    // Whoever waits for an approval gains nothing before it.
    readers.retain(|who| recorded.contains(&who) || !rules.waits(who));
    let gains: Vec<_> = readers.iter().filter(|who| !recorded.contains(who)).cloned().collect();
    let loses: Vec<_> =
        recorded.into_iter().filter(|who| !readers.contains(who)).cloned().collect();
    // Whoever waits for an approval loses nothing by that alone.
    let differs = !gains.is_empty()
        || loses.iter().any(|who| !rules.waits(who))
        || readers.iter().any(|who| moved.contains(who));
    differs.then_some(ReaderChange { name, readers, gains, loses })
}

/// Says which policies keep readers from losing access.
pub(crate) fn note_undecided(ctx: &Context, rules: &Rules) {
    let policies: Vec<_> = rules.undecided().cloned().collect();
    if !policies.is_empty() {
        ctx.front.note(&Note::Undecided { policies });
    }
}

/// Encrypts the secrets of `changes` to their new readers, under the rules of `after`; they are
/// read as those of `before` have them. Values,
/// their authors and their ages stay. Whoever could read a value and may not any more is
/// recorded with it until it gets another one.
///
/// # Errors
/// A secret is damaged, or not the caller's to open.
pub(crate) fn reencrypt(
    tx: &mut Transaction<'_>,
    before: &Snapshot,
    after: &Snapshot,
    changes: &[ReaderChange],
) -> Result<()> {
    let ctx = tx.ctx();
    if changes.is_empty() {
        return Ok(());
    }
    let read = |change: &ReaderChange| {
        let found = before.vault.secret(&change.name, &before.rules)?;
        found.ok_or_else(|| before.not_found(&change.name, None))
    };
    let sealed = many::map(changes, read).into_iter().collect::<Result<Vec<_>>>()?;
    let values = tx.reopen(Op::REKEY, &sealed)?;
    let live = live::live(ctx, after)?;
    let mut encrypted = Vec::with_capacity(changes.len());
    for part in changes.iter().zip(&values).collect::<Vec<_>>().chunks(BATCH) {
        ctx.front.progress(encrypted.len(), changes.len());
        let encrypt = |(change, (name, value)): &(&ReaderChange, &(SecretName, SecretBytes))| {
            encrypt_to(after, &live, name, change.readers.clone(), value)
        };
        encrypted.extend(part.par_iter().map(encrypt).collect::<Result<Vec<_>>>()?);
    }
    ctx.front.progress(changes.len(), changes.len());
    for ((change, old), (readers, file)) in changes.iter().zip(&sealed).zip(encrypted) {
        let old: &Record = old.record();
        let exposed_to = exposed(old, &change.readers);
        let record = Record { version: old.version + 1, readers, exposed_to, ..old.clone() };
        tx.write_secret(&change.name, file, record);
    }
    Ok(())
}

/// Who could read the value of `record`, by it or before it, and is not among `readers`.
pub(crate) fn exposed(record: &Record, readers: &[MemberName]) -> Vec<MemberName> {
    let could: BTreeSet<_> = record.members().chain(&record.exposed_to).collect();
    could.into_iter().filter(|who| !readers.contains(who)).cloned().collect()
}

/// Says how many secrets wait for a `rekey` after rules have changed.
pub(crate) fn note_pending(ctx: &Context) -> Result<()> {
    let opened = OpenVault::open(ctx)?;
    let gone = gone_rules(&opened);
    let secrets = rekey_waits_for(&opened)?.unwrap_or_default();
    note_undecided(ctx, &opened.rules);
    if let Some(gone) = gone.first() {
        // Encrypting anew would leave them out for good.
        let way = gone.way(opened.vault.root());
        ctx.front.note(&Note::RuleGone { path: gone.path.to_string(), way });
    } else if secrets > 0 {
        ctx.front.note(&Note::RekeyNeeded { secrets });
    }
    Ok(())
}

/// How many secrets wait for a `rekey`; `None` where there can be none.
pub(crate) fn rekey_waits_for(opened: &Snapshot) -> Result<Option<usize>> {
    // With one member every rule gives the same reader.
    if opened.rules.members().nth(1).is_none() {
        return Ok(None);
    }
    let secrets = pending(opened)?.len();
    // 'rekey' is for the branch whose rules they are.
    Ok((!opened.vault.obeys_another_branch()).then_some(secrets))
}

/// Encrypts a value to `members` and to those of the `live` shared sessions that may read it;
/// returns the readers to record and the file.
///
/// # Errors
/// A member's recipients cannot be used.
pub(crate) fn encrypt_to(
    opened: &Snapshot,
    live: &[live::Live],
    name: &SecretName,
    members: Vec<MemberName>,
    value: &SecretBytes,
) -> Result<(Vec<Reader>, Vec<u8>)> {
    Preencrypted::encrypt(opened, live, name, members, value)
        .map(|sealed| (sealed.readers, sealed.file))
}

/// A value that was encrypted before the lock was taken, as encrypting thousands takes a while.
pub(crate) struct Preencrypted {
    readers: Vec<Reader>,
    to: Vec<Recipient>,
    file: Vec<u8>,
}

impl Preencrypted {
    /// Encrypts as [`encrypt_to`] does.
    ///
    /// # Errors
    /// As [`encrypt_to`].
    pub(crate) fn encrypt(
        opened: &Snapshot,
        live: &[live::Live],
        name: &SecretName,
        members: Vec<MemberName>,
        value: &SecretBytes,
    ) -> Result<Self> {
        let (readers, to) = addressees(opened, live, name, members)?;
        let file = encrypt(value.expose(), &to)?;
        Ok(Self { readers, to, file })
    }

    /// Gives the readers and the file where they are what [`encrypt_to`] would make of it now:
    /// rules may have changed before the lock was ours.
    ///
    /// # Errors
    /// As [`encrypt_to`].
    pub(crate) fn still(
        self,
        opened: &Snapshot,
        live: &[live::Live],
        name: &SecretName,
        members: Vec<MemberName>,
    ) -> Result<Option<(Vec<Reader>, Vec<u8>)>> {
        let (readers, to) = addressees(opened, live, name, members)?;
        Ok((self.readers == readers && self.to == to).then_some((self.readers, self.file)))
    }
}

/// Who is to read a value, and by which keys.
fn addressees(
    opened: &Snapshot,
    live: &[live::Live],
    name: &SecretName,
    members: Vec<MemberName>,
) -> Result<(Vec<Reader>, Vec<Recipient>)> {
    let sessions = live::readers(opened, live, name)?;
    let mut to = recipients(&opened.rules, members.iter())?;
    to.extend(sessions.iter().map(|(_, recipient)| recipient.clone()));
    let sessions = sessions.into_iter().map(|(id, _)| Reader::Session(id));
    Ok((members.into_iter().map(Reader::Member).chain(sessions).collect(), to))
}

/// Those who could read a secret and do not get its new value, removed members included; says so where one lost
/// access by a policy.
pub(crate) fn withheld(
    tx: &Transaction<'_>,
    name: &SecretName,
    old: &Record,
    readers: &[MemberName],
) -> Vec<MemberName> {
    let left: Vec<MemberName> =
        old.members().filter(|who| !readers.contains(who)).cloned().collect();
    let rules = &tx.opened().rules;
    let from: Vec<MemberName> =
        left.iter().filter(|who| rules.member(who).is_some()).cloned().collect();
    if !from.is_empty() {
        tx.ctx().front.note(&Note::Withheld { name: name.clone(), from });
    }
    left
}

/// The recorded readers who are still members, but for those who may not read the secret any more: nobody
/// new comes in by a new value, and whoever lost access does not get it. Where a policy is not approved as it stands
/// nobody knows who did. The rules decide where nobody is left.
pub(crate) fn kept_readers(opened: &Snapshot, old: &Record, name: &SecretName) -> Vec<MemberName> {
    let rules = &opened.rules;
    let is_decided = rules.is_decided();
    let is_kept = |who: &&MemberName| {
        rules.is_encrypted_to(who) && (!is_decided || rules.waits(who) || rules.may_read(who, name))
    };
    let kept: Vec<_> = old.members().filter(is_kept).cloned().collect();
    if kept.is_empty() { opened.rules.readers(name) } else { kept }
}
