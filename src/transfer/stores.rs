//! Small managers, asked through their own programs: cottage, envchain, kbs2 and secretspec.

use std::path::Path;

use serde::Deserialize;
use walkdir::WalkDir;

use super::error::TransferError;
use super::exports::below;
use super::programs::ask;
use super::{Found, SecretText, StoreLocation, dotenv, json, yaml};
use crate::secret::{MAX_VALUE, SecretBytes};

/// How the names of cottage's files end.
const COTTAGE: &str = ".cott.age";

/// The secrets of cottage in a folder, this one where none is named, seen with cottage 0.8: a file that
/// holds variables gives one secret for each, any other file one.
pub(super) fn cottage(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    let folder = Path::new(from.given.as_deref().unwrap_or("."));
    let no_store = || TransferError::NoStore { folder: folder.to_string_lossy().into_owned() };
    if !folder.is_dir() {
        return Err(no_store());
    }
    let mut found = Vec::new();
    let entries = WalkDir::new(folder).sort_by_file_name().into_iter();
    let shown = entries.filter_entry(|entry| entry.file_name() != ".git");
    for entry in shown.filter_map(Result::ok).filter(|entry| entry.file_type().is_file()) {
        let path = entry.path();
        let inside = path.strip_prefix(folder).unwrap_or(path).to_string_lossy();
        let Some(name) = inside.strip_suffix(COTTAGE) else { continue };
        let value = ask(program, &["cat", "--", &path.to_string_lossy()], &[])?;
        found.extend(
            of_file(name, &value).unwrap_or_else(|| vec![Found::new(name.to_owned(), value)]),
        );
    }
    match found.is_empty() {
        true => Err(no_store()),
        false => Ok(found),
    }
}

/// A file as several secrets, where it is of a format that has names.
fn of_file(name: &str, value: &SecretBytes) -> Option<Vec<Found>> {
    let (folder, last) = name.rsplit_once('/').unwrap_or(("", name));
    let is_dotenv = last == ".env" || last.starts_with(".env.") || last.ends_with(".env");
    let parse = match Path::new(last).extension().and_then(|ending| ending.to_str()) {
        _ if is_dotenv => dotenv::parse,
        Some("json") => json::parse,
        Some("yaml" | "yml") => yaml::parse,
        _ => return None,
    };
    // `.env.prod` and `app.json` are places of their own, `.env` is the folder's.
    let stem = last.trim_start_matches(".env").trim_start_matches('.');
    let stem = ["env", "json", "yaml", "yml"]
        .iter()
        .fold(stem, |stem, ending| stem.strip_suffix(&format!(".{ending}")).unwrap_or(stem));
    let place: Vec<&str> = [folder, stem].into_iter().filter(|part| !part.is_empty()).collect();
    let named = |one: Found| {
        let name = [place.join("/"), one.name.clone()].join("/");
        Found { name: name.trim_start_matches('/').to_owned(), line: None, ..one }
    };
    let found = parse(value).ok().filter(|found| found.iter().all(|one| one.value.is_ok()))?;
    Some(found.into_iter().map(named).collect())
}

/// A namespace of envchain, or all of them.
pub(super) fn envchain(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    let lines = |answer: &SecretBytes| -> Vec<String> {
        let text = answer.expose_str().unwrap_or_default();
        text.lines().map(str::to_owned).filter(|line| !line.is_empty()).collect()
    };
    let mut namespaces = match &from.given {
        Some(one) => vec![one.clone()],
        None => lines(&ask(program, &["--list"], &[])?),
    };
    namespaces.dedup();
    let mut found = Vec::new();
    for namespace in namespaces {
        let names = lines(&ask(program, &["--list", &namespace], &[])?);
        // A value may have several lines: the whole environment, with zero bytes between.
        let all = ask(program, &[&namespace, "env", "-0"], &[])?;
        for variable in all.expose().split(|byte| *byte == 0) {
            let Some(at) = variable.iter().position(|byte| *byte == b'=') else { continue };
            let name = String::from_utf8_lossy(&variable[..at]);
            if names.iter().any(|one| *one == name) {
                let value = SecretBytes::new(variable[at + 1..].to_vec());
                found.push(Found::new(format!("{namespace}/{name}"), value));
            }
        }
    }
    Ok(found)
}

