//! What is said where authy itself is at fault.
//!
//! The message of a panic is made by whoever panics, libraries too, and may quote what they worked
//! on: who slices a text at a wrong place quotes the text. So it is never shown. The place in the
//! source is, and where `RUST_BACKTRACE` asks for it the functions on the way there.

use std::backtrace::{Backtrace, BacktraceStatus};
use std::io::{self, Write as _};

/// Has panics reported without their messages, in every thread.
pub(super) fn report_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map(ToString::to_string);
        let report = report(place.as_deref().unwrap_or("an unknown place"), &Backtrace::capture());
        // Nobody may be left to read it.
        let _ = io::stderr().write_all(report.as_bytes());
    }));
}

fn report(place: &str, backtrace: &Backtrace) -> String {
    let mut report = format!(
        "authy: stopped by a fault of its own at {place}; the message is not shown, as it may \
         quote a value\n"
    );
    match backtrace.status() {
        BacktraceStatus::Captured => report.push_str(&format!("{backtrace}")),
        _ => report.push_str("hint: report this place; RUST_BACKTRACE=1 shows the way there\n"),
    }
    report
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::report_panics;

    /// In two parts, so that only what is worked on has it in whole.
    fn value() -> String {
        ["canary-", "é7f3a"].concat()
    }

    #[test]
    #[ignore = "a helper of the test below"]
    fn panics_about_a_value() {
        report_panics();
        let value = value();
        match std::env::var("AUTHY_TEST_PANIC").unwrap_or_default().as_str() {
            "slice" => drop(std::hint::black_box(value[..8].to_owned())),
            "unwrap" => std::hint::black_box(Err::<(), _>(value)).unwrap(),
            "assert" => assert_eq!(value, ""),
            "thread" => std::thread::spawn(move || panic!("{value}")).join().unwrap(),
            _ => panic!("{value}"),
        }
    }

    #[test]
    fn no_panic_quotes_what_it_is_about() {
        for what in ["slice", "unwrap", "assert", "thread", "message"] {
            for backtrace in ["0", "1", "full"] {
                let output = Command::new(std::env::current_exe().unwrap())
                    .args(["--ignored", "--exact", "--nocapture"])
                    .arg("cli::bug::tests::panics_about_a_value")
                    .env("AUTHY_TEST_PANIC", what)
                    .env("RUST_BACKTRACE", backtrace)
                    .output()
                    .unwrap();
                let said =
                    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
                assert!(!output.status.success(), "{said}");
                assert!(said.contains("authy: stopped by a fault of its own at src/"), "{said}");
                assert!(!said.contains("canary"), "{what}: {said}");
                assert_eq!(said.contains("\n   1: "), backtrace != "0", "{said}");
            }
        }
    }
}
