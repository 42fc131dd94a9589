//! TOML of Codex and cargo, edited in its own tree. Its editor writes line ends of its own, so a file
//! with others gets them back.

use std::path::Path;

use toml_edit::{Array, DocumentMut, Item, Table, TableLike, Value, value};

use super::{Candidate, Choice, Choose, DOTS, Odd, is_reference, services, split_scheme};

const ODD: Odd = Odd("it is not the TOML that its program reads");

/// `~/.codex/config.toml`: Codex expands nothing, and has settings that name variables.
pub(super) fn codex(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    edit(text, |document| {
        for (name, server) in tables(document.as_table_mut(), "mcp_servers") {
            environment(&name, server, choose);
            headers(["mcp_servers", &name], true, server, choose);
        }
        for (name, provider) in tables(document.as_table_mut(), "model_providers") {
            headers(["model_providers", &name], false, provider, choose);
            let place = ["model_providers", &name, "experimental_bearer_token"];
            let Some(text) = text_of(provider, "experimental_bearer_token") else { continue };
            let candidate = Candidate {
                name: format!("{name}-key"),
                longer: format!("{name}-provider-key"),
                is_sure: true,
                ..Candidate::new(&place, &text)
            };
            if let Some(variable) =
                ask(choose, candidate, provider, "experimental_bearer_token", "")
            {
                provider.insert("env_key", value(variable));
            }
        }
    })
}

/// `env`: Codex hands the variables on that `env_vars` names.
fn environment(server: &str, table: &mut dyn TableLike, choose: &mut Choose<'_>) {
    let mut handed_on = Vec::new();
    if let Some(env) = table.get_mut("env").and_then(Item::as_table_like_mut) {
        for name in names(env) {
            let Some(text) = text_of(env, &name) else { continue };
            let candidate = Candidate {
                longer: format!("{server}-{name}"),
                variable: Some(name.clone()),
                ..Candidate::new(&["mcp_servers", server, "env", &name], &text)
            };
            handed_on.extend(ask(choose, candidate, env, &name, ""));
        }
        if env.is_empty() && !handed_on.is_empty() {
            table.remove("env");
        }
    }
    if handed_on.is_empty() {
        return;
    }
    let list = table.entry("env_vars").or_insert(Item::Value(Value::Array(Array::new())));
    if let Some(list) = list.as_array_mut() {
        let is_there = |name: &String| list.iter().any(|one| one.as_str() == Some(name));
        let new: Vec<String> = handed_on.into_iter().filter(|name| !is_there(name)).collect();
        list.extend(new);
    }
}

/// `http_headers`: `env_http_headers` takes a header from a variable, and `bearer_token_env_var` the
/// bearer token.
fn headers(place: [&str; 2], has_bearer: bool, table: &mut dyn TableLike, choose: &mut Choose<'_>) {
    let [section, server] = place;
    let mut moved = Vec::new();
    let mut bearer = None;
    let has_variable = table.contains_key("bearer_token_env_var");
    if let Some(headers) = table.get_mut("http_headers").and_then(Item::as_table_like_mut) {
        for name in names(headers) {
            let Some(text) = text_of(headers, &name) else { continue };
            let is_authorization = name.eq_ignore_ascii_case("authorization");
            let (scheme, secret) = split_scheme(&text);
            let is_bearer =
                has_bearer && is_authorization && scheme.eq_ignore_ascii_case("bearer ");
            let (before, secret) = if is_bearer { (scheme, secret) } else { ("", text.as_str()) };
            let short = if is_authorization { format!("{server}-token") } else { name.clone() };
            let by_hand = (is_bearer && has_variable)
                .then_some("the server has a bearer_token_env_var already");
            let candidate = Candidate {
                by_hand,
                name: short,
                longer: format!("{server}-{name}"),
                is_sure: is_authorization,
                ..Candidate::new(&[section, server, "http_headers", &name], secret)
            };
            if let Some(variable) = ask(choose, candidate, headers, &name, before) {
                match is_bearer {
                    true => bearer = Some(variable),
                    false => moved.push((name, variable)),
                }
            }
        }
        if headers.is_empty() && (bearer.is_some() || !moved.is_empty()) {
            table.remove("http_headers");
        }
    }
    if let Some(variable) = bearer {
        table.insert("bearer_token_env_var", value(variable));
    }
    if !moved.is_empty() {
        let made = table
            .entry("env_http_headers")
            .or_insert(Item::Value(Value::InlineTable(toml_edit::InlineTable::new())));
        if let Some(made) = made.as_table_like_mut() {
            for (name, variable) in moved {
                made.insert(&name, value(variable));
            }
        }
    }
}

