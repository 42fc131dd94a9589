//! The branch that requests are merged into: which one it is, what it had, and what another branch has beside it.

use std::collections::BTreeSet;
use std::path::Path;

use gix::bstr::ByteSlice as _;

use super::lineage::{ACTION, Lineage, PLACES};
use super::locate::Worktree;
use super::{program, tip};

/// What it is called where `origin` does not say.
const MAIN: [&str; 2] = ["refs/heads/main", "refs/heads/master"];

impl Lineage {
    /// Whether a branch is one that requests are merged into: the one where `origin` begins, as `origin/HEAD`
    /// names it; where that is not known, `main` or `master`.
    pub(crate) fn is_main(&self, branch: &str) -> bool {
        match self.head_of_origin() {
            Some(head) => branch == head,
            None => MAIN.contains(&branch),
        }
    }

    /// The branch that `origin/HEAD` names, as in `refs/heads/main`.
    fn head_of_origin(&self) -> Option<&str> {
        let read = || {
            let place = Worktree::find(&self.vault).ok()??;
            let head = place.common_dir.join("refs/remotes/origin/HEAD");
            let head = std::fs::read_to_string(head).ok()?;
            let name = head.strip_prefix("ref: refs/remotes/origin/")?.trim();
            Some(format!("refs/heads/{name}"))
        };
        self.head.get_or_init(read).as_deref()
    }

    /// Shows every content that a commit behind the main branch, here or at `origin`, or behind `accepted`, gave the
    /// file, with `tips` but for those behind HEAD and these; `None` where there is no such branch, or it cannot be
    /// read.
    pub(crate) fn on_main(
        &self,
        path: &str,
        tips: Option<&[String]>,
        accepted: &[String],
        look: &mut dyn FnMut(Option<&[u8]>),
    ) -> Option<()> {
        let read = || self.told(&self.mains(accepted)?, tips);
        let known = if tips.is_some() { &self.mains } else { &self.whole_mains };
        let told = known.get_or_init(read).as_ref()?;
        self.find(told, path, &mut |bytes| {
            look(bytes);
            false
        });
        Some(())
    }

    /// The main branch of this repository and of `origin`, and what was `accepted` on it; `None` where there is
    /// none, or it is not clear which one it is: whoever may push a branch may call it `master`.
    fn mains(&self, accepted: &[String]) -> Option<Vec<String>> {
        let read = || {
            let place = Worktree::find(&self.vault).ok()??;
            let words =
                ["for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes/origin"];
            let refs = program::answer(&place, ACTION, &words).ok()?;
            let name = |full: &str| match full.strip_prefix("refs/remotes/origin/") {
                Some(there) => format!("refs/heads/{there}"),
                None => full.to_owned(),
            };
            let mains: Vec<&str> = refs.lines().filter(|full| self.is_main(&name(full))).collect();
            let names: BTreeSet<String> = mains.iter().map(|full| name(full)).collect();
            // What is a branch here nobody else made.
            let mut own = names.iter().filter(|name| mains.contains(&name.as_str()));
            let the_one = match (own.next(), own.next()) {
                (Some(own), None) => own,
                (None, _) if names.len() == 1 => names.first()?,
                _ => return None,
            };
            let mains = mains.into_iter().filter(|full| name(full) == *the_one);
            Some(mains.map(str::to_owned).collect())
        };
        let refs: &Vec<String> = self.main_refs.get_or_init(|| read().unwrap_or_default());
        (!refs.is_empty()).then(|| [refs, accepted].concat())
    }

    /// The files that commits behind what is checked out gave a content and that are behind no main branch, nor
    /// behind `accepted`, and those that differ from the last commit; `None` where there is no main branch, or
    /// that cannot be told.
    pub(crate) fn own_files(&self, accepted: &[String]) -> Option<BTreeSet<String>> {
        let mains = self.mains(accepted)?;
        let told = self.log(&["HEAD".to_owned()], &mains)?;
        let place = Worktree::find(&self.vault).ok()??;
        let mut words = vec!["-c", "core.quotePath=false", "status", "--porcelain", "-uall", "--"];
        let places: Vec<String> =
            PLACES.iter().map(|inside| place.full(inside).to_string()).collect();
        words.extend(places.iter().map(String::as_str));
        let status = program::answer(&place, ACTION, &words).ok()?;
        let prefix = place.prefix.to_str().ok()?;
        // `XY PATH`, or `XY OLD -> NEW` (git-status(1)).
        let paths = status.lines().filter_map(|line| line.get(3..));
        let paths = paths.flat_map(|paths| paths.split(" -> "));
        let paths = paths.filter_map(|path| path.strip_prefix(prefix)).map(str::to_owned);
        Some(told.into_keys().chain(paths).collect())
    }
}

/// The branch of a remote that has a file of the vault, where the repository has nothing checked out: a clone of
/// one whose `HEAD` names a branch that is not there.
pub(crate) fn fetched_with(vault: &Path, path: &str) -> Option<String> {
    let place = Worktree::find(vault).ok()??;
    if tip(vault).ok()?.is_some() {
        return None;
    }
    let words = ["for-each-ref", "--format=%(refname:lstrip=2)", "refs/remotes"];
    let branches = program::answer(&place, ACTION, &words).ok()?;
    let has_it = |branch: &&str| {
        let file = format!("refs/remotes/{branch}:{}", place.full(path));
        program::answer(&place, ACTION, &["cat-file", "-e", &file]).is_ok()
    };
    branches.lines().filter(|name| !name.ends_with("/HEAD")).find(has_it).map(str::to_owned)
}
