//! Who asks: a member by an identity, a newcomer, an agent at work.

pub(crate) mod agent;
pub(crate) mod authenticate;
pub(crate) mod enroll;
pub(crate) mod error;
pub(crate) mod member_error;
