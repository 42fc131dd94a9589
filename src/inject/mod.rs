//! How values reach a program: variable names, the environment, output formats, templates, the child.
//!
//! Knows names and bytes. Nothing here knows the vault, decides access, reads the
//! process's own environment or prints: callers pass in what was opened and what they found.

mod buffer;
mod child;
mod editor;
mod ending;
mod entry;
mod environment;
mod error;
mod format;
mod generate;
mod mask;
#[cfg_attr(not(target_os = "linux"), path = "no_memory.rs")]
mod memory;
mod naming;
mod otp;
mod refused;
mod signals;
mod supervise;
mod template;
mod wrapper;

#[cfg(feature = "sealed")]
pub(crate) use buffer::Buffer;
pub(crate) use child::{Command, HandOn};
pub(crate) use editor::{edit, editor_command};
pub use ending::EndingSignals;
pub(crate) use entry::{field, keys, line, password};
pub use environment::Environment;
pub(crate) use format::dotenv::misread;
pub use format::{Dotenv, Format, Misread, Reader};
pub(crate) use format::{k8s::manifest, mask_commands, render};
pub use generate::{Alphabet, DEFAULT_LENGTH, DEFAULT_WORDS};
pub(crate) use generate::{generate, generate_words};
#[cfg(feature = "sealed")]
pub(crate) use mask::Stream as MaskStream;
#[cfg(any(fuzzing, feature = "workbench"))]
pub(crate) use mask::WRITERS;
pub(crate) use mask::{Filter, Masker, SHORT, SHORTEST_SEARCHED, Search};
pub(crate) use memory::hold;
pub use naming::Naming;
pub use otp::OneTimeCode;
pub(crate) use otp::one_time_code;
pub(crate) use refused::is_refused;
pub use supervise::{Ended, HelperCommand};
pub(crate) use supervise::{SideTask, lead, left_behind};
pub(crate) use template::Template;
pub use wrapper::Shell;
pub(crate) use wrapper::{ALONE, command as alias_command, define as define_alias};

/// Lengths of generated values that make sense.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=4096;
/// How many words a generated passphrase may have: fewer are guessed.
const WORDS: std::ops::RangeInclusive<usize> = 4..=64;
