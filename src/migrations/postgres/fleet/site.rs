//! One database whose tenants are migrated, alone or among others.

use super::{fleet_lock::lock_fleet, survey::Survey, worker::Worker};
use crate::{
    PostgresConnection, SchemaName, TenantPool,
    backend::postgres::catalog::database::accepts_writes,
    migrations::{FleetError, OutsideWork, Script, fleet::Limits},
};

/// A database, with the connections that migrate its tenants.
pub(in crate::migrations) struct Site<'p> {
    pool: &'p TenantPool,
    /// Reads the tenants, and holds the lock of the fleet until the end.
    pub(in crate::migrations) connection: PostgresConnection,
    pub(in crate::migrations) workers: Vec<Worker<'p>>,
    /// Whether a migration is sent as one message.
    pub(in crate::migrations) batched: bool,
}

impl<'p> Site<'p> {
    pub(in crate::migrations) async fn new(
        pool: &'p TenantPool,
        mut connection: PostgresConnection,
        limits: Limits,
        workers: usize,
    ) -> Result<Self, FleetError> {
        let batched = pool.sends_batches(&mut connection).await.map_err(FleetError::Tenants)?;
        Ok(Self {
            pool,
            connection,
            workers: Worker::crew(pool, limits, batched, workers),
            batched,
        })
    }

    /// Fails if the server accepts no writes: every tenant would fail then, each by itself.
    pub(in crate::migrations) async fn require_writable(&mut self) -> Result<(), FleetError> {
        match accepts_writes(&mut self.connection)
            .await
            .map_err(FleetError::Tenants)?
        {
            true => Ok(()),
            false => Err(FleetError::ReadOnly {
                server: self.pool.migration_connector().server.clone(),
            }),
        }
    }

    /// Keeps other processes from migrating the tenants of this database, until the end. Behind a pooler there is no
    /// session that could hold the lock.
    pub(in crate::migrations) async fn lock(&mut self) -> Result<(), FleetError> {
        match self.pool.migration_connector().may_be_pooled() {
            true => Ok(()),
            false => lock_fleet(&mut self.connection, self.pool.migration_lock_timeout()).await,
        }
    }

    pub(in crate::migrations) async fn survey(
        &mut self,
        chosen: Option<Vec<SchemaName>>,
        first: &[SchemaName],
    ) -> Result<Survey, FleetError> {
        Survey::of(self.pool, &mut self.connection, chosen, first, &mut self.workers).await
    }

    /// Refuses migrations that can't or must not run in this database. Returns what they do outside the tenants'
    /// schemas.
    pub(in crate::migrations) fn check(&self, scripts: &[Script]) -> Result<Vec<OutsideWork>, FleetError> {
        if self.pool.migration_connector().may_be_pooled()
            && let Some(Script { migration, .. }) = scripts.iter().find(|script| !script.migration.in_transaction)
        {
            return Err(FleetError::NeedsSession {
                name: migration.name.clone(),
            });
        }
        let outside = OutsideWork::of_scripts(scripts);
        match outside.first() {
            Some(work) if self.pool.refuses_outside_work() => Err(FleetError::OutsideWork { work: work.clone() }),
            _ => Ok(outside),
        }
    }
}
