//! Taking a new value: a file, a generator, standard input, or a hidden prompt.

use std::io::{self, IsTerminal as _, Read as _};
use std::path::PathBuf;

use authy::{Kind, SecretBytes};

use super::context::World;
use super::error::Failure;
use super::front::hidden;

/// Largest value that is read: one byte more than the library takes, so that it says no.
const LIMIT: u64 = (1 << 20) + 1;

/// Where the value comes from.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ValueFlags {
    /// Take the value from this file
    #[arg(long, value_name = "FILE", conflicts_with = "generate")]
    file: Option<PathBuf>,
    /// Keep a newline at the end of the value, and accept an empty one
    #[arg(long)]
    raw: bool,
    /// Draw a random value of this many characters
    #[arg(long, value_name = "LEN", num_args = 0..=1, require_equals = true)]
    generate: Option<Option<usize>>,
}

impl ValueFlags {
    /// Whether somebody will be asked to type.
    pub(crate) fn will_ask(&self) -> bool {
        self.file.is_none() && self.generate.is_none() && io::stdin().is_terminal()
    }

    /// Takes the value.
    ///
    /// # Errors
    /// It is empty, too large, or cannot be read.
    pub(crate) fn read(&self, world: &World, name: &str) -> Result<SecretBytes, Failure> {
        if let Some(length) = self.generate {
            return Ok(authy::generate(length.unwrap_or(authy::DEFAULT_LENGTH))?);
        }
        let value = match &self.file {
            Some(file) => self.trim(from_file(file)?),
            None if self.will_ask() => ask(world, name)?,
            None => self.trim(from_stdin()?),
        };
        if value.is_empty() && !self.raw {
            return Err(Failure::usage(
                "the value is empty",
                "pipe it in, as in 'printf %s VALUE | authy store NAME'; --raw stores an empty one",
            ));
        }
        Ok(value)
    }

    /// Drops the newline that `echo` adds.
    fn trim(&self, value: SecretBytes) -> SecretBytes {
        let bytes = value.expose();
        let body = bytes.strip_suffix(b"\n").map(|b| b.strip_suffix(b"\r").unwrap_or(b));
        match body {
            Some(body) if !self.raw => SecretBytes::new(body.to_vec()),
            _ => value,
        }
    }
}

fn from_file(file: &PathBuf) -> Result<SecretBytes, Failure> {
    let open = std::fs::File::open(file).and_then(limited);
    open.map_err(|error| Failure::Words {
        message: format!("cannot read '{}': {error}", authy::printable(&file.to_string_lossy())),
        hint: None,
        kind: if error.kind() == io::ErrorKind::NotFound { Kind::NotFound } else { Kind::Failure },
    })
}

fn from_stdin() -> Result<SecretBytes, Failure> {
    limited(io::stdin().lock()).map_err(Failure::Input)
}

/// Reads with room for everything: a buffer that grows leaves copies behind.
fn limited(from: impl io::Read) -> io::Result<SecretBytes> {
    let mut bytes = Vec::with_capacity(usize::try_from(LIMIT).unwrap_or_default());
    let read = from.take(LIMIT).read_to_end(&mut bytes);
    let value = SecretBytes::new(bytes);
    read.map(|_| value)
}

fn ask(world: &World, name: &str) -> Result<SecretBytes, Failure> {
    let typed = world.may_ask().then(|| hidden(&format!("Value of {name}: "))).flatten();
    typed.ok_or_else(|| Failure::usage("there is nobody to ask for the value", "pipe it in"))
}
