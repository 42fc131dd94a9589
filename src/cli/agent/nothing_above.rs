//! Without a list of processes nothing is known of those above.

use std::ffi::OsString;

/// No processes.
#[derive(Default)]
pub(crate) struct Above;

#[allow(clippy::unused_self, reason = "as where there is something to look at")]
impl Above {
    pub(crate) fn look() -> Self {
        Self
    }

    pub(super) fn nearest<const N: usize>(&self, _: [&str; N]) -> Option<(usize, OsString)> {
        None
    }

    pub(super) fn has_a_persons_run(&self, _: &str) -> bool {
        false
    }

    pub(crate) fn was_given(&self, _: &str, _: &[u8]) -> bool {
        false
    }

    pub(crate) fn starter(&self) -> Option<&str> {
        None
    }

    pub(super) fn is_below(&self, _: &str) -> bool {
        true
    }

    pub(super) fn agent(&self) -> Option<&'static str> {
        None
    }

    pub(super) fn begins_below_an_agent(&self) -> bool {
        true
    }
}
