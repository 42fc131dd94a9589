//! A mark of a vault's files as they lie, for whoever wants to know that something changed.

use std::fmt::Write as _;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::list::Listing;
use super::paths::{Root, VaultPath};

/// Seconds after which a folder's time of change is no other change's too.
const SETTLED: i64 = 2;

/// Tells the names, sizes and times of the vault's files. No file is read, no link followed.
///
/// Files are put into place by rename, which changes their folder: of secrets, which are many,
/// only names and folders are told, of audit chains, which grow in place, the last segment.
pub(crate) fn mark(root: &Root) -> String {
    let mut told = String::new();
    for listing in [
        Listing::Secrets,
        Listing::Members,
        Listing::Policies,
        Listing::Sessions,
        Listing::Audit,
        Listing::LocalAudit,
    ] {
        let walk = WalkDir::new(root.folder(listing)).follow_root_links(false).sort_by_file_name();
        let mut last: Option<PathBuf> = None;
        for entry in walk.into_iter().filter_map(Result::ok) {
            let _ = writeln!(told, "{}", entry.path().display());
            let is_folder = entry.file_type().is_dir();
            match listing {
                Listing::Secrets if !is_folder => {}
                Listing::Audit | Listing::LocalAudit if !is_folder => {
                    // Sorted: the next one of the same folder takes its place.
                    let before = last.replace(entry.into_path());
                    let is_over = |file: &PathBuf| {
                        last.as_ref().is_none_or(|last| last.parent() != file.parent())
                    };
                    before.filter(is_over).iter().for_each(|file| stat(file, &mut told));
                }
                _ => stat(entry.path(), &mut told),
            }
        }
        last.iter().for_each(|file| stat(file, &mut told));
    }
    stat(&root.file(&VaultPath::config()), &mut told);
    told
}

/// The folders of secrets, each with a mark that changes when a file is put into it, taken away or
/// replaced by a rename. A folder that is new changes the mark of the one above it.
pub(crate) fn folders_of_secrets(root: &Root) -> Vec<(PathBuf, String)> {
    let walk = WalkDir::new(root.folder(Listing::Secrets)).follow_root_links(false);
    let folders = walk.into_iter().filter_map(Result::ok).filter(|one| one.file_type().is_dir());
    folders.map(|folder| (folder.path().to_owned(), mark_of(folder.path()))).collect()
}

/// Whether a folder, or a file, has this mark still, and had it for a while when `note` was written: what changes in
/// the same moment may not show.
pub(crate) fn is_marked_since(folder: &Path, mark: &str, note: &Path) -> bool {
    let time = |path: &Path| path.symlink_metadata().map(|meta| meta.mtime()).ok();
    let is_settled = |folder: i64, note: i64| folder + SETTLED < note;
    let settled = time(folder).zip(time(note));
    settled.is_some_and(|(folder, note)| is_settled(folder, note)) && mark_of(folder) == mark
}

/// The mark of one folder or file: what it is, how long, and when it changed.
pub(crate) fn mark_of(folder: &Path) -> String {
    let mut told = String::new();
    stat(folder, &mut told);
    told
}

fn stat(path: &Path, told: &mut String) {
    if let Ok(meta) = path.symlink_metadata() {
        let (time, part) = (meta.mtime(), meta.mtime_nsec());
        let _ = writeln!(told, "{} {} {time} {part}", meta.ino(), meta.len());
    }
}

#[cfg(test)]
mod tests {
    use super::{Root, mark};
    use std::fs;

    /// What a note says of folders holds until a file comes, goes or is replaced.
    #[test]
    fn a_note_about_folders_is_old_after_every_rename() {
        use super::{folders_of_secrets, is_marked_since};

        let dir = tempfile::tempdir().unwrap();
        let (root, note) = (Root::new(dir.path()), dir.path().join("note"));
        let secrets = dir.path().join("secrets");
        fs::create_dir_all(secrets.join("team")).unwrap();
        let is_current = |marked: &[(std::path::PathBuf, String)]| {
            marked.iter().all(|(folder, mark)| is_marked_since(folder, mark, &note))
        };
        let later = |seconds: u64| {
            let file = fs::File::options().create(true).append(true).open(&note).unwrap();
            file.set_modified(
                std::time::SystemTime::now() + std::time::Duration::from_secs(seconds),
            )
            .unwrap();
        };
        let marked = folders_of_secrets(&root);
        assert_eq!(marked.len(), 2);
        // Written in the same moment it is not believed.
        later(0);
        assert!(!is_current(&marked));
        later(10);
        assert!(is_current(&marked));
        let changes: [&dyn Fn(); 3] = [
            &|| fs::write(secrets.join("team/a.toml"), "1").unwrap(),
            &|| {
                fs::write(dir.path().join("new"), "2").unwrap();
                fs::rename(dir.path().join("new"), secrets.join("team/a.toml")).unwrap();
            },
            &|| fs::create_dir(secrets.join("other")).unwrap(),
        ];
        let earlier = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
        for (at, change) in changes.iter().enumerate() {
            // Two changes in one tick of the clock have one time, which is what the wait is for.
            for folder in ["", "team"] {
                fs::File::open(secrets.join(folder)).unwrap().set_modified(earlier).unwrap();
            }
            let marked = folders_of_secrets(&root);
            change();
            assert!(!is_current(&marked), "change {at}");
        }
    }

    #[test]
    fn every_kind_of_change_is_seen() {
        let dir = tempfile::tempdir().unwrap();
        let file = |path: &str, text: &str| {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        };
        file("secrets/team/a.age", "1");
        file("audit/alice-1/00000001.jsonl", "1");
        file("audit/alice-1/00000009.jsonl", "1");
        let mut before = mark(&Root::new(dir.path()));
        assert_eq!(mark(&Root::new(dir.path())), before);
        let changes: [&dyn Fn(); 8] = [
            &|| file("secrets/team/b.age", "1"),
            &|| {
                let path = |name: &str| dir.path().join("secrets/team").join(name);
                fs::rename(path("b.age"), path("a.age")).unwrap();
            },
            &|| file("policies/backend.toml", "1"),
            &|| file("policies/backend.toml", "longer"),
            &|| file("audit/alice-1/00000009.jsonl", "longer"),
            &|| file("audit/bob-1/00000001.jsonl", "1"),
            &|| file(".local/audit/alice-1/00000001.jsonl", "1"),
            &|| file("sessions/0123456789abcdef/grant.toml", "1"),
        ];
        for (at, change) in changes.iter().enumerate() {
            change();
            let now = mark(&Root::new(dir.path()));
            assert_ne!(now, before, "change {at}");
            before = now;
        }
    }
}
