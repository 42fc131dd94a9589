//! Taking secrets over from elsewhere: all of them in one change, or none.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use serde::Serialize;

use crate::audit::Op;
use crate::name::SecretName;
use crate::secret::{MAX_VALUE, SecretBytes};
use crate::service::base::agent;
use crate::service::base::bearer::refuse_token;
use crate::service::base::context::Context;
use crate::service::base::error::Result;
use crate::service::base::note::Note;
use crate::service::base::opening::Opened;
use crate::service::base::recorder::AuditAction;
use crate::service::base::records::{is_taken, may_write};
use crate::service::base::transaction::LockedVault;
use crate::service::base::values::{StoreOptions, new_record, note_unapproved};
use crate::transfer::{self, Found, Place, Source, TransferError};

/// What is imported.
#[derive(Debug)]
pub enum ImportFrom {
    /// The bytes of a file, and their format.
    Bytes(Source, SecretBytes),
    /// What another manager's program gives out.
    Program {
        /// Which one.
        source: Source,
        /// A file, a folder or a path in there, as it was typed.
        given: Option<String>,
        /// The store's folder where nothing is given.
        folder: Option<PathBuf>,
    },
}

/// Secrets that were read and are not imported yet.
#[derive(Debug)]
pub struct Imported(Vec<Found>);

/// How to import.
#[derive(Debug, Clone, Default)]
pub struct ImportOptions {
    /// What stands before each new name.
    pub prefix: String,
    /// Replace the values of secrets that exist.
    pub force: bool,
    /// Change nothing.
    pub dry_run: bool,
}

/// What becomes of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ImportStatus {
    /// It is new.
    New,
    /// It replaces a value.
    Replaces,
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

/// Reads what is to be imported.
///
/// # Errors
/// It is not of that format; the program is missing or fails.
pub fn read_import(from: &ImportFrom) -> Result<Imported> {
    let found = match from {
        ImportFrom::Bytes(source, bytes) => transfer::parse(*source, bytes)?,
        ImportFrom::Program { source, given, folder } => {
            let place = Place { given: given.clone(), folder: folder.clone() };
            transfer::fetch(*source, &place)?
        }
    };
    Ok(Imported(found))
}

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
    let planned = plan(ctx, imported, options)?;
    if options.dry_run {
        let opened = Opened::open(ctx)?;
        let taken = opened.vault.names()?;
        opened.settle(ctx);
        return judge(planned, options, &|name| taken.contains(name))
            .map(|all| all.into_iter().map(|(entry, _)| entry).collect());
    }
    let locked = LockedVault::lock(ctx, &Op::IMPORT)?;
    let planned = judge(planned, options, &|name| is_taken(&locked, name))?;
    let secrets = planned.iter().map(|(entry, _)| entry.name.clone()).collect();
    let action = AuditAction { secrets, ..AuditAction::new(Op::IMPORT) };
    locked.transact(ctx, &action, |tx| {
        note_unapproved(ctx, &locked);
        if planned.iter().any(|(entry, _)| entry.status == ImportStatus::Replaces) {
            agent::refuse(ctx, &locked.opened, "to replace values by what it imports")?;
        }
        for (entry, value) in &planned {
            may_write(ctx, &locked, &entry.name)?;
            let old = match entry.status {
                ImportStatus::Replaces => {
                    locked.opened.vault.record(&entry.name, &locked.opened.rules)?
                }
                ImportStatus::New => None,
            };
            let old = old.map(|record| (*record).clone());
            let options = StoreOptions::default();
            new_record(ctx, &locked, (&entry.name, old), (&mut *tx, value, options))?;
        }
        let message = match planned.as_slice() {
            [(one, _)] => format!("Import {}", one.name),
            several => format!("Import {} secrets", several.len()),
        };
        Ok((message, ()))
    })?;
    Ok(planned.into_iter().map(|(entry, _)| entry).collect())
}

type Planned<'i> = Vec<(String, SecretName, &'i SecretBytes)>;

/// Names everything; of a name that stands there several times the last counts.
fn plan<'i>(ctx: &Context, imported: &'i Imported, options: &ImportOptions) -> Result<Planned<'i>> {
    let mut last: HashMap<&str, usize> = HashMap::new();
    for (at, found) in imported.0.iter().enumerate() {
        if last.insert(&found.name, at).is_some() {
            ctx.front.note(&Note::Twice { name: found.name.clone() });
        }
    }
    let (mut planned, mut reasons) = (Vec::new(), Vec::new());
    for (at, found) in imported.0.iter().enumerate() {
        if last.get(found.name.as_str()) != Some(&at) {
            continue;
        }
        if found.is_doubtful {
            let (name, line) = (found.name.clone(), found.line);
            ctx.front.note(&Note::Doubtful { name, line });
        }
        let line = found.line.map(|line| format!(" (line {line})")).unwrap_or_default();
        let shown = &found.name;
        match (transfer::name_here(&options.prefix, shown), &found.value) {
            (Err(_), _) => reasons.push(format!("'{shown}'{line} gives no name")),
            (_, None) => reasons.push(format!("'{shown}'{line} is no single value")),
            (_, Some(value)) if value.len() > MAX_VALUE => {
                reasons.push(format!("'{shown}'{line} is larger than 1 MiB"));
            }
            (Ok(name), Some(value)) => planned.push((shown.clone(), name, value)),
        }
    }
    match (reasons.is_empty(), planned.is_empty()) {
        (false, _) => Err(TransferError::Unusable { reasons }.into()),
        (true, true) => Err(TransferError::Nothing.into()),
        (true, false) => Ok(planned),
    }
}

/// Refuses names that collide, and those that are taken unless they may be replaced.
fn judge<'i>(
    planned: Planned<'i>,
    options: &ImportOptions,
    is_taken: &dyn Fn(&SecretName) -> bool,
) -> Result<Vec<(ImportEntry, &'i SecretBytes)>> {
    let mut by_name: BTreeMap<&SecretName, Vec<&str>> = BTreeMap::new();
    for (from, name, _) in &planned {
        by_name.entry(name).or_default().push(from);
    }
    let mut reasons: Vec<String> = by_name
        .iter()
        .filter(|(_, from)| from.len() > 1)
        .map(|(name, from)| format!("{} would all be '{name}'", from.join(", ")))
        .collect();
    let mut entries = Vec::new();
    for (from, name, value) in planned {
        let status = if is_taken(&name) { ImportStatus::Replaces } else { ImportStatus::New };
        if status == ImportStatus::Replaces && !options.force {
            reasons.push(format!("'{name}' exists already"));
        }
        entries.push((ImportEntry { from, name, status }, value));
    }
    match reasons.is_empty() {
        true => Ok(entries),
        false => Err(TransferError::Taken { reasons }.into()),
    }
}
