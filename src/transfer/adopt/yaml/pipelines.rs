//! Pipelines of GitHub and GitLab. Their runners ask the forge for secrets, so the values have to go there
//! as well; what stays in the file is a name.

use serde_yaml::Value;

use super::{BY_HAND, Path, Step, below, documents, removed, replaced, scalar};
use crate::transfer::adopt::{Candidate, Choice, Choose, DOTS, Odd, is_reference, is_variable};

/// A value, and the words that lead to it.
struct Spot {
    path: Path,
    /// What it is in: a job, a service, an action.
    around: String,
    name: String,
    value: String,
    is_sure: bool,
    /// Why its runner may read something else.
    doubt: Option<&'static str>,
}

/// Collects the values of a document.
struct Finder<'t> {
    text: &'t str,
    spots: Vec<Spot>,
}

/// A workflow of GitHub Actions, where the places take `secrets`.
pub(in crate::transfer::adopt) fn github(
    text: &str,
    choose: &mut Choose<'_>,
) -> Result<String, Odd> {
    let mut finder = Finder { text, spots: Vec::new() };
    for (number, root) in documents(text)?.iter().enumerate() {
        let top = vec![Step::At(number)];
        finder.map(root, &top, "env", "workflow");
        for (job, body) in entries(root.get("jobs")) {
            let path = below(&top, &["jobs", job]);
            finder.map(body, &path, "env", job);
            finder.map(body, &path, "secrets", job);
            finder.container(body.get("container"), &below(&path, &["container"]), job);
            for (service, one) in entries(body.get("services")) {
                finder.container(Some(one), &below(&path, &["services", service]), service);
            }
            let steps = body.get("steps").and_then(Value::as_sequence);
            for (at, step) in steps.into_iter().flatten().enumerate() {
                let path = [below(&path, &["steps"]), vec![Step::At(at)]].concat();
                finder.map(step, &path, "env", job);
                let uses = step.get("uses").and_then(Value::as_str).unwrap_or_default();
                for (name, value) in entries(step.get("with")) {
                    // What a cache is found by again is no secret.
                    if name != "key" || !uses.contains("cache") {
                        let around = action(uses).unwrap_or(job);
                        finder.add(below(&path, &["with", name]), around, name, value, false);
                    }
                }
            }
        }
    }
    let mut out = text.to_owned();
    for spot in finder.spots {
        // The forge keeps such names for itself.
        let is_taken = spot.name.to_ascii_uppercase().starts_with("GITHUB_");
        let by_hand = match () {
            () if spot.doubt.is_some() => spot.doubt,
            () if is_taken => {
                Some("GitHub takes no secret whose name begins with GITHUB_: rename it")
            }
            () => replaced(&out, &spot.path, &spot.value, DOTS).is_none().then_some(BY_HAND),
        };
        let new = match choose(Candidate { by_hand, ..spot.candidate() }) {
            Choice::Keep => continue,
            Choice::Mask => DOTS.to_owned(),
            Choice::Refer { variable, .. } => format!("${{{{ secrets.{variable} }}}}"),
        };
        out = replaced(&out, &spot.path, &spot.value, &new).unwrap_or(out);
    }
    Ok(out)
}

