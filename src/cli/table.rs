//! Plain tables: columns aligned by spaces, the last one free.

use authy::printable;

/// Renders rows under a heading; every cell passes through [`printable`].
pub(crate) fn render(heading: &[&str], rows: &[Vec<String>]) -> String {
    let clean = |row: &Vec<String>| row.iter().map(|cell| printable(cell)).collect::<Vec<_>>();
    let mut all = vec![heading.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>()];
    all.extend(rows.iter().map(clean));
    let width = |column: usize| {
        all.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max()
    };
    let widths: Vec<usize> = (0..heading.len()).map(|column| width(column).unwrap_or(0)).collect();
    let mut out = String::new();
    for row in &all {
        let mut line = String::new();
        for (cell, width) in row.iter().zip(&widths) {
            line.push_str(&format!("{cell:<width$}  "));
        }
        out.push_str(line.trim_end());
        out.push('\n');
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_line_up_and_nothing_raw_passes() {
        let rows =
            [vec!["a".to_owned(), "x".to_owned()], vec!["long\u{1b}".to_owned(), String::new()]];
        let table = super::render(&["NAME", "WHAT"], &rows);
        assert_eq!(table, "NAME        WHAT\na           x\nlong\\u{1b}\n");
    }
}
