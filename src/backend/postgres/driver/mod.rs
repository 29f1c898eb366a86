//! Connections of the driver's own: diesel-async's neither copy rows nor give answers as text.

mod dial;
mod session;

pub(crate) use dial::{Dial, With, dial};
pub(crate) use session::Session;
