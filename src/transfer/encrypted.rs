//! Values that another tool has encrypted: what would come in is of no use to anybody.

use super::Found;
use super::error::TransferError;

/// A tool that leaves names readable and encrypts values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tool {
    /// <https://dotenvx.com>: `encrypted:` and base64, and the public key as a variable.
    Dotenvx,
    /// <https://getsops.io>: `ENC[AES256_GCM,…]`, and its metadata below `sops`.
    Sops,
}

impl Tool {
    /// Its name.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Dotenvx => "dotenvx",
            Self::Sops => "sops",
        }
    }

    /// What to type instead, for a file of the format `from`.
    pub(super) fn hint(self, from: &str) -> String {
        match self {
            Self::Dotenvx => "dotenvx decrypt --stdout -f FILE | authy import -".to_owned(),
            Self::Sops => format!("sops --decrypt FILE | authy import - --from {from}"),
        }
    }
}

/// Refuses values that are encrypted.
///
/// # Errors
/// [`TransferError::Encrypted`].
pub(super) fn refuse(from: &'static str, found: &[Found]) -> Result<(), TransferError> {
    match found.iter().find_map(|one| Some((tool(one)?, one))) {
        Some((tool, one)) => {
            Err(TransferError::Encrypted { tool, from, name: one.name.clone(), line: one.line })
        }
        None => Ok(()),
    }
}

fn tool(found: &Found) -> Option<Tool> {
    let value = found.value.as_ref().ok()?.expose();
    let is_base64 = |text: &[u8]| {
        let is_digit = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        // An uncompressed point, nonce and tag are 97 bytes without any text.
        text.len() >= 97 && text.iter().all(is_digit)
    };
    if value.strip_prefix(b"encrypted:").is_some_and(is_base64) {
        return Some(Tool::Dotenvx);
    }
    let is_sops = value.starts_with(b"ENC[AES256_GCM,data:") && value.ends_with(b"]");
    is_sops.then_some(Tool::Sops)
}

#[cfg(test)]
mod tests {
    use super::{Tool, tool};
    use crate::secret::SecretBytes;
    use crate::transfer::Found;

    #[test]
    fn ciphertexts_are_told_from_values() {
        let of = |value: &str| tool(&Found::new("A".into(), SecretBytes::new(value.into())));
        let point = format!("encrypted:{}=", "BMo9".repeat(30));
        assert_eq!(of(&point), Some(Tool::Dotenvx));
        let sops = "ENC[AES256_GCM,data:p673w==,iv:YY=,tag:UQ=,type:str]";
        assert_eq!(of(sops), Some(Tool::Sops));
        for value in ["encrypted:", "encrypted:yes", "ENC[x]", "ENC[AES256_GCM,data:", ""] {
            assert_eq!(of(value), None, "{value}");
        }
    }
}
