//! Docker: credentials of registries, in base64.

use jsonc_parser::cst::CstInputValue;

use super::{Candidate, Choice, Choose, DOTS, Odd, json, services, user};

/// `config.json` of Docker: credentials of registries, in base64.
pub(super) fn docker(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    let root = json::parse(text)?;
    let object = root.object_value().ok_or(json::ODD)?;
    for registry in object.object_value("auths").into_iter().flat_map(|all| all.properties()) {
        let (Some(entry), Some(host)) = (registry.object_value(), registry.decoded_name()) else {
            continue;
        };
        for token in ["identitytoken", "registrytoken"] {
            if let Some(text) = entry.get(token).and_then(|token| json::text_of(&token.value()?)) {
                let by_hand =
                    Some("Docker got it at a login: 'docker login' once more, with the helper");
                let place = ["auths", &host, token];
                choose(Candidate { is_sure: true, by_hand, ..Candidate::new(&place, &text) });
            }
        }
        let Some(auth) = entry.get("auth") else { continue };
        let Some(Ok(text)) =
            auth.value().and_then(|v| v.as_string_lit()).map(|t| t.decoded_value())
        else {
            continue;
        };
        let decoded = data_encoding::BASE64.decode(text.as_bytes()).ok();
        let decoded = decoded.map(zeroize::Zeroizing::new);
        let Some((name, password)) =
            decoded.as_ref().and_then(|d| std::str::from_utf8(d).ok()?.split_once(':'))
        else {
            continue;
        };
        if password.is_empty() {
            continue;
        }
        let host = if host.contains("://") { host } else { format!("https://{host}") };
        let url = host.trim_end_matches('/').trim_end_matches("/v1").to_owned();
        let bare = url
            .split("://")
            .nth(1)
            .unwrap_or_default()
            .split('/')
            .next()
            .unwrap_or_default()
            .to_owned();
        let candidate = Candidate {
            name: format!("docker/{bare}"),
            longer: format!("docker/{bare}-{name}"),
            is_sure: true,
            services: services(&url),
            user: user(name),
            ..Candidate::new(&["auths", &bare, "auth"], password)
        };
        match choose(candidate) {
            Choice::Keep => {}
            Choice::Mask => auth.set_value(CstInputValue::String(DOTS.to_owned())),
            // An empty entry says that the helper has it.
            Choice::Refer { .. } => auth.remove(),
        }
    }
    Ok(root.to_string())
}
