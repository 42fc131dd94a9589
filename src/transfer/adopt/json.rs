//! JSON of agents and their clients, edited in its own tree: comments, order and blanks stay.

use jsonc_parser::ParseOptions;
use jsonc_parser::cst::{CstArray, CstInputValue, CstNode, CstObject, CstObjectProp, CstRootNode};

use super::{
    Candidate, Choice, Choose, DOTS, Odd, TWICE, depth, is_reference, is_secret_name, split_scheme,
};

/// How a client writes that it wants a variable.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// `${NAME}`.
    Dollar,
    /// `${env:NAME}`.
    DollarEnv,
    /// `{env:NAME}`.
    Braces,
    /// It expands nothing: the setting goes, as the variable itself is read.
    Gone,
    /// It expands nothing and gives its servers nothing: they are started by `authy run`.
    Wrapped,
}

impl Form {
    fn write(self, variable: &str) -> String {
        match self {
            Self::DollarEnv => format!("${{env:{variable}}}"),
            Self::Braces => format!("{{env:{variable}}}"),
            Self::Dollar | Self::Gone | Self::Wrapped => format!("${{{variable}}}"),
        }
    }
}

/// What in a file is looked at.
struct Walk<'c, 'd> {
    form: Form,
    choose: &'c mut Choose<'d>,
    /// Whether a `$` in a value means something to the client.
    expands_dollars: bool,
    /// Whether another setting beside the present one has its name.
    is_twice: bool,
}

/// `.mcp.json` and `.claude.json` of Claude Code, `mcp-config.json` of Copilot CLI.
pub(super) fn mcp(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    edit(text, Form::Dollar, false, choose, |walk, root| {
        walk.servers(root, "mcpServers", &[]);
        for project in root.object_value("projects").into_iter().flat_map(|all| all.properties()) {
            if let Some(object) = project.object_value() {
                walk.servers(&object, "mcpServers", &[]);
            }
        }
    })
}

/// `settings.json` of Claude Code: what stands in `env` is never expanded.
pub(super) fn claude_settings(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    edit(text, Form::Gone, false, choose, |walk, root| walk.map(root, "env", &["env"], true))
}

/// `claude_desktop_config.json`.
pub(super) fn claude_desktop(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    edit(text, Form::Wrapped, false, choose, |walk, root| walk.servers(root, "mcpServers", &[]))
}

/// `settings.json` of Gemini CLI.
pub(super) fn gemini(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    edit(text, Form::Dollar, true, choose, |walk, root| walk.servers(root, "mcpServers", &[]))
}

/// `mcp.json` of Cursor.
pub(super) fn cursor(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    edit(text, Form::DollarEnv, false, choose, |walk, root| walk.servers(root, "mcpServers", &[]))
}

/// `mcp.json` of VS Code.
pub(super) fn vscode(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    edit(text, Form::DollarEnv, false, choose, |walk, root| walk.servers(root, "servers", &[]))
}

/// `opencode.json`.
pub(super) fn opencode(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    edit(text, Form::Braces, false, choose, |walk, root| {
        for provider in root.object_value("provider").into_iter().flat_map(|all| all.properties()) {
            let name = provider.decoded_name().unwrap_or_default();
            let Some(options) = provider.object_value().and_then(|one| one.object_value("options"))
            else {
                continue;
            };
            if let Some(key) = options.get("apiKey") {
                walk.property(&key, &["provider", &name, "apiKey"], true);
            }
            walk.map(&options, "headers", &["provider", &name], false);
        }
        walk.servers(root, "mcp", &["environment"]);
    })
}

/// `openclaw.json`: any text in it is expanded, and settings that hold secrets are named as such.
pub(super) fn openclaw(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    edit(text, Form::Dollar, false, choose, |walk, root| walk.whole(root, &mut Vec::new()))
}

/// Settings are not deeper than this.
const DEEPEST: usize = 64;
pub(super) const ODD: Odd = Odd("it is not the JSON that its program reads");

pub(super) fn parse(text: &str) -> Result<CstRootNode, Odd> {
    if depth(text) > DEEPEST {
        return Err(ODD);
    }
    CstRootNode::parse(text, &ParseOptions::default()).map_err(|_| ODD)
}

fn edit(
    text: &str,
    form: Form,
    expands_dollars: bool,
    choose: &mut Choose<'_>,
    walk: impl FnOnce(&mut Walk<'_, '_>, &CstObject),
) -> Result<String, Odd> {
    let root = parse(text)?;
    let object = root.object_value().ok_or(ODD)?;
    walk(&mut Walk { form, choose, expands_dollars, is_twice: false }, &object);
    Ok(root.to_string())
}

