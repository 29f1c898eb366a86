//! Connections of the driver itself, because diesel-async's can neither copy rows nor return answers as text.

mod dial;
mod session;

pub(crate) use dial::{Dial, With, dial};
pub(crate) use session::DriverSession;
