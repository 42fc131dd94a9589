//! Whom to trust: the system's roots and the user's, and the same with ours for programs.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use data_encoding::BASE64;
use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;

use super::Files;
use super::error::SealError;
use super::folder::Folder;

/// Variables that name roots which take the place of a program's own.
const REPLACING: [&str; 11] = [
    "SSL_CERT_FILE",
    "CURL_CA_BUNDLE",
    "REQUESTS_CA_BUNDLE",
    "PIP_CERT",
    "GIT_SSL_CAINFO",
    "CARGO_HTTP_CAINFO",
    "AWS_CA_BUNDLE",
    "NIX_SSL_CERT_FILE",
    "HTTPLIB2_CA_CERTS",
    "CLOUDSDK_CORE_CUSTOM_CA_CERTS_FILE",
    "GRPC_DEFAULT_SSL_ROOTS_FILE_PATH",
];
/// Variables that name roots which are added to a program's own.
const ADDING: [&str; 2] = ["NODE_EXTRA_CA_CERTS", "DENO_CERT"];
/// Those that take the place of what a program's own files name: set only where the user set them.
const OVERRIDING: [&str; 3] = ["NPM_CONFIG_CAFILE", "npm_config_cafile", "YARN_HTTPS_CA_FILE_PATH"];
/// Characters of a line of PEM (RFC 7468).
const COLUMNS: usize = 64;

/// The texts of files with roots, and which variables name each.
pub(super) struct Bundles(Vec<(String, Vec<&'static str>)>);

/// Reads the roots of the system and of the user; `ours` is added to what programs get.
pub(super) fn load(inherited: &[(OsString, OsString)], ours: &str) -> (RootCertStore, Bundles) {
    let of_user = |variable: &str| {
        let set = inherited.iter().find(|(name, _)| name == variable);
        set.map(|(_, value)| PathBuf::from(value)).filter(|path| !path.as_os_str().is_empty())
    };
    // This heeds SSL_CERT_FILE and SSL_CERT_DIR.
    let system = rustls_native_certs::load_native_certs().certs;
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(system.iter().cloned());
    let mut texts: BTreeMap<String, Vec<&'static str>> = BTreeMap::new();
    let overriding = OVERRIDING.into_iter().filter(|name| of_user(name).is_some());
    let replacing = REPLACING.into_iter().chain(overriding).map(|name| (name, true));
    for (variable, replaces) in replacing.chain(ADDING.map(|name| (name, false))) {
        let own = of_user(variable).filter(|_| variable != "SSL_CERT_FILE");
        let own = own.map(|path| certificates(&path)).unwrap_or_default();
        roots.add_parsable_certificates(own.iter().cloned());
        let is_own = !own.is_empty() || !replaces;
        let text = pem(if is_own { &own } else { &system }) + ours;
        texts.entry(text).or_default().push(variable);
    }
    (roots, Bundles(texts.into_iter().collect()))
}

impl Bundles {
    /// Writes each text into a file.
    ///
    /// # Errors
    /// [`SealError::Files`].
    pub(super) fn write(self, folder: &Folder) -> Result<Files, SealError> {
        let mut files = Vec::new();
        for (at, (text, variables)) in self.0.into_iter().enumerate() {
            let path = folder.write(at, text.as_bytes())?;
            files.extend(variables.into_iter().map(|variable| (variable, path.clone())));
        }
        Ok(files)
    }
}

/// What of a file can be read: a bad one would keep the program from its hosts as well.
fn certificates(path: &Path) -> Vec<CertificateDer<'static>> {
    let all = CertificateDer::pem_file_iter(path);
    all.map(|all| all.filter_map(Result::ok).collect()).unwrap_or_default()
}

fn pem(certificates: &[CertificateDer<'_>]) -> String {
    let mut text = String::new();
    for certificate in certificates {
        let body = BASE64.encode(certificate);
        text.push_str("-----BEGIN CERTIFICATE-----\n");
        for line in body.as_bytes().chunks(COLUMNS) {
            text.extend(line.iter().map(|&b| char::from(b)));
            text.push('\n');
        }
        text.push_str("-----END CERTIFICATE-----\n");
    }
    text
}
