//! Lines for the settings of other programs: added where nothing of the kind stands, and taken away
//! again just as they were added. Everything else in a file stays as it is, byte for byte.

/// What becomes of a file of settings.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Edit {
    /// It is to read like this.
    Changed(String),
    /// The lines are there.
    There,
    /// Something of the same kind stands there: these words.
    Taken(String),
}

/// The lines for git's own file (git-config(1)).
pub(super) const GIT: &str = "[credential]\n\thelper = authy\n";
/// The entry for Docker's file.
pub(super) const DOCKER: &str = "\"credsStore\": \"authy\"";
/// The lines for cargo's file (the Cargo Book, "Configuration").
pub(super) const CARGO: &str = "[registry]\n\
    global-credential-providers = [\"cargo:token\", \"cargo-credential-authy\"]\n";
/// The lines for pip's file.
pub(super) const PIP: &str = "[global]\nkeyring-provider = subprocess\n";
/// The line for uv's file.
pub(super) const UV: &str = "keyring-provider = \"subprocess\"\n";
/// The lines for terraform's file.
pub(super) const TERRAFORM: &str = "credentials_helper \"authy\" {\n  args = []\n}\n";

/// Adds lines at the end, where no line stands that means the same: one that begins with one of
/// `kinds`, blanks aside.
pub(super) fn append(text: &str, lines: &str, kinds: &[&str]) -> Edit {
    if has(text, lines) {
        return Edit::There;
    }
    match of_a_kind(text, kinds) {
        Some(line) => Edit::Taken(line),
        None => {
            let gap = if text.is_empty() || text.ends_with('\n') { "" } else { "\n" };
            Edit::Changed([text, gap, lines].concat())
        }
    }
}

/// As [`append`], before the first line: what belongs to no table.
pub(super) fn prepend(text: &str, lines: &str, kinds: &[&str]) -> Edit {
    if has(text, lines) {
        return Edit::There;
    }
    match of_a_kind(text, kinds) {
        Some(line) => Edit::Taken(line),
        None => Edit::Changed([lines, text].concat()),
    }
}

/// Takes lines away that stand there as they were added; `None` where they do not.
pub(super) fn without(text: &str, lines: &str) -> Option<String> {
    let at = place(text, lines)?;
    Some([&text[..at], &text[at + lines.len()..]].concat())
}

/// Adds Docker's entry to the outermost object.
pub(super) fn docker(text: &str) -> Edit {
    if text.trim().is_empty() {
        return Edit::Changed(format!("{{\n\t{DOCKER}\n}}\n"));
    }
    let read: Result<serde_json::Map<String, serde_json::Value>, _> = serde_json::from_str(text);
    let Ok(object) = read else { return Edit::Taken("what is not a JSON object".to_owned()) };
    if object.get("credsStore").is_some_and(|store| store == "authy") {
        return Edit::There;
    }
    let kinds = ["credsStore", "credHelpers"];
    if let Some(kind) = kinds.iter().find(|kind| object.contains_key(**kind)) {
        return Edit::Taken((*kind).to_owned());
    }
    // The first brace is the outermost object's: only blanks stand before it.
    let Some((before, rest)) = text.split_once('{') else {
        return Edit::Taken("what is not a JSON object".to_owned());
    };
    let comma = if object.is_empty() { "" } else { "," };
    Edit::Changed(format!("{before}{{\n\t{DOCKER}{comma}{rest}"))
}

/// Takes Docker's entry away; `None` where it does not stand as it was added.
pub(super) fn without_docker(text: &str) -> Option<String> {
    let alone = format!("{{\n\t{DOCKER}\n}}\n");
    if text == alone {
        return Some(String::new());
    }
    let found = [format!("\n\t{DOCKER},"), format!("\n\t{DOCKER}")];
    let entry = found.iter().find(|entry| text.contains(entry.as_str()))?;
    Some(text.replacen(entry.as_str(), "", 1))
}

fn has(text: &str, lines: &str) -> bool {
    place(text, lines).is_some()
}

/// Where whole lines stand.
fn place(text: &str, lines: &str) -> Option<usize> {
    let mut found = text.match_indices(lines).map(|(at, _)| at);
    found.find(|at| *at == 0 || text.as_bytes().get(at - 1) == Some(&b'\n'))
}

fn of_a_kind(text: &str, kinds: &[&str]) -> Option<String> {
    let is_one = |line: &&str| kinds.iter().any(|kind| line.starts_with(kind));
    text.lines().map(str::trim).find(is_one).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{CARGO, Edit, GIT, UV, append, docker, prepend, without, without_docker};

    const KINDS: [&str; 1] = ["[credential"];

    fn changed(edit: Edit) -> String {
        match edit {
            Edit::Changed(text) => text,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn lines_are_added_once_and_over_nothing() {
        assert_eq!(changed(append("", GIT, &KINDS)), GIT);
        assert_eq!(changed(append("[user]", GIT, &KINDS)), format!("[user]\n{GIT}"));
        assert_eq!(append(&format!("[user]\n{GIT}"), GIT, &KINDS), Edit::There);
        let taken = append("  [credential \"https://a\"]\n", GIT, &KINDS);
        assert_eq!(taken, Edit::Taken("[credential \"https://a\"]".to_owned()));
        assert_eq!(changed(prepend("[pip]\n", UV, &[])), format!("{UV}[pip]\n"));
        assert_eq!(
            append("[registry]\ntoken = 1\n", CARGO, &["[registry]"]),
            Edit::Taken("[registry]".into())
        );
    }

    #[test]
    fn docker_s_entry_stands_in_the_outermost_object() {
        for (before, after) in [
            ("", "{\n\t\"credsStore\": \"authy\"\n}\n"),
            ("{}", "{\n\t\"credsStore\": \"authy\"}"),
            (
                "{\n\t\"auths\": {\"a\": {}}\n}\n",
                "{\n\t\"credsStore\": \"authy\",\n\t\"auths\": {\"a\": {}}\n}\n",
            ),
        ] {
            let text = changed(docker(before));
            assert_eq!(text, after);
            serde_json::from_str::<serde_json::Value>(&text).unwrap();
            assert_eq!(docker(&text), Edit::There);
            assert_eq!(without_docker(&text).as_deref(), Some(before));
        }
        assert_eq!(docker("{\"credsStore\":\"pass\"}"), Edit::Taken("credsStore".to_owned()));
        assert!(matches!(docker("[1]"), Edit::Taken(_)) && matches!(docker("{"), Edit::Taken(_)));
    }

    proptest! {
        #[test]
        fn what_was_added_goes_again(lines in prop::collection::vec("[a-z =\\[\\]\"]{0,12}", 0..6)) {
            let text = lines.iter().map(|line| format!("{line}\n")).collect::<String>();
            for edit in [append(&text, GIT, &KINDS), prepend(&text, UV, &["keyring-provider"])] {
                if let Edit::Changed(new) = edit {
                    let back = without(&new, GIT).or_else(|| without(&new, UV));
                    prop_assert_eq!(back.as_deref(), Some(text.as_str()));
                }
            }
        }
    }
}
