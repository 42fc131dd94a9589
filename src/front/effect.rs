//! The effect of a change of rules in words, for somebody who has never seen authy, and what
//! waits for approval with it.

use std::collections::BTreeMap;

use authy::{
    AccessRequest, Approval, Effect, MemberEffect, PatternEffect, Proposal, Reached, ScopeEffect,
    ScopeName, SealedRule, SecretName, printable,
};

use super::text::recipient_shown;

/// So many names are written out; the others are counted.
const MOST: usize = 12;

/// Says what waits for approval and what it means; nothing where nothing waits.
pub(crate) fn approval_lines(approval: &Approval) -> Vec<String> {
    let mut out: Vec<String> = approval.proposals.iter().flat_map(proposal).collect();
    if out.is_empty() {
        return out;
    }
    out.push("What this means:".to_owned());
    match lines(&approval.effect) {
        none if none.is_empty() => out.push("  nobody gains or loses anything".to_owned()),
        some => out.extend(some.into_iter().map(|line| format!("  {line}"))),
    }
    out.iter().map(|line| printable(line)).collect()
}

/// Says who asks for access to what, and how to give it.
pub(crate) fn request_lines(requests: &[AccessRequest]) -> Vec<String> {
    let mut out = Vec::new();
    for one in requests {
        let agent = one.agent.as_ref().map(|agent| format!(" by {agent}")).unwrap_or_default();
        let names: Vec<&str> = one.names.iter().map(SecretName::as_str).collect();
        out.push(format!("{}{agent} asks for {}, {}", one.by, names.join(", "), one.time));
        out.push(format!("  why: {}", one.reason));
        let allow: String = names.iter().map(|name| format!(" --allow {name}")).collect();
        out.push(format!("  to give it: authy policy update {}{allow}", one.scope));
    }
    out.iter().map(|line| printable(line)).collect()
}

/// A line of a diff with its long recipients cut: what an admin compares is the fingerprint.
fn recipients_shown(line: &str) -> String {
    line.split('"').map(recipient_shown).collect::<Vec<_>>().join("\"")
}

fn proposal(one: &Proposal) -> Vec<String> {
    let mut lines = vec![format!("{} {} ({})", one.what, one.name, one.path)];
    lines.push(format!("  not approved: {}", one.problem));
    lines.push(match &one.commit {
        Some(commit) => {
            let (author, id, time) = (&commit.author, commit.short(), &commit.time);
            format!("  last changed by {author} in commit {id}, {time}")
        }
        None => "  not committed as it is".to_owned(),
    });
    if let Some(fingerprint) = &one.fingerprint {
        lines.push(format!("  signing key: {fingerprint}; compare it with what the member says"));
    }
    lines.extend(one.diff.iter().map(|line| format!("  {}", recipients_shown(line))));
    lines.push(String::new());
    lines
}

/// Says what changes, a sentence a line: members first, then scopes.
pub(crate) fn lines(effect: &Effect) -> Vec<String> {
    let mut out = Vec::new();
    effect.members.iter().for_each(|member| of_member(member, &mut out));
    effect.scopes.iter().for_each(|scope| of_scope(scope, &mut out));
    out
}

fn of_member(effect: &MemberEffect, out: &mut Vec<String>) {
    let who = &effect.member;
    match effect.joins {
        Some(true) => out.push(format!("{who} becomes a member{}", groups(effect))),
        Some(false) => out.push(format!("{who} is a member no more")),
        None => {
            let mut group = |verb: &str, groups: &[authy::GroupName]| {
                out.extend(groups.iter().map(|group| format!("{who} {verb} the group @{group}")));
            };
            group("joins", &effect.groups_added);
            group("leaves", &effect.groups_removed);
            let mut key = |verb: &str, keys: &[String]| {
                out.extend(
                    keys.iter()
                        .map(|key| format!("{who} {verb} the recipient {}", recipient_shown(key))),
                );
            };
            key("gets", &effect.recipients_added);
            key("gives up", &effect.recipients_removed);
        }
    }
    if effect.signing_key_changed {
        out.push(format!("{who} signs with another key"));
    }
    match effect.admin {
        Some(true) => out.push(format!(
            "{who} becomes an admin: reads every secret, and says who else may read what"
        )),
        Some(false) => out.push(format!("{who} is an admin no more")),
        None => {}
    }
    access(&format!("{who} can now decrypt"), &effect.gains, out);
    access(&format!("{who} can no longer decrypt"), &effect.loses, out);
    if effect.joins == Some(true) && effect.gains.is_empty() {
        out.push(format!("{who} can decrypt nothing yet: no policy lists them (authy policy update SCOPE --member {who})"));
    }
    if !effect.loses.is_empty() {
        out.push(format!(
            "{who} may have copies of those, and git keeps the old files: rotate them"
        ));
    }
}

fn groups(effect: &MemberEffect) -> String {
    let names: Vec<String> = effect.groups_added.iter().map(|group| format!("@{group}")).collect();
    match names.is_empty() {
        true => String::new(),
        false => format!(" of {}", names.join(", ")),
    }
}

/// One sentence for each policy and pattern.
fn access(start: &str, reached: &[Reached], out: &mut Vec<String>) {
    let mut by_reason: BTreeMap<String, Vec<&SecretName>> = BTreeMap::new();
    for one in reached {
        let reason = match (&one.policy, &one.pattern) {
            (Some(policy), Some(pattern)) => format!(" by policy {policy} (allow \"{pattern}\")"),
            _ => " as an admin".to_owned(),
        };
        by_reason.entry(reason).or_default().push(&one.name);
    }
    for (reason, names) in by_reason {
        out.push(format!("{start} {}{reason}: {}", secrets(names.len()), listed(&names)));
    }
}

