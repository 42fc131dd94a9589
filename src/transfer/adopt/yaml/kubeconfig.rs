//! A kubeconfig: a user's token, or certificate and key, is asked of `authy helper kubectl` from now on.
//! Seen with kubectl 1.32.

use serde_yaml::{Mapping, Value};

use super::{BY_HAND, ODD, Step, at, below, documents, line_of, removed, replaced, scalar};
use crate::name::ServiceUrl;
use crate::transfer::adopt::{Candidate, Choice, Choose, DOTS, Odd, is_reference, services};

const TOKEN: &str = "token";
const KEY: &str = "client-key-data";
const CERTIFICATE: &str = "client-certificate-data";

/// What a user of the file has, and where.
struct Found {
    setting: &'static str,
    /// As it is written, and the certificate beside a key.
    text: String,
    certificate: Option<String>,
    value: String,
    by_hand: Option<&'static str>,
}

pub(in crate::transfer::adopt) fn kubeconfig(
    text: &str,
    choose: &mut Choose<'_>,
) -> Result<String, Odd> {
    let roots = documents(text)?;
    let [root] = roots.as_slice() else { return Err(ODD) };
    let mut out = text.to_owned();
    for (number, entry) in list(root, "users").iter().enumerate() {
        let (Some(name), Some(user)) =
            (entry.get("name").and_then(Value::as_str), entry.get("user"))
        else {
            continue;
        };
        others(name, user, choose);
        let Some(found) = found(text, user) else { continue };
        let users = below(&[Step::At(0)], &["users"]);
        let path = below(&[users, vec![Step::At(number)]].concat(), &["user"]);
        let is_editable = || with_exec(&out, &path, &found, "k8s/a").is_some();
        let candidate = Candidate {
            name: format!("k8s/{name}"),
            longer: format!("k8s/{name}-{}", found.setting),
            is_sure: true,
            services: servers(root, name),
            by_hand: found.by_hand.or_else(|| (!is_editable()).then_some(BY_HAND)),
            ..Candidate::new(&["users", name, found.setting], &found.value)
        };
        let new = match choose(candidate) {
            Choice::Keep => continue,
            Choice::Mask => replaced(&out, &below(&path, &[found.setting]), &found.text, DOTS),
            Choice::Refer { secret, .. } => with_exec(&out, &path, &found, &secret),
        };
        out = new.unwrap_or(out);
    }
    Ok(out)
}

/// Comes across what kubectl has no other way for.
fn others(name: &str, user: &Value, choose: &mut Choose<'_>) {
    let mut stays = |place: &[&str], value: &str, why: &'static str| {
        if !is_reference(value) {
            let is_sure = place.last() == Some(&"password");
            choose(Candidate { is_sure, by_hand: Some(why), ..Candidate::new(place, value) });
        }
    };
    if let Some(password) = user.get("password").and_then(Value::as_str) {
        stays(&["users", name, "password"], password, "Kubernetes takes no passwords since 1.19");
    }
    let provider = user.get("auth-provider").and_then(|one| one.get("config"));
    for (key, value) in provider.and_then(Value::as_mapping).into_iter().flatten() {
        if let (Some(key), Some(value)) = (key.as_str(), value.as_str()) {
            let why = "kubectl renews what its auth-provider keeps there";
            stays(&["users", name, "auth-provider", key], value, why);
        }
    }
    let exec = |key| user.get("exec").and_then(|exec| exec.get(key)).and_then(Value::as_sequence);
    for word in exec("args").into_iter().flatten().filter_map(Value::as_str) {
        stays(&["users", name, "exec", "argument"], word, "it is a word of a program's command");
    }
    for variable in exec("env").into_iter().flatten() {
        let get = |key| variable.get(key).and_then(Value::as_str);
        if let (Some(key), Some(value)) = (get("name"), get("value")) {
            let why = "it is for a program that kubectl starts: start kubectl below 'authy run'";
            stays(&["users", name, "exec", key], value, why);
        }
    }
}

