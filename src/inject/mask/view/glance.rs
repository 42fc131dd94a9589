//! A quick look at a text, that tells whether a value could stand in it in any way. It says what is
//! so without saying where, and so needs to keep nothing: where it says no, views are not needed.

use memchr::{memchr_iter, memchr3_iter};

use super::DEPTH;
use super::inline::Kind;
use super::letters::{Alphabet, RUN};
use super::rows::{Next, Rows};
use crate::inject::mask::Masker;
use crate::inject::mask::text::Scratch;

/// Letters looked at together.
const BLOCK: usize = 512;
/// By chance hardly ever so many groups of letters in a row say text.
const GROUPS: usize = 4;
/// Letters of the block before that are looked at again.
const AGAIN: usize = 128;
/// So many letters that all are hex digits say nothing as base64.
const DIGITS: usize = 32;

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
    texts: Texts,
    rows: Option<[Rows; 2]>,
}

/// Whether a value could stand in a text of another depth, as it is or in any other way.
fn in_text(masker: &Masker, text: &[u8], rooms: &mut [Room]) -> bool {
    masker.means.plain.is_in(text) || in_views(masker, text, rooms)
}

fn in_views(masker: &Masker, text: &[u8], rooms: &mut [Room]) -> bool {
    let Some((room, deeper)) = rooms.split_first_mut() else { return false };
    for kind in Kind::all(masker) {
        if kind.is_in(text)
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
        place += alphabet.mark(&text[place..], &text[..place], true);
        // Most runs are too short to say anything.
        let count = alphabet.count(&text[place..]);
        let next = text.get(place + count);
        let goes_on = next.is_some_and(|byte| byte.is_ascii_whitespace() || *byte == b':');
        let is_short = !goes_on && count * alphabet.bits() / 8 < masker.means.shortest;
        if is_short || alphabet == Alphabet::Base64 && are_digits(&text[place..place + count]) {
            place += count;
            continue;
        }
        let rows = room.rows.get_or_insert_with(|| Alphabet::ALL.map(Rows::new));
        let rows = &mut rows[usize::from(alphabet == Alphabet::Base64)];
        rows.begin();
        let before = &text[..place];
        let values = room.values.empty(text.len() - place);
        while place < text.len() {
            let there = values.len();
            alphabet.values(&text[place..], values);
            let count = values.len() - there;
            rows.letters(count);
            place += count;
            let rest = &text[place..];
            if rest.is_empty() {
                break;
            }
            let after_blank = rest.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
            if matches!(after_blank, Some(b'\n' | b'\r')) {
                rows.remember(before, true);
            }
            match rows.next(rest, true) {
                Next::Over(width) => place += width,
                Next::End(padding) => {
                    place += padding;
                    break;
                }
                Next::Open => break,
            }
        }
        if values.len() * alphabet.bits() / 8 >= masker.means.shortest
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
    if masker.means.in_letters(alphabet).is_in(values) {
        return true;
    }
    if deeper.is_empty() {
        return false;
    }
    let mut from = 0;
    loop {
        let end = values.len().min(from + BLOCK);
        let block = &values[from..end];
        let decoded = &mut room.decoded;
        let is_other = |bytes: &[u8]| is_written(masker, bytes);
        if room.texts.are_in(masker, alphabet, block)
            && in_phases(alphabet, block, decoded, is_other)
        {
            // With all before and behind it that a value in it could take.
            let around = masker.means.before * 8 / alphabet.bits();
            let around = from.saturating_sub(around)..values.len().min(end + around);
            let is_found = |bytes: &[u8]| in_text(masker, bytes, deeper);
            if in_phases(alphabet, &values[around], decoded, is_found) {
                return true;
            }
        }
        if end == values.len() {
            return false;
        }
        from = end - AGAIN.min(block.len() / 2);
    }
}

/// Reads letters from each on at which a byte may begin, until something `is_in` what they say.
fn in_phases(
    alphabet: Alphabet,
    letters: &[u8],
    decoded: &mut Scratch,
    mut is_in: impl FnMut(&[u8]) -> bool,
) -> bool {
    (0..alphabet.group()).any(|phase| {
        let Some(values) = letters.get(phase..) else { return false };
        let bytes = decoded.empty(values.len() + 4);
        let left = alphabet.join(values, bytes);
        let mut last = [0; 4];
        last[..left].copy_from_slice(&values[values.len() - left..]);
        alphabet.join(&last[..alphabet.group()], bytes);
        is_in(decoded.get())
    })
}

/// Whether what letters say could be written in yet another way: has escapes amid text, or letters.
fn is_written(masker: &Masker, bytes: &[u8]) -> bool {
    let is_escape = |at: usize| {
        let is_next = match bytes[at..] {
            [b'\\', next, ..] => matches!(next, b' '..=b'~'),
            [b'%', next, ..] => next.is_ascii_hexdigit() || next == b'u',
            [b'&', next, ..] => next.is_ascii_alphabetic() || next == b'#',
            _ => true,
        };
        is_next && is_amid_text(masker, bytes, at)
    };
    let space = masker.means.has_spaces.then(|| memchr_iter(b'+', bytes)).into_iter().flatten();
    memchr3_iter(b'\\', b'%', b'&', bytes).chain(space).any(is_escape)
        || Alphabet::ALL.iter().any(|alphabet| alphabet.find(bytes).is_ok())
}

/// Whether `at` lies in text that is as long as a value with an escape in it.
fn is_amid_text(masker: &Masker, bytes: &[u8], at: usize) -> bool {
    let needed = (masker.means.shortest + 1).min(RUN);
    let after = &bytes[at..bytes.len().min(at + needed)];
    let before = &bytes[at.saturating_sub(needed)..at];
    if masker.means.is_ascii {
        let count = after.iter().take_while(|byte| is_text(**byte)).count();
        return count + before.iter().rev().take_while(|byte| is_text(**byte)).count() >= needed;
    }
    let is_any = |bytes: &[u8]| bytes.iter().all(|byte| is_text(*byte) || *byte > 0x7f);
    let plain = after.iter().take_while(|byte| is_text(**byte) || **byte > 0x7f).count();
    let count = match std::str::from_utf8(&after[..plain]) {
        // A character may be cut at the end.
        Err(error) if error.error_len().is_some() => error.valid_up_to(),
        _ => plain,
    };
    // And one at the beginning.
    let is_all = |start: &usize| {
        let bytes = &before[*start..];
        is_any(bytes) && std::str::from_utf8(bytes).is_ok()
    };
    let start = (0..=before.len()).find(is_all).unwrap_or(before.len());
    count + before.len() - start >= needed
}

/// Whether all of these many letters are hex digits: then they are hardly base64.
fn are_digits(letters: &[u8]) -> bool {
    let all = |first: u8| {
        letters.chunks(DIGITS).all(|some| {
            some.iter().fold(true, |all, byte| {
                all & ((byte.wrapping_sub(b'0') < 10) | (byte.wrapping_sub(first) < 6))
            })
        })
    };
    letters.len() >= DIGITS && (all(b'a') || all(b'A'))
}

/// Where letters say text for as long as a value in yet another writing takes at least. Simple
/// enough to be done for many letters at once.
#[derive(Default)]
struct Texts {
    bytes: [Scratch; 3],
    whole: Scratch,
    some: Scratch,
}

impl Texts {
    /// Whether there is such text, beginning at any letter.
    fn are_in(&mut self, masker: &Masker, alphabet: Alphabet, values: &[u8]) -> bool {
        // A value with an escape in it, or a run of letters.
        let needed = masker.means.stretch.min(RUN);
        let Some(count) = values.len().checked_sub(alphabet.group() - 1) else { return false };
        let Self { bytes, whole, some } = self;
        match alphabet {
            Alphabet::Hex => {
                let flags = bytes[0].empty(count);
                flags.resize(count, 0);
                pairs(values, flags);
                let flags = bytes[0].get();
                let mut all = Flags::new(some, count);
                (0..needed).for_each(|byte| all.and(flags, 2 * byte));
                all.any()
            }
            // Of so much text some groups in a row have nothing else.
            Alphabet::Base64 if needed >= 2 + 3 * GROUPS => {
                let flags = whole.empty(count);
                flags.resize(count, 0);
                groups(values, flags);
                let flags = whole.get();
                let mut all = Flags::new(some, count);
                (0..GROUPS).for_each(|group| all.and(flags, 4 * group));
                all.any()
            }
            Alphabet::Base64 => {
                let [first, second, third] = bytes;
                let [a, b, c] = [first, second, third].map(|room| {
                    let flags = room.empty(count);
                    flags.resize(count, 0);
                    &mut flags[..]
                });
                each(values, a, b, c);
                let [a, b, c] = [&*a, &*b, &*c];
                let mut groups = Flags::new(whole, count);
                [a, b, c].iter().for_each(|flags| groups.and(flags, 0));
                let groups = whole.get();
                // Text may begin with each of the three bytes of a group.
                (0..3).any(|begun| {
                    let mut all = Flags::new(some, count);
                    [a, b, c][begun..].iter().for_each(|flags| all.and(flags, 0));
                    let mut left = needed.saturating_sub(3 - begun);
                    let mut at = 4;
                    while left >= 3 {
                        all.and(groups, at);
                        (at, left) = (at + 4, left - 3);
                    }
                    [a, b, c][..left].iter().for_each(|flags| all.and(flags, at));
                    all.any()
                })
            }
        }
    }
}

/// Places at which all flags that were given are set.
struct Flags<'r>(&'r mut Vec<u8>);

