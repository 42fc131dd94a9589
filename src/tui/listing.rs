//! A list with a filter and a selection that stays where it was when the list is read anew.

use std::collections::BTreeSet;

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

use super::input::Input;

/// What can be listed.
pub(crate) trait Row {
    /// What tells it from the others.
    fn key(&self) -> String;
    /// What the filter looks at.
    fn haystack(&self) -> String;
}

/// How the filter looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FilterMode {
    /// Letters in their order; the best match first.
    Fuzzy,
    /// Words, each of which is to be there; the order stays.
    Words,
}

/// Rows, which of them are shown, and which is selected.
#[derive(Debug)]
pub(crate) struct Listing<T> {
    rows: Vec<T>,
    shown: Vec<usize>,
    selected: usize,
    look: FilterMode,
    /// The key of a row that is to be selected once it is there.
    wished: Option<String>,
    /// What the filter looks at, row by row.
    haystacks: Vec<String>,
    /// The keys of rows that are marked.
    marked: BTreeSet<String>,
    pub(crate) filter: Input,
    /// Whether keys go into the filter.
    pub(crate) typing: bool,
    /// Whether it was read.
    pub(crate) loaded: bool,
}

impl<T: Row> Listing<T> {
    pub(crate) fn new(look: FilterMode) -> Self {
        Self {
            rows: Vec::new(),
            shown: Vec::new(),
            selected: 0,
            look,
            wished: None,
            haystacks: Vec::new(),
            marked: BTreeSet::new(),
            filter: Input::line(""),
            typing: false,
            loaded: false,
        }
    }

    /// Takes the rows that were read; what was selected stays so where it is still there.
    pub(crate) fn fill(&mut self, rows: Vec<T>) {
        let key = self.selected().map(Row::key);
        self.haystacks = match self.look {
            FilterMode::Fuzzy => rows.iter().map(Row::haystack).collect(),
            FilterMode::Words => rows.iter().map(|row| row.haystack().to_lowercase()).collect(),
        };
        self.rows = rows;
        if !self.marked.is_empty() {
            let there: BTreeSet<String> = self.rows.iter().map(Row::key).collect();
            self.marked.retain(|key| there.contains(key));
        }
        self.loaded = true;
        self.sift();
        if let Some(key) = key {
            self.select(&key);
        }
        if let Some(key) = self.wished.take() {
            self.select(&key);
        }
    }

    /// Selects the row with this key when the rows are read next.
    pub(crate) fn select_when_loaded(&mut self, key: String) {
        self.wished = Some(key);
    }

    /// Selects the row with this key.
    pub(crate) fn select(&mut self, key: &str) {
        if let Some(at) = self.shown.iter().position(|row| self.rows[*row].key() == key) {
            self.selected = at;
        }
    }

    /// Finds again what the filter lets through.
    pub(crate) fn sift(&mut self) {
        let text = self.filter.text().trim();
        self.shown = match (text.is_empty(), self.look) {
            (true, _) => (0..self.rows.len()).collect(),
            (false, FilterMode::Fuzzy) => fuzzy(&self.haystacks, text),
            (false, FilterMode::Words) => words(&self.haystacks, text),
        };
        self.selected = self.selected.min(self.shown.len().saturating_sub(1));
    }

    /// Gives the rows away, to be filled in again.
    pub(crate) fn take_rows(&mut self) -> Vec<T> {
        self.wished = self.selected().map(Row::key);
        self.shown.clear();
        std::mem::take(&mut self.rows)
    }

    /// Marks the selected row, or takes the mark away, and goes on to the next one.
    pub(crate) fn mark(&mut self) {
        let Some(key) = self.selected().map(Row::key) else { return };
        if !self.marked.remove(&key) {
            self.marked.insert(key);
        }
        self.step(1);
    }

    /// Takes all marks away; tells whether there were any.
    pub(crate) fn unmark(&mut self) -> bool {
        !std::mem::take(&mut self.marked).is_empty()
    }

    /// The keys of the marked rows, sorted.
    pub(crate) fn marked(&self) -> &BTreeSet<String> {
        &self.marked
    }

    pub(crate) fn rows(&self) -> &[T] {
        &self.rows
    }

    pub(crate) fn len(&self) -> usize {
        self.shown.len()
    }

