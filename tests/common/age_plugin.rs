//! An age plugin for the tests, on the crate that plugins are made with. What it writes is in the format,
//! and no encryption: a file key combined with bytes that stand in the recipient.
//!
//! Without an argument it prints a new identity. Variables tell it what to do:
//! `REHEARSE_LOG` is a file that gets a line for each start and each question; `REHEARSE_ASKS` is
//! `touch` or `pin` (1234); `REHEARSE_FAULT` is `removed`, or `lies` for keys that are wrong.

use std::collections::{HashMap, HashSet};
use std::io::{self, Write as _};

use age_core::format::{FileKey, Stanza};
use age_core::secrecy::ExposeSecret as _;
use age_plugin::identity::{self, IdentityPluginV1};
use age_plugin::recipient::{self, RecipientPluginV1};
use age_plugin::{Callbacks, PluginHandler, print_new_identity, run_state_machine};

const NAME: &str = "rehearse";

fn says(variable: &str, what: &str) -> bool {
    std::env::var(variable).is_ok_and(|value| value == what)
}

fn log(line: &str) -> io::Result<()> {
    match std::env::var_os("REHEARSE_LOG") {
        Some(file) => {
            writeln!(std::fs::OpenOptions::new().append(true).create(true).open(file)?, "{line}")
        }
        None => Ok(()),
    }
}

/// Who a stanza is for.
fn tag(recipient: &[u8]) -> String {
    recipient.iter().take(4).map(|byte| format!("{byte:02x}")).collect()
}

fn combined(key: &[u8], with: &[u8]) -> Vec<u8> {
    key.iter().zip(with).map(|(a, b)| a ^ b).collect()
}

struct Plugin;

impl PluginHandler for Plugin {
    type RecipientV1 = Recipients;
    type IdentityV1 = Identities;

    fn recipient_v1(self) -> io::Result<Recipients> {
        log("encrypts")?;
        Ok(Recipients::default())
    }

    fn identity_v1(self) -> io::Result<Identities> {
        log("decrypts")?;
        Ok(Identities::default())
    }
}

#[derive(Default)]
struct Recipients(Vec<Vec<u8>>);

impl RecipientPluginV1 for Recipients {
    fn add_recipient(
        &mut self,
        index: usize,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), recipient::Error> {
        if name == NAME && bytes.len() == 16 {
            self.0.push(bytes.to_vec());
            return Ok(());
        }
        Err(recipient::Error::Recipient { index, message: "not a recipient of mine".to_owned() })
    }

    fn add_identity(&mut self, _: usize, _: &str, bytes: &[u8]) -> Result<(), recipient::Error> {
        self.0.push(bytes.to_vec());
        Ok(())
    }

    fn labels(&mut self) -> HashSet<String> {
        HashSet::new()
    }

    fn wrap_file_keys(
        &mut self,
        keys: Vec<FileKey>,
        _: impl Callbacks<recipient::Error>,
    ) -> io::Result<Result<Vec<Vec<Stanza>>, Vec<recipient::Error>>> {
        let wrap = |key: &FileKey| {
            let stanza = |to: &Vec<u8>| Stanza {
                tag: NAME.to_owned(),
                args: vec![tag(to)],
                body: combined(key.expose_secret(), to),
            };
            self.0.iter().map(stanza).collect()
        };
        Ok(Ok(keys.iter().map(wrap).collect()))
    }
}

#[derive(Default)]
struct Identities(Vec<Vec<u8>>);

impl IdentityPluginV1 for Identities {
    fn add_identity(
        &mut self,
        index: usize,
        name: &str,
        bytes: &[u8],
    ) -> Result<(), identity::Error> {
        if name == NAME && bytes.len() == 16 {
            self.0.push(bytes.to_vec());
            return Ok(());
        }
        Err(identity::Error::Identity { index, message: "not an identity of mine".to_owned() })
    }

    fn unwrap_file_keys(
        &mut self,
        files: Vec<Vec<Stanza>>,
        mut callbacks: impl Callbacks<identity::Error>,
    ) -> io::Result<HashMap<usize, Result<FileKey, Vec<identity::Error>>>> {
        let mine = |stanza: &Stanza| {
            let own = |key: &&Vec<u8>| stanza.tag == NAME && stanza.args == [tag(key)];
            self.0.iter().find(own).map(|key| combined(&stanza.body, key))
        };
        let found: Vec<(usize, Vec<u8>)> = files
            .iter()
            .enumerate()
            .filter_map(|(index, stanzas)| Some((index, stanzas.iter().find_map(mine)?)))
            .collect();
        if found.is_empty() {
            return Ok(HashMap::new());
        }
        if let Some(refused) = ask(&mut callbacks)? {
            let _ = callbacks.error(identity::Error::Internal { message: refused })?;
            return Ok(HashMap::new());
        }
        let key = |mut bytes: Vec<u8>| {
            if says("REHEARSE_FAULT", "lies") {
                bytes.reverse();
            }
            let bytes: Result<[u8; 16], _> = bytes.try_into();
            FileKey::new(Box::new(bytes.unwrap_or_default()))
        };
        Ok(found.into_iter().map(|(index, bytes)| (index, Ok(key(bytes)))).collect())
    }
}

/// Asks the person for what the key wants; returns why it is not used.
fn ask(callbacks: &mut impl Callbacks<identity::Error>) -> io::Result<Option<String>> {
    if says("REHEARSE_FAULT", "removed") {
        return Ok(Some("the key is not plugged in".to_owned()));
    }
    if says("REHEARSE_ASKS", "touch") {
        log("touch")?;
        let touched = callbacks.confirm("Touch the key?", "touched", Some("skip"))?;
        return Ok((!matches!(touched, Ok(true))).then(|| "the key was not touched".to_owned()));
    }
    if says("REHEARSE_ASKS", "pin") {
        log("pin")?;
        let pin = callbacks.request_secret("PIN:")?;
        let is_right = pin.is_ok_and(|pin| pin.expose_secret() == "1234");
        return Ok((!is_right).then(|| "wrong PIN".to_owned()));
    }
    let _ = callbacks.message("opening with the key")?;
    Ok(None)
}

fn main() -> io::Result<()> {
    let machine = std::env::args().nth(1);
    match machine.as_deref().and_then(|arg| arg.strip_prefix("--age-plugin=")) {
        Some(machine) => run_state_machine(machine, Plugin),
        None => {
            let secret: [u8; 16] = rand::random();
            print_new_identity(NAME, &secret, &secret);
            Ok(())
        }
    }
}
