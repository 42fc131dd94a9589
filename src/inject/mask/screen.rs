//! Much text at once: where a value could stand, in any writing, so that a closer look is worth it.
//!
//! Every writing that is looked for leaves some bytes of the value together, or writes them in a way
//! that is known beforehand. Of those the screen takes windows of eight bytes, so many in a row that
//! one of them begins at any stride; of a text it looks at one place in each stride.

use std::fmt::Write as _;

use data_encoding::{BASE64, BASE64URL, HEXLOWER, HEXUPPER};
use zeroize::{Zeroize as _, Zeroizing};

use super::spellings::ALSO;
use super::writers::WRITERS;
use crate::inject::buffer::Buffer;
use crate::secret::SecretBytes;

/// Bytes that are compared at once.
const WINDOW: usize = 8;
/// So many letters and digits in a row stand in every writing of a value, or are written as letters
/// and digits are.
const CORE: usize = 12;
/// More of them are not made use of.
const LONGEST_CORE: usize = 48;
/// A stride is never longer: more windows would fill the table.
const LONGEST_STRIDE: usize = 8;
/// Memory for each window: one in about twenty others passes.
const BITS_PER_WINDOW: usize = 24;

/// What is looked for, ready.
pub(super) struct Screen {
    /// The windows, by their bytes.
    windows: Vec<Window>,
    /// What stands around windows: where in `arena` each begins, and how long it is.
    blocks: Vec<(usize, usize)>,
    arena: SecretBytes,
    /// One bit for the hash of each window.
    bits: Zeroizing<Vec<u64>>,
    /// Turns a hash into the index of a word.
    shift: u32,
    stride: usize,
}

/// Eight bytes of a block.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Window {
    key: u64,
    block: u32,
    /// Where in its block it begins.
    offset: u32,
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.windows.iter_mut().for_each(|window| window.key.zeroize());
    }
}

impl Screen {
    /// Takes what it needs of what is looked for: `wholes` are looked for in every writing, `parts` of
    /// them in the usual ones.
    pub(super) fn new<'f>(
        wholes: impl Iterator<Item = &'f [u8]>,
        parts: impl Iterator<Item = &'f [u8]>,
    ) -> Self {
        let mut all = Writings::default();
        wholes.for_each(|form| all.add(form, true));
        parts.for_each(|form| all.add(form, false));
        all.0.sort_unstable_by(|one, other| one.0.expose().cmp(other.0.expose()));
        all.0.dedup_by(|one, other| one.0.expose() == other.0.expose());
        let shortest = all.0.iter().map(|(text, _)| text.len()).min().unwrap_or(WINDOW);
        let stride = (shortest + 1 - WINDOW).min(LONGEST_STRIDE);
        let mut screen = Self {
            windows: Vec::with_capacity(all.0.len() * stride * 2),
            blocks: Vec::new(),
            arena: SecretBytes::default(),
            bits: Zeroizing::new(Vec::new()),
            shift: 0,
            stride,
        };
        let mut arena = Buffer::default();
        let mut used = 0;
        for (text, is_broken) in &all.0 {
            let text = text.expose();
            // The end: what many values begin with, such as `https://`, stands in many texts.
            let last = text.len() - WINDOW;
            // Where a line ends within a writing, its end is whole, or what lies before that is.
            let before = match last {
                _ if !is_broken => None,
                _ if last >= 2 * (stride + WINDOW) => Some(last / 2),
                _ if last >= 2 * stride + WINDOW => Some(stride - 1),
                _ => None,
            };
            for end in [Some(last), before].into_iter().flatten() {
                let first = (end + 1).saturating_sub(stride);
                let block = if *is_broken { first..end + WINDOW } else { 0..text.len() };
                for start in first..=end {
                    screen.windows.extend(window(&text[start..]).map(|key| Window {
                        key,
                        block: screen.blocks.len() as u32,
                        offset: (start - block.start) as u32,
                    }));
                }
                arena.push(&text[block.clone()]);
                screen.blocks.push((used, block.len()));
                used += block.len();
            }
        }
        screen.arena = arena.into_secret();
        screen.windows.sort_unstable();
        let count = screen.windows.len();
        let words = (count * BITS_PER_WINDOW / 64 + 1).next_power_of_two().max(1 << 10);
        screen.bits = Zeroizing::new(vec![0; words]);
        screen.shift = 64 - words.trailing_zeros();
        for at in 0..count {
            let (word, bit) = screen.place(screen.windows[at].key);
            screen.bits[word] |= bit;
        }
        screen
    }

    /// Tells each place of `text` around which something could stand, in order.
    pub(super) fn look(&self, text: &[u8], mut found: impl FnMut(usize)) {
        let mut at = 0;
        while let Some(key) = text.get(at..).and_then(window) {
            let (word, bit) = self.place(key);
            if self.bits[word] & bit != 0 && self.stands(text, at, key) {
                found(at);
            }
            at += self.stride;
        }
    }

    /// Whether one of the blocks that have these bytes stands there.
    fn stands(&self, text: &[u8], at: usize, key: u64) -> bool {
        let first = self.windows.partition_point(|window| window.key < key);
        let same = self.windows[first..].iter().take_while(|window| window.key == key);
        let mut blocks = same.filter_map(|window| {
            let (start, length) = self.blocks[window.block as usize];
            let here = at.checked_sub(window.offset as usize)?;
            Some(text.get(here..here + length)? == &self.arena.expose()[start..start + length])
        });
        blocks.any(|stands| stands)
    }

    fn place(&self, key: u64) -> (usize, u64) {
        let hash = key.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        ((hash >> self.shift) as usize, 1 << (hash >> (self.shift - 6) & 63))
    }
}

