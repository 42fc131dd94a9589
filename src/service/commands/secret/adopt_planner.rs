//! What becomes of each value of a file: whether it is moved, under which name, or why it stays.

use std::collections::BTreeMap;
use std::path::Path;

use similar::TextDiff;

use super::adopt::{AdoptError, AdoptFile, AdoptOptions, AdoptValue, ByHand, LARGEST};
use super::adopt_shown::Ours;
use crate::access::Pattern;
use crate::detect::Detector;
use crate::fs;
use crate::inject::{Naming, Search, is_refused};
use crate::name::{SecretName, printable};
use crate::secret::SecretBytes;
use crate::service::base::Result;
use crate::transfer::{
    About, AdoptThen, Candidate, Choice, Found, Odd, is_secret_name, kind_of, name_here,
};

/// More of a line is not shown.
const LINE: usize = 160;
/// Shorter values are hardly secrets, unless nothing else stands there.
const SHORTEST: usize = 6;

/// Decides about the values of one file after the other.
pub(super) struct Planner<'o> {
    options: &'o AdoptOptions,
    only: Vec<Pattern>,
    detector: Option<Detector>,
    found: Vec<Found>,
    values: BTreeMap<SecretName, SecretBytes>,
    /// Which secret a program reads from a variable that no other will do for.
    variables: BTreeMap<(&'static str, String), SecretName>,
}

/// What is to become of one value of a file.
enum Plan {
    Keep,
    ByHand,
    Move { name: SecretName, variable: String },
}

impl<'o> Planner<'o> {
    pub(super) fn new(options: &'o AdoptOptions, only: Vec<Pattern>) -> Self {
        Self {
            options,
            only,
            detector: Detector::new(),
            found: Vec::new(),
            values: BTreeMap::new(),
            variables: BTreeMap::new(),
        }
    }

    /// What is to be stored, and the values of it.
    pub(super) fn finish(self) -> (Vec<Found>, Vec<(SecretName, SecretBytes)>) {
        (self.found, self.values.into_iter().collect())
    }

    /// A file as it is planned; `None` where nothing of it concerns anybody.
    pub(super) fn file(&mut self, path: &Path) -> Result<Option<AdoptFile>> {
        // A pipe would be emptied, and is somebody's way to give values already.
        if path.metadata().is_ok_and(|found| !found.is_file()) {
            return Err(AdoptError::NoFile(path.to_owned()).into());
        }
        let bytes =
            fs::read_named(path, LARGEST)?.ok_or_else(|| AdoptError::Gone(path.to_owned()))?;
        let old = SecretBytes::new(bytes);
        let text = old.expose_str().ok_or_else(|| AdoptError::Unknown(path.to_owned()))?;
        let (mark, text) = match text.strip_prefix('\u{feff}') {
            Some(rest) => ("\u{feff}", rest),
            None => ("", text),
        };
        let kind = kind_of(path, text).ok_or_else(|| AdoptError::Unknown(path.to_owned()))?;
        let odd =
            |odd: Odd| AdoptError::Odd { path: path.to_owned(), program: kind.name, why: odd.0 };
        let (mut candidates, mut places) = (Vec::new(), Vec::new());
        (kind.edit)(text, &mut |candidate| {
            places.push(candidate.place.clone());
            candidates.push(candidate);
            Choice::Keep
        })
        .map_err(odd)?;
        (kind.look_around)(path, &mut candidates);
        let (mut values, mut by_hand) = (Vec::new(), Vec::new());
        // Pipelines of a forge share variables with each other, and with nothing else.
        let shares = match kind.then {
            AdoptThen::Forge(_) => kind.name,
            _ => "",
        };
        let plans: Vec<Plan> = candidates
            .into_iter()
            .map(|candidate| self.plan(candidate, shares, &mut values, &mut by_hand))
            .collect();
        if values.is_empty() && by_hand.is_empty() {
            return Ok(None);
        }
        let go = |shown: bool, moved: bool| {
            let mut at = 0;
            let mut is_same = true;
            let edited = (kind.edit)(text, &mut |candidate| {
                is_same &= places.get(at) == Some(&candidate.place);
                at += 1;
                match plans.get(at - 1) {
                    Some(Plan::Move { name, variable }) if moved => {
                        Choice::Refer { secret: name.to_string(), variable: variable.clone() }
                    }
                    Some(Plan::Move { .. }) => Choice::Mask,
                    Some(Plan::ByHand) if shown => Choice::Mask,
                    _ => Choice::Keep,
                }
            });
            // What was decided about one value is never done to another.
            match is_same && at == places.len() {
                true => edited.map(|text| SecretBytes::from(format!("{mark}{text}"))),
                false => Err(Odd("its values change places while it is edited")),
            }
        };
        let new = go(false, true).map_err(odd)?;
        let ours = Ours::of(&values);
        let diff = diff(&go(true, false).map_err(odd)?, &go(true, true).map_err(odd)?, &ours);
        let moved: Vec<_> = values
            .iter()
            .filter_map(|value: &AdoptValue| {
                Some((value.name.clone(), self.values.get(&value.name)?.clone()))
            })
            .collect();
        let mut remains = Vec::new();
        Search::new(&moved).find(new.expose(), |name, _| {
            if !remains.contains(name) {
                remains.push(name.clone());
            }
        });
        let then = kind.then;
        let (path, program) = (path.to_owned(), kind.name);
        Ok(Some(AdoptFile { path, program, values, by_hand, remains, diff, then, old, new }))
    }

