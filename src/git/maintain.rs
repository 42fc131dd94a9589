//! Housekeeping that gix does not do: from time to time, git is asked whether to pack.

use std::path::Path;
use std::thread;
use std::time::Duration;

use super::Settings;
use super::locate::Worktree;
use super::{object, pack, program};

/// Loose objects in one of 256 folders above which git itself would look closer.
const MANY: usize = 27;

/// As long as git leaves the temporary files of others alone, roughly: a slow disk is slow.
const ABANDONED: Duration = Duration::from_secs(24 * 60 * 60);

/// Starts `git maintenance` in the background once many loose objects have piled up.
///
/// Failures are ignored: it is git's housekeeping, the commit is made, and the next commit asks
/// again.
pub(super) fn maintain(place: &Worktree, settings: &Settings) {
    let sample = place.common_dir.join("objects/17");
    let is_due = std::fs::read_dir(sample).is_ok_and(|entries| entries.count() > MANY);
    if !is_due {
        return;
    }
    let objects = object::folder(&place.common_dir);
    remove_old_temps(&objects);
    pack::remove_abandoned(&objects);
    let mut command = program::git(place, settings);
    command.args(["maintenance", "run", "--auto", "--quiet"]);
    // Its own group, so that an interrupt meant for authy does not reach it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    if let Ok(mut child) = program::silent(&mut command).spawn() {
        thread::spawn(move || child.wait());
    }
}

/// Removes objects that a killed commit did not finish: git removes its own (`tmp_obj_…`) and
/// does not know gix's name for them (`.tmp` and six characters).
fn remove_old_temps(objects: &Path) {
    crate::fs::remove_older(objects, ABANDONED, |name| {
        let random = name.strip_prefix(".tmp");
        random.is_some_and(|random| {
            random.len() == 6 && random.bytes().all(|b| b.is_ascii_alphanumeric())
        })
    });
}

#[cfg(test)]
mod tests {
    use std::fs::{File, read_dir};
    use std::time::{Duration, SystemTime};

    #[test]
    fn objects_that_were_never_finished_go_after_a_day() {
        let folder = tempfile::tempdir().unwrap();
        let before = SystemTime::now() - Duration::from_secs(2 * 24 * 60 * 60);
        for (name, is_old) in
            [(".tmpA1b2C3", true), (".tmpZ9y8X7", false), (".tmp-other", true), ("17", true)]
        {
            let file = File::create(folder.path().join(name)).unwrap();
            if is_old {
                file.set_modified(before).unwrap();
            }
        }
        super::remove_old_temps(folder.path());
        let mut left: Vec<_> =
            read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        assert_eq!(left, [".tmp-other", ".tmpZ9y8X7", "17"]);
    }
}
