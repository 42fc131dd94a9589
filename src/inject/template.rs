//! Text with the names of secrets in it, filled in with their values.
//!
//! Two spellings, one type: `{db-user}` in the values of `[env]`, with `{{` and `}}` for
//! braces, and `<authy:db-user>` in files of any content, UTF-8 or not. What does not parse
//! is an error with its place; the text itself is never quoted, it may hold secrets too.

use std::collections::BTreeSet;

use super::buffer::Buffer;
use super::error::InjectError;
use crate::name::SecretName;
use crate::secret::SecretBytes;

/// What opens a placeholder in a file.
const OPEN: &[u8] = b"<authy:";
/// Longest text between `<authy:` and `>`: no name is longer.
const LONGEST: usize = 181;

/// A parsed template.
pub(crate) struct Template(Vec<Part>);

enum Part {
    Text(SecretBytes),
    Secret(SecretName),
}

impl Template {
    /// Parses the template that `[env]` gives for `variable`.
    ///
    /// # Errors
    /// [`InjectError::Template`] with the place of a stray brace or a wrong name.
    pub(crate) fn parse(variable: &str, text: &str) -> Result<Self, InjectError> {
        let fail = |rest: &str, problem| InjectError::Template {
            place: format!("the template of '{}'", crate::name::printable(variable)),
            at: text.chars().count() - rest.chars().count() + 1,
            problem,
        };
        let mut parts = Vec::new();
        let mut literal = Buffer::default();
        let mut rest = text;
        while let Some(at) = rest.find(['{', '}']) {
            let (before, brace) = rest.split_at(at);
            literal.push(before.as_bytes());
            if brace.starts_with("{{") || brace.starts_with("}}") {
                literal.push(&brace.as_bytes()[..1]);
                rest = &brace[2..];
                continue;
            }
            let inside = brace.strip_prefix('{').ok_or_else(|| fail(brace, "a '}' without '{'"))?;
            let (name, after) =
                inside.split_once('}').ok_or_else(|| fail(brace, "a '{' without '}'"))?;
            let name = SecretName::parse(name)
                .map_err(|_| fail(brace, "what is in braces is not the name of a secret"))?;
            parts.push(Part::Text(std::mem::take(&mut literal).into_secret()));
            parts.push(Part::Secret(name));
            rest = after;
        }
        literal.push(rest.as_bytes());
        parts.push(Part::Text(literal.into_secret()));
        Ok(Self(parts))
    }

    /// Parses a file with `<authy:NAME>` in it.
    ///
    /// # Errors
    /// [`InjectError::FileTemplate`] with the line of a placeholder that is not closed or
    /// holds no secret's name.
    pub(crate) fn parse_file(content: &[u8]) -> Result<Self, InjectError> {
        let mut parts = Vec::new();
        let mut rest = content;
        while let Some(at) = find(rest, OPEN) {
            let fail = |problem| {
                let consumed = &content[..content.len() - rest.len() + at];
                let line = 1 + consumed.iter().filter(|&&byte| byte == b'\n').count();
                InjectError::FileTemplate { line, problem }
            };
            let inside = &rest[at + OPEN.len()..];
            let end = inside.iter().take(LONGEST).position(|&byte| byte == b'>');
            let end = end.ok_or_else(|| fail("a '<authy:' without '>'"))?;
            let name = std::str::from_utf8(&inside[..end]).ok();
            let name = name.and_then(|name| SecretName::parse(name).ok());
            let name =
                name.ok_or_else(|| fail("what follows '<authy:' is not the name of a secret"))?;
            parts.push(Part::Text(SecretBytes::new(rest[..at].to_vec())));
            parts.push(Part::Secret(name));
            rest = &inside[end + 1..];
        }
        parts.push(Part::Text(SecretBytes::new(rest.to_vec())));
        Ok(Self(parts))
    }

    /// Lists the secrets named, each once, sorted.
    pub(crate) fn names(&self) -> BTreeSet<&SecretName> {
        self.0.iter().filter_map(Part::name).collect()
    }

    /// Fills in what `lookup` gives for each name.
    ///
    /// # Errors
    /// [`InjectError::UnknownNames`] with every name that `lookup` does not know.
    pub(crate) fn render<'v>(
        &self,
        lookup: &dyn Fn(&SecretName) -> Option<&'v SecretBytes>,
    ) -> Result<SecretBytes, InjectError> {
        let unknown: Vec<_> =
            self.names().into_iter().filter(|name| lookup(name).is_none()).cloned().collect();
        if !unknown.is_empty() {
            return Err(InjectError::UnknownNames { names: unknown });
        }
        let mut out = Buffer::default();
        for part in &self.0 {
            match part {
                Part::Text(text) => out.push(text.expose()),
                Part::Secret(name) => {
                    if let Some(value) = lookup(name) {
                        out.push(value.expose());
                    }
                }
            }
        }
        Ok(out.into_secret())
    }
}

