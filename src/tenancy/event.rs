use std::fmt;

use super::Placement;
use crate::SchemaName;

/// An operation on a tenant as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum LifecycleEvent {
    /// A tenant is created: from migrations, or from a spare.
    Create {
        /// The new tenant.
        tenant: SchemaName,
    },
    /// A tenant is created as a copy of another.
    Clone {
        /// The tenant that is copied.
        from: SchemaName,
        /// The new tenant.
        to: SchemaName,
    },
    /// A tenant is created from an export.
    Import {
        /// The new tenant.
        tenant: SchemaName,
    },
    /// A tenant gets another name.
    Rename {
        /// The name up to now.
        from: SchemaName,
        /// The name from now on.
        to: SchemaName,
    },
    /// A tenant moves to another database.
    Move {
        /// The tenant.
        tenant: SchemaName,
        /// The tenant's new place.
        to: Placement,
    },
    /// A tenant is suspended.
    Suspend {
        /// The tenant.
        tenant: SchemaName,
    },
    /// A suspended tenant is resumed.
    Resume {
        /// The tenant.
        tenant: SchemaName,
    },
    /// A tenant is dropped, with everything in it.
    Drop {
        /// The tenant.
        tenant: SchemaName,
    },
    /// A tenant is archived, to be restored or purged later.
    Archive {
        /// The tenant.
        tenant: SchemaName,
    },
    /// A tenant is brought back from its archive.
    Restore {
        /// The schema in which it was kept.
        archive: SchemaName,
        /// The tenant that it becomes.
        tenant: SchemaName,
    },
    /// An archive is dropped, with everything in it.
    Purge {
        /// The schema that is dropped.
        archive: SchemaName,
    },
}

impl LifecycleEvent {
    /// The operation in one word.
    #[cfg(feature = "tracing")]
    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Create { .. } => "create",
            Self::Clone { .. } => "clone",
            Self::Import { .. } => "import",
            Self::Rename { .. } => "rename",
            Self::Move { .. } => "move",
            Self::Suspend { .. } => "suspend",
            Self::Resume { .. } => "resume",
            Self::Drop { .. } => "drop",
            Self::Archive { .. } => "archive",
            Self::Restore { .. } => "restore",
            Self::Purge { .. } => "purge",
        }
    }

    /// The tenant as it is called before the operation.
    pub(crate) fn tenant_before(&self) -> &SchemaName {
        match self {
            Self::Rename { from, .. } => from,
            event => event.tenant(),
        }
    }

    /// The tenant that the operation is about; for one with two names, the new one.
    pub(crate) fn tenant(&self) -> &SchemaName {
        match self {
            Self::Clone { to: tenant, .. }
            | Self::Rename { to: tenant, .. }
            | Self::Restore { tenant, .. }
            | Self::Create { tenant }
            | Self::Import { tenant }
            | Self::Move { tenant, .. }
            | Self::Suspend { tenant }
            | Self::Resume { tenant }
            | Self::Drop { tenant }
            | Self::Archive { tenant }
            | Self::Purge { archive: tenant } => tenant,
        }
    }
}

impl fmt::Display for LifecycleEvent {
    /// The operation as it reads after "can't" in error messages: `rename tenant "a" to "b"`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Create { tenant } => write!(f, "create tenant {tenant:?}"),
            Self::Clone { from, to } => write!(f, "clone tenant {from:?} as {to:?}"),
            Self::Import { tenant } => write!(f, "import tenant {tenant:?}"),
            Self::Rename { from, to } => write!(f, "rename tenant {from:?} to {to:?}"),
            Self::Move { tenant, to } => write!(f, "move tenant {tenant:?} to {to}"),
            Self::Suspend { tenant } => write!(f, "suspend tenant {tenant:?}"),
            Self::Resume { tenant } => write!(f, "resume tenant {tenant:?}"),
            Self::Drop { tenant } => write!(f, "drop tenant {tenant:?}"),
            Self::Archive { tenant } => write!(f, "archive tenant {tenant:?}"),
            Self::Restore { archive, tenant } => write!(f, "restore archive {archive:?} as tenant {tenant:?}"),
            Self::Purge { archive } => write!(f, "drop archive {archive:?}"),
        }
    }
}
