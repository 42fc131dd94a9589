//! `~/.aws/credentials`: the two lines of a key become one that names the helper, as static keys win
//! over it where both stand.

use super::lines::{sections, setting};
use super::{Candidate, Choice, Choose, DOTS, Odd, is_reference};

const ID: &str = "aws_access_key_id";
const KEY: &str = "aws_secret_access_key";
const SESSION: &str = "aws_session_token";

pub(super) fn credentials(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    let sections = sections(text);
    let mut becomes = Vec::new();
    for section in &sections {
        let mut pair = (None, None);
        if let (Some(id), Some(key)) = (section.get(ID), section.get(KEY))
            && !is_reference(key)
        {
            // Temporary keys are of no use tomorrow.
            let by_hand = section.get(SESSION).map(|_| "temporary keys, which end by themselves");
            let mut ask = |what: &str, short: &str, value: &str| {
                choose(Candidate {
                    name: format!("aws/{}-{short}", section.name),
                    longer: format!("aws/{}-{what}", section.name),
                    is_sure: true,
                    by_hand,
                    ..Candidate::new(&[section.name, what], value)
                })
            };
            pair = (Some(ask(ID, "id", id)), Some(ask(KEY, "key", key)));
        }
        becomes.push(pair);
    }
    let mut at = 0;
    let lines = text.split_inclusive('\n').enumerate().map(|(number, whole)| {
        if sections.get(at + 1).is_some_and(|next| next.line <= number + 1) {
            at += 1;
        }
        let bare = whole.trim_end_matches(['\n', '\r']);
        let end = &whole[bare.len()..];
        let Some((key, value)) = setting(bare).filter(|(key, _)| *key == ID || *key == KEY) else {
            return whole.to_owned();
        };
        match &becomes[at] {
            (Some(Choice::Refer { secret: id, .. }), Some(Choice::Refer { secret, .. })) => {
                match key {
                    ID => format!("credential_process = authy helper aws {id} {secret}{end}"),
                    _ => String::new(),
                }
            }
            (Some(Choice::Mask), _) if key == ID => bare.replace(value, DOTS) + end,
            (_, Some(Choice::Mask)) if key == KEY => bare.replace(value, DOTS) + end,
            _ => whole.to_owned(),
        }
    });
    Ok(lines.collect())
}
