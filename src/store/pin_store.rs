//! What this machine remembers of a vault, outside the repository: pins.
//!
//! The set of admins last accepted, the highest version seen of each file, the audit heads
//! last verified, and which vault lives in which folder. Pins only move forward, except for a
//! version of our own that nobody else has, and that is withdrawn; and two commands that save
//! at once both keep what they saw. A state folder that cannot be
//! written costs the pins, never the command.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, OnceLock, PoisonError};

use super::admins_on::{self, AdminsOn};
use super::only_on::{self, OnlyOn, RequestBranch};
use super::pins::{Pins, Version, render};
use crate::crypto::digest::Digest;
use crate::fs::{FsError, VaultPath};

const LIMIT: usize = 64 << 20;
/// How many accepted commits of a branch are remembered at least: what was taken back is behind one of
/// them.
const TIPS: usize = 32;

/// How many heads of clones' own chains are remembered: a runner may make a clone for each job.
const OWN_HEADS: usize = 1024;

/// The pins of one vault on this machine.
#[derive(Debug, Default)]
pub(crate) struct PinStore {
    folder: Option<PathBuf>,
    admins: Option<(u32, Digest)>,
    admins_on: OnceLock<Option<AdminsOn>>,
    seen: Pins,
    removed: Pins,
    /// The last published line of each chain that was verified.
    heads: BTreeMap<String, String>,
    /// The last line of each chain that a clone of this machine writes, in the order in which they were noted.
    own_heads: Vec<OwnHead>,
    /// Files whose pinned version was met on one branch alone; read when that is asked for.
    only_on: OnceLock<BTreeMap<String, OnlyOn>>,
    /// The commits accepted on each branch, the newest last.
    tips: BTreeMap<String, Vec<String>>,
    /// What was noted in this process.
    noted_tip: Mutex<Option<String>>,
    news: Mutex<Unsaved>,
}

/// What is to be remembered.
#[derive(Debug, Clone)]
pub(crate) enum Pin {
    /// A version of a file was fully verified.
    Seen(VaultPath, Version),
    /// A file was removed when it had this version.
    Removed(VaultPath, Version),
    /// The version `from` of a file, which never left this machine, gave way to `to`. A pin that
    /// has moved beyond `from` stays.
    Withdrawn {
        /// The file.
        path: VaultPath,
        /// The version that is given up.
        from: Version,
        /// The version in its place.
        to: Version,
    },
    /// A set of admins was accepted: its number and digest.
    Admins(u32, Digest),
}

#[derive(Debug, Default)]
struct Unsaved {
    admins: Option<(u32, Digest)>,
    /// Those before these.
    admins_before: Vec<(u32, Digest)>,
    seen: BTreeMap<String, Version>,
    removed: BTreeMap<String, Version>,
    withdrawn: BTreeMap<String, (Version, Version)>,
    heads: BTreeMap<String, String>,
    own_heads: Vec<OwnHead>,
    /// The pinned set of admins was met on a main branch.
    met_admins: bool,
    /// Files whose version was met on a second branch.
    met_again: BTreeSet<String>,
    /// What main branches have of files of which higher versions were seen.
    bases: BTreeMap<String, Version>,
    /// Versions below the pin that were met on other branches than its own.
    met_below: BTreeMap<String, Version>,
    tip: Option<(String, String)>,
}

/// The last line that was verified of a chain where it is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct OwnHead {
    /// By what the clone is known again, without blanks.
    pub(crate) clone: String,
    /// The chain.
    pub(crate) chain: String,
    /// Its head.
    pub(crate) head: String,
}

impl PinStore {
    /// Loads the pins of `vault` below `base`; without a base there are none.
    ///
    /// # Errors
    /// [`FsError`] where a pin file exists and cannot be read.
    pub(crate) fn load(base: Option<&Path>, vault: &str) -> Result<Self, FsError> {
        let Some(folder) = base.map(|base| base.join(vault)) else {
            return Ok(Self::default());
        };
        let mut state = Self::read(&folder)?;
        state.folder = Some(folder);
        Ok(state)
    }

