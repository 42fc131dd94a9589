//! Which way the modules of `src/` may point: down, never up, never sideways.
//!
//! Reads every `crate::…` and `super::…` path in the sources (comments and texts left out)
//! and compares the module it names with the module it stands in.

#![allow(clippy::unwrap_used, reason = "a test that cannot read the sources should stop")]

use std::fs;
use std::path::{Path, PathBuf};

/// Top to bottom. Neighbours on a row do not know each other.
const ROWS: [&[&str]; 9] = [
    // For fuzzers and benches alone.
    &["fuzzing", "workbench"],
    &["service"],
    &["seal"],
    &["access", "inject", "transfer", "project", "detect"],
    &["store", "session", "audit", "git"],
    &["crypto", "fs", "keyring"],
    &["name", "secret"],
    &["kind", "many", "process", "wait", "words"],
    // Of the unit tests alone: which programs are there.
    &["skipped"],
];
/// The modules of the binary: they see the library as everybody does, through `authy::`, and each
/// other only by what they share.
const FRONTS: [&str; 4] = ["cli", "tui", "mcp", SHARED];
/// What the fronts share.
const SHARED: &str = "front";

#[test]
fn every_arrow_points_down() {
    let mut wrong = Vec::new();
    for file in sources(Path::new("src")) {
        let module = module_of(&file);
        let front = FRONTS.contains(&top(&module)) || file == Path::new("src/main.rs");
        for arrow in arrows(&module, &tokens(&fs::read_to_string(&file).unwrap())) {
            let from = top(&module);
            let fine = if file == Path::new("src/main.rs") {
                is_front(&arrow.to)
            } else if front {
                arrow.to == from || arrow.to == SHARED
            } else {
                points_down(from, &arrow.to)
            };
            if !fine {
                wrong.push(format!("{}:{}: names '{}'", file.display(), arrow.line, arrow.to));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that do not point down:\n{}", wrong.join("\n"));
}

#[test]
fn every_module_has_its_row() {
    let library = fs::read_to_string("src/lib.rs").unwrap();
    for module in declared(&library) {
        assert!(row(&module).is_some(), "module '{module}' of src/lib.rs stands on no row");
    }
    let main = fs::read_to_string("src/main.rs").unwrap();
    for module in declared(&main) {
        assert!(is_front(&module), "main.rs declares '{module}', which belongs to the library");
    }
}

/// The rooms of `service`, bottom to top: each knows those before it, and neighbours on a row do not
/// know each other. Commands do not know each other either: what two of them share lies in a room.
const ROOMS: [&[&str]; 9] = [
    &["base"],
    &["identity"],
    &["audit"],
    &["session"],
    &["change"],
    &["secret"],
    &["rules", "inject", "repository"],
    &["sync"],
    &["commands"],
];

#[test]
fn the_rooms_of_the_service_stand_in_a_row() {
    let folder = Path::new("src/service");
    let height = |room: &str| ROOMS.iter().position(|row| row.contains(&room));
    for room in declared(&fs::read_to_string(folder.join("mod.rs")).unwrap()) {
        assert!(height(&room).is_some(), "room '{room}' stands on no row");
    }
    let mut wrong = Vec::new();
    for file in sources(folder) {
        let module = module_of(&file);
        let [_, room, inside @ ..] = module.as_slice() else { continue };
        let tokens = tokens(&fs::read_to_string(&file).unwrap());
        let word = |at: usize| tokens.get(at).map_or("", |token: &Token| token.0.as_str());
        for (at, (_, line)) in tokens.iter().enumerate() {
            if word(at) == "service" && word(at + 1) == "::" {
                for Arrow { to, line } in heads(&tokens, at + 2) {
                    let is_below = height(&to) < height(room);
                    if !is_below && (to != *room || room == "commands") {
                        wrong.push(format!("{}:{line}: names '{to}'", file.display()));
                    }
                }
            }
            // A room, and a command in a folder of its own, is not left upwards; only the list of
            // commands names them all.
            let ups = (0..).take_while(|n| word(at + 2 * n) == "super").count();
            let begins = at == 0 || word(at - 1) != "::";
            let most = if room == "commands" { inside.len().max(1) - 1 } else { inside.len() };
            if begins && ups > most && !file.ends_with("mod.rs") {
                wrong.push(format!("{}:{line}: leaves its room", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "arrows that do not lead down:\n{}", wrong.join("\n"));
}

/// Tests start programs by `skipped::command`, which insists that they asked for what not every
/// machine has; this program itself is there.
#[test]
fn no_test_starts_a_program_that_it_did_not_ask_for() {
    let mut wrong = Vec::new();
    for file in sources(Path::new("src")).into_iter().chain(sources(Path::new("tests"))) {
        // The second is a git host, and a bench's too.
        if ["common/skipped.rs", "sealed/answers.rs"].iter().any(|one| file.ends_with(one)) {
            continue;
        }
        let tokens = tokens(&fs::read_to_string(&file).unwrap());
        let word = |at: usize| tokens.get(at).map_or("", |token: &Token| token.0.as_str());
        let is_test = |part: &std::ffi::OsStr| part == "tests" || part == "tests.rs";
        let mut tests = file.iter().any(is_test);
        for (at, (_, line)) in tokens.iter().enumerate() {
            tests |= word(at) == "mod" && word(at + 1) == "tests" && word(at + 2) == "{";
            let starts = word(at) == "Command" && word(at + 1) == "::" && word(at + 2) == "new";
            let itself = (at + 4..at + 9).any(|at| word(at) == "current_exe");
            if tests && starts && !itself {
                wrong.push(format!("{}:{line}", file.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "start programs past 'skipped::command':\n{}", wrong.join("\n"));
}

/// A tuple as a parameter hides the names of its parts from whoever calls.
#[test]
fn no_function_takes_a_tuple() {
    let mut wrong = Vec::new();
    for file in sources(Path::new("src")) {
        let tokens = tokens(&fs::read_to_string(&file).unwrap());
        let word = |at: usize| tokens.get(at).map_or("", |token: &Token| token.0.as_str());
        let is_named = |at: &usize| word(*at) == "fn" && word(at + 1) != "(";
        let starts = (0..tokens.len()).filter(is_named).map(|at| at + 2);
        for mut at in starts {
            let mut angles = 0;
            while angles > 0 || word(at) == "<" {
                match word(at) {
                    "<" => angles += 1,
                    ">" if word(at - 1) != "-" => angles -= 1,
                    _ => {}
                }
                at += 1;
            }
            let mut depth = usize::from(word(at) == "(");
            while depth > 0 {
                at += 1;
                match word(at) {
                    "(" if depth == 1 && ["(", ","].contains(&word(at - 1)) => {
                        // In a property test what stands there is a pattern for what is drawn.
                        let end = (at..).find(|at| word(*at) == ")").unwrap_or(at);
                        if word(end + 1) != "in" {
                            wrong.push(format!("{}:{}", file.display(), tokens[at].1));
                        }
                        depth += 1;
                    }
                    "(" | "[" | "{" | "<" => depth += 1,
                    ")" | "]" | "}" => depth -= 1,
                    ">" if word(at - 1) != "-" => depth -= 1,
                    "" => break,
                    _ => {}
                }
            }
        }
    }
    assert!(wrong.is_empty(), "tuples as parameters:\n{}", wrong.join("\n"));
}

fn points_down(from: &str, to: &str) -> bool {
    match (row(from), row(to)) {
        // lib.rs itself, the table of contents, may name everything.
        (None, Some(_)) => from.is_empty(),
        (Some(above), Some(below)) => from == to || above < below,
        _ => false,
    }
}

fn row(module: &str) -> Option<usize> {
    ROWS.iter().position(|row| row.contains(&module))
}

fn is_front(module: &str) -> bool {
    FRONTS.contains(&module)
}

fn top(module: &[String]) -> &str {
    module.first().map_or("", String::as_str)
}

fn sources(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(sources(&path));
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// `src/store/record.rs` is `store::record`, `src/store/mod.rs` is `store`, `src/lib.rs` the root.
fn module_of(file: &Path) -> Vec<String> {
    let inside = file.strip_prefix("src").unwrap().with_extension("");
    let mut parts: Vec<String> =
        inside.iter().map(|part| part.to_str().unwrap().to_owned()).collect();
    if matches!(parts.last().map(String::as_str), Some("mod" | "lib" | "main")) {
        parts.pop();
    }
    parts
}

/// A path in the source that leads to a module at the root of the crate.
struct Arrow {
    to: String,
    line: usize,
}

/// A word, `::` or a single character, with its line.
type Token = (String, usize);

/// Finds what `crate::x`, `crate::{x, y::z}` and `super::…` lead to, inline modules counted.
fn arrows(module: &[String], tokens: &[Token]) -> Vec<Arrow> {
    let word = |at: usize| tokens.get(at).map_or("", |token| token.0.as_str());
    let mut found = Vec::new();
    let mut inline: Vec<usize> = Vec::new();
    let mut depth = 0;
    for at in 0..tokens.len() {
        match word(at) {
            "{" => {
                depth += 1;
                if at >= 2 && word(at - 2) == "mod" {
                    inline.push(depth);
                }
            }
            "}" => {
                if inline.last() == Some(&depth) {
                    inline.pop();
                }
                depth -= 1;
            }
            "crate" if word(at + 1) == "::" && (at == 0 || word(at - 1) != "$") => {
                found.extend(heads(tokens, at + 2));
            }
            "super" if at == 0 || word(at - 1) != "::" => {
                let ups = (0..).take_while(|n| word(at + 2 * n) == "super").count();
                if ups == module.len() + inline.len() {
                    found.extend(heads(tokens, at + 2 * ups));
                }
            }
            _ => {}
        }
    }
    found
}

/// Gives the first words of a path or of each path of a group: `a::b` → a, `{a::b, c}` → a, c.
fn heads(tokens: &[Token], start: usize) -> Vec<Arrow> {
    let Some((first, line)) = tokens.get(start) else { return Vec::new() };
    if first != "{" {
        return vec![Arrow { to: first.clone(), line: *line }];
    }
    let mut found = Vec::new();
    let mut depth = 0;
    let mut expected = true;
    for (word, line) in &tokens[start..] {
        match word.as_str() {
            "{" => depth += 1,
            "}" => depth -= 1,
            "," => expected = depth == 1,
            _ if expected && depth == 1 => {
                found.push(Arrow { to: word.clone(), line: *line });
                expected = false;
            }
            _ => {}
        }
        if depth == 0 {
            break;
        }
    }
    found
}

fn declared(source: &str) -> Vec<String> {
    let tokens = tokens(source);
    let declares = |w: &&[Token]| w[0].0 == "mod" && w[2].0 == ";";
    tokens.windows(3).filter(declares).map(|w| w[1].0.clone()).collect()
}

/// Splits a source into words and signs; comments, texts and character literals are left out.
fn tokens(source: &str) -> Vec<Token> {
    let chars: Vec<char> = source.chars().collect();
    let mut found: Vec<Token> = Vec::new();
    let (mut at, mut line) = (0, 1);
    while at < chars.len() {
        let rest = &chars[at..];
        let is_word = |c: char| c.is_alphanumeric() || c == '_';
        let length = skipped(rest).unwrap_or_else(|| {
            let word = rest.iter().take_while(|c| is_word(**c)).count();
            let length = if rest.starts_with(&[':', ':']) { 2 } else { word.max(1) };
            if !rest[0].is_whitespace() {
                found.push((rest[..length].iter().collect(), line));
            }
            length
        });
        line += rest[..length].iter().filter(|c| **c == '\n').count();
        at += length;
    }
    found
}

/// Gives the length of the comment, text or character literal that starts here, if one does.
fn skipped(rest: &[char]) -> Option<usize> {
    let until = |from: usize, end: &[char]| {
        (from..rest.len())
            .find(|at| rest[*at..].starts_with(end))
            .map_or(rest.len(), |at| at + end.len())
    };
    match rest {
        ['/', '/', ..] => Some(until(2, &['\n']) - 1).map(|length| length.max(2)),
        ['/', '*', ..] => Some(until(2, &['*', '/'])),
        ['r', '"' | '#', ..] => {
            let hashes = rest[1..].iter().take_while(|c| **c == '#').count();
            if rest.get(1 + hashes) != Some(&'"') {
                return None;
            }
            let mut end = vec!['"'];
            end.extend(std::iter::repeat_n('#', hashes));
            Some(until(2 + hashes, &end))
        }
        ['"', ..] => Some(text_length(rest)),
        ['\'', '\\', ..] => Some(until(3, &['\''])),
        ['\'', _, '\'', ..] => Some(3),
        _ => None,
    }
}

fn text_length(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != '"' {
        at += if rest[at] == '\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

#[test]
fn the_reader_of_paths_sees_them_all() {
    let source = r#"
        use crate::{fs::Path, kind::Kind, store};
        // crate::comment
        const TEXT: &str = "crate::text";
        fn f<'a>(c: char) { crate::audit::append('"', '\'', c) }
        mod tests { use super::*; use super::super::git; }
    "#;
    let found = arrows(&["store".to_owned()], &tokens(source));
    let names: Vec<&str> = found.iter().map(|arrow| arrow.to.as_str()).collect();
    assert_eq!(names, ["fs", "kind", "store", "audit", "git"]);
    assert!(points_down("service", "kind") && points_down("store", "store"));
    assert!(
        !points_down("kind", "name")
            && !points_down("store", "audit")
            && !points_down("name", "secret")
    );
}
