//! How a pool's connections are opened, which of them are kept, how many a tenant may have, and how many there are.

mod counts;
mod manager;
mod shares;

pub use counts::PoolStatus;
#[cfg(any(feature = "blocking", feature = "sqlite"))]
pub(crate) use counts::WaitingCheckout;
pub(crate) use manager::{Limits, Manager};
pub(crate) use shares::Shares;
