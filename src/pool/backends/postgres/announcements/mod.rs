//! Changes to tenants are announced to all processes by `NOTIFY`: `send` is the sending half, `listen` the receiving
//! one.

mod listen;
mod send;

pub(crate) use listen::Listener;

/// The channel on which changes to tenants are announced.
const CHANNEL: &str = "diesel_tenants";
