//! Taking secrets over from elsewhere: all of them in one change, or none.

mod old;
mod read;

use std::collections::{BTreeMap, HashMap, HashSet};

use rayon::prelude::*;
use serde::Serialize;

use crate::audit::{Action, Op};
use crate::name::SecretName;
use crate::secret::{MAX_VALUE, SecretBytes};
use crate::service::base::{Context, Note, OpenVault, Result, Snapshot};
use crate::service::change::{LockedVault, Transaction};
use crate::service::identity::agent;
use crate::service::identity::authenticate::authenticate;
use crate::service::secret::{NewValue, Preencrypted, StoreOptions, new_record, note_unapproved};
use crate::service::session::live;
use crate::service::session::refuse_token;
use crate::transfer::{self, About, Found, TransferError};

/// How to import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// What stands before each new name.
    pub prefix: String,
    /// What becomes of secrets that exist.
    pub existing: Existing,
    /// Leave out what cannot be taken, and say so, instead of importing nothing.
    pub skip_invalid: bool,
    /// Change nothing.
    pub dry_run: bool,
}

/// What becomes of a secret that exists. Where values are compared, the same value is always left
/// as it is; one that the caller may not open counts as another.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Existing {
    /// Import nothing where a value differs.
    #[default]
    Refuse,
    /// Replace it where it differs.
    Update,
    /// Replace it, comparing nothing.
    Replace,
    /// Leave it, comparing nothing.
    Skip,
}

/// What becomes of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportStatus {
    /// It is new.
    New,
    /// It replaces a value.
    Replaces,
    /// It has this value already.
    Unchanged,
    /// It exists and is left alone.
    Skipped,
    /// It exists; a dry run compares no values.
    Exists,
}

/// A secret that is imported.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ImportEntry {
    /// Its name there.
    pub from: String,
    /// Its name here.
    pub name: SecretName,
    /// What becomes of it.
    pub status: ImportStatus,
}

pub use old::{ImportedPolicy, imported_policies};
pub use read::{ImportFrom, Imported, read_import};

/// Stores all of it in one change, or tells with `dry_run` what that would be.
///
/// # Errors
/// Names that cannot be used, that collide or are taken, values that are none: all of them are
/// listed and nothing is imported. Denied.
pub fn import(
    ctx: &Context,
    imported: &Imported,
    options: &ImportOptions,
) -> Result<Vec<ImportEntry>> {
    refuse_token(ctx, &Op::IMPORT)?;
    let plan = plan(ctx, imported, options)?;
    let opened = OpenVault::open(ctx)?;
    if options.dry_run {
        let taken = opened.vault.names()?;
        return plan.judge(options, &|name| match taken.contains(name) {
            true => There::Unknown,
            false => There::No,
        });
    }
    let caller = authenticate(ctx, &opened.rules)?;
    let mut preencrypted = preencrypt(ctx, &opened, &plan, options);
    let locked = LockedVault::lock_for(ctx, caller)?;
    let is_taken: HashSet<_> = plan.names().filter(|name| locked.is_taken(name)).cloned().collect();
    let secrets = plan.names().cloned();
    let action = Action::new(Op::IMPORT).on(secrets);
    locked.transact(&action, |tx| {
        note_unapproved(tx);
        let same = match options.existing {
            Existing::Refuse | Existing::Update => same(tx, &plan, &is_taken),
            Existing::Replace | Existing::Skip => HashSet::new(),
        };
        let entries =
            plan.judge(options, &|name| match (is_taken.contains(name), same.contains(name)) {
                (false, _) => There::No,
                (true, true) => There::Same,
                (true, false) => There::Other,
            })?;
        if entries.iter().any(|entry| entry.status == ImportStatus::Replaces) {
            agent::refuse(ctx, &locked.opened, "to replace values by what it imports")?;
        }
        let mut written = Vec::new();
        for (entry, item) in entries.iter().zip(&plan.items) {
            let old = match entry.status {
                ImportStatus::Replaces => {
                    locked.opened.vault.record(&entry.name, &locked.opened.rules)?
                }
                ImportStatus::New => None,
                _ => continue,
            };
            locked.may_write(&entry.name)?;
            let old = old.map(|record| (*record).clone());
            let value =
                NewValue { value: item.value, preencrypted: preencrypted.remove(&entry.name) };
            let options = item.about.cloned().map_or_else(StoreOptions::default, |about| {
                let About { description, tags, services, user } = about;
                StoreOptions { description, tags, services, user, ..StoreOptions::default() }
            });
            new_record(tx, &entry.name, old, value, options)?;
            written.push(&entry.name);
        }
        let message = match written.as_slice() {
            [one] => format!("Import {one}"),
            several => format!("Import {} secrets", several.len()),
        };
        Ok((message, entries))
    })
}

