//! The last word of a test run: which programs were missing, and how many tests that left out.
//!
//! It has no tests of its own and stands last in the alphabet, so cargo starts it after the
//! others.

#![allow(clippy::unwrap_used, reason = "a note that cannot be read should stop the run")]

use std::collections::BTreeSet;

#[path = "common/skipped.rs"]
mod skipped;

fn main() {
    if std::env::args().any(|word| word == "--list") {
        return;
    }
    let Ok(notes) = std::fs::read_dir(skipped::folder()) else { return };
    let notes: Vec<String> =
        notes.map(|note| std::fs::read_to_string(note.unwrap().path()).unwrap()).collect();
    // The next run finds out anew.
    std::fs::remove_dir_all(skipped::folder()).unwrap();
    if notes.is_empty() {
        return;
    }
    let missing: BTreeSet<&str> = notes.iter().flat_map(|note| note.lines()).collect();
    let missing = missing.into_iter().collect::<Vec<_>>().join(", ");
    println!("\nleft out {} tests, for want of {missing}\n", notes.len());
    assert!(std::env::var_os("AUTHY_NO_SKIP").is_none(), "no test may be left out");
}