    fn read(folder: &Path) -> Result<Self, FsError> {
        let text = |name: &str| -> Result<String, FsError> {
            let bytes = crate::fs::read_outside(&folder.join(name), LIMIT)?.unwrap_or_default();
            Ok(String::from_utf8(bytes).unwrap_or_default())
        };
        Ok(Self {
            admins: parse_admins(&text("admins")?),
            seen: Pins::parse(text("pins")?),
            removed: Pins::parse(text("removed")?),
            heads: text("heads")?.lines().filter_map(parse_head).collect(),
            own_heads: text("own-heads")?.lines().filter_map(parse_own_head).collect(),
            tips: parse_tips(&text("tips")?),
            ..Self::default()
        })
    }

    /// The folder of this vault's state, where there is one.
    pub(crate) fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// The number and digest of the set of admins last accepted.
    pub(crate) fn admins(&self) -> Option<(u32, Digest)> {
        self.admins
    }

    /// The set of admins last accepted, where it was met on a request's branch alone.
    pub(super) fn admins_on(&self) -> Option<&AdminsOn> {
        let read = || admins_on::read(self.folder.as_deref()?);
        self.admins_on.get_or_init(read).as_ref().filter(|on| Some(on.pin) == self.admins)
    }

    /// Notes the sets of admins before the one that is to be pinned.
    pub(super) fn note_admins_before(&self, before: Vec<(u32, Digest)>) {
        self.news(|news| news.admins_before = before);
    }

    /// Notes that the pinned set of admins was met on a main branch, to be saved.
    pub(super) fn met_admins(&self) {
        self.news(|news| news.met_admins = true);
    }

    /// The highest version seen of the file at `path`.
    pub(crate) fn seen(&self, path: &VaultPath) -> Option<Version> {
        self.seen.get(path.as_str())
    }

    /// Every file in a folder of which a version was seen, by path.
    pub(super) fn seen_below(&self, folder: &str) -> impl Iterator<Item = (&str, Version)> {
        self.seen.below(folder)
    }

    /// The last published line that was verified of each chain.
    pub(crate) fn heads(&self) -> &BTreeMap<String, String> {
        &self.heads
    }

    /// Notes what is to be saved.
    pub(crate) fn note(&self, pin: &Pin) {
        let owned = |path: &VaultPath| path.as_str().to_owned();
        match pin {
            Pin::Seen(path, version) => self.pin(path, *version),
            Pin::Removed(path, version) => self.news(|news| {
                news.removed.insert(owned(path), *version);
            }),
            Pin::Withdrawn { path, from, to } => self.news(|news| {
                news.seen.remove(path.as_str());
                news.withdrawn.insert(owned(path), (*from, *to));
            }),
            Pin::Admins(number, digest) => {
                if self.admins != Some((*number, *digest)) {
                    self.news(|news| news.admins = Some((*number, *digest)));
                }
            }
        }
    }

    /// Notes that `version` of `path` was fully verified, to be saved.
    pub(crate) fn pin(&self, path: &VaultPath, version: Version) {
        if self.seen(path).is_none_or(|seen| seen < version) {
            self.news(|news| {
                news.seen.insert(path.as_str().to_owned(), version);
            });
        }
    }

    /// The branch on which alone the pinned version of a file was met, where that is known.
    pub(super) fn only_on(&self, path: &VaultPath) -> Option<OnlyOn> {
        self.listed(path.as_str())
    }

    /// As [`PinStore::only_on`], of the removal of a file.
    pub(super) fn removed_only_on(&self, path: &VaultPath) -> Option<OnlyOn> {
        self.listed(&only_on::removal(path.as_str()))
    }

    fn listed(&self, key: &str) -> Option<OnlyOn> {
        let read = || self.folder.as_deref().map_or_else(BTreeMap::new, only_on::read);
        self.only_on.get_or_init(read).get(key).cloned()
    }

