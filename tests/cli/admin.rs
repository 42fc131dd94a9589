//! `authy admin` on a terminal: the main flows with the real binary, what others do meanwhile,
//! and what is left behind.

use crate::harness::{Sandbox, needs, signal};
use crate::screen::Screen;

fn admin(t: &Sandbox) -> Screen {
    let mut screen = Screen::start(t, &["authy", "admin"]);
    screen.shows("1 Secrets");
    screen
}

#[test]
fn somebody_new_finds_the_way() {
    let mut t = Sandbox::empty();
    t.authy(["init", "--member", "alice", "--passphrase"])
        .env("AUTHY_PASSPHRASE", "correct horse")
        .ok();
    t.set("LANG", "C.UTF-8");
    let mut screen = Screen::start(&t, &["authy", "admin"]);
    screen.shows("Passphrase").shows("master.key");
    screen.keys("wrong\r").shows("error:").keys("correct horse\r").shows("1 Secrets");
    // A secret.
    screen.shows("n stores one").keys("n").shows("New secret");
    screen.keys("db-url\rc4nary-value").shows("(12 characters)").keys("\t\tprod\t90d\r");
    screen.shows("stored db-url").shows("prod").shows("90d");
    let written = screen.written();
    assert!(!written.contains("c4nary-value") && !written.contains("correct horse"));
    for file in ["cmdline", "environ"] {
        let text = std::fs::read(format!("/proc/{}/{file}", screen.pid())).unwrap();
        let text = String::from_utf8_lossy(&text);
        assert!(!text.contains("c4nary") && !text.contains("correct horse"), "{file}");
    }
    // A policy, with what it allows while it is typed.
    screen.keys("2").shows("n makes one").keys("n").shows("New policy");
    screen.keys("backend\tdb-*").shows("1 allowed, 0 denied").shows("allow db-*");
    screen.keys("\t*-url").shows("0 allowed, 1 denied").keys("\x15").shows("1 allowed");
    screen.keys("\x13").shows("created policy backend").shows("reaches 1 of 1");
    screen.keys("t").shows("Test policy backend").keys("db-url\r").shows("ALLOWED by allow");
    screen.keys("\x1b").hides("Test policy");
    // A session.
    screen.keys("3").shows("n makes one").keys("n").shows("New session").keys("\x13");
    screen.shows("Shown once").shows("authy_v1.");
    let contents = screen.contents();
    let token = contents.split_whitespace().find(|word| word.starts_with("authy_v1.")).unwrap();
    let token = token.to_owned();
    screen.keys("\x1b").hides("authy_v1.").shows("live").shows("(8 hours");
    // All of it in the audit trail, which is whole.
    screen.keys("4").shows("session.create").shows("policy.create").shows("store");
    screen.keys("v").shows("No damage found.").keys("\x1b").hides("No damage");
    screen.keys("/op:store").shows("Audit 1/1").keys("\x1b").hides("op:store");
    screen.keys("5").shows("alice").shows("admin");
    screen.keys("q");
    let (code, left) = screen.last();
    assert_eq!(code, 0);
    assert_eq!(left.trim(), "", "something is left on the screen");
    t.authy(["run", "--uppercase", "--", "sh", "-c", "test \"$DB_URL\" = c4nary-value"])
        .env("AUTHY_TOKEN", token)
        .ok();
}

#[test]
fn a_value_is_shown_on_request_and_nothing_of_it_stays() {
    let t = Sandbox::new();
    t.store([("api-key", "c4nary\x1b[2Jsecond\nthird")]);
    let mut screen = admin(&t);
    screen.shows("api-key").shows("••••");
    screen.keys("\r").shows("c4nary\\u{1b}[2Jsecond").shows("third");
    screen.keys("\x1b").hides("c4nary");
    screen.keys("4").shows("get");
    screen.keys("1").keys("\r").shows("c4nary").keys("\x0c");
    screen.hides("c4nary").shows("Unlock").keys("\r").shows("▸ api-key").hides("c4nary");
    // Here authy is all there is in its session: stopped, nobody would continue it.
    screen.keys("\x1a").shows("no shell to go back to");
    screen.keys("\r").shows("c4nary").keys("\x03");
    let (code, left) = screen.last();
    assert_eq!((code, left.trim()), (0, ""));
    t.verifies();
}

#[test]
fn what_others_do_appears_and_is_never_overwritten() {
    let t = Sandbox::new();
    t.store([("api-key", "one")]);
    let mut screen = admin(&t);
    screen.shows("api-key").keys("r").shows("Rotate api-key").keys("mine");
    t.authy(["rotate", "api-key"]).stdin("theirs").ok();
    t.store([("db-url", "x")]);
    screen.shows("db-url").keys("\r").shows("changed by somebody else");
    t.holds("api-key", "theirs");
    screen.keys("\x1b").shows("Esc again").keys("\x1b").hides("Rotate").shows("version       2");
    screen.keys("r").shows("Rotate").keys("mine\r").shows("version       3");
    t.holds("api-key", "mine");
    t.policy("backend", ["db-*"]);
    screen.keys("2").shows("backend").keys("e").shows("Edit policy").keys("\x05 api-*");
    t.authy(["policy", "update", "backend", "--deny", "db-x"]).ok();
    screen.keys("\x13").shows("error: policy 'backend' was changed").keys("\x1b");
    screen.shows("Esc again").keys("\x1b").hides("Edit policy").shows("db-x").keys("q");
    assert_eq!(screen.last().0, 0);
}