    /// Decides about one value, and names it.
    fn plan(
        &mut self,
        candidate: Candidate,
        shares: &'static str,
        values: &mut Vec<AdoptValue>,
        by_hand: &mut Vec<ByHand>,
    ) -> Plan {
        if !self.is_wanted(&candidate) {
            return Plan::Keep;
        }
        let place = candidate.place.clone();
        let mut stays = |why| {
            by_hand.push(ByHand { place: printable(&place), why });
            Plan::ByHand
        };
        let Some(name) = self.name(&candidate) else {
            return stays("another value has the name that it would get");
        };
        if !self.only.is_empty() && !self.only.iter().any(|one| one.matches(name.as_str())) {
            return Plan::Keep;
        }
        if candidate.value.expose().contains(&0) {
            return stays("there is a zero byte in it");
        }
        if let Some(why) = candidate.by_hand {
            return stays(why);
        }
        let naming = Naming { uppercase: true, ..Naming::default() };
        let Ok(usual) = naming.variable(&name) else {
            return stays("its name would be none of a variable");
        };
        let variable = candidate.variable.clone().unwrap_or_else(|| usual.clone());
        if candidate.is_called_so && variable != usual {
            return stays("authy would call its variable differently");
        }
        if is_refused(&variable) {
            return stays("'authy run' sets no such variable: it changes how programs run");
        }
        // What 'authy run' calls it, and what its program does.
        for variable in [&variable, &usual] {
            let key = (shares, variable.clone());
            let known = self.variables.entry(key).or_insert_with(|| name.clone());
            if *known != name {
                return stays("another value has the variable that it would be in");
            }
        }
        let place = printable(&candidate.place);
        let is_mapped = variable != usual;
        let value = AdoptValue { place, name: name.clone(), variable: variable.clone(), is_mapped };
        values.push(value);
        if self.values.insert(name.clone(), candidate.value.clone()).is_none() {
            let about = About {
                tags: Vec::new(),
                description: None,
                services: candidate.services,
                user: candidate.user,
            };
            self.found.push(Found {
                name: name.to_string(),
                value: Ok(candidate.value),
                line: None,
                doubt: None,
                about: (!about.services.is_empty()).then_some(about),
            });
        }
        Plan::Move { name, variable }
    }

    fn is_wanted(&self, candidate: &Candidate) -> bool {
        let looks = || {
            let mut found = false;
            if let Some(detector) = &self.detector {
                detector.find(candidate.value.expose(), |_, _| found = true);
            }
            found
        };
        let is_long = candidate.value.len() >= SHORTEST;
        candidate.is_sure
            || self.options.all
            || is_long && is_secret_name(&candidate.name)
            || looks()
    }

    /// The name of its own, or with what stands around it where another value has that.
    fn name(&self, candidate: &Candidate) -> Option<SecretName> {
        let names = [&candidate.name, &candidate.longer];
        let names = names.into_iter().filter_map(|name| name_here(&self.options.prefix, name).ok());
        let fits =
            |name: &SecretName| self.values.get(name).is_none_or(|value| *value == candidate.value);
        names.into_iter().find(fits)
    }
}

/// The lines that differ, without context, and of those only what is known to be no value.
fn diff(old: &SecretBytes, new: &SecretBytes, ours: &Ours) -> String {
    let (Some(old), Some(new)) = (old.expose_str(), new.expose_str()) else { return String::new() };
    let diff = TextDiff::from_lines(old, new);
    let mut out = String::new();
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            similar::ChangeTag::Equal => continue,
            similar::ChangeTag::Delete => '-',
            similar::ChangeTag::Insert => '+',
        };
        let line = ours.shown(change.value().trim_start_matches('\u{feff}').trim_end());
        let shown: String = printable(&line).chars().take(LINE).collect();
        let more = if line.chars().count() > LINE { "…" } else { "" };
        out.push_str(&format!("{sign}{shown}{more}\n"));
    }
    out
}
