//! Tables: columns aligned by spaces. Into a pipe each row is whole; for a person's eyes there is a
//! heading, times are ages, empty columns are left out, and a row is one line of the terminal.
//!
//! Every cell passes through [`authy::printable`]: descriptions and tags come from files
//! that others wrote.

use authy::printable;
use time::OffsetDateTime;

use crate::front::ago;

/// The gap between two columns.
const GAP: &str = "  ";
/// The narrowest that a last column is cut to.
const NARROWEST: usize = 12;

/// Rows under a heading.
#[derive(Debug)]
pub(crate) struct Table {
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
    /// The columns that hold a moment (RFC 3339).
    times: &'static [usize],
    /// The columns that are left out for eyes, in this order, while a row is too wide.
    spare: &'static [usize],
}

impl Table {
    /// Starts a table with as many columns as the heading has.
    pub(crate) fn new<const N: usize>(heading: [&str; N]) -> Self {
        Self {
            heading: heading.map(str::to_owned).to_vec(),
            rows: Vec::new(),
            times: &[],
            spare: &[],
        }
    }

    /// The same, with moments in these columns, counted from 0.
    pub(crate) fn with_times(self, times: &'static [usize]) -> Self {
        Self { times, ..self }
    }

    /// The same, with columns that a narrow terminal does without, the first of them first.
    pub(crate) fn with_spare(self, spare: &'static [usize]) -> Self {
        Self { spare, ..self }
    }

    /// Adds a row; an empty cell becomes a dash, so that columns can be counted.
    pub(crate) fn push<const N: usize>(&mut self, row: [String; N]) {
        let cell = |text: String| if text.is_empty() { "-".to_owned() } else { printable(&text) };
        self.rows.push(row.map(cell).to_vec());
    }

    /// Renders the rows whole, without a heading.
    pub(crate) fn render(&self) -> String {
        lines(self.rows.iter().map(Vec::as_slice))
    }

    /// Renders the rows for a terminal of this width, with the heading where there are rows to stand
    /// over. What does not fit is cut from the last column; where that is not enough, lines run on.
    pub(crate) fn render_for_eyes(&self, now: OffsetDateTime, width: usize) -> String {
        if self.rows.is_empty() {
            return String::new();
        }
        let filled = |at: usize| self.rows.iter().any(|row| row.get(at).is_some_and(|c| c != "-"));
        let mut shown: Vec<usize> =
            (0..self.heading.len()).filter(|at| *at == 0 || filled(*at)).collect();
        let cell = |at: usize, text: &str| match self.times.contains(&at) {
            true => ago(now, text),
            false => text.to_owned(),
        };
        let pick = |shown: &[usize]| {
            let row = |row: &Vec<String>| -> Vec<String> {
                shown.iter().map(|at| cell(*at, row.get(*at).map_or("", String::as_str))).collect()
            };
            let heading = shown.iter().filter_map(|at| self.heading.get(*at).cloned()).collect();
            std::iter::once(heading).chain(self.rows.iter().map(row)).collect::<Vec<Vec<String>>>()
        };
        let mut all = pick(&shown);
        for spare in self.spare {
            let whole: usize =
                widths(all.iter().map(Vec::as_slice)).iter().map(|one| one + GAP.len()).sum();
            if whole <= width + GAP.len() {
                break;
            }
            shown.retain(|at| at != spare);
            all = pick(&shown);
        }
        let widths = widths(all.iter().map(Vec::as_slice));
        let taken: usize = widths.iter().rev().skip(1).map(|one| one + GAP.len()).sum();
        let room = width.saturating_sub(taken).max(NARROWEST);
        for row in &mut all {
            if let Some(last) = row.last_mut() {
                *last = cut(last, room);
            }
        }
        lines(all.iter().map(Vec::as_slice))
    }
}

/// The text, or as much of it as fits, with a mark that there is more.
fn cut(text: &str, room: usize) -> String {
    if text.chars().count() <= room {
        return text.to_owned();
    }
    text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
}

fn widths<'r>(rows: impl Iterator<Item = &'r [String]>) -> Vec<usize> {
    let mut widths = Vec::new();
    for row in rows {
        widths.resize(row.len().max(widths.len()), 0);
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    widths
}

fn lines<'r>(rows: impl Iterator<Item = &'r [String]> + Clone) -> String {
    let widths = widths(rows.clone());
    let mut out = String::new();
    for row in rows {
        let cells: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        out.push_str(cells.join(GAP).trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    use time::macros::datetime;

    use super::Table;

    fn table() -> Table {
        let mut table = Table::new(["NAME", "CHANGED", "TAGS", "WHAT"]).with_times(&[1]);
        let text = |text: &str| text.to_owned();
        table.push([text("a"), text("2026-11-30T09:00:00Z"), text(""), text("x y")]);
        table.push([text("long\u{1b}"), text(""), text(""), text("what does not fit into a line")]);
        table
    }

    #[test]
    fn into_a_pipe_rows_are_whole_and_nothing_raw_passes() {
        assert_eq!(
            table().render(),
            "a           2026-11-30T09:00:00Z  -  x y\n\
             long\\u{1b}  -                     -  what does not fit into a line\n"
        );
        assert_eq!(Table::new(["NAME"]).render(), "");
    }

    #[test]
    fn for_eyes_there_are_a_heading_ages_and_one_line_a_row() {
        let now = datetime!(2026-11-30 12:00 UTC);
        assert_eq!(
            table().render_for_eyes(now, 48),
            "NAME        CHANGED      WHAT\n\
             a           3 hours ago  x y\n\
             long\\u{1b}  -            what does not fit into…\n"
        );
        let spare = table().with_spare(&[1, 3]).render_for_eyes(now, 46);
        assert!(spare.starts_with("NAME        WHAT\n"), "{spare}");
        let narrow = table().render_for_eyes(now, 10);
        assert!(narrow.ends_with("-            what does n…\n"), "{narrow}");
        assert_eq!(Table::new(["NAME"]).render_for_eyes(now, 80), "");
    }
}