    /// Notes a version below the pin that was met on another branch than the pin's, to be saved.
    pub(super) fn raise_base(&self, path: &VaultPath, version: Version) {
        self.news(|news| _ = news.met_below.insert(path.as_str().to_owned(), version));
    }

    /// Notes that the pinned version of a file was met on a second branch, to be saved.
    pub(super) fn forget_branch(&self, path: &VaultPath) {
        self.news(|news| _ = news.met_again.insert(path.as_str().to_owned()));
    }

    /// The files of which higher versions were seen that are to be saved.
    pub(super) fn unsaved(&self) -> Vec<VaultPath> {
        let news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        news.seen.keys().filter_map(|path| VaultPath::parse(path)).collect()
    }

    /// Notes what main branches have of such a file.
    pub(super) fn note_base(&self, path: &VaultPath, version: Version) {
        self.news(|news| _ = news.bases.insert(path.as_str().to_owned(), version));
    }

    /// Whether higher versions were seen that are to be saved, or other admins, or a removal.
    pub(super) fn has_seen_more(&self) -> bool {
        let news = self.news.lock().unwrap_or_else(PoisonError::into_inner);
        !news.seen.is_empty() || news.admins.is_some() || !news.removed.is_empty()
    }

    /// The last version of the file at `path` before it was removed here.
    pub(crate) fn removed(&self, path: &VaultPath) -> Option<Version> {
        self.removed.get(path.as_str())
    }

    /// Notes a verified audit head, to be saved.
    pub(crate) fn raise_head(&self, chain: &str, head: String) {
        if self.heads.get(chain) != Some(&head) {
            self.news(|news| {
                news.heads.insert(chain.to_owned(), head);
            });
        }
    }

    /// The heads of the chains that this clone wrote.
    pub(crate) fn own_heads(&self, clone: &str) -> impl Iterator<Item = &OwnHead> {
        self.own_heads.iter().filter(move |own| own.clone == clone)
    }

    /// Notes the head of a chain where it is written, to be saved.
    pub(crate) fn raise_own_head(&self, head: OwnHead) {
        if !self.own_heads.contains(&head) {
            self.news(|news| news.own_heads.push(head));
        }
    }

    /// The commits accepted on a branch; none where no branch is checked out.
    pub(super) fn tips(&self, branch: Option<&str>) -> &[String] {
        branch.and_then(|branch| self.tips.get(branch)).map_or(&[], Vec::as_slice)
    }

    /// Those accepted on other branches.
    pub(super) fn other_tips(&self, branch: Option<&str>) -> Vec<String> {
        let others = self.tips.iter().filter(|(name, _)| Some(name.as_str()) != branch);
        others.flat_map(|(_, tips)| tips.iter().cloned()).collect()
    }

    /// Those accepted on the branches that are such ones.
    pub(super) fn tips_where(&self, is_it: impl Fn(&str) -> bool) -> Vec<String> {
        let such = self.tips.iter().filter(|(name, _)| is_it(name));
        such.flat_map(|(_, tips)| tips.iter().cloned()).collect()
    }

    /// Those accepted on any branch.
    pub(crate) fn all_tips(&self) -> Vec<String> {
        self.other_tips(None)
    }

    /// Notes a commit as accepted on a branch, to be saved; once.
    pub(super) fn accept_tip(&self, branch: &str, commit: &str) {
        let mut noted = self.noted_tip.lock().unwrap_or_else(PoisonError::into_inner);
        let known = [self.tips(Some(branch)).last(), noted.as_ref()];
        if known.into_iter().flatten().any(|known| known == commit) {
            return;
        }
        *noted = Some(commit.to_owned());
        self.news(|news| news.tip = Some((branch.to_owned(), commit.to_owned())));
    }

