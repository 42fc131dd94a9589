//! Views in which some characters are written otherwise and the others stand as they are.

use memchr::{memchr, memchr2, memmem};

use super::map::Map;
use super::number::open;
use super::{Node, View, entity, escape, margin, percent};
use crate::inject::mask::Masker;
use crate::inject::mask::finder::Found;
use crate::inject::mask::text::Part;

/// So many bytes without another escape are looked at before a view is given up.
const BLOCK: usize = 256;

/// More colours in a row than so many bytes are no text's.
const SILENT: usize = 2048;

/// What stands at a place that could be an escape.
pub(super) enum Written {
    /// What it says, and how many bytes that takes.
    As(Bytes, usize),
    /// It is no escape.
    Plain,
    /// More is needed to tell.
    Open,
}

/// The few bytes that an escape stands for.
#[derive(Default)]
pub(super) struct Bytes {
    bytes: [u8; 4],
    len: usize,
}

impl Bytes {
    pub(super) fn byte(byte: u8) -> Self {
        Self { bytes: [byte, 0, 0, 0], len: 1 }
    }

    pub(super) fn char(c: char) -> Self {
        let mut bytes = [0; 4];
        let len = c.encode_utf8(&mut bytes).len();
        Self { bytes, len }
    }

    /// So many quotation marks, four at most.
    pub(super) fn quotes(count: usize) -> Self {
        Self { bytes: [b'\''; 4], len: count.min(4) }
    }

    fn get(&self) -> &[u8] {
        &self.bytes[..self.len]
    }

    /// A byte as the character of that number.
    fn into_character(self) -> Self {
        match self.get() {
            [byte] => Self::char(char::from(*byte)),
            _ => self,
        }
    }
}

#[derive(Clone, Copy)]
pub(super) enum Kind {
    /// Backslashes.
    Escape,
    /// The same, where `\xe9` is a character and no byte.
    EscapeCharacters,
    /// Quotation marks within quotation marks of a shell.
    Quotes,
    Percent,
    /// The same, where `%E9` is a character and no byte.
    PercentCharacters,
    /// Percent triplets, and `+` for a space.
    Form,
    Entity,
    /// Colours of a terminal, which say nothing.
    Colour,
    /// Ends of lines, with what is put before the next ones.
    Margin,
    /// Ends of lines that stand for a blank.
    Fold,
}

impl Kind {
    /// Those that matter.
    pub(super) fn all(masker: &Masker) -> impl Iterator<Item = Self> + use<> {
        let always = [Self::Escape, Self::Percent, Self::Entity, Self::Colour];
        let quotes = masker.means.has_quotes.then_some(Self::Quotes);
        let form = masker.means.has_spaces.then_some(Self::Form);
        let margin = masker.means.has_short_lines.then_some(Self::Margin);
        let fold = masker.means.has_long_lines.then_some(Self::Fold);
        let characters = [Self::EscapeCharacters, Self::PercentCharacters];
        let characters = (!masker.means.is_ascii).then_some(characters).into_iter().flatten();
        always.into_iter().chain(quotes).chain(form).chain(margin).chain(fold).chain(characters)
    }

    /// Reads all of `text`; false where nothing in it is written so.
    pub(super) fn read_all(self, text: &[u8], out: &mut Vec<u8>) -> bool {
        let (mut place, mut is_other) = (0, false);
        while let Some(plain) = self.find(&text[place..]) {
            out.extend_from_slice(&text[place..place + plain]);
            place += plain;
            match self.read(&text[place..], true) {
                Written::As(bytes, width) => {
                    out.extend_from_slice(bytes.get());
                    place += width;
                    is_other = true;
                }
                Written::Plain | Written::Open => {
                    out.push(text[place]);
                    place += 1;
                }
            }
        }
        out.extend_from_slice(&text[place..]);
        is_other
    }

