//! A passphrase is typed once for a session: who may use what it opened, and who may not.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::harness::{Sandbox, needs};
use crate::outcome::Done;
use crate::screen::Screen;
use crate::vault::chmod;

const PASSPHRASE: &str = "correct horse";
const TYPED: &str = "AUTHY_PASSPHRASE='correct horse'";

/// Tries every way to the bytes of authy's keys that the calls of the kernel have, and prints what it
/// reads.
const THIEF: &str = r#"
import ctypes, platform
libc = ctypes.CDLL(None, use_errno=True)
arm = platform.machine() == "aarch64"
ADD, KEYCTL = (217, 219) if arm else (248, 250)
READ, SEARCH, LINK, SETPERM, CHOWN, TIMEOUT = 11, 10, 8, 5, 4, 15
def call(*words): return libc.syscall(KEYCTL, *words)
def show(key):
    buffer = ctypes.create_string_buffer(32767)
    count = call(READ, key, buffer, len(buffer))
    if count > 0: print("READ", buffer.raw[:count].decode(errors="replace"))
names = []
for line in open("/proc/keys"):
    fields = line.split()
    if fields[8].startswith("authy:"): names.append((int(fields[0], 16), fields[8].rstrip(":")))
print("sees", bool(names))
for key, name in names:
    show(key)
    for ring in (-1, -2, -3, -4, -5):
        found = call(SEARCH, ring, b"user", name.encode(), 0)
        if found > 0: show(found)
        call(SETPERM, key, 0x3f3f0000)
        call(LINK, key, ring)
        show(key)
    for line in open("/proc/keys"):
        fields = line.split()
        if fields[7] == "keyring":
            call(LINK, int(fields[0], 16), -3)
            show(key)
"#;

/// Starts a program for which the kernel has no keyring, as Docker's filter has it.
const CONTAINED: &str = r#"
import ctypes, os, platform, struct, sys
arm = platform.machine() == "aarch64"
calls = (217, 218, 219) if arm else (248, 249, 250)
allow, refuse = (0x06, 0, 0, 0x7FFF0000), (0x06, 0, 0, 0x00050001)
# Load the call's number; each of the three jumps to the last line.
program = [(0x20, 0, 0, 0)] + [(0x15, 3 - n, 0, call) for n, call in enumerate(calls)] + [allow, refuse]
code = b"".join(struct.pack("HBBI", *line) for line in program)
buffer = ctypes.create_string_buffer(code)
class Filter(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("code", ctypes.c_void_p)]
libc = ctypes.CDLL(None, use_errno=True)
wanted = Filter(len(program), ctypes.addressof(buffer))
assert libc.prctl(38, 1, 0, 0, 0) == 0
assert libc.prctl(22, 2, ctypes.byref(wanted), 0, 0) == 0, ctypes.get_errno()
os.execvp(sys.argv[1], sys.argv[1:])
"#;

/// A vault whose identity has a passphrase, and a program in front of which the kernel keeps nothing.
fn contained() -> Option<(Sandbox, String)> {
    if !cfg!(target_os = "linux") || !needs(["python3"]) {
        return None;
    }
    let t = Sandbox::empty();
    let typed = |words: &[&str]| t.authy(words).env("AUTHY_PASSPHRASE", PASSPHRASE);
    typed(&["init", "--member", "alice", "--passphrase"]).ok();
    typed(&["store", "key"]).stdin("the-value").ok();
    let contained = t.write("contained.py", CONTAINED);
    Some((t, format!("python3 '{}'", contained.display())))
}

/// Runs `script` in a shell of `contained` that authy is unlocked for.
fn unlocked_there(t: &Sandbox, contained: &str, flags: &str, script: &str) -> Done {
    t.write("script", script);
    let line = format!("{TYPED} {contained} authy unlock {flags} -- sh ./script");
    t.program("sh", ["-c", &line]).ends()
}

