//! How many connections a tenant may have, and how many there are.

mod counts;
mod shares;

pub use counts::PoolStatus;
#[cfg(any(feature = "blocking", feature = "sqlite"))]
pub(crate) use counts::WaitingCheckout;
pub(crate) use shares::Shares;
