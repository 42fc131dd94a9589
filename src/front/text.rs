//! Small rules about what people type, the same in every front.

use std::path::{Path, PathBuf};

/// Expands a `~/` that no shell has seen, as in the configuration of an agent.
pub(crate) fn expanded(path: PathBuf, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path,
    }
}

/// Whether the text ends with the last line of a block of RFC 7468 that has no end of line.
pub(crate) fn ends_a_block(text: &[u8]) -> bool {
    let last = text.rsplit(|byte| *byte == b'\n').next().unwrap_or_default();
    last.len() < text.len() && last.starts_with(b"-----END ") && last.ends_with(b"-----")
}
