//! Who keeps a team's files from being safe from a quantum computer, once some of its keys are.

use std::collections::BTreeMap;

use super::{Finding, Severity};
use crate::crypto::Recipient;
use crate::fs::{GrantPlace, VaultPath};
use crate::name::{MemberName, SessionId};
use crate::service::base::{Result, Snapshot};
use crate::store::Reader;

/// Members with a recipient of the old kind who read something, where somebody has one of the new;
/// shared sessions of the old kind. A team without any has decided nothing, and hears nothing.
pub(super) fn quantum(opened: &Snapshot) -> Result<Vec<Finding>> {
    let mut classic: BTreeMap<&MemberName, usize> = BTreeMap::new();
    let mut has_begun = false;
    for (name, _) in opened.rules.members() {
        let recipients = opened.rules.recipients(name)?.unwrap_or_default();
        has_begun |= recipients.iter().any(Recipient::is_post_quantum);
        if !recipients.iter().all(Recipient::is_post_quantum) {
            classic.insert(name, 0);
        }
    }
    if !has_begun {
        return Ok(Vec::new());
    }
    let mut sessions: BTreeMap<SessionId, usize> = BTreeMap::new();
    for name in opened.vault.names()? {
        let Ok(Some(record)) = opened.vault.record(&name, &opened.rules) else { continue };
        for reader in &record.readers {
            match reader {
                Reader::Member(who) => {
                    classic.get_mut(who).into_iter().for_each(|count| *count += 1);
                }
                Reader::Session(id) => *sessions.entry(id.clone()).or_default() += 1,
            }
        }
    }
    let members = classic.into_iter().filter(|(_, count)| *count > 0).map(|(name, count)| {
        let message = match count {
            1 => format!("{name} has a recipient that is not post-quantum, and reads 1 secret"),
            many => format!("{name} has a recipient that is not post-quantum, and reads {many} secrets"),
        };
        let signs = opened.rules.member(name).is_some_and(|member| member.signing.is_some());
        let mend = match signs {
            true => format!("{name} runs 'authy member update --rotate-identity --post-quantum'"),
            false => format!(
                "an admin runs 'authy member update {name} --recipient age1pq1… --remove-recipient …'"
            ),
        };
        Finding::new(Severity::Warning, &VaultPath::member(name), &message).mend(Some(mend))
    });
    let creator = opened.rules.creator_key();
    let sessions = sessions.into_iter().filter_map(|(id, count)| {
        let place = GrantPlace { id, shared: true };
        let grant = opened.vault.grant(&place, &creator).ok()??;
        let is_classic = Recipient::parse(&grant.recipient).is_ok_and(|one| !one.is_post_quantum());
        let message = format!("its token is not post-quantum; secrets that it reads: {count}");
        let mend = "create another, whose creator has a post-quantum key, and revoke this one";
        let found = Finding::new(Severity::Warning, &place.grant(), &message);
        is_classic.then(|| found.mend(Some(mend.to_owned())))
    });
    Ok(members.chain(sessions).collect())
}
