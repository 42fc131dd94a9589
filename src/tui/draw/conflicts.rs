//! What this clone and the remote both changed, to be decided.

use authy::{ConflictView, SideView};
use ratatui::text::Line;
use time::OffsetDateTime;

use super::{Theme, text};
use crate::front::ago;

/// Both sides of each, the selected one marked.
pub(super) fn lines(
    conflicts: &[ConflictView],
    at: usize,
    now: OffsetDateTime,
    theme: Theme,
    width: usize,
) -> Vec<Line<'static>> {
    let mut lines = vec![
        Line::raw("Both sides changed these. What you do not take stays in history."),
        Line::raw(""),
    ];
    for (row, conflict) in conflicts.iter().enumerate() {
        let mark = if row == at { "▸ " } else { "  " };
        let style = if row == at { theme.selected() } else { theme.bold() };
        lines.push(Line::styled(text::cut(&format!("{mark}{}", conflict.name), width), style));
        for (key, what, side) in [("m", "mine", &conflict.ours), ("t", "theirs", &conflict.theirs)]
        {
            let told = format!("    {key}  {what:<7}{}", told(side, now));
            lines.push(Line::raw(text::cut(&told, width)));
        }
    }
    lines
}

fn told(side: &SideView, now: OffsetDateTime) -> String {
    let changes = side.changes.join(", ");
    if side.removed {
        return "removed".to_owned();
    }
    let version = side.version.map_or_else(|| "changed".to_owned(), |one| format!("version {one}"));
    let who = side.made().map(|(by, at)| format!(" by {by}, {}", ago(now, at)));
    format!("{version}{}: {changes}", who.unwrap_or_default())
}
