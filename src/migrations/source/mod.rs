//! Where migrations come from.

pub(crate) mod chosen;
#[cfg(feature = "toml")]
pub(crate) mod folder;
#[cfg(feature = "toml")]
pub(crate) mod folder_error;
pub(crate) mod source_error;
