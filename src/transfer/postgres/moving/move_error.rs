use std::time::Duration;

use crate::{ExportError, ImportError, LifecycleError, Placement, SchemaName, SchemaNameError};

/// Why a tenant was not moved. The tenant is served at its old place, unless the error says otherwise.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MoveError {
    /// No tenant can have that name.
    #[error("can't move a tenant")]
    InvalidName(#[from] SchemaNameError),
    /// There is no such tenant, another operation is running on it, its new schema exists already, the pool has no
    /// directory, or a hook failed.
    #[error(transparent)]
    Lifecycle(#[from] LifecycleError),
    /// Tenants can't be moved between these places.
    #[error("can't move tenant {:?} from {from} to {to}: {why}", .tenant.as_str())]
    Unmovable {
        /// The tenant.
        tenant: SchemaName,
        /// Where it lives.
        from: Box<Placement>,
        /// Where it was to live.
        to: Box<Placement>,
        /// The reason, and what to do.
        why: &'static str,
    },
    /// The tenant does not live where [`only_from`](super::MoveRequest::only_from) says.
    #[error("can't move tenant {:?} from {from}: it lives at {found} now", .tenant.as_str())]
    Elsewhere {
        /// The tenant.
        tenant: SchemaName,
        /// Where it was to live.
        from: Box<Placement>,
        /// Where it lives.
        found: Box<Placement>,
    },
    /// The tenant is suspended, and stays [for that reason](super::MoveRequest::unless_suspended).
    #[error("tenant {:?} is suspended, and stays where it is", .tenant.as_str())]
    Suspended {
        /// The tenant.
        tenant: SchemaName,
    },
    /// The directory says that another tenant lives at that place.
    #[error("can't move tenant {:?} to {to}: another tenant lives there, as the directory says", .tenant.as_str())]
    PlaceTaken {
        /// The tenant.
        tenant: SchemaName,
        /// Where it was to live.
        to: Box<Placement>,
        /// What the server answered.
        source: tokio_postgres::Error,
    },
    /// Objects in other schemas, such as foreign keys and views, depend on the tenant's.
    #[error(
        "can't move tenant {:?}: objects in other schemas depend on the tenant, and would stay behind: {}; drop them \
         first", .tenant.as_str(),
        .objects.join(", ")
    )]
    Referenced {
        /// The tenant.
        tenant: SchemaName,
        /// The objects, as PostgreSQL describes them.
        objects: Vec<String>,
    },
    /// Rows of tables without a primary key can't be distinguished, so they can't be copied while they are written.
    #[error(
        "can't move tenant {:?} while it is written to: {} have no primary key; give them one, or let `pause_writes` \
         make writes wait for the whole copy", .tenant.as_str(), .tables.join(", ")
    )]
    NoPrimaryKey {
        /// The tenant.
        tenant: SchemaName,
        /// The tables.
        tables: Vec<String>,
    },
    /// A function of the application opens the pool's connections, and these can't copy rows.
    #[error(
        "can't move tenant {:?}: copying rows needs a connection of the driver, and the pool opens its connections by \
         `establish_with`; give the same TLS connector to `tls`", .tenant.as_str()
    )]
    NeedsTls {
        /// The tenant.
        tenant: SchemaName,
    },
    /// A move locks the tenant by its session, and a pooler may give that session to other clients.
    #[error(
        "can't move tenant {:?}: a move needs sessions of its own, and with `search_path_from_role` a pooler may be in \
         between; build a pool without that option that connects directly to the servers", .tenant.as_str()
    )]
    NeedsSession {
        /// The tenant.
        tenant: SchemaName,
    },
    /// The tenant could not be read.
    #[error("can't move tenant {:?}", .tenant.as_str())]
    Read {
        /// The tenant.
        tenant: SchemaName,
        /// The reason.
        source: ExportError,
    },
    /// The tenant could not be created at the target.
    #[error("can't move tenant {:?}", .tenant.as_str())]
    Make {
        /// The tenant.
        tenant: SchemaName,
        /// The reason.
        source: ImportError,
    },
    /// Transactions that write to the tenant did not end in time.
    #[error(
        "can't move tenant {:?}: transactions that write to the tenant did not end within {waited:?}; try again later, \
         or `wait` for longer", .tenant.as_str()
    )]
    InUse {
        /// The tenant.
        tenant: SchemaName,
        /// How long the move waited.
        waited: Duration,
    },
    /// An earlier move that brought the tenant to its current place is unfinished, and can't be finished now.
    #[error(
        "can't move tenant {:?}: its last move is unfinished, and can't be finished now: {}; try again later", .tenant.as_str(),
        .left.join("; ")
    )]
    Unfinished {
        /// The tenant.
        tenant: SchemaName,
        /// The steps that failed, each with the server's reason.
        left: Vec<String>,
    },
    /// A table was created, dropped or changed meanwhile.
    #[error("can't move tenant {:?}: its tables were changed meanwhile; try again", .tenant.as_str())]
    Changed {
        /// The tenant.
        tenant: SchemaName,
    },
    /// A server refused a statement, or the connection was lost.
    #[error(
        "can't move tenant {:?}: the attempt {attempt} failed; the tenant is at its old place, and the same call \
         removes what is left over",
        .tenant.as_str()
    )]
    Server {
        /// The tenant.
        tenant: SchemaName,
        /// What was attempted: "to lock its tables", for example.
        attempt: &'static str,
        /// What the server answered.
        source: tokio_postgres::Error,
    },
    /// The runtime was shut down during the switch.
    #[error(
        "moving tenant {:?} was interrupted during the switch; repeat the call, so that the tenant is at one place for \
         certain",
        .tenant.as_str()
    )]
    Interrupted {
        /// The tenant.
        tenant: SchemaName,
    },
    /// The tenant was moved, but the directory could not be updated. The tenant can't be checked out until the same
    /// call has updated the directory.
    #[error(
        "tenant {:?} was moved to {to}, but the directory could not be updated: the tenant can't be checked out until \
         the call is repeated", .tenant.as_str()
    )]
    Untold {
        /// The tenant.
        tenant: SchemaName,
        /// Where it lives now.
        to: Box<Placement>,
        /// What the server answered.
        source: tokio_postgres::Error,
    },
}
