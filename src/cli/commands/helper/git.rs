//! `authy helper git`: git's credential helpers (gitcredentials(7), git-credential(1)), seen with git
//! 2.39 to 2.55.

use std::process::ExitCode;

use authy::{
    Answer, Credential, HelperTool, SecretBytes, SecretName, ServiceUrl, ServiceUser, StoreOptions,
};
use zeroize::Zeroizing;

use super::exchange::{ANY_USER, Exchange, ScopeFlag, joined, line, name_for, question_text};
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// What a state of ours begins with; git hands it back with what became of the credential.
const STATE: &str = "authy.secret=";

/// Answer git's credential protocol
///
/// Set up with: git config --global credential.helper authy, where git-credential-authy is in PATH.
/// git asks for a host; with credential.useHttpPath for a repository too.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  git config --global credential.helper authy
  git config --global credential.https://github.com.helper 'authy --scope bot'
  printf 'protocol=https\\nhost=github.com\\n' | authy helper git get")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: ScopeFlag,
    /// What git wants: get, store or erase
    #[arg(value_name = "OPERATION")]
    operation: String,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let asked = Asked::parse(&question_text()?);
        // Operations that are new to a helper it is to pass over (gitcredentials(7)).
        let Some(url) = asked.url() else { return Ok(ExitCode::SUCCESS) };
        let exchange = match Exchange::new(env, HelperTool::Git, &self.scope) {
            Ok(exchange) => exchange,
            Err(failure) => return quits(env, &self.operation, failure),
        };
        match self.operation.as_str() {
            "get" => {
                get(&exchange, &asked, &url).or_else(|failure| quits(env, &self.operation, failure))
            }
            "store" => store(&exchange, &asked, &url),
            "erase" => erase(&exchange, &asked, &url),
            _ => Ok(ExitCode::SUCCESS),
        }
    }
}

/// Without these words git goes on, with an empty password.
fn quits(env: &CliEnv, operation: &str, failure: Failure) -> CommandResult {
    if operation == "get" {
        env.ui().data(b"quit=1\n")?;
    }
    Err(failure)
}

/// What git says, as far as it is of use here.
#[derive(Default)]
struct Asked {
    protocol: String,
    host: String,
    path: String,
    user: String,
    password: Zeroizing<String>,
    knows_bearer: bool,
    knows_state: bool,
    is_ephemeral: bool,
    /// The name of a secret of ours, handed back.
    given: Option<SecretName>,
}

impl Asked {
    fn parse(text: &str) -> Self {
        let mut asked = Self::default();
        for line in text.lines().take_while(|line| !line.is_empty()) {
            let Some((key, value)) = line.split_once('=') else { continue };
            match key {
                "protocol" => value.clone_into(&mut asked.protocol),
                "host" => value.clone_into(&mut asked.host),
                "path" => value.clone_into(&mut asked.path),
                "username" => value.clone_into(&mut asked.user),
                "password" => asked.password = Zeroizing::new(value.to_owned()),
                "ephemeral" => asked.is_ephemeral = value == "1",
                "capability[]" if value == "authtype" => asked.knows_bearer = true,
                "capability[]" if value == "state" => asked.knows_state = true,
                "state[]" => {
                    let name = value.strip_prefix(STATE).and_then(|name| name.parse().ok());
                    asked.given = name.or(asked.given);
                }
                _ => {}
            }
        }
        asked
    }

    fn url(&self) -> Option<ServiceUrl> {
        let path = self.path.trim_start_matches('/');
        ServiceUrl::asked(&format!("{}://{}/{path}", self.protocol, self.host)).ok()
    }

    fn user(&self) -> Option<ServiceUser> {
        ServiceUser::parse(&self.user).ok()
    }
}

fn get(exchange: &Exchange<'_>, asked: &Asked, url: &ServiceUrl) -> CommandResult {
    let found = match exchange.find(vec![url.clone()], asked.user())? {
        Answer::Given(found) => found,
        // Another helper may know, or the person at the terminal.
        Answer::Nothing { why, .. } => {
            exchange.note(&why);
            exchange.note_path(url);
            return Ok(ExitCode::SUCCESS);
        }
    };
    let value = line(&found.name, &found.value)?;
    let answer = answer(asked, &found, &value)?;
    exchange.env.ui().data(&answer)?;
    Ok(ExitCode::SUCCESS)
}

fn answer(
    asked: &Asked,
    found: &Credential,
    value: &SecretBytes,
) -> Result<Zeroizing<Vec<u8>>, Failure> {
    let state = match asked.knows_state {
        true => format!("capability[]=state\nstate[]={STATE}{}\n", found.name),
        false => String::new(),
    };
    if found.bearer {
        if !asked.knows_bearer {
            return Err(Failure::NoBearer(found.name.clone()));
        }
        let head =
            format!("capability[]=authtype\n{state}authtype=Bearer\nephemeral=1\ncredential=");
        return Ok(joined(&[head.as_bytes(), value.expose(), b"\n"]));
    }
    let user = found.user.as_ref().map(ServiceUser::as_str);
    let user = user.or(Some(asked.user.as_str()).filter(|user| !user.is_empty()));
    let head = format!("{state}username={}\npassword=", user.unwrap_or(ANY_USER));
    Ok(joined(&[head.as_bytes(), value.expose(), b"\n"]))
}

