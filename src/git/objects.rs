//! What git keeps: every object once, in whatever commit; and which commit brought it.
//!
//! The git program reads them: it knows packs, alternates, SHA-256 and reftable. What a partial clone lacks is
//! fetched before all of it is read, and not where single objects are.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use gix::bstr::ByteSlice as _;

use super::error::GitError;
use super::partial;
use super::program::{complaint, git_at, silent};

const ACTION: &str = "read what git keeps";

/// Where an object came in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Origin {
    /// The first commit that has it, or the tag that it is; none where it is staged alone.
    pub(crate) commit: Option<String>,
    /// When that was made (RFC 3339).
    pub(crate) time: Option<String>,
    /// Who made it.
    pub(crate) author: Option<String>,
    /// The file; `message` where it is the commit itself, `tag NAME` where it is a tag.
    pub(crate) path: String,
}

/// What an object is; folders are passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ObjectKind {
    Blob,
    Commit,
    Tag,
}

/// An object's name and kind, and a way to its bytes.
type Visit<'v> = dyn FnMut(&str, ObjectKind, &mut dyn Read) -> io::Result<()> + 'v;

/// Hands every blob, commit and tag of the repository around `folder` to `visit`, each once, also
/// those of stashes and what no branch leads to any more.
///
/// # Errors
/// [`GitError::Program`], [`GitError::Refused`]; [`GitError::LeftOut`] of a partial clone whose remote cannot be reached.
pub(crate) fn each_object(folder: &Path, visit: &mut Visit<'_>) -> Result<(), GitError> {
    partial::bring_all(folder)?;
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
    // Outside of a repository 'git diff' compares files.
    output(git_at(folder).args(["rev-parse", "--git-dir"]))?;
    let mut command = git_at(folder);
    command.args(["-c", "core.quotePath=false", "diff", "--cached", "--raw", "--no-abbrev"]);
    command.args(["--no-renames", "--diff-filter=ACMT", "--no-ext-diff"]);
    // Whatever the user's settings say of diffs.
    command.args(["--ignore-submodules=all", "--no-relative", "-O/dev/null"]);
    command.envs(index.map(|index| ("GIT_INDEX_FILE", index)));
    let text = output(&mut command)?;
    let files = text.lines().filter_map(raw);
    Ok(files.map(|(id, path)| (path, id.to_owned())).collect())
}

/// The root of the work tree around `folder`; a bare repository has none.
pub(crate) fn work_tree(folder: &Path) -> Option<PathBuf> {
    let root = output(git_at(folder).args(["rev-parse", "--show-toplevel"])).ok()?;
    Some(PathBuf::from(root.trim_end_matches('\n'))).filter(|root| root.is_absolute())
}

/// Whether the repository has only a part of its history.
pub(crate) fn is_cut_off(folder: &Path) -> bool {
    let is_shallow = output(git_at(folder).args(["rev-parse", "--is-shallow-repository"]));
    is_shallow.is_ok_and(|answer| answer.trim() == "true")
}

/// What git answers.
fn output(command: &mut Command) -> Result<String, GitError> {
    let output = command
        .stdin(Stdio::null())
        .output()
        .map_err(|source| GitError::Program { action: ACTION, source })?;
    match output.status.success() {
        true => Ok(output.stdout.to_str_lossy().into_owned()),
        false => Err(GitError::Refused { action: ACTION, line: complaint(&output.stderr) }),
    }
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

/// Paths of one object that are told.
const MOST_PATHS: usize = 100;

/// Finds the first commit that has each of these objects, by path, in all branches, tags and what the reflog
/// remembers; what none has is not in the answer.
///
/// # Errors
/// As [`each_object`].
pub(crate) fn origins(
    folder: &Path,
    ids: &BTreeSet<String>,
) -> Result<BTreeMap<String, Vec<Origin>>, GitError> {
    let mut command = git_at(folder);
    command.args(["-c", "core.quotePath=false", "log", "--all", "--reflog", "--reverse", "-m"]);
    command.args(["--root", "--raw", "--no-abbrev", "--no-renames", "--no-color", "--no-ext-diff"]);
    command.args([
        "--no-relative",
        "-O/dev/null",
        "--no-show-signature",
        "--format=commit %H %cI %aN",
    ]);
    let mut child = spawn(command.stdin(Stdio::null()))?;
    let mut all: BTreeMap<String, Vec<Origin>> = BTreeMap::new();
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
            let commit = words.next();
            let origin = Origin {
                commit: commit.clone(),
                time: words.next(),
                author: words.next(),
                path: "message".to_owned(),
            };
            if let Some(commit) = commit.filter(|commit| ids.contains(commit)) {
                all.entry(commit).or_insert_with(|| vec![origin.clone()]);
            }
            now = Some(origin);
        } else if let (Some((id, path)), Some(now)) = (raw(&line), &now)
            && ids.contains(id)
        {
            let places = all.entry(id.to_owned()).or_default();
            if places.len() < MOST_PATHS && places.iter().all(|one| one.path != path) {
                places.push(Origin { path, ..now.clone() });
            }
        }
    }
    finish(child, read)?;
    tags(folder, ids, &mut all)?;
    staged(folder, ids, &mut all);
    Ok(all)
}

