//! The files directly under `.local`, which belong to one clone and are never committed. Some of
//! them lie in the state folder too, where the vault is read-only.

use std::path::PathBuf;

use super::paths::{LOCAL, Root};

macro_rules! local_files {
    ($($(#[$about:meta])* $file:ident = $name:literal,)*) => {
        /// One of them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub(crate) enum LocalFile {
            $($(#[$about])* $file,)*
        }

        impl LocalFile {
            const ALL: &[Self] = &[$(Self::$file,)*];

            /// Its name.
            pub(crate) const fn name(self) -> &'static str {
                match self {
                    $(Self::$file => $name,)*
                }
            }
        }
    };
}

local_files! {
    /// This clone's id: 8 hex digits.
    Clone = "clone",
    /// The latest moment seen: its time of change.
    Clock = "clock",
    /// What the next commit says and holds.
    Pending = "pending",
    /// How far each chain is committed.
    Committed = "committed",
    /// The heads of chains that the last commit named.
    NamedHeads = "heads",
    /// Which segment of each chain is the last.
    LastSegment = "last-segment",
    /// The state of the vault for which sessions were refreshed.
    Refreshed = "refreshed",
    /// Sessions of the last week that ended.
    EndedSessions = "ended-sessions",
    /// Conflicts that were decided, and how.
    Settled = "settled",
    /// Git's index as it was when nothing private was found in it.
    CleanIndex = "clean-index",
    /// The commit that the remote's branch was last known to have.
    Published = "published",
}

impl LocalFile {
    /// Takes one of the names.
    pub(super) fn parse(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|file| file.name() == name)
    }
}

impl Root {
    /// Where a file of this clone lies.
    pub(crate) fn local(&self, file: LocalFile) -> PathBuf {
        self.path().join(LOCAL).join(file.name())
    }
}

#[cfg(test)]
mod tests {
    use super::LocalFile;
    use crate::fs::Root;
    use std::path::Path;

    #[test]
    fn each_has_a_name_of_its_own_that_is_none_of_the_lock_and_the_journal() {
        for (at, file) in LocalFile::ALL.iter().enumerate() {
            assert_eq!(LocalFile::parse(file.name()), Some(*file));
            assert!(LocalFile::ALL[..at].iter().all(|other| other.name() != file.name()));
        }
        for other in ["lock", "journal", "audit", "stage-x", "", "..", "a/b", "Pending"] {
            assert_eq!(LocalFile::parse(other), None);
        }
        let root = Root::new("/v");
        assert_eq!(root.local(LocalFile::Pending), Path::new("/v/.local/pending"));
    }
}
