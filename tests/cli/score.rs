//! What a check tried and what it found: a test that goes on after a violation, counts, and
//! fails at its end. `AUTHY_FULL=1` asks for all of it, `AUTHY_SCORE=FILE` for a line of it.

use std::io::Write as _;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Instant;

/// Whether the whole proof is asked for, and not the part that every test run has.
pub(crate) fn full() -> bool {
    std::env::var_os("AUTHY_FULL").is_some()
}

/// Chooses `few` of `all`, the first and the last among them; all of them where the whole
/// proof is asked for.
pub(crate) fn some<T: Clone>(all: &[T], few: usize) -> Vec<T> {
    if full() || all.len() <= few {
        return all.to_vec();
    }
    let last = few.saturating_sub(1).max(1);
    (0..few).map(|i| all[i * (all.len() - 1) / last].clone()).collect()
}

/// The score of one check.
pub(crate) struct Score {
    check: String,
    begun: Instant,
    points: usize,
    violations: Vec<String>,
}

impl Score {
    pub(crate) fn new(check: impl Into<String>) -> Self {
        Self { check: check.into(), begun: Instant::now(), points: 0, violations: Vec::new() }
    }

    /// Tries one thing; where it panics, that is a violation at `point`.
    pub(crate) fn point(&mut self, point: &str, attempt: impl FnOnce()) {
        self.points += 1;
        if let Err(panic) = catch_unwind(AssertUnwindSafe(attempt)) {
            let text = panic.downcast_ref::<String>().cloned();
            let text = text.or_else(|| panic.downcast_ref::<&str>().map(|s| (*s).to_owned()));
            self.violations.push(format!("{point}: {}", text.unwrap_or_default()));
        }
    }

    /// Renames the check.
    pub(crate) fn named(mut self, check: &str) -> Self {
        check.clone_into(&mut self.check);
        self
    }

    /// Writes the score down and fails on any violation.
    #[track_caller]
    pub(crate) fn settle(self) {
        settle(&[self]);
    }

    fn write_down(&self) {
        let (points, wrong) = (self.points, self.violations.len());
        println!("{}: {points} points, {wrong} violations", self.check);
        if let Some(path) = std::env::var_os("AUTHY_SCORE") {
            let seconds = self.begun.elapsed().as_secs_f32();
            let line = format!("{}\t{points}\t{wrong}\t{seconds:.1}\n", self.check);
            let file = std::fs::OpenOptions::new().create(true).append(true).open(path);
            file.unwrap().write_all(line.as_bytes()).unwrap();
        }
    }
}

/// Writes all scores down, then fails on any violation.
#[track_caller]
pub(crate) fn settle<const N: usize>(scores: &[Score; N]) {
    scores.iter().for_each(Score::write_down);
    let wrong: Vec<_> = scores.iter().flat_map(|score| &score.violations).collect();
    let shown = wrong.iter().take(5).map(|text| text.as_str()).collect::<Vec<_>>().join("\n\n");
    assert!(wrong.is_empty(), "{} violations\n{shown}", wrong.len());
    let some = std::env::var_os("AUTHY_FAULT").is_some() || scores.iter().any(|one| one.points > 0);
    assert!(some, "nothing was tried");
}
