//! `authy init`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use authy::{InitOptions, InitReport, MemberName, NameSource, Newcomer, ScopeName, printable};

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::ui::Ui;
use crate::front::recipient_shown;

/// Create a vault, its first admin and an identity
///
/// The identity is written to ~/.authy/keys/master.key, readable by you alone; one that is
/// already there is used. Inside another git repository authy does not commit, and keeps the
/// audit trail out of git.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy init
  authy --vault ./secrets init --member alice
  authy init --install-diff                in a clone, too
  authy init --project --scope backend     in a project")]
pub(crate) struct Args {
    /// Call the first admin this [default: made of git's user.name, else of user.email, else
    /// your login name, else 'admin']
    #[arg(long, alias = "name", value_name = "NAME")]
    member: Option<MemberName>,
    #[command(flatten)]
    identity: IdentityFlags,
    /// Leave the commits to you
    #[arg(long)]
    manual_commit: bool,
    /// Have git's diffs in this clone tell version, author and readers of a value, never the
    /// value; in a vault that is there already nothing else is done
    #[arg(long)]
    install_diff: bool,
    /// Make no vault but a commented .authy.toml in this folder, for a project whose commands
    /// get the secrets of one scope
    #[arg(long, conflicts_with_all = ["member", "generate_keyfile", "passphrase", "post_quantum", "manual_commit", "install_diff"])]
    project: bool,
    /// Name this scope in .authy.toml [default: the only one of the vault]
    #[arg(long, value_name = "SCOPE", requires = "project")]
    scope: Option<ScopeName>,
}

/// The words about the identity of somebody new.
#[derive(Debug, clap::Args)]
pub(super) struct IdentityFlags {
    /// Make a new identity in this file
    #[arg(long, value_name = "FILE")]
    generate_keyfile: Option<PathBuf>,
    /// Protect the new identity with a passphrase, asked twice or taken from AUTHY_PASSPHRASE
    #[arg(long)]
    passphrase: bool,
    /// Make the new identity one that a quantum computer does not break (age1pq1…: ML-KEM-768 with
    /// X25519). 'age' reads it from version 1.3 on, and no older one
    #[arg(long)]
    post_quantum: bool,
    /// Put a copy of the identity into this file, protected by a passphrase
    #[arg(long, value_name = "FILE")]
    backup: Option<PathBuf>,
}

impl IdentityFlags {
    /// Somebody new, with the name that was given.
    pub(super) fn newcomer(self, env: &CliEnv, name: Option<MemberName>) -> Newcomer {
        Newcomer {
            name,
            logins: env.logins(),
            generate_keyfile: self.generate_keyfile,
            passphrase: self.passphrase,
            post_quantum: self.post_quantum,
            backup: self.backup,
        }
    }
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        if self.project {
            return make_project(env, self.scope);
        }
        let options = InitOptions {
            who: self.identity.newcomer(env, self.member),
            manual_commit: self.manual_commit,
        };
        // A project file may name a vault, but not where one is made.
        let ctx = env.context_without_project()?;
        if self.install_diff && authy::is_vault(&ctx) {
            authy::install_diff(&ctx)?;
            env.ui().note("git's diffs in this clone tell what changed in secrets");
            return Ok(ExitCode::SUCCESS);
        }
        let report = authy::init(&ctx, &options)?;
        if self.install_diff {
            authy::install_diff(&ctx)?;
        }
        if env.ui().wants_json() {
            env.ui().json(&as_json(&report))?;
        } else {
            tell(env.ui(), &report);
        }
        Ok(ExitCode::SUCCESS)
    }
}

/// Creates a vault as 'authy init' without flags does.
pub(super) fn create(env: &CliEnv) -> Result<(), Failure> {
    let who = Newcomer {
        name: None,
        logins: env.logins(),
        generate_keyfile: None,
        passphrase: false,
        post_quantum: false,
        backup: None,
    };
    let options = InitOptions { who, manual_commit: false };
    let report = authy::init(&env.context_without_project()?, &options)?;
    tell(env.ui(), &report);
    Ok(())
}

fn make_project(env: &CliEnv, scope: Option<ScopeName>) -> CommandResult {
    let scope = match scope {
        Some(scope) => Some(scope),
        None => env.confined()?,
    };
    let (path, scope) =
        authy::project_create(&env.context_without_project()?, Path::new("."), scope)?;
    if env.ui().wants_json() {
        env.ui().json(&serde_json::json!({ "path": path.to_string_lossy(), "scope": scope }))?;
    }
    env.ui().note(format_args!("wrote '.authy.toml' for scope {scope}: look at it, and commit it"));
    Ok(ExitCode::SUCCESS)
}

fn as_json(report: &InitReport) -> serde_json::Value {
    serde_json::json!({
        "vault": report.vault.to_string_lossy(),
        "id": report.id,
        "member": report.member,
        "named_after": report.named_after,
        "keyfile": report.keyfile.as_ref().map(|file| file.to_string_lossy()),
        "keyfile_created": report.keyfile_created,
        "backup": report.backup.as_ref().map(|file| file.to_string_lossy()),
        "recipient": report.recipient,
        "fingerprint": report.fingerprint,
        "commits": report.commits,
    })
}

fn tell(ui: Ui, report: &InitReport) {
    ui.note(format_args!("created a vault in '{}'", shown(&report.vault)));
    let source = named_after(report.named_after, "--member");
    ui.note(format_args!("its admin is {} ({}){source}", report.member, report.fingerprint));
    let (keyfile, backup) = (report.keyfile.as_deref(), report.backup.as_deref());
    tell_identity(ui, keyfile, backup, report.keyfile_created, &report.recipient);
}

/// Says where the identity lies, and to keep a copy of a new one.
pub(super) fn tell_identity(
    ui: Ui,
    file: Option<&Path>,
    backup: Option<&Path>,
    is_new: bool,
    recipient: &str,
) {
    let Some(file) = file else { return };
    let which = if is_new { "new identity in" } else { "identity from" };
    ui.note(format_args!("{which} '{}' ({})", shown(file), recipient_shown(recipient)));
    match backup {
        Some(backup) => ui.note(format_args!(
            "copy in '{}', under a passphrase: keep it somewhere else",
            shown(backup)
        )),
        None if is_new => ui.note(
            "without that file nothing can be decrypted: 'authy backup FILE' makes a copy to keep elsewhere",
        ),
        None => {}
    }
}

fn shown(path: &Path) -> String {
    printable(&path.to_string_lossy())
}

/// Says where a name comes from that nobody gave, and the `flag` that gives one.
pub(super) fn named_after(source: NameSource, flag: &str) -> String {
    let source = match source {
        NameSource::Given => return String::new(),
        NameSource::GitName => "named after git's user.name",
        NameSource::GitEmail => "named after git's user.email",
        NameSource::Login => "named after your login",
        NameSource::Nothing => "as nothing says who you are",
    };
    format!(", {source}; {flag} chooses another name")
}
