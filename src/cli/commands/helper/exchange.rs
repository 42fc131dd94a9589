//! What every protocol needs: who asks, what is given, and an answer that is written whole.

use std::io::{self, Read as _};
use std::path::PathBuf;

use authy::{
    Answer, Context, Credential, CredentialQuestion, HelperTool, Kind, Part, Place, Questioner,
    ScopeName, SecretBytes, SecretName, ServiceUrl, ServiceUser, StoreOptions,
};
use serde::Serialize;
use zeroize::Zeroizing;

use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::report;

/// The most bytes of a question.
const MOST: u64 = 1 << 20;
/// The user name where a password goes by itself: what hosts of git take for any token.
pub(super) const ANY_USER: &str = "x-access-token";

/// The scope of a helper.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct ScopeFlag {
    /// Give what this policy allows, and nothing else
    #[arg(short, long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
}

impl ScopeFlag {
    /// As if this scope had been given.
    pub(super) fn of(scope: ScopeName) -> Self {
        Self { scope: Some(scope) }
    }
}

/// One program that asks.
pub(super) struct Exchange<'e> {
    pub(super) env: &'e CliEnv,
    pub(super) ctx: Context,
    by: Questioner,
    /// What a sealed run above says that it put in on the wire.
    sealed: Option<PathBuf>,
}

impl<'e> Exchange<'e> {
    /// Finds out who asks, and under what.
    pub(super) fn new(
        env: &'e CliEnv,
        tool: HelperTool,
        scope: &ScopeFlag,
    ) -> Result<Self, Failure> {
        let ctx = match tool {
            HelperTool::Openclaw => env.context_for_openclaw()?,
            _ => env.context()?,
        };
        let scope = env.scope_of_its_own(scope.scope.clone())?;
        let by = Questioner { tool, program: env.starter(), scope };
        Ok(Self { env, ctx, by, sealed: env.sealed_run() })
    }

    /// The secret that belongs to one of these addresses, or its placeholder in a sealed run.
    pub(super) fn find(
        &self,
        services: Vec<ServiceUrl>,
        user: Option<ServiceUser>,
    ) -> Result<Answer, Failure> {
        let question = CredentialQuestion { services, user };
        if let Some(file) = &self.sealed
            && let Some(placeholder) = authy::placeholder(file, &question)?
        {
            return Ok(Answer::Given(placeholder));
        }
        Ok(authy::credential(&self.ctx, &self.by, &question)?)
    }

    /// As [`Exchange::find`], for protocols that want an answer.
    pub(super) fn must_find(
        &self,
        services: Vec<ServiceUrl>,
        user: Option<ServiceUser>,
    ) -> Result<Credential, Failure> {
        match self.find(services, user)? {
            Answer::Given(found) => Ok(found),
            Answer::Nothing { why, .. } => Err(why.into()),
        }
    }

    /// The one secret that a program which stores a new value for an address means: without a user name
    /// where `user` is none, and with just this one otherwise.
    ///
    /// # Errors
    /// Several are meant as well.
    pub(super) fn kept_for(
        &self,
        services: &[ServiceUrl],
        user: Option<&ServiceUser>,
        bearer: bool,
    ) -> Result<Option<Place>, Failure> {
        let mut same: Vec<Place> = Vec::new();
        for url in services {
            for place in self.places(Some(url))? {
                let is_meant = place.user.as_ref() == user && place.bearer == bearer;
                if is_meant && !same.iter().any(|one| one.name == place.name) {
                    same.push(place);
                }
            }
        }
        match (same.pop(), same.pop(), services.first()) {
            (Some(one), Some(other), Some(url)) => {
                let (url, names) = (Box::new(url.clone()), Box::new([other.name, one.name]));
                Err(Failure::Several { url, names })
            }
            (one, ..) => Ok(one),
        }
    }