#[test]
fn secrets_are_renamed_edited_generated_and_deleted() {
    let t = Sandbox::new();
    t.store([("old-name", "v")]);
    let mut screen = admin(&t);
    screen.shows("old-name").keys("m").shows("Rename").keys("\x15new/name\r");
    screen.shows("renamed old-name").shows("▸ new/name");
    t.holds("new/name", "v");
    screen.keys("e").shows("Edit new/name").keys("über 漢字\tx y\r").shows("changed what is said");
    screen
        .shows("über 漢字")
        .keys("r")
        .shows("Rotate new/name")
        .keys("\x07")
        .shows("generated; ^T shows it")
        .keys("\r");
    screen.shows("version       4");
    assert_ne!(t.authy(["get", "new/name"]).ok().text(), "v");
    screen.keys("n").shows("New secret").keys("pem\r\x1b[200~line one\nline two\x1b[201~");
    screen.shows("(17 characters, 2 lines)").keys("\r").shows("stored pem");
    t.holds("pem", "line one\nline two");
    screen.shows("▸ pem").keys("g").shows("▸ new/name");
    screen.keys("d").shows("Remove new/name").keys("\r").hides("Remove new/name");
    screen.shows("new/name").keys("d").shows("Remove new/name").keys("y").shows("removed new/name");
    screen.shows("▸ pem").keys("dy").shows("No secrets yet").keys("q");
    assert_eq!(screen.last().0, 0);
    t.lacks("new/name");
    t.authy(["check", "--strict"]).ok();
}

#[test]
fn a_request_and_an_edited_policy_wait_and_are_approved_here() {
    let mut t = Sandbox::new();
    t.store([("db-url", "v")]);
    t.policy("backend", ["db-*"]);
    let key = t.path("bob.key");
    t.sh("git clone -q ~/.authy bobs").ok();
    let words = ["--vault", "bobs", "--keyfile", key.to_str().unwrap(), "join", "--name", "bob"];
    t.authy(words).env("AUTHY_STATE_DIR", t.path("bob-state")).ok();
    t.sh("git -C ~/.authy pull -q \"$PWD/bobs\" main").ok();
    let file = t.vault().join("policies/backend.toml");
    let text = std::fs::read_to_string(&file).unwrap();
    std::fs::write(&file, text.replace("db-*", "*")).unwrap();
    t.set("LANG", "C.UTF-8");
    let mut screen = admin(&t);
    screen
        .keys("5")
        .shows("waits")
        .keys("2")
        .shows("unapproved")
        .keys("e")
        .shows("approve it first");
    screen.keys("a").shows("Approve?").shows("bob").keys("\x1b[6~").keys("\x1b").hides("Approve?");
    screen.keys("a").shows("Approve?").keys("y").shows("approved bob, backend");
    screen.shows("in-force").keys("5").keys("G").shows("▸ bob");
    screen.keys("d").shows("Remove member bob").keys("y").shows("Removed bob").keys("\x1b");
    screen.hides("▸ bob").keys("q");
    assert_eq!(screen.last().0, 0);
    t.authy(["check"]).ok();
}

#[test]
fn it_stops_and_goes_on_and_ends_by_signals() {
    if !needs(["bash"]) {
        return;
    }
    let t = Sandbox::new();
    t.store([("api-key", "c4nary")]);
    let mut screen = Screen::start(&t, &["bash", "--norc", "--noprofile", "-i"]);
    screen.keys("PS1='$ '\rauthy admin\r").shows("1 Secrets").shows("api-key");
    screen.keys("\r").shows("c4nary").keys("\x1a").shows("Stopped").hides("c4nary");
    screen.keys("echo in-fr''ont\r").shows("in-front");
    screen.keys("fg\r").shows("1 Secrets").hides("c4nary").keys("q").hides("1 Secrets");
    screen.keys("stty -a | grep -o ' icanon'\r").shows(" icanon\n");
    screen.keys("authy admin; echo code=$?\r").shows("1 Secrets").shows("api-key");
    signal(child_of(screen.pid()).unwrap(), rustix::process::Signal::TERM);
    screen.shows("code=143").hides("1 Secrets");
    screen.keys("stty -a | grep -o ' echo '\r").shows(" echo \n").keys("exit\r");
}

#[test]
fn a_value_is_copied_through_the_terminal() {
    let t = Sandbox::new();
    t.store([("api-key", "c4nary")]);
    let mut screen = admin(&t);
    screen.shows("api-key").keys("c").shows("on the clipboard for 45 seconds");
    // OSC 52 with "c4nary" in base64, and nothing of it to see.
    screen.until("\x1b]52;c;YzRuYXJ5\x07");
    assert!(!screen.contents().contains("c4nary"));
    assert_eq!(t.last_entry()["op"], "get");
}

