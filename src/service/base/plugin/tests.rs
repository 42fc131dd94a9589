//! Plugins that do not do as they should, as shell scripts; those that do are driven from the outside.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tempfile::TempDir;

use super::{Host, PluginAccess, PluginUser, allowed, find};
use crate::crypto::FileKey;
use crate::crypto::plugin::{PluginFault, Plugins};
use crate::name::PluginName;
use crate::secret::SecretBytes;

/// Says yes once a question was asked, and writes down what is said.
#[derive(Default)]
struct Willing(Mutex<Vec<String>>, bool);

impl PluginUser for Willing {
    fn message(&self, plugin: &PluginName, text: &str) {
        self.0.lock().unwrap().push(format!("{plugin}: {text}"));
    }

    fn confirm(&self, _: &PluginName, text: &str, yes: &str, no: Option<&str>) -> Option<bool> {
        self.0.lock().unwrap().push(format!("{text} {yes} {no:?}"));
        None
    }

    fn answer(&self, _: &PluginName, _: &str, _: bool) -> Option<SecretBytes> {
        None
    }

    fn consents(&self, question: &str) -> bool {
        self.0.lock().unwrap().push(question.to_owned());
        self.1
    }
}

struct Machine {
    folder: TempDir,
    user: Arc<Willing>,
    host: Host,
}

fn name() -> PluginName {
    PluginName::parse("test").unwrap()
}