/// Annotated tags are objects of their own.
fn tags(
    folder: &Path,
    ids: &BTreeSet<String>,
    all: &mut BTreeMap<String, Vec<Origin>>,
) -> Result<(), GitError> {
    const FORMAT: &str = "--format=%(objectname) %(taggerdate:iso-strict) %(refname:strip=2)";
    let text = output(git_at(folder).args(["for-each-ref", "refs/tags", FORMAT]))?;
    for line in text.lines() {
        let mut words = line.splitn(3, ' ').map(str::to_owned);
        let (Some(id), time, Some(name)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        if ids.contains(&id) {
            let path = format!("tag {name}");
            let origin = Origin { commit: Some(id.clone()), time, author: None, path };
            all.entry(id).or_insert_with(|| vec![origin]);
        }
    }
    Ok(())
}

/// What is in the index and in no commit. A bare repository has none.
fn staged(folder: &Path, ids: &BTreeSet<String>, all: &mut BTreeMap<String, Vec<Origin>>) {
    let mut command = git_at(folder);
    command.args(["-c", "core.quotePath=false", "ls-files", "--stage", "--full-name", ":/"]);
    for line in output(&mut command).unwrap_or_default().lines() {
        // `100644 ID 0<tab>PATH`
        let Some((words, path)) = line.split_once('\t') else { continue };
        let Some(id) = words.split(' ').nth(1).filter(|id| ids.contains(*id)) else { continue };
        let origin = Origin { path: unquoted(path), ..Origin::default() };
        all.entry(id.to_owned()).or_insert_with(|| vec![origin]);
    }
}

/// The new object and the path of a line `:100644 100644 OLD NEW M<tab>PATH`.
fn raw(line: &str) -> Option<(&str, String)> {
    let (words, path) = line.strip_prefix(':')?.split_once('\t')?;
    let id = words.split(' ').nth(3)?;
    Some((id, unquoted(path)))
}

/// A path that git put in quotation marks, as C does (git-config(1), core.quotePath).
fn unquoted(path: &str) -> String {
    let Some(inside) = path.strip_prefix('"').and_then(|path| path.strip_suffix('"')) else {
        return path.to_owned();
    };
    let mut bytes = Vec::with_capacity(inside.len());
    let mut rest = inside.bytes();
    while let Some(byte) = rest.next() {
        let escaped = if byte == b'\\' { rest.next() } else { None };
        bytes.push(match escaped {
            None => byte,
            Some(b'n') => b'\n',
            Some(b't') => b'\t',
            Some(b'r') => b'\r',
            Some(b'a') => 7,
            Some(b'b') => 8,
            Some(b'f') => 12,
            Some(b'v') => 11,
            Some(first @ b'0'..=b'3') => {
                let digits = [first, rest.next().unwrap_or(b'0'), rest.next().unwrap_or(b'0')];
                digits.iter().fold(0, |all, digit| all << 3 | (digit & 7))
            }
            Some(other) => other,
        });
    }
    String::from_utf8_lossy(&bytes).into_owned()
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
        let kind = match kind {
            Some("blob") => Some(ObjectKind::Blob),
            Some("commit") => Some(ObjectKind::Commit),
            Some("tag") => Some(ObjectKind::Tag),
            _ => None,
        };
        if let Some(kind) = kind {
            visit(id, kind, &mut bytes)?;
        }
        io::copy(&mut bytes, &mut io::sink())?;
        out.read_exact(&mut [0])?;
    }
}

#[cfg(test)]
mod tests {
    use super::unquoted;

    #[test]
    fn quotation_marks_of_git_are_undone() {
        for (quoted, path) in [
            ("a b.txt", "a b.txt"),
            ("\"new\\nline\"", "new\nline"),
            ("\"a\\\"b\\\\c\"", "a\"b\\c"),
            ("\"\\303\\244\"", "ä"),
        ] {
            assert_eq!(unquoted(quoted), path);
        }
    }
}
