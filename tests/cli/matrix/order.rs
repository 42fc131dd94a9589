//! The order of a command's work on the disk, read from a trace: bytes are flushed before the
//! rename that shows them, renames before the journal goes, audit lines before anything leaves,
//! git's objects before the branch that names them.

use std::collections::BTreeSet;

use super::world::CANARY;

/// One call of a trace (`strace -f -y`): its name, the files it names, its text.
struct Call<'t> {
    name: &'t str,
    files: Vec<String>,
    text: &'t str,
}

fn calls(trace: &str) -> impl Iterator<Item = Call<'_>> {
    trace.lines().filter_map(|line| {
        let (name, arguments) = line.split_once(' ')?.1.trim_start().split_once('(')?;
        // What is written may look like anything.
        let named = if name.contains("write") { arguments.split(", ").next()? } else { arguments };
        (!name.starts_with('<')).then(|| Call { name, files: files(named), text: arguments })
    })
}

/// The paths in the arguments: `4</folder>, "name"` is `/folder/name`, `5</file>` is `/file`.
fn files(arguments: &str) -> Vec<String> {
    let end = arguments.rfind(") ").unwrap_or(arguments.len());
    let mut found = Vec::new();
    let mut folder: Option<&str> = None;
    for part in arguments[..end].split(", ") {
        let quoted = part.strip_prefix('"').and_then(|part| part.strip_suffix('"'));
        match (quoted, folder) {
            (Some(name), Some(folder)) if !name.starts_with('/') => {
                found.push(format!("{folder}/{name}"));
            }
            (Some(name), _) => found.push(name.to_owned()),
            (None, Some(alone)) => found.push(alone.to_owned()),
            (None, None) => {}
        }
        folder = part.split_once('<').and_then(|(_, path)| path.split_once('>')).map(|cut| cut.0);
        if quoted.is_some() {
            folder = None;
        }
    }
    found.extend(folder.map(str::to_owned));
    found
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

fn is_object(path: &str) -> bool {
    path.contains("/.git/objects/")
}

/// What of the work in `trace` was done in a wrong order; `places` are the folders that count.
pub(super) fn mistakes(trace: &str, places: [&str; 2]) -> Vec<String> {
    let mut mistakes = Vec::new();
    let (mut dirty, mut moved, mut seen) = (BTreeSet::new(), BTreeSet::new(), 0);
    // What git notes of other clones, it fetches again.
    let fetched = ["/.git/refs/remotes", "/.git/logs/refs/remotes", "/.git/FETCH_HEAD"];
    // What only spares work, or is told elsewhere too.
    let spares = |path: &String| {
        [".cuts", "/tips", ".keep"].iter().any(|ending| path.ends_with(ending))
            || path.contains("/.local/committed")
    };
    let counts = |path: &String| {
        places.iter().any(|place| path.starts_with(place))
            && !fetched.iter().any(|noted| path.contains(noted))
            && !spares(path)
    };
    for call in calls(trace) {
        let files: Vec<&String> = call.files.iter().filter(|path| counts(path)).collect();
        match (call.name, &files[..]) {
            ("write" | "pwrite64", [file]) => _ = dirty.insert((*file).clone()),
            ("write", []) if call.text.starts_with("1<") && call.text.contains(CANARY) => {
                for line in dirty.iter().filter(|path| path.contains("/audit/")) {
                    mistakes.push(format!("a value left before {line} was flushed"));
                }
            }
            ("fsync" | "fdatasync", [file]) => {
                seen += 1;
                dirty.remove(*file);
                moved.remove(*file);
            }
            // All that lies on the same disk: here that is everything.
            ("syncfs", _) => {
                seen += 1;
                dirty.clear();
                moved.clear();
            }
            ("renameat" | "rename", [from, to]) => {
                let was_dirty = dirty.remove(*from);
                if is_object(to) {
                    // Nobody knows of it before the branch moves, so that is early enough.
                    if was_dirty {
                        dirty.insert((*to).clone());
                    }
                } else if was_dirty {
                    mistakes.push(format!("{to} was shown before its bytes were flushed"));
                }
                if to.contains("/.git/refs/heads/") {
                    for object in dirty.iter().chain(&moved).filter(|path| is_object(path)) {
                        mistakes.push(format!("{to} moved before {object} was flushed"));
                    }
                }
                if to.ends_with("/.local/journal") {
                    for line in dirty.iter().filter(|path| path.contains("/audit/")) {
                        mistakes.push(format!("the change was decided before {line} was flushed"));
                    }
                }
                // A folder for work, which is removed.
                if !to.contains("/.git/objects/authy-pack-") {
                    moved.insert(folder_of(to).to_owned());
                }
            }
            ("unlinkat", [file]) if file.ends_with("/.local/journal") => {
                for folder in &moved {
                    mistakes.push(format!("the journal went before {folder} was flushed"));
                }
            }
            ("unlink" | "unlinkat", [file]) => _ = dirty.remove(*file),
            _ => {}
        }
    }
    assert!(seen > 0, "a trace in which nothing was flushed:\n{trace}");
    mistakes.extend(dirty.iter().map(|file| format!("{file} was never flushed")));
    mistakes.extend(moved.iter().map(|folder| format!("{folder} was never flushed")));
    mistakes
}

#[test]
fn an_order_that_loses_is_seen() {
    let at = |trace: &str| mistakes(trace, ["/v", "/s"]);
    let good = "1 write(4</v/stage/0>, \"x, y\", 4) = 4\n1 fsync(4</v/stage/0>) = 0\n\
        1 renameat(5</v/stage>, \"0\", 6</v/secrets>, \"a.age\") = 0\n1 fsync(6</v/secrets>) = 0\n\
        1 unlinkat(7</v/.local>, \"journal\", 0) = 0\n";
    assert_eq!(at(good), [""; 0]);
    // Everything at once will do as well.
    assert_eq!(at(&good.replace("fsync(4</v/stage/0>)", "syncfs(8</v/.local>)")), [""; 0]);
    let lines: Vec<&str> = good.lines().collect();
    let without = |n: usize| {
        let kept = (0..lines.len()).filter(|i| *i != n).map(|i| lines[i]);
        let kept: Vec<&str> = kept.chain(["1 fsync(3</v>) = 0"]).collect();
        at(&kept.join("\n"))
    };
    assert_eq!(without(1), ["/v/secrets/a.age was shown before its bytes were flushed"]);
    assert_eq!(without(3).len(), 2, "{:?}", without(3));
    let leak = format!(
        "1 write(4</v/audit/c/1.jsonl>, \"l\", 1) = 1\n1 write(1<pipe:[3]>, \"{CANARY}\", 11) = 11\n\
         1 fdatasync(4</v/audit/c/1.jsonl>) = 0\n"
    );
    let committed = "1 write(4</v/.git/objects/.tmp1>, \"x\", 1) = 1\n\
        1 rename(\"/v/.git/objects/.tmp1\", \"/v/.git/objects/ab/cd\") = 0\n\
        1 fsync(4</v/.git/objects/ab/cd>) = 0\n1 fsync(4</v/.git/objects/ab>) = 0\n\
        1 rename(\"/v/.git/refs/heads/main.lock\", \"/v/.git/refs/heads/main\") = 0\n\
        1 fsync(4</v/.git/refs/heads>) = 0\n";
    assert_eq!(at(committed), [""; 0]);
    let late = committed.replace("1 fsync(4</v/.git/objects/ab/cd>) = 0\n", "");
    let missed = ["/v/.git/refs/heads/main moved before /v/.git/objects/ab/cd was flushed"];
    assert_eq!(at(&late)[..1], missed);
    assert_eq!(at(&leak), ["a value left before /v/audit/c/1.jsonl was flushed"]);
}
