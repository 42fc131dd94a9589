//! What waits, in a few signs.

use authy::BriefStatus;

/// `*` for a change that is not committed, `>2` for two commits to send, `<1` for one to merge: the
/// signs of git's own prompt.
pub(crate) fn marks(brief: &BriefStatus) -> Vec<String> {
    let uncommitted = brief.uncommitted.then(|| "*".to_owned());
    let ahead = (brief.ahead > 0).then(|| format!(">{}", brief.ahead));
    let behind = (brief.behind > 0).then(|| format!("<{}", brief.behind));
    [uncommitted, ahead, behind].into_iter().flatten().collect()
}
