//! The stream shows the same as the naive search, at each moment, however the text comes.

use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use super::super::{Filter, Masker};
use super::naive::Naive;
use super::{mask, masker, named};

/// Cuts `text` at `cuts`.
pub(super) fn chunks<'a>(text: &'a [u8], cuts: &[Index]) -> Vec<&'a [u8]> {
    let mut at: Vec<usize> = cuts.iter().map(|cut| cut.index(text.len() + 1)).collect();
    at.extend([0, text.len()]);
    at.sort_unstable();
    at.windows(2).map(|ends| &text[ends[0]..ends[1]]).collect()
}

fn letters(alphabet: &'static str, longest: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(select(alphabet.as_bytes()), 1..=longest)
}

/// Short values of two or three letters, which overlap in all ways, and a text of them.
fn dense() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>)> {
    select(vec!["ab", "abc", "a\n"]).prop_flat_map(|alphabet| {
        (prop::collection::vec(letters(alphabet, 9), 0..6), letters(alphabet, 60))
    })
}

/// Long values of repeated units that differ late, and a text of pieces of them.
fn periodic() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>)> {
    let value = (letters("ab", 3), 1..40usize, letters("abc", 2), 0..30usize).prop_map(
        |(unit, times, middle, after)| [unit.repeat(times), middle, unit.repeat(after)].concat(),
    );
    prop::collection::vec(value, 1..5).prop_flat_map(|values| {
        let piece = (select(values.clone()), any::<Index>(), any::<Index>()).prop_map(
            |(value, one, other)| {
                let (one, other) = (one.index(value.len() + 1), other.index(value.len() + 1));
                value[one.min(other)..one.max(other)].to_vec()
            },
        );
        let whole = select(values.clone());
        let text = prop::collection::vec(prop_oneof![piece, whole, letters("abc", 3)], 1..8);
        (Just(values), text.prop_map(|pieces| pieces.concat()))
    })
}

/// Any values, and a text of their forms, pieces of those, and anything.
fn realistic() -> impl Strategy<Value = (Vec<Vec<u8>>, Vec<u8>)> {
    let value = prop_oneof![
        prop::collection::vec(any::<u8>(), 1..40),
        "[ -~äß/\n]{6,40}".prop_map(String::into_bytes),
        "[a-z0-9]{1,60}\n?".prop_map(String::into_bytes),
    ];
    prop::collection::vec(value, 1..4).prop_flat_map(|values| {
        let masker = masker(&values).without_views();
        let forms: Vec<Vec<u8>> = masker.patterns.iter().map(<[u8]>::to_vec).collect();
        let form = select(forms);
        let piece = (form.clone(), any::<Index>()).prop_map(|(form, end)| {
            let end = end.index(form.len());
            form[..end].to_vec()
        });
        let noise = prop::collection::vec(any::<u8>(), 0..30);
        let text = prop::collection::vec(prop_oneof![form, piece, noise], 0..12);
        (Just(values), text.prop_map(|pieces| pieces.concat()))
    })
}

/// Pushes byte by byte, pausing after as many bytes as are in `pauses`, and compares all along.
fn check_each_moment(masker: &Masker, text: &[u8], pauses: &[usize]) -> Result<(), TestCaseError> {
    let naive = Naive::new(masker);
    let (expected, early) = naive.mask_slowly(text, pauses);
    let (mut out, mut stream) = (Vec::new(), masker.stream(|_| ()));
    for came in 0..=text.len() {
        if came > 0 {
            stream.push(&text[came - 1..came], &mut out);
        }
        if pauses.contains(&came) {
            stream.idle(usize::MAX, &mut out);
        }
        prop_assert_eq!(&out, &expected[came], "after {} bytes", came);
    }
    for (start, end, _) in naive.occurrences(text) {
        let first_quarter = start..start + (end - start) / 4;
        for place in early.iter().cloned().flatten() {
            prop_assert!(!(start..end).contains(&place) || first_quarter.contains(&place));
        }
    }
    Ok(())
}

proptest! {
    #[test]
    fn values_that_overlap_in_all_ways_disappear(
        (values, text) in dense(),
        cuts in prop::collection::vec(any::<Index>(), 0..10),
        long in select(vec![1, 2, 3, 5, 64]),
    ) {
        let masker = Masker::remembering(&named(&values), long).without_views();
        let expected = Naive::new(&masker).mask(&text);
        prop_assert_eq!(mask(&masker, chunks(&text, &cuts)), &expected[..]);
        prop_assert_eq!(mask(&masker, text.chunks(1)), &expected[..]);
    }

    #[test]
    fn long_periodic_values_disappear(
        (values, text) in periodic(),
        cuts in prop::collection::vec(any::<Index>(), 0..10),
        long in select(vec![1, 3, 8, 64]),
    ) {
        let masker = Masker::remembering(&named(&values), long).without_views();
        let expected = Naive::new(&masker).mask(&text);
        prop_assert_eq!(mask(&masker, chunks(&text, &cuts)), &expected[..]);
        prop_assert_eq!(mask(&masker, text.chunks(1)), &expected[..]);
    }

    #[test]
    fn all_forms_of_any_values_disappear_and_the_rest_stays(
        (values, text) in realistic(),
        cuts in prop::collection::vec(any::<Index>(), 0..10),
    ) {
        let masker = masker(&values).without_views();
        let expected = Naive::new(&masker).mask(&text);
        prop_assert_eq!(mask(&masker, chunks(&text, &cuts)), &expected[..]);
        prop_assert_eq!(mask(&masker, text.chunks(1)), &expected[..]);
    }

    #[test]
    fn at_each_moment_exactly_what_may_be_shown_is_shown(
        (values, text) in dense(),
        pauses in subsequence((0..=60usize).collect::<Vec<_>>(), 0..=61),
        long in select(vec![1, 2, 3, 5, 64]),
    ) {
        check_each_moment(&Masker::remembering(&named(&values), long).without_views(), &text, &[])?;
        check_each_moment(&Masker::remembering(&named(&values), long).without_views(), &text, &pauses)?;
    }

    #[test]
    fn a_pause_shows_at_most_a_quarter_of_what_could_come(
        (values, text) in periodic(),
        pauses in subsequence((0..=300usize).collect::<Vec<_>>(), 0..=40),
        long in select(vec![1, 3, 8, 64]),
    ) {
        let text = &text[..text.len().min(300)];
        check_each_moment(&Masker::remembering(&named(&values), long).without_views(), text, &pauses)?;
    }

    #[test]
    fn what_matches_nothing_passes_unharmed(
        text in prop::collection::vec(prop_oneof![0x80..=0xffu8, Just(0)], 0..3000),
        cuts in prop::collection::vec(any::<Index>(), 0..10),
    ) {
        let masker = masker(&["a value", "x", "one more\n"]);
        prop_assert_eq!(mask(&masker, chunks(&text, &cuts)), text);
    }
}