#[test]
fn damage_of_the_trail_is_named_with_its_place() {
    let t = Sandbox::new();
    t.store([("a", "1"), ("b", "2")]);
    let mut screen = admin(&t);
    screen.keys("4").shows("store");
    t.sh("f=$(ls ~/.authy/.local/audit/*/*.jsonl); sed -i '3s/granted/denied/' $f").ok();
    screen.shows("denied").keys("v").shows("DAMAGED").shows("line 3").shows("00000001.jsonl");
    screen.keys("\x1b").hides("DAMAGED").keys("q");
    assert_eq!(screen.last().0, 0);
}

#[test]
fn what_was_asked_for_is_shown_where_approvals_are() {
    let t = Sandbox::new();
    t.store([("db-dev", "1"), ("db-prod", "2")]);
    t.policy("bot", ["db-dev"]);
    let mut screen = admin(&t);
    screen.keys("2").shows("bot").keys("a").shows("nothing waits for approval");
    let token = t.authy(["session", "create", "--scope", "bot"]).ok().text();
    let request = ["request", "db-prod", "--reason", "the migration needs it"];
    t.authy(request).env("AUTHY_TOKEN", token.trim()).ok();
    screen.keys("a").shows("asks for db-prod").shows("why: the migration needs it");
    screen.shows("authy policy update bot").keys("\x1b").hides("asks for");
    screen.keys("q");
    assert_eq!(screen.last().0, 0);
}

#[test]
fn it_fits_the_terminal_as_that_grows_and_shrinks() {
    let t = Sandbox::new();
    t.store([("api-key", "v")]);
    let mut screen = admin(&t);
    screen.shows("▸ api-key");
    for (rows, columns) in [(60, 200), (12, 40), (40, 120), (24, 80)] {
        screen.resize(rows, columns).shows("q quit").shows("▸ api-key");
        screen.keys("?").shows("Keys in Secrets").keys("\x1b").hides("Keys in");
    }
    screen.keys("q");
    assert_eq!(screen.last().0, 0);
}

#[test]
fn it_ends_when_its_terminal_goes() {
    if !needs(["python3"]) {
        return;
    }
    let t = Sandbox::new();
    let script = r"
import fcntl, os, pty, struct, termios, time
pid, fd = pty.fork()
if pid == 0:
    os.execvp('authy', ['authy', 'admin'])
fcntl.ioctl(fd, termios.TIOCSWINSZ, struct.pack('HHHH', 24, 80, 0, 0))
seen = b''
while b'1 Secrets' not in seen:
    seen += os.read(fd, 4096)
os.close(fd)
end = time.time() + 50
while time.time() < end:
    done, status = os.waitpid(pid, os.WNOHANG)
    if done:
        print('ended', os.waitstatus_to_exitcode(status))
        break
    time.sleep(0.02)
";
    t.program("python3", ["-c", script]).ok().stdout_is("ended 129\n");
}

/// The first child of a process, as Linux tells.
fn child_of(pid: u32) -> Option<u32> {
    let path = format!("/proc/{pid}/task/{pid}/children");
    std::fs::read_to_string(path).ok()?.split_whitespace().next()?.parse().ok()
}

#[test]
fn it_needs_a_terminal_a_vault_and_an_identity() {
    let t = Sandbox::empty();
    t.authy(["admin"]).ends().code_is(2).stderr_has("needs a terminal");
    let mut screen = Screen::start(&t, &["authy", "admin"]);
    screen.until("Create one? [y/N]").keys("n\r");
    let (code, shown) = screen.end();
    assert_eq!(code, 5, "{shown}");
    let mut screen = Screen::start(&t, &["authy", "admin"]);
    screen.until("Create one? [y/N]").keys("y\r");
    screen.shows("n stores one").keys("q");
    assert_eq!(screen.last().0, 0);
    t.authy(["status"]).ok().stdout_has("an admin");
    let mut t = Sandbox::new();
    t.store([("db-url", "v")]);
    t.policy("backend", ["db-*"]);
    let token = t.authy(["session", "create", "--scope", "backend"]).ok().text();
    t.set("AUTHY_TOKEN", token.trim());
    let (code, shown) = Screen::start(&t, &["authy", "admin"]).end();
    assert_eq!(code, 4, "{shown}");
    assert!(shown.contains("read-only"), "{shown}");
}

#[test]
fn what_is_damaged_is_shown_and_the_rest_works() {
    let t = Sandbox::new();
    t.store([("bad", "1"), ("good", "2")]);
    std::fs::write(t.vault().join("secrets/bad.toml"), "version = \x1b]0;x\x07").unwrap();
    let mut screen = admin(&t);
    screen.shows("damaged").keys("r").shows("cannot be changed").keys("\r").shows("error:");
    assert!(!screen.written().contains("\x1b]0;x"));
    screen.keys("j\r").shows("good · ").keys("\x1b").hides("good · ").keys("q");
    assert_eq!(screen.last().0, 0);
}
