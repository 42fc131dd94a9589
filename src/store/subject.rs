//! The first line of a commit's message, as a vault's settings want it: for hooks that look at messages.

use serde::{Deserialize, Serialize};

/// Most characters of a template.
const MAX: usize = 100;
/// What stands for authy's own line, and for the same with a small first letter.
const PLACES: [&str; 2] = ["{}", "{lower}"];

/// A text with `{}`, or `{lower}`, where authy's own line goes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub(crate) struct SubjectTemplate(String);

impl SubjectTemplate {
    /// Parses it; `None` where there is not exactly one of the two, or a control character, or more than
    /// 100 characters.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let places: usize = PLACES.iter().map(|place| text.matches(place).count()).sum();
        let fits =
            places == 1 && text.chars().count() <= MAX && !text.chars().any(char::is_control);
        fits.then(|| Self(text.to_owned()))
    }

    /// Whether it is authy's own line and nothing else.
    pub(crate) fn is_plain(&self) -> bool {
        self.0 == PLACES[0]
    }

    /// The message with its first line as it is to be.
    pub(crate) fn apply(&self, message: &str) -> String {
        let (first, rest) = message.split_at(message.find('\n').unwrap_or(message.len()));
        if self.0.contains(PLACES[0]) {
            return self.0.replacen(PLACES[0], first, 1) + rest;
        }
        let mut chars = first.chars();
        let lower: String = chars.next().into_iter().flat_map(char::to_lowercase).collect();
        self.0.replacen(PLACES[1], &(lower + chars.as_str()), 1) + rest
    }
}

impl TryFrom<String> for SubjectTemplate {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::parse(&text).ok_or("a subject has '{}' or '{lower}' once, and at most 100 characters")
    }
}

impl From<SubjectTemplate> for String {
    fn from(template: SubjectTemplate) -> Self {
        template.0
    }
}

impl std::fmt::Display for SubjectTemplate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::SubjectTemplate;

    #[test]
    fn the_first_line_alone_is_changed() {
        let of = |template: &str, message: &str| {
            SubjectTemplate::parse(template).unwrap().apply(message)
        };
        let message = "Rotate db-url (v2)\n\nWith what was not committed before:\n- Store x (v1)\n";
        assert!(
            of("chore(vault): {lower}", message)
                .starts_with("chore(vault): rotate db-url (v2)\n\nWith")
        );
        assert_eq!(of("[vault] {} #12", "Store {lower} (v1)"), "[vault] Store {lower} (v1) #12");
        for bad in ["", "chore", "{} {}", "{} {lower}", "a\n{}", &format!("{}{{}}", "x".repeat(99))]
        {
            assert_eq!(SubjectTemplate::parse(bad), None, "{bad}");
        }
    }
}
