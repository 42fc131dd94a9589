//! `run --watch`: a program that is started again when the values it has are no longer those of the
//! vault.
//!
//! Each start is an `authy run` of its own, with the same words: what it may have is decided, and
//! recorded, each time.

use std::ffi::OsString;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, ExitCode, ExitStatus};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use authy::{Context, Ended, ListOptions, ScopeName};
use rustix::process::{Pid, Signal, kill_process};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::flag;

use super::error::Failure;
use super::leader;
use super::ui::Ui;

/// How often is looked whether it ended, and how often at the vault.
const LOOK: Duration = Duration::from_millis(100);
const GLANCE: Duration = Duration::from_secs(1);
/// How long a program has to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// Runs `words`, without the flag that leads here, until the program ends by itself or a signal ends
/// this one.
///
/// # Errors
/// The vault cannot be read, or the program not be started.
pub(crate) fn watch(
    ctx: &Context,
    ui: Ui,
    scope: Option<&ScopeName>,
    words: &[OsString],
) -> Result<ExitCode, Failure> {
    let stop: Arc<AtomicBool> = Arc::default();
    for signal in [SIGHUP, SIGINT, SIGTERM] {
        // Ctrl-C reaches the program too, which ends by itself; the others are handed on.
        flag::register(signal, Arc::clone(&stop)).map_err(Failure::Watch)?;
    }
    let (mut glance, mut has) = (authy::glance(&ctx.vault), versions(ctx, scope)?);
    let mut child = start(words)?;
    let mut looked = Instant::now();
    loop {
        std::thread::sleep(LOOK);
        if let Some(status) = child.try_wait().map_err(Failure::Watch)? {
            return Ok(leader::end(ended(status)));
        }
        if stop.load(Ordering::Relaxed) {
            return Ok(leader::end(ended(end(&mut child)?)));
        }
        if looked.elapsed() < GLANCE {
            continue;
        }
        looked = Instant::now();
        let now = authy::glance(&ctx.vault);
        if std::mem::replace(&mut glance, now.clone()) == now {
            continue;
        }
        // Somebody may be in the middle of a change: what cannot be read now is read next time.
        let Ok(new) = versions(ctx, scope) else {
            glance.clear();
            continue;
        };
        if new != has {
            has = new;
            ui.note("the values of the scope changed: starting the program again");
            end(&mut child)?;
            child = start(words)?;
        }
    }
}

/// What the scope has: names, and the moment since when each has its value.
fn versions(ctx: &Context, scope: Option<&ScopeName>) -> Result<Vec<(String, String)>, Failure> {
    let options = ListOptions { scope: scope.cloned(), details: true, ..ListOptions::default() };
    let entries = authy::list(ctx, &options)?.into_iter();
    let version = |entry: authy::ListEntry| {
        let since = entry.details.map(|details| details.changed).unwrap_or_default();
        (entry.name.to_string(), since)
    };
    Ok(entries.map(version).collect())
}

fn start(words: &[OsString]) -> Result<Child, Failure> {
    Command::new(leader::program()).args(words).spawn().map_err(Failure::Watch)
}

/// Ends the program, by force where it does not.
fn end(child: &mut Child) -> Result<ExitStatus, Failure> {
    let signal = |child: &Child, signal| {
        if let Some(pid) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
            let _ = kill_process(pid, signal);
        }
    };
    signal(child, Signal::TERM);
    let since = Instant::now();
    loop {
        if let Some(status) = child.try_wait().map_err(Failure::Watch)? {
            return Ok(status);
        }
        if since.elapsed() > GRACE {
            signal(child, Signal::KILL);
            return child.wait().map_err(Failure::Watch);
        }
        std::thread::sleep(LOOK);
    }
}

fn ended(status: ExitStatus) -> Ended {
    match (status.code(), status.signal()) {
        (Some(code), _) => Ended::Exited(u8::try_from(code).unwrap_or(u8::MAX)),
        (None, signal) => Ended::Signaled(signal.unwrap_or(SIGTERM)),
    }
}
