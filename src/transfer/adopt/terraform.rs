//! Terraform: lines of variables go, as `TF_VAR_name` is read instead and a line would win over it; tokens
//! of hosts go, as a credentials helper gives them. Seen with Terraform 1.11.4.

use std::ops::Range;
use std::path::Path;

use hcl_edit::Span as _;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Attribute, Block, Body};
use hcl_edit::template::Element;
use jsonc_parser::cst::{CstNode, CstObjectProp};
use zeroize::Zeroizing;

use super::{
    Candidate, Choice, Choose, DOTS, NO_VARIABLE, Odd, TWICE, depth, is_reference, is_variable,
    json, services,
};

const ODD: Odd = Odd("it is not the HCL that Terraform reads");
const PART: &str =
    "it is part of a larger value: store that whole, as JSON, for its TF_VAR variable";
const NO_TEXT: &str = "it is no plain text: put it into quotation marks";
/// Settings are not deeper than this, and files with them not larger, in bytes.
const DEEPEST: usize = 64;
const LARGEST: u64 = 1 << 20;
/// Types of variables that are read from the environment as they are.
const PLAIN: [&str; 3] = ["string", "number", "bool"];

/// `*.tfvars`.
pub(super) fn tfvars(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    let body = parse(text)?;
    let mut edits = Vec::new();
    for attribute in body.attributes() {
        let (name, span) = (attribute.key.as_str(), attribute.span().ok_or(ODD)?);
        let Some(value) = literal(&attribute.value) else {
            no_literal(text, attribute, choose);
            continue;
        };
        if is_elsewhere(&value) {
            continue;
        }
        let line = text[span.end..].lines().next().unwrap_or_default();
        let is_twice = body.attributes().filter(|other| other.key.as_str() == name).count() > 1;
        let mut candidate = variable(name, &value, is_twice);
        let written = attribute.value.span().and_then(|span| text.get(span)).unwrap_or_default();
        if written.starts_with("<<-") && written.lines().any(is_doubtful) {
            candidate.by_hand.get_or_insert("programs take its indentation off differently");
        }
        if line.contains("/*") {
            candidate.by_hand.get_or_insert("a comment of several lines may follow it");
        }
        match choose(candidate) {
            Choice::Keep => {}
            Choice::Mask => edits.push(masked(attribute)?),
            Choice::Refer { secret, .. } => {
                edits.push(Edit { place: span, new: format!("# {name} is in authy: {secret}") });
            }
        }
    }
    edited(text, &edits)
}

/// Comes across what is more than a plain text, and stays.
fn no_literal(text: &str, attribute: &Attribute, choose: &mut Choose<'_>) {
    let name = attribute.key.as_str();
    let (value, why) = match &attribute.value {
        Expression::Array(_) | Expression::Object(_) => {
            return parts(&attribute.value, &mut vec![name.to_owned()], choose);
        }
        Expression::HeredocTemplate(heredoc) => (
            heredoc.template.to_string(),
            "it has lines that end as on Windows, or puts something in",
        ),
        other => {
            let written = other.span().and_then(|span| text.get(span)).unwrap_or_default();
            (written.to_owned(), NO_TEXT)
        }
    };
    choose(Candidate { by_hand: Some(why), ..variable(name, &value, false) });
}

/// `*.tfvars.json`.
pub(super) fn tfvars_json(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    let root = json::parse(text)?;
    let object = root.object_value().ok_or(json::ODD)?;
    for property in object.properties() {
        let (Some(name), Some(value)) = (property.decoded_name(), property.value()) else {
            continue;
        };
        if value.as_object().is_some() || value.as_array().is_some() {
            json_parts(&value, &mut vec![name], choose);
            continue;
        }
        if let Some(number) = value.as_number_lit() {
            let by_hand = Some(NO_TEXT);
            choose(Candidate { by_hand, ..variable(&name, &number.to_string(), false) });
            continue;
        }
        let Some(text) = json::text_of(&value).filter(|text| !is_elsewhere(text)) else { continue };
        match choose(variable(&name, &text, json::is_twice(&object, &name))) {
            Choice::Keep => {}
            Choice::Mask => json::set(&property, DOTS),
            Choice::Refer { .. } => property.remove(),
        }
    }
    Ok(root.to_string())
}