    pub(crate) fn is_filtered(&self) -> bool {
        !self.filter.is_empty()
    }

    pub(crate) fn selected(&self) -> Option<&T> {
        self.shown.get(self.selected).map(|row| &self.rows[*row])
    }

    pub(crate) fn position(&self) -> usize {
        self.selected
    }

    /// Whether the last row is selected.
    pub(crate) fn is_at_end(&self) -> bool {
        self.selected + 1 >= self.shown.len()
    }

    /// Moves the selection; it stops at the ends.
    pub(crate) fn step(&mut self, by: isize) {
        let last = self.shown.len().saturating_sub(1);
        self.selected = self.selected.saturating_add_signed(by).min(last);
    }

    pub(crate) fn first(&mut self) {
        self.selected = 0;
    }

    pub(crate) fn last(&mut self) {
        self.selected = self.shown.len().saturating_sub(1);
    }

    /// The rows that fit into `height` lines, the selected one among them, and whether each is
    /// the selected one.
    pub(crate) fn window(&self, height: usize) -> impl Iterator<Item = (bool, &T)> {
        let window = self.shown.iter().enumerate().skip(self.top(height)).take(height);
        window.map(|(at, row)| (at == self.selected, &self.rows[*row]))
    }

    /// Which of the shown rows is the first of those.
    fn top(&self, height: usize) -> usize {
        let most = self.shown.len().saturating_sub(height);
        self.selected.saturating_sub(height / 2).min(most)
    }

    /// Selects the row on this line of the window; tells whether there is one.
    pub(crate) fn select_line(&mut self, line: usize, height: usize) -> bool {
        let at = self.top(height) + line;
        let is_there = line < height && at < self.shown.len();
        if is_there {
            self.selected = at;
        }
        is_there
    }

    /// The characters of a text, counted from 0, by which the filter found it; none where it did not.
    pub(crate) fn hits(&self, text: &str) -> Vec<usize> {
        let filter = self.filter.text().trim();
        if filter.is_empty() {
            return Vec::new();
        }
        match self.look {
            FilterMode::Fuzzy => fuzzy_hits(text, filter),
            FilterMode::Words => word_hits(text, filter),
        }
    }
}

fn fuzzy(haystacks: &[String], text: &str) -> Vec<usize> {
    let pattern = pattern(text);
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let mut buffer = Vec::new();
    let mut found: Vec<(u32, usize)> = haystacks
        .iter()
        .enumerate()
        .filter_map(|(at, row)| {
            Some((pattern.score(Utf32Str::new(row, &mut buffer), &mut matcher)?, at))
        })
        .collect();
    found.sort_by_key(|(score, at)| (std::cmp::Reverse(*score), *at));
    found.into_iter().map(|(_, at)| at).collect()
}

fn pattern(text: &str) -> Pattern {
    Pattern::new(text, CaseMatching::Ignore, Normalization::Smart, AtomKind::Fuzzy)
}

fn fuzzy_hits(text: &str, filter: &str) -> Vec<usize> {
    let (mut buffer, mut hits) = (Vec::new(), Vec::new());
    let mut matcher = Matcher::new(Config::DEFAULT.match_paths());
    let found = pattern(filter).indices(Utf32Str::new(text, &mut buffer), &mut matcher, &mut hits);
    if found.is_none() {
        return Vec::new();
    }
    hits.sort_unstable();
    hits.dedup();
    hits.into_iter().filter_map(|hit| usize::try_from(hit).ok()).collect()
}

fn word_hits(text: &str, filter: &str) -> Vec<usize> {
    let text: Vec<char> = text.to_lowercase().chars().collect();
    let mut hits = Vec::new();
    for word in filter.to_lowercase().split_whitespace() {
        let word: Vec<char> = word.rsplit(':').next().unwrap_or(word).chars().collect();
        let places = text.windows(word.len().max(1)).enumerate();
        for (at, _) in places.filter(|(_, found)| *found == word.as_slice()) {
            hits.extend(at..at + word.len());
        }
    }
    hits.sort_unstable();
    hits.dedup();
    hits
}