fn found(text: &str, user: &Value) -> Option<Found> {
    let get = |key| user.get(key).and_then(Value::as_str).map(str::to_owned);
    let has = |key: &str| user.get(key).is_some();
    let token = user.get(TOKEN).and_then(|token| scalar(text, token));
    // What is merged in may be another way.
    let is_other = has("<<") || has("exec") || has("auth-provider") || has("tokenFile");
    let both = "there are two ways to log in beside each other: keep the one that counts";
    match (token, get(KEY)) {
        (Some((token, doubt)), key) if !is_reference(&token) => Some(Found {
            setting: TOKEN,
            value: token.clone(),
            text: token,
            certificate: None,
            by_hand: doubt.or((is_other || key.is_some() || has("client-key")).then_some(both)),
        }),
        (None, Some(key)) => {
            let decoded = |text: &str| {
                let text: String = text.split_whitespace().collect();
                let bytes = data_encoding::BASE64.decode(text.as_bytes()).ok()?;
                String::from_utf8(bytes).ok()
            };
            let certificate = get(CERTIFICATE);
            let pem = certificate.as_deref().and_then(decoded).zip(decoded(&key));
            let value = pem.map(|(certificate, key)| format!("{}\n{key}", certificate.trim_end()));
            let by_hand = match (is_other, &value) {
                (true, _) => Some(both),
                (false, None) => Some("its certificate does not stand beside it, in base64"),
                (false, Some(_)) => None,
            };
            let value = value.unwrap_or_else(|| key.clone());
            Some(Found { setting: KEY, text: key, certificate, value, by_hand })
        }
        _ => None,
    }
}

/// The addresses of the clusters that a user is for; of all of them, or none.
fn servers(root: &Value, user: &str) -> Vec<ServiceUrl> {
    let mut all = Vec::new();
    for context in list(root, "contexts") {
        let Some(context) = context.get("context") else { continue };
        if context.get("user").and_then(Value::as_str) != Some(user) {
            continue;
        }
        let named = |one: &&Value| one.get("name") == context.get("cluster");
        let cluster = list(root, "clusters").iter().find(named).and_then(|one| one.get("cluster"));
        let server = cluster.and_then(|one| one.get("server")).and_then(Value::as_str);
        let Some(url) = server.and_then(|server| services(server.trim_end_matches('/')).pop())
        else {
            return Vec::new();
        };
        if !all.contains(&url) {
            all.push(url);
        }
    }
    all
}

fn list<'v>(root: &'v Value, key: &str) -> &'v [Value] {
    root.get(key).and_then(Value::as_sequence).map_or(&[], Vec::as_slice)
}

/// The text with a call of authy in the place of what was found.
fn with_exec(text: &str, path: &[Step], found: &Found, secret: &str) -> Option<String> {
    let text = match &found.certificate {
        Some(old) => removed(text, &below(path, &[CERTIFICATE]), old)?,
        None => text.to_owned(),
    };
    let line = line_of(&text, &below(path, &[found.setting]), &found.text)?;
    let old = &text[line.clone()];
    let bare = old.trim_start_matches(' ');
    if !bare.starts_with(found.setting) {
        return None;
    }
    let indentation = &old[..old.len() - bare.len()];
    let end = if old.ends_with("\r\n") { "\r\n" } else { "\n" };
    let new: String = [
        "exec:",
        "  apiVersion: client.authentication.k8s.io/v1",
        "  command: authy",
        "  args:",
        "  - helper",
        "  - kubectl",
        &format!("  - {secret}"),
        "  interactiveMode: IfAvailable",
        "  provideClusterInfo: true",
    ]
    .iter()
    .map(|line| format!("{indentation}{line}{end}"))
    .collect();
    let whole = format!("{}{new}{}", &text[..line.start], &text[line.end..]);
    let mut wanted = Value::Sequence(documents(&text).ok()?);
    let user = at(&mut wanted, path)?.as_mapping_mut()?;
    user.remove(found.setting);
    user.insert("exec".into(), exec(secret));
    (Value::Sequence(documents(&whole).ok()?) == wanted).then_some(whole)
}

fn exec(secret: &str) -> Value {
    let args = ["helper", "kubectl", secret].map(Value::from).to_vec();
    let settings: [(&str, Value); 5] = [
        ("apiVersion", "client.authentication.k8s.io/v1".into()),
        ("command", "authy".into()),
        ("args", Value::Sequence(args)),
        ("interactiveMode", "IfAvailable".into()),
        ("provideClusterInfo", true.into()),
    ];
    Value::Mapping(
        settings.map(|(key, value)| (key.into(), value)).into_iter().collect::<Mapping>(),
    )
}
