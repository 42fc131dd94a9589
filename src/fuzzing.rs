//! What `fuzz/` calls: one function for each reader of hostile bytes, with what must hold of it.
//! Built for fuzzers (`--cfg fuzzing`) and to be linted; the property tests beside the code say
//! the same of values that are made up.

#![allow(clippy::unwrap_used, clippy::panic, missing_docs, reason = "a fuzzer looks for panics")]

use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};

use crate::access::ScopePolicy;
use crate::audit::line_readers_agree;
use crate::crypto::{FileKey, plugin, scan};
use crate::fs::VaultPath;
use crate::inject::{
    Dotenv, Environment, Filter as _, Format, Masker, Naming, Reader, WRITERS, render,
};
use crate::name::{MemberName, ScopeName, SecretName};
use crate::project::ProjectFile;
use crate::secret::SecretBytes;
use crate::session::Token;
use crate::store::{AdminSet, Config, Grant, Member, Policy, Record, Unverified, readers_agree};
use crate::transfer::{Choice, IMPORT_FORMATS, ImportFormat, editors, parse};

/// A name that is accepted is a path inside the vault, and reads back from it.
pub fn name(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    if let Ok(name) = SecretName::parse(text) {
        assert_eq!(name.as_str(), text);
        assert!(text.len() <= 180 && text.is_ascii());
        assert!(text.split('/').all(|part| !part.is_empty() && !part.starts_with('.')));
        let path = VaultPath::secret(&name);
        assert_eq!(VaultPath::parse(path.as_str()), Some(path));
    }
    if let Some(path) = VaultPath::parse(text) {
        assert!(path.as_str() == text && !text.contains("..") && !text.starts_with('/'));
    }
    assert_eq!(MemberName::parse(text).is_ok(), ScopeName::parse(text).is_ok());
}

/// Lines: a name, then patterns, `-` before those that deny. A deny rules whatever is allowed;
/// with one allow less nothing more is reached, with one deny less nothing less.
pub fn policy(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.lines().take(8);
    let Some(Ok(name)) = lines.next().map(SecretName::parse) else { return };
    let (deny, allow): (Vec<_>, Vec<_>) = lines.partition(|line| line.starts_with('-'));
    let owned = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect::<Vec<_>>();
    let allow = owned(&allow);
    let deny: Vec<String> = deny.iter().map(|text| text[1..].to_owned()).collect();
    let allows = |allow: &[String], deny: &[String]| {
        let policy = Policy { allow: allow.to_vec(), deny: deny.to_vec(), ..empty() };
        ScopePolicy::compile(policy).map(|policy| policy.rule(&name).allows()).ok()
    };
    let Some(reached) = allows(&allow, &deny) else { return };
    for at in 0..allow.len() {
        let fewer = [&allow[..at], &allow[at + 1..]].concat();
        assert!(reached || allows(&fewer, &deny) == Some(false));
    }
    for at in 0..deny.len() {
        let fewer = [&deny[..at], &deny[at + 1..]].concat();
        assert!(!reached || allows(&allow, &fewer) == Some(true));
        assert!(!(reached && allows(std::slice::from_ref(&deny[at]), &[]) == Some(true)));
    }
    assert_ne!(allows(&[], &deny), Some(true));
}

fn empty() -> Policy {
    toml::from_str("").unwrap()
}

/// Signed files of every kind are read without a panic, and the quick reader reads what the
/// whole one reads.
pub fn signed(data: &[u8]) {
    if let Ok(text) = std::str::from_utf8(data) {
        assert!(readers_agree::<Record>(text) && readers_agree::<Member>(text));
        assert!(readers_agree::<Policy>(text) && readers_agree::<Grant>(text));
    }
    for path in [VaultPath::config(), VaultPath::gitignore()] {
        let Ok(read) = Unverified::parse(&path, data.to_vec()) else { continue };
        let _ = read.peek::<Config>();
        let _ = read.peek::<AdminSet>();
        let _ = read.peek::<Member>();
        let _ = read.peek::<Policy>();
        let _ = read.peek::<Record>();
        let _ = read.peek::<Grant>();
    }
}

/// The quick reader of audit lines reads what the whole one reads.
pub fn audit_line(data: &[u8]) {
    assert!(line_readers_agree(data));
}

