//! A quick look at a text, that tells whether a value could stand in it in any way. It says what is
//! so without saying where, and so needs to keep nothing: where it says no, views are not needed.

use memchr::{memchr, memchr3};

use super::DEPTH;
use super::inline::Kind;
use super::letters::Alphabet;
use super::rows::{Next, Rows};
use crate::inject::mask::Masker;
use crate::inject::mask::text::Scratch;

/// Letters looked at together.
const BLOCK: usize = 1 << 10;
/// Letters of the block before that are looked at again.
const AGAIN: usize = 128;
/// More text than this around an escape says no more.
const TEXT: usize = 32;
/// So many letters that all are hex digits say nothing as base64.
const DIGITS: usize = 64;

/// A quick look, and the room that it needs.
#[derive(Default)]
pub(super) struct Glance([Room; DEPTH as usize]);

impl Glance {
    /// Whether a value could stand in `text` in any way but as it is.
    pub(super) fn at(&mut self, masker: &Masker, text: &[u8]) -> bool {
        in_views(masker, text, &mut self.0)
    }
}

/// What is needed for a text of one depth.
#[derive(Default)]
struct Room {
    decoded: Scratch,
    values: Scratch,
    planes: Planes,
    rows: Option<[Rows; 2]>,
}

/// Whether a value could stand in a text of another depth, as it is or in any other way.
fn in_text(masker: &Masker, text: &[u8], rooms: &mut [Room]) -> bool {
    masker.means.plain.is_in(text) || in_views(masker, text, rooms)
}

fn in_views(masker: &Masker, text: &[u8], rooms: &mut [Room]) -> bool {
    let Some((room, deeper)) = rooms.split_first_mut() else { return false };
    for kind in Kind::all(masker) {
        if kind.find(text).is_some()
            && kind.read_all(text, room.decoded.empty(text.len() * 2))
            && in_text(masker, room.decoded.get(), deeper)
        {
            return true;
        }
    }
    Alphabet::ALL.into_iter().any(|alphabet| in_runs(masker, alphabet, text, room, deeper))
}

fn in_runs(
    masker: &Masker,
    alphabet: Alphabet,
    text: &[u8],
    room: &mut Room,
    deeper: &mut [Room],
) -> bool {
    let mut place = 0;
    while let Ok(start) = alphabet.find(&text[place..]) {
        place += start;
        let rows = room.rows.get_or_insert_with(|| Alphabet::ALL.map(Rows::new));
        let rows = &mut rows[usize::from(alphabet == Alphabet::Base64)];
        rows.begin(&text[..place], true);
        let values = room.values.empty(text.len() - place);
        while place < text.len() {
            let before = values.len();
            alphabet.values(&text[place..], values);
            let count = values.len() - before;
            place += count;
            rows.letters(count);
            match text
                .get(place..)
                .filter(|rest| !rest.is_empty())
                .map(|rest| rows.next(rest, true))
            {
                Some(Next::Over(width)) => place += width,
                Some(Next::End(padding)) => {
                    place += padding;
                    break;
                }
                _ => break,
            }
        }
        if values.len() * alphabet.bits() / 8 >= masker.shortest
            && in_letters(masker, alphabet, room, deeper)
        {
            return true;
        }
    }
    false
}

/// Whether a value could stand in what letters say.
fn in_letters(masker: &Masker, alphabet: Alphabet, room: &mut Room, deeper: &mut [Room]) -> bool {
    let values = room.values.get();
    let encoded = match alphabet {
        Alphabet::Hex => &masker.means.hex,
        Alphabet::Base64 => &masker.means.base64,
    };
    if alphabet == Alphabet::Base64 && values.len() >= DIGITS && are_digits(values) {
        return false;
    }
    if encoded.is_in(values) {
        return true;
    }
    if deeper.is_empty() {
        return false;
    }
    let mut from = 0;
    loop {
        let end = values.len().min(from + BLOCK);
        let block = &values[from..end];
        if room.planes.are_suspicious(masker, alphabet, block)
            && in_phases(masker, alphabet, block, &mut room.decoded, deeper)
        {
            return true;
        }
        if end == values.len() {
            return false;
        }
        from = end - AGAIN.min(block.len() / 2);
    }
}

/// Reads letters from each on at which a byte may begin.
fn in_phases(
    masker: &Masker,
    alphabet: Alphabet,
    block: &[u8],
    decoded: &mut Scratch,
    deeper: &mut [Room],
) -> bool {
    (0..alphabet.group()).any(|phase| {
        let Some(values) = block.get(phase..) else { return false };
        let bytes = decoded.empty(values.len() + 4);
        let left = alphabet.join(values, bytes);
        let mut last = [0; 4];
        last[..left].copy_from_slice(&values[values.len() - left..]);
        alphabet.join(&last[..alphabet.group()], bytes);
        in_text(masker, decoded.get(), deeper)
    })
}

/// Whether all of these base64 letters are hex digits of one case.
fn are_digits(values: &[u8]) -> bool {
    let all = |letters: std::ops::RangeInclusive<u8>| {
        values.iter().all(|value| letters.contains(value) || (52..=61).contains(value))
    };
    all(26..=31) || all(0..=5)
}

/// The bytes that letters say from each letter on: the first byte of a group, the second and the
/// third, each at the letter where it begins. Simple enough to be done for many letters at once.
#[derive(Default)]
struct Planes([Scratch; 3], [Scratch; 2]);

