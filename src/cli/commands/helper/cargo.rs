//! `authy helper cargo`: cargo's credential providers (the Cargo Book, "Credential Provider
//! Protocol"), seen with cargo 1.95.

use std::io::{self, BufRead as _, Read as _};
use std::process::ExitCode;

use authy::{Answer, HelperTool, ScopeName, SecretBytes, ServiceUrl};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::exchange::{Exchange, ScopeFlag, Typed, answer, joined, line, text};
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::prompt::Form;

/// What cargo calls its own registry, and where that lies.
const CRATES_IO: (&str, &str) = ("crates-io", "https://crates.io");
/// The most bytes of a question.
const MOST: u64 = 1 << 16;

/// Answer cargo's credential protocol
///
/// Set up with a line in ~/.cargo/config.toml: below [registry], global-credential-providers =
/// ["cargo:token", "cargo-credential-authy"]. The token of crates.io belongs to https://crates.io.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy store cargo/crates-io --for https://crates.io
  authy annotate cargo/work --for https://crates.work.example")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: ScopeFlag,
    /// Cargo's own word
    #[arg(long, hide = true)]
    cargo_plugin: bool,
}

#[derive(Deserialize)]
struct Question {
    registry: Registry,
    kind: String,
    token: Option<Typed>,
    #[serde(default)]
    args: Vec<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Registry {
    index_url: String,
    name: Option<String>,
}

#[derive(Serialize)]
enum Reply<'a> {
    Ok(Given<'a>),
    Err(Refused),
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Given<'a> {
    Get { token: &'a str, cache: &'static str, operation_independent: bool },
    Login,
}

#[derive(Serialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
enum Refused {
    NotFound,
    UrlNotSupported,
    OperationNotSupported,
    Other {
        message: String,
        #[serde(rename = "caused-by")]
        caused_by: Vec<String>,
    },
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        env.ui().data(b"{\"v\":[1]}\n")?;
        let mut questions = io::stdin().lock();
        loop {
            let mut asked = Zeroizing::new(Vec::with_capacity(1 << 12));
            let read = questions.by_ref().take(MOST).read_until(b'\n', &mut asked);
            if read.map_err(Failure::Input)? == 0 {
                return Ok(ExitCode::SUCCESS);
            }
            // Cargo takes any other exit code for a provider that broke down.
            if let Err(failure) = self.answer(env, &asked) {
                super::exchange::tell(env, &failure);
                answer(env, &Reply::Err(refused(&failure)))?;
            }
        }
    }

    fn answer(&self, env: &CliEnv, asked: &[u8]) -> Result<(), Failure> {
        let asked: Question = serde_json::from_slice(asked)
            .map_err(|error| Failure::OddQuestion(format!("column {}", error.column())))?;
        let scope = scope_in(&asked.args)?.map_or_else(|| self.scope.clone(), ScopeFlag::of);
        let exchange = Exchange::new(env, HelperTool::Cargo, &scope)?;
        let services = services(&asked.registry);
        let Some(url) = services.first().cloned() else {
            return answer(env, &Reply::Err(Refused::UrlNotSupported));
        };
        match asked.kind.as_str() {
            "get" => match exchange.find(services, None) {
                Ok(Answer::Given(found)) => {
                    let value = line(&found.name, &found.value)?;
                    let scheme: &[u8] = if found.bearer { b"Bearer " } else { b"" };
                    let value = SecretBytes::new(joined(&[scheme, value.expose()]).to_vec());
                    let token = text(&found.name, &value)?;
                    // Once for each cargo: publishing asks a hundred times while it waits.
                    let given = Given::Get { token, cache: "session", operation_independent: true };
                    answer(env, &Reply::Ok(given))
                }
                Ok(Answer::Nothing { why, is_near }) => {
                    exchange.note_near(&why, is_near);
                    answer(env, &Reply::Err(Refused::NotFound))
                }
                Err(failure) => Err(failure),
            },
            "login" => {
                login(&exchange, &asked, &url)?;
                answer(env, &Reply::Ok(Given::Login))
            }
            "logout" => {
                let kept = exchange.places(Some(&url))?.into_iter().next();
                match kept {
                    Some(place) => Err(Failure::Kept(place.name)),
                    None => answer(env, &Reply::Err(Refused::NotFound)),
                }
            }
            _ => answer(env, &Reply::Err(Refused::OperationNotSupported)),
        }
    }
}