/// A token has one written form.
pub fn token(data: &[u8]) {
    if let Some(token) = Token::parse(data) {
        assert_eq!(token.to_secret().expose(), data);
    }
}

/// A project file is read or refused.
pub fn project(data: &[u8]) {
    let folder = Path::new("/dev/shm").join(format!("authy-fuzz-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let file = folder.join(".authy.toml");
    std::fs::write(&file, data).unwrap();
    let _ = ProjectFile::read(&file, None);
}

/// Files to import are read or refused; a message quotes nothing of them.
pub fn import(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    let files: Vec<_> = IMPORT_FORMATS.iter().filter(|one| one.is_file()).collect();
    let _ = parse(files[usize::from(*which) % files.len()], &SecretBytes::new(rest.to_vec()));
}

/// An editor of a file of another program changes nothing that was not chosen, and comes across the same
/// values whatever becomes of them.
pub fn adopt(data: &[u8]) {
    let Some((which, rest)) = data.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let editors: Vec<_> = editors().collect();
    let edit = editors[usize::from(*which) % editors.len()];
    let edited = |choice: &Choice| {
        let mut places = Vec::new();
        let new = edit(text, &mut |candidate| {
            places.push(candidate.place);
            choice.clone()
        });
        new.ok().map(|new| (new, places))
    };
    let Some((same, places)) = edited(&Choice::Keep) else { return };
    assert_eq!(same, text);
    let refer = Choice::Refer { secret: "a-key".into(), variable: "A_KEY".into() };
    for choice in [Choice::Mask, refer] {
        if let Some((_, others)) = edited(&choice) {
            assert_eq!(places, others);
        }
    }
}

/// What passes the look at an age header is parsed by the age crate in reasonable time.
pub fn header(data: &[u8]) {
    if scan(data).is_ok() {
        let _ = age::Decryptor::new_buffered(data);
    }
}

const COMMON: Dotenv = Dotenv { reader: Reader::Common, multiline: true };

/// Values, parted by zeros: a real `sh` reads back what is written for it, and what is written
/// for files reads back as the same values. Of what a file cannot hold nothing is written.
pub fn quoting(data: &[u8]) {
    let name = |at: usize| SecretName::parse(&format!("t{at}")).unwrap();
    let values: Vec<&[u8]> = data.split(|byte| *byte == 0).take(8).collect();
    let secrets = values.iter().enumerate();
    let secrets = secrets.map(|(at, value)| (name(at), SecretBytes::new(value.to_vec()))).collect();
    let environment = Environment::from_secrets(secrets, &Naming::default()).unwrap();
    assert_eq!(read_by_sh(&environment, values.len()), values);
    let files =
        [(Format::Dotenv(COMMON), "dotenv"), (Format::Json, "json"), (Format::Yaml, "yaml")];
    for (format, name) in files {
        let Ok(file) = render(&environment, format, false) else { continue };
        let Some(source) = ImportFormat::named(name) else { continue };
        // A text may look as what another tool encrypts.
        let Ok(entries) = parse(source, &file) else { continue };
        for (at, value) in values.iter().enumerate() {
            let found = entries.iter().find(|entry| entry.name == format!("t{at}")).unwrap();
            assert_eq!(found.value.as_ref().unwrap().expose(), *value, "{format:?}");
        }
    }
}

fn read_by_sh(environment: &Environment, count: usize) -> Vec<Vec<u8>> {
    let mut script = render(environment, Format::Shell, true).unwrap().expose().to_vec();
    (0..count).for_each(|at| script.extend(format!("printf '%s\\0' \"$t{at}\"\n").bytes()));
    let mut sh = Command::new("sh");
    sh.env_clear().stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut child = sh.spawn().unwrap();
    child.stdin.take().unwrap().write_all(&script).unwrap();
    let done = child.wait_with_output().unwrap();
    assert!(done.status.success());
    let mut read: Vec<_> = done.stdout.split(|byte| *byte == 0).map(<[u8]>::to_vec).collect();
    // What stands behind the last zero.
    assert_eq!(read.pop(), Some(Vec::new()));
    read
}

/// Values and a text, parted by zeros: however the text comes, the same is shown; where nothing was
/// replaced no value of eight bytes or more is in it; and a value is found however two of the ways to
/// write it are put together, which the first bytes choose. More says the test against a naive masker.
pub fn mask(data: &[u8]) {
    let mut parts = data.split(|byte| *byte == 0);
    let Some(text) = parts.next() else { return };
    let name = |at: usize| SecretName::parse(&format!("s{at}")).unwrap();
    let values = parts.filter(|value| value.len() >= 8).take(4).enumerate();
    let values: Vec<_> =
        values.map(|(at, value)| (name(at), SecretBytes::new(value.to_vec()))).collect();
    let masker = Masker::new(&values);
    let shown = |chunk: usize| {
        let (mut stream, mut out) = (masker.stream(|_| {}), Vec::new());
        text.chunks(chunk.max(1)).for_each(|chunk| stream.push(chunk, &mut out));
        stream.finish(&mut out);
        out
    };
    let whole = shown(text.len());
    assert!(shown(1) == whole && shown(3) == whole);
    written(data, &values, &masker);
    for (_, value) in &values {
        // A label may be what a value looks like.
        let is_label = b"[authy:s0123]".windows(value.len()).any(|part| part == value.expose());
        let is_shown = whole.windows(value.len()).any(|part| part == value.expose());
        assert!(!is_shown || is_label || whole.windows(7).any(|part| part == b"[authy:"));
    }
}

/// What an age plugin says, opening a file and writing one: nothing but whole keys and stanzas of its own
/// come of it, and what a person is shown is a line.
pub fn plugin(data: &[u8]) {
    /// Says what is there, and does not listen.
    struct Talker<'d>(&'d [u8]);

    impl std::io::Read for Talker<'_> {
        fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
            self.0.read(into)
        }
    }

    impl std::io::Write for Talker<'_> {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    /// Looks at what is shown, and says yes.
    struct Looker;

    impl plugin::Asked for Looker {
        fn message(&self, text: &str) {
            assert!(!text.chars().any(char::is_control));
        }

        fn confirm(&self, text: &str, yes: &str, no: Option<&str>) -> Option<bool> {
            [text, yes, no.unwrap_or_default()].into_iter().for_each(|text| self.message(text));
            Some(true)
        }

        fn answer(&self, text: &str, _: bool) -> Option<SecretBytes> {
            self.message(text);
            Some(SecretBytes::from("1234".to_owned()))
        }
    }

    let mut wire = plugin::Wire::new(Talker(data));
    if let Ok(keys) = plugin::unwrap(&mut wire, &[], &[Vec::new(), Vec::new()], &Looker) {
        assert_eq!(keys.len(), 2);
    }
    let Some(key) = FileKey::from_bytes(&[7; 16]) else { return };
    let mut wire = plugin::Wire::new(Talker(data));
    if let Ok((stanzas, _)) = plugin::wrap(&mut wire, "age1test1qq", &key, &Looker) {
        assert!(!stanzas.is_empty() && stanzas.iter().all(|one| one.tag != "X25519"));
    }
}

