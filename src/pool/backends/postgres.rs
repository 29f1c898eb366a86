//! PostgreSQL under a pool: a tenant is a schema, and one set of connections serves all tenants.

use std::{
    ops::{Deref, DerefMut},
    sync::{Arc, LazyLock, PoisonError},
    time::Instant,
};

use deadpool::managed::Object;

use super::{Backend, PostgresPool};
use crate::{
    PostgresConnection, SchemaName, SchemaNameError, TenantConnection,
    backend::postgres::{catalog::tenants::Wanted, schema_size},
    connection::Condition,
    pool::{
        Checkout, CheckoutError, PoolStatus, Target, TenantInfo, TenantPool, checkouts::Wish, connections::Manager,
    },
    query::Translation,
    translate::SchemaTranslateMap,
};

/// PostgreSQL: each tenant is a schema.
#[derive(Debug, Clone, Copy)]
pub enum Postgres {}

/// A connection that was taken from the pool.
pub struct PostgresLease(Object<Manager>);

impl PostgresLease {
    pub(crate) fn of(object: Object<Manager>) -> Self {
        Self(object)
    }

    /// When the connection was taken from the pool.
    pub(crate) fn since(&self) -> Instant {
        let metrics = Object::metrics(&self.0);
        metrics.recycled.unwrap_or(metrics.created)
    }
}

impl Deref for PostgresLease {
    type Target = TenantConnection;

    fn deref(&self) -> &TenantConnection {
        &self.0
    }
}

impl DerefMut for PostgresLease {
    fn deref_mut(&mut self) -> &mut TenantConnection {
        &mut self.0
    }
}

#[expect(private_interfaces, reason = "only this crate implements and calls these methods")]
impl Backend for Postgres {
    type Connection = PostgresConnection;
    type Pool = PostgresPool;
    type Lease = PostgresLease;

    async fn check_out(
        pool: &TenantPool,
        wish: &Wish<'_>,
        database: Option<&Arc<str>>,
        read_only: bool,
    ) -> Result<Checkout, CheckoutError> {
        pool.check_out_in(wish, database, read_only).await
    }

    fn take_back(lease: PostgresLease, id: u64) {
        static PINNED_TABLES_ONLY: LazyLock<Arc<Translation>> =
            LazyLock::new(|| Arc::new(Translation::new(SchemaTranslateMap::new())));

        let PostgresLease(mut object) = lease;
        if object.untranslated().take_doubt_about_types()
            && let Some(pool) = Object::pool(&object)
        {
            // What is remembered of the tenant's types may be outdated as well.
            pool.manager().schemas().forget_map(object.map());
        }
        let connection = &mut *object;
        let unchanged = connection.id() == id;
        if unchanged && connection.condition() == Condition::Clean && !connection.is_broken_or_in_transaction() {
            connection.set_translation(Arc::clone(&PINNED_TABLES_ONLY));
            return;
        }
        if connection.condition() == Condition::Interrupted
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            // Closing the socket doesn't stop a query: the server would only notice when it wants to answer.
            let token = connection.cancel_token();
            runtime.spawn(async move { token.cancel().await });
        }
        drop(Object::take(object));
    }

    fn discard(lease: PostgresLease) {
        drop(Object::take(lease.0));
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
