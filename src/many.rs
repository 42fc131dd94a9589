//! Doing one thing to many: at once on every core, one after another where there are few.

use rayon::prelude::*;

/// Starting threads takes as long as opening some files with known keys.
const FEW: usize = 4;

/// Does `each` to every item; the results stand in the order of the items.
pub(crate) fn map<T: Sync, R: Send>(items: &[T], each: impl Fn(&T) -> R + Sync + Send) -> Vec<R> {
    match items.len() {
        0..=FEW => items.iter().map(each).collect(),
        _ => items.par_iter().map(each).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::{FEW, map};

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        for count in [0, 1, FEW, FEW + 1, 1000] {
            let items: Vec<usize> = (0..count).collect();
            assert_eq!(map(&items, |item| item * 2), (0..count).map(|n| n * 2).collect::<Vec<_>>());
        }
    }
}
