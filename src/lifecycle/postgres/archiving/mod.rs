//! How a tenant is set aside and brought back, and what becomes of archives.

mod archive;
mod archives;
