//! Small rules about what people type, the same in every front.

use std::path::{Path, PathBuf};

/// Expands a `~/` that no shell has seen, as in the configuration of an agent.
pub(crate) fn expanded(path: PathBuf, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

/// So many things: `1 secret`, `3 secrets`.
pub(crate) fn counted(count: usize, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}

/// Longest recipient that is shown in whole: an age X25519 key has 62 characters.
const RECIPIENT: usize = 100;

/// A recipient for people: the beginning and the end of one with two thousand characters.
pub(crate) fn recipient_shown(text: &str) -> String {
    let is_long = text.len() > RECIPIENT && text.starts_with("age1");
    match (text.get(..20), text.get(text.len().saturating_sub(8)..)) {
        (Some(start), Some(end)) if is_long => format!("{start}…{end}"),
        _ => text.to_owned(),
    }
}

/// Whether the text ends with the last line of a block of RFC 7468 that has no end of line.
pub(crate) fn ends_a_block(text: &[u8]) -> bool {
    let last = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    last.len() < text.len() && last.starts_with(b"-----END ") && last.ends_with(b"-----")
}
