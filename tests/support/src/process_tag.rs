//! The number by which a process's databases are known.

use std::sync::OnceLock;

use crate::{StartError, random};

/// This process's number: random, since several machines may use one server.
pub(crate) fn get() -> Result<u32, StartError> {
    static TAG: OnceLock<u32> = OnceLock::new();
    if let Some(tag) = TAG.get() {
        return Ok(*tag);
    }
    let tag = u32::from_str_radix(&random::hex(4)?, 16).unwrap_or_default();
    Ok(*TAG.get_or_init(|| tag))
}
