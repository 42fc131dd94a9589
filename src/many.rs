//! Doing one thing to many: at once on every core, one after another where there are few; and
//! lists that grow and shrink.

use rayon::prelude::*;

/// Starting threads takes as long as opening some files with known keys.
const FEW: usize = 4;

/// Does `each` to every item; the results stand in the order of the items.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], each: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    map_with(items, || (), |(), item| each(item))
}

/// As [`map`], with something that is made once for many items and used again.
pub(crate) fn map_with<T: Sync, R: Send, W>(
    items: &[T],
    make: impl Fn() -> W + Sync + Send,
    each: impl Fn(&mut W, &T) -> R + Sync + Send,
) -> Vec<R> {
    match items.len() {
        0..=FEW => {
            let mut with = make();
            items.iter().map(|item| each(&mut with, item)).collect()
        }
        _ => items.par_iter().map_init(make, each).collect(),
    }
}

/// The first `shown` of some names, and how many more there are.
pub fn some_of<T: ToString>(names: &[T], shown: usize) -> String {
    let first: Vec<String> = names.iter().take(shown).map(ToString::to_string).collect();
    match names.len().saturating_sub(shown) {
        0 => first.join(", "),
        more => format!("{} and {more} more", first.join(", ")),
    }
}

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

#[cfg(test)]
mod tests {
    use super::{FEW, map, map_with};

    #[test]
    fn many_names_are_counted() {
        let names = |count: usize| (0..count).map(|n| format!("n{n}")).collect::<Vec<_>>();
        assert_eq!(super::some_of(&names(0), 6), "");
        assert_eq!(super::some_of(&names(2), 6), "n0, n1");
        assert_eq!(super::some_of(&names(8), 6), "n0, n1, n2, n3, n4, n5 and 2 more");
    }

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        for count in [0, 1, FEW, FEW + 1, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let doubled: Vec<_> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(&items, |item| item * 2), doubled);
            let add = |seen: &mut Vec<usize>, item: &usize| {
                seen.push(*item);
                item + seen[seen.len() - 1]
            };
            assert_eq!(map_with(&items, Vec::new, add), doubled);
        }
    }
}
