//! The filters that `audit show` and `audit export` share.

use authy::{AuditFilter, Outcome, ScopeName};
use clap::ValueEnum;
use time::OffsetDateTime;

use crate::cli::moment::Moment;

/// Which lines are wanted.
#[derive(Debug, clap::Args)]
pub(super) struct FilterFlags {
    /// Take lines about secrets whose name matches
    #[arg(long, value_name = "PATTERN")]
    secret: Option<String>,
    /// Take lines of this scope
    #[arg(short, long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    /// Take lines of this member, or of the session with this id or label
    #[arg(long, value_name = "NAME", aliases = ["who", "by"])]
    actor: Option<String>,
    /// Take lines of AI agents: of any, or of those whose mark has this in it
    #[arg(long, value_name = "MARK", num_args = 0..=1, require_equals = true,
        default_missing_value = "")]
    agent: Option<String>,
    /// Take lines of this operation: policy.create, or policy for all of them
    #[arg(long, value_name = "OP")]
    op: Option<String>,
    /// Take lines with this outcome
    #[arg(long, value_enum, value_name = "OUTCOME")]
    outcome: Option<Ended>,
    /// Take lines from then on: RFC 3339, a date, or an age such as 30m, 8h, 7d
    #[arg(long, value_name = "TIME")]
    since: Option<Moment>,
    /// Take lines up to then
    #[arg(long, value_name = "TIME")]
    until: Option<Moment>,
}

/// How an operation ended.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Ended {
    Granted,
    Denied,
    Failed,
}

impl FilterFlags {
    /// Returns the filter; ages count back from `now`.
    pub(super) fn into_filter(self, now: OffsetDateTime) -> AuditFilter {
        AuditFilter {
            secret: self.secret,
            scope: self.scope,
            actor: self.actor,
            agent: self.agent,
            op: self.op,
            outcome: self.outcome.map(|outcome| match outcome {
                Ended::Granted => Outcome::Granted,
                Ended::Denied => Outcome::Denied,
                Ended::Failed => Outcome::Failed,
            }),
            since: self.since.map(|moment| moment.before(now)),
            until: self.until.map(|moment| moment.before(now)),
        }
    }
}
