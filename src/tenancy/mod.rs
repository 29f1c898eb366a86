//! What a tenant is: its place, its status, the events of its life, and the traits that are asked and told about it.
//! Types for all other modules, without I/O.

mod archive_note;
mod directory;
mod event;
mod hooks;
mod placement;
mod policy;
mod status;

pub(crate) use archive_note::ArchiveNote;
pub use directory::{
    DirectoryAnswer, DirectoryCache, DirectoryChange, DirectoryEntry, DirectoryError, TenantDirectory,
};
pub use event::LifecycleEvent;
pub use hooks::{HookResult, LifecycleHooks};
pub use placement::Placement;
pub(crate) use placement::Tables;
pub use policy::{PlacementPolicy, PolicyAnswer};
pub use status::TenantStatus;
pub(crate) use status::{PLACED, SPARE_PREFIX, is_placed};
