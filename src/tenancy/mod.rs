//! What a tenant is: its place, its status, and the events of its life. Vocabulary for all other modules: nothing here
//! does I/O or needs the pool.

mod archive_note;
mod directory;
mod domain;
mod event;
mod hooks;
mod placement;
mod status;

pub(crate) use archive_note::ArchiveNote;
pub use directory::{DirectoryAnswer, DirectoryCache, DirectoryChange, DirectoryEntry, DirectoryError};
pub(crate) use domain::canonical_domain;
pub use event::LifecycleEvent;
pub use hooks::{HookResult, LifecycleHooks};
pub(crate) use placement::Tables;
pub use placement::{Placement, PolicyAnswer};
pub use status::TenantStatus;
pub(crate) use status::{COMMENT_PREFIX, PLACED, SPARE_PREFIX, is_placed};