impl<'r> Flags<'r> {
    fn new(room: &'r mut Scratch, count: usize) -> Self {
        let flags = room.empty(count);
        flags.resize(count, 1);
        Self(flags)
    }

    /// Those that are set `ahead` of a place count there.
    fn and(&mut self, flags: &[u8], ahead: usize) {
        let flags = flags.get(ahead..).unwrap_or_default();
        self.0.truncate(flags.len());
        self.0.iter_mut().zip(flags).for_each(|(all, flag)| *all &= flag);
    }

    fn any(&self) -> bool {
        self.0.iter().fold(0, |any, flag| any | flag) != 0
    }
}

// Comparisons alone, over slices of one length that stand by themselves: the compiler does these for
// many bytes at once. With an array of slices it does not.

fn is_text(byte: u8) -> bool {
    (byte.wrapping_sub(b' ') < 95) | (byte.wrapping_sub(9) < 5)
}

/// Flags where the pair of digits that begins there is text.
fn pairs(values: &[u8], flags: &mut [u8]) {
    let count = flags.len();
    let (high, low) = (&values[..count], &values[1..][..count]);
    for at in 0..count {
        flags[at] = u8::from(is_text(high[at] << 4 | low[at]));
    }
}

/// Flags where all three bytes are text of the four letters that begin there.
fn groups(values: &[u8], flags: &mut [u8]) {
    let count = flags.len();
    let (a, b) = (&values[..count], &values[1..][..count]);
    let (c, d) = (&values[2..][..count], &values[3..][..count]);
    for at in 0..count {
        let [first, second, third] = Alphabet::bytes([a[at], b[at], c[at], d[at]]);
        flags[at] = u8::from(is_text(first) & is_text(second) & is_text(third));
    }
}

/// Flags where the first, the second and the third byte is text of the four letters that begin there.
fn each(values: &[u8], first: &mut [u8], second: &mut [u8], third: &mut [u8]) {
    let count = first.len().min(second.len()).min(third.len());
    let (first, second, third) = (&mut first[..count], &mut second[..count], &mut third[..count]);
    let (a, b) = (&values[..count], &values[1..][..count]);
    let (c, d) = (&values[2..][..count], &values[3..][..count]);
    for at in 0..count {
        let bytes = Alphabet::bytes([a[at], b[at], c[at], d[at]]);
        first[at] = u8::from(is_text(bytes[0]));
        second[at] = u8::from(is_text(bytes[1]));
        third[at] = u8::from(is_text(bytes[2]));
    }
}
