//! YAML. No editor of it keeps everything, so the text of a value is looked for and replaced, and what
//! comes out is parsed again: but for that one value it has to say the same.

use serde::Deserialize as _;
use serde_yaml::Value;

use super::{Candidate, Choice, Choose, DOTS, Odd, depth, is_reference, service};

const ODD: Odd = Odd("it is not the YAML that its program reads");
const BY_HAND: &str = "it is written in a way that authy does not edit";

/// A way to a value: keys, and places in lists.
type Path = Vec<Step>;

#[derive(Debug, Clone, PartialEq, Eq)]
enum Step {
    Key(String),
    At(usize),
}

/// A compose file: variables of services, and what images are built with.
pub(super) fn compose(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    let mut found = Vec::new();
    for (document, root) in documents(text)?.iter().enumerate() {
        let Some(services) = root.get("services").and_then(Value::as_mapping) else { continue };
        for (service, body) in services {
            let Some(service) = service.as_str() else { continue };
            let place = |keys: &[&str]| -> Path {
                let above = [Step::At(document), Step::Key("services".into())];
                let keys = [&[service], keys].concat();
                above.into_iter().chain(keys.into_iter().map(|key| Step::Key(key.into()))).collect()
            };
            variables(body.get("environment"), &place(&["environment"]), service, &mut found);
            let args = body.get("build").and_then(|build| build.get("args"));
            variables(args, &place(&["build", "args"]), service, &mut found);
        }
    }
    let mut out = text.to_owned();
    for Variable { path, before, name, value, service } in found {
        // Compose reads `$$` as a dollar, and `$x` as a variable.
        let meant = value.replace("$$", "");
        let by_hand = meant.contains('$').then_some(
            "its program reads the '$' in it as a variable: store the value that is meant",
        );
        let candidate = |by_hand| Candidate {
            longer: format!("{service}-{name}"),
            variable: Some(name.clone()),
            by_hand,
            ..Candidate::new(&["services", &service, &name], &value.replace("$$", "$"))
        };
        let old = format!("{before}{value}");
        let editable = by_hand.or_else(|| {
            replaced(&out, &path, &old, &format!("{before}{DOTS}")).is_none().then_some(BY_HAND)
        });
        let new = match choose(candidate(editable)) {
            Choice::Keep => continue,
            Choice::Mask => format!("{before}{DOTS}"),
            Choice::Refer { variable, .. } => format!("{before}${{{variable}:?}}"),
        };
        out = replaced(&out, &path, &old, &new).unwrap_or(out);
    }
    Ok(out)
}

struct Variable {
    path: Path,
    /// What stands before the value in its text: `NAME=` in a list.
    before: String,
    name: String,
    value: String,
    service: String,
}

fn variables(list: Option<&Value>, path: &[Step], service: &str, found: &mut Vec<Variable>) {
    let mut add = |step: Step, before: &str, name: &str, value: &str| {
        if !is_reference(value) {
            let path = [path, &[step]].concat();
            let (before, name, value) = (before.to_owned(), name.to_owned(), value.to_owned());
            found.push(Variable { path, before, name, value, service: service.to_owned() });
        }
    };
    match list {
        Some(Value::Mapping(map)) => {
            for (name, value) in map {
                if let (Some(name), Some(value)) = (name.as_str(), value.as_str()) {
                    add(Step::Key(name.to_owned()), "", name, value);
                }
            }
        }
        Some(Value::Sequence(all)) => {
            for (at, one) in all.iter().enumerate() {
                if let Some((name, value)) = one.as_str().and_then(|text| text.split_once('=')) {
                    add(Step::At(at), &format!("{name}="), name, value);
                }
            }
        }
        _ => {}
    }
}

/// A manifest of Kubernetes: what a `Secret` has in `stringData` becomes a template for `authy resolve`.
pub(super) fn manifest(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
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

/// `hosts.yml` of gh: `GH_TOKEN` is read instead.
pub(super) fn gh(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
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
            service: service(&format!("https://{host}")),
            user: body.get("user").and_then(Value::as_str).and_then(super::user),
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

/// Settings are not deeper or larger than this: each value is looked for by reading all of it again.
const DEEPEST: usize = 64;
const LARGEST: usize = 256 << 10;

fn documents(text: &str) -> Result<Vec<Value>, Odd> {
    if text.len() > LARGEST || depth(text) > DEEPEST {
        return Err(Odd("it is larger or deeper than such files are"));
    }
    serde_yaml::Deserializer::from_str(text)
        .map(Value::deserialize)
        .collect::<Result<_, _>>()
        .map_err(|_| ODD)
}

/// The text with `new` in the place of the value `old` that `path` leads to; `None` where that cannot be
/// done without changing anything else.
fn replaced(text: &str, path: &[Step], old: &str, new: &str) -> Option<String> {
    let before = documents(text).ok()?;
    let mut wanted = Value::Sequence(before);
    *at(&mut wanted, path)? = Value::from(new);
    let written = [
        serde_json::Value::from(old).to_string(),
        format!("'{}'", old.replace('\'', "''")),
        old.to_owned(),
    ];
    for (form, quote) in written.iter().zip(["\"", "'", ""]) {
        for (place, _) in text.match_indices(form.as_str()) {
            // In a flow mapping braces want quotation marks.
            for quote in [quote, "\""] {
                let (start, end) = (&text[..place], &text[place + form.len()..]);
                let whole = format!("{start}{quote}{new}{quote}{end}");
                if documents(&whole).is_ok_and(|after| Value::Sequence(after) == wanted) {
                    return Some(whole);
                }
            }
        }
    }
    None
}

fn at<'v>(value: &'v mut Value, path: &[Step]) -> Option<&'v mut Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get_mut(key.as_str()),
        Step::At(at) => value.get_mut(*at),
    })
}