/// A record of kbs2 0.7, as `kbs2 dump --json` prints it.
#[derive(Deserialize)]
struct Record {
    label: String,
    body: Body,
}

#[derive(Deserialize)]
#[serde(tag = "kind", content = "fields")]
enum Body {
    Login { password: SecretText },
    Environment { value: SecretText },
    Unstructured { contents: SecretText },
}

/// All records of kbs2, or one.
pub(super) fn kbs2(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    let listed = match &from.given {
        Some(label) => SecretBytes::from(label.clone()),
        None => ask(program, &["list"], &[])?,
    };
    let labels = listed.expose_str().unwrap_or_default().lines().filter(|line| !line.is_empty());
    let words: Vec<&str> = ["dump", "--json", "--"].into_iter().chain(labels).collect();
    if words.len() == 3 {
        return Err(TransferError::Nothing);
    }
    let answer = ask(program, &words, &[])?;
    let records = serde_json::Deserializer::from_slice(answer.expose()).into_iter::<Record>();
    records
        .map(|record| {
            let record = record.map_err(|_| TransferError::Answer { program })?;
            let (Body::Login { password: value }
            | Body::Environment { value }
            | Body::Unstructured { contents: value }) = record.body;
            Ok(Found::new(record.label, value.0))
        })
        .collect()
}

/// What secretspec resolves here, for a profile where one is named.
pub(super) fn secretspec(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    let mut words = vec!["export", "--format", "json"];
    if let Some(profile) = &from.given {
        words.extend(["--profile", profile]);
    }
    let mut found = below(program, &ask(program, &words, &[])?, "")?;
    let files = given_as_files();
    for one in found.iter_mut().filter(|one| files.contains(&one.name)) {
        one.value = match &one.value {
            Ok(path) => taken_from(path).ok_or("the file that secretspec made of it is not there"),
            Err(why) => Err(*why),
        };
    }
    Ok(found)
}

/// The secrets that secretspec gives as the path of a file (`as_path`), by the project here.
fn given_as_files() -> Vec<String> {
    let here = Path::new(".").canonicalize().unwrap_or_default();
    let file =
        here.ancestors().map(|folder| folder.join("secretspec.toml")).find(|one| one.is_file());
    let text = file.and_then(|file| std::fs::read_to_string(file).ok()).unwrap_or_default();
    let project: toml::Table = text.parse().unwrap_or_default();
    let profiles = project.get("profiles").and_then(toml::Value::as_table);
    let secrets = profiles.into_iter().flatten().filter_map(|(_, profile)| profile.as_table());
    let is_file =
        |secret: &toml::Value| secret.get("as_path").and_then(toml::Value::as_bool) == Some(true);
    secrets.flatten().filter(|(_, one)| is_file(one)).map(|(name, _)| name.clone()).collect()
}

/// The content of a file that was made for this question in the system's temporary folder, and that
/// nobody would take away.
fn taken_from(path: &SecretBytes) -> Option<SecretBytes> {
    let path = Path::new(path.expose_str()?);
    let is_ours = path.starts_with(std::env::temp_dir())
        && path
            .symlink_metadata()
            .is_ok_and(|meta| meta.is_file() && meta.len() <= MAX_VALUE as u64);
    let bytes = is_ours.then(|| std::fs::read(path).ok()).flatten()?;
    let _ = std::fs::remove_file(path);
    Some(SecretBytes::new(bytes))
}

#[cfg(test)]
mod tests {
    use super::of_file;
    use crate::secret::SecretBytes;

    #[test]
    fn files_with_names_in_them_are_taken_apart() {
        let names = |file: &str, text: &str| -> Vec<String> {
            let found = of_file(file, &SecretBytes::from(text.to_owned()));
            found.into_iter().flatten().map(|one| one.name).collect()
        };
        assert_eq!(names(".env", "A=1\nB=2\n"), ["A", "B"]);
        assert_eq!(names("conf/.env.prod", "A=1\n"), ["conf/prod/A"]);
        assert_eq!(names("conf/app.env", "A=1\n"), ["conf/app/A"]);
        assert_eq!(names("db.json", "{\"url\": \"x\"}"), ["db/url"]);
        for (file, text) in [("tls/key.pem", "x"), ("l.json", "[1"), ("bad.env", "no line")] {
            assert!(names(file, text).is_empty(), "{file} is one");
        }
    }
}
