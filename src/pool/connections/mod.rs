//! How a pool's connections are made, which may stay, and how many a tenant may have.

mod manager;
mod shares;

pub(crate) use manager::{Limits, Manager};
pub(crate) use shares::Shares;
