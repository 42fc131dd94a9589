//! What other managers export: Bitwarden's JSON, KeePassXC's CSV, and what programs print that know all
//! of a project's secrets by one command.

use std::collections::HashSet;

use serde::Deserialize;
use serde::de::IgnoredAny;

use super::error::TransferError;
use super::programs::ask;
use super::{About, Found, SecretText, StoreLocation, dotenv, json};
use crate::secret::SecretBytes;

/// `bw export --format json`, as of 2026: logins, notes, and hidden fields of every item.
#[derive(Deserialize)]
struct Bitwarden {
    #[serde(default)]
    encrypted: bool,
    #[serde(default)]
    folders: Vec<Folder>,
    /// Where it is encrypted there are none.
    items: Option<Vec<Item>>,
}

#[derive(Deserialize)]
struct Folder {
    id: Option<String>,
    name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Item {
    name: String,
    folder_id: Option<String>,
    login: Option<Login>,
    notes: Option<SecretText>,
    #[serde(default)]
    fields: Option<Vec<Field>>,
    ssh_key: Option<SshKey>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct SshKey {
    private_key: Option<SecretText>,
}

#[derive(Deserialize)]
struct Login {
    username: Option<String>,
    password: Option<SecretText>,
    totp: Option<SecretText>,
    #[serde(default)]
    uris: Option<Vec<Uri>>,
}

#[derive(Deserialize)]
struct Uri {
    uri: Option<String>,
}

#[derive(Deserialize)]
struct Field {
    name: Option<String>,
    value: Option<SecretText>,
    /// 1 is hidden.
    #[serde(rename = "type")]
    kind: u8,
}

/// Reads an export of Bitwarden that is not encrypted.
///
/// # Errors
/// [`TransferError::Format`]; [`TransferError::Encrypted`].
pub(super) fn bitwarden(bytes: &SecretBytes) -> Result<Vec<Found>, TransferError> {
    const FORMAT: &str = "export of Bitwarden";
    let line = |error: serde_json::Error| TransferError::Format {
        format: FORMAT,
        line: Some(error.line()).filter(|line| *line > 0),
    };
    let export: Bitwarden = serde_json::from_slice(bytes.expose()).map_err(line)?;
    if export.encrypted {
        return Err(TransferError::EncryptedExport {
            format: "bitwarden",
            way: "bw export --format json",
        });
    }
    let Some(items) = export.items else {
        return Err(TransferError::Format { format: FORMAT, line: None });
    };
    let mut found = Vec::new();
    for item in items {
        let folder = item
            .folder_id
            .and_then(|id| export.folders.iter().find(|folder| folder.id.as_deref() == Some(&id)));
        let name = match folder {
            Some(folder) => format!("{}/{}", folder.name, item.name),
            None => item.name,
        };
        let mut add = |ending: &str, value: Option<SecretText>, about: Option<About>| {
            if let Some(SecretText(value)) = value
                && !value.is_empty()
            {
                let name =
                    if ending.is_empty() { name.clone() } else { format!("{name}/{ending}") };
                found.push(Found { about, ..Found::new(name, value) });
            }
        };
        if let Some(login) = item.login {
            let urls = login.uris.into_iter().flatten().filter_map(|one| one.uri);
            let about = About::at(urls, login.username.as_deref());
            add("", login.password, about);
            add("totp", login.totp, None);
            add("notes", item.notes, None);
        } else if let Some(key) = item.ssh_key {
            add("", key.private_key, None);
            add("notes", item.notes, None);
        } else {
            add("", item.notes, None);
        }
        for field in item.fields.into_iter().flatten().filter(|field| field.kind == 1) {
            add(field.name.as_deref().unwrap_or("field"), field.value, None);
        }
    }
    distinct(&mut found);
    Ok(found)
}

/// What an export of Bitwarden has that is not read, counted.
pub(super) fn left_of_bitwarden(bytes: &SecretBytes) -> Vec<String> {
    /// The parts of an item that are looked at; of their content nothing is kept.
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Left {
        #[serde(rename = "type", default)]
        kind: u8,
        #[serde(default)]
        fields: Option<Vec<Kind>>,
        #[serde(default)]
        password_history: Option<Vec<IgnoredAny>>,
        #[serde(default)]
        login: Option<Keys>,
    }
    #[derive(Deserialize)]
    struct Kind {
        #[serde(rename = "type", default)]
        kind: u8,
    }
    #[derive(Deserialize)]
    #[serde(rename_all = "camelCase")]
    struct Keys {
        username: Option<String>,
        #[serde(default)]
        uris: Option<Vec<IgnoredAny>>,
        #[serde(default)]
        fido2_credentials: Option<Vec<IgnoredAny>>,
    }
    #[derive(Deserialize)]
    struct All {
        items: Vec<Left>,
    }
    let Ok(All { items }) = serde_json::from_slice(bytes.expose()) else { return Vec::new() };
    let count = |is: &dyn Fn(&Left) -> usize| items.iter().map(is).sum::<usize>();
    let of_kind = |kind: u8| count(&|item| usize::from(item.kind == kind));
    let keys = |item: &Left| {
        item.login.as_ref().and_then(|login| Some(login.fido2_credentials.as_ref()?.len()))
    };
    let is_named = |item: &Left| {
        let named = |login: &Keys| {
            let has_user = login.username.as_ref().is_some_and(|name| !name.is_empty());
            has_user && login.uris.as_ref().is_none_or(Vec::is_empty)
        };
        usize::from(item.login.as_ref().is_some_and(named))
    };
    let visible = |item: &Left| item.fields.iter().flatten().filter(|one| one.kind != 1).count();
    [
        (of_kind(3), "payment cards"),
        (of_kind(4), "personal data"),
        (count(&|item| usize::from(!(1..=5).contains(&item.kind))), "items of unknown kinds"),
        (count(&visible), "fields that are not hidden"),
        (count(&is_named), "user names of logins without an address"),
        (count(&|item| keys(item).unwrap_or(0)), "passkeys"),
        (count(&|item| item.password_history.iter().flatten().count()), "earlier passwords"),
    ]
    .into_iter()
    .filter(|(count, _)| *count > 0)
    .map(|(count, what)| format!("{what} ({count})"))
    .collect()
}

/// The columns of `keepassxc-cli export --format csv`, as of 2.7.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    group: String,
    title: String,
    #[serde(default)]
    username: String,
    password: SecretText,
    #[serde(default, rename = "URL")]
    url: String,
    #[serde(default)]
    notes: Option<SecretText>,
    #[serde(default, rename = "TOTP")]
    totp: Option<SecretText>,
}

/// Reads an export of KeePassXC.
///
/// # Errors
/// [`TransferError::Format`].
pub(super) fn keepassxc(bytes: &SecretBytes) -> Result<Vec<Found>, TransferError> {
    let line = |error: csv::Error| TransferError::Format {
        format: "export of KeePassXC (CSV)",
        line: error.position().and_then(|place| usize::try_from(place.line()).ok()),
    };
    let mut reader = csv::Reader::from_reader(bytes.expose());
    let mut found = Vec::new();
    for entry in reader.deserialize() {
        let entry: Entry = entry.map_err(line)?;
        // All groups lie below one that is called like the database.
        let group = entry.group.split_once('/').map_or("", |(_, below)| below);
        let name = format!("{group}/{}", entry.title);
        let name = name.trim_start_matches('/').to_owned();
        let user = Some(entry.username.as_str()).filter(|user| !user.is_empty());
        let about = About::at([entry.url].into_iter(), user);
        let parts = [("", Some(entry.password)), ("/notes", entry.notes), ("/totp", entry.totp)];
        for (ending, value) in parts {
            if let Some(SecretText(value)) = value
                && !value.is_empty()
            {
                let about = about.clone().filter(|_| ending.is_empty());
                found.push(Found { about, ..Found::new(format!("{name}{ending}"), value) });
            }
        }
    }
    distinct(&mut found);
    Ok(found)
}

/// Gives entries names of their own, which need none where they come from: `GitHub`, `GitHub-2`.
pub(super) fn distinct(found: &mut [Found]) {
    let mut taken: HashSet<String> = found.iter().map(|one| one.name.clone()).collect();
    let mut met = HashSet::new();
    for one in found {
        if !met.insert(one.name.clone()) {
            let mut numbered = (2..).map(|number| format!("{}-{number}", one.name));
            one.name = numbered.find(|name| taken.insert(name.clone())).unwrap_or_default();
        }
    }
}

/// A file that dotenvx encrypted, `.env` where none is named; its keys are its own matter.
pub(super) fn dotenvx(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    let file = from.given.as_deref().unwrap_or(".env");
    let plain = ask(program, &["decrypt", "--stdout", "-f", file], &[])?;
    let mut found = dotenv::parse(&plain)?;
    found.retain(|one| !one.name.starts_with("DOTENV_PUBLIC_KEY"));
    Ok(found)
}

/// All that fnox resolves here.
pub(super) fn fnox(program: &'static str, _: &StoreLocation) -> Result<Vec<Found>, TransferError> {
    below(program, &ask(program, &["export", "--format", "json"], &[])?, "secrets/")
}

/// A project and configuration as PROJECT/CONFIG, else those of the folder.
pub(super) fn doppler(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    let mut words = vec!["secrets", "download", "--no-file", "--format", "json"];
    if let Some((project, config)) = from.given.as_deref().and_then(|given| given.split_once('/')) {
        words.extend(["--project", project, "--config", config]);
    }
    let mut found = below(program, &ask(program, &words, &[])?, "")?;
    // It adds three of its own, which say where the others come from.
    found.retain(|one| {
        !["DOPPLER_PROJECT", "DOPPLER_CONFIG", "DOPPLER_ENVIRONMENT"].contains(&one.name.as_str())
    });
    Ok(found)
}

/// A service of chamber.
pub(super) fn chamber(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    let service = from
        .given
        .as_deref()
        .ok_or(TransferError::WhichOne { format: "chamber", what: "a service" })?;
    below(program, &ask(program, &["export", "--format", "json", "--", service], &[])?, "")
}

#[derive(Deserialize)]
struct Variable {
    key: String,
    value: SecretText,
}

/// An environment of Infisical, else the project's usual one.
pub(super) fn infisical(
    program: &'static str,
    from: &StoreLocation,
) -> Result<Vec<Found>, TransferError> {
    let mut words = vec!["export", "--format=json", "--silent"];
    if let Some(environment) = &from.given {
        words.extend(["--env", environment]);
    }
    let answer = ask(program, &words, &[])?;
    let all: Vec<Variable> =
        serde_json::from_slice(answer.expose()).map_err(|_| TransferError::Answer { program })?;
    Ok(all.into_iter().map(|one| Found::new(one.key, one.value.0)).collect())
}

/// The members of a JSON object that a program printed, those below `above`.
pub(super) fn below(
    program: &'static str,
    answer: &SecretBytes,
    above: &str,
) -> Result<Vec<Found>, TransferError> {
    let found = json::parse(answer).map_err(|_| TransferError::Answer { program })?;
    let inside = |one: Found| Some(Found { name: one.name.strip_prefix(above)?.to_owned(), ..one });
    Ok(found.into_iter().filter_map(inside).collect())
}

#[cfg(test)]
mod tests {
    use super::{TransferError, bitwarden, keepassxc, left_of_bitwarden};
    use crate::secret::SecretBytes;
    use crate::transfer::Found;

