//! New values: store, rotate, edit. No secret is opened to write one.

use std::ffi::OsString;
use std::path::PathBuf;

use crate::audit::{Action, Op};
use crate::fs::{MemoryFile, VaultPath};
use crate::inject::{self, Alphabet, DEFAULT_LENGTH};
use crate::name::SecretName;
use crate::secret::{MAX_VALUE, SecretBytes};
use crate::service::base::{Context, OpenVault, Result, SecretError};
use crate::service::change::LockedVault;
use crate::service::identity::agent;
use crate::service::identity::authenticate::authenticate;
use crate::service::secret::{
    NewValue, StoreOptions, may_write, new_record, note_unapproved, read_one,
};
use crate::service::session::refuse_token;

/// What was written.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct StoreReport {
    /// The secret.
    pub name: SecretName,
    /// Its version now.
    pub version: u64,
    /// Whether it is new.
    pub created: bool,
}

/// Which editor `edit` starts, and where its file may lie.
#[derive(Debug, Clone, Default)]
pub struct EditorChoice {
    /// `$VISUAL`.
    pub visual: Option<OsString>,
    /// `$EDITOR`.
    pub editor: Option<OsString>,
    /// Whether there is a terminal to edit on.
    pub has_terminal: bool,
    /// Folders on a memory file system, the preferred first.
    pub memory_dirs: Vec<PathBuf>,
}

/// What a generated value is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recipe {
    /// So many characters of an alphabet.
    Characters(usize, Alphabet),
    /// So many words, with `-` between them.
    Words(usize),
}

impl Default for Recipe {
    fn default() -> Self {
        Self::Characters(DEFAULT_LENGTH, Alphabet::default())
    }
}

/// Draws a random value.
///
/// # Errors
/// Usage, where the length makes no sense.
pub fn generate(recipe: Recipe) -> Result<SecretBytes> {
    Ok(match recipe {
        Recipe::Characters(length, alphabet) => inject::generate(length, alphabet)?,
        Recipe::Words(count) => inject::generate_words(count)?,
    })
}

/// Checks that a `store` can succeed, before a value is asked for.
///
/// # Errors
/// The secret exists and `force` is not given; there is no vault.
pub fn store_ready(ctx: &Context, name: &SecretName, force: bool) -> Result<()> {
    let opened = ready(ctx, &Op::STORE)?;
    match is_there(&opened, name) {
        true if !force => Err(SecretError::Exists(name.clone()).into()),
        _ => Ok(()),
    }
}

/// Checks that a `rotate` can succeed, before a value is asked for.
///
/// # Errors
/// There is no such secret; there is no vault.
pub fn rotate_ready(ctx: &Context, name: &SecretName) -> Result<()> {
    let opened = ready(ctx, &Op::ROTATE)?;
    if is_there(&opened, name) { Ok(()) } else { Err(opened.not_found(name, None)) }
}

/// Checks that the caller may give that name a value, before one is asked for.
///
/// # Errors
/// No identity; no policy gives them the name; the process is confined to a scope without it.
pub fn may_store(ctx: &Context, name: &SecretName) -> Result<()> {
    let opened = OpenVault::open(ctx)?;
    let caller = authenticate(ctx, &opened.rules)?;
    may_write(ctx, &opened, &caller.name, name)
}

fn ready<'c>(ctx: &'c Context, op: &Op) -> Result<OpenVault<'c>> {
    refuse_token(ctx, op)?;
    OpenVault::open(ctx)
}

fn is_there(opened: &OpenVault<'_>, name: &SecretName) -> bool {
    let record = opened.vault.root().file(&VaultPath::record(name));
    record.symlink_metadata().is_ok()
}

/// Stores a secret.
///
/// # Errors
/// It exists and `force` is not given; denied; larger than 1 MiB.
pub fn store(
    ctx: &Context,
    name: &SecretName,
    value: &SecretBytes,
    options: &StoreOptions,
) -> Result<StoreReport> {
    write(ctx, Op::STORE, name, value, &|there| {
        if there && !options.force {
            return Err(SecretError::Exists(name.clone()).into());
        }
        Ok(Edit { options: options.clone(), expect: None })
    })
}

/// Gives a secret a new value.
///
/// # Errors
/// There is no such secret; denied; larger than 1 MiB.
pub fn rotate(ctx: &Context, name: &SecretName, value: &SecretBytes) -> Result<StoreReport> {
    put(ctx, name, value, Op::ROTATE, None)
}

