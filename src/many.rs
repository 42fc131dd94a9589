//! Doing one thing to many: at once on every core, one after another where there are few.

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

/// Does `one` beside `other`, which stays on this thread; waits for both.
pub(crate) fn beside<A: Default + Send, B>(
    one: impl FnOnce() -> A + Send,
    other: impl FnOnce() -> B,
) -> (A, B) {
    let mut done = A::default();
    let other = rayon::in_place_scope(|scope| {
        scope.spawn(|_| done = one());
        other()
    });
    (done, other)
}

#[cfg(test)]
mod tests {
    use super::{FEW, beside, map, map_with};

    #[test]
    fn what_is_done_beside_is_waited_for() {
        let here = std::thread::current().id();
        let (one, other) = beside(|| 7, || std::thread::current().id());
        assert_eq!((one, other), (7, here));
    }

    #[test]
    fn results_stand_in_the_order_of_the_items() {
        for count in [0, 1, FEW, FEW + 1, 1000] {
            let items: Vec<usize> = (0..count).collect();
            let doubled: Vec<_> = items.iter().map(|item| item * 2).collect();
            assert_eq!(map(&items, |item| item * 2), doubled);
            let with = |seen: &mut usize, item: &usize| {
                *seen += 1;
                item * 2 + usize::from(*seen == 0)
            };
            assert_eq!(map_with(&items, || 0, with), doubled);
        }
    }
}
