//! `.env` files and `.envrc`: a line goes and leaves its name in a comment; direnv's runs authy.

use super::{Candidate, Choice, Choose, DOTS, NO_VARIABLE, Odd, TWICE, is_reference, is_variable};
use crate::transfer::dotenv::entries;

pub(super) fn dotenv(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    edit(text, choose, |name, secret| format!("# {name} is in authy: {secret}"))
}

/// The shell reads it: only what it takes as it stands is moved.
pub(super) fn envrc(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    if text.contains("<<") {
        return Err(Odd("it has a text of several lines for the shell"));
    }
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
            Some(_) => bare.to_owned(),
            None => {
                if let Some((name, value)) = odd_export(bare) {
                    let by_hand = Some("the shell does something to it");
                    choose(Candidate { by_hand, ..Candidate::new(&[name], value) });
                }
                bare.to_owned()
            }
        };
        out.push_str(&line);
        out.push_str(&whole[bare.len()..]);
    }
    Ok(out)
}

/// The name and the value of `export NAME=VALUE`, where the shell does nothing to the value.
fn export(line: &str) -> Option<(&str, String)> {
    let (name, value) = line.trim().strip_prefix("export ")?.trim_start().split_once('=')?;
    let (value, is_quoted) = match value.as_bytes() {
        [b'\'', .., b'\''] | [b'"', .., b'"'] if value.len() > 1 => {
            (&value[1..value.len() - 1], true)
        }
        _ => (value, false),
    };
    let special = if is_quoted { "'\"\\$`!" } else { "'\"\\$`;&|<>(){}*?[]#!~ \t" };
    let is_plain = value.chars().all(|c| !c.is_control() && !special.contains(c));
    (is_variable(name) && is_plain).then(|| (name, value.to_owned()))
}

/// The name and the text of an assignment that is not read here.
fn odd_export(line: &str) -> Option<(&str, &str)> {
    let (name, value) = line.trim().trim_start_matches("export ").split_once('=')?;
    let is_other = is_reference(value.trim_matches(['"', '\'']));
    (is_variable(name) && !is_other).then_some((name, value))
}

fn edit(
    text: &str,
    choose: &mut Choose<'_>,
    write: impl Fn(&str, &str) -> String,
) -> Result<String, Odd> {
    let odd = |_| Odd("it is no .env file that all its programs read alike");
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    if text.replace("\r\n", "\n").contains('\r') {
        return Err(Odd("its lines end in different ways"));
    }
    let all = entries(text).map_err(odd)?;
    let is_twice = |name: &str| all.iter().filter(|(_, one)| one.name == name).count() > 1;
    for (place, found) in &all {
        let Some(value) = found.value.as_ref().ok().and_then(|value| value.expose_str()) else {
            continue;
        };
        if is_reference(value) {
            continue;
        }
        let candidate = Candidate {
            variable: Some(found.name.clone()),
            by_hand: match found.doubt {
                Some(_) => Some("programs that read such a file differ about it"),
                None if value.contains('$') => Some("programs differ about the '$' in it"),
                None if !is_variable(&found.name) => Some(NO_VARIABLE),
                None => is_twice(&found.name).then_some(TWICE),
            },
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
