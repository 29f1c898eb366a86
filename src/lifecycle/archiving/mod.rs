//! How a tenant is set aside and brought back, and what becomes of archives.

pub(crate) mod archive;
pub(crate) mod archives;
