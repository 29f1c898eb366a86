//! MySQL and MariaDB under a pool: a tenant is a database, and one set of connections serves all tenants.

mod builder;
mod check_out;
mod known;
mod lease;
mod manager;
mod pool;
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
        Checkout, CheckoutError, DatabaseError, DatabaseStatistics, PoolStatus, Target, TenantInfo, TenantPool,
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

/// MySQL and MariaDB: each tenant is a database on one server.
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
        if let Some(database) = database {
            return Err(CheckoutError::Database {
                target: target(),
                source: Box::new(DatabaseError::Undeclared {
                    database: (**database).to_owned(),
                    declared: Vec::new(),
                }),
            });
        }
        if request.tenant_id.is_some() {
            return Err(CheckoutError::NoRowSecurity { target: target() });
        }
        check_out::check_out(pool, request, read_only).await
    }

    fn take_back(lease: MysqlLease, id: u64) {
        lease.take_back(id);
    }

    fn discard(lease: MysqlLease) {
        lease.discard();
    }

    fn known(pool: &TenantPool<Self>, _: Option<&str>, map: &SchemaTranslateMap) -> Option<Arc<Translation>> {
        pool.mysql().known.get(map)
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
        // A row whose name no tenant may have is none of this library's.
        let tenants = found.filter_map(|(name, status)| {
            let name = pool.tenant_name(name).ok()?;
            Some(TenantInfo { name, status })
        });
        Ok(tenants.collect())
    }

    async fn size_of(pool: &TenantPool<Self>, schema: &SchemaName) -> Result<Option<(u64, u64)>, CheckoutError> {
        let question = async |connection: &mut AsyncMysqlConnection| tenants::size_of(schema, connection).await;
        pool.ask(question).await
    }

    fn status(pool: &TenantPool<Self>) -> PoolStatus {
        PoolStatus::of(pool.mysql().connections.status())
    }

    fn databases(pool: &TenantPool<Self>) -> Vec<DatabaseStatistics> {
        let counters = pool.counters();
        let readers = PoolStatus::of(pool.mysql().readers.status());
        let name = format!("{}, read-only", counters.database);
        let mut all = vec![DatabaseStatistics::of(&counters.database, Self::status(pool), counters)];
        if readers.size > 0 {
            all.push(DatabaseStatistics::of(
                &name,
                readers,
                pool.mysql().readers.manager().counters(),
            ));
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
            watch,
            ..
        } = pool.mysql();
        connections.close();
        readers.close();
        connections.manager().forget_first();
        watch.abort();
    }
}
