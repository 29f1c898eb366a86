//! How a pool's connections are opened, which of them are kept, and how many a tenant may have.

mod manager;
mod shares;

pub(crate) use manager::{Limits, Manager};
pub(crate) use shares::Shares;
