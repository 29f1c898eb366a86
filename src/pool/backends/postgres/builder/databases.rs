//! Further databases and replicas.

use std::sync::Arc;

use futures_core::future::BoxFuture;

use super::TenantPoolBuilder;
use crate::pool::DatabaseLimits;

/// # Further databases and replicas
impl TenantPoolBuilder {
    /// Declares another database, on any server: for tenants that the directory places there, and for
    /// [`using_database`](crate::TenantPool::using_database). Its connections are opened when they are needed, with the
    /// options of this pool. The name [`main`](crate::pool::OWN_DATABASE) is the pool's own database and can't be
    /// declared.
    pub fn database(mut self, name: impl Into<String>, database_url: impl Into<String>) -> Self {
        self.databases.insert(name.into(), database_url.into());
        self
    }

    /// Like [`database`](Self::database), for a database that has nothing to do with tenants, such as one of reports: it
    /// is reached by [`using_database`](crate::TenantPool::using_database), and work on
    /// [all databases](crate::TenantPool::all_databases) leaves it out.
    pub fn database_without_tenants(mut self, name: impl Into<String>, database_url: impl Into<String>) -> Self {
        let name = name.into();
        self.without_tenants.insert(name.clone());
        self.database(name, database_url)
    }

    /// Finds the URLs of undeclared databases by their names: for one database per tenant. `None` is an error for the
    /// caller. Default: there are no undeclared databases.
    pub fn databases_with<F>(self, find: F) -> Self
    where
        F: Fn(&str) -> BoxFuture<'static, Option<String>> + Send + Sync + 'static,
    {
        Self {
            find_database: Some(Arc::new(find)),
            ..self
        }
    }

    /// How many connections to other databases there may be. Default: connections to 20 databases at a time, 5 to each,
    /// closed after 5 minutes without use.
    pub fn database_limits(self, database_limits: DatabaseLimits) -> Self {
        Self {
            database_limits,
            ..self
        }
    }

    /// Declares a replica of the pool's own database, for [`read_only`](crate::pool::CheckoutRequest::read_only)
    /// checkouts. Several replicas are used in turn. Default: none, and the database itself serves these checkouts.
    ///
    /// Connections to a replica are opened when they are needed, with the options of this pool. A replica that can't be
    /// connected to is left alone for five seconds at a time.
    ///
    /// A standby server is asked whether it knows the same schema by the tenant's name. Another database with the same
    /// tenants, kept up to date by logical replication, works as well, with one exception: while it is behind, the name
    /// of a tenant that was renamed or dropped, and then given to another tenant, leads to the former tenant's rows.
    pub fn replica(mut self, database_url: impl Into<String>) -> Self {
        self.replicas.main.push(database_url.into());
        self
    }

    /// Declares a replica of another database, by the name under which that database was [declared](Self::database).
    pub fn database_replica(mut self, name: impl Into<String>, database_url: impl Into<String>) -> Self {
        let urls = self.replicas.further.entry(name.into()).or_default();
        urls.push(database_url.into());
        self
    }

    /// How many read-only connections there may be: to each replica, and to each database that serves in place of its
    /// replicas. Default: [`DatabaseLimits::new`].
    pub fn replica_limits(mut self, replica_limits: DatabaseLimits) -> Self {
        self.replicas.limits = replica_limits;
        self
    }
}
