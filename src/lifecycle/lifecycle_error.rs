use std::{error::Error, time::Duration};

use diesel::result::Error as DieselError;

use super::TenantUse;
use crate::{
    ConnectError, MigrationError, Placement, SchemaName, SchemaNameError, backend::directory_tables::DirectoryUnusable,
    pool::DatabaseError, tenancy::LifecycleEvent,
};

/// Why a tenant could not be created, renamed, suspended, dropped, archived or restored.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LifecycleError {
    /// No tenant can have that name.
    #[error("no tenant can have that name")]
    InvalidName(#[from] SchemaNameError),
    /// A schema of that name exists already. It was not touched.
    #[error(
        "schema {tenant:?} exists already, and was not changed: choose another name, or bring it up to date by \
         `migrate_tenant` or `ensure_tenant`"
    )]
    AlreadyExists {
        /// The name for the tenant.
        tenant: SchemaName,
    },
    /// There is no such tenant.
    #[error(
        "there is no tenant {tenant:?}: `tenants` lists the existing tenants, which are schemas with a version table, \
         as `create_tenant` and `migrate_tenant` create it"
    )]
    NotFound {
        /// The tenant asked for.
        tenant: SchemaName,
    },
    /// There is no archive of that name.
    #[error("{archive:?} is not an archive: `archived_tenants` lists the archives, each by the name of its schema")]
    NotArchived {
        /// The schema asked for.
        archive: SchemaName,
    },
    /// The server refused to create the schema.
    #[error("can't create the schema of tenant {tenant:?}")]
    Schema {
        /// The tenant.
        tenant: SchemaName,
        /// What the server answered.
        source: DieselError,
    },
    /// The schema's tables could not be created.
    #[error("can't create the tables of tenant {tenant:?}")]
    Tables {
        /// The tenant.
        tenant: SchemaName,
        /// Which migration failed, and why.
        source: MigrationError,
    },
    /// The tenant was to be created in the application's transaction, and one of its migrations can't run in any.
    #[error(
        "can't create tenant {tenant:?} in a transaction: migration {migration:?} has `run_in_transaction = false`; \
         create the tenant without `with`, or let the migration run in a transaction"
    )]
    NeedsTransaction {
        /// The tenant.
        tenant: SchemaName,
        /// The migration.
        migration: String,
    },
    /// In the transaction in which the tenant was to be created, a statement of the application failed or a transaction
    /// within it was left open, and yet the work returned `Ok`. There is no tenant.
    #[error(
        "tenant {tenant:?} was not created: a statement of the work in its transaction had failed, or a savepoint was \
         left open, and the work returned Ok. Return the error, or run what may fail in `conn.transaction(…)`"
    )]
    FailedWork {
        /// The tenant.
        tenant: SchemaName,
    },
    /// The application's work ended the transaction in which the tenant was to be created.
    #[error(
        "the work for the new tenant {tenant:?} ended the transaction that creates the tenant: send no COMMIT and no \
         ROLLBACK there. `tenant_exists` tells whether the tenant exists now"
    )]
    EndedTransaction {
        /// The tenant.
        tenant: SchemaName,
    },
    /// The tenant could not be renamed, or restored from its archive. It keeps the name it had.
    #[error("can't rename tenant {from:?} to {to:?}; the tenant is unchanged")]
    Rename {
        /// The current name.
        from: SchemaName,
        /// The name that it was to get.
        to: SchemaName,
        /// What the server answered.
        source: DieselError,
    },
    /// The tenant could not be dropped or archived.
    #[error(
        "can't drop or archive tenant {tenant:?}: the tenant is unchanged or, if it is large, partly dropped; try again"
    )]
    Drop {
        /// The tenant.
        tenant: SchemaName,
        /// What the server answered.
        source: DieselError,
    },
    /// The tenant could not be suspended or resumed.
    #[error("can't suspend or resume tenant {tenant:?}; the tenant is unchanged")]
    Activation {
        /// The tenant.
        tenant: SchemaName,
        /// What the server answered.
        source: DieselError,
    },
    /// Sessions have locks on the tenant's tables, or on tables that its foreign keys reference.
    #[error(
        "can't {operation}: {} used the tenant, or tables that its foreign keys reference, for longer than {waited:?}; \
         try again later, or end these sessions", TenantUse::list(.by)
    )]
    InUse {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// How long the operation waited.
        waited: Duration,
        /// The sessions that use the tenant.
        by: Vec<TenantUse>,
    },
    /// Objects in other schemas, such as foreign keys and views, depend on the tenant's, and would be dropped with it.
    #[error(
        "can't {operation}: objects in other schemas depend on the tenant: {}; drop them first, or let `force` do it",
        .by.join(", ")
    )]
    Referenced {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The objects, as PostgreSQL describes them.
        by: Vec<String>,
    },
    /// Texts contain the schema's name, and can't follow the rename: they would lead to the next tenant of that name.
    #[error(
        "can't {operation}: texts contain the name {:?}, and would lead to the next tenant with that name: {}; write \
         them without the name (functions: `SET search_path FROM CURRENT`), or let `leave_texts` go on without \
         changing them",
        .schema.as_str(), .by.join(", ")
    )]
    NamedInTexts {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The name in the texts.
        schema: SchemaName,
        /// The objects that contain it.
        by: Vec<String>,
    },
    /// A migration of the tenant, or another operation on it, did not end in time.
    #[error(
        "can't {operation}: a migration, or another operation on the tenant, was still running after {waited:?}; try \
         again, or look in pg_locks for the session that holds the advisory lock"
    )]
    Locked {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// How long the operation waited.
        waited: Duration,
    },
    /// A hook of the application refused the operation. Nothing was done.
    #[error("can't {operation}: a hook refused, and nothing was done")]
    Hook {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The hook's reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The operation succeeded, but a hook of the application that ran afterwards failed.
    #[error("{operation}: done, but the hook afterwards failed; do by hand what it should have done")]
    HookAfterwards {
        /// The operation done.
        operation: LifecycleEvent,
        /// The hook's reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// Choosing where a tenant lives needs a directory, which records the place.
    #[error(
        "can't {operation}: the pool has no directory to record where the tenant lives; give the pool's builder a \
         directory"
    )]
    NoDirectory {
        /// The operation attempted.
        operation: LifecycleEvent,
    },
    /// In the pool's own database a tenant's schema must have the tenant's name.
    #[error(
        "can't put tenant {tenant:?} in {placement}: in the pool's own database a tenant's schema must have the \
         tenant's name"
    )]
    OtherName {
        /// The tenant.
        tenant: SchemaName,
        /// Where it was to live.
        placement: Placement,
    },
    /// The tenant was to live in the shared schema of another database, but that database is the pool's own.
    #[error(
        "can't put tenant {tenant:?} in {placement}: that database is the pool's own, whose shared schema can't be a \
         tenant's; check the database's URL"
    )]
    OwnDatabase {
        /// The tenant.
        tenant: SchemaName,
        /// Where it was to live.
        placement: Placement,
    },
    /// The placement policy failed to choose a place.
    #[error("can't {operation}: the placement policy could not choose a place; nothing was done")]
    Policy {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The policy's reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The directory says that another tenant lives at that place.
    #[error("can't {operation}: another tenant lives in that place, by the directory")]
    PlaceTaken {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// What the server answered.
        source: DieselError,
    },
    /// The directory says that another tenant left that place or name a moment ago.
    #[error(
        "can't {operation}: another tenant left that place or name a moment ago, and processes that don't know that \
         yet would send its requests to the wrong tenant; wait for the builder's `reuse_after`, take another place or \
         name, or delete its row in the table `tenants_left`"
    )]
    LeftLately {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The server's answer: which tenant left, and how long the place or name stays blocked.
        source: DieselError,
    },
    /// The column for tenant ids in the shared tables would change this tenant's id.
    #[error(
        "can't {operation}: a column of type {id_type} would not keep the tenant id {tenant_id:?} as it is{}, and that \
         could be another tenant's id; use an id as the column writes \
         it", .kept.as_ref().map(|kept| format!(", but as {kept:?}")).unwrap_or_default()
    )]
    TenantId {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The tenant's id.
        tenant_id: String,
        /// The type of the column that holds tenant ids.
        id_type: String,
        /// What the column would store, if it accepted the id.
        kept: Option<String>,
        /// The server's answer, if the column did not accept the id.
        source: Option<DieselError>,
    },
    /// The operation is not possible where the tenant lives.
    #[error("can't {operation}: the tenant lives in {placement}; {instead}")]
    Elsewhere {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// Where it lives.
        placement: Placement,
        /// What to do instead.
        instead: &'static str,
    },
    /// The directory says that the schema belongs to another tenant.
    #[error("can't {operation}: by the directory, that schema belongs to tenant {owner:?}")]
    OthersSchema {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The tenant that owns the schema.
        owner: SchemaName,
    },
    /// The directory of another database or server placed or adopted the tenant here, and this pool would not update that
    /// directory.
    #[error(
        "can't {operation}: the directory of another database placed the tenant here, and would not learn of the \
         change; use a pool of that database. If that directory is gone, make the tenant this database's own by \
         {make_own}"
    )]
    OthersDirectory {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The statement that makes the tenant this database's own.
        make_own: String,
    },
    /// The directory could not be queried.
    #[error("can't {operation}: the directory can't be asked where the tenant lives")]
    Directory {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The reason.
        source: Box<dyn Error + Send + Sync>,
    },
    /// The database has the tables of a directory, but the pool does not use them.
    #[error(
        "can't {operation}: this database has a directory, the tables `tenants` and `domains` in schema {schema:?}, \
         which this pool would not update; give its builder `.directory(DirectoryTables::new())`"
    )]
    DirectoryIgnored {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The shared schema.
        schema: SchemaName,
    },
    /// The directory can't be updated. Nothing was done.
    #[error("can't {operation}: the directory can't be updated, and nothing was done")]
    DirectoryUnusable {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The reason.
        source: DirectoryUnusable,
    },
    /// The tenant's database can't be used.
    #[error("can't {operation}")]
    Database {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The reason.
        source: DatabaseError,
    },
    /// The tenant's file can't be used.
    #[cfg(feature = "sqlite")]
    #[error("can't {operation}")]
    Files {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The reason.
        source: Box<crate::pool::SqliteError>,
    },
    /// The tenant's database on MySQL can't be used, or is in use.
    #[cfg(feature = "mysql")]
    #[error("can't {operation}")]
    Mysql {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The reason.
        source: Box<crate::pool::MysqlError>,
    },
    /// No connection could be made.
    #[error("can't connect to {operation}")]
    Connect {
        /// The operation attempted.
        operation: LifecycleEvent,
        /// The reason.
        source: ConnectError,
    },
}

