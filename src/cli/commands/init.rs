//! `authy init`.

use std::path::PathBuf;
use std::process::ExitCode;

use authy::{InitOptions, MemberName};

use crate::cli::context::World;
use crate::cli::error::Failure;

/// Make a vault, its first admin, an identity and a git repository
///
/// The identity is written to ~/.authy/keys/master.key (0600), or an existing one there is used.
/// Inside another git repository authy does not commit, and keeps the audit trail out of git.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Call the first admin this [default: the login name]
    #[arg(long, value_name = "NAME")]
    member: Option<MemberName>,
    /// Make a new identity in this file
    #[arg(long, value_name = "FILE")]
    generate_keyfile: Option<PathBuf>,
    /// Protect the new identity with a passphrase (asked twice, or AUTHY_PASSPHRASE)
    #[arg(long)]
    passphrase: bool,
    /// Leave committing to me
    #[arg(long)]
    manual_commit: bool,
}

pub(crate) fn run(world: &World, args: Args) -> Result<ExitCode, Failure> {
    let ctx = world.context_without_project()?;
    let options = InitOptions {
        member: args.member,
        generate_keyfile: args.generate_keyfile,
        passphrase: args.passphrase,
        manual_commit: args.manual_commit,
    };
    let report = authy::init(&ctx, &options)?;
    let ui = world.ui();
    if world.json() {
        ui.value(&serde_json::json!({
            "vault": report.vault,
            "id": report.id,
            "member": report.member,
            "keyfile": report.keyfile,
            "keyfile_created": report.keyfile_created,
            "recipient": report.recipient,
            "fingerprint": report.fingerprint,
            "commits": report.commits,
        }))?;
        return Ok(ExitCode::SUCCESS);
    }
    ui.note(&format!("made a vault in '{}'", report.vault.display()));
    ui.note(&format!("admin {} ({})", report.member, report.fingerprint));
    if let Some(file) = &report.keyfile {
        let verb = if report.keyfile_created { "new identity" } else { "identity" };
        ui.note(&format!("{verb} '{}' ({})", file.display(), report.recipient));
        if report.keyfile_created {
            ui.note("keep a copy of that file somewhere safe: without it nothing can be read");
        }
    }
    Ok(ExitCode::SUCCESS)
}
