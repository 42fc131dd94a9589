//! The one table of every path of a vault that is read or replaced through this module.
//!
//! A [`VaultPath`] exists only in the forms below, so nothing that names files, such as the
//! journal of an interrupted change, can name any other.

use std::fmt;
use std::path::{Path, PathBuf};

use super::list::Listing;
use crate::name::{MemberName, ScopeName, SecretName, SessionId};

const CONFIG: &str = "authy.toml";
const GITIGNORE: &str = ".gitignore";
const GITATTRIBUTES: &str = ".gitattributes";
pub(super) const ADMINS: &str = "admins";
pub(super) const MEMBERS: &str = "members";
pub(super) const POLICIES: &str = "policies";
pub(super) const SECRETS: &str = "secrets";
pub(super) const AUDIT: &str = "audit";
pub(crate) const SESSIONS: &str = "sessions";
pub(super) const SHARED_SESSIONS: &str = "sessions/shared";
/// The files of a grant.
const GRANT_FILES: [&str; 3] = ["grant.toml", "keys.age", "chain.key.age"];
/// What belongs to this clone only.
pub(crate) const LOCAL: &str = ".local";
pub(super) const LOCAL_AUDIT: &str = ".local/audit";
/// Identities, in the personal vault.
pub(crate) const KEYS: &str = "keys";
/// The folders in which nothing but files of a vault belongs.
pub(crate) const FOLDERS: [&str; 6] = [ADMINS, AUDIT, MEMBERS, POLICIES, SECRETS, SESSIONS];
/// Files under `.local` that belong to this module.
pub(super) const LOCK: &str = "lock";
pub(super) const JOURNAL: &str = "journal";
/// Start of the name of a folder under `.local` that holds a change not yet published.
pub(super) const STAGE_PREFIX: &str = "stage-";

/// How the files of a chain end.
pub(crate) const CHAIN_ENDING: &str = ".jsonl";
/// How many lines may begin a file in one folder of a published chain.
const LINES_A_FOLDER: u64 = 100;
/// Hex digits of a clone id at the end of a chain's name.
const CLONE_ID: usize = 8;

/// The folder that holds a vault.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Root(PathBuf);

impl Root {
    /// Takes the vault's folder, which need not exist yet.
    pub(crate) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }

    /// The vault's folder.
    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    /// Where a file of the vault lies.
    pub(crate) fn file(&self, path: &VaultPath) -> PathBuf {
        self.0.join(path.as_str())
    }

    /// Where what is listed lies.
    pub(crate) fn folder(&self, listing: Listing) -> PathBuf {
        self.0.join(listing.folder())
    }

    /// Where what belongs to this clone lies, `.local`.
    pub(super) fn clone_folder(&self) -> PathBuf {
        self.0.join(LOCAL)
    }
}

/// A session's folder: of this clone, or travelling with the repository.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct GrantPlace {
    /// The session.
    pub(crate) id: SessionId,
    /// Whether it lies in `sessions/shared/`.
    pub(crate) shared: bool,
}

impl GrantPlace {
    /// The session that a file belongs to.
    pub(crate) fn of(path: &VaultPath) -> Option<Self> {
        let inside = path.as_str().strip_prefix(SESSIONS)?.strip_prefix('/')?;
        let (shared, rest) = match inside.strip_prefix("shared/") {
            Some(rest) => (true, rest),
            None => (false, inside),
        };
        let id = SessionId::parse(rest.split_once('/')?.0).ok()?;
        Some(Self { id, shared })
    }

    fn file(&self, name: &str) -> VaultPath {
        let folder = if self.shared { SHARED_SESSIONS } else { SESSIONS };
        VaultPath::new(format!("{folder}/{}/{name}", self.id), Subject::Other)
    }

    /// `grant.toml`, signed.
    pub(crate) fn grant(&self) -> VaultPath {
        self.file(GRANT_FILES[0])
    }

    /// `keys.age`, the list of file keys.
    pub(crate) fn keys(&self) -> VaultPath {
        self.file(GRANT_FILES[1])
    }

    /// `chain.key.age`, the key of the session's audit chains.
    pub(crate) fn chain_key(&self) -> VaultPath {
        self.file(GRANT_FILES[2])
    }

    /// Every file of the grant.
    pub(crate) fn files(&self) -> [VaultPath; 3] {
        GRANT_FILES.map(|name| self.file(name))
    }
}

