//! Entities of HTML and XML: by number, and those names that writers use.

use super::inline::{Bytes, Written};
use super::number::{joined, open};

/// The longest that is read, with `&` and `;`.
const LONGEST: usize = 12;

/// Names of what is neither letter nor digit in ASCII (HTML, 13.5), and of Latin-1 from 0xa0 on.
const NAMES: [(&str, char); 45] = [
    ("amp", '&'),
    ("AMP", '&'),
    ("lt", '<'),
    ("LT", '<'),
    ("gt", '>'),
    ("GT", '>'),
    ("quot", '"'),
    ("QUOT", '"'),
    ("apos", '\''),
    ("Tab", '\t'),
    ("NewLine", '\n'),
    ("excl", '!'),
    ("num", '#'),
    ("dollar", '$'),
    ("percnt", '%'),
    ("lpar", '('),
    ("rpar", ')'),
    ("ast", '*'),
    ("midast", '*'),
    ("plus", '+'),
    ("comma", ','),
    ("period", '.'),
    ("sol", '/'),
    ("colon", ':'),
    ("semi", ';'),
    ("equals", '='),
    ("quest", '?'),
    ("commat", '@'),
    ("lsqb", '['),
    ("lbrack", '['),
    ("bsol", '\\'),
    ("rsqb", ']'),
    ("rbrack", ']'),
    ("Hat", '^'),
    ("lowbar", '_'),
    ("UnderBar", '_'),
    ("grave", '`'),
    ("lcub", '{'),
    ("lbrace", '{'),
    ("verbar", '|'),
    ("vert", '|'),
    ("VerticalLine", '|'),
    ("rcub", '}'),
    ("rbrace", '}'),
    ("nbsp", '\u{a0}'),
];

/// Those of Latin-1 from 0xa1 on, in order.
const LATIN: &str = "iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr \
    deg plusmn sup2 sup3 acute micro para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest \
    Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml Igrave Iacute Icirc \
    Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute \
    THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml igrave \
    iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc \
    uuml yacute thorn yuml";

/// Reads what `text` begins with: `&`.
pub(super) fn read(text: &[u8], ended: bool) -> Written {
    let (code, width) = match one(text, ended) {
        Ok(one) => one,
        Err(written) => return written,
    };
    if let Some(c) = char::from_u32(code) {
        return Written::As(Bytes::char(c), width);
    }
    // Java writes halves of characters.
    let second = match &text[width..] {
        [] => return open(ended),
        [b'&', ..] => one(&text[width..], ended),
        _ => return Written::Plain,
    };
    match second {
        Ok((second, more)) => {
            joined(code, second).map_or(Written::Plain, |c| Written::As(c, width + more))
        }
        Err(written) => written,
    }
}

/// The number of the character that an entity stands for, and its width.
fn one(text: &[u8], ended: bool) -> Result<(u32, usize), Written> {
    let mut end = 1;
    loop {
        match text.get(end) {
            None => return Err(open(ended)),
            Some(b';') => break,
            Some(b'#') if end == 1 => {}
            Some(byte) if byte.is_ascii_alphanumeric() && end < LONGEST => {}
            Some(_) => return Err(Written::Plain),
        }
        end += 1;
    }
    let name = std::str::from_utf8(&text[1..end]).ok();
    name.and_then(named).map(|code| (code, end + 1)).ok_or(Written::Plain)
}

fn named(name: &str) -> Option<u32> {
    if let Some(number) = name.strip_prefix('#') {
        return match number.strip_prefix(['x', 'X']) {
            Some(hex) => u32::from_str_radix(hex, 16).ok(),
            None => number.parse().ok(),
        };
    }
    let known = NAMES.iter().find(|(known, _)| *known == name).map(|(_, c)| u32::from(*c));
    known.or_else(|| {
        let at = LATIN.split_ascii_whitespace().position(|known| known == name)?;
        Some(0xa1 + at as u32)
    })
}