impl Planes {
    /// Whether something in what the letters say could be written in yet another way.
    fn are_suspicious(&mut self, masker: &Masker, alphabet: Alphabet, values: &[u8]) -> bool {
        let Self(planes, flags) = self;
        let next = values.get(1..).unwrap_or_default();
        let shifts: &[(u32, u32)] = match alphabet {
            Alphabet::Hex => &[(4, 0)],
            Alphabet::Base64 => &[(2, 4), (4, 2), (6, 0)],
        };
        for (plane, (left, right)) in planes.iter_mut().zip(shifts) {
            let bytes = values.iter().zip(next).map(|(one, two)| one << left | two >> right);
            plane.empty(values.len()).extend(bytes);
        }
        let planes = [&planes[0], &planes[1], &planes[2]].map(Scratch::get);
        let planes = &planes[..shifts.len()];
        if Self::have_run(planes, flags) {
            return true;
        }
        let byte = |place: Place| planes[place.plane].get(place.letter).copied();
        for (plane, bytes) in planes.iter().enumerate() {
            let mut from = 0;
            let space = |text: &[u8]| memchr(b'+', text).filter(|_| masker.has_spaces);
            while let Some(at) =
                memchr3(b'\\', b'%', b'&', &bytes[from..]).or_else(|| space(&bytes[from..]))
            {
                let place = Place { plane, letter: from + at };
                if is_written(masker, alphabet, place, &byte) {
                    return true;
                }
                from += at + 1;
            }
        }
        false
    }

    /// Whether bytes could be a run of letters themselves: four groups, or eight pairs.
    fn have_run(planes: &[&[u8]], [groups, some]: &mut [Scratch; 2]) -> bool {
        let is_in = |byte: u8| {
            byte.wrapping_sub(b'+') < 15 || (byte | 0x20).wrapping_sub(b'a') < 31 || byte == b' '
        };
        let groups = groups.empty(planes[0].len());
        match planes {
            [first, second, third] => {
                let rest = second.iter().skip(1).zip(third.iter().skip(2));
                let all = first.iter().zip(rest);
                groups.extend(all.map(|(a, (b, c))| u8::from(is_in(*a) & is_in(*b) & is_in(*c))));
            }
            _ => groups.extend(planes[0].iter().map(|byte| u8::from(is_in(*byte)))),
        }
        let step = if planes.len() == 3 { 4 } else { 2 };
        let times = if planes.len() == 3 { 4 } else { 8 };
        let Some(last) = groups.len().checked_sub(step * (times - 1)) else { return false };
        let some = some.empty(last);
        some.extend_from_slice(&groups[..last]);
        for time in 1..times {
            for (one, other) in some.iter_mut().zip(&groups[step * time..]) {
                *one &= other;
            }
        }
        some.iter().fold(0, |any, one| any | one) != 0
    }
}

/// A byte in the planes.
#[derive(Clone, Copy)]
struct Place {
    plane: usize,
    letter: usize,
}

impl Place {
    fn next(self, alphabet: Alphabet) -> Self {
        match (alphabet, self.plane) {
            (Alphabet::Hex, _) => Self { plane: 0, letter: self.letter + 2 },
            (Alphabet::Base64, 2) => Self { plane: 0, letter: self.letter + 2 },
            (Alphabet::Base64, plane) => Self { plane: plane + 1, letter: self.letter + 1 },
        }
    }

    fn before(self, alphabet: Alphabet) -> Option<Self> {
        let (plane, step) = match (alphabet, self.plane) {
            (Alphabet::Hex, _) => (0, 2),
            (Alphabet::Base64, 0) => (2, 2),
            (Alphabet::Base64, plane) => (plane - 1, 1),
        };
        Some(Self { plane, letter: self.letter.checked_sub(step)? })
    }
}

/// Whether an escape stands at `place`, in text that is long enough to be a value: what letters say
/// by chance is hardly ever.
fn is_written(
    masker: &Masker,
    alphabet: Alphabet,
    place: Place,
    byte: &impl Fn(Place) -> Option<u8>,
) -> bool {
    let after = place.next(alphabet);
    let is_escape = match (byte(place), byte(after)) {
        (_, None) | (Some(b'+'), _) => true,
        (Some(b'\\'), Some(next)) => matches!(next, b' '..=b'~'),
        (Some(b'%'), Some(next)) => next.is_ascii_hexdigit() || next == b'u',
        (Some(b'&'), Some(next)) => next.is_ascii_alphabetic() || next == b'#',
        _ => false,
    };
    if !is_escape {
        return false;
    }
    let is_text = |byte: &u8| matches!(byte, b' '..=b'~' | b'\t' | b'\n' | b'\r' | 0x80..=0xf7);
    let needed = masker.shortest.min(TEXT) + 1;
    let mut text = [0; 2 * (TEXT + 2)];
    let (mut start, mut end) = (TEXT + 2, TEXT + 2);
    let mut at = Some(place);
    while let Some(next) = at.and_then(byte).filter(is_text).filter(|_| end - TEXT - 2 < needed) {
        text[end] = next;
        end += 1;
        at = at.map(|at| at.next(alphabet));
    }
    at = place.before(alphabet);
    while let Some(before) = at.and_then(byte).filter(is_text).filter(|_| end - start < needed) {
        start -= 1;
        text[start] = before;
        at = at.and_then(|at| at.before(alphabet));
    }
    if end - start < needed {
        return false;
    }
    // Characters may be cut at either end; within, bytes that are none are no text.
    let strange: usize = text[start..end].utf8_chunks().map(|chunk| chunk.invalid().len()).sum();
    strange <= 4
}
