//! Files of lines: `.npmrc`, `.netrc`, `.git-credentials`, `.pypirc`, `.envrc`. No crate keeps their
//! comments and blanks, so lines that are not understood are passed on as they are.

use percent_encoding::percent_decode_str;

use super::{Candidate, Choice, Choose, DOTS, Odd, TWICE, is_reference, services, user};

/// Why an entry stays in which the user name is the secret: names are kept in plaintext.
const SECRET_USER: &str =
    "the user name is the secret there: store it with 'authy store NAME --for URL --bearer'";

/// Whether the user name is what is secret, as some forges had it.
fn is_secret_user(name: &str, password: &str) -> bool {
    name == password || ["x-oauth-basic", "x-token-auth"].contains(&password) || name.len() > 38
}

/// Goes through lines with their ends; each becomes what `line` says, or nothing.
fn each(text: &str, mut line: impl FnMut(&str) -> Option<String>) -> String {
    text.split_inclusive('\n')
        .filter_map(|whole| {
            let bare = whole.trim_end_matches(['\n', '\r']);
            Some(line(bare)? + &whole[bare.len()..])
        })
        .collect()
}

/// `.npmrc`: npm expands `${NAME}`.
pub(super) fn npmrc(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    Ok(each(text, |line| {
        let whole = Some(line.to_owned());
        let Some((key, value)) = line.split_once('=') else { return whole };
        let (name, bare) = (key.trim(), value.trim().trim_matches('"'));
        let (registry, setting) = name.rsplit_once(':').unwrap_or(("", name));
        if !["_authToken", "_auth", "_password"].contains(&setting) || is_reference(bare) {
            return whole;
        }
        let host = registry.trim_start_matches('/').trim_end_matches('/');
        let first = host.split('/').next().unwrap_or_default();
        let candidate = Candidate {
            name: if first.is_empty() { "npm-token".into() } else { format!("npm/{first}") },
            longer: format!("npm/{host}{setting}"),
            is_sure: true,
            // npm's ini ends a value there, and reads other quotation marks too.
            by_hand: bare
                .contains([';', '#', '\'', '\\'])
                .then_some("it is written in a way that npm reads in its own"),
            services: services(&format!("https://{host}")),
            ..Candidate::new(&[name], bare)
        };
        match choose(candidate) {
            Choice::Keep => whole,
            Choice::Mask => Some(format!("{key}={DOTS}")),
            Choice::Refer { variable, .. } => Some(format!("{key}=${{{variable}}}")),
        }
    }))
}

/// `.git-credentials`: a line is an address with a user name and a password, and goes.
pub(super) fn git_credentials(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    let mut seen = std::collections::BTreeSet::new();
    Ok(each(text, |line| {
        let whole = Some(line.to_owned());
        let Some((scheme, rest)) = line.trim().split_once("://") else { return whole };
        let Some((login, host)) = rest.rsplit_once('@') else { return whole };
        let Some((name, password)) = login.split_once(':') else { return whole };
        let decoded =
            |text| percent_decode_str(text).decode_utf8().map(std::borrow::Cow::into_owned);
        let (Ok(name), Ok(password)) = (decoded(name), decoded(password)) else { return whole };
        let first = host.split('/').next().unwrap_or_default();
        let url = format!("{scheme}://{host}");
        let candidate = Candidate {
            name: format!("git/{first}"),
            longer: format!("git/{first}-{name}"),
            is_sure: true,
            by_hand: match services(&url).first() {
                None => Some("its address is none that authy sends a secret to"),
                Some(_) if is_secret_user(&name, &password) => Some(SECRET_USER),
                Some(_) => (!seen.insert((url.clone(), name.clone()))).then_some(TWICE),
            },
            services: services(&url),
            user: user(&name),
            ..Candidate::new(&[&url], &password)
        };
        match choose(candidate) {
            Choice::Keep => whole,
            Choice::Mask => Some(format!("{scheme}://{name}:{DOTS}@{host}")),
            Choice::Refer { .. } => None,
        }
    }))
}

/// `.pypirc`: the password of an index goes; `TWINE_PASSWORD` or the keyring gives it.
pub(super) fn pypirc(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    let sections = sections(text);
    let mut at = 0;
    let mut number = 0;
    Ok(each(text, |line| {
        number += 1;
        if sections.get(at + 1).is_some_and(|next| next.line < number) {
            at += 1;
        }
        let whole = Some(line.to_owned());
        let Some((key, value)) = setting(line) else { return whole };
        if key != "password" || is_reference(value) {
            return whole;
        }
        let section = sections.get(at);
        let get = |key: &str| section.and_then(|section| section.get(key));
        let name = section.map_or("pypi", |section| section.name);
        let usual = match name {
            "testpypi" => "https://test.pypi.org/legacy",
            _ => "https://upload.pypi.org/legacy",
        };
        let candidate = Candidate {
            name: format!("pypi/{name}"),
            longer: format!("pypi/{name}-password"),
            is_sure: true,
            services: services(get("repository").unwrap_or(usual).trim_end_matches('/')),
            user: get("username").and_then(user),
            // ConfigParser undoes them.
            by_hand: value
                .contains("%%")
                .then_some("it is written with '%%', which its program reads as '%'"),
            ..Candidate::new(&[name, key], value)
        };
        match choose(candidate) {
            Choice::Keep => whole,
            Choice::Mask => Some(line.replace(value, DOTS)),
            Choice::Refer { .. } => None,
        }
    }))
}

