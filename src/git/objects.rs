//! What git keeps: every object once, in whatever commit; and which commit brought it.
//!
//! The git program reads them: it knows packs, alternates, SHA-256 and reftable, and fetches nothing
//! here of what a partial clone lacks.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use gix::bstr::ByteSlice as _;

use super::error::GitError;
use super::program::{complaint, git_at, silent};

const ACTION: &str = "read what git keeps";

/// Where an object came in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The first commit that has it.
    pub(crate) commit: String,
    /// Its committer's time (RFC 3339).
    pub(crate) time: String,
    /// Its author's name.
    pub(crate) author: String,
    /// The file; none where it is the commit itself.
    pub(crate) path: Option<String>,
}

/// An object's name, and a way to its bytes.
type Visit<'v> = dyn FnMut(&str, &mut dyn Read) -> io::Result<()> + 'v;

/// Hands every blob, commit and tag of the repository around `folder` to `visit`, each once, also
/// those of stashes and what no branch leads to any more.
///
/// # Errors
/// [`GitError::Program`], [`GitError::Refused`].
pub(crate) fn each_object(folder: &Path, visit: &mut Visit<'_>) -> Result<(), GitError> {
    let mut command = git_at(folder);
    command.args(["cat-file", "--batch", "--batch-all-objects", "--unordered", "--buffer"]);
    let mut child = spawn(command.stdin(Stdio::null()))?;
    let read = child.stdout.take().map_or(Ok(()), |out| objects(out, visit));
    finish(child, read)
}

/// A staged file: its path, and the name of what is staged.
pub(crate) type StagedFile = (String, String);

/// The files that are staged and differ from the last commit, in the index that is named or the
/// repository's own.
///
/// # Errors
/// As [`each_object`].
pub(crate) fn staged_files(
    folder: &Path,
    index: Option<&Path>,
) -> Result<Vec<StagedFile>, GitError> {
    let mut command = git_at(folder);
    command.args([
        "diff",
        "--cached",
        "--raw",
        "--no-abbrev",
        "--no-renames",
        "--diff-filter=ACMT",
    ]);
    command.args(["--no-ext-diff", "--ignore-submodules=all"]);
    command.envs(index.map(|index| ("GIT_INDEX_FILE", index)));
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| GitError::Program { action: ACTION, source })?;
    if !output.status.success() {
        return Err(GitError::Refused { action: ACTION, line: complaint(&output.stderr) });
    }
    let text = output.stdout.to_str_lossy();
    Ok(text.lines().filter_map(raw).map(|(id, path)| (path.to_owned(), id.to_owned())).collect())
}

/// Whether git has the file in its index. Where it cannot be asked it does not.
pub(crate) fn is_tracked(path: &Path) -> bool {
    let Ok(path) = path.canonicalize() else { return false };
    let (Some(folder), Some(name)) = (path.parent(), path.file_name()) else { return false };
    let mut command = git_at(folder);
    command.args(["--literal-pathspecs", "ls-files", "--error-unmatch", "--"]).arg(name);
    silent(&mut command).status().is_ok_and(|status| status.success())
}

/// Hands each of these objects to `visit`.
///
/// # Errors
/// As [`each_object`].
pub(crate) fn named_objects(
    folder: &Path,
    ids: &[&str],
    visit: &mut Visit<'_>,
) -> Result<(), GitError> {
    let mut child = spawn(git_at(folder).args(["cat-file", "--batch"]).stdin(Stdio::piped()))?;
    let Some((mut stdin, stdout)) = child.stdin.take().zip(child.stdout.take()) else {
        return finish(child, Ok(()));
    };
    let asked: String = ids.iter().map(|id| format!("{id}\n")).collect();
    let read = std::thread::scope(|scope| {
        // Git answers while it is still being asked.
        scope.spawn(move || stdin.write_all(asked.as_bytes()));
        objects(stdout, visit)
    });
    finish(child, read)
}