impl LifecycleError {
    /// The error of an operation for which the server refused a statement.
    pub(crate) fn of(operation: &LifecycleEvent, source: DieselError) -> Self {
        if is_for_who_left(&source) {
            return Self::LeftLately {
                operation: operation.clone(),
                source,
            };
        }
        match operation.clone() {
            LifecycleEvent::Create { tenant }
            | LifecycleEvent::Clone { to: tenant, .. }
            | LifecycleEvent::Move { tenant, .. }
            | LifecycleEvent::Import { tenant } => Self::Schema { tenant, source },
            LifecycleEvent::Rename { from, to }
            | LifecycleEvent::Restore {
                archive: from,
                tenant: to,
            } => Self::Rename { from, to, source },
            LifecycleEvent::Suspend { tenant } | LifecycleEvent::Resume { tenant } => {
                Self::Activation { tenant, source }
            }
            LifecycleEvent::Drop { tenant }
            | LifecycleEvent::Archive { tenant }
            | LifecycleEvent::Purge { archive: tenant } => Self::Drop { tenant, source },
        }
    }
}

/// Whether the directory's tables refused the change because another tenant left that place or name a moment ago.
pub(super) fn is_for_who_left(error: &DieselError) -> bool {
    let DieselError::DatabaseError(_, information) = error else {
        return false;
    };
    // Only PostgreSQL names the constraint. Elsewhere the message of the directory's triggers begins with it.
    let is_triggers =
        cfg!(any(feature = "sqlite", feature = "mysql")) && information.message().starts_with("tenants_left: ");
    is_triggers || information.constraint_name() == Some("tenants_left")
}