/// `~/.terraformrc`.
pub(super) fn settings(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    let body = parse(text)?;
    let mut edits = Vec::new();
    // There is one at most.
    let is_other = |block: &Block| {
        let name = block.labels.first().map(hcl_edit::structure::BlockLabel::as_str);
        block.ident.as_str() == "credentials_helper" && name != Some("authy")
    };
    let has_other = body.blocks().any(is_other);
    for block in body.blocks().filter(|block| block.ident.as_str() == "credentials") {
        let [host] = block.labels.as_slice() else { continue };
        let token = block.body.attributes().find(|one| one.key.as_str() == "token");
        let Some((attribute, value)) = token.and_then(|one| Some((one, literal(&one.value)?)))
        else {
            continue;
        };
        if is_elsewhere(&value) {
            continue;
        }
        let has_more = block.body.len() > 1;
        let candidate = Candidate {
            by_hand: match (has_more, has_other) {
                (true, _) => Some("there is more in its block than a token"),
                (false, true) => Some("the file has another credentials_helper already"),
                (false, false) => None,
            },
            ..host_token(host.as_str(), &value)
        };
        match choose(candidate) {
            Choice::Keep => {}
            Choice::Mask => edits.push(masked(attribute)?),
            Choice::Refer { .. } => {
                edits.push(Edit { place: lines_of(text, block)?, new: String::new() });
            }
        }
    }
    edited(text, &edits)
}

/// `~/.terraform.d/credentials.tfrc.json`, which `terraform login` writes.
pub(super) fn credentials(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    let root = json::parse(text)?;
    let object = root.object_value().ok_or(json::ODD)?;
    for host in object.object_value("credentials").into_iter().flat_map(|all| all.properties()) {
        let (Some(name), Some(entry)) = (host.decoded_name(), host.object_value()) else {
            continue;
        };
        let Some(token) = entry.get("token") else { continue };
        let text = token.value().and_then(|value| json::text_of(&value));
        let Some(text) = text.filter(|text| !is_elsewhere(text)) else { continue };
        let has_more = entry.properties().len() > 1;
        let by_hand = has_more.then_some("there is more in its entry than a token");
        match choose(Candidate { by_hand, ..host_token(&name, &text) }) {
            Choice::Keep => {}
            Choice::Mask => json::set(&token, DOTS),
            Choice::Refer { .. } => host.remove(),
        }
    }
    Ok(root.to_string())
}

/// Whether a text stands for a value that is elsewhere, or for none. A `$` in what was decoded is one.
fn is_elsewhere(text: &str) -> bool {
    text.is_empty() || !text.contains('$') && is_reference(text)
}

/// Keeps variables that Terraform would not take from the environment as they stand here: those that
/// another file sets which it reads by itself, as files win, and those whose type is none of a plain value.
pub(super) fn look_around(path: &Path, candidates: &mut [Candidate]) {
    for (name, why) in doubts(path) {
        for one in candidates.iter_mut().filter(|one| one.place == name) {
            one.by_hand.get_or_insert(why);
        }
    }
}

fn doubts(path: &Path) -> Vec<(String, &'static str)> {
    const WINS: &str = "another file sets it too, and would win: keep one of them";
    const TYPE: &str = "Terraform reads it from a variable as HCL, because of its type";
    // A file for `-var-file` often lies in a folder below the project.
    let own = path.canonicalize().unwrap_or_default();
    let folders = own.ancestors().skip(1).take(2);
    let entries = folders.filter_map(|folder| std::fs::read_dir(folder).ok()).flatten();
    let mut found = Vec::new();
    for entry in entries.flatten().filter(|entry| entry.path() != own) {
        let name = entry.file_name().to_string_lossy().into_owned();
        let bare = name.strip_suffix(".json").unwrap_or(&name);
        let is_json = bare.len() < name.len();
        let sets = bare == "terraform.tfvars" || bare.ends_with(".auto.tfvars");
        if !sets && !bare.ends_with(".tf") {
            continue;
        }
        let is_small = entry.metadata().is_ok_and(|meta| meta.is_file() && meta.len() < LARGEST);
        let text = is_small.then(|| std::fs::read_to_string(entry.path()).ok()).flatten();
        let text = Zeroizing::new(text.unwrap_or_default());
        let text = text.trim_start_matches('\u{feff}');
        let names = match (sets, is_json) {
            (true, true) => set_in_json(text),
            (true, false) => set(&parse(text).unwrap_or_default()),
            (false, true) => typed_in_json(text),
            (false, false) => typed(&parse(text).unwrap_or_default()),
        };
        let why = if sets { WINS } else { TYPE };
        found.extend(names.into_iter().map(|name| (name, why)));
    }
    found
}

