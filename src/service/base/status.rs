//! Whether what lies in the vault counts.

use crate::words::words;

words! {
    /// Whether a member or a policy is in force as its file stands.
    pub enum DocumentStatus {
        /// It is.
        InForce = "in-force",
        /// No admin signed it as it stands.
        Unapproved = "unapproved",
        /// Its file cannot be read, or contradicts itself.
        Damaged = "damaged",
    }
}
