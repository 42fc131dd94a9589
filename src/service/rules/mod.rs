//! Members and policies: what is in force, what waits, what a change does.

pub(crate) mod effect;
pub(crate) mod history;
pub(crate) mod review;
pub(crate) mod update;
