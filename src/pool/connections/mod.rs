//! How many connections a tenant may have, and how many there are.

mod awaited;
mod counts;
mod shares;

pub(crate) use awaited::{NOW, free_or_awaited};
pub use counts::PoolStatus;
#[cfg(any(feature = "blocking", feature = "sqlite"))]
pub(crate) use counts::WaitingCheckout;
pub(crate) use shares::Shares;
