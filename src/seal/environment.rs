//! The variables by which programs find the proxy and trust it.

use std::borrow::Cow;
use std::ffi::OsString;

use super::Files;
use super::upstream::UpstreamProxies;

/// Variables to set, or to take away.
pub(super) type Changes = Vec<(Cow<'static, str>, Option<OsString>)>;

/// By which programs find a proxy.
const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/// By which they go around it.
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// What changes in a program's environment; `address` is the proxy's, credential included.
pub(super) fn changes(
    address: &str,
    files: &Files,
    upstream: &UpstreamProxies,
    hosts: &[&str],
    configured: usize,
) -> Changes {
    let mut changes: Vec<(&'static str, Option<OsString>)> =
        PROXIES.into_iter().map(|name| (name, Some(OsString::from(address)))).collect();
    let kept = upstream.harmless(hosts);
    let kept = (!kept.is_empty()).then(|| OsString::from(kept));
    changes.extend(EXCEPTIONS.into_iter().map(|name| (name, kept.clone())));
    // Node heeds these variables only where it is told to.
    changes.push(("NODE_USE_ENV_PROXY", Some("1".into())));
    changes.extend(files.iter().map(|(name, path)| (*name, Some(path.clone().into_os_string()))));
    let mut changes: Changes =
        changes.into_iter().map(|(name, value)| (Cow::Borrowed(name), value)).collect();
    // Some agents take this variable away, others set a configuration of their own: one of the
    // two ways is left.
    if let Some((_, path)) = files.iter().find(|(name, _)| *name == "GIT_SSL_CAINFO") {
        let of = |what: &str| Cow::Owned(format!("GIT_CONFIG_{what}_{configured}"));
        changes.push((of("KEY"), Some("http.sslCAInfo".into())));
        changes.push((of("VALUE"), Some(path.clone().into_os_string())));
        let count = (configured + 1).to_string();
        changes.push((Cow::Borrowed("GIT_CONFIG_COUNT"), Some(count.into())));
    }
    changes
}

/// How many entries of git's configuration an environment holds (git-config(1)).
pub(super) fn configured(inherited: &[(OsString, OsString)]) -> usize {
    let count = inherited.iter().find(|(name, _)| name == "GIT_CONFIG_COUNT");
    count.and_then(|(_, count)| count.to_str()?.parse().ok()).unwrap_or(0)
}