/// `field:text` looks at what stands behind that field's name in the haystack.
fn words(haystacks: &[String], text: &str) -> Vec<usize> {
    let wanted: Vec<String> = text.to_lowercase().split_whitespace().map(str::to_owned).collect();
    let fits = |haystack: &str| {
        wanted.iter().all(|word| match word.split_once(':') {
            Some((field, part)) if haystack.contains(&format!("\n{field}:")) => haystack
                .lines()
                .filter_map(|line| line.split_once(':'))
                .any(|(name, value)| name == field && value.contains(part)),
            _ => haystack.contains(word.as_str()),
        })
    };
    haystacks.iter().enumerate().filter(|(_, row)| fits(row)).map(|(at, _)| at).collect()
}

#[cfg(test)]
mod tests {
    use super::{FilterMode, Listing, Row};

    impl Row for &'static str {
        fn key(&self) -> String {
            (*self).to_owned()
        }
        fn haystack(&self) -> String {
            (*self).to_owned()
        }
    }

    fn listing(look: FilterMode, rows: &[&'static str]) -> Listing<&'static str> {
        let mut listing = Listing::new(look);
        listing.fill(rows.to_vec());
        listing
    }

    fn shown(listing: &Listing<&'static str>) -> Vec<&'static str> {
        listing.window(10).map(|(_, row)| *row).collect()
    }

    #[test]
    fn letters_in_order_are_found_and_the_best_comes_first() {
        let mut names = listing(FilterMode::Fuzzy, &["db-dev-url", "dub", "db-url", "api"]);
        names.filter.insert("dburl");
        names.sift();
        assert_eq!(shown(&names), ["db-url", "db-dev-url"]);
    }

    #[test]
    fn words_and_fields_are_found_in_the_order_of_the_list() {
        let rows = ["x\nop:get\nwho:alice", "y\nop:run\nwho:alice", "z\nop:get\nwho:bob"];
        let mut lines = listing(FilterMode::Words, &rows);
        for (filter, count) in [("op:get", 2), ("op:get who:bob", 1), ("ALICE", 2), ("no:x", 0)] {
            lines.filter.set(filter);
            lines.sift();
            assert_eq!(lines.len(), count, "{filter}");
        }
    }

    #[test]
    fn the_selection_stays_with_its_row() {
        let mut names = listing(FilterMode::Fuzzy, &["a", "b", "c"]);
        names.step(1);
        names.fill(vec!["0", "a", "b", "c"]);
        assert_eq!(names.selected(), Some(&"b"));
        names.fill(vec!["a"]);
        assert_eq!(names.selected(), Some(&"a"));
        names.fill(Vec::new());
        assert_eq!(names.selected(), None);
        names.step(5);
        assert_eq!(names.position(), 0);
    }

    #[test]
    fn what_the_filter_found_is_marked() {
        let mut names = listing(FilterMode::Fuzzy, &["db-dev-url", "db-url"]);
        assert!(names.hits("db-url").is_empty());
        names.filter.insert("dburl");
        names.sift();
        assert_eq!(names.hits("db-url"), [0, 1, 3, 4, 5]);
        assert!(names.hits("other").is_empty());
        let mut lines = listing(FilterMode::Words, &["get alice", "run alice"]);
        lines.filter.insert("who:ALICE get");
        assert_eq!(lines.hits("get Alice"), [0, 1, 2, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_line_of_the_window_selects_its_row() {
        let mut names = listing(FilterMode::Fuzzy, &["a", "b", "c", "d", "e", "f"]);
        names.last();
        let seen: Vec<_> = names.window(3).map(|(_, row)| *row).collect();
        assert!(names.select_line(0, 3));
        assert_eq!(names.selected(), seen.first());
        assert!(!names.select_line(3, 3));
        let mut few = listing(FilterMode::Fuzzy, &["a"]);
        assert!(!few.select_line(1, 3) && few.select_line(0, 3));
    }

    #[test]
    fn a_window_holds_the_selected_row() {
        let mut names = listing(FilterMode::Fuzzy, &["a", "b", "c", "d", "e", "f"]);
        for at in 0..6 {
            let seen: Vec<_> = names.window(3).collect();
            assert_eq!(seen.len(), 3, "{at}");
            assert!(seen.iter().any(|(selected, _)| *selected), "{at}");
            names.step(1);
        }
    }
}