/// The variables that a `*.tfvars` sets.
fn set(body: &Body) -> Vec<String> {
    body.attributes().map(|one| one.key.as_str().to_owned()).collect()
}

/// Those that a `*.tfvars.json` sets.
fn set_in_json(text: &str) -> Vec<String> {
    let object = json::parse(text).ok().and_then(|root| root.object_value());
    let properties = object.into_iter().flat_map(|object| object.properties());
    properties.filter_map(|one| one.decoded_name()).collect()
}

/// The variables that are declared with a type that a text is not read as by itself.
fn typed(body: &Body) -> Vec<String> {
    let declared = body.blocks().filter(|block| block.ident.as_str() == "variable");
    let typed = declared.filter_map(|block| {
        let [name] = block.labels.as_slice() else { return None };
        let kind = block.body.attributes().find(|one| one.key.as_str() == "type")?;
        let is_plain = kind.value.as_variable().is_some_and(|kind| PLAIN.contains(&kind.as_str()));
        (!is_plain).then(|| name.as_str().to_owned())
    });
    typed.collect()
}

/// The same in a `*.tf.json`.
fn typed_in_json(text: &str) -> Vec<String> {
    let root = json::parse(text).ok().and_then(|root| root.object_value());
    let declared = root.and_then(|root| root.object_value("variable"));
    let properties = declared.into_iter().flat_map(|all| all.properties());
    let is_typed = |one: &CstObjectProp| {
        let kind = one.object_value().and_then(|one| one.get("type"));
        kind.is_some_and(|kind| {
            let text = kind.value().and_then(|value| json::text_of(&value));
            text.is_none_or(|text| !PLAIN.contains(&text.as_str()))
        })
    };
    properties.filter(is_typed).filter_map(|one| one.decoded_name()).collect()
}

fn variable(name: &str, value: &str, is_twice: bool) -> Candidate {
    let by_hand = is_twice.then_some(TWICE);
    Candidate {
        variable: Some(format!("TF_VAR_{name}")),
        longer: format!("terraform-{name}"),
        by_hand: by_hand.or_else(|| (!is_variable(name)).then_some(NO_VARIABLE)),
        ..Candidate::new(&[name], value)
    }
}

fn host_token(host: &str, token: &str) -> Candidate {
    Candidate {
        name: format!("terraform/{host}"),
        longer: format!("terraform/{host}-token"),
        is_sure: true,
        services: services(&format!("https://{host}")),
        ..Candidate::new(&["credentials", host, "token"], token)
    }
}

fn parse(text: &str) -> Result<Body, Odd> {
    if depth(text) > DEEPEST {
        return Err(ODD);
    }
    // hcl-edit 0.10 reads one that is empty as going on to the next line with its word
    // (findings/hcl-edit-empty-heredoc.sh).
    let mut lines = text.lines().peekable();
    while let Some(line) = lines.next() {
        let word = line.rsplit_once("<<").map(|(_, word)| word.trim_start_matches('-').trim());
        let is_word = |word: &&str| !word.is_empty();
        if word
            .filter(is_word)
            .is_some_and(|word| lines.peek().is_some_and(|next| next.trim() == word))
        {
            return Err(Odd("it has an empty heredoc: write \"\" there"));
        }
    }
    hcl_edit::parser::parse_body(text).map_err(|_| ODD)
}

/// Whether a line says nothing of the indentation of its heredoc, or says it with tabs.
fn is_doubtful(line: &str) -> bool {
    let rest = line.trim_start();
    rest.is_empty() || line[..line.len() - rest.len()].contains('\t')
}

