//! Files that commits took away.

use std::path::Path;

use gix::bstr::ByteSlice as _;

use super::error::GitError;
use super::history::{Commit, repository};
use super::{program, refs};

const ACTION: &str = "read the history";

/// A file that a commit took away.
#[derive(Debug)]
pub(crate) struct Removed {
    /// Its path in the vault.
    pub(crate) path: String,
    pub(crate) commit: Commit,
    /// The first line of the commit's message.
    pub(crate) subject: String,
}

/// Lists what commits behind the branch that is checked out took away at or below `place` of the vault, the
/// newest first; also what came back. None without a repository.
///
/// # Errors
/// [`GitError::Gix`], [`GitError::Program`], [`GitError::Refused`].
pub(crate) fn removed(vault: &Path, place: &str) -> Result<Vec<Removed>, GitError> {
    let Some((here, repo)) = repository(vault)? else { return Ok(Vec::new()) };
    if refs::head(&here, &repo)?.is_none() {
        return Ok(Vec::new());
    }
    let full = here.full(place).to_string();
    let mut words = vec!["-c", "log.showSignature=false", "log", "-z", "--no-renames"];
    words.extend(["--diff-filter=D", "--name-only", "--no-relative"]);
    words.extend(["--format=%x01%H%x00%an%x00%at%x00%s", "HEAD", "--", &full]);
    let told = program::answer(&here, ACTION, &words)?;
    Ok(parsed(&told, &here.prefix.to_str_lossy()))
}

/// Reads what git says of each commit: a mark, four fields, and names, ended by zero bytes.
fn parsed(told: &str, prefix: &str) -> Vec<Removed> {
    let mut all = Vec::new();
    for one in told.split('\u{1}') {
        let mut fields = one.split('\0');
        let mut next = || fields.next().unwrap_or_default().to_owned();
        let (id, author, time, subject) = (next(), next(), next(), next());
        let commit = Commit { id, author, time: time.parse().unwrap_or_default() };
        let names = fields.filter_map(|name| name.trim_start_matches('\n').strip_prefix(prefix));
        for path in names.filter(|name| !name.is_empty()) {
            let (path, subject) = (path.to_owned(), subject.clone());
            all.push(Removed { path, commit: commit.clone(), subject });
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::parsed;

    #[test]
    fn what_git_says_is_read_field_by_field() {
        let told = "\u{1}id2\0Ann\x002\0Remove b\0\nv/secrets/b.age\0v/secrets/b.toml\0\
                    \u{1}id1\0Ben\x001\0Remove a\0\nv/secrets/a.toml\0other\0";
        let found: Vec<_> = parsed(told, "v/")
            .into_iter()
            .map(|one| (one.path, one.commit.id, one.commit.time, one.subject))
            .collect();
        assert_eq!(found.len(), 3);
        assert_eq!(found[1], ("secrets/b.toml".into(), "id2".into(), 2, "Remove b".into()));
        assert_eq!(found[2], ("secrets/a.toml".into(), "id1".into(), 1, "Remove a".into()));
        assert!(parsed("", "").is_empty());
    }
}