/// Encrypts what is new to those who may read it, before the lock keeps others waiting. What
/// does not work here fails, or works, under the lock.
fn preencrypt(
    ctx: &Context,
    opened: &Snapshot,
    plan: &Plan<'_>,
    options: &ImportOptions,
) -> HashMap<SecretName, Preencrypted> {
    let Ok(live) = live::live(ctx, opened) else { return HashMap::new() };
    let is_new = |name: &SecretName| matches!(opened.vault.record(name, &opened.rules), Ok(None));
    let sealed = |item: &Item<'_>| {
        if options.existing != Existing::Replace && !is_new(&item.name) {
            return None;
        }
        let (name, members) = (&item.name, opened.rules.readers(&item.name));
        Some((name.clone(), Preencrypted::encrypt(opened, &live, name, members, item.value).ok()?))
    };
    let mut all = HashMap::with_capacity(plan.items.len());
    for part in plan.items.chunks(BATCH) {
        ctx.front.progress(all.len(), plan.items.len());
        all.par_extend(part.par_iter().filter_map(sealed));
    }
    ctx.front.progress(plan.items.len(), plan.items.len());
    all
}

/// Those that have the planned value already, as far as the caller may and can open them. An
/// agent, and whoever is confined to a scope, is told nothing about values by comparing.
fn same(
    tx: &mut Transaction<'_>,
    plan: &Plan<'_>,
    is_taken: &HashSet<SecretName>,
) -> HashSet<SecretName> {
    let (ctx, rules, caller) = (tx.ctx(), &tx.opened().rules, &tx.caller().name);
    if agent::is_limited(ctx, tx.opened()) || ctx.confined.is_some() {
        return HashSet::new();
    }
    let readable = |name: &&SecretName| is_taken.contains(name) && rules.may_read(caller, name);
    let sealed: Vec<_> = plan
        .names()
        .filter(readable)
        .filter_map(|name| tx.locked().secret(name).ok())
        .filter(|sealed| sealed.record().members().any(|reader| reader == caller))
        .collect();
    if sealed.is_empty() {
        return HashSet::new();
    }
    let Ok(values) = tx.reopen(Op::IMPORT, &sealed) else { return HashSet::new() };
    let planned: HashMap<_, _> = plan.items.iter().map(|item| (&item.name, item.value)).collect();
    let is_same = |(name, value): &(SecretName, SecretBytes)| planned.get(name) == Some(&value);
    values.into_iter().filter(is_same).map(|(name, _)| name).collect()
}

/// How many are encrypted before whoever waits is told.
const BATCH: usize = 256;

/// What is to come in.
struct Plan<'i> {
    items: Vec<Item<'i>>,
    /// Why something cannot.
    reasons: Vec<String>,
}

struct Item<'i> {
    from: String,
    name: SecretName,
    value: &'i SecretBytes,
    about: Option<&'i About>,
}

/// What is there of a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum There {
    No,
    Same,
    Other,
    Unknown,
}

