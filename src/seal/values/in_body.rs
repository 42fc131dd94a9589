//! Values in bodies: nobody knows which a body names before it is read, so each is recorded when
//! it is found, before the bytes that have it go on.

use std::sync::{Arc, Mutex, PoisonError};

use hyper::body::Incoming;

use super::cleared::Judged;
use super::{Slot, percent_encoded};
use crate::inject::{Filter as _, Masker};
use crate::name::SecretName;
use crate::seal::body::{self, Body, Gate};
use crate::seal::coding::Coding;
use crate::seal::look::Names;
use crate::seal::session::Session;
use crate::secret::SecretBytes;

/// The values that a body may get in the place of their placeholders.
pub(in crate::seal) struct BodyValues {
    masker: Masker,
    carried: Names,
    found: Found,
}

/// Has the values recorded that were put into a body, before it goes on.
struct Found {
    session: Arc<Session>,
    names: Arc<Mutex<Vec<SecretName>>>,
}

impl BodyValues {
    /// Takes what rules allow in the body of a request with this `Content-Type`; what was put in is
    /// added to `carried`.
    pub(in crate::seal) fn new(
        session: &Arc<Session>,
        allowed: &[Judged<'_>],
        content_type: &str,
        carried: &Names,
    ) -> Self {
        let texts = allowed.iter().map(|one| {
            let placeholder = SecretBytes::from(one.slot.placeholder.clone());
            (one.name(), placeholder, in_body(one.slot, content_type))
        });
        Self {
            masker: Masker::exact(texts.collect()),
            carried: carried.clone(),
            found: Found { session: Arc::clone(session), names: Arc::default() },
        }
    }

    /// Fills a body as it comes.
    pub(in crate::seal) fn stream(self, body: Incoming) -> Body {
        let report = self.report();
        let filter = Arc::new(self.masker).shared_stream(report);
        body::filtered(body, filter, Coding::Identity, self.found)
    }

    /// Fills a whole body; `None` where a use could not be recorded, and then nothing may leave.
    pub(in crate::seal) async fn whole(mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        let mut filled = Vec::with_capacity(bytes.len());
        {
            let mut stream = self.masker.stream(self.report());
            stream.push(bytes, &mut filled);
            stream.finish(&mut filled);
        }
        self.found.opens().await.then_some(filled)
    }

    fn report(&self) -> impl FnMut(&SecretName) + Send + use<> {
        let (carried, names) = (self.carried.clone(), Arc::clone(&self.found.names));
        move |name: &SecretName| {
            carried.add(name);
            let mut names = names.lock().unwrap_or_else(PoisonError::into_inner);
            if !names.contains(name) {
                names.push(name.clone());
            }
        }
    }
}

impl Gate for Found {
    async fn opens(&mut self) -> bool {
        let names = {
            let mut names = self.names.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::take(&mut *names)
        };
        for name in names {
            if !self.session.shared.run.recorded(&name, &self.session.address).await {
                return false;
            }
        }
        true
    }
}

/// A value as the body of a request of this kind holds it.
pub(in crate::seal) fn in_body(slot: &Slot, content_type: &str) -> SecretBytes {
    let kind = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    if kind == "application/x-www-form-urlencoded" {
        return percent_encoded(&slot.value);
    }
    let text = slot.value.expose_str();
    match text.filter(|_| kind == "application/json" || kind.ends_with("+json")) {
        Some(text) => quoted(text),
        None => slot.value.clone(),
    }
}

/// A text as a JSON string holds it, without the quotation marks.
fn quoted(text: &str) -> SecretBytes {
    // The longest form of a byte is `\u0000`: nothing grows, and so nothing is left behind.
    let mut out = Vec::with_capacity(text.len() * 6 + 2);
    // Writing text into memory cannot fail.
    let _ = serde_json::to_writer(&mut out, text);
    out.truncate(out.len().saturating_sub(1));
    out.drain(..1.min(out.len()));
    SecretBytes::new(out)
}
