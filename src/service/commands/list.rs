//! Names and what may be known of them without opening anything or being anybody.

use std::collections::BTreeSet;

use rayon::prelude::*;
use serde::Serialize;

use crate::access::Pattern;
use crate::audit::Op;
use crate::fs::{Listing, Subject, VaultPath};
use crate::git;
use crate::name::{ScopeName, SecretName, ServiceUrl, ServiceUser, Ttl};
use crate::service::base::{Context, OpenVault, Result, Snapshot, effective_scope};
use crate::service::rules::CommitView;
use crate::service::secret::{belongs, due};
use crate::service::session::{bearer, listable};
use crate::store::{Record, Stamp};

/// Which secrets to list.
#[derive(Debug, Clone, Default)]
pub struct ListOptions {
    /// A glob over names.
    pub pattern: Option<String>,
    /// Only what this scope reaches.
    pub scope: Option<ScopeName>,
    /// Read each secret's record too.
    pub details: bool,
    /// Only what is due for another value.
    pub rotate_due: bool,
    /// Only what belongs to this address.
    pub service: Option<ServiceUrl>,
}

/// One secret.
#[derive(Debug, Clone, Serialize)]
pub struct ListEntry {
    /// Its name.
    pub name: SecretName,
    /// Its record, where details were asked for and the record is good.
    #[serde(flatten)]
    pub details: Option<ListDetails>,
    /// Whether a `run` of the scope that was given gives out a placeholder for it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub sealed: bool,
    /// What is wrong with its record.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub problem: Option<String>,
}

/// A secret's record, as people see it. Times are RFC 3339 in UTC.
#[derive(Debug, Clone, Serialize)]
pub struct ListDetails {
    /// Counts changes.
    pub version: u64,
    /// When the name was first stored.
    pub created: String,
    /// When it got its present value.
    pub changed: String,
    /// Who gave it this value.
    pub author: String,
    /// For people.
    pub description: String,
    /// For people.
    pub tags: Vec<String>,
    /// Whom it is encrypted to.
    pub readers: Vec<String>,
    /// Who could read this value and may not any more.
    pub exposed_to: Vec<String>,
    /// When a copy of this value was found outside of the vault.
    pub leaked: Option<String>,
    /// How often it wants another value.
    pub rotate_every: Option<Ttl>,
    /// Why it is due for another value.
    pub rotate_due: Option<String>,
    /// The services that it belongs to.
    #[serde(rename = "for")]
    pub services: Vec<ServiceUrl>,
    /// The user name that goes with it there.
    pub user: Option<ServiceUser>,
    /// Whether it is sent there as a bearer token.
    pub bearer: bool,
    /// Whether it is no secret, and not masked where a program prints it.
    pub not_secret: bool,
}

impl ListDetails {
    fn of(now: Stamp, record: &Record) -> Self {
        Self {
            version: record.version,
            created: record.created.to_string(),
            changed: record.changed.to_string(),
            author: record.author.to_string(),
            description: record.description.clone(),
            tags: record.tags.clone(),
            readers: record.readers.iter().map(ToString::to_string).collect(),
            exposed_to: record.exposed_to.iter().map(ToString::to_string).collect(),
            leaked: record.leaked.map(|found| found.to_string()),
            rotate_every: record.rotate_every,
            rotate_due: due(now, record),
            services: record.services.clone(),
            user: record.user.clone(),
            bearer: record.bearer,
            not_secret: record.not_secret,
        }
    }
}

/// Lists secrets, sorted by name. Needs no identity; with a token those of its grant. A
/// secret whose record is damaged is listed with its problem.
///
/// # Errors
/// A pattern that does not compile, a scope that is not in force, no vault.
pub fn list(ctx: &Context, options: &ListOptions) -> Result<Vec<ListEntry>> {
    let pattern = options.pattern.as_deref().map(Pattern::new).transpose()?;
    let opened = OpenVault::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::LIST)?;
    let scope = effective_scope(ctx, options.scope.as_ref())?;
    let reach = listable(&opened, bearer.as_deref(), scope.as_ref())?;
    let names: Vec<_> = opened
        .vault
        .names()?
        .into_iter()
        .filter(|name| pattern.as_ref().is_none_or(|pattern| pattern.matches(name.as_str())))
        .filter(|name| reach.permits(name).is_ok() && reach.holds(name).is_ok())
        .collect();
    let names = match &options.service {
        Some(url) => {
            let found = belongs::all(&reach, &opened, Some(url))?;
            let found: BTreeSet<_> = found.into_iter().map(|one| one.name).collect();
            names.into_iter().filter(|name| found.contains(name)).collect()
        }
        None => names,
    };
    let (now, snapshot): (_, &Snapshot) = (Stamp::new(ctx.now), &opened);
    let entry = |name: SecretName| match options.details || options.rotate_due {
        true => detailed(snapshot, now, name),
        false => ListEntry { name, details: None, sealed: false, problem: None },
    };
    let mut entries: Vec<_> = names.into_par_iter().map(entry).collect();
    if let Some(sealing) = reach.sealing(false) {
        entries.iter_mut().for_each(|entry| entry.sealed = sealing.seals(&entry.name));
    }
    if options.rotate_due {
        let is_due = |entry: &ListEntry| {
            entry.details.as_ref().is_some_and(|details| details.rotate_due.is_some())
        };
        entries.retain(is_due);
    }
    Ok(entries)
}

fn detailed(opened: &Snapshot, now: Stamp, name: SecretName) -> ListEntry {
    let (details, problem) = match opened.vault.record(&name, &opened.rules) {
        Ok(Some(record)) => (Some(ListDetails::of(now, &record)), None),
        Ok(None) => (None, Some("its record is missing".to_owned())),
        Err(error) => (None, Some(error.to_string())),
    };
    ListEntry { name, details, sealed: false, problem }
}

/// A secret that was taken away, by a removal or a rename.
#[derive(Debug, Clone, Serialize)]
pub struct RemovedSecret {
    /// The name that it had.
    pub name: SecretName,
    /// The commit that took it away.
    pub commit: CommitView,
    /// What that says it did.
    pub subject: String,
}

/// Lists the secrets that were taken away and are not there now, the last ones first, as git tells it. Needs no
/// identity; with a token those of its scope.
///
/// # Errors
/// As [`list`]; the history cannot be read.
pub fn list_removed(ctx: &Context, options: &ListOptions) -> Result<Vec<RemovedSecret>> {
    let pattern = options.pattern.as_deref().map(Pattern::new).transpose()?;
    let opened = OpenVault::open(ctx)?;
    let bearer = bearer(ctx, &opened, &Op::LIST)?;
    let scope = effective_scope(ctx, options.scope.as_ref())?;
    let reach = listable(&opened, bearer.as_deref(), scope.as_ref())?;
    // Those that are there now, and each other one once.
    let mut known: BTreeSet<SecretName> = opened.vault.names()?.into_iter().collect();
    let mut found = Vec::new();
    for removed in git::removed(opened.vault.root().path(), Listing::Secrets.folder())? {
        let path = VaultPath::parse(&removed.path);
        let Some(Subject::Record(name)) = path.as_ref().map(VaultPath::subject) else { continue };
        let is_wanted = pattern.as_ref().is_none_or(|pattern| pattern.matches(name.as_str()))
            && reach.permits(name).is_ok();
        if is_wanted && known.insert(name.clone()) {
            let (name, commit) = (name.clone(), removed.commit.into());
            found.push(RemovedSecret { name, commit, subject: removed.subject });
        }
    }
    Ok(found)
}