/// `~/.cargo/credentials.toml`: the tokens go, a credential provider gives them.
pub(super) fn cargo(text: &str, choose: &mut Choose<'_>) -> Result<String, Odd> {
    edit(text, |document| {
        let mut take = |name: &str, url: Option<&str>, table: &mut dyn TableLike| {
            if let Some(key) = text_of(table, "secret-key").filter(|key| !is_reference(key)) {
                let by_hand = Some("cargo signs with it, which authy does not do");
                let place = ["registries", name, "secret-key"];
                choose(Candidate { is_sure: true, by_hand, ..Candidate::new(&place, &key) });
            }
            let Some(text) = text_of(table, "token") else { return };
            let candidate = Candidate {
                name: format!("cargo/{name}"),
                longer: format!("cargo/{name}-token"),
                is_sure: true,
                services: url.map(services).unwrap_or_default(),
                ..Candidate::new(&["registries", name, "token"], &text)
            };
            ask(choose, candidate, table, "token", "");
        };
        if let Some(table) = document.get_mut("registry").and_then(Item::as_table_like_mut) {
            take("crates.io", Some("https://crates.io"), table);
        }
        for (name, table) in tables(document.as_table_mut(), "registries") {
            let url = (name == "crates-io").then_some("https://crates.io");
            take(&name, url, table);
        }
    })
}

/// Finds the addresses of registries in the `config.toml` beside their tokens.
pub(super) fn look_around(path: &Path, candidates: &mut [Candidate]) {
    let texts = ["config.toml", "config"].map(|name| path.with_file_name(name));
    let text = texts.iter().find_map(|path| std::fs::read_to_string(path).ok());
    let config: DocumentMut = text.unwrap_or_default().parse().unwrap_or_default();
    for one in candidates.iter_mut().filter(|one| one.services.is_empty()) {
        let index = |name: &str| config.get("registries")?.get(name)?.get("index")?.as_str();
        let name =
            one.place.strip_prefix("registries ").and_then(|place| place.strip_suffix(" token"));
        let index = name.and_then(index).unwrap_or_default();
        let url =
            index.strip_prefix("sparse+").or(index.strip_prefix("registry+")).unwrap_or(index);
        one.services = services(url.trim_end_matches('/'));
        if one.services.is_empty() {
            one.by_hand.get_or_insert(
                "no config.toml beside it gives an address for its registry that authy takes",
            );
        }
    }
}

fn edit(text: &str, change: impl FnOnce(&mut DocumentMut)) -> Result<String, Odd> {
    let (mark, rest) = match text.strip_prefix('\u{feff}') {
        Some(rest) => ("\u{feff}", rest),
        None => ("", text),
    };
    let breaks = rest.matches('\n').count();
    let is_windows = breaks > 0 && rest.matches("\r\n").count() == breaks;
    let unix = if is_windows { rest.replace("\r\n", "\n") } else { rest.to_owned() };
    if unix.contains('\r') {
        return Err(Odd("its lines end in different ways"));
    }
    let mut document: DocumentMut = unix.parse().map_err(|_| ODD)?;
    change(&mut document);
    let new = document.to_string();
    Ok(mark.to_owned() + &if is_windows { new.replace('\n', "\r\n") } else { new })
}

/// The variable that the value goes into, where it goes; else what is to be shown stands there.
fn ask(
    choose: &mut Choose<'_>,
    candidate: Candidate,
    table: &mut dyn TableLike,
    key: &str,
    before: &str,
) -> Option<String> {
    if candidate.value.expose_str().is_none_or(is_reference) {
        return None;
    }
    match choose(candidate) {
        Choice::Keep => None,
        Choice::Mask => {
            if let Some(old) = table.get_mut(key).and_then(Item::as_value_mut) {
                // What stands around a value is part of it.
                let decor = old.decor().clone();
                *old = Value::from(format!("{before}{DOTS}"));
                *old.decor_mut() = decor;
            }
            None
        }
        Choice::Refer { variable, .. } => {
            table.remove(key);
            Some(variable)
        }
    }
}

fn text_of(table: &dyn TableLike, key: &str) -> Option<String> {
    table.get(key)?.as_str().map(str::to_owned)
}

fn names(table: &dyn TableLike) -> Vec<String> {
    table.iter().map(|(name, _)| name.to_owned()).collect()
}

/// The tables below `key`.
fn tables<'t>(document: &'t mut Table, key: &str) -> Vec<(String, &'t mut dyn TableLike)> {
    let all = document.get_mut(key).and_then(Item::as_table_like_mut);
    let each = all.into_iter().flat_map(|all| all.iter_mut());
    each.filter_map(|(name, item)| Some((name.get().to_owned(), item.as_table_like_mut()?)))
        .collect()
}
