//! MySQL and MariaDB under a pool: a tenant is a database, and one set of connections serves all tenants.

mod another_server;
mod builder;
mod check_out;
mod known_databases;
mod lease;
mod manager;
mod pool;
mod read_only;
mod url;
mod watch;

use std::sync::Arc;

use diesel::QueryResult;
use diesel_async::AsyncMysqlConnection;

pub use self::{
    builder::MysqlPoolBuilder,
    lease::MysqlLease,
    pool::MysqlPool,
    url::{InvalidMysqlUrl, MysqlUrl},
};
use super::Backend;
use crate::{
    SchemaName, SchemaNameError,
    backend::mysql::{names, tenants},
    pool::{
        Checkout, CheckoutError, DatabaseStatistics, PoolStatus, Target, TenantInfo, TenantPool,
        checkouts::ConnectionRequest,
    },
    query::Translation,
    translate::{CacheStatistics, SchemaTranslateMap},
};

impl TenantPool<Mysql> {
    /// Asks the server something that is about no single tenant.
    pub(crate) async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&mut AsyncMysqlConnection) -> QueryResult<T>,
    ) -> Result<T, CheckoutError> {
        let mut connection = self.shared().get().await?;
        let (waiting, untranslated) = connection.watched();
        let answer = question(untranslated).await;
        waiting.answered(answer.is_ok());
        answer.map_err(|source| CheckoutError::Lookup {
            target: Target::Shared,
            source,
        })
    }
}

/// MySQL and MariaDB: each tenant is a database on a server.
#[derive(Debug, Clone, Copy)]
pub enum Mysql {}

#[expect(private_interfaces, reason = "only this crate implements and calls these methods")]
impl Backend for Mysql {
    type Connection = AsyncMysqlConnection;
    type Pool = MysqlPool;
    type Lease = MysqlLease;

    async fn check_out(
        pool: &TenantPool<Self>,
        request: &ConnectionRequest<'_>,
        database: Option<&Arc<str>>,
        read_only: bool,
    ) -> Result<Checkout<Self>, CheckoutError> {
        let target = || request.target.clone();
        if request.tenant_id.is_some() {
            return Err(CheckoutError::NoRowSecurity { target: target() });
        }
        match database {
            database if read_only => Box::pin(read_only::check_out(pool, database, request)).await,
            None => check_out::check_out(pool, request, false).await,
            Some(database) => {
                let pool = Box::pin(pool.server_for(request, database)).await?;
                check_out::check_out(&pool, request, false).await
            }
        }
    }

    fn take_back(lease: MysqlLease, id: u64) {
        lease.take_back(id);
    }

    fn discard(lease: MysqlLease) {
        lease.discard();
    }

    fn known(pool: &TenantPool<Self>, database: Option<&str>, map: &SchemaTranslateMap) -> Option<Arc<Translation>> {
        match database {
            None => pool.mysql().known.get(map),
            Some(database) => pool
                .mysql()
                .databases
                .opened(&Arc::from(database))?
                .mysql()
                .known
                .get(map),
        }
    }

    fn check_name(pool: &TenantPool<Self>, name: &SchemaName) -> Result<(), SchemaNameError> {
        names::check_name(name)?;
        let shared = pool.shared_schema();
        if name.as_str().eq_ignore_ascii_case(shared.as_str()) {
            return Err(SchemaNameError::NoDatabase {
                name: name.as_str().to_owned(),
                reason: "it differs from the shared schema's name only in case",
            });
        }
        Ok(())
    }

    async fn all_tenants(pool: &TenantPool<Self>) -> Result<Vec<TenantInfo>, CheckoutError> {
        let question =
            async |connection: &mut AsyncMysqlConnection| tenants::all(pool.shared_schema(), connection).await;
        let found = pool.ask(question).await?.into_iter();
        Ok(found.map(|(name, status)| pool.tenant_info(name, status)).collect())
    }

    async fn size_of(pool: &TenantPool<Self>, schema: &SchemaName) -> Result<Option<(u64, u64)>, CheckoutError> {
        let question = async |connection: &mut AsyncMysqlConnection| tenants::size_of(schema, connection).await;
        pool.ask(question).await
    }

    fn status(pool: &TenantPool<Self>) -> PoolStatus {
        PoolStatus::of(pool.mysql().connections.status())
    }

    fn databases(pool: &TenantPool<Self>) -> Vec<DatabaseStatistics> {
        let of = |name: &str, pool: &TenantPool<Self>| DatabaseStatistics::of(name, pool.status(), pool.counters());
        let MysqlPool {
            readers,
            databases,
            replicas,
            ..
        } = pool.mysql();
        let own = &*pool.counters().database;
        let mut all = vec![of(own, pool)];
        let status = PoolStatus::of(readers.status());
        if status.size > 0 {
            let name = format!("{own}, read-only");
            all.push(DatabaseStatistics::of(&name, status, readers.manager().counters()));
        }
        for open in [databases.all_open(), replicas.pools.all_open()] {
            all.extend(open.iter().map(|(name, pool)| of(name, pool)));
        }
        all
    }

    fn known_tenants(pool: &TenantPool<Self>) -> CacheStatistics {
        pool.mysql().known.statistics()
    }

    fn close(pool: &TenantPool<Self>) {
        let MysqlPool {
            connections,
            readers,
            databases,
            replicas,
            ..
        } = pool.mysql();
        connections.close();
        readers.close();
        connections.manager().forget_first();
        databases.close();
        replicas.close();
        pool.mysql().stop_watching();
    }
}
