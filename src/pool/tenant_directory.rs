use futures_core::future::BoxFuture;

use super::{Backend, Postgres, TenantPool};
use crate::{
    SchemaName,
    tenancy::{DirectoryAnswer, DirectoryChange, DirectoryEntry},
};

/// Knows where tenants live. Without a directory, a tenant is a schema of the pool's database.
///
/// Ready-made directories are in [`directory`](crate::directory):
/// [`DirectoryTables`](crate::directory::DirectoryTables), [`FixedDirectory`](crate::directory::FixedDirectory) and
/// [`CatalogDirectory`](crate::directory::CatalogDirectory). A directory's answers are remembered
/// ([`DirectoryCache`](crate::DirectoryCache)), so that it is seldom asked, and never twice at a time for one tenant.
pub trait TenantDirectory<B: Backend = Postgres>: Send + Sync {
    /// Finds a tenant; `None` if there is none of that name. `pool` is the pool whose directory this is: its
    /// [`shared()`](TenantPool::shared) reaches tables in the shared schema.
    ///
    /// # Errors
    /// Why the directory can't answer at the moment. The tenant can't be checked out then.
    fn find<'a>(
        &'a self,
        tenant: &'a SchemaName,
        pool: &'a TenantPool<B>,
    ) -> BoxFuture<'a, DirectoryAnswer<DirectoryEntry>>;

    /// Finds the tenant to which a domain belongs. The domain is in lower case and without a dot at its end. By default
    /// no domain belongs to a tenant.
    ///
    /// # Errors
    /// Why the directory can't answer at the moment.
    fn find_domain<'a>(
        &'a self,
        domain: &'a str,
        pool: &'a TenantPool<B>,
    ) -> BoxFuture<'a, DirectoryAnswer<SchemaName>> {
        let _ = (domain, pool);
        Box::pin(async { Ok(None) })
    }

    /// All tenants, of every status, in any order; `None` if the directory can't list them. [`TenantPool::tenants`]
    /// then lists the tenants in the catalog of the pool's own database.
    ///
    /// # Errors
    /// Why the directory can't answer at the moment.
    fn list<'a>(
        &'a self,
        pool: &'a TenantPool<B>,
    ) -> BoxFuture<'a, DirectoryAnswer<Vec<(SchemaName, DirectoryEntry)>>> {
        let _ = pool;
        Box::pin(async { Ok(None) })
    }

    /// The SQL that records a change to a tenant in the pool's own database; `None` if there is nothing to record. The
    /// SQL runs in the same transaction as the change to the tenant's schema: either both happen, or neither does.
    ///
    /// With MySQL the transaction is the last one of an operation. Before the first one, the SQL runs in a transaction
    /// that is rolled back: what it refuses is refused before anything is done.
    ///
    /// With SQLite the SQL changes the shared file, in one transaction, and the tenant's file changes before or after
    /// that. A new tenant is [`Placed`](DirectoryChange::Placed), not finished, before its file is made, and
    /// [`Finished`](DirectoryChange::Finished) afterwards. The same operation, called again after a crash, finishes
    /// what was begun. So the SQL may run twice.
    fn record(&self, change: &DirectoryChange<'_>, pool: &TenantPool<B>) -> Option<String> {
        let _ = (change, pool);
        None
    }
}
