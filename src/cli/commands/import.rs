//! `authy import`.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use authy::{
    Existing, IMPORT_FORMATS, ImportEntry, ImportFormat, ImportFrom, ImportOptions, ImportStatus,
    ImportedPolicy, PolicyChange, SecretBytes, printable,
};
use clap::builder::{PossibleValue, PossibleValuesParser, TypedValueParser};
use zeroize::Zeroizing;

use super::CommandResult;
use crate::cli::context::CliEnv;
use crate::cli::error::Failure;
use crate::cli::table::Table;

/// Largest file, in bytes.
const LIMIT: u64 = 64 << 20;

/// Import secrets from a file or another manager
///
/// Names become lower case with '-' between words: DB_URL becomes db-url. A secret that has the
/// value already is left as it is. Names that cannot be used, that collide or exist already with
/// another value are listed, and then nothing is imported. Other managers are asked through their
/// own programs, which must be installed and unlocked.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  authy import .env --dry-run
  authy import .env --prefix dev/
  authy import .env --update               once more, after it has changed
  dotenvx decrypt --stdout | authy import -
  kubectl get secret app -o json | jq '.data | map_values(@base64d)' | authy import - --from json
  authy import --from pass                 all of ~/.password-store
  authy import secrets.enc.yaml --from sops
  authy import secret/app --from vault
  authy import vault.json --from bitwarden --report --dry-run
  authy import --from authy-0.7 ~/.authy-0.7 --from-keyfile old.key")]
pub(crate) struct Args {
    /// The file, '-' for standard input; with other managers a folder, a path or a vault of theirs
    #[arg(required_unless_present = "from")]
    file: Option<PathBuf>,
    /// What it is [default: by the file's name, else dotenv]
    #[arg(long, value_parser = formats(), value_name = "FORMAT")]
    from: Option<&'static ImportFormat>,
    /// The keyfile of a vault of authy 0.7 [default: those in its folder 'keys', else yours]
    #[arg(long, value_name = "FILE")]
    from_keyfile: Option<PathBuf>,
    /// Put this before each name, such as prod/
    #[arg(long, value_name = "TEXT", default_value = "")]
    prefix: String,
    /// Replace the values of secrets that exist where they differ
    #[arg(long, conflicts_with_all = ["force", "skip_existing"])]
    update: bool,
    /// Leave secrets that exist as they are
    #[arg(long, conflicts_with = "force")]
    skip_existing: bool,
    /// Replace the values of secrets that exist, the same ones too
    #[arg(short, long)]
    force: bool,
    /// Leave out what cannot be taken, and name it
    #[arg(long)]
    skip_invalid: bool,
    /// Say what the source has that does not come along
    #[arg(long)]
    report: bool,
    /// Show the names and change nothing; this needs no identity
    #[arg(short = 'n', long)]
    dry_run: bool,
}

/// What `--from` takes: the table of the library.
fn formats() -> impl TypedValueParser<Value = &'static ImportFormat> {
    let known = IMPORT_FORMATS.iter().map(|one| PossibleValue::new(one.name).help(one.help));
    PossibleValuesParser::new(known)
        .map(|name| ImportFormat::named(&name).unwrap_or(&IMPORT_FORMATS[0]))
}

impl Args {
    pub(super) fn run(self, env: &CliEnv) -> CommandResult {
        let (ctx, ui) = (env.context()?, env.ui());
        let format = self.format();
        let imported = authy::read_import(&ctx, &self.read(env, format)?)?;
        let options = ImportOptions {
            prefix: self.prefix.clone(),
            existing: self.existing(),
            skip_invalid: self.skip_invalid,
            dry_run: self.dry_run,
        };
        let entries = authy::import(&ctx, &imported, &options)?;
        match (ui.wants_json(), self.report) {
            (true, true) => {
                ui.json(&serde_json::json!({ "secrets": entries, "left": imported.left }))?;
            }
            (true, false) => ui.json(&entries)?,
            (false, _) => ui.table(&table(&entries))?,
        }
        if self.report && !ui.wants_json() {
            ui.note(format_args!("does not come along: {}", imported.left.join(", ")));
        }
        let policies = authy::imported_policies(&ctx, &imported, &options, &entries)?;
        for policy in policies {
            let name = policy.name.clone();
            if self.dry_run {
                ui.note(format_args!("would make the policy '{name}', for admins alone"));
                continue;
            }
            authy::policy_create(&ctx, &change(policy))?;
            ui.note(format_args!(
                "made the policy '{name}': name its members with 'authy policy update {name} --member'"
            ));
        }
        let counted = counted(&entries);
        if self.dry_run {
            ui.note(format_args!("would import {counted}"));
            if entries.iter().any(|entry| entry.status == ImportStatus::Exists) {
                ui.note(match self.update {
                    true => "a dry run compares no values: those that exist are replaced where they differ",
                    false => {
                        "a dry run compares no values: those that exist stay where they are the same, and \
                         stop the import where they differ, unless --update or --skip-existing is given"
                    }
                });
            }
            return Ok(ExitCode::SUCCESS);
        }
        ui.note(format_args!("imported {counted}"));
        if let Some(file) = self.plain_file().filter(|_| format.name == "dotenv") {
            let file = printable(&file.to_string_lossy());
            ui.note(format_args!(
                "'{file}' still holds the values: remove it once nothing reads it, and keep it out of git \
                 with a line in .gitignore; rotate values that were committed"
            ));
        }
        Ok(ExitCode::SUCCESS)
    }