fn window(text: &[u8]) -> Option<u64> {
    text.first_chunk().map(|bytes| u64::from_le_bytes(*bytes))
}

/// Texts that stand where a value is written; whether lines may be broken within.
#[derive(Default)]
struct Writings(Vec<(SecretBytes, bool)>);

impl Writings {
    fn add(&mut self, form: &[u8], in_every_way: bool) {
        let core = core(form);
        if core.len() < CORE {
            self.add_spelled(form);
            return;
        }
        self.push(core.to_vec(), false);
        self.add_letters(core);
        if !in_every_way {
            return;
        }
        for write in BYTE_BY_BYTE {
            let mut text = String::with_capacity(core.len() * 12);
            core.iter().for_each(|byte| write(*byte, &mut text));
            // What parts bytes does not follow the last one.
            let length = text.trim_end_matches([' ', ':']).len();
            text.truncate(length);
            self.push(text.into_bytes(), false);
        }
        for upper in [false, true] {
            for begun in 0..2 {
                self.push(in_pairs(&core[begun..], upper), false);
            }
        }
        // Letters once more: base64 or hex of each other.
        for offset in 0..3 {
            let once = SecretBytes::new(determined(core, offset, &BASE64));
            self.add_letters(once.expose());
        }
        for once in [HEXLOWER.encode(core), HEXUPPER.encode(core)] {
            let once = SecretBytes::from(once);
            // Digits alone: the same in both cases.
            self.push(HEXLOWER.encode(once.expose()).into_bytes(), true);
            (0..3).for_each(|offset| self.push(determined(once.expose(), offset, &BASE64), true));
        }
    }

    /// In base64 and hex.
    fn add_letters(&mut self, text: &[u8]) {
        for offset in 0..3 {
            self.push(determined(text, offset, &BASE64), true);
            self.push(determined(text, offset, &BASE64URL), true);
        }
        self.push(HEXLOWER.encode(text).into_bytes(), true);
        self.push(HEXUPPER.encode(text).into_bytes(), true);
    }

    /// A value without letters and digits enough in a row: as programs write it.
    fn add_spelled(&mut self, form: &[u8]) {
        self.push(form.to_vec(), false);
        self.add_letters(form);
        for write in WRITERS.into_iter().map(|(_, write)| write).chain(ALSO) {
            let once = SecretBytes::new(write(form));
            self.push(once.expose().to_vec(), false);
            // JSON in JSON.
            self.push(WRITERS[0].1(once.expose()), false);
            self.add_letters(once.expose());
        }
    }

    fn push(&mut self, text: Vec<u8>, is_broken: bool) {
        let text = SecretBytes::new(text);
        if text.len() >= WINDOW {
            self.0.push((text, is_broken));
        }
    }
}

/// A way to write one byte.
type WriteByte = fn(u8, &mut String);

macro_rules! numbers {
    ($($text:literal,)*) => {
        // Writing into a text cannot fail.
        [$(|byte, out| { let _ = write!(out, $text, byte); }),*]
    };
}

/// Each byte written by its number.
const BYTE_BY_BYTE: [WriteByte; 24] = numbers![
    "\\u{:04x}",
    "\\u{:04X}",
    "\\\\u{:04x}",
    "\\\\u{:04X}",
    "\\U{:08x}",
    "\\u{{{:x}}}",
    "\\x{{{:x}}}",
    "\\x{:02x}",
    "\\x{:02X}",
    "\\\\x{:02x}",
    "\\{:03o}",
    "%{:02x}",
    "%{:02X}",
    "%25{:02x}",
    "%25{:02X}",
    "%u{:04x}",
    "%u{:04X}",
    "&#{};",
    "&#x{:x};",
    "&#x{:X};",
    "{:02x} ",
    "{:02X} ",
    "{:02x}:",
    "{:02X}:",
];

/// Hex digits of two bytes each.
fn in_pairs(text: &[u8], upper: bool) -> Vec<u8> {
    let encoding = if upper { HEXUPPER } else { HEXLOWER };
    let pairs: Vec<_> = text.chunks_exact(2).map(|pair| encoding.encode(pair)).collect();
    pairs.join(" ").into_bytes()
}

/// The longest row of letters and digits, or its end.
fn core(form: &[u8]) -> &[u8] {
    let rows = form.split(|byte| !byte.is_ascii_alphanumeric());
    let row = rows.max_by_key(|row| row.len()).unwrap_or_default();
    &row[row.len().saturating_sub(LONGEST_CORE)..]
}

/// The letters of base64 that `text` alone decides where it begins `offset` bytes behind a group.
fn determined(text: &[u8], offset: usize, encoding: &data_encoding::Encoding) -> Vec<u8> {
    let mut whole = Buffer::default();
    whole.push(&[0; 3][..offset]);
    whole.push(text);
    let whole = whole.into_secret();
    let encoded = SecretBytes::from(encoding.encode(whole.expose()));
    encoded.expose()[(offset * 8).div_ceil(6)..whole.len() * 8 / 6].to_vec()
}