/// The words of a failure, for cargo's chain of causes.
fn refused(failure: &Failure) -> Refused {
    let message = authy::printable(&failure.to_string());
    Refused::Other { message, caused_by: failure.hint().into_iter().collect() }
}

/// The addresses that a registry goes by.
fn services(registry: &Registry) -> Vec<ServiceUrl> {
    let url = registry.index_url.as_str();
    let url = url.strip_prefix("sparse+").or(url.strip_prefix("registry+")).unwrap_or(url);
    let own = registry.name.as_deref().filter(|name| *name == CRATES_IO.0).map(|_| CRATES_IO.1);
    own.into_iter().chain([url]).filter_map(|url| ServiceUrl::asked(url).ok()).collect()
}

/// `--scope` among the words of the configuration, which cargo hands over in the question.
fn scope_in(args: &[String]) -> Result<Option<ScopeName>, Failure> {
    let mut words = args.iter().map(String::as_str);
    let mut found = None;
    while let Some(word) = words.next() {
        found = match word.split_once('=') {
            Some(("--scope", scope)) => Some(scope),
            None if word == "--scope" => words.next(),
            _ => return Err(Failure::OddQuestion(format!("cargo's configuration says '{word}'"))),
        };
    }
    let parse = |scope: &str| scope.parse().map_err(Failure::Confined);
    found.map(parse).transpose()
}

/// `cargo login`: the token is typed, or comes in the question.
fn login(exchange: &Exchange<'_>, asked: &Question, url: &ServiceUrl) -> Result<(), Failure> {
    let registry = asked.registry.name.as_deref().unwrap_or("the registry");
    let nobody = || Failure::NobodyToAsk(format!("the token of '{registry}'"));
    let value = match &asked.token {
        Some(Typed(token)) => SecretBytes::new(token.expose().trim_ascii().to_vec()),
        None => {
            let mut terminal = exchange.env.person().hidden().ok_or_else(nobody)?;
            let question = format!("Token of {registry}: ");
            terminal.ask(&question, Form::Line, 1 << 12).ok_or_else(nobody)?.text
        }
    };
    if value.is_empty() {
        return Err(Failure::EmptyValue);
    }
    let given = super::exchange::Given { user: None, bearer: false, value };
    exchange.keep("cargo", std::slice::from_ref(url), &given)
}

#[cfg(test)]
mod tests {
    use super::{Registry, scope_in, services};

    #[test]
    fn a_registry_goes_by_its_index() {
        let of = |index_url: &str, name: Option<&str>| {
            let name = name.map(str::to_owned);
            let found = services(&Registry { index_url: index_url.to_owned(), name });
            found.iter().map(ToString::to_string).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(of("sparse+https://r.example/index/", None), "https://r.example/index");
        assert_eq!(
            of("sparse+https://index.crates.io/", Some("crates-io")),
            "https://crates.io https://index.crates.io"
        );
        assert_eq!(of("registry+https://r.example/git", Some("work")), "https://r.example/git");
        assert_eq!(of("no address", None), "");
    }

    #[test]
    fn the_configuration_may_name_a_scope() {
        let scope = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            scope_in(&words).map(|scope| scope.map(|scope| scope.to_string())).ok()
        };
        assert_eq!(scope(&[]), Some(None));
        assert_eq!(scope(&["--scope", "a"]), Some(Some("a".to_owned())));
        assert_eq!(scope(&["--scope=a"]), Some(Some("a".to_owned())));
        assert_eq!(scope(&["--account", "x"]), None);
    }
}
