//! Documents by name, each read and verified when it is first asked for.
//!
//! A command pays for the documents that decide about it and for no other; one that is
//! damaged and not asked for keeps nobody from working.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::OnceLock;

use crate::many;

/// Reads and judges the document of this name.
type Read<N, T> = Box<dyn Fn(&N) -> T + Send + Sync>;

/// The documents of one kind.
pub(super) struct LazyMap<N, T> {
    cells: BTreeMap<N, OnceLock<T>>,
    read: Option<Read<N, T>>,
}

impl<N: Ord + Sync, T: Send + Sync> LazyMap<N, T> {
    /// Takes the names there are; nothing is read yet.
    pub(super) fn new(
        names: impl IntoIterator<Item = N>,
        read: impl Fn(&N) -> T + Send + Sync + 'static,
    ) -> Self {
        let cells = names.into_iter().map(|name| (name, OnceLock::new())).collect();
        Self { cells, read: Some(Box::new(read)) }
    }

    /// The document of this name, and the name as long as the shelf lives.
    pub(super) fn entry(&self, name: &N) -> Option<(&N, &T)> {
        let (name, cell) = self.cells.get_key_value(name)?;
        Some((name, self.load(name, cell)?))
    }

    /// The document of this name.
    pub(super) fn get(&self, name: &N) -> Option<&T> {
        self.entry(name).map(|(_, document)| document)
    }

    /// The names, sorted.
    pub(super) fn names(&self) -> impl Iterator<Item = &N> {
        self.cells.keys()
    }

    /// Every document, sorted by name.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&N, &T)> {
        // At once: each is a signature to verify.
        let cells: Vec<_> = self.cells.iter().collect();
        many::map(&cells, |(name, cell)| _ = self.load(name, cell));
        self.cells.iter().filter_map(|(name, cell)| Some((name, self.load(name, cell)?)))
    }

    /// Every document, those first that were read already: whoever needs only one of them
    /// often needs no other.
    pub(super) fn known_first(&self) -> impl Iterator<Item = &T> {
        let (known, unknown): (Vec<_>, Vec<_>) =
            self.cells.iter().partition(|(_, cell)| cell.get().is_some());
        known.into_iter().chain(unknown).filter_map(|(name, cell)| self.load(name, cell))
    }

    fn load<'s>(&self, name: &N, cell: &'s OnceLock<T>) -> Option<&'s T> {
        match &self.read {
            Some(read) => Some(cell.get_or_init(|| read(name))),
            None => cell.get(),
        }
    }
}

impl<N: Ord, T> Extend<(N, T)> for LazyMap<N, T> {
    fn extend<I: IntoIterator<Item = (N, T)>>(&mut self, documents: I) {
        let ready = documents.into_iter().map(|(name, document)| (name, OnceLock::from(document)));
        self.cells.extend(ready);
    }
}

/// Documents that are at hand.
impl<N: Ord, T> FromIterator<(N, T)> for LazyMap<N, T> {
    fn from_iter<I: IntoIterator<Item = (N, T)>>(documents: I) -> Self {
        let mut shelf = Self { cells: BTreeMap::new(), read: None };
        shelf.extend(documents);
        shelf
    }
}

impl<N: fmt::Debug, T: fmt::Debug> fmt::Debug for LazyMap<N, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(&self.cells).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::LazyMap;
    use std::sync::Arc;
    use std::sync::atomic::{AtomicUsize, Ordering};

    fn counting() -> (LazyMap<u8, u8>, Arc<AtomicUsize>) {
        let count = Arc::new(AtomicUsize::new(0));
        let reads = Arc::clone(&count);
        let shelf = LazyMap::new([3, 1, 2], move |name: &u8| {
            reads.fetch_add(1, Ordering::Relaxed);
            name * 10
        });
        (shelf, count)
    }

    #[test]
    fn a_document_is_read_when_it_is_asked_for_and_once() {
        let (shelf, reads) = counting();
        assert_eq!(shelf.names().copied().collect::<Vec<_>>(), [1, 2, 3]);
        assert_eq!(shelf.get(&4), None);
        assert_eq!(reads.load(Ordering::Relaxed), 0);
        assert_eq!((shelf.get(&2), shelf.get(&2)), (Some(&20), Some(&20)));
        assert_eq!(reads.load(Ordering::Relaxed), 1);
        assert_eq!(shelf.known_first().next(), Some(&20));
        assert_eq!(reads.load(Ordering::Relaxed), 1);
        assert_eq!(shelf.known_first().copied().collect::<Vec<_>>(), [20, 10, 30]);
        assert_eq!(shelf.iter().count(), 3);
        assert_eq!(reads.load(Ordering::Relaxed), 3);
    }
}