fn install(folder: &Path, script: &str) {
    let file = folder.join("age-plugin-test");
    std::fs::write(&file, format!("#!/bin/sh\n{script}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
}

impl Machine {
    fn new(script: &str, says_yes: bool) -> Self {
        let folder = tempfile::tempdir().unwrap();
        install(folder.path(), script);
        let user = Arc::new(Willing(Mutex::default(), says_yes));
        let access = PluginAccess::new(folder.path().into(), user.clone());
        let host = Host {
            access,
            state: Some(folder.path().join("state")),
            asks: true,
            agent: None,
            patience: Duration::from_millis(300),
        };
        Self { folder, user, host }
    }

    /// As after the next command.
    fn again(&self) -> Host {
        Host {
            access: PluginAccess::new(self.folder.path().into(), self.user.clone()),
            state: self.host.state.clone(),
            asks: true,
            agent: None,
            patience: self.host.patience,
        }
    }

    fn said(&self) -> Vec<String> {
        std::mem::take(&mut self.user.0.lock().unwrap())
    }
}

fn unwrap(host: &Host) -> Result<usize, PluginFault> {
    host.unwrap(&name(), &[], &[Vec::new()])
        .map(|keys| keys.iter().flatten().count())
        .map_err(|error| error.fault)
}

const READ: &str = "while read -r a b; do [ \"$b\" = done ] && break; done; read -r _\n";

#[test]
fn nothing_is_started_before_a_person_allowed_it() {
    let machine = Machine::new("touch \"$0.ran\"; exit 7", false);
    let ran = machine.folder.path().join("age-plugin-test.ran");
    assert!(matches!(unwrap(&machine.host), Err(PluginFault::NotAllowed { .. })));
    assert_eq!(machine.said().len(), 1);
    // Not asked twice in one command.
    assert!(machine.host.ready(&name(), true).is_err() && machine.said().is_empty());
    let silent = Host { asks: false, ..machine.again() };
    assert!(matches!(unwrap(&silent), Err(PluginFault::NotAllowed { .. })));
    assert!(machine.said().is_empty() && !ran.exists());

    let machine = Machine::new("touch \"$0.ran\"; exit 7", true);
    let ran = machine.folder.path().join("age-plugin-test.ran");
    assert_eq!(unwrap(&machine.host), Err(PluginFault::Ended));
    assert!(ran.exists() && machine.said()[0].contains("is needed here"));
    // Remembered, until it changes.
    assert!(unwrap(&machine.again()).is_err() && machine.said().is_empty());
    install(machine.folder.path(), "exit 8");
    assert!(unwrap(&machine.again()).is_err());
    assert!(machine.said()[0].contains("has changed"));
    let state = machine.host.state.clone().unwrap();
    assert_eq!(allowed::remove(&state, "age-plugin-test").unwrap(), 1);
    assert!(unwrap(&machine.again()).is_err());
    assert!(machine.said()[0].contains("is needed here"));
}

#[test]
fn a_program_in_a_relative_folder_is_none() {
    let machine = Machine::new("exit 0", true);
    let folder = machine.folder.path().display();
    for path in ["", ".", ":", "./x:", "age:.."] {
        assert_eq!(find(path.as_ref(), &name()), None, "{path}");
    }
    let found = find(format!(".::/nowhere:{folder}").as_ref(), &name()).unwrap();
    assert_eq!(found, machine.folder.path().join("age-plugin-test"));
    let file = machine.folder.path().join("age-plugin-test");
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    assert_eq!(find(folder.to_string().as_ref(), &name()), None);
}

#[test]
fn one_that_misbehaves_is_an_error_and_ends() {
    let key = FileKey::from_bytes(&[7; 16]).unwrap();
    for (script, fault) in [
        ("exit 0", PluginFault::Ended),
        (&format!("{READ}exit 7"), PluginFault::Ended),
        ("exec sleep 600", PluginFault::Silent),
        // Deaf to the end of its input.
        ("trap '' TERM HUP; while :; do sleep 600; done", PluginFault::Silent),
        (&format!("{READ}echo hello"), PluginFault::Garbled),
        (
            &format!("{READ}printf -- '-> file-key 9\\nAAAAAAAAAAAAAAAAAAAAAA\\n'"),
            PluginFault::Garbled,
        ),
        (&format!("{READ}printf -- '-> file-key 0\\nAAAA\\n'"), PluginFault::Garbled),
        (
            &format!("{READ}while :; do printf -- '-> msg\\nAAAA\\n' || exit; done"),
            PluginFault::Garbled,
        ),
    ] {
        let machine = Machine::new(script, true);
        assert_eq!(unwrap(&machine.host), Err(fault.clone()), "{script}");
        let wrapped = machine.host.wrap(&name(), "age1test1qq", &key).map(drop);
        let wrapped = wrapped.unwrap_err().fault;
        // What is no answer here ends otherwise.
        let is_one = matches!(wrapped, PluginFault::Garbled | PluginFault::Ended);
        assert!(wrapped == fault || is_one, "{script}: {wrapped:?}");
        assert!(machine.said().len() < 300, "{script}");
    }
}

#[test]
fn what_it_says_is_one_line_and_a_question_that_nobody_answers_is_told() {
    let script = format!(
        "{READ}printf -- '-> msg\\nYRtbMzFtYgpj\\n'; read -r a; read -r a
printf -- '-> confirm eWVz\\nc3VyZT8\\n'; read -r a; read -r a
printf -- '-> error internal\\nbm8ga2V5\\n'; read -r a; read -r a
printf -- '-> done\\n\\n'"
    );
    let machine = Machine::new(&script, true);
    let fault = unwrap(&machine.host).unwrap_err();
    assert_eq!(fault, PluginFault::Refused { said: "no key".to_owned(), unanswered: true });
    let said = machine.said();
    assert!(said[1].starts_with("test: a") && !said[1].contains(['\u{1b}', '\n']), "{said:?}");
    assert_eq!(said[2], "sure? yes None");
}

#[test]
fn it_gets_nothing_of_authys() {
    let machine = Machine::new("env > \"$0.env\"; pwd >> \"$0.env\"", true);
    let _ = unwrap(&machine.host);
    let seen = std::fs::read_to_string(machine.folder.path().join("age-plugin-test.env")).unwrap();
    for name in crate::secret::WITHHELD.iter().chain(&["AGEDEBUG"]) {
        assert!(!seen.contains(&format!("{name}=")), "{name}");
    }
    assert!(seen.ends_with("\n/\n"), "{seen}");
}

#[test]
fn a_stanza_of_ages_own_kinds_is_none_of_a_plugin() {
    let key = FileKey::from_bytes(&[7; 16]).unwrap();
    let wrap = |stanza: &str| {
        let script = format!(
            "{READ}printf -- '-> recipient-stanza 0 {stanza}\\nAAAA\\n'; read -r a; read -r a
printf -- '-> done\\n\\n'"
        );
        let wrapped = Machine::new(&script, true).host.wrap(&name(), "age1test1qq", &key);
        wrapped.map(|(stanzas, _)| stanzas[0].args.clone()).map_err(|error| error.fault)
    };
    assert_eq!(wrap("test a b"), Ok(vec!["a".to_owned(), "b".to_owned()]));
    for other in ["X25519 abc", "scrypt abc 18", "ssh-ed25519 a b", "mlkem768x25519 abc"] {
        assert_eq!(wrap(other), Err(PluginFault::Garbled), "{other}");
    }
}

#[test]
fn a_program_that_is_exchanged_while_the_question_stands_is_not_started() {
    /// Exchanges the program, and says yes.
    struct Exchanging(std::path::PathBuf);

    impl PluginUser for Exchanging {
        fn message(&self, _: &PluginName, _: &str) {}

        fn confirm(&self, _: &PluginName, _: &str, _: &str, _: Option<&str>) -> Option<bool> {
            None
        }

        fn answer(&self, _: &PluginName, _: &str, _: bool) -> Option<SecretBytes> {
            None
        }

        fn consents(&self, _: &str) -> bool {
            install(&self.0, "touch \"$0.ran\"");
            true
        }
    }

    let machine = Machine::new("exit 0", true);
    let folder = machine.folder.path().to_owned();
    let user = Arc::new(Exchanging(folder.clone()));
    let access = PluginAccess::new(folder.clone().into(), user);
    let host = Host { access, ..machine.again() };
    assert!(matches!(unwrap(&host), Err(PluginFault::Changed { .. })));
    assert!(!folder.join("age-plugin-test.ran").exists());
}
