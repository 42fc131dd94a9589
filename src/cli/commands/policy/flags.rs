//! The words that `policy create` and `policy update` share.

use authy::{PolicyChange, ScopeName, Ttl};

/// What to put into a policy.
#[derive(Debug, clap::Args)]
pub(super) struct PolicyFlags {
    /// Policy name, which is the scope
    name: ScopeName,
    /// Reach secrets whose name matches; may be repeated
    #[arg(short, long, value_name = "PATTERN")]
    allow: Vec<String>,
    /// Never reach secrets whose name matches, whatever is allowed; may be repeated
    #[arg(long, value_name = "PATTERN")]
    deny: Vec<String>,
    /// Let this member or @group use the scope; may be repeated
    #[arg(long = "member", value_name = "MEMBER")]
    members: Vec<String>,
    /// Give values to programs only, never print them; =false undoes it
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    run_only: Option<bool>,
    /// Let 'run' start only programs whose name matches; may be repeated
    #[arg(long = "command", value_name = "PATTERN")]
    commands: Vec<String>,
    /// Let programs use these secrets towards these hosts without holding them: NAMES=HOSTS, or
    /// names alone where 'store --for' said whose they are, and as wanted ;methods=GET,POST ;paths=/repos/acme/* ;as=bearer ;in=query,body
    /// ;placeholder=ghp_ ;loopback-plain=true; every 'run' of the scope seals them then; may be
    /// repeated
    #[arg(long, value_name = "NAMES=HOSTS")]
    seal: Vec<String>,
    /// Let a 'run' that is not asked to seal hand out what this command's --seal names, as if no
    /// rule named it
    #[arg(long, requires = "seal")]
    seal_also_plain: bool,
    /// Reveal no value at all, and allow sealed use only; =false undoes it
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true"
    )]
    seal_only: Option<bool>,
    /// Let sessions live no longer than this, such as 8h
    #[arg(long, value_name = "TIME")]
    max_ttl: Option<Ttl>,
    /// Description
    #[arg(long, value_name = "TEXT")]
    description: Option<String>,
}

impl PolicyFlags {
    /// Returns the change, with nothing taken away.
    pub(super) fn into_change(self) -> PolicyChange {
        PolicyChange {
            seen: None,
            name: self.name,
            allow: self.allow,
            deny: self.deny,
            members: self.members,
            remove_allow: Vec::new(),
            remove_deny: Vec::new(),
            remove_members: Vec::new(),
            run_only: self.run_only,
            commands: self.commands,
            remove_commands: Vec::new(),
            any_command: false,
            seal_only: self.seal_only,
            seal: match self.seal_also_plain {
                true => self.seal.iter().map(|rule| format!("{rule};plain=true")).collect(),
                false => self.seal,
            },
            remove_seal: Vec::new(),
            max_ttl: self.max_ttl,
            no_max_ttl: false,
            description: self.description,
        }
    }
}