/// Finds the first commit that has each of these objects, in all branches, tags and what the reflog
/// remembers; what none has is not in the answer.
///
/// # Errors
/// As [`each_object`].
pub(crate) fn origins(
    folder: &Path,
    ids: &BTreeSet<String>,
) -> Result<BTreeMap<String, Origin>, GitError> {
    let mut command = git_at(folder);
    command.args(["-c", "core.quotePath=false", "log", "--all", "--reflog", "--reverse", "-m"]);
    command.args(["--root", "--raw", "--no-abbrev", "--no-renames", "--no-color", "--no-ext-diff"]);
    command.args(["--no-show-signature", "--format=commit %H %cI %aN"]);
    let mut child = spawn(command.stdin(Stdio::null()))?;
    let mut all = BTreeMap::new();
    let Some(out) = child.stdout.take() else { return Ok(all) };
    let mut now: Option<Origin> = None;
    let mut read = Ok(());
    for line in BufReader::new(out).split(b'\n') {
        let line = match line {
            Ok(line) => line,
            Err(error) => {
                read = Err(error);
                break;
            }
        };
        let line = line.to_str_lossy();
        if let Some(words) = line.strip_prefix("commit ") {
            let mut words = words.splitn(3, ' ').map(str::to_owned);
            let mut next = || words.next().unwrap_or_default();
            let origin = Origin { commit: next(), time: next(), author: next(), path: None };
            if ids.contains(&origin.commit) {
                all.entry(origin.commit.clone()).or_insert_with(|| origin.clone());
            }
            now = Some(origin);
        } else if let (Some((id, path)), Some(now)) = (raw(&line), &now)
            && ids.contains(id)
        {
            let path = Some(path.to_owned());
            all.entry(id.to_owned()).or_insert_with(|| Origin { path, ..now.clone() });
        }
    }
    finish(child, read)?;
    Ok(all)
}

/// The new object and the path of a line `:100644 100644 OLD NEW M<tab>PATH`.
fn raw(line: &str) -> Option<(&str, &str)> {
    let (words, path) = line.strip_prefix(':')?.split_once('\t')?;
    let id = words.split(' ').nth(3)?;
    Some((id, path))
}

fn spawn(command: &mut Command) -> Result<Child, GitError> {
    // What it complains of is read when it has ended: little, or it is broken.
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().map_err(|source| GitError::Program { action: ACTION, source })
}

fn finish(mut child: Child, read: io::Result<()>) -> Result<(), GitError> {
    if read.is_err() {
        // Nobody reads what it would still say.
        let _ = child.kill();
    }
    let mut said = Vec::new();
    if let Some(stderr) = child.stderr.take() {
        let _ = stderr.take(1 << 16).read_to_end(&mut said);
    }
    let status = child.wait();
    let ended = status.map_err(|source| GitError::Program { action: ACTION, source })?;
    read.map_err(|source| GitError::Program { action: ACTION, source })?;
    match ended.success() {
        true => Ok(()),
        false => Err(GitError::Refused { action: ACTION, line: complaint(&said) }),
    }
}

/// Reads `<id> <type> <size>`, the bytes and a line end, one after the other.
fn objects(out: ChildStdout, visit: &mut Visit<'_>) -> io::Result<()> {
    let mut out = BufReader::with_capacity(1 << 18, out);
    let mut head = String::new();
    loop {
        head.clear();
        if out.read_line(&mut head)? == 0 {
            return Ok(());
        }
        let mut words = head.trim_end().split(' ');
        let (id, kind, size) = (words.next(), words.next(), words.next());
        // `<id> missing`, of what a partial clone lacks.
        let Some((id, size)) = id.zip(size.and_then(|size| size.parse::<u64>().ok())) else {
            continue;
        };
        let mut bytes = (&mut out).take(size);
        if kind != Some("tree") {
            visit(id, &mut bytes)?;
        }
        io::copy(&mut bytes, &mut io::sink())?;
        out.read_exact(&mut [0])?;
    }
}
