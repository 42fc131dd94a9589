//! Where a secret belongs: the address of a service, and the user name that goes with it.

use std::fmt;
use std::str::FromStr;

use super::host::{Host, split_port};

/// Longest address in bytes, as it is written.
const MAX_URL: usize = 512;
/// Longest user name in bytes.
const MAX_USER: usize = 128;
/// The scheme of an address that is written without one.
const DEFAULT_SCHEME: &str = "https";
/// The scheme of a file of this machine, which has no host.
const FILE: &str = "file";

/// The address of a service: scheme, host, port and the beginning of a path, in one spelling.
///
/// `https://github.com/acme` covers everything below `/acme`, and not `/acme-tools`. The host is in
/// small letters, a port that the scheme has anyway is left out, and so is a `/` at the end. An
/// address without a scheme is one of https.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceUrl {
    scheme: String,
    /// Absent for a file.
    host: Option<Host>,
    port: Option<u16>,
    /// Begins with `/` where it is not empty.
    path: String,
}

impl ServiceUrl {
    /// Takes an address as a program asks for it: any scheme, and a query or fragment that is not
    /// looked at.
    ///
    /// # Errors
    /// What about it is no such address.
    pub fn asked(text: &str) -> Result<Self, &'static str> {
        Self::read(text.split(['?', '#']).next().unwrap_or_default())
    }

    /// Takes an address as people write it, to keep it in a record.
    ///
    /// # Errors
    /// What about it is no such address; `http` to another machine, which anybody on the way reads.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        if text.contains(['?', '#']) {
            return Err("an address ends with its path");
        }
        let url = Self::read(text)?;
        match url.is_private() {
            true => Ok(url),
            false => Err("http is read on the way; write https, or http to this machine alone"),
        }
    }

    fn read(text: &str) -> Result<Self, &'static str> {
        if text.is_empty() || text.len() > MAX_URL {
            return Err("an address has 1 to 512 characters");
        }
        if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
            return Err("an address has no blanks, control characters or '\\'");
        }
        let (scheme, rest) = text.split_once("://").unwrap_or((DEFAULT_SCHEME, text));
        let is_scheme = |b: u8| b.is_ascii_alphanumeric() || b"+-.".contains(&b);
        if !scheme.bytes().all(is_scheme) || !scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        {
            return Err("an address begins with its scheme, as in https://github.com");
        }
        let scheme = scheme.to_ascii_lowercase();
        let (authority, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
        let path = path.trim_end_matches('/').to_owned();
        let inner = path.split('/').skip(1);
        if inner.into_iter().any(|segment| segment.is_empty() || leads_elsewhere(segment)) {
            return Err("a path has no '//', '/./' or '/../'");
        }
        if scheme == FILE {
            return match authority.is_empty() && !path.is_empty() {
                true => Ok(Self { scheme, host: None, port: None, path }),
                false => Err("a file is written file:///PATH"),
            };
        }
        if authority.contains('@') {
            return Err("an address has no user name in it; that is said beside it");
        }
        let (host, port) = split_port(authority).ok_or("a port is a number up to 65535")?;
        let host = Host::parse(host).ok_or("an address has a host, as in https://github.com")?;
        let port = port.filter(|port| Some(*port) != usual_port(&scheme));
        match port {
            Some(0) => Err("a port is a number from 1"),
            port => Ok(Self { scheme, host: Some(host), port, path }),
        }
    }

    /// Whether what is sent there is read by nobody on the way: anything but http to another machine.
    pub fn is_private(&self) -> bool {
        self.scheme != "http" || self.host.as_ref().is_some_and(Host::is_loopback)
    }

    /// Whether a question for `asked` is answered by what belongs here: the same scheme, host and
    /// port, and a path at or below this one. Of several the one with the longest path fits best.
    pub fn covers(&self, asked: &Self) -> bool {
        let below = asked.path.strip_prefix(&self.path);
        self.is_same_place(asked)
            && below.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }

    /// Whether scheme, host and port are the same.
    pub fn is_same_place(&self, other: &Self) -> bool {
        (&self.scheme, &self.host, self.port) == (&other.scheme, &other.host, other.port)
    }

    /// The same without its path: all of the host.
    pub(crate) fn origin(&self) -> Self {
        Self { path: String::new(), ..self.clone() }
    }

    /// The scheme, in small letters.
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The host; `None` for a file.
    pub fn host(&self) -> Option<&Host> {
        self.host.as_ref()
    }

    /// The port, also where it is the one that the scheme has anyway.
    pub fn port(&self) -> Option<u16> {
        self.port.or_else(|| usual_port(&self.scheme))
    }

    /// The path: empty, or with a `/` before it and none behind.
    pub fn path(&self) -> &str {
        &self.path
    }
}

/// Whether a server may read a segment of a path as one of another folder, encoded or not.
fn leads_elsewhere(segment: &str) -> bool {
    let decoded = percent_encoding::percent_decode_str(segment).collect::<Vec<u8>>();
    matches!(decoded.as_slice(), b"." | b"..") || decoded.iter().any(|byte| b"/\\".contains(byte))
}

/// The port of a scheme where none is written.
fn usual_port(scheme: &str) -> Option<u16> {
    Some(match scheme {
        "https" => 443,
        "http" => 80,
        "ssh" => 22,
        _ => return None,
    })
}

impl fmt::Display for ServiceUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://", self.scheme)?;
        self.host.iter().try_for_each(|host| write!(f, "{host}"))?;
        self.port.iter().try_for_each(|port| write!(f, ":{port}"))?;
        f.write_str(&self.path)
    }
}

