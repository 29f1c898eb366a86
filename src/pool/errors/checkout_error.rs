use std::{fmt, time::Duration};

use super::DatabaseError;
#[cfg(feature = "sqlite")]
use super::SqliteError;
#[cfg(feature = "sqlite")]
use crate::backend::sqlite::files::FileError;
use crate::{
    SchemaName, SchemaNameError,
    backend::postgres::ConnectError,
    tenancy::{DirectoryError, Placement},
};

/// What a checkout was for, as errors name it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Target {
    /// One tenant.
    Tenant(SchemaName),
    /// The pinned tables only.
    Shared,
    /// The caller's map, or the pool's.
    Map,
    /// The tenant to which a domain belongs.
    Domain(String),
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tenant(name) => write!(f, "tenant {:?}", name.as_str()),
            Self::Shared => f.write_str("shared tables"),
            Self::Map => f.write_str("a schema map"),
            Self::Domain(domain) => write!(f, "domain {domain:?}"),
        }
    }
}

/// Why a checkout failed. Nothing was sent on the tenant's behalf.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CheckoutError {
    /// No schema can have that name.
    #[error("can't check out a connection for a tenant")]
    InvalidName(#[from] SchemaNameError),
    /// There is no such tenant: no schema of that name or, with a [directory](crate::TenantDirectory), no tenant in it.
    #[error(
        "unknown tenant {:?}: the database has no such schema or, with a directory, the directory has no such tenant; \
         `create_tenant` creates one",
        .tenant.as_str()
    )]
    UnknownTenant {
        /// The tenant asked for.
        tenant: SchemaName,
    },
    /// The tenant is suspended.
    #[error("tenant {:?} is suspended; `resume_tenant` ends that", .tenant.as_str())]
    SuspendedTenant {
        /// The tenant asked for.
        tenant: SchemaName,
    },
    /// After a request was admitted, or a task took its tenant along, the tenant's name went to another tenant, or the
    /// tenant was moved.
    #[error(
        "tenant {:?} was renamed, moved or dropped after this request or task began; start again from the beginning",
        .tenant.as_str()
    )]
    ChangedTenant {
        /// The tenant's name at the beginning.
        tenant: SchemaName,
    },
    /// All connections are in use, and none came back in time.
    #[error(
        "no connection for {target} within {waited:?}: all {max_size} are in use; \
         hold them for a shorter time, or raise `max_size`"
    )]
    Exhausted {
        /// What the checkout was for.
        target: Target,
        /// How long it waited.
        waited: Duration,
        /// The size of the pool.
        max_size: usize,
    },
    /// All of the pool's work is one test transaction, and its only connection did not come back in time.
    #[error(
        "no connection for {target} within {waited:?}: all of this pool's work is one transaction (`test_transaction`), \
         and its only connection is in use. Code that holds a checkout while it asks for a second one never gets it: \
         drop the first one before, or give the test a database of its own (`TestTemplate`)"
    )]
    TestTransactionInUse {
        /// What the checkout was for.
        target: Target,
        /// How long it waited.
        waited: Duration,
    },
    /// A connection was free, or could be opened, but the server did not answer in time.
    #[error(
        "no connection for {target} within {waited:?}: the server did not answer while a connection was tested or \
         opened"
    )]
    ConnectionTimeout {
        /// What the checkout was for.
        target: Target,
        /// How long it took.
        waited: Duration,
    },
    /// The tenant has as many connections as one tenant may have, and none came back in time.
    #[error(
        "no connection for tenant {:?} within {waited:?}: the tenant already holds {limit}, as many as one tenant may \
         have (`max_per_tenant`); hold connections for a shorter time", .tenant.as_str()
    )]
    TenantExhausted {
        /// The tenant.
        tenant: SchemaName,
        /// How long it waited.
        waited: Duration,
        /// How many connections one tenant may have.
        limit: usize,
    },
    /// No connection could be made.
    #[error("can't connect for {target}")]
    Connect {
        /// What the checkout was for.
        target: Target,
        /// The reason.
        source: ConnectError,
    },
    /// The schema could not be looked up in the catalog.
    #[error("can't look up the schema of {target}")]
    Lookup {
        /// What the checkout was for.
        target: Target,
        /// What the server answered.
        source: diesel::result::Error,
    },
    /// The catalog didn't answer in time.
    #[error("can't look up the schema of {target}: no answer within {waited:?}")]
    LookupTimeout {
        /// What the checkout was for.
        target: Target,
        /// How long the checkout waited.
        waited: Duration,
    },
    /// The directory can't be asked where the tenant lives. Or it names a schema that can't be a tenant's, such as the
    /// shared schema of the pool's own database.
    #[error("can't ask the directory for {target}")]
    Directory {
        /// What the checkout was for.
        target: Target,
        /// Why.
        source: DirectoryError,
    },
    /// The directory places the tenant in a schema that doesn't exist, or isn't finished.
    #[error("the directory says that {target} lives in {placement}, and there is no such schema")]
    MissingSchema {
        /// What the checkout was for.
        target: Target,
        /// Where the tenant should be.
        placement: Box<Placement>,
    },
    /// A pool without async reaches only schemas of its own database.
    #[error(
        "{target} lives in {placement}, and a pool without async reaches only schemas of its own database: use the \
         async pool for this tenant"
    )]
    NeedsAsync {
        /// What the checkout was for.
        target: Target,
        /// Where the tenant lives.
        placement: Box<Placement>,
    },
    /// The tenant's database can't be used.
    #[error("no connection for {target}")]
    Database {
        /// What the checkout was for.
        target: Target,
        /// Why.
        source: Box<DatabaseError>,
    },
    /// The role would bypass row-level security.
    #[error(
        "{target} shares tables with other tenants, and the pool's role would see all tenants' rows, because it is a \
         superuser or has BYPASSRLS: connect as a role that is neither"
    )]
    BypassesRowSecurity {
        /// What the checkout was for.
        target: Target,
    },
    /// The role can use tables or views that no policy protects, and would see other tenants' rows there.
    #[error(
        "{target} shares tables with other tenants, and the pool's role would see all tenants' rows through {}: call \
         `enable_row_security` again for partitions and tables, make a view `WITH (security_invoker)`, or revoke the \
         role's rights to them", .relations.join(", ")
    )]
    UnprotectedRows {
        /// What the checkout was for.
        target: Target,
        /// The tables and views, quoted.
        relations: Vec<String>,
    },
    /// Showing a tenant its rows needs a session setting, and a pooler may be in between.
    #[error(
        "{target} shares tables with other tenants, which needs a session setting, and a pooler may be in between \
         (`search_path_from_role`): give the tenant a schema of its own, or bypass the pooler"
    )]
    RowsNeedSession {
        /// What the checkout was for.
        target: Target,
    },
    /// No connection to the server of MySQL could be made.
    #[cfg(feature = "mysql")]
    #[error("can't connect for {target}")]
    ConnectMysql {
        /// What the checkout was for.
        target: Target,
        /// The reason.
        source: Box<crate::MysqlConnectError>,
    },
    /// The tenant's file, or the shared one, can't be used.
    #[cfg(feature = "sqlite")]
    #[error("can't use the files of {target}")]
    Files {
        /// What the checkout was for.
        target: Target,
        /// Why.
        source: Box<SqliteError>,
    },
    /// The tenant is placed among the rows of shared tables, which needs row-level security.
    #[error(
        "{target} shares tables with other tenants by the directory, and only PostgreSQL can keep their rows apart: \
         give the tenant a file or a database of its own"
    )]
    NoRowSecurity {
        /// What the checkout was for.
        target: Target,
    },
    /// No tenant is set for the running request.
    #[error("there is no current tenant: run this inside of `with_tenant`")]
    NoCurrentTenant,
    /// The pool was closed.
    #[error("no connection for {target}: the pool is closed")]
    Closed {
        /// What the checkout was for.
        target: Target,
    },
}

impl CheckoutError {
    /// Whether connections exist, and none was free in time.
    pub(crate) fn is_for_want_of_connections(&self) -> bool {
        matches!(
            self,
            Self::Exhausted { .. } | Self::TenantExhausted { .. } | Self::TestTransactionInUse { .. }
        )
    }
}

#[cfg(feature = "sqlite")]
impl CheckoutError {
    /// The error of a look at many tenants' files.
    pub(crate) fn of_files(error: FileError) -> Self {
        Self::Files {
            target: Target::Shared,
            source: Box::new(SqliteError::file(error)),
        }
    }
}
