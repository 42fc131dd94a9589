//! Who commits, as git would find out: environment, `author.*` or `committer.*`, `user.*`.
//!
//! gix answers the same question, but looks up the local time zone for it, which takes longer
//! than the commit of a small vault. Times are therefore in UTC unless GIT_AUTHOR_DATE says more.

use std::path::Path;

use gix::actor::SignatureRef;
use gix::bstr::{BString, ByteSlice as _};
use gix::date::Time;
use gix::date::time::Format;

/// A part somebody has in a commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    Author,
    Committer,
}

/// A name, an address and a time.
#[derive(Debug)]
pub(super) struct Identity {
    name: BString,
    email: BString,
    time: String,
}

impl Identity {
    /// Finds out who has this `role`; what git does not know comes from `fallback`.
    pub(super) fn of(repo: &gix::Repository, role: Role, fallback: &str) -> Self {
        let config = repo.config_snapshot();
        // gix keeps GIT_AUTHOR_NAME and the like under the keys they override.
        let (own_name, own_email, date) = match role {
            Role::Author => ("author.name", "author.email", "gitoxide.commit.authorDate"),
            Role::Committer => {
                ("committer.name", "committer.email", "gitoxide.commit.committerDate")
            }
        };
        let first = |keys: &[&'static str]| {
            keys.iter()
                .filter_map(|key| config.string(*key))
                .map(|value| clean(&value))
                .find(|value| !value.is_empty())
        };
        let name = first(&[own_name, "user.name"]).unwrap_or_else(|| clean(fallback.as_bytes()));
        let email = first(&[own_email, "user.email", "gitoxide.user.emailFallback"])
            .unwrap_or_else(|| clean(format!("{fallback}@localhost").as_bytes()));
        let time = config
            .string(date)
            .and_then(|text| gix::date::parse(text.to_str().ok()?, None).ok())
            .unwrap_or_else(Time::now_utc)
            .format_or_unix(Format::Raw);
        Self { name, email, time }
    }

    /// The line of a commit.
    pub(super) fn signature(&self) -> SignatureRef<'_> {
        SignatureRef { name: self.name.as_bstr(), email: self.email.as_bstr(), time: &self.time }
    }
}

/// What git calls the user, as far as it was told: `user.name` and `user.email` of the
/// repository around `folder`, else of this account.
pub(crate) fn user(folder: &Path) -> User {
    // A folder that is not there yet lies where its nearest parent lies.
    let start = folder.ancestors().find(|folder| folder.is_dir()).unwrap_or(Path::new("."));
    let repo = gix::discover(start).ok();
    let value = |key: &str| -> Option<String> {
        let value = match &repo {
            Some(repo) => repo.config_snapshot().string(key),
            None => {
                let global = gix::config::File::from_globals().ok()?;
                global.string(key)
            }
        };
        value.and_then(|value| String::from_utf8(value.into()).ok())
    };
    User { name: value("user.name"), email: value("user.email") }
}

/// The user's name and address.
#[derive(Debug, Clone, Default)]
pub(crate) struct User {
    pub(crate) name: Option<String>,
    pub(crate) email: Option<String>,
}

/// Drops what a commit cannot hold, and from the ends what git drops there.
fn clean(text: &[u8]) -> BString {
    let is_crud = |byte: &u8| *byte <= b' ' || b".,:;<>\"\\'".contains(byte);
    let start = text.iter().position(|byte| !is_crud(byte)).unwrap_or(text.len());
    let end = text.iter().rposition(|byte| !is_crud(byte)).map_or(start, |last| last + 1);
    text[start..end]
        .iter()
        .copied()
        .filter(|byte| !b"<>\n\0".contains(byte))
        .collect::<Vec<u8>>()
        .into()
}

#[cfg(test)]
mod tests {
    use super::clean;

    #[test]
    fn a_name_cannot_break_the_line_of_a_commit() {
        assert_eq!(clean(b" A. <B>\nC' "), "A. BC");
        assert_eq!(clean(b"<>"), "");
        assert_eq!(clean("Zoë".as_bytes()), "Zoë");
    }
}
