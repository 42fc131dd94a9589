//! What sets a repository apart from git's usual kind, as its own settings say.

use std::path::Path;

use gix::bstr::ByteSlice as _;
use gix::hash;

/// The kind of a repository. All of it can be at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Kind {
    /// By what objects are named.
    pub(super) hash: hash::Kind,
    /// Branches lie in a reftable (`git refs`, git-init(1)), which gix does not read.
    pub(super) has_reftable: bool,
    /// Whether part of the history is fetched when it is asked for only.
    pub(super) part: Option<Part>,
}

/// What a partial clone lacks (`--filter` of git-rev-list(1)).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Part {
    /// Files.
    Files,
    /// Folders besides.
    Folders,
}

impl Kind {
    /// Git's usual kind.
    const USUAL: Self = Self { hash: hash::Kind::Sha1, has_reftable: false, part: None };

    /// Reads it from the settings of the repository whose folder this is.
    pub(super) fn of(common_dir: &Path) -> Self {
        Self::told(&std::fs::read(common_dir.join("config")).unwrap_or_default())
    }

    fn told(config: &[u8]) -> Self {
        const WORDS: [&str; 4] = ["objectformat", "refstorage", "partialclone", "promisor"];
        let lower = config.to_ascii_lowercase();
        // Every command asks; a branch or a remote may have such a word in its name.
        if !WORDS.iter().any(|word| lower.contains_str(word)) {
            return Self::USUAL;
        }
        let config = config.to_str().ok().and_then(|text| gix::config::File::try_from(text).ok());
        let Some(config) = config else { return Self::USUAL };
        let extension = |key: &str| {
            let value = config.string(format!("extensions.{key}").as_str())?;
            Some(value.to_str_lossy().to_ascii_lowercase())
        };
        let is_sha256 = extension("objectFormat").is_some_and(|format| format == "sha256");
        let has_reftable = extension("refStorage").is_some_and(|storage| storage != "files");
        let remotes = || config.sections_by_name("remote").into_iter().flatten();
        let is_partial = extension("partialClone").is_some()
            || remotes().any(|remote| {
                remote.value("promisor").is_some_and(|value| value.to_str_lossy() != "false")
            });
        let lacks_folders = || {
            remotes().filter_map(|remote| remote.value("partialCloneFilter")).any(|filter| {
                // Filters can be combined.
                filter.contains_str("tree:") || filter.contains_str("sparse:")
            })
        };
        let part = is_partial.then(|| if lacks_folders() { Part::Folders } else { Part::Files });
        let hash = if is_sha256 { hash::Kind::Sha256 } else { hash::Kind::Sha1 };
        Self { hash, has_reftable, part }
    }

    /// Whether gix writes to it as git does.
    pub(super) fn is_usual(self) -> bool {
        self == Self::USUAL
    }
}

#[cfg(test)]
mod tests {
    use super::{Kind, Part, hash};

    #[test]
    fn the_kind_is_told_by_keys_and_not_by_words() {
        let usual =
            ["", "[core]\n\tbare = false\n", "[branch \"about-objectformat\"]\n\tmerge = x\n"];
        for config in usual {
            assert_eq!(Kind::told(config.as_bytes()), Kind::USUAL, "{config}");
        }
        let named = "[remote \"promisor\"]\n\turl = /partialclone/refstorage\n";
        assert_eq!(Kind::told(named.as_bytes()), Kind::USUAL);
        let spelled_out = "[extensions]\n\tobjectformat = sha1\n\trefstorage = files\n";
        assert_eq!(Kind::told(spelled_out.as_bytes()), Kind::USUAL);
        let newest = "[extensions]\n\tobjectFormat = SHA256\n\trefStorage = reftable\n";
        let newest = Kind::told(newest.as_bytes());
        assert_eq!((newest.hash, newest.has_reftable), (hash::Kind::Sha256, true));
        assert!(!newest.is_usual() && newest.part.is_none());
        let partial = |filter: &str| {
            let config = format!(
                "[remote \"origin\"]\n\tpromisor = true\n\tpartialclonefilter = {filter}\n"
            );
            Kind::told(config.as_bytes()).part
        };
        assert_eq!(partial("blob:none"), Some(Part::Files));
        assert_eq!(partial("tree:0"), Some(Part::Folders));
        assert_eq!(partial("combine:blob:none+tree:0"), Some(Part::Folders));
        let off = "[remote \"origin\"]\n\tpromisor = false\n";
        assert_eq!(Kind::told(off.as_bytes()).part, None);
    }
}
