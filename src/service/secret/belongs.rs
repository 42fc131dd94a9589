//! Which secret belongs to an address: found by what records say, none of which is believed before
//! its signature is.

use crate::access::{Need, Reach};
use crate::kind::{Failure, Kind};
use crate::many;
use crate::name::{ScopeName, SecretName, ServiceUrl, ServiceUser};
use crate::service::base::{Error, Result, Snapshot};
use crate::store::Record;

use super::read::settled;

/// What a program wants to know: the secret for an address.
#[derive(Debug, Clone)]
pub struct CredentialQuestion {
    /// The address; of several the first that a secret belongs to.
    pub services: Vec<ServiceUrl>,
    /// The user name, where the program knows it already.
    pub user: Option<ServiceUser>,
}

/// Where a secret belongs.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
pub struct Place {
    /// The secret.
    pub name: SecretName,
    /// The services that it belongs to.
    #[serde(rename = "for")]
    pub services: Vec<ServiceUrl>,
    /// The user name that goes with it there.
    pub user: Option<ServiceUser>,
    /// Whether it is sent there as a bearer token.
    pub bearer: bool,
}

impl Place {
    pub(crate) fn of(name: SecretName, record: &Record) -> Self {
        let (services, user) = (record.services.clone(), record.user.clone());
        Self { name, services, user, bearer: record.bearer }
    }

    /// How well it fits a question: the length of its path, and whether it names the user; `None`
    /// where it does not fit.
    fn fit(&self, asked: &ServiceUrl, user: Option<&ServiceUser>) -> Option<(usize, bool)> {
        if self.user.is_some() && user.is_some() && self.user.as_ref() != user {
            return None;
        }
        let covering = self.services.iter().filter(|url| url.covers(asked));
        let length = covering.map(|url| url.path().len()).max()?;
        Some((length, user.is_some() && self.user.as_ref() == user))
    }
}

/// A sealed secret of a run, for helpers below it.
#[derive(Debug, serde::Serialize, serde::Deserialize)]
pub(crate) struct Placeholder {
    #[serde(flatten)]
    pub(crate) place: Place,
    pub(crate) placeholder: String,
}

/// What fits a question best; several that fit as well are given all.
pub(crate) fn fittest<'p, T>(
    all: &'p [T],
    place: impl Fn(&T) -> &Place,
    asked: &ServiceUrl,
    user: Option<&ServiceUser>,
) -> Vec<&'p T> {
    let fit = |one: &&T| place(one).fit(asked, user);
    let top = all.iter().filter_map(|one| fit(&one)).max();
    all.iter().filter(|one| top.is_some() && fit(one) == top).collect()
}

/// Finds the secret that belongs to what is asked for, among those that are reached: the one with the
/// longest path, and of these the one whose user name is the one asked for.
///
/// # Errors
/// None belongs there, or several as well; what is sent there is read on the way; a record that seems
/// to be meant is damaged.
pub(crate) fn find(
    reach: &Reach<'_>,
    opened: &Snapshot,
    question: &CredentialQuestion,
) -> Result<Place> {
    let mut near = None;
    for asked in &question.services {
        let found = candidates(reach, opened, Some(asked))?;
        let fittest = fittest(&found, |place| place, asked, question.user.as_ref());
        match fittest.as_slice() {
            [] => {}
            // Said only where something would be given: who asks for nothing is told nothing.
            _ if !asked.is_private() => return Err(BelongsError::NotPrivate(asked.clone()).into()),
            [one] => return Ok((*one).clone()),
            several => {
                let names = several.iter().map(|one| one.name.clone()).collect();
                return Err(BelongsError::Several { asked: asked.clone(), names }.into());
            }
        }
        // Found, but not to be shown: that is what there is to say.
        if let Reach::Member(rules, who, Need::Reveal) = reach {
            let wider = Reach::Member(rules, who, Need::Use);
            if let Ok(one) = find(&wider, opened, question) {
                reach.permits(&one.name)?;
            }
        }
        near = near.or_else(|| found.first().map(|one| near_miss(one, asked)));
    }
    let (asked, user) = (question.services.first().cloned(), question.user.clone());
    Err(BelongsError::Nothing { asked, user, scope: reach.scope().cloned(), near }.into())
}

/// All that is reached and belongs to an address, or to any.
///
/// # Errors
/// As [`find`], for what is damaged.
pub(crate) fn all(
    reach: &Reach<'_>,
    opened: &Snapshot,
    asked: Option<&ServiceUrl>,
) -> Result<Vec<Place>> {
    let mut found = candidates(reach, opened, asked)?;
    let covers = |url: &ServiceUrl| asked.is_none_or(|asked| url.covers(asked));
    found.retain(|one| one.services.iter().any(covers));
    Ok(found)
}

