//! Lines of a file as they may be shown: names of settings, and what authy itself wrote; of all else
//! nothing is known, and it may be a value.

use super::adopt::AdoptValue;
use crate::transfer::{DOTS, SCHEMES};

/// Words that authy writes into files.
const WORDS: [&str; 18] = [
    "authy",
    "run",
    "--uppercase",
    "--only",
    "--",
    "helper",
    "aws",
    "export",
    "is",
    "in",
    "get",
    "#",
    // Of a kubeconfig.
    "-",
    "exec",
    "kubectl",
    "client.authentication.k8s.io/v1",
    "IfAvailable",
    "true",
];
/// What is shown for the rest.
const MORE: &str = "…";

/// The words that authy writes into a file.
pub(super) struct Ours {
    words: Vec<String>,
    references: Vec<String>,
}

impl Ours {
    pub(super) fn of(values: &[AdoptValue]) -> Self {
        let mut words: Vec<String> = WORDS.iter().map(|word| (*word).to_owned()).collect();
        let mut references = vec![DOTS.to_owned()];
        for AdoptValue { name, variable, .. } in values {
            words.extend([name.to_string(), variable.clone()]);
            words.extend(variable.strip_prefix("TF_VAR_").map(str::to_owned));
            references.extend([
                format!("${{{variable}}}"),
                format!("${{{variable}:?}}"),
                format!("${{env:{variable}}}"),
                format!("{{env:{variable}}}"),
                format!("${{{{ secrets.{variable} }}}}"),
                format!("$(authy get {name})"),
                format!("<authy:{name}>"),
            ]);
        }
        Self { words, references }
    }

    /// Whether a text is a reference, alone or behind what may stand before it.
    fn has_written(&self, text: &str) -> bool {
        let is_before = |before: &str| {
            let is_flag = before.ends_with('=')
                && before[..before.len() - 1]
                    .chars()
                    .all(|c| c.is_ascii_alphanumeric() || "-_".contains(c));
            before.is_empty() || SCHEMES.contains(&before) || is_flag
        };
        self.words.iter().any(|word| word == text)
            || self
                .references
                .iter()
                .any(|one| text.strip_suffix(one.as_str()).is_some_and(is_before))
    }

    /// The line with dots for all that is neither a name nor written by authy.
    pub(super) fn shown(&self, line: &str) -> String {
        let mut out = String::new();
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            if let Some(reference) =
                self.references.iter().find(|one| rest.starts_with(one.as_str()))
            {
                out.push_str(reference);
                rest = &rest[reference.len()..];
                continue;
            }
            let (token, after) = match first {
                '"' | '\'' | '`' => quoted(rest, first),
                _ if is_bare(first) => {
                    rest.split_at(rest.find(|c| !is_bare(c)).unwrap_or(rest.len()))
                }
                _ => {
                    out.push(first);
                    rest = &rest[first.len_utf8()..];
                    continue;
                }
            };
            let inside = token.trim_matches(['"', '\'', '`']);
            let is_name = after.trim_start().starts_with([':', '='])
                && !after.trim_start().starts_with("://");
            if is_name || self.has_written(inside) {
                out.push_str(token);
            } else if token.len() == inside.len() {
                out.push_str(MORE);
            } else {
                out.extend([first.to_string().as_str(), MORE, first.to_string().as_str()]);
            }
            rest = after;
        }
        while out.contains("……") {
            out = out.replace("……", MORE);
        }
        out
    }
}

/// A text in quotation marks, or the rest of the line where none ends it, and what follows.
fn quoted(rest: &str, mark: char) -> (&str, &str) {
    let mut is_escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        if is_escaped {
            is_escaped = false;
        } else if c == '\\' && mark == '"' {
            is_escaped = true;
        } else if c == mark {
            return rest.split_at(at + c.len_utf8());
        }
    }
    (rest, "")
}

/// Whether a letter is part of a word without quotation marks.
fn is_bare(c: char) -> bool {
    !c.is_whitespace() && !"\"'`{}[](),:=;".contains(c)
}

#[cfg(test)]
mod tests {
    use super::{AdoptValue, Ours};

    #[test]
    fn only_names_and_own_words_are_shown() {
        let value = AdoptValue {
            place: "x".into(),
            name: "a-key".parse().unwrap(),
            variable: "A_KEY".into(),
            is_mapped: false,
        };
        let ours = Ours::of(&[value]);
        for (line, shown) in [
            (
                "  \"env\": {\"A_KEY\": \"${A_KEY}\", \"LOG\": \"debug\"},",
                "  \"env\": {\"A_KEY\": \"${A_KEY}\", \"LOG\": \"…\"},",
            ),
            (
                "{\"url\": \"https://h/?k=ZQ\", \"Authorization\": \"Bearer ••••••••\"}",
                "{\"url\": \"…\", \"Authorization\": \"Bearer ••••••••\"}",
            ),
            ("\"X\": \"pre-${A_KEY}-ZQ\"", "\"X\": \"…\""),
            (
                "\"args\": [\"--key=${A_KEY}\", \"ZQ\\\"x\"]",
                "\"args\": [\"--key=${A_KEY}\", \"…\"]",
            ),
            ("A_KEY=••••••••", "A_KEY=••••••••"),
            ("# A_KEY is in authy: a-key", "# A_KEY is in authy: a-key"),
            ("      A_KEY: ${A_KEY:?}   # ZQ why", "      A_KEY: ${A_KEY:?}   # … …"),
            ("export A_KEY=\"$(authy get a-key)\"", "export A_KEY=\"$(authy get a-key)\""),
            ("https://ann:••••••••@git.test", "…://ann:••••••••…"),
            ("env_vars = [\"A_KEY\"] ZQ", "env_vars = [\"A_KEY\"] …"),
        ] {
            assert_eq!(ours.shown(line), shown);
        }
    }
}
