//! What somebody meant who typed a command that is none: from what other tools call things, else by
//! the distance between words.

use clap::Command;

/// What other tools call a command, and how it is said here. A word of two is one with its first
/// argument.
const HABITS: [(&str, &str); 74] = [
    ("add", "authy store NAME"),
    ("set", "authy store NAME"),
    ("put", "authy store NAME"),
    ("new", "authy store NAME"),
    ("create", "authy store NAME"),
    ("write", "authy store NAME"),
    ("generate", "authy store NAME --generate"),
    ("gen", "authy store NAME --generate"),
    ("delete", "authy remove NAME"),
    ("del", "authy remove NAME"),
    ("unset", "authy remove NAME"),
    ("cat", "authy get NAME"),
    ("read", "authy get NAME"),
    ("print", "authy get NAME"),
    ("copy", "authy get NAME --clip"),
    ("clip", "authy get NAME --clip"),
    ("cp", "authy get NAME | authy store COPY"),
    ("move", "authy rename OLD NEW"),
    ("update", "authy rotate NAME"),
    ("change", "authy rotate NAME"),
    ("revert", "authy undo"),
    ("rollback", "authy restore NAME"),
    ("redo", "authy undo"),
    ("versions", "authy history NAME"),
    ("search", "authy list TEXT"),
    ("find", "authy list TEXT"),
    ("grep", "authy list TEXT"),
    ("secrets", "authy list"),
    ("secret", "authy list"),
    ("tree", "authy list --tree"),
    ("exec", "authy run"),
    ("inject", "authy resolve FILE"),
    ("template", "authy resolve FILE"),
    ("log", "authy audit show"),
    ("logs", "authy audit show"),
    ("activity", "authy audit show"),
    ("setup", "authy init"),
    ("login", "authy join"),
    ("signin", "authy join"),
    ("clone", "git clone URL ~/.authy && authy join"),
    ("push", "authy sync"),
    ("pull", "authy sync"),
    ("fetch", "authy sync"),
    ("diff", "authy policy diff"),
    ("merge", "authy conflict list"),
    ("leaks", "authy scan"),
    ("detect", "authy scan"),
    ("doctor", "authy check"),
    ("fsck", "authy check"),
    ("verify", "authy check"),
    ("audit-verify", "authy audit verify"),
    ("users", "authy member list"),
    ("user", "authy member list"),
    ("team", "authy member list"),
    ("invite", "authy member add NAME --recipient KEY"),
    ("recipients", "authy member list"),
    ("scope", "authy policy list"),
    ("scopes", "authy policy list"),
    ("share", "authy policy create NAME --allow PATTERN --member MEMBER"),
    ("token", "authy session create --scope SCOPE"),
    ("tokens", "authy session list"),
    ("revoke", "authy session revoke ID"),
    ("version", "authy --version"),
    ("tui", "authy admin"),
    ("decrypt", "authy get NAME"),
    ("reveal", "authy get NAME"),
    ("open", "authy get NAME"),
    ("reencrypt", "authy rekey"),
    ("policies", "authy policy list"),
    ("grant", "authy policy update NAME --member MEMBER"),
    ("logout", "authy lock"),
    ("st", "authy status"),
    ("remote", "git -C ~/.authy remote add origin URL"),
    ("git", "git -C ~/.authy"),
];

/// What is no mistake for a command that is written nearly so.
const ELSEWHERE: [&str; 3] = ["exit", "quit", "ps"];

