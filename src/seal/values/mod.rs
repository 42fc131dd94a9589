//! Placeholders, and the values that they stand for. A value is read in this folder alone: in a
//! head by what is [`Cleared`], in a body as [`BodyValues`] are.

mod cleared;
mod in_body;

use std::sync::Arc;

use memchr::memmem::Finder;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_encode};

pub(super) use cleared::{Cleared, Judged};
pub(super) use in_body::BodyValues;
#[cfg(test)]
pub(super) use in_body::in_body;

use super::error::SealError;
use crate::access::Sealing;
use crate::crypto::keys::random_id;
use crate::inject::Masker;
use crate::name::SecretName;
use crate::secret::SecretBytes;

/// Random bytes of a placeholder.
const RANDOM: usize = 16;

/// Values of so few bytes stand in every answer, whatever they are.
const SHORT: usize = 3;
/// Values of so few bytes can be found by guessing all: no answer with one in it is passed on.
const GUESSABLE: usize = 11;

/// A sealed secret.
pub(crate) struct Slot {
    /// The secret.
    pub(super) name: SecretName,
    /// What the program holds: letters, digits, `-` and `_`.
    pub(super) placeholder: String,
    /// What it stands for.
    value: SecretBytes,
    finder: Finder<'static>,
}

impl Slot {
    /// Where its placeholder begins in `text`.
    pub(super) fn find(&self, text: &[u8]) -> Option<usize> {
        self.finder.find(text)
    }
}

/// All sealed secrets of a run.
pub(crate) struct Values {
    slots: Vec<Slot>,
    scrubber: Arc<Masker>,
    /// The same, for messages whose length is told before.
    in_place: Arc<Masker>,
}

impl Values {
    /// Draws a placeholder for each secret: no two runs have the same.
    pub(crate) fn new(sealing: &Sealing, values: Vec<(SecretName, SecretBytes)>) -> Self {
        let slots: Vec<Slot> = values
            .into_iter()
            .map(|(name, value)| {
                let placeholder = placeholder(&name, sealing.prefix(&name));
                let finder = Finder::new(placeholder.as_bytes()).into_owned();
                Slot { name, placeholder, value, finder }
            })
            .collect();
        let known = |slot: &Slot| (slot.name.clone(), slot.value.clone());
        let told = slots.iter().filter(|slot| slot.value.len() > SHORT);
        let known: Vec<_> = told.map(known).collect();
        let label = |name: &SecretName| {
            let slot = slots.iter().find(|slot| slot.name == *name);
            SecretBytes::from(slot.map(|slot| slot.placeholder.clone()).unwrap_or_default())
        };
        let scrubber = Arc::new(Masker::replacing(&known, &label));
        let in_place = Arc::new(Masker::replacing(&known, &label).keeping_length());
        Self { slots, scrubber, in_place }
    }

    /// What the program gets for each secret.
    pub(crate) fn placeholders(&self) -> impl Iterator<Item = (&SecretName, &str)> {
        self.slots.iter().map(|slot| (&slot.name, slot.placeholder.as_str()))
    }

    /// Whether the value of `name` can be found by guessing all that it could be.
    pub(super) fn is_guessable(&self, name: &SecretName) -> bool {
        let range = SHORT + 1..=GUESSABLE;
        self.slots.iter().any(|slot| slot.name == *name && range.contains(&slot.value.len()))
    }

    /// Whether there is such a value.
    pub(super) fn has_guessable(&self) -> bool {
        self.slots.iter().any(|slot| self.is_guessable(&slot.name))
    }

    pub(super) fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// Puts placeholders back in the place of values.
    pub(super) fn scrubber(&self) -> &Arc<Masker> {
        &self.scrubber
    }

    pub(super) fn in_place(&self) -> &Arc<Masker> {
        &self.in_place
    }

    /// A header that a rule sets holds one value.
    pub(super) fn check(&self, sealing: &Sealing) -> Result<(), SealError> {
        for (rule, _) in sealing.setting() {
            let named = self.slots.iter().map(|slot| &slot.name).filter(|name| rule.names(name));
            let names: Vec<_> = named.cloned().collect();
            if names.len() > 1 {
                return Err(SealError::Several { scope: sealing.scope.clone(), names });
            }
        }
        Ok(())
    }
}

/// What stands for itself in addresses (RFC 3986, 2.3).
const UNRESERVED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');

/// A value as addresses and forms hold it.
pub(super) fn percent_encoded(value: &SecretBytes) -> SecretBytes {
    // A byte becomes three: nothing grows, and so nothing is left behind.
    let mut out = Vec::with_capacity(value.len() * 3);
    percent_encode(value.expose(), UNRESERVED).for_each(|part| out.extend(part.as_bytes()));
    SecretBytes::new(out)
}

fn placeholder(name: &SecretName, prefix: Option<&str>) -> String {
    let random = random_id::<RANDOM>();
    match prefix {
        // Whoever finds it in a log or in a 401 is to know whose it is.
        Some(prefix) => format!("{prefix}authy-sealed-{random}"),
        None => {
            let plain = |c: char| if c.is_ascii_alphanumeric() { c } else { '-' };
            let name: String = name.as_str().chars().map(plain).collect();
            format!("authy-sealed-{name}-{random}")
        }
    }
}
