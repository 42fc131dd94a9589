//! Where a new value comes from: a file, a generator, standard input, or a hidden prompt.
//!
//! Never from the words of the command line. What is read lies in memory that is wiped.

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, IsTerminal as _, Read};
use std::path::PathBuf;

use authy::{Alphabet, Recipe, SecretBytes, SecretName};
use zeroize::Zeroizing;

use super::ask::{AGAIN, ATTEMPTS, Person};
use super::error::Failure;
use super::prompt::Form;

/// The largest value, two bytes of a newline that may be dropped, and one byte more: a value
/// that fills this is too large however it ends, and the library refuses it.
const LIMIT: usize = (1 << 20) + 3;

/// The words about a new value.
#[derive(Debug, Clone, Default, clap::Args)]
pub(crate) struct ValueFlags {
    /// Take the value from this file
    #[arg(long, value_name = "FILE", conflicts_with = "generate")]
    file: Option<PathBuf>,
    /// Keep the newline at the end of a single line too, and accept an empty value
    #[arg(long)]
    raw: bool,
    /// Ask once for a value that is typed, not twice
    #[arg(long, conflicts_with_all = ["file", "generate"])]
    once: bool,
    /// Generate a random value of this many characters [default: 32]; it is not printed
    #[arg(long, value_name = "LEN", num_args = 0..=1, require_equals = true, value_parser = count)]
    generate: Option<Option<usize>>,
    /// Generate it of these characters: safe (letters, digits, '-' and '_'), alnum, hex, digits, or
    /// ascii (symbols too)
    #[arg(long, value_name = "SET", value_parser = alphabet, requires = "generate")]
    chars: Option<Alphabet>,
    /// Generate a passphrase of this many words [default: 8]; it is not printed
    #[arg(long, value_name = "N", num_args = 0..=1, require_equals = true, value_parser = count,
        conflicts_with_all = ["file", "generate", "once"])]
    words: Option<Option<usize>>,
    /// Put what is generated on the clipboard too, for so many seconds
    #[arg(short, long, value_name = "SECONDS", num_args = 0..=1, require_equals = true,
        default_missing_value = "45", conflicts_with_all = ["file", "once"])]
    clip: Option<u16>,
    /// Catches a value that stands where none may stand, so that no error repeats it.
    #[arg(hide = true, value_name = "VALUE")]
    misplaced: Vec<OsString>,
}

impl ValueFlags {
    /// Reads the value of `name`.
    ///
    /// # Errors
    /// A value among the words, an empty value, nobody to ask, an I/O error.
    pub(crate) fn read(&self, person: Person, name: &SecretName) -> Result<SecretBytes, Failure> {
        match self.recipe()? {
            Some(recipe) => return Ok(authy::generate(recipe)?),
            None if self.clip.is_some() => return Err(Failure::ClipOfWhat),
            None => {}
        }
        let value = match &self.file {
            Some(path) => {
                let failed = |source| Failure::ValueFile { path: path.clone(), source };
                let bytes = File::open(path).and_then(read_some).map_err(failed)?;
                self.trimmed(bytes)
            }
            None if io::stdin().is_terminal() => return self.typed(person, name),
            None => self.trimmed(read_some(io::stdin().lock()).map_err(Failure::Input)?),
        };
        if value.is_empty() && !self.raw {
            return Err(Failure::EmptyValue);
        }
        Ok(value)
    }

    /// Whether somebody at the terminal is to type the value.
    pub(crate) fn is_typed(&self) -> bool {
        let is_given = self.file.is_some() || self.generate.is_some() || self.words.is_some();
        !is_given && self.misplaced.is_empty() && io::stdin().is_terminal()
    }

    /// For how many seconds what is generated is to be on the clipboard.
    pub(crate) fn clip(&self) -> Option<u16> {
        self.clip
    }

    /// What is to be generated, if anything is.
    fn recipe(&self) -> Result<Option<Recipe>, Failure> {
        let number = |words: &[OsString]| match words {
            [word] => word.to_str()?.parse().ok(),
            _ => None,
        };
        if self.misplaced.is_empty() {
            if let Some(words) = self.words {
                return Ok(Some(Recipe::Words(words.unwrap_or(authy::DEFAULT_WORDS))));
            }
            return Ok(self.generate.map(|length| self.characters(length)));
        }
        // A number behind the flag is how long it is to be, and no value.
        match (self.generate, self.words, number(&self.misplaced)) {
            (Some(None), _, Some(length)) => Ok(Some(self.characters(Some(length)))),
            (_, Some(None), Some(count)) => Ok(Some(Recipe::Words(count))),
            _ => Err(Failure::ValueInWords),
        }
    }

    fn characters(&self, length: Option<usize>) -> Recipe {
        let length = length.unwrap_or(authy::DEFAULT_LENGTH);
        Recipe::Characters(length, self.chars.unwrap_or_default())
    }