    /// Saves what was noted since loading, merged with what others saved meanwhile; `request` is the branch that
    /// is checked out, where that is no main branch and something is to be saved that it may have alone.
    ///
    /// # Errors
    /// [`FsError`] where the state folder cannot be written.
    pub(crate) fn save(&self, request: Option<&RequestBranch>) -> Result<(), FsError> {
        let news = std::mem::take(&mut *self.news.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(folder) = &self.folder else { return Ok(()) };
        if news.admins.is_none()
            && news.seen.is_empty()
            && news.removed.is_empty()
            && news.withdrawn.is_empty()
            && news.heads.is_empty()
            && news.own_heads.is_empty()
            && news.met_again.is_empty()
            && news.met_below.is_empty()
            && news.tip.is_none()
            && !news.met_admins
        {
            return Ok(());
        }
        crate::fs::make_folders(folder)?;
        let _lock = crate::fs::lock_file(&folder.join("lock"))?;
        let now = Self::read(folder)?;
        if let Some((number, digest)) = news.admins
            && admins_on::save(folder, &news.admins_before, (number, digest), now.admins, request)?
        {
            crate::fs::replace(&folder.join("admins"), format!("{number} {digest}\n").as_bytes())?;
        }
        if news.met_admins && now.admins == self.admins {
            admins_on::forget(folder)?;
        }
        let change = only_on::Change {
            request,
            seen: &news.seen,
            bases: &news.bases,
            removed: &news.removed,
            withdrawn: &news.withdrawn,
            met_again: &news.met_again,
            met_below: &news.met_below,
        };
        change.save(folder, &now.seen)?;
        if !news.seen.is_empty() || !news.withdrawn.is_empty() {
            let mut seen = now.seen.to_map();
            for (path, (from, to)) in news.withdrawn {
                if seen.get(&path).is_some_and(|pin| *pin <= from) {
                    seen.insert(path, to);
                }
            }
            for (path, version) in news.seen {
                let pin = seen.entry(path).or_insert(version);
                *pin = version.max(*pin);
            }
            crate::fs::replace(&folder.join("pins"), render(&seen).as_bytes())?;
        }
        if !news.removed.is_empty() {
            let mut removed = now.removed.to_map();
            for (path, version) in news.removed {
                let last = removed.entry(path).or_insert(version);
                *last = version.max(*last);
            }
            crate::fs::replace(&folder.join("removed"), render(&removed).as_bytes())?;
        }
        if !news.heads.is_empty() {
            let mut heads = now.heads;
            heads.extend(news.heads);
            let lines = heads.iter().map(|(chain, head)| format!("{chain} {head}\n"));
            crate::fs::replace(&folder.join("heads"), lines.collect::<String>().as_bytes())?;
        }
        if !news.own_heads.is_empty() {
            let is_old = |old: &OwnHead| {
                news.own_heads
                    .iter()
                    .any(|new| (&new.clone, &new.chain) == (&old.clone, &old.chain))
            };
            let mut all: Vec<OwnHead> =
                now.own_heads.into_iter().filter(|old| !is_old(old)).collect();
            all.extend(news.own_heads.iter().cloned());
            let lines = all[all.len().saturating_sub(OWN_HEADS)..].iter();
            let lines =
                lines.map(|OwnHead { clone, chain, head }| format!("{clone} {chain} {head}\n"));
            crate::fs::replace(&folder.join("own-heads"), lines.collect::<String>().as_bytes())?;
        }
        if let Some((branch, commit)) = news.tip {
            let path = folder.join("tips");
            let line = format!("{commit} {branch}\n");
            let mut tips = now.tips;
            match tips.values().map(Vec::len).sum::<usize>() {
                count if count < 8 * TIPS => crate::fs::append_lines(&path, line.as_bytes())?,
                _ => {
                    tips.entry(branch).or_default().push(commit);
                    let newest = |tips: &Vec<String>| tips.len().saturating_sub(TIPS);
                    let lines = tips.iter().flat_map(|(branch, tips)| {
                        tips[newest(tips)..].iter().map(move |tip| format!("{tip} {branch}\n"))
                    });
                    crate::fs::replace(&path, lines.collect::<String>().as_bytes())?;
                }
            }
        }
        Ok(())
    }

    fn news(&self, note: impl FnOnce(&mut Unsaved)) {
        note(&mut self.news.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

fn parse_admins(text: &str) -> Option<(u32, Digest)> {
    let (number, digest) = text.trim_end().split_once(' ')?;
    Some((number.parse().ok()?, Digest::parse(digest)?))
}

/// Reads `<clone> <chain> <head>`.
fn parse_own_head(line: &str) -> Option<OwnHead> {
    let mut words = line.split(' ').map(str::to_owned);
    Some(OwnHead { clone: words.next()?, chain: words.next()?, head: words.next()? })
}

/// Reads `<commit> <branch>` a line.
fn parse_tips(text: &str) -> BTreeMap<String, Vec<String>> {
    let is_hex = |commit: &str| {
        commit.len() >= 40 && commit.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    };
    let mut tips: BTreeMap<String, Vec<String>> = BTreeMap::new();
    // Each becomes a word of a command line.
    for (commit, branch) in text.lines().filter_map(|line| line.split_once(' ')) {
        if is_hex(commit) {
            let accepted = tips.entry(branch.to_owned()).or_default();
            accepted.retain(|known| known != commit);
            accepted.push(commit.to_owned());
        }
    }
    tips
}

fn parse_head(line: &str) -> Option<(String, String)> {
    let (chain, head) = line.split_once(' ')?;
    Some((chain.to_owned(), head.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Pin, PinStore, Version};
    use crate::crypto::digest::Digest;
    use crate::fs::VaultPath;
    use crate::name::SecretName;

    fn record(name: &str) -> VaultPath {
        VaultPath::record(&SecretName::parse(name).unwrap())
    }

    #[test]
    fn pins_move_forward_only_and_two_savers_both_keep_theirs() {
        let base = tempfile::tempdir().unwrap();
        let (one, two) = (
            PinStore::load(Some(base.path()), "v").unwrap(),
            PinStore::load(Some(base.path()), "v").unwrap(),
        );
        let at = |version| Version { created: 7, version };
        one.pin(&record("a"), at(3));
        one.note(&Pin::Admins(1, Digest::of(b"set")));
        two.pin(&record("a"), at(2));
        two.pin(&record("b"), at(1));
        two.raise_head("alice-1", "4:sha256:00".to_owned());
        one.save(None).unwrap();
        two.save(None).unwrap();
        let now = PinStore::load(Some(base.path()), "v").unwrap();
        assert_eq!(now.seen(&record("a")), Some(at(3)));
        assert_eq!(now.seen(&record("b")), Some(at(1)));
        assert_eq!(now.admins(), Some((1, Digest::of(b"set"))));
        assert_eq!(now.heads()["alice-1"], "4:sha256:00");
    }

    #[test]
    fn only_a_withdrawn_version_moves_a_pin_back() {
        let base = tempfile::tempdir().unwrap();
        let load = || PinStore::load(Some(base.path()), "v").unwrap();
        let at = |version| Version { created: 7, version };
        for (seen, expected) in [(4, 3), (5, 5)] {
            let state = load();
            state.pin(&record("a"), at(seen));
            state.save(None).unwrap();
            let state = load();
            state.note(&Pin::Withdrawn { path: record("a"), from: at(4), to: at(3) });
            state.save(None).unwrap();
            assert_eq!(load().seen(&record("a")), Some(at(expected)));
        }
    }

    #[test]
    fn a_secret_made_again_later_is_newer_whatever_its_version() {
        let old = Version { created: 1, version: 9 };
        assert!(old < Version { created: 2, version: 1 });
    }

    #[test]
    fn without_a_base_nothing_is_kept_and_nothing_fails() {
        let state = PinStore::load(None, "v").unwrap();
        state.pin(&record("a"), Version { created: 1, version: 1 });
        state.save(None).unwrap();
        assert_eq!(state.seen(&record("a")), None);
    }
}
