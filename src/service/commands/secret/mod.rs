//! Secrets: stored, read, changed, their past, and brought in from elsewhere.

mod adopt;
mod adopt_planner;
mod adopt_project;
mod adopt_shown;
mod annotate;
mod get;
mod history;
mod import;
mod rekey;
mod remove;
mod rename;
mod store;
mod undo;

pub use adopt::{
    AdoptFile, AdoptOptions, AdoptPlan, AdoptValue, Adopted, ByHand, adopt, adopt_plan, adoptable,
};
pub use adopt_project::{project_draft, project_write};
pub use annotate::{Annotation, annotate};
pub use get::{Part, copy, get, otp, part};
pub use history::{PastVersion, Restored, get_version, history, restore};
pub use import::{
    Existing, ImportEntry, ImportFrom, ImportOptions, ImportStatus, Imported, ImportedPolicy,
    import, imported_policies, read_import,
};
pub use rekey::{rekey, rekey_needed};
pub use remove::{remove, remove_all};
pub use rename::{rename, rename_all};
pub use store::{
    EditorChoice, Recipe, StoreReport, edit, generate, may_store, replace, rotate, rotate_ready,
    store, store_ready,
};
pub use undo::{Undo, UndoStep, Undoing, undo, undo_plan};
