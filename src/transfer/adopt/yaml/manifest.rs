//! Manifests of Kubernetes.

use serde_yaml::Value;

use super::{BY_HAND, Step, documents, replaced};
use crate::transfer::adopt::{Candidate, Choice, Choose, DOTS, Odd, is_reference};

/// A manifest of Kubernetes: what a `Secret` has in `stringData` becomes a template for `authy resolve`.
pub(in crate::transfer::adopt) fn manifest(
    text: &str,
    choose: &mut Choose<'_>,
) -> Result<String, Odd> {
    let mut out = text.to_owned();
    for (document, root) in documents(text)?.iter().enumerate() {
        if root.get("kind").and_then(Value::as_str) != Some("Secret") {
            continue;
        }
        let name = root
            .get("metadata")
            .and_then(|meta| meta.get("name"))
            .and_then(Value::as_str)
            .unwrap_or("secret");
        for (section, is_encoded) in [("stringData", false), ("data", true)] {
            for (key, value) in root.get(section).and_then(Value::as_mapping).into_iter().flatten()
            {
                let (Some(key), Some(value)) = (key.as_str(), value.as_str()) else { continue };
                if is_reference(value) {
                    continue;
                }
                let path =
                    vec![Step::At(document), Step::Key(section.into()), Step::Key(key.into())];
                let by_hand = match is_encoded {
                    true => Some(
                        "it is base64: move it to stringData, or make the manifest with 'authy export --format k8s'",
                    ),
                    // 'authy resolve' puts the value in as it is.
                    false
                        if !value
                            .bytes()
                            .all(|b| b.is_ascii_alphanumeric() || b"_./+=-".contains(&b)) =>
                    {
                        Some("there are characters in it that mean something in YAML")
                    }
                    false => replaced(&out, &path, value, DOTS).is_none().then_some(BY_HAND),
                };
                let decoded = data_encoding::BASE64.decode(value.as_bytes()).ok();
                let decoded =
                    decoded.and_then(|bytes| String::from_utf8(bytes).ok()).filter(|_| is_encoded);
                let candidate = Candidate {
                    longer: format!("{name}-{key}"),
                    is_sure: true,
                    by_hand,
                    ..Candidate::new(&[name, section, key], decoded.as_deref().unwrap_or(value))
                };
                let new = match choose(candidate) {
                    Choice::Keep => continue,
                    Choice::Mask => DOTS.to_owned(),
                    Choice::Refer { secret, .. } => format!("<authy:{secret}>"),
                };
                out = replaced(&out, &path, value, &new).unwrap_or(out);
            }
        }
    }
    Ok(out)
}