/// What git used with success: kept where a person typed it, and says so.
fn store(exchange: &Exchange<'_>, asked: &Asked, url: &ServiceUrl) -> CommandResult {
    let user = asked.user();
    let is_ours = asked.given.is_some() || asked.is_ephemeral || asked.password.is_empty();
    if is_ours || user.is_none() || exchange.ctx.token.is_some() || !url.is_private() {
        return Ok(ExitCode::SUCCESS);
    }
    let belongs = exchange.places(Some(url))?;
    let is_known = |place: &authy::Place| place.user.is_none() || place.user == user;
    let name = name_for("git", url).filter(|_| !belongs.iter().any(is_known));
    let (Some(name), Some(user)) = (name, user) else { return Ok(ExitCode::SUCCESS) };
    let question = format!("Keep the password of {user} at {url} in the vault, as '{name}'?");
    // Others read what is in a vault: it is kept where somebody says so, and nowhere else.
    if exchange.env.person().agrees(&authy::printable(&question)) != Some(true) {
        return Ok(ExitCode::SUCCESS);
    }
    let options =
        StoreOptions { services: vec![url.clone()], user: Some(user), ..StoreOptions::default() };
    let value = SecretBytes::new(asked.password.as_bytes().to_vec());
    authy::store(&exchange.ctx, &name, &value, &options)?;
    exchange.env.ui().note(format_args!("stored {name}"));
    Ok(ExitCode::SUCCESS)
}

/// What the server refused: it stays, and somebody is told.
fn erase(exchange: &Exchange<'_>, asked: &Asked, url: &ServiceUrl) -> CommandResult {
    let user = asked.user();
    let names = match &asked.given {
        Some(name) => vec![name.clone()],
        None => {
            let is_it = |place: &authy::Place| place.user.is_none() || place.user == user;
            let places = exchange.places(Some(url)).unwrap_or_default();
            places.into_iter().filter(is_it).map(|place| place.name).collect()
        }
    };
    for name in names.iter().take(1) {
        exchange.env.ui().note(format_args!(
            "{url} refused '{name}'; it stays as it is: 'authy rotate {name}' gives it a new value"
        ));
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use authy::{Credential, SecretBytes};
    use proptest::prelude::*;

    use super::{Asked, answer};

    fn credential(user: Option<&str>, bearer: bool) -> Credential {
        Credential {
            name: "git/token".parse().unwrap(),
            user: user.map(|user| user.parse().unwrap()),
            bearer,
            value: SecretBytes::from("t0k".to_owned()),
        }
    }

    fn answered(question: &str, user: Option<&str>, bearer: bool) -> Option<String> {
        let found = credential(user, bearer);
        let answer = answer(&Asked::parse(question), &found, &found.value).ok()?;
        Some(String::from_utf8(answer.to_vec()).unwrap())
    }

    const NEW: &str = "capability[]=authtype\ncapability[]=state\nprotocol=https\nhost=h\n\n";

    #[test]
    fn a_password_goes_with_a_user_name() {
        let plain = |user| answered("protocol=https\nhost=h\n", user, false).unwrap();
        assert_eq!(plain(Some("ann")), "username=ann\npassword=t0k\n");
        assert_eq!(plain(None), "username=x-access-token\npassword=t0k\n");
        let asked = answered("protocol=https\nhost=h\nusername=bob\n", None, false).unwrap();
        assert_eq!(asked, "username=bob\npassword=t0k\n");
        let state = "capability[]=state\nstate[]=authy.secret=git/token\n";
        let asked = answered(NEW, Some("ann"), false).unwrap();
        assert_eq!(asked, format!("{state}username=ann\npassword=t0k\n"));
    }

    #[test]
    fn a_bearer_token_is_for_a_git_that_knows_them() {
        let answer = answered(NEW, None, true).unwrap();
        assert!(answer.contains("authtype=Bearer\nephemeral=1\ncredential=t0k\n"), "{answer}");
        assert_eq!(answered("protocol=https\nhost=h\n", None, true), None);
    }

    #[test]
    fn what_git_hands_back_is_known_as_ours() {
        let asked = Asked::parse("host=h\nstate[]=other.x=1\nstate[]=authy.secret=git/token\n");
        assert_eq!(asked.given.unwrap().as_str(), "git/token");
        assert!(Asked::parse("state[]=authy.secret=../x\n").given.is_none());
    }

    proptest! {
        #[test]
        fn whatever_is_asked_the_answer_has_one_password(text in "([a-z\\[\\]]{1,8}=[ -~]{0,9}\n){0,6}") {
            let found = credential(Some("ann"), false);
            let answer = answer(&Asked::parse(&text), &found, &found.value).unwrap();
            let answer = String::from_utf8(answer.to_vec()).unwrap();
            prop_assert_eq!(answer.matches("\npassword=t0k\n").count(), 1);
        }
    }
}
