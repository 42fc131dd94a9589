//! Compose files.

use serde_yaml::Value;

use super::{BY_HAND, Path, Step, documents, replaced, scalar};
use crate::transfer::adopt::{Candidate, Choice, Choose, DOTS, Odd, is_reference};

/// A compose file: variables of services, and what images are built with.
pub(in crate::transfer::adopt) fn compose(
    text: &str,
    choose: &mut Choose<'_>,
) -> Result<String, Odd> {
    let mut found = Vec::new();
    for (document, root) in documents(text)?.iter().enumerate() {
        let Some(services) = root.get("services").and_then(Value::as_mapping) else { continue };
        for (service, body) in services {
            let Some(service) = service.as_str() else { continue };
            let place = |keys: &[&str]| -> Path {
                let above = [Step::At(document), Step::Key("services".into())];
                let keys = [&[service], keys].concat();
                above.into_iter().chain(keys.into_iter().map(|key| Step::Key(key.into()))).collect()
            };
            let environment = place(&["environment"]);
            variables(text, body.get("environment"), &environment, service, &mut found);
            let args = body.get("build").and_then(|build| build.get("args"));
            variables(text, args, &place(&["build", "args"]), service, &mut found);
        }
    }
    let mut out = text.to_owned();
    for Variable { path, before, name, value, service, doubt } in found {
        // Compose reads `$$` as a dollar, and `$x` as a variable.
        let meant = value.replace("$$", "");
        let by_hand = doubt.or(meant.contains('$').then_some(
            "its program reads the '$' in it as a variable: store the value that is meant",
        ));
        let candidate = |by_hand| Candidate {
            longer: format!("{service}-{name}"),
            variable: Some(name.clone()),
            by_hand,
            ..Candidate::new(&["services", &service, &name], &value.replace("$$", "$"))
        };
        let old = format!("{before}{value}");
        let editable = by_hand.or_else(|| {
            replaced(&out, &path, &old, &format!("{before}{DOTS}")).is_none().then_some(BY_HAND)
        });
        let new = match choose(candidate(editable)) {
            Choice::Keep => continue,
            Choice::Mask => format!("{before}{DOTS}"),
            Choice::Refer { variable, .. } => format!("{before}${{{variable}:?}}"),
        };
        out = replaced(&out, &path, &old, &new).unwrap_or(out);
    }
    Ok(out)
}

struct Variable {
    path: Path,
    /// What stands before the value in its text: `NAME=` in a list.
    before: String,
    name: String,
    value: String,
    service: String,
    /// Why its program may read something else.
    doubt: Option<&'static str>,
}

fn variables(
    text: &str,
    list: Option<&Value>,
    path: &[Step],
    service: &str,
    found: &mut Vec<Variable>,
) {
    let mut add = |step: Step, before: &str, name: &str, value: &str, doubt| {
        if !is_reference(value) {
            let path = [path, &[step]].concat();
            let (before, name, value) = (before.to_owned(), name.to_owned(), value.to_owned());
            found.push(Variable { path, before, name, value, service: service.to_owned(), doubt });
        }
    };
    match list {
        Some(Value::Mapping(map)) => {
            for (name, value) in map {
                if let (Some(name), Some((value, doubt))) = (name.as_str(), scalar(text, value)) {
                    add(Step::Key(name.to_owned()), "", name, &value, doubt);
                }
            }
        }
        Some(Value::Sequence(all)) => {
            for (at, one) in all.iter().enumerate() {
                if let Some((name, value)) = one.as_str().and_then(|text| text.split_once('=')) {
                    add(Step::At(at), &format!("{name}="), name, value, None);
                }
            }
        }
        _ => {}
    }
}
