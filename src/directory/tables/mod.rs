//! A directory in tables of the pool's own database.

mod directory_tables_error;
#[cfg(feature = "mysql")]
mod mysql;
mod placement;
mod postgres;
mod record;
mod rows;
pub mod schema;
#[cfg(feature = "sqlite")]
mod sqlite;

use std::time::Duration;

pub use directory_tables_error::DirectoryTablesError;

/// Two tables in the shared schema as a directory: `tenants` and `domains`.
///
/// [`TenantPool::prepare_directory`](crate::TenantPool::prepare_directory) creates them. When the pool creates,
/// renames, suspends, archives or drops a tenant, it changes the tenant's row in the same transaction. You can add your
/// own columns and rows, and change rows by ordinary typed queries, with the tables of [`schema`](super::schema) (for
/// PostgreSQL) or your own: triggers notify every pool that [listens](crate::TenantPoolBuilder::listen).
///
/// | column of `tenants` | |
/// |---|---|
/// | `name text` | the name by which the tenant is checked out; the primary key |
/// | `schema_name text` | the tenant's schema, or `NULL` if it shares tables |
/// | `tenant_id text` | the tenant's id in shared tables, or `NULL` if it has a schema |
/// | `database_name text` | the name of another database, as declared; `NULL` is the pool's own |
/// | `status text` | `active`, `suspended`, `archived` or `unfinished` |
/// | `created_at`, `updated_at` | `timestamptz` |
///
/// No two tenants can have the same place. `domains` has `domain text`, the primary key, in lower case and in ASCII
/// (`xn--bcher-kva.example`); `tenant text`, which references `tenants`; and `is_primary boolean`, true for one domain
/// of a tenant at most.
///
/// Other processes may still remember where a tenant was. So no other tenant can get a place that a tenant left, or a
/// name to which domains led, for a while: see [`reuse_after`](crate::TenantPoolBuilder::reuse_after). A third table,
/// `tenants_left`, records these places and names; deleting its rows ends the wait.
///
/// [`add_domain`](crate::TenantPool::add_domain) and its siblings change and list the domains of a tenant.
///
/// # SQLite
///
/// The tables are in the shared file, and times are texts. A tenant's file has the tenant's name: other places can be
/// written into the table by hand, but only be checked out. A row and a file don't change in one transaction. A crash
/// in between leaves a tenant that nobody can check out, until the same operation is called again: `ensure_tenant`,
/// `rename_tenant`, `archive_tenant`, `restore_tenant` and `drop_tenant` finish what was begun. A file without a row is
/// no tenant's, and no operation but `drop_tenant` takes it.
///
/// Every pool looks five times a second whether the tables have changed, and then forgets what it remembers of them.
///
/// # MySQL
///
/// The tables are in the shared database, and times are `TIMESTAMP(6)`. They extend the table of tenants that the shared
/// database has anyway, `__diesel_tenants`: a row without `database_name` needs an entry there, which can't be removed
/// while the row is there. No tenants share tables, so `tenant_id` is `NULL`. Three more columns belong to the tables:
/// `own_schema` and `server` of `tenants`, `primary_of` of `domains`. An operation changes row and entry in its last
/// transaction; after a crash the same call, or `sweep`, ends it. Every pool looks twice a second whether a name, a place,
/// a status or a domain has changed, and then forgets what it remembers.
#[derive(Debug, Clone, Copy)]
pub struct DirectoryTables {
    timeout: Duration,
}

impl Default for DirectoryTables {
    fn default() -> Self {
        Self::new()
    }
}

impl DirectoryTables {
    /// The tables `tenants` and `domains` of the pool's shared schema.
    pub fn new() -> Self {
        Self {
            timeout: Duration::from_secs(5),
        }
    }

    /// How long the database may take to answer. Default: 5 seconds.
    #[must_use]
    pub fn timeout(self, timeout: Duration) -> Self {
        Self { timeout }
    }
}
