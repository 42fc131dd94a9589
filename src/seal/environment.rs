//! The variables by which programs find the proxy and trust it.

use std::ffi::OsString;

use super::Files;
use super::surroundings::Surroundings;

/// Variables to set, or to take away.
pub(super) type Changes = Vec<(&'static str, Option<OsString>)>;

/// By which programs find a proxy.
const PROXIES: [&str; 6] =
    ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"];
/// By which they go around it.
const EXCEPTIONS: [&str; 2] = ["NO_PROXY", "no_proxy"];

/// What changes in a program's environment; `address` is the proxy's, credential included.
pub(super) fn changes(
    address: &str,
    files: &Files,
    (surroundings, hosts): (&Surroundings, &[&str]),
) -> Changes {
    let mut changes: Changes =
        PROXIES.into_iter().map(|name| (name, Some(OsString::from(address)))).collect();
    let kept = surroundings.harmless(hosts);
    let kept = (!kept.is_empty()).then(|| OsString::from(kept));
    changes.extend(EXCEPTIONS.into_iter().map(|name| (name, kept.clone())));
    // Node heeds these variables only where it is told to.
    changes.push(("NODE_USE_ENV_PROXY", Some("1".into())));
    changes.extend(files.iter().map(|(name, path)| (*name, Some(path.clone().into_os_string()))));
    changes
}
