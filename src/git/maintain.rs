//! Housekeeping that gix does not do: from time to time, git is asked whether to pack.

use std::thread;

use super::Settings;
use super::locate::Place;
use super::program;

/// Loose objects in one of 256 folders above which git itself would look closer.
const MANY: usize = 27;

/// Starts `git maintenance` in the background once many loose objects have piled up.
///
/// Failures are ignored: it is git's housekeeping, the commit is made, and the next commit asks
/// again.
pub(super) fn maintain(place: &Place, settings: &Settings) {
    let sample = place.common_dir.join("objects/17");
    let is_due = std::fs::read_dir(sample).is_ok_and(|entries| entries.count() > MANY);
    if !is_due {
        return;
    }
    let mut command = program::git(place, settings);
    command.args(["maintenance", "run", "--auto", "--quiet"]);
    // Its own group, so that an interrupt meant for authy does not reach it.
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    if let Ok(mut child) = program::silent(&mut command).spawn() {
        thread::spawn(move || child.wait());
    }
}
