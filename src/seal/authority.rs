//! The certificate authority of one run. Its key is drawn at the start and is never written.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose, SerialNumber,
};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use time::{Duration, OffsetDateTime};

use super::error::SealError;
use crate::name::Host;

/// How long certificates are valid: longer than any run, shorter than what browsers refuse.
const VALID: Duration = Duration::days(365);
/// Clocks of containers may be a little behind.
const BEFORE: Duration = Duration::hours(1);

/// Vouches for hosts towards the programs of one run.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    /// The key of every certificate.
    key: KeyPair,
    pem: String,
    made: Mutex<HashMap<Host, Arc<ServerConfig>>>,
}

impl Authority {
    /// Draws the keys.
    ///
    /// # Errors
    /// The system gives no random bytes.
    pub(super) fn new() -> Result<Self, SealError> {
        let make = || -> Result<Self, rcgen::Error> {
            let mut params = CertificateParams::default();
            params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
            params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
            params.distinguished_name.push(DnType::CommonName, "authy sealed run");
            valid(&mut params);
            let key = KeyPair::generate()?;
            let pem = params.self_signed(&key)?.pem();
            let issuer = Issuer::new(params, key);
            Ok(Self { issuer, key: KeyPair::generate()?, pem, made: Mutex::default() })
        };
        make().map_err(|error| SealError::Authority(error.to_string()))
    }

    /// Its certificate, which is public.
    pub(super) fn pem(&self) -> &str {
        &self.pem
    }

    /// How to be `host` towards a program.
    ///
    /// # Errors
    /// The certificate cannot be made.
    pub(super) fn server(&self, host: &Host) -> Result<Arc<ServerConfig>, SealError> {
        let mut made = self.made.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(config) = made.get(host) {
            return Ok(Arc::clone(config));
        }
        let config = self.vouch(host).map_err(|error| SealError::Authority(error.clone()))?;
        Ok(Arc::clone(made.entry(host.clone()).or_insert(Arc::new(config))))
    }

    fn vouch(&self, host: &Host) -> Result<ServerConfig, String> {
        let text = |error: rcgen::Error| error.to_string();
        let mut params = CertificateParams::new(vec![host.as_str().to_owned()]).map_err(text)?;
        // Another name than the issuer's, or it would seem to vouch for itself.
        params.distinguished_name.push(DnType::CommonName, "host of an authy sealed run");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        valid(&mut params);
        let certificate = params.signed_by(&self.key, &self.issuer).map_err(text)?;
        let key = PrivateKeyDer::try_from(self.key.serialize_der())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let text = |error: rustls::Error| error.to_string();
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(text)?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)
            .map_err(text)?;
        // What speaks HTTP/2 alone is refused by name, and what can do both steps down.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }
}

fn valid(params: &mut CertificateParams) {
    let now = OffsetDateTime::now_utc();
    params.not_before = now - BEFORE;
    params.not_after = now + VALID;
    // No two certificates of one issuer may have the same number.
    params.serial_number = Some(SerialNumber::from(rand::random::<u64>() >> 1));
}
