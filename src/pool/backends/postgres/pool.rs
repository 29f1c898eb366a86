//! What a pool for PostgreSQL has, and other pools have not.

use std::{
    sync::{Arc, Mutex, OnceLock, PoisonError},
    time::{Duration, Instant},
};

use super::Manager;
use crate::{
    SchemaName, TenantPool,
    backend::postgres::Connector,
    pool::{
        MigrationStatements, PlacementPolicy,
        backends::postgres::announcements::Listener,
        backends::postgres::known_schemas::Schemas,
        routing::{Databases, Pool, Readers},
    },
};

/// What a pool for PostgreSQL holds.
pub struct PostgresPool {
    pub(crate) connections: deadpool::managed::Pool<Manager>,
    pub(crate) connector: Arc<Connector>,
    pub(crate) migration_connector: Arc<Connector>,
    pub(crate) schemas: Arc<Schemas>,
    /// Whether this is the pool of a further database, whose tenants another pool's directory knows.
    pub(crate) is_further: bool,
    pub(crate) detected_batches: OnceLock<bool>,
    pub(crate) listener: Mutex<Option<Listener>>,
    /// When the catalog last said that row-level security applies to the role in every shared table.
    pub(crate) rows_protected: Mutex<Option<Instant>>,
    pub(crate) databases: Arc<Databases<TenantPool>>,
    pub(crate) readers: Readers<TenantPool>,
    pub(crate) placement_policy: Option<Arc<dyn PlacementPolicy>>,
}
impl TenantPool {
    pub(crate) fn postgres(&self) -> &PostgresPool {
        &self.0.backend
    }

    pub(crate) fn connector(&self) -> &Connector {
        &self.postgres().connector
    }

    pub(crate) fn migration_connector(&self) -> &Connector {
        &self.postgres().migration_connector
    }

    pub(crate) fn schemas(&self) -> &Schemas {
        &self.postgres().schemas
    }

    /// Whether this is the pool of a further database, whose tenants another pool's directory knows.
    pub(crate) fn is_further(&self) -> bool {
        self.postgres().is_further
    }

    pub(crate) fn databases(&self) -> &Arc<Databases<TenantPool>> {
        &self.postgres().databases
    }

    pub(crate) fn readers(&self) -> &Readers<TenantPool> {
        &self.postgres().readers
    }

    pub(crate) fn placement_policy(&self) -> Option<&dyn PlacementPolicy> {
        self.postgres().placement_policy.as_deref()
    }

    /// Whether all checkouts run in one transaction, which is never committed.
    pub(crate) fn is_test_transaction(&self) -> bool {
        self.0.options.test_transaction
    }

    /// The setting that row-level security policies compare with.
    pub(crate) fn row_setting(&self) -> &str {
        &self.0.options.row_setting
    }

    /// Whether the catalog said within the last second that the role sees nothing past row-level security.
    pub(crate) fn rows_are_protected(&self, now: Instant) -> bool {
        let asked = *self
            .postgres()
            .rows_protected
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        asked.is_some_and(|asked| now.saturating_duration_since(asked) < Duration::from_secs(1))
    }

    pub(crate) fn note_protected_rows(&self, asked: Instant) {
        *self
            .postgres()
            .rows_protected
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(asked);
    }

    pub(crate) fn migration_statements(&self) -> MigrationStatements {
        self.0.options.migration_statements
    }

    pub(crate) fn detected_batches(&self) -> &OnceLock<bool> {
        &self.postgres().detected_batches
    }

    /// Forgets a tenant in every cache, now and when the guard is dropped: for an operation that changes the tenant,
    /// and whose future may be dropped halfway.
    pub(crate) fn forget_afterwards<'a>(&'a self, tenant: &'a SchemaName) -> impl Drop + use<'a> {
        struct Forget<'a>(&'a TenantPool, &'a SchemaName);

        impl Forget<'_> {
            fn forget(&self) {
                self.0.schemas().forget(self.1);
                if let Some(remembered) = self.0.remembered() {
                    remembered.known.forget(self.1);
                }
            }
        }

        impl Drop for Forget<'_> {
            fn drop(&mut self) {
                self.forget();
            }
        }

        let forget = Forget(self, tenant);
        forget.forget();
        forget
    }

    /// Forgets what is remembered of one tenant's schema, now and when the guard is dropped. The cost doesn't grow with
    /// the number of tenants.
    pub(crate) fn forget_tenant_afterwards(&self, tenant: &SchemaName) -> impl Drop + use<'_> {
        self.schemas().forget_map_afterwards(self.map_of(tenant))
    }

    pub(crate) fn refuses_outside_work(&self) -> bool {
        self.0.options.refuse_outside_work
    }

    pub(crate) fn migration_lock_timeout(&self) -> Duration {
        self.0.options.migration_lock_timeout
    }
}

impl Pool for TenantPool {
    type Url = String;

    fn is_idle(&self) -> bool {
        let status = self.status();
        // A test's transaction would end with the pool.
        !self.is_test_transaction() && self.is_only_one() && status.waiting == 0 && status.available == status.size
    }

    fn close(&self) {
        TenantPool::close(self);
    }
}