/// A part of an INI file.
pub(super) struct Section<'t> {
    pub(super) name: &'t str,
    /// The number of its heading's line, counted from 1.
    pub(super) line: usize,
    settings: Vec<(&'t str, &'t str)>,
}

impl<'t> Section<'t> {
    pub(super) fn get(&self, key: &str) -> Option<&'t str> {
        self.settings.iter().find(|(name, _)| *name == key).map(|(_, value)| *value)
    }
}

/// The parts of an INI file; the first is what stands before any heading.
pub(super) fn sections(text: &str) -> Vec<Section<'_>> {
    let mut all = vec![Section { name: "", line: 0, settings: Vec::new() }];
    for (at, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if let Some(name) = trimmed.strip_prefix('[').and_then(|rest| rest.split(']').next()) {
            all.push(Section { name: name.trim(), line: at + 1, settings: Vec::new() });
        } else if let (Some(setting), Some(section)) = (setting(line), all.last_mut()) {
            section.settings.push(setting);
        }
    }
    all
}

/// A line `key = value` or `key: value`, which begins at its margin.
pub(super) fn setting(line: &str) -> Option<(&str, &str)> {
    if line.starts_with(['#', ';', ' ', '\t', '[']) {
        return None;
    }
    let (key, value) = line.split_once(['=', ':'])?;
    Some((key.trim(), value.trim())).filter(|(key, value)| !key.is_empty() && !value.is_empty())
}

/// `.netrc`: the entry of a machine goes, as everybody reads it as it is. From a macro on nothing is
/// touched.
pub(super) fn netrc(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    let end = text.find("macdef").unwrap_or(text.len());
    let mut out = String::with_capacity(text.len());
    let mut entry: Option<(usize, Entry<'_>)> = None;
    let mut copied = 0;
    let mut finish =
        |entry: Option<(usize, Entry<'_>)>, until: usize, out: &mut String, copied: &mut usize| {
            let Some((start, entry)) = entry else { return };
            let Some(candidate) = entry.candidate() else { return };
            match choose(candidate) {
                Choice::Keep => {}
                Choice::Mask => {
                    let at = entry.password_at;
                    out.push_str(&text[*copied..at]);
                    out.push_str(DOTS);
                    *copied = at + entry.password.len();
                }
                Choice::Refer { .. } => {
                    out.push_str(&text[*copied..start]);
                    *copied = until;
                }
            }
        };
    let mut words = words(&text[..end]);
    while let Some((at, word)) = words.next() {
        match (word, &mut entry) {
            ("machine" | "default", _) => {
                finish(entry.take(), at, &mut out, &mut copied);
                let machine =
                    if word == "machine" { words.next().map(|(_, host)| host) } else { None };
                entry = Some((at, Entry { machine, ..Entry::default() }));
            }
            ("login", Some((_, entry))) => entry.login = words.next().map(|(_, name)| name),
            ("password", Some((_, entry))) => {
                (entry.password_at, entry.password) = words.next().unwrap_or_default();
            }
            ("account", Some(_)) => drop(words.next()),
            _ => {}
        }
    }
    finish(entry, end, &mut out, &mut copied);
    if text[end..].contains("password") {
        let by_hand = Some("it stands in a macro, or behind one");
        choose(Candidate { is_sure: true, by_hand, ..Candidate::new(&["macdef"], "?") });
    }
    out.push_str(&text[copied..]);
    Ok(out)
}

#[derive(Default)]
struct Entry<'t> {
    machine: Option<&'t str>,
    login: Option<&'t str>,
    password: &'t str,
    password_at: usize,
}

impl Entry<'_> {
    fn candidate(&self) -> Option<Candidate> {
        if self.password.is_empty() || is_reference(self.password) {
            return None;
        }
        let Some(machine) = self.machine else {
            let by_hand = Some("it is for every machine that has no entry of its own");
            let candidate = Candidate::new(&["default"], self.password);
            return Some(Candidate { is_sure: true, by_hand, ..candidate });
        };
        let login = self.login.unwrap_or_default();
        let by_hand = match self.password.starts_with('"') {
            true => Some("it is written in quotation marks, which programs read differently"),
            false => is_secret_user(login, self.password).then_some(SECRET_USER),
        };
        Some(Candidate {
            name: format!("netrc/{machine}"),
            longer: format!("netrc/{machine}-{login}"),
            is_sure: true,
            by_hand,
            services: services(&format!("https://{machine}")),
            user: self.login.and_then(user),
            ..Candidate::new(&["machine", machine], self.password)
        })
    }
}

/// Words, and where each begins; a `#` at the beginning of a word ends its line.
fn words(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        loop {
            at += text[at..].find(|c: char| !c.is_whitespace())?;
            if !text[at..].starts_with('#') {
                break;
            }
            at += text[at..].find('\n')?;
        }
        let length = text[at..].find(char::is_whitespace).unwrap_or(text.len() - at);
        let word = (at, &text[at..at + length]);
        at += length;
        Some(word)
    })
}