/// What the file at a path is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Subject {
    /// `authy.toml`.
    Settings,
    /// `admins/<n>.toml`.
    Admins(u32),
    /// `members/<name>.toml`.
    Member(MemberName),
    /// `policies/<name>.toml`.
    Policy(ScopeName),
    /// `secrets/<name>.toml`.
    Record(SecretName),
    /// `secrets/<name>.age`.
    Value(SecretName),
    /// Lines of a chain that travels, from the one with this number on.
    Segment(u64),
    /// The key of a chain that travels.
    ChainKey,
    /// Everything else.
    Other,
}

/// The path of a file of a vault, relative to its root, with `/`, and what the file is about.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct VaultPath {
    text: String,
    subject: Subject,
}

impl VaultPath {
    const fn new(text: String, subject: Subject) -> Self {
        Self { text, subject }
    }

    /// `authy.toml`.
    pub(crate) fn config() -> Self {
        Self::new(CONFIG.to_owned(), Subject::Settings)
    }

    /// `admins/<n>.toml`, the n-th set of admins.
    pub(crate) fn admins(n: u32) -> Self {
        Self::new(format!("{ADMINS}/{n}.toml"), Subject::Admins(n))
    }

    /// `members/<name>.toml`.
    pub(crate) fn member(name: &MemberName) -> Self {
        Self::new(format!("{MEMBERS}/{name}.toml"), Subject::Member(name.clone()))
    }

    /// `policies/<name>.toml`.
    pub(crate) fn policy(name: &ScopeName) -> Self {
        Self::new(format!("{POLICIES}/{name}.toml"), Subject::Policy(name.clone()))
    }

    /// `secrets/<name>.age`, the value.
    pub(crate) fn secret(name: &SecretName) -> Self {
        Self::new(format!("{SECRETS}/{name}.age"), Subject::Value(name.clone()))
    }

    /// `secrets/<name>.toml`, the record.
    pub(crate) fn record(name: &SecretName) -> Self {
        Self::new(format!("{SECRETS}/{name}.toml"), Subject::Record(name.clone()))
    }

    /// `audit/<chain>/<first / 100>/<first>.jsonl`, the published lines of a chain from line `first`
    /// on; `None` where `chain` is no name of a chain.
    pub(crate) fn published(chain: &str, first: u64) -> Option<Self> {
        is_chain(chain).then(|| {
            let text = format!("{}/{}", chain_folder(chain), published_file(first));
            Self::new(text, Subject::Segment(first))
        })
    }

    /// `audit/<chain>/<first>.jsonl`, where lines lay when chains were written in the work tree;
    /// `None` where `chain` is no name of a chain.
    pub(crate) fn segment(chain: &str, first: u64) -> Option<Self> {
        is_chain(chain).then(|| {
            let text = format!("{}/{}", chain_folder(chain), segment_file(first));
            Self::new(text, Subject::Segment(first))
        })
    }

    /// `audit/<chain>.key.age`; `None` where `chain` is no name of a chain.
    pub(crate) fn chain_key(chain: &str) -> Option<Self> {
        is_chain(chain)
            .then(|| Self::new(format!("{AUDIT}/{}", chain_key_file(chain)), Subject::ChainKey))
    }

    /// `.local/audit/<chain>.key.age`; `None` where `chain` is no name of a chain.
    pub(crate) fn local_chain_key(chain: &str) -> Option<Self> {
        is_chain(chain)
            .then(|| Self::new(format!("{LOCAL_AUDIT}/{}", chain_key_file(chain)), Subject::Other))
    }

    /// `.local/audit/<chain>/<first>.jsonl`; `None` where `chain` is no name of a chain.
    pub(crate) fn local_segment(chain: &str, first: u64) -> Option<Self> {
        is_chain(chain).then(|| {
            Self::new(format!("{LOCAL_AUDIT}/{chain}/{}", segment_file(first)), Subject::Other)
        })
    }

    /// `.gitignore`.
    pub(crate) fn gitignore() -> Self {
        Self::new(GITIGNORE.to_owned(), Subject::Other)
    }

    /// `.gitattributes`.
    pub(crate) fn gitattributes() -> Self {
        Self::new(GITATTRIBUTES.to_owned(), Subject::Other)
    }