impl Part {
    fn name(&self) -> Option<&SecretName> {
        match self {
            Self::Text(_) => None,
            Self::Secret(name) => Some(name),
        }
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    haystack.windows(needle.len()).position(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::Template;
    use crate::inject::error::InjectError;
    use crate::kind::Failure as _;
    use crate::kind::Kind;
    use crate::name::SecretName;
    use crate::secret::SecretBytes;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    fn fill(template: &Template, values: &[(&str, &[u8])]) -> Result<Vec<u8>, InjectError> {
        let values: BTreeMap<_, _> = values
            .iter()
            .map(|(n, v)| (SecretName::parse(n).unwrap(), SecretBytes::new(v.to_vec())))
            .collect();
        template.render(&|name| values.get(name)).map(|filled| filled.expose().to_vec())
    }

    fn variable(text: &str, values: &[(&str, &[u8])]) -> Result<Vec<u8>, InjectError> {
        fill(&Template::parse("URL", text)?, values)
    }

    fn file(content: &[u8], values: &[(&str, &[u8])]) -> Result<Vec<u8>, InjectError> {
        fill(&Template::parse_file(content)?, values)
    }

    #[test]
    fn names_in_braces_become_values() {
        let values: [(&str, &[u8]); 2] = [("db-user", b"app"), ("db/password", b"p{x}\xff")];
        let filled = variable("postgres://{db-user}:{db/password}@{db-user}", &values).unwrap();
        assert_eq!(filled, b"postgres://app:p{x}\xff@app");
        assert_eq!(variable("", &[]).unwrap(), b"");
        assert_eq!(variable("{a}", &[("a", b"")]).unwrap(), b"");
    }

    #[test]
    fn doubled_braces_are_braces() {
        assert_eq!(variable(r#"{{"u":"{a}"}}"#, &[("a", b"x")]).unwrap(), br#"{"u":"x"}"#);
        assert_eq!(variable("{{{a}}}", &[("a", b"x")]).unwrap(), b"{x}");
        assert_eq!(variable("{{a}}", &[]).unwrap(), b"{a}");
    }

    #[test]
    fn a_wrong_template_is_an_error_with_its_place() {
        for (text, at) in [("ä{", 2), ("a}", 2), ("{}", 1), ("{Hunter2}", 1), ("{{{a", 3)] {
            let error = variable(text, &[]).unwrap_err();
            assert_eq!(error.kind(), Kind::Usage);
            let message = error.to_string();
            assert!(message.contains("'URL'"), "{message}");
            assert!(message.ends_with(&format!("at character {at}")), "{text}: {message}");
            assert!(!message.contains("Hunter2"), "{message}");
        }
    }

    #[test]
    fn unknown_names_are_listed_all_at_once() {
        let error = variable("{b} {a} {b} {c}", &[("c", b"x")]).unwrap_err();
        assert_eq!(error.to_string(), "no such secret here: 'a', 'b'");
        assert_eq!(error.kind(), Kind::NotFound);
    }

    #[test]
    fn a_file_keeps_every_other_byte() {
        let content = b"\xff<authy:a>\n<auth> <b> {a} <authy:a><authy:b/c>\r\n\0";
        let filled = file(content, &[("a", b"<authy:b/c>"), ("b/c", b"2")]).unwrap();
        assert_eq!(filled, b"\xff<authy:b/c>\n<auth> <b> {a} <authy:b/c>2\r\n\0");
    }

    #[test]
    fn a_wrong_placeholder_in_a_file_is_an_error_with_its_line() {
        for content in [&b"ok\n<authy:A>"[..], b"\n<authy:a", b"\n<authy:>", b"\n<authy:\xff>"] {
            let error = file(content, &[]).unwrap_err();
            assert_eq!(error.kind(), Kind::Usage);
            assert!(error.to_string().starts_with("line 2: "), "{error}");
        }
        let error = file(&[&b"<authy:"[..], &[b'a'; 1000], b">"].concat(), &[]).unwrap_err();
        assert!(error.to_string().contains("without '>'"), "{error}");
    }

    proptest! {
        #[test]
        fn text_with_its_braces_doubled_comes_back(text: String) {
            let doubled = text.replace('{', "{{").replace('}', "}}");
            prop_assert_eq!(variable(&doubled, &[]).unwrap(), text.into_bytes());
        }

        #[test]
        fn no_text_panics(text in "[{}a<>:]{0,12}|\\PC{0,20}", bytes: Vec<u8>) {
            let _ = variable(&text, &[]);
            let _ = file(text.replace('{', "<authy:").as_bytes(), &[]);
            prop_assert_eq!(file(&bytes, &[]).unwrap(), bytes);
        }
    }
}