/// A text in which nothing is put in.
fn literal(value: &Expression) -> Option<String> {
    match value {
        Expression::String(text) => Some(text.as_str().to_owned()),
        Expression::HeredocTemplate(heredoc) => {
            let literals = heredoc.template.iter().map(|element| match element {
                Element::Literal(text) => Some(text.as_str()),
                _ => None,
            });
            // Lines of Windows would be part of it.
            literals.collect::<Option<String>>().filter(|text| !text.contains('\r'))
        }
        _ => None,
    }
}

/// Comes across the texts in lists and objects.
fn parts(value: &Expression, place: &mut Vec<String>, choose: &mut Choose<'_>) {
    match value {
        Expression::Array(all) => all.iter().for_each(|one| parts(one, place, choose)),
        Expression::Object(object) => {
            for (key, one) in object {
                let name = match key {
                    ObjectKey::Ident(name) => Some(name.as_str().to_owned()),
                    ObjectKey::Expression(Expression::Variable(name)) => {
                        Some(name.as_str().to_owned())
                    }
                    ObjectKey::Expression(other) => literal(other),
                };
                place.push(name.unwrap_or_else(|| "?".to_owned()));
                parts(one.expr(), place, choose);
                place.pop();
            }
        }
        other => {
            if let Some(text) = literal(other) {
                part(place, &text, choose);
            }
        }
    }
}

fn json_parts(value: &CstNode, place: &mut Vec<String>, choose: &mut Choose<'_>) {
    if let Some(object) = value.as_object() {
        for property in object.properties() {
            if let (Some(name), Some(value)) = (property.decoded_name(), property.value()) {
                place.push(name);
                json_parts(&value, place, choose);
                place.pop();
            }
        }
    } else if let Some(array) = value.as_array() {
        array.elements().iter().for_each(|one| json_parts(one, place, choose));
    } else if let Some(text) = json::text_of(value) {
        part(place, &text, choose);
    }
}

fn part(place: &[String], text: &str, choose: &mut Choose<'_>) {
    if !is_elsewhere(text) {
        let words: Vec<&str> = place.iter().map(String::as_str).collect();
        choose(Candidate { by_hand: Some(PART), ..Candidate::new(&words, text) });
    }
}

/// What stands in a place from now on.
struct Edit {
    place: Range<usize>,
    new: String,
}

fn masked(attribute: &Attribute) -> Result<Edit, Odd> {
    let place = attribute.value.span().ok_or(ODD)?;
    Ok(Edit { place, new: format!("\"{DOTS}\"") })
}

/// Where a block lies, with the end of its line.
fn lines_of(text: &str, block: &Block) -> Result<Range<usize>, Odd> {
    let span = block.span().ok_or(ODD)?;
    let rest = &text[span.end..];
    let end = rest.find('\n').filter(|end| rest[..*end].trim().is_empty());
    Ok(span.start..span.end + end.map_or(0, |end| end + 1))
}

/// The text with all edits; what was not edited has to be there as it was.
fn edited(text: &str, edits: &[Edit]) -> Result<String, Odd> {
    let mut out = String::with_capacity(text.len());
    let mut copied = 0;
    for Edit { place, new } in edits {
        out.push_str(text.get(copied..place.start).ok_or(ODD)?);
        out.push_str(new);
        copied = place.end;
    }
    out.push_str(&text[copied..]);
    let (before, after) = (parse(text)?, parse(&out)?);
    let is_edited = |span: &Range<usize>| edits.iter().any(|edit| span.contains(&edit.place.start));
    let kept = spans(&before).filter(|span| !is_edited(span)).map(|span| &text[span]);
    // Dots stand in the place of a value, and are a value themselves.
    let now = spans(&after).map(|span| &out[span]).filter(|one| !one.contains(DOTS));
    match kept.filter(|one| !one.contains(DOTS)).eq(now) {
        true => Ok(out),
        false => Err(ODD),
    }
}

fn spans(body: &Body) -> impl Iterator<Item = Range<usize>> {
    body.iter().filter_map(hcl_edit::Span::span)
}
