//! Hosts and their ports, in one spelling each.

use std::fmt;
use std::net::{IpAddr, Ipv6Addr};
use std::str::FromStr;

/// Longest name of a host in bytes (RFC 1035, 2.3.4).
const MAX_HOST: usize = 253;
/// Longest label in bytes.
const MAX_LABEL: usize = 63;

/// A host: an IP address, or a name in small letters without a dot at its end.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Host(String);

impl Host {
    /// Takes a host as an address or a `Host` header has it; IPv6 with or without brackets.
    /// `None` where it is none. Names in other letters than ASCII are written as `xn--…`.
    pub fn parse(text: &str) -> Option<Self> {
        let inner = text.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
        if let Some(inner) = inner {
            return inner.parse::<Ipv6Addr>().ok().map(|ip| Self(ip.to_string()));
        }
        if let Ok(ip) = text.parse::<IpAddr>() {
            return Some(Self(ip.to_string()));
        }
        let name = text.strip_suffix('.').unwrap_or(text);
        let label = |label: &str| {
            (1..=MAX_LABEL).contains(&label.len())
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
        };
        (name.len() <= MAX_HOST && name.split('.').all(label))
            .then(|| Self(name.to_ascii_lowercase()))
    }

    /// The host; an IPv6 address without brackets.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address, where it is one.
    pub fn ip(&self) -> Option<IpAddr> {
        self.0.parse().ok()
    }

    /// Whether it is this machine, whatever a resolver says.
    pub fn is_loopback(&self) -> bool {
        self.0 == "localhost" || self.ip().is_some_and(|ip| ip.is_loopback())
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.contains(':') {
            true => write!(f, "[{}]", self.0),
            false => f.write_str(&self.0),
        }
    }
}

/// A host and a port.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    /// The host.
    pub host: Host,
    /// The port.
    pub port: u16,
}

impl Address {
    /// Takes `host`, `host:port` or `[ipv6]:port`; `None` where it is neither.
    pub fn parse(text: &str, default_port: u16) -> Option<Self> {
        let (host, port) = split_port(text)?;
        let port = port.unwrap_or(default_port);
        (port != 0).then_some(Self { host: Host::parse(host)?, port })
    }
}

/// Cuts a port off; `None` where it is no number of 16 bits.
pub(crate) fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    let is_bare_ipv6 = !text.starts_with('[') && text.matches(':').count() > 1;
    match text.rsplit_once(':') {
        Some((host, port)) if !is_bare_ipv6 && !text.ends_with(']') => {
            let is_number = !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
            Some((host, Some(port.parse().ok().filter(|_| is_number)?)))
        }
        _ => Some((text, None)),
    }
}

impl FromStr for Address {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text, 443).ok_or("expected HOST or HOST:PORT")
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.port {
            443 => write!(f, "{}", self.host),
            port => write!(f, "{}:{port}", self.host),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Address, Host};

    #[test]
    fn a_host_has_one_spelling() {
        for (given, host) in [
            ("API.GitHub.com", "api.github.com"),
            ("api.github.com.", "api.github.com"),
            ("[::1]", "::1"),
            ("::0001", "::1"),
            ("127.0.0.1", "127.0.0.1"),
            ("xn--bcher-kva.example", "xn--bcher-kva.example"),
            ("_dmarc.example", "_dmarc.example"),
        ] {
            assert_eq!(Host::parse(given).unwrap().as_str(), host, "{given}");
        }
        for bad in
            ["", ".", "a..b", "-a", "a-", "a b", "b\u{fc}cher", "a/b", "a@b", "[::1", "a\n", "*"]
        {
            assert_eq!(Host::parse(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn an_address_has_its_port() {
        for (given, host, port) in [
            ("a.b", "a.b", 443),
            ("a.b:8443", "a.b", 8443),
            ("[::1]:80", "::1", 80),
            ("[::1]", "::1", 443),
            ("::1", "::1", 443),
        ] {
            let address = Address::parse(given, 443).unwrap();
            assert_eq!((address.host.as_str(), address.port), (host, port), "{given}");
        }
        for bad in ["a:", "a:0", "a:65536", "a:+1", "a:b", ":1", "[::1]:", "user@a:1"] {
            assert_eq!(Address::parse(bad, 443), None, "{bad:?}");
        }
        assert_eq!(Address::parse("::1", 8443).unwrap().to_string(), "[::1]:8443");
    }

    #[test]
    fn this_machine_is_known_by_its_own_names() {
        for (host, is) in [
            ("localhost", true),
            ("127.9.9.9", true),
            ("::1", true),
            ("127.1", false),
            ("localhost.example", false),
        ] {
            assert_eq!(Host::parse(host).unwrap().is_loopback(), is, "{host}");
        }
    }

    proptest! {
        #[test]
        fn what_is_parsed_parses_again(text in "[A-Za-z0-9.:\\[\\]_-]{0,20}") {
            if let Some(host) = Host::parse(&text) {
                prop_assert_eq!(Host::parse(&host.to_string()), Some(host.clone()));
                prop_assert_eq!(Host::parse(host.as_str()), Some(host));
            }
            if let Some(address) = Address::parse(&text, 443) {
                prop_assert_eq!(Address::parse(&address.to_string(), 443), Some(address));
            }
        }
    }
}
