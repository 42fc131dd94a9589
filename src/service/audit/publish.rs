//! Publishing a clone's own chains: a commit gets what its branch lacks of them, as files that have the
//! same bytes in every branch.
//!
//! Where a file ends was decided by the commit that published it first; `.local/audit/<chain>.cuts`
//! remembers it. Should that be lost, the files in the work tree tell.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::trail::local_chains;
use crate::audit::{ChainFiles, ChainName, Cut, SEGMENT};
use crate::fs::{self, LocalFile, Root, VaultPath};
use crate::git;
use crate::service::base::Result;
use crate::store::{AuditMode, Vault};

const LIMIT: usize = 64 << 20;

/// What the branch is compared with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Against {
    /// The last commit.
    Commit,
    /// The work tree, where somebody commits by hand.
    WorkTree,
}

/// The lines of this clone's chains that a branch lacks.
#[derive(Debug, Default)]
pub(crate) struct Unpublished {
    /// Files as they are to be.
    files: Vec<(VaultPath, Vec<u8>)>,
    /// Which lines new files hold.
    cuts: Vec<(ChainFiles, Vec<Cut>)>,
    /// Files that are there, and that git's index may still wait for: a commit was cut off.
    again: Vec<VaultPath>,
    /// The commit that lacks them.
    tip: Option<String>,
    /// The last line of each chain.
    through: BTreeMap<ChainName, u64>,
}

/// Up to which line the chains were published in one commit.
#[derive(Debug, Default, Serialize, Deserialize)]
struct Committed {
    commit: String,
    chains: BTreeMap<ChainName, u64>,
}

impl Unpublished {
    /// Finds them.
    ///
    /// # Errors
    /// The chains, or the branch, cannot be read.
    pub(crate) fn find(vault: &Vault, against: Against) -> Result<Self> {
        let mut unpublished = Self::default();
        if vault.config().audit == AuditMode::Local {
            return Ok(unpublished);
        }
        let root = vault.root();
        let chains = local_chains(vault)?;
        if against == Against::Commit && !chains.is_empty() {
            unpublished.tip = git::tip(root.path())?.map(|tip| tip.commit);
        }
        let known = Committed::load(root)?;
        let is_here = unpublished.tip.as_ref() == Some(&known.commit);
        let mut others = Vec::new();
        for files in chains {
            match known.chains.get(files.chain()) {
                Some(through) if is_here => {
                    unpublished.add(root, files, *through, |_, cut| cut.first <= *through)?;
                }
                _ => others.push(files),
            }
        }
        if !others.is_empty() {
            let published = Listed::of(root, &others, unpublished.tip.is_some())?;
            for files in others {
                let through = known.chains.get(files.chain()).copied();
                unpublished.add_key(root, &files, through.is_some(), &published)?;
                let (chain, through) = (files.chain().to_string(), through.unwrap_or(0));
                let has = |bytes: &mut dyn FnMut() -> Result<Vec<u8>>, cut| {
                    published.has(root, &chain, cut, bytes)
                };
                unpublished.add(root, files, through, has)?;
            }
        }
        Ok(unpublished)
    }

    /// Adds what of a chain `is_there` does not know; up to line `through` a commit was finished.
    fn add(
        &mut self,
        root: &Root,
        files: ChainFiles,
        through: u64,
        is_there: impl Fn(&mut dyn FnMut() -> Result<Vec<u8>>, Cut) -> bool,
    ) -> Result<()> {
        let Some(head) = files.head()? else { return Ok(()) };
        let mut cuts = files.cuts()?;
        let known = cuts.len();
        add_cuts(root, &files, &mut cuts, head.seq)?;
        for (at, cut) in cuts.iter().enumerate() {
            let mut bytes = || Ok(files.lines(cut.first, cut.last)?.concat());
            let is_there = at < known && is_there(&mut bytes, *cut);
            if is_there && cut.first <= through {
                continue;
            }
            match path_of(root, files.chain(), cut.first) {
                Some(path) if !is_there => self.files.push((path, bytes()?)),
                Some(path) => self.again.push(path),
                None => {}
            }
        }
        self.through.insert(files.chain().clone(), head.seq);
        let new = cuts.split_off(known);
        self.cuts.push((files, new));
        Ok(())
    }

    fn add_key(
        &mut self,
        root: &Root,
        files: &ChainFiles,
        was_committed: bool,
        published: &Listed,
    ) -> Result<()> {
        let Some(path) = VaultPath::chain_key(files.chain().as_str()) else { return Ok(()) };
        if published.0.contains(path.as_str()) {
            self.again.extend((!was_committed).then_some(path));
            return Ok(());
        }
        // One that lies there was encrypted anew, for other admins.
        let here = fs::read(root, &path, super::MAX_KEY)?;
        let own = || fs::read_plain(files.key(), super::MAX_KEY);
        if let Some(key) = here.map_or_else(own, |here| Ok(Some(here)))? {
            self.files.push((path, key));
        }
        Ok(())
    }

    /// Whether the branch lacks nothing.
    pub(crate) fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// The files, in the vault.
    pub(crate) fn paths(&self, root: &Root) -> impl Iterator<Item = String> {
        let is_there = |path: &&VaultPath| root.file(path).symlink_metadata().is_ok();
        let again = self.again.iter().filter(is_there);
        let paths = self.files.iter().map(|(path, _)| path).chain(again);
        paths.map(|path| path.as_str().to_owned())
    }

