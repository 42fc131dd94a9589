//! The tools: what each is for, what it takes and what it gives.

use std::sync::Arc;

use rmcp::model::{JsonObject, Tool, ToolAnnotations};
use serde_json::{Value, json};

/// What is said to a model before it calls anything.
pub(super) const INSTRUCTIONS: &str = "\
Secrets of this machine's vault can be used here and are never shown. list_secrets names them; run starts \
a program with their values in its environment and returns what it prints with the values replaced by \
[authy:NAME]. Do not try to print values, and do not ask the user for them: where one is missing or denied, \
check_access says why and request_access asks an admin.";

/// The longest a program may run, in seconds.
pub(super) const LONGEST: u64 = 3600;
/// How long it runs where nobody says otherwise.
pub(super) const USUAL: u64 = 120;

/// All tools, in the order in which they are told.
pub(super) fn all() -> Vec<Tool> {
    vec![list(), run(), check(), request(), audit()]
}

fn text() -> Value {
    json!({"type": "string"})
}

fn texts() -> Value {
    json!({"type": "array", "items": {"type": "string"}})
}

fn list() -> Tool {
    tool(
        "list_secrets",
        "List secrets",
        "Names of the secrets that may be used here, with descriptions, tags and the addresses that they \
         belong to. 'sealed' ones are put in on the wire: a program that is run gets a placeholder.",
        json!({"pattern": {"type": "string", "description": "a glob over names, such as db-*"}}),
        &[],
    )
    .with_raw_output_schema(schema(
        json!({
            "scope": {"type": ["string", "null"]},
            "secrets": {"type": "array", "items": {
                "type": "object",
                "properties": {
                    "name": text(), "description": text(), "tags": texts(), "for": texts(),
                    "user": {"type": ["string", "null"]}, "sealed": {"type": "boolean"},
                },
                "required": ["name", "description", "tags", "for", "user", "sealed"],
            }},
        }),
        &["scope", "secrets"],
    ))
    .with_annotations(hints().read_only(true).open_world(false))
}

fn run() -> Tool {
    tool(
        "run",
        "Run a program with secrets",
        "Runs a program, without a shell, with the values of secrets in its environment, and returns its exit \
         code and what it printed, values masked. Variables are named after secrets in capitals (db-url: \
         DB_URL) unless 'variables' names them.",
        json!({
            "command": {"type": "array", "items": {"type": "string"}, "minItems": 1,
                "description": "the program and its arguments, such as [\"npm\", \"test\"]; for a shell say [\"sh\", \"-c\", \"…\"]"},
            "folder": {"type": "string", "description": "run it in this folder"},
            "secrets": {"type": "array", "items": {"type": "string"},
                "description": "names or globs of the secrets to give; all of the scope where this is left out"},
            "variables": {"type": "object", "additionalProperties": {"type": "string"},
                "description": "variables and the names of secrets for them, such as {\"PGPASSWORD\": \"db-password\"}"},
            "stdin": {"type": "string", "description": "what it reads from standard input"},
            "timeout_seconds": {"type": "integer", "minimum": 1, "maximum": LONGEST,
                "description": format!("end it after so long; {USUAL} where this is left out")},
        }),
        &["command"],
    )
    .with_raw_output_schema(schema(
        json!({
            "exit_code": {"type": "integer", "description": "128+n where signal n ended it"},
            "stdout": text(), "stderr": text(),
            "timed_out": {"type": "boolean"},
            "truncated": {"type": "boolean", "description": "whether the middle of long output was left out"},
        }),
        &["exit_code", "stdout", "stderr", "timed_out", "truncated"],
    ))
    .with_annotations(hints().read_only(false).destructive(true).open_world(true))
}

fn check() -> Tool {
    tool(
        "check_access",
        "Check access",
        "Says whether a secret may be used here and why or why not, and what to ask an admin for; or which \
         secret is for an address; or whether a program may be run.",
        json!({
            "name": {"type": "string", "description": "a secret's name"},
            "url": {"type": "string", "description": "an address, such as https://github.com/acme/app"},
            "program": {"type": "string", "description": "a program's name"},
        }),
        &[],
    )
    .with_raw_output_schema(schema(
        json!({
            "allowed": {"type": "boolean"}, "why": text(),
            "secret": {"type": ["string", "null"]},
            "to_do": {"type": ["string", "null"]},
        }),
        &["allowed", "why", "secret", "to_do"],
    ))
    .with_annotations(hints().read_only(true).open_world(false))
}

fn request() -> Tool {
    tool(
        "request_access",
        "Request access",
        "Asks an admin to let this scope use secrets that it may not use yet. The admin sees the request and \
         the reason in 'authy approve', and decides; nothing is granted by asking.",
        json!({
            "names": {"type": "array", "items": {"type": "string"}, "minItems": 1,
                "description": "names of secrets"},
            "reason": {"type": "string", "maxLength": 200, "description": "why, in one line"},
        }),
        &["names", "reason"],
    )
    .with_raw_output_schema(schema(json!({"requested": texts()}), &["requested"]))
    .with_annotations(hints().read_only(false).destructive(false).idempotent(true).open_world(false))
}

fn audit() -> Tool {
    tool(
        "audit_recent",
        "Recent audit lines",
        "What was recorded of this client's own use of secrets, newest last.",
        json!({"lines": {"type": "integer", "minimum": 1, "maximum": 200}}),
        &[],
    )
    .with_raw_output_schema(schema(
        json!({"lines": {"type": "array", "items": {
            "type": "object",
            "properties": {
                "time": text(), "op": text(), "outcome": text(), "secrets": texts(),
                "scope": {"type": ["string", "null"]}, "detail": {"type": ["string", "null"]},
                "reason": {"type": ["string", "null"]},
            },
            "required": ["time", "op", "outcome", "secrets", "scope", "detail", "reason"],
        }}}),
        &["lines"],
    ))
    .with_annotations(hints().read_only(true).open_world(false))
}

fn hints() -> ToolAnnotations {
    ToolAnnotations::new()
}

fn tool(
    name: &'static str,
    title: &str,
    description: &'static str,
    properties: Value,
    required: &[&str],
) -> Tool {
    Tool::new(name, description, schema(properties, required)).with_title(title)
}

/// An object with these properties and no others.
#[allow(clippy::needless_pass_by_value, reason = "a literal goes into the schema")]
fn schema(properties: Value, required: &[&str]) -> Arc<JsonObject> {
    let object = json!({
        "type": "object",
        "properties": properties,
        "required": required,
        "additionalProperties": false,
    });
    Arc::new(object.as_object().cloned().unwrap_or_default())
}
