//! Sessions: their tokens, and the keys that live ones are given.

pub(crate) mod ended;
pub(crate) mod live;
pub(crate) mod refresh;
mod token;

pub(crate) use live::Live;
pub(crate) use refresh::{collect, encrypt, refresh_locked, renewed};
pub(crate) use token::{
    asker, bearer, expiry, listable, refuse_any_token, refuse_token, signed_by_retired_key,
};