/// The same below a command: its name, the word, and how it is said here.
const BELOW: [(&str, &str, &str); 18] = [
    ("policy", "edit", "authy policy update NAME"),
    ("policy", "set", "authy policy update NAME"),
    ("policy", "allow", "authy policy update NAME --allow PATTERN"),
    ("policy", "deny", "authy policy update NAME --deny PATTERN"),
    ("policy", "add", "authy policy create NAME --allow PATTERN"),
    ("policy", "new", "authy policy create NAME --allow PATTERN"),
    ("policy", "delete", "authy policy remove NAME"),
    ("member", "invite", "authy member add NAME --recipient KEY"),
    ("member", "delete", "authy member remove NAME"),
    ("member", "approve", "authy approve NAME"),
    ("member", "promote", "authy member add NAME --admin"),
    ("session", "new", "authy session create --scope SCOPE"),
    ("session", "add", "authy session create --scope SCOPE"),
    ("session", "delete", "authy session revoke ID"),
    ("audit", "log", "authy audit show"),
    ("config", "get", "authy config show"),
    ("conflict", "resolve", "authy conflict take ours|theirs NAME"),
    ("conflict", "diff", "authy conflict show NAME"),
];

/// The hint for a word that is no command in `group`, the names of the commands above it: none is
/// better than a wrong one.
pub(crate) fn hint(root: &Command, group: &[&str], word: &str) -> Option<String> {
    let habit = HABITS.iter().find(|(habit, _)| group.is_empty() && *habit == word);
    if let Some((_, here)) = habit {
        return Some(format!("that is '{here}' here"));
    }
    let below = BELOW.iter().find(|(name, habit, _)| group == [*name] && *habit == word);
    if let Some((_, _, here)) = below {
        return Some(format!("that is '{here}' here"));
    }
    if ELSEWHERE.contains(&word) {
        return None;
    }
    let command = group.iter().try_fold(root, |at, name| at.find_subcommand(name))?;
    let lead = [&["authy"], group].concat().join(" ");
    let visible = command.get_subcommands().filter(|sub| !sub.is_hide_set());
    let names = visible.flat_map(|sub| {
        sub.get_name_and_visible_aliases().into_iter().map(str::to_owned).collect::<Vec<_>>()
    });
    let near = names.map(|name| (strsim::damerau_levenshtein(&name, word), name));
    let (distance, name) = near.min_by_key(|(distance, _)| *distance)?;
    // A letter more, less, wrong or swapped; two in a long word.
    let most = if word.chars().count() > 5 { 2 } else { 1 };
    (distance <= most).then(|| format!("did you mean '{lead} {name}'?"))
}

#[cfg(test)]
mod tests {
    use super::{BELOW, HABITS, hint};
    use crate::cli::help::tree;

    #[test]
    fn no_habit_is_a_command_and_each_leads_to_one() {
        let tree = tree();
        for (habit, here) in HABITS {
            assert!(tree.find_subcommand(habit).is_none(), "{habit}");
            let Some(words) = here.strip_prefix("authy ") else { continue };
            let first = words.split(' ').next().unwrap_or_default();
            assert!(first.starts_with("--") || tree.find_subcommand(first).is_some(), "{here}");
        }
        for (group, habit, here) in BELOW {
            let group = tree.find_subcommand(group).unwrap();
            assert!(group.find_subcommand(habit).is_none(), "{habit}");
            let mut words = here.split(' ').skip(1);
            let command = tree.find_subcommand(words.next().unwrap()).unwrap();
            let second = words.next().filter(|_| command.has_subcommands());
            assert!(second.is_none_or(|word| command.find_subcommand(word).is_some()), "{here}");
        }
    }

    #[test]
    fn what_is_near_is_meant_and_what_is_far_is_not() {
        let tree = tree();
        let said = |group: &[&str], word| hint(&tree, group, word).unwrap_or_default();
        assert_eq!(said(&[], "lst"), "did you mean 'authy list'?");
        assert_eq!(said(&[], "polciy"), "did you mean 'authy policy'?");
        assert_eq!(said(&["policy"], "creat"), "did you mean 'authy policy create'?");
        assert_eq!(said(&[], "users"), "that is 'authy member list' here");
        for word in ["xyzzy", "hookstate", "q", ""] {
            assert_eq!(said(&[], word), "", "{word}");
        }
        assert_eq!(said(&["session"], "users"), "");
    }
}
