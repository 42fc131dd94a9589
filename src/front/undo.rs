//! What taking the last change back does, in words.

use authy::{UndoStep, Undoing};

/// So many things are written out.
const SHOWN: usize = 10;

/// What happens, a line each.
pub(crate) fn undo_lines(steps: &[UndoStep]) -> Vec<String> {
    let mut lines: Vec<String> =
        steps.iter().take(SHOWN).map(|step| format!("  {}", words(step))).collect();
    if steps.len() > SHOWN {
        lines.push(format!("  and {} more", steps.len() - SHOWN));
    }
    lines
}

fn words(step: &UndoStep) -> String {
    let name = &step.name;
    let version = step.version.map(|version| version.to_string()).unwrap_or_default();
    match step.what {
        Undoing::Remove => format!("removes {name}"),
        Undoing::Restore => format!("brings {name} back"),
        Undoing::Value => format!("gives {name} the value of version {version}"),
        Undoing::Annotation => format!("gives {name} the annotation of version {version}"),
        Undoing::Rename => {
            format!("renames {name} to {}", step.to.as_deref().unwrap_or_default())
        }
        Undoing::Policy => format!("makes policy {name} what it was in version {version}"),
        Undoing::PolicyRemove => format!("removes policy {name}"),
    }
}
