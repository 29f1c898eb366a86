//! SQLite under a pool: a tenant is a file, and each connection has the files of one tenant and of the shared schema.

mod builder;
mod check_out;
mod idle;
mod known_files;
mod lease;
mod opening;
mod permits;
mod pool;
mod tenants;
mod watch;

use std::sync::Arc;

#[cfg(not(feature = "blocking"))]
use self::idle::KeepsIdle;
pub use self::{
    builder::{NotSqliteUrl, SqliteFolder, SqlitePoolBuilder},
    lease::SqliteLease,
    pool::SqlitePool,
};
#[cfg(feature = "blocking")]
pub(crate) use self::{
    idle::{CheckoutFiles, Idle, KeepsIdle},
    opening::Opening,
    permits::Permits,
};
use super::Backend;
use crate::{
    AsyncSqliteConnection, SchemaName, SchemaNameError, TenantStatus,
    backend::sqlite::{
        blocking,
        files::{FileError, identity_of},
    },
    pool::{
        Checkout, CheckoutError, DatabaseError, DatabaseStatistics, PoolStatus, Target, TenantInfo, TenantPool,
        checkouts::ConnectionRequest,
    },
    query::Translation,
    translate::{CacheStatistics, SchemaTranslateMap},
};

/// SQLite: each tenant is a file in one folder.
#[derive(Debug, Clone, Copy)]
pub enum Sqlite {}

#[expect(private_interfaces, reason = "only this crate implements and calls these methods")]
impl Backend for Sqlite {
    type Connection = AsyncSqliteConnection;
    type Pool = SqlitePool;
    type Lease = SqliteLease;

    async fn check_out(
        pool: &TenantPool<Self>,
        request: &ConnectionRequest<'_>,
        database: Option<&Arc<str>>,
        read_only: bool,
    ) -> Result<Checkout<Self>, CheckoutError> {
        let (target, tenant_id) = (request.target, request.tenant_id);
        must_be_a_file(target, database.map(|database| &**database), tenant_id.is_some())?;
        check_out::check_out(pool, request, read_only).await
    }

    fn take_back(lease: SqliteLease, id: u64) {
        lease.take_back(id);
    }

    fn discard(lease: SqliteLease) {
        lease.close();
    }

    fn known(pool: &TenantPool<Self>, _: Option<&str>, map: &SchemaTranslateMap) -> Option<Arc<Translation>> {
        let SqlitePool { folder, known, .. } = pool.sqlite();
        if let Some(state) = folder.state()
            && let Some((translation, Some(_), _)) = known.get_unchanged(map, state)
        {
            return Some(translation);
        }
        let path = folder.path_of(map.unqualified()?).ok()?;
        known.get(map, Some(identity_of(&path).ok()??))
    }

    fn check_name(pool: &TenantPool<Self>, name: &SchemaName) -> Result<(), SchemaNameError> {
        match pool.sqlite().folder.path_of(name) {
            Ok(_) => Ok(()),
            Err(error) => Err(SchemaNameError::NoFile {
                name: name.as_str().to_owned(),
                reason: error.to_string(),
            }),
        }
    }

    async fn all_tenants(pool: &TenantPool<Self>) -> Result<Vec<TenantInfo>, CheckoutError> {
        let folder = Arc::clone(&pool.sqlite().folder);
        let found = blocking(move || {
            let names = folder.names()?;
            let mut tenants = Vec::with_capacity(names.len());
            for (name, surveyed) in names.iter().zip(folder.survey(&names, 2)) {
                let status = match surveyed {
                    Ok(surveyed) => surveyed.map(|surveyed| surveyed.facts.status),
                    // It can't be checked out, and must not hide the others.
                    Err(FileError::NotADatabase { .. }) => Some(TenantStatus::Unfinished),
                    Err(error) => return Err(error),
                };
                tenants.extend(status.map(|status| (name.clone(), status)));
            }
            Ok(tenants)
        });
        let found = found.await.map_err(CheckoutError::of_files)?;
        let tenant = |(name, status)| pool.tenant_info(name, status);
        Ok(found.into_iter().map(tenant).collect())
    }

    async fn size_of(pool: &TenantPool<Self>, schema: &SchemaName) -> Result<Option<(u64, u64)>, CheckoutError> {
        let (folder, schema) = (Arc::clone(&pool.sqlite().folder), schema.clone());
        let size = blocking(move || folder.size(&schema)).await;
        size.map_err(CheckoutError::of_files)
    }

    fn status(pool: &TenantPool<Self>) -> PoolStatus {
        let SqlitePool { idle, permits, .. } = pool.sqlite();
        PoolStatus {
            max_size: permits.max_size(),
            size: permits.taken() + idle.count(),
            available: idle.count(),
            waiting: permits.waiting(),
        }
    }

    fn databases(pool: &TenantPool<Self>) -> Vec<DatabaseStatistics> {
        let counters = pool.counters();
        vec![DatabaseStatistics {
            retired: pool.sqlite().idle.retired.read(),
            ..DatabaseStatistics::of(&counters.database, Self::status(pool), counters)
        }]
    }

    fn known_tenants(pool: &TenantPool<Self>) -> CacheStatistics {
        pool.sqlite().known.statistics()
    }

    fn close(pool: &TenantPool<Self>) {
        let SqlitePool {
            idle, permits, watch, ..
        } = pool.sqlite();
        permits.close();
        idle.close();
        watch.abort();
    }
}

/// Refuses a tenant that is no file of the pool's folder.
pub(crate) fn must_be_a_file(
    target: &Target,
    database: Option<&str>,
    shares_tables: bool,
) -> Result<(), CheckoutError> {
    let target = || target.clone();
    match database {
        Some(database) => Err(CheckoutError::Database {
            target: target(),
            source: Box::new(DatabaseError::Undeclared {
                database: database.to_owned(),
                declared: Vec::new(),
            }),
        }),
        None if shares_tables => Err(CheckoutError::NoRowSecurity { target: target() }),
        None => Ok(()),
    }
}
