//! What is said to a plugin, and what it may say and ask (<https://c2sp.org/age-plugin>).

use std::io::{self, Read, Write};

use age_core::format::Stanza;
use data_encoding::BASE64_NOPAD;

use super::error::PluginFault;
use super::wire::{Said, Wire};
use crate::crypto::file_key::FileKey;
use crate::crypto::hybrid;
use crate::name::printable;
use crate::secret::SecretBytes;

/// So much a plugin may say in one conversation that is no answer.
const MOST_WORDS: usize = 100;
/// Characters of a message that are shown.
const SHOWN: usize = 200;

/// Kinds of stanzas that age itself writes, and opens without a plugin.
const NOT_ITS_OWN: [&str; 5] = ["X25519", "scrypt", "ssh-ed25519", "ssh-rsa", hybrid::TAG];

/// The person whom a plugin tells and asks.
pub(crate) trait Asked {
    /// Shows a message: touch the key.
    fn message(&self, text: &str);
    /// The person's choice; `None` where nobody is there.
    fn confirm(&self, text: &str, yes: &str, no: Option<&str>) -> Option<bool>;
    /// What the person types; `None` where nobody is there.
    fn answer(&self, text: &str, hidden: bool) -> Option<SecretBytes>;
}

/// Has file keys unwrapped; `None` for those that are not for these identities.
///
/// # Errors
/// What the plugin fails at.
pub(crate) fn unwrap<S: Read + Write>(
    wire: &mut Wire<S>,
    identities: &[SecretBytes],
    files: &[Vec<Stanza>],
    asked: &dyn Asked,
) -> Result<Vec<Option<FileKey>>, PluginFault> {
    for identity in identities {
        let identity = identity.expose_str().ok_or(PluginFault::Garbled)?;
        wire.say(&["add-identity", identity], b"").map_err(fault)?;
    }
    for (index, stanzas) in files.iter().enumerate() {
        let index = index.to_string();
        for stanza in stanzas {
            let words = ["recipient-stanza", &index, &stanza.tag].into_iter();
            let words: Vec<&str> = words.chain(stanza.args.iter().map(String::as_str)).collect();
            wire.say(&words, &stanza.body).map_err(fault)?;
        }
    }
    wire.say(&["done"], b"").map_err(fault)?;
    let mut keys: Vec<Option<FileKey>> = vec![None; files.len()];
    let refused = converse(wire, asked, &mut |said| {
        let [word, index] = said.words.as_slice() else { return Ok(false) };
        if word != "file-key" {
            return Ok(false);
        }
        let place = index.parse().ok().and_then(|index: usize| keys.get_mut(index));
        let place = place.filter(|place| place.is_none()).ok_or(PluginFault::Garbled)?;
        *place = Some(FileKey::from_bytes(&said.body).ok_or(PluginFault::Garbled)?);
        Ok(true)
    })?;
    match refused {
        Some(refused) if keys.iter().any(Option::is_none) => Err(refused),
        _ => Ok(keys),
    }
}

/// Has a file key wrapped; returns the stanzas and their labels.
///
/// # Errors
/// What the plugin fails at; one that gives neither stanzas nor a reason is `Garbled`.
pub(crate) fn wrap<S: Read + Write>(
    wire: &mut Wire<S>,
    recipient: &str,
    key: &FileKey,
    asked: &dyn Asked,
) -> Result<(Vec<Stanza>, Vec<String>), PluginFault> {
    wire.say(&["add-recipient", recipient], b"").map_err(fault)?;
    wire.say(&["extension-labels"], b"").map_err(fault)?;
    wire.say(&["wrap-file-key"], key.expose()).map_err(fault)?;
    wire.say(&["done"], b"").map_err(fault)?;
    let (mut stanzas, mut labels) = (Vec::new(), Vec::new());
    let refused = converse(wire, asked, &mut |said| {
        match said.words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            // To whom else would it be? What is no plugin's is none of its own.
            ["recipient-stanza", "0", tag, ..] if NOT_ITS_OWN.contains(tag) => {
                return Err(PluginFault::Garbled);
            }
            ["recipient-stanza", "0", tag, args @ ..] => stanzas.push(Stanza {
                tag: (*tag).to_owned(),
                args: args.iter().map(|&arg| arg.to_owned()).collect(),
                body: said.body.to_vec(),
            }),
            ["recipient-stanza", ..] => return Err(PluginFault::Garbled),
            ["labels", rest @ ..] => labels = rest.iter().map(|&label| label.to_owned()).collect(),
            _ => return Ok(false),
        }
        Ok(true)
    })?;
    match refused {
        Some(refused) => Err(refused),
        None if stanzas.is_empty() => Err(PluginFault::Garbled),
        None => Ok((stanzas, labels)),
    }
}

