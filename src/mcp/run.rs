//! Running a program: this program once more, as `authy run --mask`, in a group of processes of its own.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use authy::{ScopeName, printable};
use rustix::process::{Pid, Signal, kill_process_group};
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWriteExt as _};
use tokio::process::{Child, Command};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::sync::CancellationToken;

use super::capture::Capture;
use super::server::{Beat, Refusal};
use super::tools::{LONGEST, USUAL};

/// How long a program has to end by itself once it is told to.
const GRACE: Duration = Duration::from_secs(5);
/// How long what a program left behind may keep its output open.
const LAG: Duration = Duration::from_millis(300);
/// How often a client that wants to know hears that the program goes on.
pub(super) const BEAT: Duration = Duration::from_secs(5);
/// By which the program, and an authy below it, know whose work it is.
const CLIENT: &str = "AUTHY_MCP_CLIENT";

/// How programs are run.
#[derive(Debug, Clone)]
pub(super) struct Runner {
    pub(super) program: PathBuf,
    pub(super) words: Vec<OsString>,
    pub(super) scope: Option<ScopeName>,
}

/// What is to be run.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wanted {
    command: Vec<String>,
    folder: Option<PathBuf>,
    secrets: Option<Vec<String>>,
    #[serde(default)]
    variables: BTreeMap<String, String>,
    stdin: Option<String>,
    /// Some clients have no whole numbers.
    timeout_seconds: Option<f64>,
}

/// A group of processes, which is gone with this value.
struct Group(Option<Pid>);

impl Group {
    fn of(child: &Child) -> Self {
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        Self(id.and_then(Pid::from_raw))
    }

    fn tell(&self, signal: Signal) {
        if let Some(group) = self.0 {
            // It may be gone already.
            let _ = kill_process_group(group, signal);
        }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        self.tell(Signal::KILL);
    }
}

impl Runner {
    /// Runs it to its end, or until `stop` comes, or its time is over.
    ///
    /// # Errors
    /// What authy says where it cannot be run; the words make no sense.
    pub(super) async fn run(
        &self,
        client: &str,
        wanted: Wanted,
        stop: [CancellationToken; 2],
        beat: &Beat,
    ) -> Result<Value, Refusal> {
        let seconds = wanted.timeout_seconds.filter(|seconds| seconds.is_finite());
        let time = seconds.map_or(Duration::from_secs(USUAL), |seconds| {
            Duration::from_secs_f64(seconds.clamp(1.0, LONGEST as f64))
        });
        let stdin = wanted.stdin.clone();
        let mut child = self
            .command(client, &wanted)?
            .spawn()
            .map_err(|error| Refusal::new(format!("authy cannot be started: {error}")))?;
        let group = Group::of(&child);
        let (mut out, mut err) = (Capture::default(), Capture::default());
        let (to, from) = (child.stdin.take(), (child.stdout.take(), child.stderr.take()));
        let write = async {
            if let (Some(mut to), Some(text)) = (to, stdin) {
                // A program need not read what it is given.
                let _ = to.write_all(text.as_bytes()).await;
            }
        };
        let end = Instant::now() + time;
        let ended = {
            let read = async {
                tokio::join!(write, drain(from.0, &mut out), drain(from.1, &mut err));
            };
            tokio::pin!(read);
            let mut is_read = false;
            let (mut next, mut passed) = (Instant::now() + BEAT, 0);
            let ended = loop {
                tokio::select! {
                    status = child.wait() => break Ended::By(status.ok().and_then(code)),
                    () = &mut read, if !is_read => is_read = true,
                    () = stop[0].cancelled() => break Ended::Stopped,
                    () = stop[1].cancelled() => break Ended::Stopped,
                    () = sleep_until(end) => break Ended::OutOfTime,
                    () = sleep_until(next) => {
                        next += BEAT;
                        passed += u32::try_from(BEAT.as_secs()).unwrap_or_default();
                        beat.tell(passed).await;
                    }
                }
            };
            if !matches!(ended, Ended::By(_)) {
                group.tell(Signal::TERM);
                // Its output is read on, so that it can end.
                let _ = timeout(GRACE, async {
                    tokio::join!(child.wait(), async {
                        if !is_read {
                            (&mut read).await;
                            is_read = true;
                        }
                    })
                })
                .await;
                group.tell(Signal::KILL);
                let _ = child.wait().await;
            }
            if !is_read {
                let _ = timeout(LAG, &mut read).await;
            }
            ended
        };
        drop(group);
        match ended {
            Ended::Stopped => Err(Refusal::new(
                "cancelled; the program and all that it started were ended".to_owned(),
            )),
            Ended::OutOfTime => Ok(told(124, true, &out, &err)),
            Ended::By(code) => match refusal(code, &err) {
                Some(refusal) => Err(refusal),
                None => Ok(told(code.unwrap_or(1), false, &out, &err)),
            },
        }
    }

