//! Where migrations come from.

#[cfg(feature = "toml")]
pub(crate) mod folder;
#[cfg(feature = "toml")]
pub(crate) mod folder_error;
pub(crate) mod source_error;
pub(crate) mod sources;
