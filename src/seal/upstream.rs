//! The proxies that the user goes through already: ours goes through them too.

use std::ffi::OsString;
use std::fmt;

use data_encoding::BASE64;
use ipnet::IpNet;
use percent_encoding::percent_decode_str;

use super::error::SealError;
use crate::name::{Address, Host, split_port};
use crate::secret::SecretBytes;

/// The user's own settings.
#[derive(Debug, Clone, Default)]
pub(super) struct UpstreamProxies {
    https: Option<UserProxy>,
    http: Option<UserProxy>,
    direct: Vec<Exception>,
}

/// A proxy of HTTP.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct UserProxy {
    pub(super) address: Address,
    /// Whether it is spoken to over TLS.
    pub(super) is_tls: bool,
    /// What `Proxy-Authorization` says.
    pub(super) credential: Option<SecretBytes>,
}

impl fmt::Debug for UserProxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "UserProxy({})", self.address)
    }
}

/// An entry of `NO_PROXY`.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Exception {
    text: String,
    port: Option<u16>,
    hosts: Hosts,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Hosts {
    All,
    /// This name, and every name under it.
    Under(Host),
    /// The addresses of a network.
    Net(IpNet),
}

impl UpstreamProxies {
    /// Reads `HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY` and `NO_PROXY`, in small letters first.
    ///
    /// # Errors
    /// A proxy of another kind: going around it would not be what the user asked for.
    pub(super) fn find(inherited: &[(OsString, OsString)]) -> Result<Self, SealError> {
        let value = |name: &str| {
            let set = inherited.iter().find(|(other, _)| other == name);
            set.and_then(|(_, value)| value.to_str()).filter(|value| !value.is_empty())
        };
        let first = |names: &[&str]| {
            let found = names.iter().find_map(|name| Some((*name, value(name)?)));
            found.map(|(name, text)| UserProxy::parse(name, text)).transpose()
        };
        let no_proxy = value("no_proxy").or(value("NO_PROXY")).unwrap_or_default();
        Ok(Self {
            https: first(&["https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"])?,
            http: first(&["http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"])?,
            direct: no_proxy.split([',', ' ']).filter_map(Exception::parse).collect(),
        })
    }

    /// The proxy to go through.
    pub(super) fn proxy_for(&self, address: &Address, is_plain: bool) -> Option<&UserProxy> {
        let is_direct = address.host.is_loopback() || self.direct.iter().any(|e| e.names(address));
        let proxy = if is_plain { &self.http } else { &self.https };
        proxy.as_ref().filter(|_| !is_direct)
    }

    /// The entries of `NO_PROXY` that lead around no host of a rule: `hosts` as rules write them.
    pub(super) fn harmless(&self, hosts: &[&str]) -> String {
        let leads_around = |exception: &&Exception| {
            hosts.iter().any(|host| {
                let one = host.replacen("*.", "x.", 1);
                Address::parse(&one, 443).is_none_or(|address| exception.names(&address))
            })
        };
        let kept = self.direct.iter().filter(|exception| !leads_around(exception));
        kept.map(|exception| exception.text.as_str()).collect::<Vec<_>>().join(",")
    }
}

impl UserProxy {
    fn parse(variable: &str, text: &str) -> Result<Self, SealError> {
        let bad = |why| SealError::UserProxy { variable: variable.to_owned(), why };
        let (is_tls, rest) = match text.split_once("://") {
            None => (false, text),
            Some(("http", rest)) => (false, rest),
            Some(("https", rest)) => (true, rest),
            Some(_) => return Err(bad("it is no proxy of HTTP")),
        };
        let rest = rest.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, place) = match rest.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, rest),
        };
        let port = if is_tls { 443 } else { 80 };
        let address = Address::parse(place, port).ok_or_else(|| bad("it is no HOST:PORT"))?;
        let credential = user.map(|user| {
            let decoded = SecretBytes::new(percent_decode_str(user).collect());
            let named = if decoded.expose().contains(&b':') { "" } else { ":" };
            let whole = SecretBytes::new([decoded.expose(), named.as_bytes()].concat());
            SecretBytes::from(format!("Basic {}", BASE64.encode(whole.expose())))
        });
        Ok(Self { address, is_tls, credential })
    }
}

