//! Sessions: their tokens, and the keys that live ones are given.

pub(crate) mod live;
pub(crate) mod refresh;
pub(crate) mod token;