    fn pairs(found: &[Found]) -> Vec<(&str, &str)> {
        fn value(one: &Found) -> &str {
            one.value.as_ref().unwrap().expose_str().unwrap()
        }
        found.iter().map(|one| (one.name.as_str(), value(one))).collect()
    }

    #[test]
    fn an_export_of_bitwarden_is_read() {
        let text = r#"{"encrypted": false, "folders": [{"id": "f", "name": "Work"}], "items": [
            {"type": 1, "name": "GitHub", "folderId": "f", "favorite": false, "notes": null,
             "login": {"username": "ann", "password": "p", "totp": "otpauth://x", "uris": [{"match": null, "uri": "https://github.com/login"}, {"uri": "androidapp://x"}]},
             "fields": [{"name": "pin", "value": "4711", "type": 1}, {"name": "seen", "value": "x", "type": 0}]},
            {"type": 2, "name": "Note", "folderId": null, "notes": "text\nmore", "secureNote": {"type": 0}},
            {"type": 3, "name": "Card", "folderId": null, "notes": null, "card": {}},
            {"type": 5, "name": "Key", "folderId": null, "notes": null, "fields": null, "sshKey": {"privateKey": "k", "publicKey": "x"}},
            {"type": 2, "name": "Note", "notes": "another"},
            {"type": 2, "name": "Note-2", "notes": "third"},
            {"type": 2, "name": "Note", "notes": "fourth"},
            {"type": 1, "name": "Old", "login": {"username": "bob", "password": "q", "fido2Credentials": [{}]}, "passwordHistory": [{}, {}]}]}"#;
        let bytes = SecretBytes::from(text.to_owned());
        let found = bitwarden(&bytes).unwrap();
        let left = [
            "payment cards (1)",
            "fields that are not hidden (1)",
            "user names of logins without an address (1)",
            "passkeys (1)",
            "earlier passwords (2)",
        ];
        assert_eq!(left_of_bitwarden(&bytes), left);
        let expected = [
            ("Work/GitHub", "p"),
            ("Work/GitHub/totp", "otpauth://x"),
            ("Work/GitHub/pin", "4711"),
            ("Note", "text\nmore"),
            ("Key", "k"),
            ("Note-3", "another"),
            ("Note-2", "third"),
            ("Note-4", "fourth"),
            ("Old", "q"),
        ];
        assert_eq!(pairs(&found), expected);
        let about = found[0].about.as_ref().unwrap();
        assert_eq!(about.services[0].to_string(), "https://github.com");
        assert_eq!(about.user.as_ref().unwrap().as_str(), "ann");
        let encrypted = "{\"encrypted\": true, \"passwordProtected\": true, \"data\": \"x\"}";
        let bytes = SecretBytes::from(encrypted.to_owned());
        assert!(matches!(bitwarden(&bytes), Err(TransferError::EncryptedExport { .. })));
        for text in ["{\"encrypted\": true, \"items\": []}", "{}", "[]", "{"] {
            assert!(bitwarden(&SecretBytes::from(text.to_owned())).is_err(), "{text}");
        }
    }

    #[test]
    fn an_export_of_keepassxc_is_read() {
        let text = "\"Group\",\"Title\",\"Username\",\"Password\",\"URL\",\"Notes\",\"TOTP\",\"Icon\",\"Last Modified\",\"Created\"\n\"Passwords/Work\",\"GitHub\",\"ann\",\"p\"\"1,\",\"https://github.com\",\"two\nlines\",\"\",\"0\",\"2026-11-30T00:00:00Z\",\"2026-11-30T00:00:00Z\"\n\"Passwords\",\"Top\",\"\",\"q\",\"\",\"\",\"\",\"0\",\"x\",\"y\"\n";
        let found = keepassxc(&SecretBytes::from(text.to_owned())).unwrap();
        assert_eq!(
            pairs(&found),
            [("Work/GitHub", "p\"1,"), ("Work/GitHub/notes", "two\nlines"), ("Top", "q")]
        );
        assert!(found[0].about.is_some() && found[2].about.is_none());
        assert!(keepassxc(&SecretBytes::from("a,b\n1,2\n".to_owned())).is_err());
    }
}