impl Walk<'_, '_> {
    /// The servers of MCP below `key`; `maps` are other names for their environment.
    fn servers(&mut self, root: &CstObject, key: &str, maps: &[&str]) {
        for server in root.object_value(key).into_iter().flat_map(|all| all.properties()) {
            let (Some(name), Some(server)) = (server.decoded_name(), server.object_value()) else {
                continue;
            };
            let place = [key, name.as_str()];
            // Before words are put in: those are no values of the file.
            for words in ["args", "command"] {
                if let Some(args) = server.array_value(words) {
                    self.arguments(&args, &place);
                }
            }
            for map in [&["env"], maps].concat() {
                match self.form {
                    Form::Wrapped => self.wrap(&server, map, &place),
                    _ => self.map(&server, map, &place, true),
                }
            }
            // Servers that are reached by HTTP are not started.
            self.map(&server, "headers", &place, false);
        }
    }

    /// The settings in the object `key`.
    fn map(&mut self, object: &CstObject, key: &str, place: &[&str], is_variables: bool) {
        let Some(map) = object.object_value(key) else { return };
        for property in map.properties() {
            let Some(name) = property.decoded_name() else { continue };
            self.is_twice = is_twice(&map, &name);
            let sure = !is_variables && name.eq_ignore_ascii_case("authorization");
            self.property(&property, &[place, &[&name]].concat(), sure);
        }
    }

    fn property(&mut self, property: &CstObjectProp, place: &[&str], is_sure: bool) {
        let Some(text) = property.value().and_then(|value| text_of(&value)) else { return };
        let (before, value) = split_scheme(&text);
        if is_reference(value) {
            return;
        }
        let candidate = Candidate { is_sure, ..self.candidate(place, value) };
        match (self.choose)(candidate) {
            Choice::Keep => {}
            Choice::Mask => set(property, &format!("{before}{DOTS}")),
            Choice::Refer { .. } if self.form == Form::Gone => property.clone().remove(),
            Choice::Refer { variable, .. } => {
                set(property, &format!("{before}{}", self.form.write(&variable)));
            }
        }
    }

    fn candidate(&self, place: &[&str], value: &str) -> Candidate {
        let mut candidate = Candidate::new(place, value);
        if let [.., above, name] = place {
            candidate.longer = format!("{above}-{name}");
            // A header of every server has this name.
            if name.eq_ignore_ascii_case("authorization") {
                candidate.name = format!("{above}-token");
                candidate.longer.clone_from(&candidate.name);
            }
        }
        if matches!(self.form, Form::Gone) {
            candidate.variable = place.last().map(|name| (*name).to_owned());
        }
        if self.is_twice {
            candidate.by_hand = Some(TWICE);
        }
        // It is put into the text before that is parsed.
        let breaks = |c: char| c == '"' || c == '\\' || c.is_control();
        if self.form == Form::Braces && (value.contains(breaks) || value.contains("{env:")) {
            candidate.by_hand = Some(
                "opencode would read it as a part of its file: give it a value without quotation marks and backslashes",
            );
        }
        if self.expands_dollars && value.contains('$') {
            candidate.by_hand = Some(
                "its program reads the '$' in it as a variable: store the value that is meant",
            );
        }
        candidate
    }

    /// Words of a command in which a secret stands.
    fn arguments(&mut self, args: &CstArray, place: &[&str]) {
        let mut before = String::new();
        for element in args.elements() {
            let Some(text) = text_of(&element) else { continue };
            let (name, start) = argument(&before, &text);
            before.clone_from(&text);
            let value = &text[start..];
            let Some(literal) = element.as_string_lit() else { continue };
            if is_reference(value) || value.starts_with('-') {
                continue;
            }
            let is_named = is_secret_name(&name);
            let words = [place, &["args", &name]].concat();
            let mut candidate = Candidate { is_sure: is_named, ..self.candidate(&words, value) };
            candidate.name = format!("{}-{name}", place.last().copied().unwrap_or_default());
            candidate.longer.clone_from(&candidate.name);
            if self.form == Form::Wrapped {
                candidate.by_hand = Some(
                    "its program expands nothing in the words of a command: name a variable there",
                );
            }
            match (self.choose)(candidate) {
                Choice::Keep => {}
                Choice::Mask => literal.set_raw_value(quoted(&format!("{}{DOTS}", &text[..start]))),
                Choice::Refer { variable, .. } => {
                    let reference = self.form.write(&variable);
                    literal.set_raw_value(quoted(&format!("{}{reference}", &text[..start])));
                }
            }
        }
    }

