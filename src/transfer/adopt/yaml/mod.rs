//! YAML. No editor of it keeps everything, so the text of a value is looked for and replaced, and what
//! comes out is parsed again: but for that one value it has to say the same.

mod compose;
mod gh;
mod kubeconfig;
mod manifest;
mod pipelines;

use std::ops::Range;

use serde::Deserialize as _;
use serde_yaml::Value;

use super::{Odd, depth};

pub(super) use compose::compose;
pub(super) use gh::gh;
pub(super) use kubeconfig::kubeconfig;
pub(super) use manifest::manifest;
pub(super) use pipelines::{github, gitlab};

const ODD: Odd = Odd("it is not the YAML that its program reads");
const BY_HAND: &str = "it is written in a way that authy does not edit";

/// A way to a value: keys, and places in lists.
type Path = Vec<Step>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    At(usize),
}

/// Settings are not deeper or larger than this: each value is looked for by reading all of it again.
const DEEPEST: usize = 64;
const LARGEST: usize = 256 << 10;

fn documents(text: &str) -> Result<Vec<Value>, Odd> {
    if text.len() > LARGEST || depth(text) > DEEPEST {
        return Err(Odd("it is larger or deeper than such files are"));
    }
    serde_yaml::Deserializer::from_str(text)
        .map(Value::deserialize)
        .collect::<Result<_, _>>()
        .map_err(|_| ODD)
}

/// The text with `new` in the place of the value `old` that `path` leads to; `None` where that cannot be
/// done without changing anything else.
fn replaced(text: &str, path: &[Step], old: &str, new: &str) -> Option<String> {
    let before = documents(text).ok()?;
    let mut wanted = Value::Sequence(before);
    *at(&mut wanted, path)? = Value::from(new);
    let written = [
        serde_json::Value::from(old).to_string(),
        format!("'{}'", old.replace('\'', "''")),
        old.to_owned(),
    ];
    for (form, quote) in written.iter().zip(["\"", "'", ""]) {
        for (place, _) in text.match_indices(form.as_str()) {
            // In a flow mapping braces want quotation marks.
            for quote in [quote, "\""] {
                let (start, end) = (&text[..place], &text[place + form.len()..]);
                let whole = format!("{start}{quote}{new}{quote}{end}");
                if documents(&whole).is_ok_and(|after| Value::Sequence(after) == wanted) {
                    return Some(whole);
                }
            }
        }
    }
    None
}

/// Why a number stays.
const NUMBER: &str = "programs read numbers in YAML differently: put it into quotation marks";

/// A value as text, and why that may not be what its program reads.
fn scalar(text: &str, value: &Value) -> Option<(String, Option<&'static str>)> {
    match value {
        Value::Number(number) => Some((number.to_string(), Some(NUMBER))),
        Value::String(value) => {
            let is_quoted =
                || ['"', '\''].iter().any(|mark| text.contains(&format!("{mark}{value}{mark}")));
            Some((value.clone(), (is_like_number(value) && !is_quoted()).then_some(NUMBER)))
        }
        _ => None,
    }
}

/// Whether YAML 1.1 has it for a number, or a time of the day, and YAML 1.2 perhaps not.
fn is_like_number(text: &str) -> bool {
    let bare = text.trim_start_matches(['+', '-']);
    let is_decimal = || bare.chars().all(|c| c.is_ascii_digit() || "_:.eE+-".contains(c));
    let is_based = |start| {
        bare.strip_prefix(start).is_some_and(|rest: &str| {
            !rest.is_empty() && rest.chars().all(|c| c.is_ascii_hexdigit() || c == '_')
        })
    };
    bare.starts_with(|c: char| c.is_ascii_digit() || c == '.') && is_decimal()
        || is_based("0x")
        || is_based("0o")
}

/// The line that a setting takes up, with its end.
fn line_of(text: &str, path: &[Step], old: &str) -> Option<Range<usize>> {
    const MARK: &str = "authy-marks-this-line";
    if text.contains(MARK) {
        return None;
    }
    let marked = replaced(text, path, old, MARK)?;
    let start = marked[..marked.find(MARK)?].rfind('\n').map_or(0, |at| at + 1);
    let end = text[start..].find('\n').map_or(text.len(), |at| start + at + 1);
    Some(start..end)
}

/// The text without the setting that `path` leads to, and without what holds nothing then; `None` where
/// that cannot be done without changing anything else.
fn removed(text: &str, path: &[Step], old: &str) -> Option<String> {
    let line = line_of(text, path, old)?;
    let without = |start: usize| format!("{}{}", &text[..start], &text[line.end..]);
    let (Step::Key(key), above) = path.split_last()? else { return None };
    let mut wanted = Value::Sequence(documents(text).ok()?);
    let map = at(&mut wanted, above)?.as_mapping_mut()?;
    map.remove(key.as_str());
    if !map.is_empty() {
        let whole = without(line.start);
        return (Value::Sequence(documents(&whole).ok()?) == wanted).then_some(whole);
    }
    let (Step::Key(key), above) = above.split_last()? else { return None };
    let around = at(&mut wanted, above)?.as_mapping_mut()?;
    if around.contains_key("<<") {
        // What is merged in would stand there instead.
        return None;
    }
    around.remove(key.as_str());
    let before = &text[..line.start];
    let whole = without(before[..before.len().checked_sub(1)?].rfind('\n').map_or(0, |at| at + 1));
    (Value::Sequence(documents(&whole).ok()?) == wanted).then_some(whole)
}

/// A way further down.
fn below(path: &[Step], keys: &[&str]) -> Path {
    let keys = keys.iter().map(|key| Step::Key((*key).to_owned()));
    path.iter().cloned().chain(keys).collect()
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key.as_str()),
        Step::At(at) => value.get_mut(*at),
    })
}