/// Gives a secret a new value, where it is still the version `seen`: for whoever looked at it
/// and thought for a while.
///
/// # Errors
/// As [`rotate`]; `ChangedMeanwhile` where somebody else was faster.
pub fn replace(
    ctx: &Context,
    name: &SecretName,
    value: &SecretBytes,
    seen: u64,
) -> Result<StoreReport> {
    put(ctx, name, value, Op::ROTATE, Some(seen))
}

/// Opens the value in an editor, on a memory file system only, and stores what comes back.
/// Returns `None` where it comes back unchanged.
///
/// # Errors
/// As `get` and `rotate`; the file comes back empty; `ChangedMeanwhile` where somebody else was
/// faster.
pub fn edit(
    ctx: &Context,
    name: &SecretName,
    choice: &EditorChoice,
) -> Result<Option<StoreReport>> {
    rotate_ready(ctx, name)?;
    let command = inject::editor_command(choice.visual.as_deref(), choice.editor.as_deref());
    if command.needs_terminal() && !choice.has_terminal {
        return Err(SecretError::NoTerminal(name.clone()).into());
    }
    let before = OpenVault::open(ctx)?;
    let base = before.vault.record(name, &before.rules)?.map(|record| record.version);
    drop(before);
    let value = read_one(ctx, Op::EDIT, None, name, ctx.confined.as_ref())?;
    if !value.expose_str().is_some_and(is_text) {
        return Err(SecretError::NotText(name.clone()).into());
    }
    let file = MemoryFile::create(&choice.memory_dirs, "value", &value)?;
    inject::edit(&file.path(), &command)?;
    let new = file.read_back()?;
    drop(file);
    // Editors end a text with a newline of their own.
    let new = without_added_newline(&value, new);
    if new == value {
        return Ok(None);
    }
    if new.is_empty() {
        return Err(SecretError::Emptied(name.clone()).into());
    }
    put(ctx, name, &new, Op::EDIT, base).map(Some)
}

/// Whether an editor gives this back as it was: no control characters but the usual ones.
fn is_text(value: &str) -> bool {
    value.chars().all(|c| !c.is_control() || matches!(c, '\n' | '\r' | '\t'))
}

fn without_added_newline(old: &SecretBytes, new: SecretBytes) -> SecretBytes {
    match new.expose().strip_suffix(b"\n") {
        Some(body) if !old.expose().ends_with(b"\n") => SecretBytes::new(body.to_vec()),
        _ => new,
    }
}

/// One write of a value.
struct Edit {
    options: StoreOptions,
    /// The version that the new value replaces, where the caller has seen one.
    expect: Option<u64>,
}

fn put(
    ctx: &Context,
    name: &SecretName,
    value: &SecretBytes,
    op: Op,
    expect: Option<u64>,
) -> Result<StoreReport> {
    write(ctx, op, name, value, &|there| {
        if !there {
            return Err(
                SecretError::NotFound { name: name.clone(), scope: None, nearest: None }.into()
            );
        }
        Ok(Edit { options: StoreOptions::default(), expect })
    })
}

fn write(
    ctx: &Context,
    op: Op,
    name: &SecretName,
    value: &SecretBytes,
    edit: &dyn Fn(bool) -> Result<Edit>,
) -> Result<StoreReport> {
    if value.len() > MAX_VALUE {
        return Err(SecretError::TooLarge.into());
    }
    let locked = LockedVault::lock(ctx, &op)?;
    let there = locked.is_taken(name);
    let edit = match edit(there) {
        // The hint of a missing name is worth a look at the names.
        Err(_) if !there => return Err(locked.opened.not_found(name, None)),
        edit => edit?,
    };
    let action = Action::new(op).on([name.clone()]);
    locked.transact(&action, |tx| {
        locked.may_write(name)?;
        if there && action.op == Op::STORE {
            agent::refuse(ctx, &locked.opened, &format!("to replace the value of '{name}'"))?;
        }
        let old = match there {
            true => locked.opened.vault.record(name, &locked.opened.rules)?,
            false => None,
        };
        let old = old.map(|record| (*record).clone());
        if edit.expect.is_some() && edit.expect != old.as_ref().map(|old| old.version) {
            return Err(SecretError::ChangedMeanwhile(name.clone()).into());
        }
        let verb = if old.is_some() { "Rotate" } else { "Store" };
        let created = old.is_none();
        if created {
            note_unapproved(tx);
        }
        let value = NewValue { value, preencrypted: None };
        let record = new_record(tx, name, old, value, edit.options)?;
        Ok((
            format!("{verb} {name} (v{record})"),
            StoreReport { name: name.clone(), version: record, created },
        ))
    })
}
