//! Keeping this process's memory to itself.

/// Turns core files and tracing by other processes of the same user off for this process.
/// A program that `run` becomes starts afresh. Where the system has no such switch, or
/// refuses, nothing happens: it is a precaution, not a wall. macOS has one for tracing
/// (PT_DENY_ATTACH), which cannot be reached without unsafe code; its core files are off
/// unless somebody turns them on.
pub fn keep_memory_private() {
    #[cfg(target_os = "linux")]
    {
        use rustix::process::{DumpableBehavior, set_dumpable_behavior};
        let _ = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    }
}