/// `.gitlab-ci.yml`: a variable of the project has the name of the one that goes, and wins over every one
/// of that name.
pub(in crate::transfer::adopt) fn gitlab(
    text: &str,
    choose: &mut Choose<'_>,
) -> Result<String, Odd> {
    let mut finder = Finder { text, spots: Vec::new() };
    let mut all = Vec::new();
    for (number, root) in documents(text)?.iter().enumerate() {
        let top = vec![Step::At(number)];
        finder.map(root, &top, "variables", "pipeline");
        for (job, body) in entries(Some(root)) {
            let known = finder.spots.len();
            finder.map(body, &below(&top, &[job]), "variables", job);
            if body.get("trigger").is_some() {
                for spot in finder.spots.iter_mut().skip(known) {
                    spot.doubt = Some("it goes on to the pipeline that the job starts");
                }
            }
        }
        every_variable(root, &mut Vec::new(), &mut all);
    }
    let mut out = text.to_owned();
    let mut met = Vec::new();
    for spot in finder.spots {
        let differs = |other: &Variable| other.name == spot.name && other.value != spot.value;
        let by_hand = match () {
            () if spot.doubt.is_some() => spot.doubt,
            () if !is_variable(&spot.name) => {
                Some("a variable of a project has only letters, digits and '_' in its name")
            }
            () if spot.value.contains('$') => Some("GitLab reads the '$' in it as a variable"),
            () if all.iter().any(differs) => Some(
                "it has several values here, and a variable of the project would be all of them",
            ),
            () => removed(&out, &spot.path, &spot.value).is_none().then_some(BY_HAND),
        };
        let candidate =
            Candidate { variable: Some(spot.name.clone()), by_hand, ..spot.candidate() };
        met.push((spot.name.clone(), spot.value.clone()));
        let new = match choose(candidate) {
            Choice::Keep => continue,
            Choice::Mask => replaced(&out, &spot.path, &spot.value, DOTS),
            Choice::Refer { .. } => removed(&out, &spot.path, &spot.value),
        };
        out = new.unwrap_or(out);
    }
    for Variable { place, name, value } in all {
        let is_met = met.iter().any(|(one, old)| *one == name && *old == value);
        if !is_met && !is_reference(&value) {
            let by_hand = Some("authy moves only plain variables of the pipeline and of its jobs");
            let words: Vec<&str> = place.iter().map(String::as_str).chain([&*name]).collect();
            choose(Candidate { by_hand, ..Candidate::new(&words, &value) });
        }
    }
    Ok(out)
}

/// A variable anywhere in a pipeline.
struct Variable {
    place: Vec<String>,
    name: String,
    value: String,
}

/// All variables of a document: those of rules, services and matrices too, and those with a description.
fn every_variable(value: &Value, place: &mut Vec<String>, all: &mut Vec<Variable>) {
    for (key, inner) in entries(Some(value)) {
        place.push(key.to_owned());
        let maps = match (key, inner) {
            ("variables", Value::Mapping(_)) => vec![inner],
            ("matrix", Value::Sequence(maps)) => maps.iter().collect(),
            _ => Vec::new(),
        };
        for (name, one) in maps.into_iter().flat_map(|map| entries(Some(map))) {
            let values = match one {
                Value::Sequence(values) => values.iter().collect(),
                one => vec![one.get("value").unwrap_or(one)],
            };
            for (value, _) in values.into_iter().filter_map(|value| scalar("", value)) {
                let name = name.to_owned();
                all.push(Variable { place: place.clone(), name, value });
            }
        }
        every_variable(inner, place, all);
        place.pop();
    }
    for inner in value.as_sequence().into_iter().flatten() {
        every_variable(inner, place, all);
    }
}

impl Spot {
    fn candidate(&self) -> Candidate {
        Candidate {
            longer: format!("{}-{}", self.around, self.name),
            is_sure: self.is_sure,
            ..Candidate::new(&[&self.around, &self.name], &self.value)
        }
    }
}

impl Finder<'_> {
    /// The texts in the map `key` of `body`.
    fn map(&mut self, body: &Value, path: &[Step], key: &str, around: &str) {
        for (name, value) in entries(body.get(key)) {
            self.add(below(path, &[key, name]), around, name, value, key == "secrets");
        }
    }

    /// A container, and the password of its registry.
    fn container(&mut self, container: Option<&Value>, path: &[Step], around: &str) {
        let Some(container) = container else { return };
        self.map(container, path, "env", around);
        let password = container.get("credentials").and_then(|one| one.get("password"));
        if let Some(password) = password {
            let path = below(path, &["credentials", "password"]);
            self.add(path, &format!("{around}-registry"), "password", password, true);
        }
    }

    fn add(&mut self, path: Path, around: &str, name: &str, value: &Value, is_sure: bool) {
        let Some((value, doubt)) = scalar(self.text, value) else { return };
        if !is_reference(&value) {
            let (around, name) = (around.to_owned(), name.to_owned());
            self.spots.push(Spot { path, around, name, value, is_sure, doubt });
        }
    }
}

/// The last word of the action that a step uses: `login-action` of `docker/login-action@v3`.
fn action(uses: &str) -> Option<&str> {
    uses.split('@').next()?.rsplit('/').next().filter(|name| !name.is_empty())
}

fn entries(map: Option<&Value>) -> impl Iterator<Item = (&str, &Value)> {
    let all = map.and_then(Value::as_mapping).into_iter().flatten();
    all.filter_map(|(key, value)| Some((key.as_str()?, value)))
}
