//! The keys: one table for each place, which the footer shows, `?` explains and the dispatch obeys.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::effect::Section;

/// What a key asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Command {
    Section(Section),
    NextSection,
    PreviousSection,
    Help,
    Quit,
    Lock,
    Suspend,
    Filter,
    Step(isize),
    First,
    Last,
    New,
    Open,
    Copy,
    Rotate,
    Edit,
    Rename,
    Delete,
    DeleteAll,
    Test,
    Approve,
    Verify,
    Restore,
    Code,
    Sort,
    Sync,
    Undo,
    Mark,
    Removed,
}

impl Command {
    /// Whether only an admin may do it in that section.
    pub(crate) const fn is_for_admins(self, section: Section) -> bool {
        let changes = matches!(self, Self::New | Self::Edit | Self::Delete);
        let is_theirs = matches!(section, Section::Policies | Section::Members);
        matches!(self, Self::Approve) || (changes && is_theirs)
    }
}

/// A key and what it does.
pub(crate) struct Binding {
    keys: &'static [Key],
    /// The key as people read it.
    pub(crate) shown: &'static str,
    /// In the footer; empty where only `?` names it.
    pub(crate) label: &'static str,
    pub(crate) help: &'static str,
    pub(crate) command: Command,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Key {
    Char(char),
    Ctrl(char),
    Code(KeyCode),
}

impl Key {
    fn is(self, event: KeyEvent) -> bool {
        let ctrl = event.modifiers.contains(KeyModifiers::CONTROL);
        match (self, event.code) {
            (Self::Char(c), KeyCode::Char(typed)) => !ctrl && c == typed,
            (Self::Ctrl(c), KeyCode::Char(typed)) => ctrl && c == typed.to_ascii_lowercase(),
            (Self::Code(code), typed) => code == typed,
            _ => false,
        }
    }
}

const fn bind(
    keys: &'static [Key],
    shown: &'static str,
    label: &'static str,
    help: &'static str,
    command: Command,
) -> Binding {
    Binding { keys, shown, label, help, command }
}

use Key::{Char, Code, Ctrl};

const SECRETS: [Binding; 12] = [
    bind(&[Char('n')], "n", "new", "store a new secret", Command::New),
    bind(
        &[Code(KeyCode::Enter), Char('v')],
        "Enter",
        "reveal",
        "show the value for 30 seconds; this is recorded",
        Command::Open,
    ),
    bind(
        &[Char('c')],
        "c",
        "copy",
        "put the value on the clipboard for 45 seconds; this is recorded",
        Command::Copy,
    ),
    bind(&[Char('r')], "r", "rotate", "give it a new value", Command::Rotate),
    bind(&[Char('e')], "e", "edit", "change description, tags, rotation", Command::Edit),
    bind(&[Char('m')], "m", "rename", "give it another name", Command::Rename),
    bind(&[Char('d'), Code(KeyCode::Delete)], "d", "delete", "remove it", Command::Delete),
    bind(&[Char('u')], "u", "", "restore the value before", Command::Restore),
    bind(
        &[Char('o')],
        "o",
        "",
        "put its one-time code (TOTP) on the clipboard; this is recorded",
        Command::Code,
    ),
    bind(&[Char('s')], "s", "", "sort by name, by age, by what is due", Command::Sort),
    bind(
        &[Char(' ')],
        "Space",
        "",
        "mark it, or not any more; d removes what is marked",
        Command::Mark,
    ),
    bind(&[Char('R')], "R", "", "show what was removed, and bring it back", Command::Removed),
];

const APPROVE: Binding = bind(
    &[Char('a')],
    "a",
    "approve",
    "look at what waits for an admin, and sign it",
    Command::Approve,
);

const POLICIES: [Binding; 5] = [
    bind(&[Char('n')], "n", "new", "make a policy", Command::New),
    bind(&[Char('e'), Code(KeyCode::Enter)], "e", "edit", "change the policy", Command::Edit),
    bind(&[Char('t')], "t", "test", "ask what it says about a name", Command::Test),
    APPROVE,
    bind(&[Char('d'), Code(KeyCode::Delete)], "d", "delete", "remove it", Command::Delete),
];

const SESSIONS: [Binding; 4] = [
    bind(&[Char('n')], "n", "new", "make a session; its token is shown once", Command::New),
    bind(
        &[Code(KeyCode::Enter)],
        "Enter",
        "what it did",
        "show its lines of the audit log",
        Command::Open,
    ),
    bind(&[Char('d'), Code(KeyCode::Delete)], "d", "revoke", "end the session", Command::Delete),
    bind(&[Char('D')], "D", "revoke all", "end every session that you may", Command::DeleteAll),
];

const AUDIT: [Binding; 2] = [
    bind(&[Code(KeyCode::Enter)], "Enter", "details", "show the whole line", Command::Open),
    bind(
        &[Char('v')],
        "v",
        "verify",
        "check that no line was changed, removed or reordered",
        Command::Verify,
    ),
];

const MEMBERS: [Binding; 5] = [
    bind(
        &[Code(KeyCode::Enter)],
        "Enter",
        "what they did",
        "show their lines of the audit log",
        Command::Open,
    ),
    bind(&[Char('n')], "n", "new", "add a member by recipient", Command::New),
    bind(&[Char('e')], "e", "groups", "put the member into groups", Command::Edit),
    APPROVE,
    bind(
        &[Char('d'), Code(KeyCode::Delete)],
        "d",
        "remove",
        "remove the member, and list what to rotate",
        Command::Delete,
    ),
];

const GENERAL: [Binding; 19] = [
    bind(
        &[Char('/')],
        "/",
        "filter",
        "show what matches; in Audit also op:, who:, scope:, secret:, outcome:",
        Command::Filter,
    ),
    bind(
        &[Code(KeyCode::Tab), Code(KeyCode::Right)],
        "Tab",
        "section",
        "go to the next section",
        Command::NextSection,
    ),
    bind(
        &[Char('S')],
        "S",
        "sync",
        "commit what waits, fetch, merge and push; conflicts are shown",
        Command::Sync,
    ),
    bind(
        &[Char('U')],
        "U",
        "",
        "take your last change of secrets or policies back; it is shown first",
        Command::Undo,
    ),
    bind(&[Char('?'), Code(KeyCode::F(1))], "?", "keys", "show these keys", Command::Help),
    bind(&[Char('q')], "q", "quit", "leave", Command::Quit),
    bind(
        &[Code(KeyCode::BackTab), Code(KeyCode::Left)],
        "S-Tab",
        "",
        "go to the section before",
        Command::PreviousSection,
    ),
    bind(&[Char('1')], "1", "", "Secrets", Command::Section(Section::Secrets)),
    bind(&[Char('2')], "2", "", "Policies", Command::Section(Section::Policies)),
    bind(&[Char('3')], "3", "", "Sessions", Command::Section(Section::Sessions)),
    bind(&[Char('4')], "4", "", "Audit", Command::Section(Section::Audit)),
    bind(&[Char('5')], "5", "", "Members", Command::Section(Section::Members)),
    bind(&[Char('j'), Code(KeyCode::Down)], "j, Down", "", "one down", Command::Step(1)),
    bind(&[Char('k'), Code(KeyCode::Up)], "k, Up", "", "one up", Command::Step(-1)),
    bind(&[Code(KeyCode::PageDown), Ctrl('f')], "PgDn", "", "a page down", Command::Step(20)),
    bind(&[Code(KeyCode::PageUp), Ctrl('b')], "PgUp", "", "a page up", Command::Step(-20)),
    bind(&[Char('g'), Code(KeyCode::Home)], "g, Home", "", "to the first", Command::First),
    bind(&[Char('G'), Code(KeyCode::End)], "G, End", "", "to the last", Command::Last),
    bind(&[Ctrl('l')], "^L", "", "lock: the identity is forgotten", Command::Lock),
];

/// What works everywhere, in fields too.
const ALWAYS: [(Key, Command); 3] =
    [(Ctrl('c'), Command::Quit), (Ctrl('z'), Command::Suspend), (Ctrl('l'), Command::Lock)];

/// The keys of a section.
pub(crate) const fn of(section: Section) -> &'static [Binding] {
    match section {
        Section::Secrets => &SECRETS,
        Section::Policies => &POLICIES,
        Section::Sessions => &SESSIONS,
        Section::Audit => &AUDIT,
        Section::Members => &MEMBERS,
    }
}

/// The keys of every section.
pub(crate) const fn general() -> &'static [Binding] {
    &GENERAL
}

/// What a key asks for in a section.
pub(crate) fn command(section: Section, event: KeyEvent) -> Option<Command> {
    let mut all = of(section).iter().chain(general());
    all.find(|binding| binding.keys.iter().any(|key| key.is(event))).map(|found| found.command)
}

/// What a key asks for wherever one is.
pub(crate) fn always(event: KeyEvent) -> Option<Command> {
    ALWAYS.into_iter().find(|(key, _)| key.is(event)).map(|(_, command)| command)
}

#[cfg(test)]
mod tests {
    use super::{Section, general, of};

    #[test]
    fn no_key_means_two_things_in_one_place() {
        for section in Section::ALL {
            let mut keys: Vec<_> = of(section)
                .iter()
                .chain(general())
                .flat_map(|binding| binding.keys)
                .map(|key| format!("{key:?}"))
                .collect();
            let count = keys.len();
            keys.sort();
            keys.dedup();
            assert_eq!(keys.len(), count, "{section:?}");
        }
    }
}
