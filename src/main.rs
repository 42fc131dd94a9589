//! The `authy` command.

fn main() {}
