//! A host of a rule: a name, an address, or any one label before a name.

use crate::name::{Address, Host, split_port};

/// Hosts that a rule names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct HostPattern {
    text: String,
    name: Name,
    port: u16,
    has_port: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Name {
    Exact(Host),
    /// One label, a dot, and this.
    Under(Host),
}

impl HostPattern {
    /// Parses `api.github.com`, `*.example.com`, `localhost:8080`.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn parse(text: &str) -> Result<Self, &'static str> {
        const RULE: &str = "a host is a name or an address, perhaps with '*.' before and ':PORT' after it; letters beyond ASCII are written as 'xn--…'";
        let (host, port) = split_port(text).ok_or(RULE)?;
        if port == Some(0) {
            return Err("there is no port 0");
        }
        let name = match host.strip_prefix("*.") {
            None => Name::Exact(Host::parse(host).ok_or(RULE)?),
            Some(rest) => {
                let rest = Host::parse(rest).ok_or(RULE)?;
                if rest.ip().is_some() || !rest.as_str().contains('.') {
                    return Err(
                        "'*.' stands before a name of two labels or more, as in '*.example.com'",
                    );
                }
                Name::Under(rest)
            }
        };
        let has_port = port.is_some();
        Ok(Self { text: text.to_owned(), name, port: port.unwrap_or(443), has_port })
    }

    /// The host as it is written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it names this address.
    pub(super) fn matches(&self, address: &Address) -> bool {
        let is_named = match &self.name {
            Name::Exact(host) => address.host == *host,
            Name::Under(rest) => address
                .host
                .as_str()
                .split_once('.')
                .is_some_and(|(label, after)| !label.is_empty() && after == rest.as_str()),
        };
        is_named && address.port == self.port
    }

    /// Whether it is a port of this machine, and says which.
    pub(super) fn is_port_here(&self) -> bool {
        matches!(&self.name, Name::Exact(host) if self.has_port && host.is_loopback())
    }
}
