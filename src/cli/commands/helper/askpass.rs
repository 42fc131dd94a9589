//! `authy helper askpass`: what git and ssh start to ask a person (`GIT_ASKPASS`, `SSH_ASKPASS`).

use std::process::ExitCode;

use authy::{HelperTool, ServiceUrl, ServiceUser};

use super::exchange::{ANY_USER, Exchange, ScopeFlag, is_nothing, joined, line};
use crate::cli::commands::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;

/// Answer the questions of git and ssh
///
/// Set up with GIT_ASKPASS or SSH_ASKPASS and a link named authy-askpass to authy; ssh heeds it
/// without a terminal only where SSH_ASKPASS_REQUIRE=force is set. Whole questions of git for an https
/// address, and of ssh for a host's password or a key's passphrase, are answered; what a server words
/// itself is not. The secret belongs to https://HOST, ssh://HOST or file:///PATH-OF-THE-KEY.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy store ssh/key --for file:///home/ann/.ssh/id_ed25519
  GIT_ASKPASS=authy-askpass git push
  authy helper askpass \"Password for 'https://github.com': \"")]
pub(crate) struct Args {
    #[command(flatten)]
    scope: ScopeFlag,
    /// The question
    #[arg(value_name = "QUESTION")]
    question: String,
}

/// What is asked for.
#[derive(Debug, PartialEq, Eq)]
enum Asked {
    User,
    Password,
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let odd =
            || Failure::OddQuestion(format!("'{}' is not a question of git or ssh", self.question));
        let (asked, url, user) = parse(&self.question).ok_or_else(odd)?;
        let exchange = Exchange::new(env, HelperTool::Askpass, &self.scope)?;
        let answer = match asked {
            // Nothing secret: the password is asked for after it.
            Asked::User => {
                let user = exchange.place(url)?.user;
                joined(&[user.as_ref().map_or(ANY_USER, ServiceUser::as_str).as_bytes(), b"\n"])
            }
            Asked::Password => {
                let user = user.filter(|user| user.as_str() != ANY_USER);
                let found = exchange.must_find(vec![url.clone()], user);
                if found.as_ref().is_err_and(is_nothing) {
                    exchange.note_path(&url);
                }
                let found = found?;
                joined(&[line(&found.name, &found.value)?.expose(), b"\n"])
            }
        };
        env.ui().data(&answer)?;
        Ok(ExitCode::SUCCESS)
    }
}

/// Takes a question apart; `None` for one that is not as git and ssh put it. What a server asks
/// (keyboard-interactive) ssh puts behind `(user@host) `, and it is not answered.
fn parse(question: &str) -> Option<(Asked, ServiceUrl, Option<ServiceUser>)> {
    let question = question.strip_suffix(' ').unwrap_or(question);
    let quoted = |start: &str| question.strip_prefix(start)?.strip_suffix("':");
    if let Some(text) = quoted("Username for '") {
        let (url, _) = address(text)?;
        return Some((Asked::User, url, None));
    }
    if let Some(text) = quoted("Password for '") {
        let (url, user) = address(text)?;
        return Some((Asked::Password, url, user));
    }
    if let Some(path) = quoted("Enter passphrase for key '") {
        return Some((Asked::Password, ServiceUrl::asked(&format!("file://{path}")).ok()?, None));
    }
    let place = question.strip_suffix("'s password:")?;
    let (user, host) = place.split_once('@')?;
    let url = ServiceUrl::asked(&format!("ssh://{host}")).ok()?;
    Some((Asked::Password, url, Some(ServiceUser::parse(user).ok()?)))
}

/// An address as git writes it, with the user name in it where it is known.
fn address(text: &str) -> Option<(ServiceUrl, Option<ServiceUser>)> {
    let (scheme, rest) = text.split_once("://")?;
    let (user, place) = match rest.split_once('@') {
        Some((user, place)) if !user.contains('/') => {
            let user = percent_encoding::percent_decode_str(user).decode_utf8().ok()?;
            (Some(ServiceUser::parse(&user).ok()?), place)
        }
        _ => (None, rest),
    };
    Some((ServiceUrl::asked(&format!("{scheme}://{place}")).ok()?, user))
}

#[cfg(test)]
mod tests {
    use super::{Asked, parse};

    #[test]
    fn whole_questions_of_git_and_ssh_are_understood() {
        let read = |question: &str| {
            let (asked, url, user) = parse(question)?;
            let user = user.map(|user| format!(" {user}")).unwrap_or_default();
            let what = if asked == Asked::User { "user" } else { "password" };
            Some(format!("{what} {url}{user}"))
        };
        for (question, means) in [
            ("Username for 'https://github.com': ", "user https://github.com"),
            ("Password for 'https://github.com': ", "password https://github.com"),
            ("Password for 'https://a%40b@h:8443/x': ", "password https://h:8443/x a@b"),
            ("ann@h.example's password: ", "password ssh://h.example ann"),
            ("Enter passphrase for key '/home/ann/.ssh/id': ", "password file:///home/ann/.ssh/id"),
        ] {
            assert_eq!(read(question).as_deref(), Some(means), "{question}");
        }
        for other in [
            "",
            "(ann@evil.example) Password for 'https://github.com': ",
            "(ann@evil.example) ann@h.example's password: ",
            "Password: ",
            "Are you sure you want to continue connecting (yes/no/[fingerprint])? ",
            "Enter PIN for 'x': ",
            "Password for 'github.com': ",
        ] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
