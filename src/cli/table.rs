//! Plain tables: columns aligned by spaces, the last one as long as it likes.
//!
//! Every cell passes through [`authy::printable`]: descriptions and tags come from files
//! that others wrote.

use authy::printable;

/// The gap between two columns.
const GAP: &str = "  ";

/// Rows under a heading.
#[derive(Debug)]
pub(crate) struct Table {
    heading: Vec<String>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// Starts a table with as many columns as the heading has.
    pub(crate) fn new<const N: usize>(heading: [&str; N]) -> Self {
        Self { heading: heading.map(str::to_owned).to_vec(), rows: Vec::new() }
    }

    /// Adds a row; an empty cell becomes a dash, so that columns can be counted.
    pub(crate) fn push<const N: usize>(&mut self, row: [String; N]) {
        let cell = |text: String| if text.is_empty() { "-".to_owned() } else { printable(&text) };
        self.rows.push(row.map(cell).to_vec());
    }

    /// Renders the rows, with the heading where there are rows to stand over.
    pub(crate) fn render(&self, with_heading: bool) -> String {
        let heading = (with_heading && !self.rows.is_empty()).then_some(&self.heading);
        let lines: Vec<&Vec<String>> = heading.into_iter().chain(&self.rows).collect();
        let width = |column: usize| {
            lines.iter().filter_map(|line| line.get(column)).map(|cell| cell.chars().count()).max()
        };
        let widths: Vec<usize> =
            (0..self.heading.len()).map(|column| width(column).unwrap_or(0)).collect();
        let mut out = String::new();
        for line in lines {
            let cells: Vec<String> =
                line.iter().zip(&widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
            out.push_str(cells.join(GAP).trim_end());
            out.push('\n');
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    #[test]
    fn columns_line_up_and_nothing_raw_passes() {
        let mut table = Table::new(["NAME", "TAGS", "WHAT"]);
        table.push(["a".to_owned(), String::new(), "x y".to_owned()]);
        table.push(["long\u{1b}".to_owned(), "é".to_owned(), String::new()]);
        assert_eq!(
            table.render(true),
            "NAME        TAGS  WHAT\na           -     x y\nlong\\u{1b}  é     -\n"
        );
        assert_eq!(table.render(false), "a           -  x y\nlong\\u{1b}  é  -\n");
    }

    #[test]
    fn a_table_without_rows_is_nothing() {
        assert_eq!(Table::new(["NAME"]).render(true), "");
    }
}