#[test]
fn where_the_kernel_keeps_nothing_a_process_of_authys_does() {
    let Some((t, contained)) = contained() else { return };
    let script = "authy get key; sh -c 'authy list; authy status'; printf x | authy store other";
    let done = unlocked_there(&t, &contained, "", script).code_is(0).stdout_has("the-value");
    let done = done.stdout_has("unlocked:   here, 15 minutes left");
    done.stderr_has("of alice (15 minutes left), for 'sh'");
    // Many at once are each given an answer of their own.
    let many =
        "for i in 1 2 3 4 5 6 7 8 9; do authy get key & done; wait; authy -q lock; authy get key";
    let done = unlocked_there(&t, &contained, "", many).code_is(6);
    done.stdout_is("the-value".repeat(9)).stderr_has("none was given");
    // Without a command there is nothing to hand it to.
    let line = format!("{TYPED} {contained} authy unlock");
    let done = t.program("sh", ["-c", &line]).ends().code_is(1).stderr_has("most containers");
    done.stderr_has("authy unlock -- \"$SHELL\"");
}

#[test]
fn what_is_started_apart_cannot_ask_that_process() {
    let Some((t, contained)) = contained() else { return };
    let thief = t.write(
        "thief.py",
        r#"
import os, socket, glob, subprocess
print("open", sorted(os.readlink("/proc/self/fd/" + fd) for fd in os.listdir("/proc/self/fd")
                     if int(fd) > 2 and os.path.exists("/proc/self/fd/" + fd)))
print("named", os.environ.get("AUTHY_UNLOCKED"))
above = os.getppid()
while above > 1:
    for path in glob.glob(f"/proc/{above}/fd/*"):
        try:
            if "socket" in os.readlink(path): os.open(path, os.O_RDWR); print("OPENED")
        except OSError: pass
    above = int(open(f"/proc/{above}/stat").read().rsplit(")", 1)[1].split()[1])
for number in range(3, 200):
    got = subprocess.run(["authy", "--no-input", "get", "key"], capture_output=True, close_fds=False,
                         env=dict(os.environ, AUTHY_UNLOCKED=str(number))) if number in (100, 101) else None
    if got and got.returncode != 6: print("READ", got)
"#,
    );
    for run in ["run", "run --mask", "run --clean-env"] {
        let script =
            format!("authy {run} --only key -- python3 '{}'; authy get key", thief.display());
        let done = unlocked_there(&t, &contained, "", &script).code_is(0).stdout_has("named None");
        let done = done.stdout_lacks("OPENED").stdout_lacks("READ").stdout_lacks("socket:");
        done.stdout_has("the-value");
    }
    // It works: a program of the shell itself is answered.
    let own = unlocked_there(&t, &contained, "", &format!("python3 '{}'", thief.display()));
    own.stdout_has("socket:").stdout_has("READ");
}

#[test]
fn that_process_ends_with_the_shell_the_time_and_a_lock_elsewhere() {
    let Some((t, contained)) = contained() else { return };
    // The last `lock` here is outside of the container.
    let _alone = alone();
    let doors = |t: &Sandbox| std::fs::read_dir(t.path("state/authy/unlocked")).unwrap().count();
    unlocked_there(&t, &contained, "", "authy get key").code_is(0);
    let gone = "i=0; until test -z \"$(ls state/authy/unlocked)\"; do \
                i=$((i+1)); test $i -lt 400 || exit 1; sleep 0.05; done";
    t.sh(gone).dir(t.path("")).ends().code_is(0);
    assert_eq!(doors(&t), 0);
    // From another shell, which never had the socket.
    let script = "env -u AUTHY_UNLOCKED authy lock --json; authy --no-input get key";
    let done = unlocked_there(&t, &contained, "", script).code_is(6).stdout_has("\"locked\": 1");
    done.stdout_lacks("the-value");
    t.authy(["lock"]).ok().stderr_has("nothing was unlocked");
    if needs(["faketime"]) {
        let late = "faketime -f +16m authy --no-input get key; echo $?";
        unlocked_there(&t, &contained, "", late).stdout_has("6\n").stdout_lacks("the-value");
    }
    let agent = "CLAUDECODE=1 authy --no-input get key; echo $?";
    unlocked_there(&t, &contained, "", agent).stdout_has("6\n").stdout_lacks("the-value");
    unlocked_there(&t, &contained, "--confirm", "authy --no-input get key; echo $?")
        .stdout_has("6\n");
}

