//! Files of other programs in which secrets lie: which values they are, and the file with a reference in
//! the place of each, in the way that its program expands.
//!
//! Every editor goes through its file once and asks about each value what is to become of it, so that
//! looking, showing and changing go the same way. What it does not understand it leaves alone.

mod aws;
mod docker;
mod dotenv;
mod json;
mod kinds;
mod lines;
mod terraform;
mod toml;
mod yaml;

use crate::name::{ServiceUrl, ServiceUser};
use crate::secret::SecretBytes;

pub use kinds::AdoptThen;
#[cfg(any(fuzzing, feature = "workbench"))]
pub(crate) use kinds::editors;
pub(crate) use kinds::{kind_of, usual_places};

/// A value that was come across.
#[derive(Debug)]
pub(crate) struct Candidate {
    /// Where it stands, as words that lead there: `mcpServers github env GITHUB_TOKEN`.
    pub(crate) place: String,
    /// What it is called there.
    pub(crate) name: String,
    /// What it is called with what stands around it, where another has that name.
    pub(crate) longer: String,
    /// The variable that its program reads it from, where no other will do.
    pub(crate) variable: Option<String>,
    /// The value as its program sees it.
    pub(crate) value: SecretBytes,
    /// Whether nothing but secrets stands there.
    pub(crate) is_sure: bool,
    /// The services that it is for, and who one is there.
    pub(crate) services: Vec<ServiceUrl>,
    pub(crate) user: Option<ServiceUser>,
    /// Whether its program gets it by that variable from authy, under no other name.
    pub(crate) is_called_so: bool,
    /// Why it has to be moved by hand.
    pub(crate) by_hand: Option<&'static str>,
}

impl Candidate {
    fn new(place: &[&str], value: &str) -> Self {
        let name = place.last().copied().unwrap_or_default().to_owned();
        Self {
            place: place.join(" "),
            longer: name.clone(),
            name,
            variable: None,
            value: SecretBytes::from(value.to_owned()),
            is_sure: false,
            services: Vec::new(),
            user: None,
            is_called_so: false,
            by_hand: None,
        }
    }
}

/// What is to become of a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Choice {
    /// It stays.
    Keep,
    /// Dots in its place, to be shown.
    Mask,
    /// The secret, and the variable that it will be in.
    Refer { secret: String, variable: String },
}

/// Says what is to become of a value.
pub(crate) type Choose<'c> = dyn FnMut(Candidate) -> Choice + 'c;

/// Why a file is left as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Odd(pub(crate) &'static str);

/// Goes through a file and returns what it becomes.
pub(crate) type EditText = fn(&str, &mut Choose<'_>) -> Result<String, Odd>;

/// Why something that stands in a file more than once stays there.
const TWICE: &str = "its name stands there several times: keep the one that counts";

/// Why something stays whose name no variable can have.
const NO_VARIABLE: &str = "its name is none of a variable";

/// Whether a program can have a variable of this name.
fn is_variable(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// What is shown in the place of a value.
pub(crate) const DOTS: &str = "••••••••";

/// How deep brackets and braces stand in each other; those in texts count too.
fn depth(text: &str) -> usize {
    let mut now = 0_usize;
    text.bytes().fold(0, |deepest, byte| {
        match byte {
            b'[' | b'{' => now += 1,
            b']' | b'}' => now = now.saturating_sub(1),
            _ => {}
        }
        deepest.max(now)
    })
}

/// Whether a text stands for a value that is elsewhere already, or for none.
pub(crate) fn is_reference(text: &str) -> bool {
    let text = text.trim();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_variable = text.strip_prefix('$').is_some_and(|name| name.chars().all(is_word));
    let starts = ["{env:", "{file:", "op://", "vault:", "{{", "ENC[", "encrypted:"];
    let is_between = |start, end| text.len() > 2 && text.starts_with(start) && text.ends_with(end);
    text.is_empty()
        || is_variable
        || text.contains("${")
        || text.contains("$(")
        || is_between('<', '>')
        || is_between('%', '%')
        || starts.iter().any(|start| text.starts_with(start))
}

/// Words in the names of settings that hold secrets.
const WORDS: [&str; 19] = [
    "key",
    "token",
    "secret",
    "authorization",
    "password",
    "passwd",
    "passphrase",
    "pwd",
    "auth",
    "credential",
    "credentials",
    "private",
    "cookie",
    "dsn",
    "pass",
    "bearer",
    "apikey",
    "pat",
    "pin",
];

/// Words at the end of names that say something about a secret, and are none.
const NO_VALUES: [&str; 19] = [
    "id",
    "file",
    "path",
    "env",
    "format",
    "type",
    "name",
    "prefix",
    "url",
    "uri",
    "length",
    "size",
    "ttl",
    "expiry",
    "timeout",
    "version",
    "algorithm",
    "header",
    "enabled",
];

/// Whether a setting with this name holds a secret, as people name them.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let words = words_of(name);
    let is = |word: &str| words.iter().any(|one| one == word);
    // What is made to be seen, or says where a secret is.
    let ends_in = |word: &str| words.last().is_some_and(|last| last == word);
    let is_public = is("public") || NO_VALUES.iter().any(|word| ends_in(word));
    let ends = ["key", "token", "secret", "password"];
    let glued = words
        .iter()
        .any(|word| ends.iter().any(|end| word.len() > end.len() && word.ends_with(end)));
    !is_public && (WORDS.iter().any(|word| is(word)) || glued && !is("monkey") && !is("turkey"))
}

/// `API_KEY`, `apiKey` and `x-api-key` as words in small letters.
fn words_of(name: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for c in name.chars() {
        let begins = c.is_ascii_uppercase() && before.is_ascii_lowercase();
        if (begins || !c.is_ascii_alphanumeric())
            && words.last().is_some_and(|word| !word.is_empty())
        {
            words.push(String::new());
        }
        if c.is_ascii_alphanumeric()
            && let Some(word) = words.last_mut()
        {
            word.push(c.to_ascii_lowercase());
        }
        before = c;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// Words that stand before the secret in the value of a header.
pub(crate) const SCHEMES: [&str; 7] =
    ["Bearer ", "bearer ", "Basic ", "basic ", "token ", "Token ", "Bot "];

/// The word before the secret in a header such as `Authorization: Bearer …`, and the secret.
fn split_scheme(value: &str) -> (&str, &str) {
    match SCHEMES.iter().find(|scheme| value.starts_with(**scheme)) {
        Some(scheme) => value.split_at(scheme.len()),
        None => ("", value),
    }
}

/// The address and the user name of a service, where they are usable.
fn services(url: &str) -> Vec<ServiceUrl> {
    ServiceUrl::parse(url).into_iter().collect()
}

fn user(name: &str) -> Option<ServiceUser> {
    ServiceUser::parse(name).ok()
}

#[cfg(test)]
mod tests;
