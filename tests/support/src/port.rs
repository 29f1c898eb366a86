use std::net::{Ipv4Addr, TcpListener};

use crate::{StartError, random};

/// Below the range that systems hand out to outgoing connections. A port from that range could go to a client while
/// the server is down between `stop` and `restart`; worse, a client knocking at it can be given the same port
/// for its own end, and is then connected to itself.
const FIRST: u16 = 16_384;
const COUNT: u16 = 16_384;

/// A port that nobody listens on at this moment. Another process may be quicker: starting must cope with that.
pub(crate) fn free() -> Result<u16, StartError> {
    loop {
        let digits = u16::from_str_radix(&random::hex(2)?, 16).expect("four hex digits");
        let port = FIRST + digits % COUNT;
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return Ok(port);
        }
    }
}
