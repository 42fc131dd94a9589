//! gh, the client of GitHub.

use serde_yaml::Value;

use super::{ODD, documents};
use crate::transfer::adopt::{Candidate, Choice, Choose, DOTS, Odd, services, user};

/// `hosts.yml` of gh: `GH_TOKEN` is read instead.
pub(in crate::transfer::adopt) fn gh(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    let root = documents(text)?.into_iter().next().ok_or(ODD)?;
    let mut out = text.to_owned();
    for (host, body) in root.as_mapping().into_iter().flatten() {
        let (Some(host), Some(token)) =
            (host.as_str(), body.get("oauth_token").and_then(Value::as_str))
        else {
            continue;
        };
        let candidate = Candidate {
            name: format!("gh/{host}"),
            longer: format!("gh/{host}-token"),
            variable: Some(if host == "github.com" {
                "GH_TOKEN".into()
            } else {
                "GH_ENTERPRISE_TOKEN".into()
            }),
            is_sure: true,
            services: services(&format!("https://{host}")),
            user: body.get("user").and_then(Value::as_str).and_then(user),
            ..Candidate::new(&[host, "oauth_token"], token)
        };
        let is_token = |line: &str| {
            let setting = line.trim().strip_prefix("oauth_token:");
            setting.is_some_and(|value| value.trim().trim_matches(['"', '\'']) == token)
        };
        let others = body.get("users").and_then(Value::as_mapping).into_iter().flatten();
        for (name, other) in others {
            let theirs = other.get("oauth_token").and_then(Value::as_str);
            if let (Some(name), Some(theirs)) = (name.as_str(), theirs.filter(|one| *one != token))
            {
                let by_hand =
                    Some("it is another user's at the same host: gh has one variable for it");
                let place = [host, "users", name, "oauth_token"];
                choose(Candidate { is_sure: true, by_hand, ..Candidate::new(&place, theirs) });
            }
        }
        // The same token stands below the user's name, too.
        let lines = out.split_inclusive('\n');
        out = match choose(candidate) {
            Choice::Keep => continue,
            Choice::Mask => {
                let masked = |line: &str| match is_token(line) {
                    true => line.replace(token, DOTS),
                    false => line.to_owned(),
                };
                lines.map(masked).collect()
            }
            Choice::Refer { .. } => lines.filter(|line| !is_token(line)).collect(),
        };
    }
    match documents(&out)?.first().and_then(Value::as_mapping).map(serde_yaml::Mapping::len)
        == root.as_mapping().map(serde_yaml::Mapping::len)
    {
        true => Ok(out),
        false => Err(ODD),
    }
}