    /// Whether something could be written so, and in no other way.
    pub(super) fn is_in(self, text: &[u8]) -> bool {
        let has = |written: &[u8]| memmem::find(text, written).is_some();
        match self {
            // Where all characters are of Latin-1 a value is known in that encoding.
            Self::EscapeCharacters => has(b"\\x") && (has(b"\\u") || has(b"\\U")),
            Self::PercentCharacters => has(b"%u"),
            _ => self.find(text).is_some(),
        }
    }

    /// The first place where an escape could begin.
    pub(super) fn find(self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Escape | Self::EscapeCharacters => memchr(b'\\', text),
            Self::Quotes => memchr(b'\'', text),
            Self::Percent | Self::PercentCharacters => memchr(b'%', text),
            Self::Form => memchr2(b'%', b'+', text),
            Self::Entity => memchr(b'&', text),
            Self::Colour => memchr(0x1b, text),
            Self::Margin | Self::Fold => memchr(b'\n', text),
        }
    }

    fn read(self, text: &[u8], ended: bool) -> Written {
        let written = match self {
            Self::Escape | Self::EscapeCharacters => escape::read(text, ended),
            Self::Quotes => escape::quoted(text, ended),
            Self::Percent | Self::PercentCharacters | Self::Form => percent::read(text, ended),
            Self::Entity => entity::read(text, ended),
            Self::Colour => colour(text, ended),
            Self::Margin => margin::read(text, ended),
            Self::Fold => margin::folded(text, ended),
        };
        let is_character = matches!(self, Self::EscapeCharacters | Self::PercentCharacters);
        match written {
            Written::As(bytes, width) if is_character => Written::As(bytes.into_character(), width),
            written => written,
        }
    }
}

/// Reads a sequence that sets colours, or clears the line as `grep` does with them (ECMA-48, 5.4), or names the
/// set of characters as `tput sgr0` does (ECMA-35, 14.3).
fn colour(text: &[u8], ended: bool) -> Written {
    const LONGEST: usize = 32;
    match text {
        [_] => open(ended),
        [_, b'[', rest @ ..] => {
            let parameters = |byte: &&u8| matches!(**byte, b'0'..=b'?');
            let count = rest.iter().take(LONGEST).take_while(parameters).count();
            match rest.get(count) {
                None => open(ended),
                Some(b'm' | b'K') => Written::As(Bytes::default(), count + 3),
                Some(_) => Written::Plain,
            }
        }
        [_, b'(' | b')'] => open(ended),
        [_, b'(' | b')', b'0'..=b'~', ..] => Written::As(Bytes::default(), 3),
        _ => Written::Plain,
    }
}

/// One such view.
pub(super) struct Inline {
    kind: Kind,
    depth: u8,
    /// Up to where the text was looked at.
    seen: usize,
    is_active: bool,
    is_open: bool,
    /// What it says; made when it is needed.
    node: Option<Box<Node>>,
    map: Map,
    /// Behind the last escape.
    mark: usize,
    found: Vec<Found>,
}

impl Inline {
    /// Those of a text of this depth.
    pub(super) fn all(masker: &Masker, depth: u8) -> impl Iterator<Item = Self> {
        Kind::all(masker).map(move |kind| Self {
            kind,
            depth,
            seen: 0,
            is_active: false,
            is_open: false,
            node: None,
            map: Map::default(),
            mark: 0,
            found: Vec::new(),
        })
    }

    /// Looks for an escape, and begins where a pattern could that goes on with it.
    fn begin(&mut self, text: Part<'_>, masker: &Masker) -> bool {
        loop {
            let rest = text.from(self.seen);
            let Some(at) = self.kind.find(rest) else {
                self.seen = text.end;
                return false;
            };
            self.seen += at;
            if matches!(self.kind.read(&rest[at..], text.ended), Written::Plain) {
                self.seen += 1;
                continue;
            }
            let node = self.node.get_or_insert_with(|| Box::new(Node::new(masker, self.depth + 1)));
            node.restart();
            self.map.clear();
            let before = masker.means.before + masker.means.longest;
            let start = self.seen.saturating_sub(before).max(text.base());
            self.map.plain(node.end(), start);
            node.push(text.between(start, self.seen));
            self.mark = node.end();
            self.is_active = true;
            return true;
        }
    }
}