impl FromStr for ServiceUrl {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

/// A user name that goes with a secret: 1 to 128 bytes, no control characters and no `:`, which ends
/// a name in a `Basic` header (RFC 7617).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServiceUser(String);

impl ServiceUser {
    /// Takes a user name.
    ///
    /// # Errors
    /// What about it is none.
    pub fn parse(text: &str) -> Result<Self, &'static str> {
        let is_fine = |c: char| !c.is_control() && c != ':';
        match (1..=MAX_USER).contains(&text.len()) && text.chars().all(is_fine) {
            true => Ok(Self(text.to_owned())),
            false => Err("a user name has 1 to 128 characters, and no ':' among them"),
        }
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServiceUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for ServiceUser {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

macro_rules! as_text {
    ($name:ident) => {
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = String::deserialize(d)?;
                let read = Self::parse(&text).map_err(serde::de::Error::custom)?;
                // Each has one spelling: whoever looks for an address finds it as text.
                match read.to_string() == text {
                    true => Ok(read),
                    false => Err(serde::de::Error::custom(format!("it is written '{read}'"))),
                }
            }
        }
    };
}

as_text!(ServiceUrl);
as_text!(ServiceUser);

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{ServiceUrl, ServiceUser};

    #[test]
    fn an_address_has_one_spelling() {
        for (given, kept) in [
            ("github.com", "https://github.com"),
            ("HTTPS://GitHub.com:443/", "https://github.com"),
            ("https://github.com/acme/", "https://github.com/acme"),
            ("https://h:8443/a/b", "https://h:8443/a/b"),
            ("ghcr.io/acme", "https://ghcr.io/acme"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://localhost", "http://localhost"),
            ("https://[::1]:8443", "https://[::1]:8443"),
            ("ssh://git.example:22", "ssh://git.example"),
            ("postgres://db.internal:5432/app", "postgres://db.internal:5432/app"),
            ("file:///home/ann/.ssh/id", "file:///home/ann/.ssh/id"),
        ] {
            assert_eq!(ServiceUrl::parse(given).unwrap().to_string(), kept, "{given}");
        }
    }

    #[test]
    fn what_is_no_address_says_why() {
        for bad in [
            "",
            "https://",
            "http://example.com",
            "https://user@example.com",
            "https://a b",
            "https://a/../b",
            "https://a//b",
            "https://a/b/%2e%2E/c",
            "https://a/b%2fc",
            "https://a?x=1",
            "https://a#x",
            "https://a:0",
            "https://a:99999",
            "file://host/x",
            "file://",
            "1ttp://a",
            "https://a\n",
            "https://*.example.com",
        ] {
            assert!(ServiceUrl::parse(bad).is_err(), "{bad:?}");
        }
        assert_eq!(ServiceUrl::asked("https://a/b?x=1#y").unwrap().to_string(), "https://a/b");
        assert!(!ServiceUrl::asked("http://example.com").unwrap().is_private());
    }

    #[test]
    fn an_address_covers_what_lies_below_it() {
        let covers = |kept: &str, asked: &str| {
            ServiceUrl::parse(kept).unwrap().covers(&ServiceUrl::asked(asked).unwrap())
        };
        for (kept, asked, is) in [
            ("https://a", "https://a", true),
            ("https://a", "https://a:443/x/y", true),
            ("https://a/x", "https://a/x/y", true),
            ("https://a/x", "https://a/x", true),
            ("https://a/x", "https://a/xy", false),
            ("https://a/x", "https://a", false),
            ("https://a", "https://a.b", false),
            ("https://b.a", "https://a", false),
            ("https://a", "https://a:8443", false),
            ("https://a", "http://a", false),
            ("http://localhost:1", "http://localhost:1/x", true),
            ("http://localhost:1", "http://127.0.0.1:1", false),
        ] {
            assert_eq!(covers(kept, asked), is, "{kept} {asked}");
        }
    }

    #[test]
    fn a_user_name_fits_into_one_line_of_a_protocol() {
        for good in ["x-access-token", "ann@example.com", "AWS", "__token__", "\u{e4}nn"] {
            assert!(ServiceUser::parse(good).is_ok(), "{good}");
        }
        for bad in ["", "a:b", "a\nb", "a\0", &"x".repeat(129)] {
            assert!(ServiceUser::parse(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn another_spelling_in_a_file_is_refused() {
        for bad in ["\"github.com\"", "\"https://GitHub.com\"", "\"https://a/\"", "\"http://a\""] {
            assert!(serde_json::from_str::<ServiceUrl>(bad).is_err(), "{bad}");
        }
        assert!(serde_json::from_str::<ServiceUrl>("\"https://a/b\"").is_ok());
    }

    proptest! {
        #[test]
        fn what_is_kept_is_read_again(text in "(https|http|ssh|x)?(://)?[A-Za-z0-9.:/\\[\\]-]{0,24}") {
            if let Ok(url) = ServiceUrl::parse(&text) {
                prop_assert_eq!(ServiceUrl::parse(&url.to_string()), Ok(url.clone()));
                prop_assert!(url.covers(&url) && url.is_private());
            }
        }

        #[test]
        fn a_path_is_covered_by_each_of_its_beginnings(
            path in prop::collection::vec("[a-z]{1,3}", 0..4), cut in 0_usize..5,
        ) {
            let url = |path: &[String]| format!("https://h/{}", path.join("/"));
            let above = ServiceUrl::parse(&url(&path[..cut.min(path.len())])).unwrap();
            let whole = ServiceUrl::parse(&url(&path)).unwrap();
            prop_assert!(above.covers(&whole));
            prop_assert_eq!(whole.covers(&above), above == whole);
        }
    }
}