    /// Takes variables from a server that is started, and has `authy run` give them to it.
    fn wrap(&mut self, server: &CstObject, key: &str, place: &[&str]) {
        let Some(map) = server.object_value(key) else { return };
        let mut secrets = Vec::new();
        for property in map.properties() {
            let Some(name) = property.decoded_name() else { continue };
            let Some(text) = property.value().and_then(|value| text_of(&value)) else { continue };
            if is_reference(&text) {
                continue;
            }
            self.is_twice = is_twice(&map, &name);
            let mut candidate = self.candidate(&[place, &[&name]].concat(), &text);
            candidate.variable = Some(name.clone());
            candidate.is_called_so = true;
            if server.get("command").is_none() {
                candidate.by_hand = Some("there is no command that authy could start");
            }
            match (self.choose)(candidate) {
                Choice::Keep => {}
                Choice::Mask => set(&property, DOTS),
                Choice::Refer { secret, .. } => {
                    secrets.push(secret);
                    property.remove();
                }
            }
        }
        if secrets.is_empty() {
            return;
        }
        if map.properties().is_empty()
            && let Some(map) = server.get(key)
        {
            map.remove();
        }
        let command = server.get("command").and_then(|command| text_of(&command.value()?));
        let (Some(command), Some(property)) = (command, server.get("command")) else { return };
        set(&property, "authy");
        let only = secrets.iter().flat_map(|secret| ["--only".to_owned(), secret.clone()]);
        let words = ["run".to_owned(), "--uppercase".to_owned()].into_iter().chain(only);
        let words = words.chain(["--".to_owned(), command]);
        match server.array_value("args") {
            Some(args) => {
                for (at, word) in words.enumerate() {
                    args.insert(at, CstInputValue::String(word));
                }
            }
            None => {
                let words = words.map(CstInputValue::String).collect();
                server.insert(property.property_index() + 1, "args", CstInputValue::Array(words));
            }
        }
    }

    /// Everything, where settings are named after what they hold.
    fn whole(&mut self, object: &CstObject, place: &mut Vec<String>) {
        for property in object.properties() {
            let Some(name) = property.decoded_name() else { continue };
            place.push(name.clone());
            let words: Vec<&str> = place.iter().map(String::as_str).collect();
            // Read before references are put in.
            let is_literal_only = words == ["hooks", "token"];
            match property.value() {
                Some(value) if text_of(&value).is_some() && !is_literal_only => {
                    if is_secret_name(&name) {
                        self.property(&property, &words, true);
                    } else {
                        self.property(&property, &words, false);
                    }
                }
                Some(value) => {
                    if let Some(object) = value.as_object() {
                        self.whole(&object, place);
                    }
                }
                None => {}
            }
            place.pop();
        }
    }
}

/// What a word of a command is called, and where in it the value begins: `--token=…`, what follows
/// `--token`, `NAME=…` behind `-e`, `Authorization: Bearer …` behind `--header`.
fn argument(before: &str, text: &str) -> (String, usize) {
    let flag = |word: &str| word.trim_start_matches('-').to_owned();
    let (name, start) = match text.split_once('=') {
        Some((name, value)) if name.starts_with('-') => (flag(name), text.len() - value.len()),
        _ if before.starts_with('-') && !before.contains('=') => (flag(before), 0),
        _ => ("argument".to_owned(), 0),
    };
    let rest = &text[start..];
    if let ("e" | "env", Some((name, value))) = (name.as_str(), rest.split_once('=')) {
        return (name.to_owned(), text.len() - value.len());
    }
    if let ("H" | "header", Some((header, value))) = (name.as_str(), rest.split_once(':')) {
        let value = value.trim_start();
        let (_, value) = split_scheme(value);
        return (header.to_owned(), text.len() - value.len());
    }
    (name, start)
}

/// Whether an object has this key more than once: programs differ about which counts.
pub(super) fn is_twice(object: &CstObject, name: &str) -> bool {
    let is_it = |property: &CstObjectProp| property.decoded_name().as_deref() == Some(name);
    object.properties().iter().filter(|property| is_it(property)).count() > 1
}

pub(super) fn text_of(node: &CstNode) -> Option<String> {
    node.as_string_lit()?.decoded_value().ok()
}

/// Writes another text where one stands, and nothing else.
pub(super) fn set(property: &CstObjectProp, text: &str) {
    match property.value().and_then(|value| value.as_string_lit()) {
        Some(literal) => literal.set_raw_value(quoted(text)),
        None => property.set_value(CstInputValue::String(text.to_owned())),
    }
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
