//! The filters that `audit show` and `audit export` share.

use authy::{AuditFilter, Outcome, ScopeName};
use clap::ValueEnum;
use time::OffsetDateTime;

use crate::cli::time::moment;

/// Which lines are wanted.
#[derive(Debug, clap::Args)]
pub(super) struct FilterFlags {
    /// Lines about secrets whose name matches this pattern
    #[arg(long, value_name = "PATTERN")]
    secret: Option<String>,
    /// Lines of this scope
    #[arg(long, value_name = "SCOPE")]
    scope: Option<ScopeName>,
    /// Lines of this member, or of this session's id or label
    #[arg(long, value_name = "NAME")]
    actor: Option<String>,
    /// Lines of this operation: 'policy.create', or 'policy' for all of them
    #[arg(long, value_name = "OP")]
    op: Option<String>,
    /// Lines with this outcome
    #[arg(long, value_enum, value_name = "OUTCOME")]
    outcome: Option<Ended>,
    /// Lines from then on: RFC 3339, a date, or an age such as 8h
    #[arg(long, value_name = "TIME", value_parser = moment)]
    since: Option<OffsetDateTime>,
    /// Lines up to then
    #[arg(long, value_name = "TIME", value_parser = moment)]
    until: Option<OffsetDateTime>,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Ended {
    Granted,
    Denied,
    Failed,
}

impl From<FilterFlags> for AuditFilter {
    fn from(flags: FilterFlags) -> Self {
        Self {
            secret: flags.secret,
            scope: flags.scope,
            actor: flags.actor,
            op: flags.op,
            outcome: flags.outcome.map(|outcome| match outcome {
                Ended::Granted => Outcome::Granted,
                Ended::Denied => Outcome::Denied,
                Ended::Failed => Outcome::Failed,
            }),
            since: flags.since,
            until: flags.until,
        }
    }
}