/// `lock` ends what every session of the user keeps: one test at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A vault whose identity has a passphrase. `None` where the kernel keeps nothing, as in most
/// containers.
fn protected() -> Option<Sandbox> {
    let t = Sandbox::empty();
    let typed = |words: &[&str]| t.authy(words).env("AUTHY_PASSPHRASE", PASSPHRASE);
    typed(&["init", "--member", "alice", "--passphrase"]).ok();
    typed(&["store", "key"]).stdin("the-value").ok();
    let tried = typed(&["unlock", "--", "true"]).ends();
    if tried.messages().contains("may not be used here") {
        eprintln!("left out: the kernel's keyring may not be used here");
        return None;
    }
    assert_eq!(tried.code, 0, "{}", tried.messages());
    Some(t)
}

/// A shell that authy is unlocked for, and nothing else.
fn unlocked(t: &Sandbox, flags: &str, script: &str) -> Done {
    t.program("sh", ["-c", &in_unlocked(t, flags, script)]).ends()
}

/// The same on a terminal.
fn on_screen(t: &Sandbox, flags: &str, script: &str) -> Screen {
    Screen::sh(t, &in_unlocked(t, flags, script))
}

/// The line that starts such a shell.
fn in_unlocked(t: &Sandbox, flags: &str, script: &str) -> String {
    t.write("script", script);
    format!("{TYPED} authy unlock {flags} -- sh ./script")
}

#[test]
fn a_passphrase_is_typed_once_for_a_session() {
    let _alone = alone();
    let Some(t) = protected() else { return };
    let done = unlocked(&t, "", "authy get key && printf x | authy store other && authy status");
    let done =
        done.code_is(0).stdout_has("the-value").stdout_has("unlocked:   here, 15 minutes left");
    done.stderr_has("unlocked '").stderr_has("of alice (15 minutes left), for 'sh'");
    t.authy(["get", "key"]).fails(6).stderr_has("authy unlock");
    let done = unlocked(&t, "--for 8h", "authy lock; authy get key; authy lock");
    done.code_is(0).stderr_has("8 hours left").stderr_has("locked\n").stderr_has("none was given");
}

#[test]
fn a_shell_without_a_session_is_given_one() {
    let _alone = alone();
    let Some(t) = protected() else { return };
    // Whether this test runs in a session of its own or not, the shell keeps it.
    let script = format!("{TYPED} authy unlock && authy get key && authy lock; authy get key");
    let done = t.program("sh", ["-c", &script]).ends().stdout_is("the-value");
    done.code_is(6).stderr_has("for 'sh', which started this").stderr_has("authy: locked");
}

/// Makes its own session that of whatever started it, and waits there for a key.
const SQUATTER: &str = r#"
import ctypes, os, platform, sys, time
libc = ctypes.CDLL(None)
KEYCTL = 219 if platform.machine() == "aarch64" else 250
libc.syscall(KEYCTL, 18)
if os.fork() == 0:
    os.setsid()
    while not os.path.exists("unlocked"): time.sleep(0.05)
    os.system("authy --no-input get key > stolen; touch tried")
"#;

