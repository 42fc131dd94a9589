//! The library behind the `authy` command: a git-friendly secrets manager.

mod access;
mod audit;
mod crypto;
mod fs;
mod git;
mod inject;
mod kind;
mod name;
mod project;
mod secret;
mod store;
