//! Values that want changing: because of their age, or because somebody who may not read them
//! any more could.

use crate::name::MemberName;
use crate::store::{Record, Stamp};

/// Why the value of a secret is due for rotation; `None` where it is not.
pub(crate) fn due(now: Stamp, record: &Record) -> Option<String> {
    if !record.exposed_to.is_empty() {
        let names: Vec<&str> = record.exposed_to.iter().map(MemberName::as_str).collect();
        return Some(format!("{} could read it and may not any more", names.join(", ")));
    }
    if let Some(found) = record.leaked {
        return Some(format!("a copy of it was found outside of the vault, {found}"));
    }
    let end = record.changed.plus(record.rotate_every?.seconds());
    (now >= end).then(|| format!("its value was to be changed by {end}"))
}
