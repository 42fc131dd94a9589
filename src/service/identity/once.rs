//! Reading an identity that can be read once.

use std::ffi::OsStr;
use std::io::{self, Read as _};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::PollFlags;
use zeroize::Zeroizing;

use super::error::IdentityError;
use crate::crypto::CryptoError;
use crate::fs;
use crate::secret::{SecretBytes, WITHHELD};
use crate::service::base::{Once, OnceIdentity};
use crate::wait::wait;

/// Largest identity in bytes.
const MOST: usize = 64 * 1024;
/// How long a command may take: somebody may have to look for a key and touch it.
const PATIENCE: Duration = Duration::from_secs(60);

/// What it is, read now or before.
///
/// # Errors
/// There is nothing, or too much; the command fails, or takes too long.
pub(super) fn read(once: &OnceIdentity) -> Result<SecretBytes, IdentityError> {
    if let Some(got) = once.got.get() {
        return Ok(got.clone());
    }
    let bytes = match &once.from {
        Once::Command(_) if !once.may_run => {
            let source = CryptoError::PassphraseNeeded;
            return Err(IdentityError::unusable(once.label(), source));
        }
        Once::Command(line) => printed(line, PATIENCE)?,
        Once::Stream(path) => {
            let bytes = fs::read_named(path, MOST).map_err(IdentityError::File)?;
            SecretBytes::new(bytes.ok_or_else(|| IdentityError::NoFile(path.clone()))?)
        }
    };
    Ok(once.got.get_or_init(|| bytes).clone())
}

/// What a line of `sh` prints within this time.
fn printed(line: &OsStr, patience: Duration) -> Result<SecretBytes, IdentityError> {
    let failed = |reason: String| IdentityError::Command { reason };
    let io = |error: io::Error| failed(error.to_string());
    let mut command = Command::new("sh");
    command.arg("-c").arg(line).stdin(Stdio::null()).stdout(Stdio::piped());
    for variable in WITHHELD {
        command.env_remove(variable);
    }
    let mut child = command.spawn().map_err(io)?;
    let Some(mut output) = child.stdout.take() else { return Err(failed("no output".to_owned())) };
    let end = Instant::now() + patience;
    // Never larger: growing would leave copies behind.
    let mut bytes = Zeroizing::new(vec![0; MOST]);
    let mut length = 0;
    let ended = loop {
        match wait(&output, PollFlags::IN, end) {
            Ok(()) => match output.read(&mut bytes[length..]) {
                Ok(0) if length == MOST => break Err(failed("it prints too much".to_owned())),
                Ok(0) => break Ok(()),
                Ok(count) => length += count,
                Err(error) => break Err(io(error)),
            },
            Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
                break Err(failed("it took more than a minute".to_owned()));
            }
            Err(error) => break Err(io(error)),
        }
    };
    if let Err(error) = ended {
        let _ = child.kill();
        let _ = child.wait();
        return Err(error);
    }
    let status = child.wait().map_err(io)?;
    if !status.success() {
        return Err(failed(format!("it failed ({status})")));
    }
    Ok(SecretBytes::new(bytes[..length].to_vec()))
}

#[cfg(test)]
mod tests {
    use super::{printed, read};
    use crate::service::base::OnceIdentity;
    use std::time::Duration;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn a_command_is_what_it_prints_and_runs_once() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("runs");
        let line = format!("echo x >> '{}'; printf 'key'", file.display());
        let once = OnceIdentity::of_command(line.into());
        assert_eq!(read(&once.clone()).unwrap().expose(), b"key");
        assert_eq!(read(&once).unwrap().expose(), b"key");
        assert_eq!(std::fs::read_to_string(file).unwrap(), "x\n");
        assert!(read(&OnceIdentity::of_command("exit 0".into()).unasked()).is_err());
    }

    #[test]
    fn one_that_fails_hangs_or_talks_is_none() {
        let error = printed("echo hunter2; exit 3".as_ref(), LONG).unwrap_err().to_string();
        assert!(error.contains("exit status: 3") && !error.contains("hunter2"), "{error}");
        let error = printed("exec sleep 600".as_ref(), Duration::from_millis(50)).unwrap_err();
        assert!(error.to_string().contains("more than a minute"), "{error}");
        assert!(printed("exec yes".as_ref(), LONG).is_err());
        assert!(printed("".as_ref(), LONG).unwrap().is_empty());
    }
}