/// Names everything; of a name that stands there several times the last counts.
fn plan<'i>(ctx: &Context, imported: &'i Imported, options: &ImportOptions) -> Result<Plan<'i>> {
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (at, found) in imported.found.iter().enumerate() {
        if last.insert(&found.name, at).is_some() {
            ctx.front.note(&Note::Twice { name: found.name.clone() });
        }
    }
    let mut plan = Plan { items: Vec::new(), reasons: Vec::new() };
    for (at, found) in imported.found.iter().enumerate() {
        if last.get(found.name.as_str()) != Some(&at) {
            continue;
        }
        match item(options, found) {
            Ok(item) => {
                if let Some(doubt) = found.doubt {
                    let (name, line) = (found.name.clone(), found.line);
                    ctx.front.note(&Note::Doubtful { name, line, doubt });
                }
                plan.items.push(item);
            }
            Err(reason) if options.skip_invalid => ctx.front.note(&Note::LeftOut { reason }),
            Err(reason) => plan.reasons.push(reason),
        }
    }
    match plan.items.is_empty() && plan.reasons.is_empty() {
        true => Err(TransferError::Nothing.into()),
        false => Ok(plan),
    }
}

fn item<'i>(options: &ImportOptions, found: &'i Found) -> std::result::Result<Item<'i>, String> {
    let from = &found.name;
    let line = found.line.map(|line| format!(" (line {line})")).unwrap_or_default();
    let name = transfer::name_here(&options.prefix, from);
    let name = name.map_err(|_| format!("'{from}'{line} gives no name"))?;
    match &found.value {
        Err(what) => Err(format!("'{from}'{line} is {what}")),
        Ok(value) if value.len() > MAX_VALUE => Err(format!("'{from}'{line} is larger than 1 MiB")),
        Ok(value) => Ok(Item { from: from.clone(), name, value, about: found.about.as_ref() }),
    }
}

impl Plan<'_> {
    fn names(&self) -> impl Iterator<Item = &SecretName> {
        self.items.iter().map(|item| &item.name)
    }

    /// Tells what becomes of each, in the order of the items.
    ///
    /// # Errors
    /// Everything that cannot come in, names that collide, and those that are there already with
    /// another value and may not be replaced: all of them at once.
    fn judge(
        &self,
        options: &ImportOptions,
        there: &dyn Fn(&SecretName) -> There,
    ) -> Result<Vec<ImportEntry>> {
        let mut by_name: BTreeMap<&SecretName, Vec<&str>> = BTreeMap::new();
        for item in &self.items {
            by_name.entry(&item.name).or_default().push(&item.from);
        }
        let mut taken: Vec<String> = by_name
            .iter()
            .filter(|(_, from)| from.len() > 1)
            .map(|(name, from)| format!("{} would all be '{name}'", from.join(", ")))
            .collect();
        let mut entries = Vec::new();
        for Item { from, name, .. } in &self.items {
            let status = match (there(name), options.existing) {
                (There::No, _) => ImportStatus::New,
                (_, Existing::Skip) => ImportStatus::Skipped,
                (_, Existing::Replace) => ImportStatus::Replaces,
                (There::Same, _) => ImportStatus::Unchanged,
                (There::Unknown, _) => ImportStatus::Exists,
                (There::Other, Existing::Update) => ImportStatus::Replaces,
                (There::Other, Existing::Refuse) => {
                    taken.push(format!("'{name}' exists already"));
                    continue;
                }
            };
            entries.push(ImportEntry { from: from.clone(), name: name.clone(), status });
        }
        match (self.reasons.is_empty(), taken.is_empty()) {
            (true, true) => Ok(entries),
            (true, false) => Err(TransferError::Taken { reasons: taken }.into()),
            (false, _) => {
                let reasons = self.reasons.iter().cloned().chain(taken).collect();
                Err(TransferError::Unusable { reasons }.into())
            }
        }
    }
}