/// The verified records of what is reached and names the host of `asked`, or any address.
fn candidates(
    reach: &Reach<'_>,
    opened: &Snapshot,
    asked: Option<&ServiceUrl>,
) -> Result<Vec<Place>> {
    let text = asked.map_or_else(|| "for = ".to_owned(), place_text);
    let reaches = |name: &SecretName| reach.permits(name).is_ok() && reach.holds(name).is_ok();
    let names: Vec<_> = opened.vault.names()?.into_iter().filter(reaches).collect();
    let names =
        many::map(&names, |name| opened.vault.record_mentions(name, &text).then(|| name.clone()));
    let read = |name: SecretName| -> Result<Option<Place>> {
        let record = settled(opened, || opened.vault.record(&name, &opened.rules))?;
        Ok(record.map(|record| Place::of(name, &record)))
    };
    let mut found = Vec::new();
    for name in names.into_iter().flatten() {
        found.extend(read(name)?);
    }
    let is_there = |url: &ServiceUrl| asked.is_none_or(|asked| url.host() == asked.host());
    found.retain(|one| one.services.iter().any(is_there));
    Ok(found)
}

/// What stands in the record of everything that belongs to the host of an address. An address has one
/// spelling, so that it is found as text.
fn place_text(url: &ServiceUrl) -> String {
    match url.host() {
        Some(host) => host.to_string(),
        None => url.path().to_owned(),
    }
}

fn near_miss(one: &Place, asked: &ServiceUrl) -> Near {
    let same = one.services.iter().find(|url| url.covers(asked));
    let place = one.services.iter().find(|url| url.is_same_place(asked));
    let here = one.services.iter().find(|url| url.host() == asked.host());
    Near {
        name: one.name.clone(),
        user: one.user.clone().filter(|_| same.is_some()),
        service: same.or(place).or(here).cloned(),
    }
}

/// Several belong to what was asked.
pub(crate) fn several(asked: &ServiceUrl, names: Vec<SecretName>) -> Error {
    BelongsError::Several { asked: asked.clone(), names }.into()
}

/// Nothing belongs to what was asked.
pub(crate) fn nothing(question: &CredentialQuestion) -> Error {
    let (asked, user) = (question.services.first().cloned(), question.user.clone());
    BelongsError::Nothing { asked, user, scope: None, near: None }.into()
}

/// A secret that belongs nearly there.
#[derive(Debug)]
pub(crate) struct Near {
    name: SecretName,
    /// The user name, where nothing else differs.
    user: Option<ServiceUser>,
    service: Option<ServiceUrl>,
}

/// Why no secret is given for an address.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BelongsError {
    #[error("no secret{} is for {}{}",
        scope.as_ref().map(|scope| format!(" in scope '{scope}'")).unwrap_or_default(),
        asked.as_ref().map_or_else(|| "that".to_owned(), ToString::to_string),
        user.as_ref().map(|user| format!(" and the user '{user}'")).unwrap_or_default())]
    Nothing {
        asked: Option<ServiceUrl>,
        user: Option<ServiceUser>,
        scope: Option<ScopeName>,
        near: Option<Near>,
    },
    #[error("several secrets are for {asked}: {}",
        names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", "))]
    Several { asked: ServiceUrl, names: Vec<SecretName> },
    #[error("{0} is read by everybody on the way: no secret is sent there")]
    NotPrivate(ServiceUrl),
}

impl Failure for BelongsError {
    fn kind(&self) -> Kind {
        match self {
            Self::Nothing { .. } => Kind::NotFound,
            Self::Several { .. } => Kind::Conflict,
            Self::NotPrivate(_) => Kind::Denied,
        }
    }

    fn hint(&self) -> Option<String> {
        Some(match self {
            Self::Nothing { asked: Some(asked), near: Some(_), .. } if !asked.is_private() => {
                "no secret is sent over http: use its https address".into()
            }
            Self::Nothing { near: Some(Near { name, user: Some(user), .. }), .. } => {
                format!("'{name}' is for the user '{user}' there")
            }
            Self::Nothing { near: Some(Near { name, service: Some(service), .. }), .. } => {
                format!(
                    "'{name}' is for {service}; 'authy annotate {name} --for URL' adds an address"
                )
            }
            Self::Nothing { asked: Some(asked), .. } => {
                format!("say whose it is: authy annotate NAME --for {asked}")
            }
            Self::Nothing { .. } => "say whose it is: authy annotate NAME --for URL".into(),
            Self::Several { .. } => {
                "give one a longer path or another --user, or take a scope that reaches one".into()
            }
            Self::NotPrivate(_) => "use its https address".into(),
        })
    }
}
