//! Where migrations come from.

pub(crate) mod checksum;
#[cfg(feature = "toml")]
pub(crate) mod folder;
#[cfg(feature = "toml")]
pub(crate) mod folder_error;
pub(crate) mod recorder;
pub(crate) mod source_error;
pub(crate) mod sources;