    const fn existing(&self) -> Existing {
        match (self.update, self.skip_existing, self.force) {
            (true, ..) => Existing::Update,
            (_, true, _) => Existing::Skip,
            (.., true) => Existing::Replace,
            _ => Existing::Refuse,
        }
    }

    fn plain_file(&self) -> Option<&Path> {
        self.file.as_deref().filter(|file| *file != Path::new("-"))
    }

    fn format(&self) -> &'static ImportFormat {
        let by_name = || ImportFormat::of_file(self.file.as_deref().unwrap_or(Path::new("-")));
        self.from.unwrap_or_else(by_name)
    }

    fn read(&self, env: &CliEnv, format: &'static ImportFormat) -> Result<ImportFrom, Failure> {
        if format.is_old_vault() {
            let usual = || Some(env.home()?.join(".authy-0.7"));
            let folder = self.file.clone().or_else(usual).ok_or(Failure::NoHome)?;
            return Ok(ImportFrom::OldVault { folder, keyfile: self.from_keyfile.clone() });
        }
        if !format.is_file() {
            let given = self.file.as_ref().map(|file| file.to_string_lossy().into_owned());
            let folder = format.store.and_then(|(variable, usual)| {
                let named = env.variable(variable).map(PathBuf::from);
                named.or_else(|| Some(env.home()?.join(usual)))
            });
            return Ok(ImportFrom::Program { format, given, folder });
        }
        let mut bytes = Zeroizing::new(Vec::new());
        match self.plain_file() {
            Some(path) => {
                let failed = |source| Failure::ValueFile { path: path.to_owned(), source };
                let file = File::open(path).map_err(failed)?;
                file.take(LIMIT).read_to_end(&mut bytes).map_err(failed)?;
            }
            None => {
                io::stdin().lock().take(LIMIT).read_to_end(&mut bytes).map_err(Failure::Input)?;
            }
        }
        Ok(ImportFrom::Bytes(format, SecretBytes::new(std::mem::take(&mut *bytes))))
    }
}

/// The policy as somebody would make it by hand.
fn change(policy: ImportedPolicy) -> PolicyChange {
    PolicyChange {
        allow: policy.allow,
        deny: policy.deny,
        description: policy.description,
        run_only: policy.run_only.then_some(true),
        ..PolicyChange::new(policy.name)
    }
}

/// How many come in, and how many stay as they are.
fn counted(entries: &[ImportEntry]) -> String {
    let of = |status| entries.iter().filter(|entry| entry.status == status).count();
    let count = of(ImportStatus::New) + of(ImportStatus::Replaces);
    let mut text = format!("{count} secret{}", if count == 1 { "" } else { "s" });
    for (status, word) in [
        (ImportStatus::Unchanged, "unchanged"),
        (ImportStatus::Skipped, "skipped"),
        (ImportStatus::Exists, "there already"),
    ] {
        match of(status) {
            0 => {}
            some => text.push_str(&format!(", {some} {word}")),
        }
    }
    text
}

fn table(entries: &[ImportEntry]) -> Table {
    let mut table = Table::new(["FROM", "NAME", ""]);
    for entry in entries {
        let status = match entry.status {
            ImportStatus::New => "new",
            ImportStatus::Replaces => "replaces",
            ImportStatus::Unchanged => "unchanged",
            ImportStatus::Skipped => "skipped",
            ImportStatus::Exists => "exists",
        };
        table.push([entry.from.clone(), entry.name.to_string(), status.to_owned()]);
    }
    table
}