impl View for Inline {
    fn proceed(&mut self, text: Part<'_>, masker: &Masker, out: &mut Vec<Found>) {
        while self.is_active || self.begin(text, masker) {
            let Some(node) = self.node.as_deref_mut() else { return };
            let mut reader = Reader {
                kind: self.kind,
                seen: self.seen,
                map: &mut self.map,
                node,
                mark: self.mark,
            };
            self.is_open = reader.read(text);
            (self.seen, self.mark) = (reader.seen, reader.mark);
            let is_end = text.ended && self.seen == text.end;
            self.found.clear();
            node.proceed(masker, is_end, &mut self.found);
            out.extend(self.found.iter().map(|one| Found {
                start: self.map.start(one.start),
                end: self.map.end(one.end),
                ..*one
            }));
            let undecided = node.undecided();
            node.forget(masker, undecided);
            self.map.forget(undecided.min(node.finder().text().base()));
            // What is left stands in the text as it stands here. Where escapes are near each other
            // it costs less to go on.
            let far = node.end() - self.mark >= masker.means.before;
            self.is_active = self.is_open || undecided < self.mark || !(far || is_end);
            if self.is_open || self.seen == text.end {
                return;
            }
        }
    }

    fn undecided(&self) -> usize {
        match &self.node {
            Some(node) if self.is_active => {
                let undecided = node.undecided();
                let place =
                    if undecided < node.end() { self.map.start(undecided) } else { self.seen };
                place.min(self.seen)
            }
            _ => usize::MAX,
        }
    }

    fn limit(&self, _text: Part<'_>, masker: &Masker, shown: usize, most: usize) -> usize {
        let Some(node) = self.node.as_ref().filter(|_| self.is_active) else { return usize::MAX };
        let limit = node.limit(masker, 0, most);
        if limit < node.end() { self.map.start(limit).max(shown) } else { usize::MAX }
    }

    fn seen(&self) -> usize {
        self.seen
    }

    fn restart(&mut self, place: usize) {
        self.seen = place;
        self.is_active = false;
        self.is_open = false;
    }
}

/// Reads one block.
struct Reader<'v> {
    kind: Kind,
    seen: usize,
    map: &'v mut Map,
    node: &'v mut Node,
    mark: usize,
}

impl Reader<'_> {
    /// Tells whether it stopped at what needs more to be told.
    fn read(&mut self, text: Part<'_>) -> bool {
        while self.seen < text.end {
            let rest = text.from(self.seen);
            match self.kind.find(&rest[..rest.len().min(BLOCK)]) {
                Some(0) => match self.kind.read(rest, text.ended) {
                    // Whatever stands before so much that says nothing does not wait for what follows.
                    Written::As(bytes, _)
                        if bytes.len == 0 && self.map.silent(self.node.end()) > SILENT =>
                    {
                        self.plain(&rest[..1]);
                    }
                    Written::As(bytes, width) => {
                        self.map.written(self.node.end(), self.seen, width);
                        self.node.push(bytes.get());
                        self.seen += width;
                        self.mark = self.node.end();
                    }
                    Written::Plain => self.plain(&rest[..1]),
                    Written::Open => return true,
                },
                Some(plain) => self.plain(&rest[..plain]),
                None => {
                    self.plain(&rest[..rest.len().min(BLOCK)]);
                    return false;
                }
            }
        }
        false
    }

    fn plain(&mut self, bytes: &[u8]) {
        self.map.plain(self.node.end(), self.seen);
        self.node.push(bytes);
        self.seen += bytes.len();
    }
}