    /// Asks for the value: a line twice, for nobody sees what was typed; a paste of several
    /// lines once, and says how much it was.
    fn typed(&self, person: Person, name: &SecretName) -> Result<SecretBytes, Failure> {
        let nobody = || Failure::NobodyToAsk(format!("the value of '{name}'"));
        let mut terminal = person.hidden().ok_or_else(nobody)?;
        for _ in 0..ATTEMPTS {
            let question = format!("Value of {name}: ");
            let first = terminal.ask(&question, Form::Text, LIMIT).ok_or_else(nobody)?;
            match first.text.is_empty() {
                true if first.ended => return Err(Failure::InputEnded),
                true if self.raw => return Ok(first.text),
                true => return Err(Failure::NothingTyped),
                false => {}
            }
            if let Some(line) = first.twice().filter(|_| !self.once) {
                return Ok(line);
            }
            if first.lines > 1 {
                let bytes = first.text.len();
                person.tell(format_args!("took {} lines, {bytes} bytes", first.lines));
                return Ok(first.text);
            }
            if self.once {
                return Ok(first.text);
            }
            let second = terminal.ask(AGAIN, Form::Line, LIMIT).ok_or_else(nobody)?;
            if first.text == second.text {
                return Ok(first.text);
            }
            if second.text.is_empty() && second.ended {
                return Err(Failure::InputEnded);
            }
            person.tell("the two do not match");
        }
        terminal.drain();
        Err(Failure::NotTwice)
    }

    fn trimmed(&self, mut bytes: Zeroizing<Vec<u8>>) -> SecretBytes {
        let value = SecretBytes::new(std::mem::take(&mut *bytes));
        if self.raw { value } else { value.without_line_end() }
    }
}

fn count(word: &str) -> Result<usize, &'static str> {
    word.parse().map_err(|_| "expected a number, such as 32")
}

fn alphabet(word: &str) -> Result<Alphabet, String> {
    Alphabet::parse(word).ok_or_else(|| format!("one of: {}", Alphabet::WORDS.join(", ")))
}

/// Reads at most [`LIMIT`] bytes into room for all of them: a buffer that grows leaves
/// copies behind.
fn read_some(from: impl Read) -> io::Result<Zeroizing<Vec<u8>>> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(LIMIT));
    from.take(LIMIT as u64).read_to_end(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::{Alphabet, LIMIT, Recipe, ValueFlags, read_some};

    fn kept(given: &[u8], raw: bool) -> Vec<u8> {
        let flags = ValueFlags { raw, ..ValueFlags::default() };
        flags.trimmed(read_some(given).unwrap()).expose().to_vec()
    }

    #[test]
    fn the_newline_of_a_single_line_is_dropped_unless_raw() {
        let cases: [(&[u8], &[u8]); 8] = [
            (b"v", b"v"),
            (b"v\n", b"v"),
            (b"v\r\n", b"v"),
            (b"v\n\n", b"v\n\n"),
            (b"v\r", b"v\r"),
            (b"\n", b""),
            (b"", b""),
            (b" v \n", b" v "),
        ];
        for (given, expected) in cases {
            assert_eq!(kept(given, false), expected);
            assert_eq!(kept(given, true), given);
        }
    }

    #[test]
    fn a_number_behind_a_generator_is_no_value() {
        let flags = |generate, words, misplaced: &[&str]| ValueFlags {
            generate,
            words,
            misplaced: misplaced.iter().map(Into::into).collect(),
            ..ValueFlags::default()
        };
        let said = |flags: ValueFlags| flags.recipe().unwrap();
        let characters = |length| Some(Recipe::Characters(length, Alphabet::Safe));
        assert_eq!(said(flags(Some(None), None, &[])), characters(32));
        assert_eq!(said(flags(Some(None), None, &["20"])), characters(20));
        assert_eq!(said(flags(Some(Some(40)), None, &[])), characters(40));
        assert_eq!(said(flags(None, Some(None), &["6"])), Some(Recipe::Words(6)));
        assert_eq!(said(flags(None, None, &[])), None);
        for (generate, words) in [(Some(Some(40)), None), (None, None)] {
            assert!(flags(generate, words, &["20"]).recipe().is_err());
        }
        assert!(flags(Some(None), None, &["hunter2"]).recipe().is_err());
    }

    #[test]
    fn a_value_that_was_cut_is_always_too_large() {
        let most = 1 << 20;
        for ending in [&b"x"[..], b"\n", b"\r\n"] {
            let mut given = vec![b'x'; LIMIT - ending.len()];
            given.extend(ending);
            given.extend(b"more");
            assert!(kept(&given, false).len() > most);
        }
        let mut given = vec![b'x'; most];
        given.extend(b"\r\n");
        assert_eq!(kept(&given, false).len(), most);
    }

    #[test]
    fn reading_does_not_move_the_bytes() {
        let bytes = read_some(std::io::repeat(b'x')).unwrap();
        assert_eq!((bytes.len(), bytes.capacity()), (LIMIT, LIMIT));
    }
}