    /// Parses exactly the forms above; `None` for anything else.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let path = match text.split_once('/') {
            None => match text {
                CONFIG => Self::config(),
                GITIGNORE => Self::gitignore(),
                GITATTRIBUTES => Self::gitattributes(),
                _ => return None,
            },
            Some((ADMINS, file)) => Self::admins(stem(file)?.parse().ok()?),
            Some((MEMBERS, file)) => Self::member(&MemberName::parse(stem(file)?).ok()?),
            Some((POLICIES, file)) => Self::policy(&ScopeName::parse(stem(file)?).ok()?),
            Some((SECRETS, file)) => match file.strip_suffix(".age") {
                Some(name) => Self::secret(&SecretName::parse(name).ok()?),
                None => Self::record(&SecretName::parse(stem(file)?).ok()?),
            },
            Some((AUDIT, file)) => match file.strip_suffix(".key.age") {
                Some(chain) => Self::chain_key(chain)?,
                None => {
                    let (chain, file) = file.strip_suffix(CHAIN_ENDING)?.split_once('/')?;
                    match file.split_once('/') {
                        Some((_, first)) => Self::published(chain, first.parse().ok()?)?,
                        None => Self::segment(chain, file.parse().ok()?)?,
                    }
                }
            },
            Some((SESSIONS, rest)) => {
                let (shared, rest) = match rest.strip_prefix("shared/") {
                    Some(rest) => (true, rest),
                    None => (false, rest),
                };
                let (id, file) = rest.split_once('/')?;
                let id = SessionId::parse(id).ok()?;
                let name = GRANT_FILES.iter().find(|name| **name == file)?;
                GrantPlace { id, shared }.file(name)
            }
            // Only what is published lies in folders.
            Some((LOCAL, rest)) if rest.starts_with("audit/") && rest.matches('/').count() < 3 => {
                Self::new(format!("{LOCAL}/{}", Self::parse(rest)?), Subject::Other)
            }
            Some(_) => return None,
        };
        // Numbers have other spellings (`+1`, `01`); one path has one.
        (path.text == text).then_some(path)
    }

    /// Whether the file is neither sealed nor local.
    pub(super) fn is_public(&self) -> bool {
        !self.text.ends_with(".age") && self.travels()
    }

    /// Whether the file belongs into the repository; others stay in this clone.
    pub(crate) fn travels(&self) -> bool {
        let below =
            |folder: &str| self.text.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        !below(LOCAL) && (!below(SESSIONS) || below(SHARED_SESSIONS))
    }

    /// The path as text.
    pub(crate) fn as_str(&self) -> &str {
        &self.text
    }

    /// What the file is about.
    pub(crate) const fn subject(&self) -> &Subject {
        &self.subject
    }
}

impl fmt::Display for VaultPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// The file of the segment that begins with line `first`, in its chain's folder.
pub(crate) fn segment_file(first: u64) -> String {
    format!("{first:08}{CHAIN_ENDING}")
}

/// The file of the published lines that begin with line `first`, in its chain's folder.
pub(crate) fn published_file(first: u64) -> String {
    format!("{:06}/{}", first / LINES_A_FOLDER, segment_file(first))
}

/// The folder of a chain's published lines, in the vault.
pub(crate) fn chain_folder(chain: &str) -> String {
    format!("{AUDIT}/{chain}")
}

/// The file of a chain's key, in a folder of chains.
pub(crate) fn chain_key_file(chain: &str) -> String {
    format!("{chain}.key.age")
}

fn stem(file: &str) -> Option<&str> {
    file.strip_suffix(".toml")
}

/// Whether `name` is `<member>-<clone id>` or `s-<session id>-<clone id>`.
///
/// The front of the second is a valid member name too, so one rule covers both.
fn is_chain(name: &str) -> bool {
    name.rsplit_once('-').is_some_and(|(writer, clone)| {
        clone.len() == CLONE_ID && is_lower_hex(clone) && MemberName::parse(writer).is_ok()
    })
}

