//! Audit chains of this machine's state folder, brought into the vault: what was read while it
//! could not be written, such as in a container, becomes part of the trail that all see.

use crate::audit;
use crate::fs::{self, LocalFile, Lock, Stage, VaultPath};
use crate::service::audit::{MAX_KEY, fallback_folder, lock_elsewhere};
use crate::service::base::{Error, Pending, Result, Snapshot};
use crate::store::AuditMode;

/// Moves them, each with its key, into the vault and onto the list of what is to be committed;
/// returns how many.
///
/// # Errors
/// A chain cannot be read, moved or removed.
pub(crate) fn import_chains(opened: &Snapshot, lock: &Lock) -> Result<usize> {
    let root = opened.vault.root();
    let Some(state) = opened.vault.pins().folder() else { return Ok(0) };
    let folder = fallback_folder(state);
    if opened.vault.config().audit == AuditMode::Local || !folder.is_dir() {
        return Ok(0);
    }
    let _held = lock_elsewhere(state)?;
    let mut count = 0;
    for chain in audit::chains_in(&folder)? {
        let name = chain.chain().to_string();
        // One whose key is gone could not be checked anywhere: it stays where it was.
        let Some(key) = fs::read_plain(chain.key(), MAX_KEY)? else { continue };
        let Some(key_path) = VaultPath::local_chain_key(&name) else { continue };
        chain.hand_over(|segments| -> Result<()> {
            let mut stage = Stage::new(lock);
            stage.put(key_path, key);
            for segment in segments {
                if let Some(path) = VaultPath::local_segment(&name, segment.first) {
                    stage.put(path, segment.bytes);
                }
            }
            let mut pending = Pending::load(root)?;
            pending.add(format!("Import audit chain {name}"), &[]);
            stage.put_local(LocalFile::Pending, pending.render());
            stage.write()?.publish().map_err(Error::from)
        })?;
        count += 1;
    }
    if count > 0 {
        // The next reader without a place in the vault begins a chain of its own.
        fs::remove_file(&state.join(LocalFile::Clone.name()))?;
    }
    Ok(count)
}
