//! Lists that grow and shrink by what a command names.

/// The old entries, then the new ones, each once, less those taken away.
pub(crate) fn merged<T: PartialEq + Clone>(mut old: Vec<T>, add: &[T], take: &[T]) -> Vec<T> {
    for one in add {
        if !old.contains(one) {
            old.push(one.clone());
        }
    }
    old.retain(|one| !take.contains(one));
    old
}