/// Whether `text` is one or more lower-case hex digits.
pub(super) fn is_lower_hex(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

#[cfg(test)]
mod tests {
    use super::{GrantPlace, Root, Subject, VaultPath};
    use crate::name::{MemberName, ScopeName, SecretName, SessionId};
    use proptest::prelude::*;
    use std::path::Path;

    #[test]
    fn every_form_reads_back() {
        let secret = SecretName::parse("prod/db-url").unwrap();
        let chains = ["alice-0123abcd", "s-0011223344556677-0123abcd", "a-b.c-00000000"];
        let mut paths = vec![
            VaultPath::config(),
            VaultPath::gitignore(),
            VaultPath::gitattributes(),
            VaultPath::admins(1),
            VaultPath::admins(u32::MAX),
            VaultPath::member(&MemberName::parse("alice").unwrap()),
            VaultPath::policy(&ScopeName::parse("backend").unwrap()),
            VaultPath::secret(&secret),
            VaultPath::record(&secret),
        ];
        for chain in chains {
            paths.push(VaultPath::segment(chain, 1).unwrap());
            paths.push(VaultPath::segment(chain, 123_456_789).unwrap());
            paths.push(VaultPath::published(chain, 1).unwrap());
            paths.push(VaultPath::published(chain, 123_456_789).unwrap());
            paths.push(VaultPath::chain_key(chain).unwrap());
            paths.push(VaultPath::local_segment(chain, 7).unwrap());
            paths.push(VaultPath::local_chain_key(chain).unwrap());
        }
        for shared in [false, true] {
            let id = SessionId::parse("0011223344556677").unwrap();
            let place = GrantPlace { id, shared };
            assert!(place.files().iter().all(|path| path.travels() == shared));
            assert!(place.files().iter().all(|path| GrantPlace::of(path).as_ref() == Some(&place)));
            paths.extend(place.files());
        }
        for path in paths {
            assert_eq!(VaultPath::parse(path.as_str()), Some(path));
        }
    }

    #[test]
    fn nothing_else_is_a_path_of_a_vault() {
        for text in [
            "",
            ".",
            "..",
            "/",
            "/etc/passwd",
            "../authy.toml",
            "authy.toml/",
            "Authy.toml",
            "./authy.toml",
            "admins/01.toml",
            "admins/+1.toml",
            "admins/a.toml",
            "admins/1",
            "admins/4294967296.toml",
            "members/a/b.toml",
            "members/.toml",
            "members/A.toml",
            "secrets/a",
            "secrets//a.age",
            "secrets/../a.age",
            "secrets/a.age/b.age",
            "secrets/a.age.age",
            "secrets/con.age",
            "secrets/a.age\n",
            "audit/alice.jsonl",
            "audit/alice/00000001.jsonl",
            "audit/alice-0123abcd/1.jsonl",
            "audit/alice-0123abcd/+0000001.jsonl",
            "audit/alice-0123abcd/0000000a.jsonl",
            "audit/alice-0123abcd/00000001.jsonl.tmp",
            "audit/alice-0123abcd/a/00000001.jsonl",
            "audit/alice-0123abcd/000001/00000001.jsonl",
            "audit/alice-0123abcd/0000000/00000001.jsonl",
            "audit/alice-0123abcd/000000/000000/00000001.jsonl",
            ".local/audit/alice-0123abcd/000000/00000001.jsonl",
            "audit/alice-0123ABCD.jsonl",
            "audit/alice-0123abcd.jsonl",
            "audit/-0123abcd.jsonl",
            "audit/a/b-0123abcd.jsonl",
            "audit/alice-0123abcd.age",
            ".local/lock",
            ".local/journal",
            ".local/audit",
            ".local/audit/alice-0123abcd.key.age.key.age",
            ".local/alice-0123abcd.jsonl",
            ".git/config",
            "keys/master.key",
            "sessions/a/grant.toml",
            "sessions/0011223344556677",
            "sessions/0011223344556677/x",
            "sessions/shared/grant.toml",
            "sessions/shared/shared/0011223344556677/grant.toml",
            "sessions/001122334455667g/keys.age",
        ] {
            assert_eq!(VaultPath::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn files_lie_below_the_root() {
        let root = Root::new("/v");
        assert_eq!(root.file(&VaultPath::config()), Path::new("/v/authy.toml"));
    }

    #[test]
    fn a_path_gives_back_what_it_was_made_of() {
        let member = MemberName::parse("alice").unwrap();
        let scope = ScopeName::parse("backend").unwrap();
        let secret = SecretName::parse("prod/db-url").unwrap();
        for (path, subject) in [
            (VaultPath::config(), Subject::Settings),
            (VaultPath::admins(7), Subject::Admins(7)),
            (VaultPath::member(&member), Subject::Member(member)),
            (VaultPath::policy(&scope), Subject::Policy(scope)),
            (VaultPath::record(&secret), Subject::Record(secret.clone())),
            (VaultPath::secret(&secret), Subject::Value(secret)),
            (VaultPath::segment("alice-0123abcd", 1).unwrap(), Subject::Segment(1)),
            (VaultPath::chain_key("alice-0123abcd").unwrap(), Subject::ChainKey),
            (VaultPath::gitignore(), Subject::Other),
            (VaultPath::local_segment("alice-0123abcd", 1).unwrap(), Subject::Other),
        ] {
            assert_eq!(path.subject(), &subject, "{path}");
            let read = VaultPath::parse(path.as_str()).unwrap();
            assert_eq!(read.subject(), &subject, "{path}");
        }
    }

    proptest! {
        #[test]
        fn what_parses_stays_below_the_root(
            text in "(admins|members|policies|secrets|audit|.local)?/?[a-z0-9./_+-]{0,40}(.toml|.age|.jsonl)?"
        ) {
            if let Some(path) = VaultPath::parse(&text) {
                prop_assert_eq!(path.as_str(), text.as_str());
                let path = Path::new(path.as_str());
                prop_assert!(path.components().all(|c| matches!(c, std::path::Component::Normal(_))));
            }
        }
    }
}
