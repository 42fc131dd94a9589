//! Secrets: their records, whom they are encrypted to, and whether the caller opens them.

use rayon::prelude::*;

use super::{Finding, Severity};
use crate::access::Caller;
use crate::crypto::{Recipient, file_key, scan};
use crate::fs::{GrantPlace, VaultPath};
use crate::kind::{Failure as _, Kind};
use crate::name::{MemberName, SecretName};
use crate::service::base::{Error, Result, Snapshot};
use crate::service::identity::recipients;
use crate::service::secret::{ReaderChange, due, settled};
use crate::store::{EncryptedSecret, Reader, Stamp};

/// Records that do not verify, values that are not theirs or too old, stanzas that do not fit.
pub(super) fn secrets(opened: &Snapshot, now: Stamp) -> Result<Vec<Finding>> {
    let names = opened.vault.names()?;
    let check = |name: SecretName| {
        match settled(opened, || opened.vault.secret(&name, &opened.rules)) {
            Ok(Some(sealed)) => [stanzas(opened, &sealed), overdue(now, &sealed)],
            // Removed meanwhile.
            Ok(None) => [None, None],
            Err(error) => [Some(refused(&name, &error)), None],
        }
    };
    Ok(names.into_par_iter().flat_map_iter(check).flatten().collect())
}

fn refused(name: &SecretName, error: &Error) -> Finding {
    let severity = if error.kind() == Kind::Denied { Severity::Drift } else { Severity::Damage };
    let finding = Finding::new(severity, &VaultPath::record(name), error).mend(error.hint());
    Finding { hangs_on_rules: error.lacks_a_rule(), ..finding }
}

/// Whether there are as many stanzas of each kind as the recorded readers have recipients, and those
/// for ssh keys are for theirs. Those of age's own kinds do not say whom they are for.
fn stanzas(opened: &Snapshot, sealed: &EncryptedSecret) -> Option<Finding> {
    let path = VaultPath::secret(sealed.name());
    let header = match scan(sealed.ciphertext()) {
        Ok(header) => header,
        Err(error) => return Some(Finding::new(Severity::Damage, &path, &error)),
    };
    let mut sessions = Vec::new();
    let mut members: Vec<&MemberName> = Vec::new();
    for reader in &sealed.record().readers {
        match reader {
            Reader::Member(name) => members.push(name),
            Reader::Session(id) => {
                let place = GrantPlace { id: id.clone(), shared: true };
                // One that was revoked elsewhere is no reader that can be counted.
                let grant = opened.vault.grant(&place, &opened.rules.creator_key()).ok()??;
                sessions.push(Recipient::parse(&grant.recipient).ok()?);
            }
        }
    }
    // Who is no member any more is for the comparison with the rules.
    let mut expected = recipients(&opened.rules, members.into_iter()).ok()?;
    expected.extend(sessions);
    if expected.iter().any(|one| one.plugin().is_some()) {
        // A plugin may write as many stanzas as it likes, of any kind.
        return None;
    }
    let hybrid = expected.iter().filter(|one| one.is_post_quantum()).count();
    let tags: Vec<String> = expected.iter().filter_map(Recipient::ssh_tag).collect();
    let is_as_many = (header.stanzas, header.hybrid) == (expected.len(), hybrid);
    if is_as_many && header.ssh_tags == tags {
        return None;
    }
    let message = format!(
        "it is encrypted to {} recipients, and the readers that its record names have {}",
        header.stanzas,
        expected.len()
    );
    let mend = format!("run 'authy rotate {}'", sealed.name());
    Some(Finding::new(Severity::Drift, &path, &message).mend(Some(mend)))
}

pub(super) fn drift(change: &ReaderChange, missing: Option<&VaultPath>) -> Finding {
    let list = |verb: &str, members: &[MemberName]| {
        let names: Vec<&str> = members.iter().map(MemberName::as_str).collect();
        (!names.is_empty()).then(|| format!("{} {verb}", names.join(", ")))
    };
    let parts =
        [list("may read it and cannot", &change.gains), list("can and may not", &change.loses)];
    let message = parts.into_iter().flatten().collect::<Vec<_>>().join("; ");
    // Who lost access because a file is missing has not lost it.
    let mend = match missing {
        None => "run 'authy rekey'".to_owned(),
        Some(file) => format!("bring back {file} first"),
    };
    Finding::new(Severity::Drift, &VaultPath::record(&change.name), &message).mend(Some(mend))
}

/// Files that the caller's identity does not open although it should: with an identity more
/// can be seen than the number of stanzas. No value is opened, only the key of each file.
pub(super) fn unopened(opened: &Snapshot, caller: &Caller) -> Result<Vec<Finding>> {
    let names = opened.vault.names()?;
    if caller.identity.has_plugins() {
        let sealed = |name| opened.vault.secret(name, &opened.rules).ok()?;
        let is_reader = |one: &EncryptedSecret| one.record().members().any(|m| *m == caller.name);
        let sealed: Vec<_> = names.iter().filter_map(sealed).filter(is_reader).collect();
        caller.identity.prepare(sealed.iter().map(EncryptedSecret::ciphertext))?;
    }
    let look = |name: SecretName| {
        let sealed = opened.vault.secret(&name, &opened.rules).ok()??;
        let is_reader = sealed.record().members().any(|who| *who == caller.name);
        let error = file_key(sealed.ciphertext(), &caller.identity).err().filter(|_| is_reader)?;
        let message = format!("its record names {}, who cannot open it: {error}", caller.name);
        let mend = Some(format!("run 'authy rotate {name}'"));
        // Encrypted where nobody knew yet that they have other recipients, or not in order at all.
        let severity =
            if error.kind() == Kind::Denied { Severity::Drift } else { Severity::Damage };
        Some(Finding::new(severity, &VaultPath::secret(&name), &message).mend(mend))
    };
    Ok(names.into_par_iter().filter_map(look).collect())
}

/// A value that wants changing.
fn overdue(now: Stamp, sealed: &EncryptedSecret) -> Option<Finding> {
    let (why, name) = (due(now, sealed.record())?, sealed.name());
    let message = format!("due for rotation: {why}");
    let mend = Some(format!("run 'authy rotate {name}'"));
    Some(Finding::new(Severity::Warning, &VaultPath::record(name), &message).mend(mend))
}