/// A value in two writings is found, and nothing of it is left.
fn written(data: &[u8], values: &[(SecretName, SecretBytes)], masker: &Masker) {
    let [one, other, ..] = *data else { return };
    let chain = [one, other].map(|byte| WRITERS.get(usize::from(byte)));
    let is_text = |value: &&[u8]| {
        let plain = |byte: &u8| (b' '..=b'~').contains(byte);
        value.len() >= 16 && value.iter().all(plain) && value.trim_ascii() == *value
    };
    let Some(value) = values.iter().map(|(_, value)| value.expose()).find(is_text) else { return };
    let is_form = chain.iter().flatten().any(|(name, _)| *name == "form");
    if values.len() > 1 || is_form && !value.contains(&b' ') {
        return;
    }
    let text = chain.iter().flatten().fold(value.to_vec(), |text, (_, write)| write(&text));
    let text = [b"<", &text[..], b">"].concat();
    for chunk in [1, 7, text.len()] {
        let (mut stream, mut out) = (masker.stream(|_| {}), Vec::new());
        text.chunks(chunk).for_each(|chunk| stream.push(chunk, &mut out));
        stream.finish(&mut out);
        assert!(out.windows(7).any(|part| part == b"[authy:") && out.len() < 32, "{text:?}");
    }
}
