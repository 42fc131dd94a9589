//! One `[[sealed]]` rule, compiled.

use super::error::SealRefused;
use super::host::HostPattern;
use super::path;
use super::{Injection, Refusal, Target};
use crate::access::error::AccessError;
use crate::access::pattern::Pattern;
use crate::name::{Address, SecretName, printable};
use crate::store::SealedRule;

/// Longest beginning of a placeholder in bytes.
const MAX_PREFIX: usize = 32;

/// A compiled rule.
#[derive(Debug, Clone)]
pub(crate) struct SealRule {
    secrets: Vec<Pattern>,
    hosts: Vec<HostPattern>,
    methods: Option<Vec<String>>,
    paths: Option<Vec<Pattern>>,
    header: Option<SetHeader>,
    places: Vec<Injection>,
    prefix: Option<String>,
    is_plain: bool,
    loopback_plain: bool,
}

/// A header that is set whatever the program sends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum SetHeader {
    /// `Authorization: Bearer VALUE` (RFC 6750).
    Bearer,
    /// `Authorization: Basic …` of this user and the value (RFC 7617).
    Basic(String),
    /// This header, with the value alone.
    Named(String),
}

impl SealRule {
    /// Compiles `document`.
    ///
    /// # Errors
    /// `Sealed` for what cannot be meant, `Pattern` for a pattern that does not compile.
    pub(crate) fn compile(document: &SealedRule) -> Result<Self, AccessError> {
        let bad = |what: &str, why: &str| SealRefused::Rule {
            rule: printable(&document.secrets.join(",")),
            why: format!("{}: {why}", printable(what)),
        };
        if document.secrets.is_empty() || document.hosts.is_empty() {
            return Err(bad("it", "a rule names secrets and hosts").into());
        }
        let host = |text: &String| HostPattern::parse(text).map_err(|why| bad(text, why));
        let place = |text: &String| match text.as_str() {
            "query" => Ok(Injection::Query),
            "path" => Ok(Injection::Path),
            "body" => Ok(Injection::Body),
            _ => {
                Err(bad(text, "'in' is 'query', 'path' or 'body'; headers are always looked into"))
            }
        };
        let methods = document.methods.as_deref().map(|methods| {
            let method = |text: &String| match is_token(text) {
                true => Ok(text.to_ascii_uppercase()),
                false => Err(bad(text, "no method")),
            };
            methods.iter().map(method).collect::<Result<Vec<_>, _>>()
        });
        let prefix = document.placeholder.clone();
        if let Some(text) = prefix.as_ref().filter(|text| !is_prefix(text)) {
            let why = "a placeholder begins with letters, digits, '-', '_', at most 32";
            return Err(bad(text, why).into());
        }
        let header = document.header.as_deref();
        let header = header.map(|text| SetHeader::parse(text).map_err(|why| bad(text, why)));
        Ok(Self {
            secrets: Pattern::names(&document.secrets)?,
            hosts: document.hosts.iter().map(host).collect::<Result<_, _>>()?,
            methods: methods.transpose()?,
            paths: document.paths.as_deref().map(Pattern::all).transpose()?,
            header: header.transpose()?,
            places: document.places.iter().map(place).collect::<Result<_, _>>()?,
            prefix,
            is_plain: document.plain,
            loopback_plain: document.loopback_plain,
        })
    }

    /// Whether it is about this secret.
    pub(crate) fn names(&self, name: &SecretName) -> bool {
        self.secrets.iter().any(|pattern| pattern.matches(name.as_str()))
    }

    /// Whether a `run` that was not asked to seal hands out what it is about.
    pub(crate) fn is_plain(&self) -> bool {
        self.is_plain
    }

    pub(super) fn binds(&self, address: &Address) -> bool {
        self.hosts.iter().any(|host| host.matches(address))
    }

    pub(super) fn hosts(&self) -> impl Iterator<Item = &str> {
        self.hosts.iter().map(HostPattern::text)
    }

    pub(super) fn header(&self) -> Option<&SetHeader> {
        self.header.as_ref()
    }

    pub(super) fn prefix(&self) -> Option<&str> {
        self.prefix.as_deref()
    }

    /// Whether a value may be put in.
    ///
    /// # Errors
    /// The first thing that does not fit.
    pub(crate) fn judge(&self, target: &Target<'_>, place: Injection) -> Result<(), Refusal> {
        let mut hosts = self.hosts.iter().filter(|host| host.matches(target.address)).peekable();
        hosts.peek().ok_or(Refusal::Host)?;
        let fits = |is: bool, refusal: Refusal| if is { Ok(()) } else { Err(refusal) };
        let may_be_plain = |host: &HostPattern| self.loopback_plain && host.is_port_here();
        fits(!target.is_plain || hosts.any(may_be_plain), Refusal::Plain)?;
        let is_method = |list: &Vec<String>| list.iter().any(|method| method == target.method);
        fits(self.methods.as_ref().is_none_or(is_method), Refusal::Method)?;
        let is_path = |patterns: &Vec<Pattern>| {
            path::normal(target.path)
                .is_some_and(|path| patterns.iter().any(|pattern| pattern.matches(&path)))
        };
        fits(self.paths.as_ref().is_none_or(is_path), Refusal::Path)?;
        fits(place == Injection::Header || self.places.contains(&place), Refusal::Injection)
    }
}

impl SetHeader {
    /// The header's name, in small letters.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::Bearer | Self::Basic(_) => "authorization",
            Self::Named(name) => name,
        }
    }

    fn parse(text: &str) -> Result<Self, &'static str> {
        match text.split_once(':') {
            None if text == "bearer" => Ok(Self::Bearer),
            Some(("basic", user)) if !user.contains([':', '\r', '\n', '\0']) => {
                Ok(Self::Basic(user.to_owned()))
            }
            Some(("header", name)) if is_token(name) && !is_reserved(name) => {
                Ok(Self::Named(name.to_ascii_lowercase()))
            }
            Some(("header", name)) if is_token(name) => Err("this header is not for values"),
            _ => Err("'as' is 'bearer', 'basic:USER' or 'header:NAME'"),
        }
    }
}

/// A token of HTTP (RFC 9110, 5.6.2).
fn is_token(text: &str) -> bool {
    !text.is_empty()
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b))
}

/// Headers that say how a message is to be read, or where it goes.
fn is_reserved(name: &str) -> bool {
    const RESERVED: [&str; 10] = [
        "connection",
        "content-length",
        "expect",
        "host",
        "keep-alive",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
        "content-encoding",
    ];
    RESERVED.contains(&name.to_ascii_lowercase().as_str())
        || name.to_ascii_lowercase().starts_with("proxy-")
}

fn is_prefix(text: &str) -> bool {
    text.len() <= MAX_PREFIX
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}