#[test]
fn a_program_that_run_started_before_gets_nothing_of_a_later_unlock() {
    let _alone = alone();
    let Some(t) = protected() else { return };
    if !needs(["python3"]) {
        return;
    }
    t.write("squatter.py", SQUATTER);
    // Plain `run` becomes the program, whose parent is the shell then.
    let script = format!(
        "{TYPED} authy run --only key -- python3 squatter.py; {TYPED} authy unlock; authy get key; \
         touch unlocked; until test -e tried; do sleep 0.05; done; authy lock"
    );
    t.program("sh", ["-c", &script]).ends().code_is(0).stdout_is("the-value");
    assert_eq!(crate::vault::text(&t.work().join("stolen")), "");
}

#[test]
fn a_login_session_is_unlocked_only_where_it_is_asked_for() {
    let _alone = alone();
    let Some(t) = protected() else { return };
    // In a session of its own, which an outer unlock begins, and whose key is taken away.
    let inner = format!(
        "sh -c \"{TYPED} authy unlock{{}}\"; authy --no-input get key; echo $?; authy lock"
    );
    let shell = unlocked(&t, "", &format!("authy lock; {}", inner.replace("{}", "")));
    shell.stdout_has("6\n").stdout_lacks("the-value");
    let session = unlocked(&t, "", &format!("authy lock; {}", inner.replace("{}", " --session")));
    session.stdout_has("the-value0\n").stderr_has("for this login session");
}

#[test]
fn what_run_starts_cannot_use_it() {
    let _alone = alone();
    let Some(t) = protected() else { return };
    if !needs(["python3"]) {
        return;
    }
    let thief = t.write("thief.py", THIEF);
    let thief = format!("python3 '{}'", thief.display());
    // It works: in the session itself the key is read.
    let lock = "; authy lock";
    let own = unlocked(&t, "", &format!("{thief}{lock}")).code_is(0);
    own.stdout_has("sees True").stdout_has("READ").stdout_has("AGE-SECRET-KEY-1");
    for run in ["run", "run --mask", "run --clean-env"] {
        let script = format!("authy {run} --only key -- {thief}{lock}");
        let done = unlocked(&t, "", &script).code_is(0).stdout_has("sees True");
        done.stdout_lacks("READ").stdout_lacks("SECRET-KEY");
        let script = format!("authy {run} --only key -- authy --no-input get key{lock}");
        unlocked(&t, "", &script).stderr_has("none was given").stdout_lacks("the-value");
    }
    // A terminal has a process of its own between.
    let script = format!("authy run --mask --only key -- {thief}; authy lock");
    let (_, screen) = on_screen(&t, "", &script).end();
    assert!(screen.contains("sees True") && !screen.contains("READ"), "{screen}");
    // Whoever edits a value has that value.
    let editor = t.write("editor", format!("#!/bin/sh\n{thief}\n"));
    chmod(&editor, 0o755);
    let script = format!("EDITOR='{}' authy edit key{lock}", editor.display());
    let done = unlocked(&t, "", &script).stdout_has("sees True");
    done.stdout_lacks("READ").stdout_lacks("SECRET-KEY");
}

/// A scope that reaches everything.
fn typed_policy(t: &Sandbox) {
    let create = ["policy", "create", "all", "--allow", "*", "--member", "alice"];
    t.authy(create).env("AUTHY_PASSPHRASE", PASSPHRASE).ok();
}

#[test]
fn an_agent_uses_it_only_if_a_person_agrees() {
    let _alone = alone();
    let Some(t) = protected() else { return };
    typed_policy(&t);
    let script =
        "CLAUDECODE=1 authy --no-input run -s all -- true; echo $?; CLAUDECODE=1 authy status";
    let done = unlocked(&t, "", &format!("{script}; authy lock"));
    let done = done.stdout_has("6\n").stdout_has("for an agent only if you agree");
    done.stderr_has("nobody at the terminal agreed");
    let script = "CLAUDECODE=1 authy run -s all -- sh -c \"echo 'ran'\"; authy lock";
    let mut screen = on_screen(&t, "", script);
    screen.until("wants to use your unlocked identity").until("[y/N]").keys("y\r").until("ran");
    screen.end();
    t.authy(["unlock"]).env("CLAUDECODE", "1").env("AUTHY_PASSPHRASE", PASSPHRASE).fails(4);
}

