//! PostgreSQL under a pool: a tenant is a schema, and one set of connections serves all tenants.

mod announcements;
mod another_database;
mod builder;
mod check_out;
mod databases;
mod known_schemas;
mod lease;
mod manager;
mod pool;
mod read_ahead;
mod read_only;
mod tenant_id;
mod tenants;

use std::{
    sync::{Arc, PoisonError},
    time::Instant,
};

use self::manager::Manager;
pub use self::{
    another_database::AnotherDatabase,
    builder::TenantPoolBuilder,
    databases::{AllDatabases, DatabasesError, OWN_DATABASE, UnreachableDatabase},
    lease::PostgresLease,
    pool::PostgresPool,
};
pub(crate) use self::{
    databases::{PoolDatabases, Reached, Resident, Unreached},
    manager::connections,
    tenants::ListedTenant,
};
use super::{Backend, Postgres};
use crate::{
    PostgresConnection, SchemaName, SchemaNameError,
    backend::postgres::{catalog::tenants::Wanted, schema_size},
    pool::{
        Checkout, CheckoutError, DatabaseStatistics, PoolStatus, Target, TenantInfo, TenantPool,
        checkouts::ConnectionRequest,
    },
    query::Translation,
    translate::{CacheStatistics, SchemaTranslateMap},
};

#[expect(private_interfaces, reason = "only this crate implements and calls these methods")]
impl Backend for Postgres {
    type Connection = PostgresConnection;
    type Pool = PostgresPool;
    type Lease = PostgresLease;

    async fn check_out(
        pool: &TenantPool,
        request: &ConnectionRequest<'_>,
        database: Option<&Arc<str>>,
        read_only: bool,
    ) -> Result<Checkout, CheckoutError> {
        pool.check_out_in(request, database, read_only).await
    }

    fn take_back(lease: PostgresLease, id: u64) {
        lease.take_back(id);
    }

    fn discard(lease: PostgresLease) {
        lease.discard();
    }

    fn known(pool: &TenantPool, database: Option<&str>, map: &SchemaTranslateMap) -> Option<Arc<Translation>> {
        match database {
            None => pool.schemas().get(map, Instant::now()),
            Some(database) => pool
                .open_database(&Arc::from(database))?
                .schemas()
                .get(map, Instant::now()),
        }
    }

    fn check_name(pool: &TenantPool, name: &SchemaName) -> Result<(), SchemaNameError> {
        if pool.connector().extension_schemas().contains(name) {
            return Err(SchemaNameError::Extensions {
                name: name.as_str().to_owned(),
            });
        }
        Ok(())
    }

    async fn all_tenants(pool: &TenantPool) -> Result<Vec<TenantInfo>, CheckoutError> {
        pool.catalog_tenants(Wanted::All).await
    }

    async fn size_of(pool: &TenantPool, schema: &SchemaName) -> Result<Option<(u64, u64)>, CheckoutError> {
        let mut connection = pool.shared().get().await?;
        let (waiting, untranslated) = connection.watched();
        let found = schema_size(schema, untranslated).await;
        waiting.answered(found.is_ok());
        let found = found.map_err(|source| CheckoutError::Lookup {
            target: Target::Shared,
            source,
        })?;
        Ok(found.map(|(tables, bytes)| (tables.unsigned_abs(), bytes.unsigned_abs())))
    }

    fn status(pool: &TenantPool) -> PoolStatus {
        PoolStatus::of(pool.postgres().connections.status())
    }

    fn databases(pool: &TenantPool) -> Vec<DatabaseStatistics> {
        let of = |name: &str, pool: &TenantPool| DatabaseStatistics::of(name, pool.status(), pool.counters());
        let PostgresPool { databases, readers, .. } = pool.postgres();
        let mut all = vec![of(&pool.counters().database, pool)];
        for open in [databases.all_open(), readers.pools.all_open()] {
            all.extend(open.iter().map(|(name, pool)| of(name, pool)));
        }
        all
    }

    fn known_tenants(pool: &TenantPool) -> CacheStatistics {
        pool.schemas().statistics()
    }

    fn close(pool: &TenantPool) {
        let PostgresPool {
            connections,
            databases,
            readers,
            listener,
            ..
        } = pool.postgres();
        connections.close();
        connections.manager().forget_first();
        databases.close();
        readers.close();
        listener.lock().unwrap_or_else(PoisonError::into_inner).take();
    }
}
