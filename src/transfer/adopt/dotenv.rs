//! `.env` files and `.envrc`: a line goes and leaves its name in a comment; direnv's runs authy.

use super::{Candidate, Choice, Choose, DOTS, Odd, is_reference};
use crate::transfer::dotenv::entries;

pub(super) fn dotenv(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    edit(text, choose, |name, secret| format!("# {name} is in authy: {secret}"))
}

/// The shell reads it: only what it takes as it stands is moved.
pub(super) fn envrc(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    let mut out = String::with_capacity(text.len());
    for whole in text.split_inclusive('\n') {
        let bare = whole.trim_end_matches(['\n', '\r']);
        let line = match export(bare) {
            Some((name, value)) if !is_reference(&value) => {
                let candidate = Candidate {
                    variable: Some(name.to_owned()),
                    ..Candidate::new(&[name], &value)
                };
                match choose(candidate) {
                    Choice::Keep => bare.to_owned(),
                    Choice::Mask => format!("export {name}={DOTS}"),
                    Choice::Refer { secret, .. } => {
                        format!("export {name}=\"$(authy get {secret})\"")
                    }
                }
            }
            _ => bare.to_owned(),
        };
        out.push_str(&line);
        out.push_str(&whole[bare.len()..]);
    }
    Ok(out)
}

/// The name and the value of `export NAME=VALUE`, where the shell does nothing to the value.
fn export(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.trim().strip_prefix("export ")?.trim_start().split_once('=')?;
    let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    let value = match value.as_bytes() {
        [b'\'', .., b'\''] => value[1..value.len() - 1].to_owned(),
        [b'"', .., b'"'] => value[1..value.len() - 1].to_owned(),
        _ => value.to_owned(),
    };
    let is_plain = |c: char| !c.is_whitespace() && !"'\"\\$`;&|<>(){}*?[]#!~".contains(c);
    (is_name && !name.is_empty() && value.chars().all(is_plain)).then_some((name, value))
}

fn edit(
    text: &str,
    choose: &mut Choose<'_>,
    write: impl Fn(&str, &str) -> String,
) -> Result<String, Odd> {
    let odd = |_| Odd("it is no .env file that all its programs read alike");
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for (place, found) in entries(text).map_err(odd)? {
        let Some(value) = found.value.as_ref().ok().and_then(|value| value.expose_str()) else {
            continue;
        };
        if is_reference(value) {
            continue;
        }
        let candidate = Candidate {
            variable: Some(found.name.clone()),
            by_hand: found.doubt.map(|_| "programs that read such a file differ about it"),
            ..Candidate::new(&[&found.name], value)
        };
        let line = match choose(candidate) {
            Choice::Keep => continue,
            Choice::Mask => format!("{}={DOTS}", found.name),
            Choice::Refer { secret, .. } => write(&found.name, &secret),
        };
        out.push_str(&text[copied..place.start]);
        out.push_str(&line);
        let lines = &text[place.clone()];
        out.push_str(&lines[lines.trim_end_matches(['\n', '\r']).len()..]);
        copied = place.end;
    }
    out.push_str(&text[copied..]);
    Ok(out)
}