fn of_scope(effect: &ScopeEffect, out: &mut Vec<String>) {
    let scope = &effect.scope;
    match effect.exists {
        Some(true) => out.push(format!("scope {scope} is new")),
        Some(false) => {
            out.push(format!("scope {scope} is gone: nobody can use it"));
            return;
        }
        None => {}
    }
    let mut people = |verb: &str, who: &[String]| {
        if !who.is_empty() {
            out.push(format!("scope {scope} can {verb} be used by {}", who.join(", ")));
        }
    };
    people("now", &effect.members_added);
    people("no longer", &effect.members_removed);
    let mut pattern = |verb: &str, patterns: &[PatternEffect]| {
        for one in patterns {
            let matches = match one.matches {
                0 => "no secret yet".to_owned(),
                count => secrets(count),
            };
            out.push(format!("scope {scope} {verb} \"{}\", which matches {matches}", one.pattern));
        }
    };
    pattern("now allows", &effect.allow_added);
    pattern("no longer allows", &effect.allow_removed);
    pattern("now denies", &effect.deny_added);
    pattern("no longer denies", &effect.deny_removed);
    let mut reach = |verb: &str, names: &[SecretName]| {
        if !names.is_empty() {
            let all: Vec<&SecretName> = names.iter().collect();
            out.push(format!("scope {scope} {verb} {}: {}", secrets(all.len()), listed(&all)));
        }
    };
    reach("now reaches", &effect.reaches);
    reach("no longer reaches", &effect.no_longer_reaches);
    of_handing_out(effect, out);
    if let Some([before, after]) = &effect.commands {
        let programs = |list: &Option<Vec<String>>| match list {
            Some(list) if list.is_empty() => "no program".to_owned(),
            Some(list) => list.join(", "),
            None => "any program".to_owned(),
        };
        let (before, after) = (programs(before), programs(after));
        out.push(format!("scope {scope} may start {after} (before: {before})"));
    }
    if let Some([before, after]) = &effect.max_ttl {
        let life = |ttl: &Option<authy::Ttl>| {
            ttl.map_or_else(|| "any time".to_owned(), |ttl| ttl.to_string())
        };
        let (before, after) = (life(before), life(after));
        out.push(format!("sessions of scope {scope} live {after} at most (before: {before})"));
    }
}

/// Whether and how values are handed out.
fn of_handing_out(effect: &ScopeEffect, out: &mut Vec<String>) {
    let scope = &effect.scope;
    match effect.run_only {
        Some(true) => out.push(format!(
            "scope {scope} becomes run-only: its values go into programs and are shown to nobody"
        )),
        Some(false) => out.push(format!(
            "scope {scope} is no longer run-only: its values can be shown, to agents and tokens too"
        )),
        None => {}
    }
    match effect.seal_only {
        Some(true) => out.push(format!(
            "scope {scope} becomes sealed: programs use its values towards hosts, and none is revealed"
        )),
        Some(false) => out.push(format!(
            "scope {scope} is no longer sealed: its values can be revealed as its other rules say"
        )),
        None => {}
    }
    let sealed =
        |rules: &[SealedRule]| rules.iter().map(|rule| used_towards(scope, rule)).collect();
    let (added, removed): (Vec<String>, Vec<String>) =
        (sealed(&effect.sealed_added), sealed(&effect.sealed_removed));
    out.extend(added);
    out.extend(removed.into_iter().map(|line| format!("no longer: {line}")));
}

/// What a sealed rule gives, in a sentence.
pub(crate) fn used_towards(scope: &ScopeName, rule: &SealedRule) -> String {
    let mut limits = Vec::new();
    limits.extend(rule.methods.as_ref().map(|methods| methods.join(", ")));
    limits.extend(rule.paths.as_ref().map(|paths| format!("paths {}", paths.join(", "))));
    limits.extend(rule.header.as_ref().map(|header| format!("set as {header}")));
    if !rule.places.is_empty() {
        limits.push(format!("in headers, {}", rule.places.join(", ")));
    }
    if rule.loopback_plain {
        limits.push("without TLS to any program that listens at that port of this machine".into());
    }
    if rule.plain {
        limits.push("revealed as it is if a run is not asked to seal".into());
    }
    let limits = match limits.is_empty() {
        true => String::new(),
        false => format!(" ({})", limits.join("; ")),
    };
    format!(
        "in sealed runs agents of scope {scope} may use {} towards {} and never see it{limits}",
        rule.secrets.join(", "),
        rule.hosts.join(", ")
    )
}

fn secrets(count: usize) -> String {
    match count {
        1 => "1 secret".to_owned(),
        several => format!("{several} secrets"),
    }
}

fn listed(names: &[&SecretName]) -> String {
    let shown: Vec<&str> = names.iter().take(MOST).map(|name| name.as_str()).collect();
    match names.len().checked_sub(MOST) {
        Some(more) if more > 0 => format!("{} and {more} more", shown.join(", ")),
        _ => shown.join(", "),
    }
}

#[cfg(test)]
mod tests {
    use authy::SecretName;

    use super::listed;

    #[test]
    fn many_names_are_counted() {
        let names: Vec<SecretName> =
            (0..14).map(|i| SecretName::parse(&format!("s{i:02}")).unwrap()).collect();
        let all: Vec<&SecretName> = names.iter().collect();
        assert!(listed(&all).ends_with("s11 and 2 more"));
        assert_eq!(listed(&all[..2]), "s00, s01");
        assert!(!listed(&all[..12]).contains("more"));
    }
}
