//! `[[sealed]]` of a policy: secrets that programs use without ever holding them.

use std::fmt;

use super::documents::is_false;
use serde::{Deserialize, Serialize};

/// Secrets, and the hosts towards which alone their values are put in.
///
/// As one line of text: `NAMES=HOSTS`, then `;methods=…`, `;paths=…`, `;as=…`, `;in=…`,
/// `;placeholder=…` as wanted; lists have commas.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SealedRule {
    /// Patterns of names, within what the policy allows.
    pub secrets: Vec<String>,
    /// Hosts: exact, or `*.` for one label; with a port where it is not 443.
    pub hosts: Vec<String>,
    /// Methods of HTTP; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub methods: Option<Vec<String>>,
    /// Patterns of paths, decoded and without dot segments; absent: any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub paths: Option<Vec<String>>,
    /// The header that is set whatever a program sends: `bearer`, `basic:USER`, `header:NAME`.
    #[serde(default, rename = "as", skip_serializing_if = "Option::is_none")]
    pub header: Option<String>,
    /// Where placeholders are replaced besides headers: `query`, `path`, `body`.
    #[serde(default, rename = "in", skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<String>,
    /// What placeholders begin with, for programs that look at the form of a value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub placeholder: Option<String>,
    /// Whether a `run` that was not asked to seal hands the value out all the same.
    #[serde(default, skip_serializing_if = "is_false")]
    pub plain: bool,
    /// Whether the value may go to this machine without TLS: any program that listens there has it.
    #[serde(default, rename = "loopback-plain", skip_serializing_if = "is_false")]
    pub loopback_plain: bool,
}

impl SealedRule {
    /// Reads the one-line form.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        let list = |text: &str| -> Vec<String> {
            text.split(',')
                .map(str::trim)
                .filter(|one| !one.is_empty())
                .map(str::to_owned)
                .collect()
        };
        let mut parts = text.split(';');
        let names_and_hosts = parts.next().unwrap_or_default();
        // Without hosts it means those that the records of the secrets name.
        let (names, hosts) = names_and_hosts.split_once('=').unwrap_or((names_and_hosts, ""));
        if names.trim().is_empty() || names_and_hosts.trim_end().ends_with('=') {
            return Err("a rule names secrets and hosts, as NAMES=HOSTS".to_owned());
        }
        let mut rule = Self { secrets: list(names), hosts: list(hosts), ..Self::default() };
        for part in parts.filter(|part| !part.trim().is_empty()) {
            let (key, value) =
                part.split_once('=').ok_or_else(|| format!("'{part}' has no '='"))?;
            match key.trim() {
                "methods" => rule.methods = Some(list(value)),
                "paths" => rule.paths = Some(list(value)),
                "as" => rule.header = Some(value.trim().to_owned()),
                "in" => rule.places = list(value),
                "placeholder" => rule.placeholder = Some(value.trim().to_owned()),
                "plain" => rule.plain = yes(key, value)?,
                "loopback-plain" => rule.loopback_plain = yes(key, value)?,
                other => return Err(format!("there is no '{other}'")),
            }
        }
        Ok(rule)
    }
}

impl fmt::Display for SealedRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.secrets.join(","), self.hosts.join(","))?;
        let lists = [("methods", self.methods.as_ref()), ("paths", self.paths.as_ref())];
        for (key, list) in lists {
            if let Some(list) = list {
                write!(f, ";{key}={}", list.join(","))?;
            }
        }
        if let Some(header) = &self.header {
            write!(f, ";as={header}")?;
        }
        if !self.places.is_empty() {
            write!(f, ";in={}", self.places.join(","))?;
        }
        if let Some(text) = &self.placeholder {
            write!(f, ";placeholder={text}")?;
        }
        let set = [("plain", self.plain), ("loopback-plain", self.loopback_plain)];
        set.iter().filter(|(_, set)| *set).try_for_each(|(key, _)| write!(f, ";{key}=true"))
    }
}

fn yes(key: &str, value: &str) -> Result<bool, String> {
    value.trim().parse().map_err(|_| format!("'{}' is true or false", key.trim()))
}

#[cfg(test)]
mod tests {
    use super::SealedRule;

    #[test]
    fn a_rule_on_one_line_reads_back() {
        for text in [
            "github-token=api.github.com",
            "a,b-*=*.example.com,localhost:8080;methods=GET,POST;paths=/x/*;as=basic:me;in=query,body;placeholder=ghp_",
            "a=localhost:8080;plain=true;loopback-plain=true",
        ] {
            assert_eq!(SealedRule::parse(text).unwrap().to_string(), text);
        }
        let spaced = SealedRule::parse("a = x.example, y.example ; in = body ;").unwrap();
        assert_eq!(spaced.to_string(), "a=x.example,y.example;in=body");
        for bad in ["", "a=", "=a", "a=b;methods", "a=b;color=red", "a=b;plain=yes"] {
            assert!(SealedRule::parse(bad).is_err(), "{bad}");
        }
    }
}