impl Exception {
    fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let (host, port) = split_port(text)?;
        let hosts = if host == "*" {
            Hosts::All
        } else if host.contains('/') {
            Hosts::Net(host.parse().ok()?)
        } else {
            let host =
                Host::parse(host.strip_prefix("*.").or(host.strip_prefix('.')).unwrap_or(host))?;
            host.ip().map_or(Hosts::Under(host), |ip| Hosts::Net(ip.into()))
        };
        Some(Self { text: text.to_owned(), port, hosts })
    }

    fn names(&self, address: &Address) -> bool {
        let name = address.host.as_str();
        let is_host = match &self.hosts {
            Hosts::All => true,
            Hosts::Under(host) => name
                .strip_suffix(host.as_str())
                .is_some_and(|before| before.is_empty() || before.ends_with('.')),
            Hosts::Net(net) => address.host.ip().is_some_and(|ip| net.contains(&ip)),
        };
        is_host && self.port.is_none_or(|port| port == address.port)
    }
}

#[cfg(test)]
mod tests {
    use std::ffi::OsString;

    use super::UpstreamProxies;
    use crate::name::Address;

    fn upstream(variables: &[(&str, &str)]) -> UpstreamProxies {
        let owned = |(name, value): &(&str, &str)| (OsString::from(name), OsString::from(value));
        UpstreamProxies::find(&variables.iter().map(owned).collect::<Vec<_>>()).unwrap()
    }

    fn goes_through(upstream: &UpstreamProxies, host: &str, is_plain: bool) -> Option<String> {
        let address = Address::parse(host, 443).unwrap();
        upstream.proxy_for(&address, is_plain).map(|proxy| proxy.address.to_string())
    }

    #[test]
    fn the_users_proxy_is_kept_and_so_are_its_exceptions() {
        let all = [
            ("HTTPS_PROXY", "http://al%3aice:pw@proxy.corp:3128/"),
            ("http_proxy", "other.corp:8080"),
            ("NO_PROXY", "localhost, .corp,10.0.0.0/8,api.example:8443,192.168.1.1"),
        ];
        let found = upstream(&all);
        assert_eq!(goes_through(&found, "github.com", false).unwrap(), "proxy.corp:3128");
        assert_eq!(goes_through(&found, "github.com:80", true).unwrap(), "other.corp:8080");
        for direct in ["a.corp", "corp", "10.1.2.3", "api.example:8443", "127.0.0.1", "192.168.1.1"]
        {
            assert_eq!(goes_through(&found, direct, false), None, "{direct}");
        }
        for through in ["acorp", "11.1.2.3", "api.example", "192.168.1.2"] {
            assert!(goes_through(&found, through, false).is_some(), "{through}");
        }
        let credential = found.https.as_ref().unwrap().credential.as_ref().unwrap();
        assert_eq!(credential.expose(), b"Basic YWw6aWNlOnB3");
        assert!(!format!("{found:?}").contains("pw"));
    }

    #[test]
    fn a_proxy_of_another_kind_is_not_gone_around() {
        for bad in ["socks5://localhost:1080", "http://:1", "ftp://x"] {
            let variables = vec![(OsString::from("ALL_PROXY"), OsString::from(bad))];
            assert!(UpstreamProxies::find(&variables).is_err(), "{bad}");
        }
    }

    #[test]
    fn no_exception_leads_around_a_rule() {
        let entries = "localhost,.githubusercontent.com,example.org,*,10.0.0.0/8";
        let found = upstream(&[("no_proxy", entries)]);
        let hosts = ["api.github.com", "*.githubusercontent.com", "10.1.1.1:8443"];
        assert_eq!(found.harmless(&hosts), "localhost,example.org");
        assert!(!found.harmless(&["localhost:8080"]).contains("localhost"));
    }
}