    /// Keeps what a program wants kept: as the new value of the one secret that is meant, or as a new
    /// secret below `folder`.
    pub(super) fn keep(
        &self,
        folder: &str,
        services: &[ServiceUrl],
        given: &Given,
    ) -> Result<(), Failure> {
        let (user, bearer) = (given.user.as_ref(), given.bearer);
        if let Some(place) = self.kept_for(services, user, bearer)? {
            authy::rotate(&self.ctx, &place.name, &given.value)?;
            self.env.ui().note(format_args!("rotated {}", place.name));
            return Ok(());
        }
        let odd = |url: &ServiceUrl| Failure::OddQuestion(format!("{url} gives no name"));
        let Some(url) = services.first() else {
            return Err(Failure::OddQuestion("it names no address".to_owned()));
        };
        if !url.is_private() {
            return Err(Failure::OddQuestion(format!("{url} is read by everybody on the way")));
        }
        let name = name_for(folder, url).ok_or_else(|| odd(url))?;
        let all = self.places(Some(url))?;
        if let Some(other) = all.iter().find(|place| place.name == name) {
            let users = Box::new([other.user.clone(), user.cloned()]);
            return Err(Failure::OtherUser { name, users });
        }
        let options = StoreOptions {
            services: vec![url.clone()],
            user: given.user.clone(),
            bearer,
            ..StoreOptions::default()
        };
        authy::store(&self.ctx, &name, &given.value, &options)?;
        self.env.ui().note(format_args!("stored {name}"));
        Ok(())
    }

    /// The secrets of these names.
    pub(super) fn named(&self, names: &[SecretName]) -> Result<Vec<SecretBytes>, Failure> {
        if let Some(file) = &self.sealed {
            let placeholder = |name: &SecretName| authy::placeholder_named(file, name);
            let all: Option<Vec<_>> = names.iter().map(placeholder).collect();
            if let Some(all) = all {
                return Ok(all.into_iter().map(|one| one.value).collect());
            }
        }
        Ok(authy::credentials_by_name(&self.ctx, &self.by, names)?)
    }

    /// The secrets of these names that can be given, each by itself.
    pub(super) fn each(
        &self,
        names: &[SecretName],
    ) -> Result<Vec<authy::Result<SecretBytes>>, Failure> {
        Ok(authy::credentials_each(&self.ctx, &self.by, names)?)
    }

    /// The secret that would be given for an address.
    pub(super) fn place(&self, service: ServiceUrl) -> Result<Place, Failure> {
        let question = CredentialQuestion { services: vec![service], user: None };
        Ok(authy::place(&self.ctx, self.by.scope.as_ref(), &question)?)
    }

    /// What belongs to an address, or to any, as far as the scope reaches.
    pub(super) fn places(&self, asked: Option<&ServiceUrl>) -> Result<Vec<Place>, Failure> {
        Ok(authy::places(&self.ctx, self.by.scope.as_ref(), asked)?)
    }

    /// Says on standard error why there is nothing, as a note.
    pub(super) fn note(&self, why: &authy::Error) {
        let hint = why.hint().map(|hint| format!("; {hint}")).unwrap_or_default();
        self.env.ui().note(authy::printable(&format!("{why}{hint}")));
    }

    /// As [`Exchange::note`], where one belongs nearly there: most questions are about hosts that nobody
    /// has a secret for.
    pub(super) fn note_near(&self, why: &authy::Error, is_near: bool) {
        if is_near {
            self.note(why);
        }
    }

    /// Says that git names no path of its own accord, where that is why nothing is found.
    pub(super) fn note_path(&self, url: &ServiceUrl) {
        let is_below = |place: &ServiceUrl| place.is_same_place(url) && !place.path().is_empty();
        let places = self.places(None).unwrap_or_default();
        if url.path().is_empty() && places.iter().flat_map(|place| &place.services).any(is_below) {
            self.env.ui().note(format_args!(
                "git named no repository; it does after: git config --global credential.{url}.useHttpPath true"
            ));
        }
    }