    fn command(&self, client: &str, wanted: &Wanted) -> Result<Command, Refusal> {
        if wanted.command.is_empty() {
            return Err(Refusal::new(
                "'command' is empty: give the program and its arguments".to_owned(),
            ));
        }
        let mut command = Command::new(&self.program);
        command.arg0("authy").args(&self.words).args([
            "--no-input",
            "--json",
            "run",
            "--end-with-parent",
            "--mask",
            "--uppercase",
        ]);
        if let Some(scope) = &self.scope {
            command.args(["--scope", scope.as_str()]);
        }
        if wanted.secrets.as_ref().is_some_and(Vec::is_empty) {
            let why = "'secrets' is empty: name some, or leave it out for all of the scope";
            return Err(Refusal::new(why.to_owned()));
        }
        for name in wanted.secrets.iter().flatten() {
            command.arg("--only").arg(name);
        }
        for (variable, name) in &wanted.variables {
            command.arg("--env").arg(format!("{variable}={name}"));
        }
        command.arg("--").args(&wanted.command);
        let folder = wanted.folder.as_ref().filter(|folder| !folder.as_os_str().is_empty());
        if let Some(folder) = folder {
            if !folder.is_dir() {
                let folder = printable(&folder.to_string_lossy());
                return Err(Refusal::new(format!("there is no folder '{folder}'")));
            }
            command.current_dir(folder);
        }
        command
            .env(CLIENT, client)
            .stdin(if wanted.stdin.is_some() { Stdio::piped() } else { Stdio::null() })
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        Ok(command)
    }
}

enum Ended {
    By(Option<i32>),
    Stopped,
    OutOfTime,
}

fn code(status: std::process::ExitStatus) -> Option<i32> {
    use std::os::unix::process::ExitStatusExt as _;
    status.code().or_else(|| status.signal().map(|signal| 128 + signal))
}

async fn drain(from: Option<impl AsyncRead + Unpin>, into: &mut Capture) {
    let Some(mut from) = from else { return };
    let mut bytes = vec![0; 1 << 14];
    while let Ok(count @ 1..) = from.read(&mut bytes).await {
        into.take(&bytes[..count]);
    }
}

fn told(exit_code: i32, timed_out: bool, out: &Capture, err: &Capture) -> Value {
    json!({
        "exit_code": exit_code,
        "stdout": out.text(),
        "stderr": err.text(),
        "timed_out": timed_out,
        "truncated": out.is_cut() || err.is_cut(),
    })
}

/// What authy itself says, where it refused to run the program: its last line, in JSON.
fn refusal(code: Option<i32>, err: &Capture) -> Option<Refusal> {
    let text = err.text();
    let said: Value = serde_json::from_str(text.lines().last()?).ok()?;
    let error = said.get("error")?;
    let is_its_own = error["exit_code"].as_i64() == code.map(i64::from);
    let text = |key: &str| error[key].as_str().map(str::to_owned);
    let message = text("message").filter(|_| is_its_own)?;
    // What it advises at a command line a model does by a tool.
    let hint = match text("code").as_deref() {
        Some("not_found") => Some("list_secrets names what there is".to_owned()),
        _ => text("hint"),
    };
    Some(Refusal { message, hint, code: text("code") })
}
