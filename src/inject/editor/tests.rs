//! The editor, played by small shell scripts. They share the process's signals: one at a time.

use crate::kind::Failure as _;
use std::ffi::OsStr;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::{EditorCommand, HeldSignals, edit, editor_command, to_std};
use crate::inject::error::InjectError;

static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

struct Scene {
    dir: tempfile::TempDir,
    _turn: MutexGuard<'static, ()>,
}

impl Scene {
    fn new() -> Self {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("value"), "old").unwrap();
        Self { dir, _turn: turn }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("value")
    }

    /// Edits the file with a script that finds it in `$1`.
    fn edit(&self, script: &str) -> Result<(), InjectError> {
        let editor = self.dir.path().join("editor");
        fs::write(&editor, script).unwrap();
        let setting = format!("sh {}", editor.display());
        edit(&self.file(), &editor_command(None, Some(OsStr::new(&setting))))
    }
}

fn words(visual: &str, editor: &str) -> Vec<String> {
    let EditorCommand { argv, .. } =
        editor_command(Some(OsStr::new(visual)), Some(OsStr::new(editor)));
    argv.iter().map(|word| word.to_str().unwrap().to_owned()).collect()
}

#[test]
fn visual_comes_before_editor_before_vi() {
    assert_eq!(words("one", "two"), ["one"]);
    assert_eq!(words("", "two"), ["two"]);
    assert_eq!(words("", ""), ["vi"]);
    assert_eq!(editor_command(None, None).argv, ["vi"]);
}

#[test]
fn a_setting_may_have_arguments_and_quotes() {
    assert_eq!(words(" code  --wait ", ""), ["code", "--wait"]);
    let script = "trap : INT QUIT; 'my editor' -w \"$@\"";
    assert_eq!(words("'my editor' -w", ""), ["sh", "-c", script, "'my editor' -w"]);
    assert_eq!(words("  ", "two"), ["two"]);
    let scene = Scene::new();
    let command = editor_command(Some(OsStr::new("A='a  b' sh -c 'echo \"$A\" >\"$0\"'")), None);
    edit(&scene.file(), &command).unwrap();
    assert_eq!(fs::read(scene.file()).unwrap(), b"a  b\n");
}

#[test]
fn known_editors_are_told_to_keep_no_copies() {
    let vim = words("", "/usr/bin/vim");
    assert_eq!(vim[..4], ["/usr/bin/vim", "-n", "-i", "NONE"]);
    assert!(vim.iter().any(|word| word.contains("noundofile")));
    assert!(words("", "nvim -u x").ends_with(&words("", "nvim")[1..]));
    assert!(words("", "emacs -nw")[3].contains("auto-save-default nil"));
    assert_eq!(words("", "vi").len(), 1);
    let vi = to_std("/dev/shm/x/value".as_ref(), &editor_command(None, None));
    let value = |name: &str| vi.get_envs().find(|(n, _)| *n == name).unwrap().1.unwrap();
    assert!(value("VIMINIT").to_str().unwrap().contains("noswapfile"));
    assert_eq!(value("NEXINIT"), "set directory=/dev/shm/x recdir=/dev/shm/x");
}

#[test]
fn the_editor_changes_the_file() {
    let scene = Scene::new();
    scene.edit("printf new > \"$1\"").unwrap();
    assert_eq!(fs::read(scene.file()).unwrap(), b"new");
}

#[test]
fn an_editor_that_fails_is_an_error() {
    let scene = Scene::new();
    let error = scene.edit("exit 3").unwrap_err();
    assert!(matches!(error, InjectError::EditorFailed { .. }), "{error}");
    assert!(error.to_string().ends_with("nothing changed"));
}

#[test]
fn a_missing_editor_is_named() {
    let scene = Scene::new();
    let command = editor_command(None, Some(OsStr::new("no-such-editor")));
    let error = edit(&scene.file(), &command).unwrap_err();
    assert!(error.to_string().contains("'no-such-editor'"), "{error}");
    assert!(error.hint().is_some());
}

#[test]
fn the_editor_gets_no_credentials() {
    let command = to_std("value".as_ref(), &editor_command(None, None));
    for name in ["AUTHY_TOKEN", "AUTHY_IDENTITY", "AUTHY_PASSPHRASE", "AUTHY_KEYFILE"] {
        assert!(command.get_envs().any(|(n, value)| n == name && value.is_none()), "{name}");
    }
}

#[test]
fn a_key_press_meant_for_the_editor_does_not_end_authy() {
    let scene = Scene::new();
    scene.edit("kill -INT $PPID; kill -QUIT $PPID; printf new > \"$1\"").unwrap();
    assert_eq!(fs::read(scene.file()).unwrap(), b"new");
}

#[test]
fn a_request_to_end_ends_the_editor_too() {
    for signal in ["TERM", "HUP"] {
        let scene = Scene::new();
        let error = scene
            .edit(&format!(
                "trap 'echo tidied > \"$1\"; exit 0' {signal}
                 kill -{signal} $PPID
                 for i in 1 2 3 4 5 6 7 8 9; do sleep 0.1; done"
            ))
            .unwrap_err();
        assert!(matches!(error, InjectError::EditorInterrupted), "{error}");
        assert_eq!(fs::read(scene.file()).unwrap(), b"tidied\n");
    }
}

#[test]
#[ignore = "started by the test below"]
fn hold_signals_and_let_go() {
    if std::env::var_os("TEST_SIGNALS").is_some() {
        drop(HeldSignals::new().unwrap());
        signal_hook::low_level::raise(signal_hook::consts::SIGINT).unwrap();
    }
}

#[test]
fn afterwards_signals_act_as_before() {
    use std::os::unix::process::ExitStatusExt as _;
    let status = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "inject::editor::tests::hold_signals_and_let_go", "--ignored"])
        .env("TEST_SIGNALS", "1")
        .output()
        .unwrap()
        .status;
    assert_eq!(status.signal(), Some(2), "{status}");
}