    /// Writes the files into the work tree; returns those that were not there.
    ///
    /// # Errors
    /// One cannot be written.
    pub(crate) fn write(&self, root: &Root) -> Result<Vec<VaultPath>> {
        let mut written = Vec::new();
        for (path, bytes) in &self.files {
            let is_new = root.file(path).symlink_metadata().is_err();
            if fs::keep(root, path, bytes)? && is_new {
                written.push(path.clone());
            }
        }
        for (files, cuts) in &self.cuts {
            files.add_cuts(cuts)?;
        }
        Ok(written)
    }

    /// Takes files out of the work tree again, if no commit has them.
    pub(crate) fn withdraw(&self, root: &Root, written: &[VaultPath]) {
        // A commit may be made, and its index not be in place.
        let tip = git::tip(root.path()).ok().flatten().map(|tip| tip.commit);
        if tip != self.tip {
            return;
        }
        for path in written {
            // One that stays is the same in the next commit.
            let _ = fs::remove_file(&root.file(path));
        }
    }

    /// Remembers that `commit` has everything, if it went on from the commit that lacked it. Where that
    /// fails, the next commit looks at more.
    pub(crate) fn remember(&self, root: &Root, commit: &str, parent: Option<&str>) {
        if self.through.is_empty() || self.tip.as_deref() != parent {
            return;
        }
        let committed = Committed { commit: commit.to_owned(), chains: self.through.clone() };
        let text = serde_json::to_vec(&committed).unwrap_or_default();
        fs::jot(&root.local(LocalFile::Committed), &text);
    }

    /// As [`Unpublished::remember`], where the commit had everything already.
    pub(crate) fn remember_tip(&self, root: &Root) {
        if let Some(tip) = &self.tip
            && !Committed::load(root).is_ok_and(|known| known.commit == *tip)
        {
            self.remember(root, tip, Some(tip));
        }
    }
}

impl Committed {
    fn load(root: &Root) -> Result<Self> {
        let bytes = fs::read_outside(&root.local(LocalFile::Committed), LIMIT)?.unwrap_or_default();
        Ok(serde_json::from_slice(&bytes).unwrap_or_default())
    }
}

/// The files of chains that a commit has, or the work tree.
struct Listed(BTreeSet<String>);

impl Listed {
    fn of(root: &Root, chains: &[ChainFiles], in_commit: bool) -> Result<Self> {
        let mut places = Vec::new();
        for files in chains {
            places.push(fs::chain_folder(files.chain().as_str()));
            places
                .extend(VaultPath::chain_key(files.chain().as_str()).map(|path| path.to_string()));
        }
        if in_commit {
            return Ok(Self(git::committed(root.path(), &places)?.into_iter().collect()));
        }
        let mut all = BTreeSet::new();
        for place in places {
            let walk = walkdir::WalkDir::new(root.path().join(place)).into_iter().flatten();
            let inside =
                |path: &Path| Some(path.strip_prefix(root.path()).ok()?.to_str()?.to_owned());
            let files = walk.filter(|entry| entry.file_type().is_file());
            all.extend(files.filter_map(|entry| inside(entry.path())));
        }
        Ok(Self(all))
    }

    /// Whether these lines are there: in a file of their own, or in a segment of an older authy, which
    /// may be shorter in this branch.
    fn has(
        &self,
        root: &Root,
        chain: &str,
        cut: Cut,
        bytes: &mut dyn FnMut() -> Result<Vec<u8>>,
    ) -> bool {
        let has = |path: Option<VaultPath>| path.is_some_and(|path| self.0.contains(path.as_str()));
        if has(VaultPath::published(chain, cut.first)) {
            return true;
        }
        let Some(segment) = VaultPath::segment(chain, cut.first) else { return false };
        if !self.0.contains(segment.as_str()) {
            return false;
        }
        let there = git::file_at(root.path(), "HEAD", segment.as_str()).ok().flatten();
        bytes().is_ok_and(|bytes| there.is_none_or(|there| there == bytes))
    }
}

/// Where a file of published lines lies, or where a segment of an older authy does.
fn path_of(root: &Root, chain: &ChainName, first: u64) -> Option<VaultPath> {
    let segment = VaultPath::segment(chain.as_str(), first)?;
    let is_there = root.file(&segment).symlink_metadata().is_ok();
    if is_there { Some(segment) } else { VaultPath::published(chain.as_str(), first) }
}

/// Goes on with files for the lines up to `head`.
fn add_cuts(root: &Root, files: &ChainFiles, cuts: &mut Vec<Cut>, head: u64) -> Result<()> {
    let mut first = cuts.last().map_or(1, |cut| cut.last + 1);
    if first > head {
        return Ok(());
    }
    let lines = files.lines(first, head)?;
    let mut rest = lines.as_slice();
    while let Some((begin, after)) = rest.split_first() {
        // What a crash left there, or what this clone forgot that it published.
        let there = path_of(root, files.chain(), first)
            .and_then(|path| fs::read(root, &path, LIMIT).ok().flatten())
            .and_then(|bytes| lines_told(&bytes, rest));
        let count = there.unwrap_or_else(|| {
            // As large as the writer's own segments, or one line that is longer.
            let mut size = begin.len() as u64;
            let fits = |line: &&Vec<u8>| {
                size += line.len() as u64;
                size <= SEGMENT
            };
            1 + after.iter().take_while(fits).count()
        });
        cuts.push(Cut { first, last: first + count as u64 - 1 });
        first += count as u64;
        rest = &rest[count..];
    }
    Ok(())
}

/// How many of `lines` a file holds, if it holds nothing else.
fn lines_told(bytes: &[u8], lines: &[Vec<u8>]) -> Option<usize> {
    let count = memchr::memchr_iter(b'\n', bytes).count();
    let told = lines.get(..count).filter(|lines| !lines.is_empty())?;
    (told.concat() == bytes).then_some(count)
}
