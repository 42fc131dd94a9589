//! A Secret for Kubernetes: values of any bytes, in base64.

use data_encoding::BASE64;
use zeroize::Zeroizing;

use crate::inject::buffer::Buffer;
use crate::inject::environment::Environment;
use crate::secret::SecretBytes;

/// Longest name of an object (RFC 1123 subdomain).
const MAX_NAME: usize = 253;

/// Writes a manifest with all of `environment`; `name` is made fit for an object's name.
pub(crate) fn manifest(environment: &Environment, name: &str) -> SecretBytes {
    let mut out = Buffer::default();
    let name = object_name(name);
    out.push(b"apiVersion: v1\nkind: Secret\nmetadata:\n  name: \"");
    out.push(name.as_bytes());
    out.push(b"\"\ntype: Opaque\n");
    out.push(if environment.is_empty() { b"data: {}\n" } else { b"data:\n" });
    for (variable, _, value) in environment.iter() {
        let value = value.expose();
        let mut text = Zeroizing::new(vec![0; BASE64.encode_len(value.len())]);
        BASE64.encode_mut(value, &mut text);
        for part in [b"  \"", variable.as_bytes(), b"\": \"", &text, b"\"\n"] {
            out.push(part);
        }
    }
    out.into_secret()
}

fn object_name(name: &str) -> String {
    let name = name.replace('_', "-");
    let name = name.trim_matches(|c: char| !c.is_ascii_alphanumeric());
    name.chars().take(MAX_NAME).collect()
}