/// Answers until the plugin is done. `take` says whether it knew what was said. Returns the first error
/// that the plugin told of an identity, a recipient or itself; that a stanza cannot be opened is none.
fn converse<S: Read + Write>(
    wire: &mut Wire<S>,
    asked: &dyn Asked,
    take: &mut dyn FnMut(&Said) -> Result<bool, PluginFault>,
) -> Result<Option<PluginFault>, PluginFault> {
    let mut refused = None;
    let mut unanswered = false;
    let mut spoken = 0;
    loop {
        let said = wire.hear().map_err(fault)?;
        if take(&said)? {
            wire.say(&["ok"], b"").map_err(fault)?;
            continue;
        }
        let words: Vec<&str> = said.words.iter().map(String::as_str).collect();
        if words == ["done"] {
            let because = refused.map(|said| PluginFault::Refused { said, unanswered });
            return Ok(because);
        }
        spoken += 1;
        if spoken > MOST_WORDS && words.first() != Some(&"error") {
            return Err(PluginFault::Garbled);
        }
        if let ["error", what, ..] = words.as_slice() {
            if *what != "stanza" {
                refused = refused.or_else(|| Some(line_of(&said.body)));
            }
            wire.say(&["ok"], b"").map_err(fault)?;
            continue;
        }
        let answer = answer(&words, &line_of(&said.body), asked);
        unanswered |= matches!(answer, Answer::Fail);
        match answer {
            Answer::Ok(word, body) => {
                let words: Vec<&str> = std::iter::once("ok").chain(word).collect();
                wire.say(&words, body.expose())
            }
            Answer::Fail => wire.say(&["fail"], b""),
            Answer::Unsupported => wire.say(&["unsupported"], b""),
        }
        .map_err(fault)?;
    }
}

enum Answer {
    Ok(Option<&'static str>, SecretBytes),
    Fail,
    /// The command is none that is known.
    Unsupported,
}

fn answer(words: &[&str], text: &str, asked: &dyn Asked) -> Answer {
    let none = || SecretBytes::new(Vec::new());
    let typed = |hidden| match asked.answer(text, hidden) {
        Some(typed) => Answer::Ok(None, typed),
        None => Answer::Fail,
    };
    let label = |base64: &str| {
        let bytes = BASE64_NOPAD.decode(base64.as_bytes()).ok()?;
        Some(line_of(&bytes))
    };
    match words {
        ["msg"] => {
            asked.message(text);
            Answer::Ok(None, none())
        }
        ["confirm", yes, rest @ ..] if rest.len() <= 1 => {
            let (Some(yes), no) = (label(yes), rest.first().map(|no| label(no))) else {
                return Answer::Fail;
            };
            match asked.confirm(text, &yes, no.flatten().as_deref()) {
                Some(true) => Answer::Ok(Some("yes"), none()),
                Some(false) => Answer::Ok(Some("no"), none()),
                None => Answer::Fail,
            }
        }
        ["request-public"] => typed(false),
        ["request-secret"] => typed(true),
        _ => Answer::Unsupported,
    }
}

/// What a plugin wrote, as one line of a sensible length: blanks could fill a line, and what follows look
/// like authy's own words.
fn line_of(text: &[u8]) -> String {
    let text = String::from_utf8_lossy(text);
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    printable(&words.chars().take(SHOWN).collect::<String>())
}

#[allow(clippy::needless_pass_by_value, reason = "made for map_err")]
fn fault(error: io::Error) -> PluginFault {
    match error.kind() {
        io::ErrorKind::InvalidData => PluginFault::Garbled,
        io::ErrorKind::TimedOut => PluginFault::Silent,
        _ => PluginFault::Ended,
    }
}