#[test]
fn each_use_is_asked_about_where_that_was_wanted() {
    let _alone = alone();
    let Some(t) = protected() else { return };
    let script = "authy get key; authy --no-input get key; authy lock";
    let mut screen = on_screen(&t, "--confirm", script);
    screen.until("Use the unlocked identity").until("[y/N]").keys("y\r").until("the-value");
    screen.until("nobody at the terminal agreed");
    screen.end();
}

#[test]
fn it_ends_with_its_time_and_with_its_file() {
    let _alone = alone();
    let Some(t) = protected() else { return };
    if !needs(["faketime"]) {
        return;
    }
    let late = "faketime -f +16m authy --no-input get key; echo $?; authy get key; authy lock";
    unlocked(&t, "", late).stdout_has("6\nthe-value");
    // Another file, even of the same key, is under another passphrase.
    let other = "authy backup copy; rm -f \"$HOME\"/.authy/keys/master.key; authy get key; echo $?";
    unlocked(&t, "", &format!("{other}; authy lock")).stdout_has("6\n").stdout_lacks("the-value");
    let done = t.authy(["--keyfile", "copy", "get", "key"]).env("AUTHY_PASSPHRASE", PASSPHRASE);
    done.ok().stdout_is("the-value");
}

#[test]
fn what_cannot_be_kept_is_said() {
    let _alone = alone();
    let Some(t) = protected() else { return };
    let unlock =
        |words: &[&str]| t.authy([&["unlock"], words].concat()).env("AUTHY_PASSPHRASE", PASSPHRASE);
    unlock(&["--for", "8d"]).fails(2).stderr_has("a week");
    unlock(&["--for", "soon"]).fails(2);
    unlock(&[]).env("AUTHY_TOKEN", "x").fails(6);
    unlock(&[]).env("AUTHY_SCOPE", "backend").fails(4);
    t.authy(["unlock"]).env("AUTHY_PASSPHRASE", "battery staple").fails(6);
    let identity = std::fs::read_to_string(t.key()).unwrap();
    unlock(&[]).env("AUTHY_IDENTITY", identity).fails(2).stderr_has("--keyfile");
    unlock(&["--", "no-such-program"]).ends().code_is(127).stderr_has("no-such-program");
    t.authy(["lock"]).env("AUTHY_VAULT", "/nonexistent").ok().stderr_has("locked");
    let several = Sandbox::new();
    std::fs::copy(several.key(), several.file("keys/second.key")).unwrap();
    for words in [&["unlock"][..], &["backup", "copy"], &["member", "update", "--rotate-identity"]]
    {
        several.authy(words).fails(6).stderr_has("there are 2 identities").stderr_has("--keyfile");
    }
    let open = Sandbox::new();
    open.authy(["unlock"]).fails(1).stderr_has("has no passphrase").stderr_has("authy backup");
}

/// The newest line of the trail, which asks for the passphrase like everything.
fn last_entry(t: &Sandbox) -> serde_json::Value {
    let trail = t.authy(["audit", "export"]).env("AUTHY_PASSPHRASE", PASSPHRASE).ok().json();
    trail.as_array().unwrap().last().unwrap().clone()
}

#[test]
fn it_is_recorded() {
    let _alone = alone();
    let Some(t) = protected() else { return };
    unlocked(&t, "--for 1h", "true").code_is(0);
    let line = last_entry(&t);
    assert_eq!((&line["op"], &line["detail"]), (&"unlock".into(), &"1h".into()));
    unlocked(&t, "", "authy lock --json").code_is(0).stdout_has("\"recorded\": true");
    assert_eq!(last_entry(&t)["op"], "lock");
}
