//! Which secret belongs to an address: found by what records say, none of which is believed before
//! its signature is.

use crate::access::Reach;
use crate::kind::{Failure, Kind};
use crate::name::{ScopeName, SecretName, ServiceUrl, ServiceUser};
use crate::service::base::{Error, Result, Snapshot};
use crate::store::Record;

use super::index;
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

/// What may be meant by a question: everything that belongs to the host of one of its addresses. A record
/// that is damaged keeps nobody from another one; where there is none it is what there is to say.
///
/// # Errors
/// Nothing belongs there, and a record that seems to be meant is damaged; no secret can be listed.
pub(crate) fn candidates(opened: &Snapshot, question: &CredentialQuestion) -> Result<Vec<Place>> {
    let mut found: Vec<Place> = Vec::new();
    let mut damage = None;
    for asked in &question.services {
        for place in mentioned(&Reach::All, opened, Some(asked))? {
            match place {
                Ok(place) if found.iter().any(|one| one.name == place.name) => {}
                Ok(place) => found.push(place),
                Err(error) => damage = damage.or(Some(error)),
            }
        }
    }
    let user = question.user.as_ref();
    let fits = |asked: &ServiceUrl| !fittest(&found, |place| place, asked, user).is_empty();
    match damage {
        Some(error) if !question.services.iter().any(fits) => Err(error),
        _ => Ok(found),
    }
}

/// Chooses the secret that belongs to what is asked for, among those of `all` that are reached: the one
/// with the longest path, and of these the one whose user name is the one asked for.
///
/// # Errors
/// None belongs there, or several as well; what is sent there is read on the way.
pub(crate) fn choose(
    reach: &Reach<'_>,
    all: &[Place],
    question: &CredentialQuestion,
) -> Result<Place> {
    let reaches =
        |place: &&Place| reach.permits(&place.name).is_ok() && reach.holds(&place.name).is_ok();
    let reached: Vec<Place> = all.iter().filter(reaches).cloned().collect();
    let user = question.user.as_ref();
    for asked in &question.services {
        let fittest = fittest(&reached, |place| place, asked, user);
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
    }
    // There, but not for this asker: that is what there is to say.
    for asked in &question.services {
        if let Some(one) = fittest(all, |place| place, asked, user).first() {
            reach.permits(&one.name)?;
            reach.holds(&one.name)?;
        }
    }
    let near = question.services.first().and_then(|asked| near_miss(&reached, asked, user));
    Err(nothing(question, reach.scope(), near))
}

/// Finds the secret that belongs to what is asked for, among those that are reached.
///
/// # Errors
/// As [`choose`]; a record that seems to be meant is damaged.
pub(crate) fn find(
    reach: &Reach<'_>,
    opened: &Snapshot,
    question: &CredentialQuestion,
) -> Result<Place> {
    choose(reach, &candidates(opened, question)?, question)
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
    let mut found = mentioned(reach, opened, asked)?.into_iter().collect::<Result<Vec<_>>>()?;
    let covers = |url: &ServiceUrl| asked.is_none_or(|asked| url.covers(asked));
    found.retain(|one| one.services.iter().any(covers));
    Ok(found)
}

/// The verified records of what is reached and names the host of `asked`, or any address; and what is
/// wrong with those that seem to.
fn mentioned(
    reach: &Reach<'_>,
    opened: &Snapshot,
    asked: Option<&ServiceUrl>,
) -> Result<Vec<Result<Place>>> {
    let reaches = |name: &SecretName| reach.permits(name).is_ok() && reach.holds(name).is_ok();
    let mut names = index::named(opened)?;
    names.retain(reaches);
    if let Some(text) = asked.map(place_text) {
        names.retain(|name| opened.vault.record_mentions(name, &text));
    }
    let read = |name: SecretName| -> Result<Option<Place>> {
        let record = settled(opened, || opened.vault.record(&name, &opened.rules))?;
        Ok(record.map(|record| Place::of(name, &record)))
    };
    let is_there = |url: &ServiceUrl| asked.is_none_or(|asked| url.host() == asked.host());
    let found = names.into_iter().filter_map(|name| read(name).transpose());
    let is_meant = |one: &Result<Place>| match one {
        Ok(place) => place.services.iter().any(is_there),
        Err(_) => true,
    };
    Ok(found.filter(is_meant).collect())
}

/// What stands in the record of everything that belongs to the host of an address. An address has one
/// spelling, so that it is found as text.
fn place_text(url: &ServiceUrl) -> String {
    match url.host() {
        Some(host) => host.to_string(),
        None => url.path().to_owned(),
    }
}

/// The secret that belongs nearly there: at the same place first, and of these the one for the same
/// path, and then the one that comes first.
fn near_miss(all: &[Place], asked: &ServiceUrl, user: Option<&ServiceUser>) -> Option<Near> {
    let nearness = |place: &Place, url: &ServiceUrl| {
        let is_user = place.user.is_none() || user.is_none() || place.user.as_ref() == user;
        (url.covers(asked), url.is_same_place(asked), is_user, url.scheme() == asked.scheme())
    };
    let here = |place: &'_ Place| {
        let urls = place.services.iter().filter(|url| url.host() == asked.host());
        urls.map(|url| (nearness(place, url), url.clone())).max_by_key(|(near, _)| *near)
    };
    let all = all.iter().rev().filter_map(|place| Some((here(place)?, place)));
    let ((nearness, service), place) = all.max_by_key(|((near, _), _)| *near)?;
    let (covers, is_same_place, ..) = nearness;
    Some(Near {
        name: place.name.clone(),
        user: place.user.clone().filter(|_| covers),
        service,
        is_same_place,
    })
}

/// Several belong to what was asked.
pub(crate) fn several(asked: &ServiceUrl, names: Vec<SecretName>) -> Error {
    BelongsError::Several { asked: asked.clone(), names }.into()
}

/// Nothing belongs to what was asked.
fn nothing(question: &CredentialQuestion, scope: Option<&ScopeName>, near: Option<Near>) -> Error {
    let (asked, user) = (question.services.first().cloned(), question.user.clone());
    BelongsError::Nothing { asked, user, scope: scope.cloned(), near }.into()
}

/// A secret that belongs nearly there.
#[derive(Debug)]
pub(crate) struct Near {
    name: SecretName,
    /// The user name, where nothing else differs.
    user: Option<ServiceUser>,
    service: ServiceUrl,
    /// Whether another path is all that differs.
    is_same_place: bool,
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

impl BelongsError {
    /// Whether nothing belongs there; then whether something belongs nearly there.
    pub(crate) fn nothing(&self) -> Option<bool> {
        match self {
            Self::Nothing { near, .. } => Some(near.is_some()),
            Self::Several { .. } | Self::NotPrivate(_) => None,
        }
    }
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
            Self::Nothing {
                near: Some(Near { name, service, is_same_place: true, .. }), ..
            } => {
                format!(
                    "'{name}' is for {service}; 'authy annotate {name} --for URL' adds an address"
                )
            }
            // Another port is another service: no advice to send it there.
            Self::Nothing { near: Some(Near { name, service, .. }), .. } => {
                format!("'{name}' is for {service}")
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
