//! SARIF 2.1.0 (OASIS), as code review reads it: places and rules, never a text that was found.

use std::collections::BTreeMap;
use std::path::Path;

use authy::{ScanFinding, ScanMatch, ScanReport};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Value, json};

/// What stays as it is in the path of an address (RFC 3986).
const PATH: &AsciiSet =
    &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'.').remove(b'_').remove(b'~');
/// The rule of all values of the vault.
const VALUE: &str = "vault-value";

/// The whole document.
pub(super) fn sarif(report: &ScanReport) -> Value {
    let mut rules: BTreeMap<String, String> = BTreeMap::new();
    for finding in &report.found {
        let (id, name) = rule(finding);
        rules.insert(id, name);
    }
    let rules: Vec<Value> = rules
        .into_iter()
        .map(|(id, name)| {
            json!({
                "id": id,
                "shortDescription": { "text": name },
                "defaultConfiguration": { "level": "error" },
                "properties": { "tags": ["security"], "security-severity": "8.0" },
            })
        })
        .collect();
    let results: Vec<Value> = report.found.iter().flat_map(results).collect();
    let driver = json!({
        "name": "authy",
        "version": env!("CARGO_PKG_VERSION"),
        "rules": rules,
    });
    json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{ "tool": { "driver": driver }, "results": results }],
    })
}

fn rule(finding: &ScanFinding) -> (String, String) {
    match &finding.copy {
        ScanMatch::Secret(_) => (VALUE.to_owned(), "a copy of a value of the vault".to_owned()),
        ScanMatch::Format(name) => {
            let slug = name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "-");
            (slug, (*name).to_owned())
        }
    }
}

/// One for each line.
fn results(finding: &ScanFinding) -> Vec<Value> {
    let text = match &finding.copy {
        ScanMatch::Secret(name) => format!("a copy of the value of '{name}'"),
        ScanMatch::Format(name) => format!("what looks like this: {name}"),
    };
    let text = match &finding.commit {
        Some(commit) => format!("{text}, since commit {commit}"),
        None => text,
    };
    let path = utf8_percent_encode(&finding.path, PATH);
    let uri = match Path::new(&finding.path).is_absolute() {
        true => format!("file://{path}"),
        false => path.to_string(),
    };
    let (id, _) = rule(finding);
    let one = |line: Option<&u64>| {
        let mut place = json!({ "artifactLocation": { "uri": uri } });
        if let Some(line) = line {
            place["region"] = json!({ "startLine": line });
        }
        json!({
            "ruleId": id,
            "level": "error",
            "message": { "text": text },
            "locations": [{ "physicalLocation": place }],
            // The same finding in the next run: of what and where, and not the line, which moves.
            "partialFingerprints": { "authy/v1": format!("{id} {text} {uri}") },
        })
    };
    match finding.lines.as_slice() {
        // It is the name of the file.
        [] => vec![one(None)],
        lines => lines.iter().map(|line| one(Some(line))).collect(),
    }
}
