//! Writing git's objects.

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use gix::ObjectId;
use gix::objs::{Kind, WriteTo, compute_hash};

/// Writes a blob.
pub(super) fn blob(repo: &gix::Repository, bytes: &[u8]) -> gix::Result<ObjectId> {
    make_way(repo, Kind::Blob, bytes)?;
    Ok(repo.write_blob(bytes)?.detach())
}

/// Writes a tree, and notes it in `written`.
pub(super) fn tree(
    repo: &gix::Repository,
    tree: &gix::objs::Tree,
    written: &mut BTreeSet<ObjectId>,
) -> gix::Result<ObjectId> {
    let mut bytes = Vec::new();
    tree.write_to(&mut bytes).map_err(gix::Error::from_error)?;
    make_way(repo, Kind::Tree, &bytes)?;
    let id = repo.write_object(tree)?.detach();
    written.insert(id);
    Ok(id)
}

/// The folder of all objects.
pub(super) fn folder(common_dir: &Path) -> PathBuf {
    common_dir.join("objects")
}

/// The file of an object that lies in none of the packs (gitrepository-layout(5)).
pub(super) fn file(common_dir: &Path, id: ObjectId) -> PathBuf {
    let hex = id.to_string();
    let (first, rest) = hex.split_at(2);
    folder(common_dir).join(first).join(rest)
}

/// Removes the file of an object that cannot be read. After a power cut, or when a disk was full,
/// it may have a name and nothing in it; git and gix go by the name, do not write it again, and
/// whatever names it is broken for good.
fn make_way(repo: &gix::Repository, kind: Kind, bytes: &[u8]) -> gix::Result<()> {
    let id = compute_hash(repo.object_hash(), kind, bytes)?;
    let path = file(repo.common_dir(), id);
    if !path.is_file() || repo.find_object(id).is_ok_and(|found| found.data == bytes) {
        return Ok(());
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(gix::Error::from_error(error)),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_object_with_nothing_in_it_is_written_again() {
        let folder = tempfile::tempdir().unwrap();
        let repo = gix::init(folder.path()).unwrap();
        let id = blob(&repo, b"value").unwrap();
        let path = file(repo.common_dir(), id);
        for broken in [&b""[..], b"\0\0\0\0"] {
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, broken).unwrap();
            assert!(repo.find_object(id).is_err());
            assert_eq!(blob(&repo, b"value").unwrap(), id);
            assert_eq!(repo.find_object(id).unwrap().data, b"value");
        }
        // One that is whole stays as it is.
        let before = std::fs::metadata(&path).unwrap().modified().unwrap();
        blob(&repo, b"value").unwrap();
        assert_eq!(std::fs::metadata(&path).unwrap().modified().unwrap(), before);
    }
}
