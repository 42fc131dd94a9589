//! YAML: a mapping whose keys and texts are all in double quotes, so that neither `no` nor
//! `0123` becomes something else, in 1.1 and 1.2 readers alike.

use super::json::quote;
use super::text;
use crate::inject::buffer::Buffer;
use crate::inject::environment::Environment;
use crate::inject::error::InjectError;

/// Writes all of `environment` as one mapping.
pub(super) fn write(environment: &Environment, out: &mut Buffer) -> Result<(), InjectError> {
    if environment.is_empty() {
        out.push(b"{}\n");
    }
    for (variable, origin, value) in environment.iter() {
        quote(variable, is_break, out);
        out.push(b": ");
        quote(text(origin, value, "yaml")?, is_break, out);
        out.push(b"\n");
    }
    Ok(())
}

/// What YAML 1.1 folds like the end of a line, and the mark that it drops.
const fn is_break(c: char) -> bool {
    matches!(
        c,
        '\u{80}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}'
    )
}