    /// Says on standard error what went wrong.
    pub(super) fn tell(&self, failure: &Failure) {
        tell(self.env, failure);
    }
}

/// Says on standard error what went wrong.
pub(super) fn tell(env: &CliEnv, failure: &Failure) {
    report::present(env.ui(), failure);
}

/// A value in a question in JSON.
pub(super) struct Typed(pub(super) SecretBytes);

impl<'de> serde::Deserialize<'de> for Typed {
    fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
        String::deserialize(d).map(|text| Self(SecretBytes::from(text)))
    }
}

/// What a program wants kept.
pub(super) struct Given {
    pub(super) user: Option<ServiceUser>,
    pub(super) bearer: bool,
    pub(super) value: SecretBytes,
}

/// Whether there is simply no such secret.
pub(super) fn is_nothing(failure: &Failure) -> bool {
    failure.kind() == Kind::NotFound
}

/// All of standard input.
pub(super) fn question() -> Result<Zeroizing<Vec<u8>>, Failure> {
    let mut bytes = Zeroizing::new(Vec::with_capacity(1 << 12));
    io::stdin().lock().take(MOST).read_to_end(&mut bytes).map_err(Failure::Input)?;
    Ok(bytes)
}

/// All of standard input, as text.
pub(super) fn question_text() -> Result<Zeroizing<String>, Failure> {
    let bytes = question()?;
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(Zeroizing::new(text.to_owned())),
        Err(_) => Err(Failure::OddQuestion("it is not text".to_owned())),
    }
}

/// All of standard input, as JSON.
pub(super) fn question_json<T: serde::de::DeserializeOwned>() -> Result<T, Failure> {
    serde_json::from_slice(&question()?).map_err(|error| {
        Failure::OddQuestion(format!("line {}: it is not what was expected", error.line()))
    })
}

/// The value as the one line that a password is: of an entry of pass the first, and without the
/// newline at the end.
///
/// # Errors
/// It has several lines, or is not text.
pub(super) fn line(name: &SecretName, value: &SecretBytes) -> Result<SecretBytes, Failure> {
    let value = authy::part(name, value, &Part::Password)?.without_line_end();
    let is_line = |text: &str| !text.is_empty() && !text.chars().any(char::is_control);
    match value.expose_str().is_some_and(is_line) {
        true => Ok(value),
        false => Err(Failure::NoLine(name.clone())),
    }
}

/// A line of bytes for an answer, in memory that is wiped.
pub(super) fn joined(parts: &[&[u8]]) -> Zeroizing<Vec<u8>> {
    let mut text = Zeroizing::new(Vec::with_capacity(parts.iter().map(|part| part.len()).sum()));
    parts.iter().for_each(|part| text.extend_from_slice(part));
    text
}

/// Writes an answer in JSON, on one line.
pub(super) fn answer(env: &CliEnv, answer: &impl Serialize) -> Result<(), Failure> {
    let mut text = Zeroizing::new(Vec::with_capacity(MOST as usize / 16));
    serde_json::to_writer(&mut *text, answer).map_err(Failure::Json)?;
    text.push(b'\n');
    env.ui().data(&text)
}

/// A value as text, for an answer in JSON.
pub(super) fn text<'v>(name: &SecretName, value: &'v SecretBytes) -> Result<&'v str, Failure> {
    value.expose_str().ok_or_else(|| Failure::NoText(name.clone()))
}

/// A name below `folder` for what belongs to a host: `docker/ghcr.io`.
pub(super) fn name_for(folder: &str, url: &ServiceUrl) -> Option<SecretName> {
    let host = url.host()?.as_str().replace(':', "-");
    let usual = matches!((url.scheme(), url.port()), ("https", Some(443)) | (_, None));
    let port = url.port().filter(|_| !usual).map(|port| format!("-{port}")).unwrap_or_default();
    SecretName::parse(&format!("{folder}/{host}{port}")).ok()
}
