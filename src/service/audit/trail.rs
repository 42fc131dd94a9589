//! The chains of a vault, wherever their lines lie: whole where they are written, in `.local/audit/` or
//! in the state folder, and in `audit/` what was published of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::location::fallback_folder;
use crate::audit::{
    self, AuditError, ChainFiles, ChainName, ChainReport, Filter, Head, Line, Published, Segment,
    Verdict,
};
use crate::fs::{self, Listing, Root};
use crate::service::base::{Result, Snapshot};
use crate::store::Vault;

/// One chain.
#[derive(Debug)]
pub(crate) struct ChainCopies {
    pub(crate) chain: ChainName,
    /// Where it is written, if that is here.
    pub(crate) own: Option<ChainFiles>,
    /// Whether something of it lies in `audit/`.
    pub(crate) is_published: bool,
    root: Root,
}

impl ChainCopies {
    /// What is published of it.
    ///
    /// # Errors
    /// It cannot be listed.
    pub(crate) fn published(&self) -> std::result::Result<Published, AuditError> {
        Published::find(&self.root.folder(Listing::Audit), &self.chain)
    }

    /// Whether this clone writes it, and no other on this machine could.
    pub(super) fn is_of_this_clone(&self) -> bool {
        let local = self.root.folder(Listing::LocalAudit);
        self.own.as_ref().is_some_and(|own| own.folder().starts_with(local))
    }

    /// The last line that is published of it.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn published_head(&self) -> std::result::Result<Option<Head>, AuditError> {
        Published::head(&self.root.folder(Listing::Audit), &self.chain)
    }

    /// The files of its key, the writer's own first.
    pub(super) fn keys(&self) -> Vec<PathBuf> {
        let own = self.own.as_ref().map(|own| own.key().to_owned());
        let published = self.root.folder(Listing::Audit);
        let published = ChainFiles::new(&published, &self.chain).key().to_owned();
        own.into_iter().chain([published]).collect()
    }

    /// The file with the line that is damaged, or with the last one.
    pub(super) fn holding(&self, report: &ChainReport) -> Option<PathBuf> {
        let number = match report.verdict {
            Verdict::Damaged { line, .. } => line,
            _ => u64::MAX,
        };
        match &self.own {
            Some(own) => Some(own.holding(&report.firsts, number)),
            None => Some(self.published().ok()?.holding(number)),
        }
    }

    /// Its last line.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn head(&self) -> std::result::Result<Option<Head>, AuditError> {
        match &self.own {
            Some(own) => own.head(),
            None => self.published_head(),
        }
    }

    /// Reads its lines from the last ones to the first, as long as `take` says so.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn read_back(
        &self,
        take: &mut dyn FnMut(Segment) -> bool,
    ) -> std::result::Result<(), AuditError> {
        match &self.own {
            Some(own) => own.read_back(take),
            None => self.published()?.read_back(take),
        }
    }

    /// Its newest lines that `filter` accepts.
    ///
    /// # Errors
    /// It cannot be read.
    pub(crate) fn newest(
        &self,
        filter: &Filter<'_>,
        limit: Option<usize>,
    ) -> std::result::Result<Vec<Line>, AuditError> {
        audit::newest(|take| self.read_back(take), filter, limit)
    }
}

/// Every chain there is, sorted: in the vault, in this clone, and in this machine's state folder.
///
/// # Errors
/// A folder is a link, or cannot be listed.
pub(crate) fn trail(opened: &Snapshot) -> Result<Vec<ChainCopies>> {
    let mut all = travelling(&opened.vault)?;
    if let Some(state) = opened.vault.pins().folder() {
        for own in audit::chains_in(&fallback_folder(state))? {
            let root = opened.vault.root().clone();
            let chain = own.chain().clone();
            all.push(ChainCopies { chain, own: Some(own), is_published: false, root });
        }
    }
    Ok(all)
}

/// The chains of the vault and of this clone, sorted.
///
/// # Errors
/// As [`trail`].
pub(crate) fn travelling(vault: &Vault) -> Result<Vec<ChainCopies>> {
    let root = vault.root();
    fs::refuse_linked(root, Listing::Audit)?;
    let mut all: BTreeMap<ChainName, ChainCopies> = BTreeMap::new();
    for files in audit::chains_in(&root.folder(Listing::Audit))? {
        let (chain, root) = (files.chain().clone(), root.clone());
        all.insert(chain.clone(), ChainCopies { chain, own: None, is_published: true, root });
    }
    for own in local_chains(vault)? {
        let (chain, root) = (own.chain().clone(), root.clone());
        let none = || ChainCopies { chain: chain.clone(), own: None, is_published: false, root };
        all.entry(chain.clone()).or_insert_with(none).own = Some(own);
    }
    Ok(all.into_values().collect())
}

/// The chains that this clone writes.
///
/// # Errors
/// As [`trail`].
pub(crate) fn local_chains(vault: &Vault) -> Result<Vec<ChainFiles>> {
    fs::refuse_linked(vault.root(), Listing::LocalAudit)?;
    Ok(audit::chains_in(&vault.root().folder(Listing::LocalAudit))?)
}
