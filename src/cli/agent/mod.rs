//! What this process was started under: an AI agent, a scope, a token.
//!
//! Agents hand on only part of their environment to what they start. So the processes above are
//! asked as well: a scope or a token that got lost on the way narrows all the same. A marker alone
//! does not keep from the values of a `run` that a person started: whoever started it chose the
//! scope. That too is read from the processes above, not from our own environment, where an agent could
//! write it.

#[cfg_attr(not(target_os = "linux"), path = "nothing_above.rs")]
mod above;
mod markers;

use std::ffi::OsString;
use std::path::PathBuf;

pub(crate) use above::Above;

/// By which the MCP server tells the programs it runs whose work they are.
pub(crate) const CLIENT: &str = "AUTHY_MCP_CLIENT";

/// How the trail names a client of the MCP server.
pub(super) fn of_client(client: &str) -> String {
    format!("mcp {client}")
}

/// How the processes of OpenClaw are called.
const OPENCLAW: &str = "openclaw";

/// Looks a variable of our own up.
type Variables<'v> = &'v dyn Fn(&str) -> Option<OsString>;

/// The scope of our own environment, or that of the nearest process above.
pub(super) enum Confinement {
    /// None.
    Free,
    /// This.
    To(OsString),
    /// Our own, though a process above has another.
    Changed { own: OsString, above: OsString },
}

/// Finds out what scope this process is confined to.
pub(super) fn confinement(variable: Variables<'_>, above: &Above) -> Confinement {
    let set = |value: &OsString| !value.is_empty();
    let own = variable("AUTHY_SCOPE").filter(set);
    let above = above.nearest(["AUTHY_SCOPE"]).map(|(_, scope)| scope).filter(set);
    match (own, above) {
        (None, None) => Confinement::Free,
        (Some(own), Some(above)) if own != above => Confinement::Changed { own, above },
        (Some(scope), _) | (None, Some(scope)) => Confinement::To(scope),
    }
}

/// A token that a process above was given and this one was not.
pub(super) enum LostToken {
    /// The token itself: it stays where it is.
    Itself,
    /// The path of its file, which says the same here.
    File(PathBuf),
}

/// Finds the token of the nearest process above that has one.
pub(super) fn lost_token(above: &Above) -> Option<LostToken> {
    Some(match above.nearest(["AUTHY_TOKEN", "AUTHY_TOKEN_FILE"])? {
        (0, _) => LostToken::Itself,
        (_, file) => LostToken::File(file.into()),
    })
}

/// An agent at work.
pub(super) struct Agent {
    /// What tells.
    pub(super) marker: String,
    /// Whether a person started the `run` above that gave the scope.
    pub(super) is_below_a_run: bool,
    /// Whether the processes above it, and with them a scope or token, cannot be seen.
    pub(super) is_out_of_sight: bool,
}

/// Tells whether OpenClaw itself started this process, and no agent of it: the mark for its helpers
/// is there, the one for the commands of agents nowhere, no other, and it stands right above, where it
/// can be seen.
pub(super) fn is_openclaw_itself(variable: Variables<'_>, above: &Above) -> bool {
    let others = |name: &str| if name == "OPENCLAW_CLI" { None } else { variable(name) };
    let is_marked = variable("OPENCLAW_CLI").is_some_and(|value| !value.is_empty());
    is_marked
        && markers::of_variables(&others).is_none()
        && above.nearest(["OPENCLAW_SHELL"]).is_none()
        && above.agent().is_none_or(|name| name.starts_with(OPENCLAW))
        && above.is_below(OPENCLAW)
}

/// Tells whether an agent is at work, and whether a person started the `run` above in `confined`.
pub(super) fn agent(
    variable: Variables<'_>,
    above: &Above,
    confined: Option<&str>,
) -> Option<Agent> {
    let client = variable(CLIENT).filter(|client| !client.is_empty());
    let by_variable = markers::of_variables(variable);
    let marker = match (client, by_variable) {
        (Some(client), _) => of_client(&client.to_string_lossy()),
        (None, Some(name)) => name.to_owned(),
        (None, None) => format!("a process '{}'", above.agent()?),
    };
    let is_below_a_run = confined.is_some_and(|scope| above.has_a_persons_run(scope));
    let is_out_of_sight = !is_below_a_run && above.begins_below_an_agent();
    Some(Agent { marker, is_below_a_run, is_out_of_sight })
}
