use std::time::{Duration, Instant};

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, Bool, Integer, Nullable, Text},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection, TransactionManager};

use super::{
    LifecycleError, TenantUse, locks,
    operation::{Operation, Transactions},
};
use crate::{SchemaName, backend::postgres::quote};

/// How long a statement waits for a lock at a time, while all others wait behind it. Less than the server's
/// `deadlock_timeout` (by default one second), so that who waits in a circle with it is not the one to be thrown out.
const LOCK_TIMEOUT: Duration = Duration::from_millis(250);

/// The same, if only autovacuum is in the way: it makes room for who waits longer than `deadlock_timeout`.
const LOCK_TIMEOUT_AUTOVACUUM: Duration = Duration::from_secs(2);

/// What to do about sessions that use a tenant.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// How long they are waited for.
    pub(super) wait: Duration,
    /// Whether they are ended.
    pub(super) force: bool,
}

impl Default for Patience {
    fn default() -> Self {
        Self {
            wait: Duration::from_secs(3),
            force: false,
        }
    }
}

/// Locks that another session has.
#[derive(QueryableByName)]
struct Holder {
    #[diesel(sql_type = Nullable<Integer>)]
    pid: Option<i32>,
    #[diesel(sql_type = Text)]
    application: String,
    #[diesel(sql_type = Text)]
    user: String,
    /// On the schema's own relations, not only on those that its foreign keys lead to.
    #[diesel(sql_type = Bool)]
    own: bool,
    #[diesel(sql_type = Bool)]
    makes_room: bool,
}

impl Operation<'_> {
    /// Runs a statement once nobody else uses the schema; then nobody can, until the transaction ends.
    ///
    /// Tables are locked before, as many as the server has room for. A transaction that has read one of them reads the
    /// others too before the schema goes away: it would read those of whoever gets the name.
    pub(super) async fn exclusively(
        &mut self,
        schema: &SchemaName,
        patience: Patience,
        sql: &str,
    ) -> Result<(), LifecycleError> {
        self.persist(schema, patience, true, sql).await
    }

    /// The same, without locks on all tables beforehand: for a schema that nobody can check out.
    pub(super) async fn once_unused(
        &mut self,
        schema: &SchemaName,
        patience: Patience,
        sql: &str,
    ) -> Result<(), LifecycleError> {
        self.persist(schema, patience, false, sql).await
    }

    async fn persist(
        &mut self,
        schema: &SchemaName,
        patience: Patience,
        lock_tables: bool,
        sql: &str,
    ) -> Result<(), LifecycleError> {
        let started = Instant::now();
        let mut forced = false;
        let mut lock_timeout = LOCK_TIMEOUT;
        let mut pause = Duration::from_millis(10);
        loop {
            let tried = Instant::now();
            let error = match self.attempt(schema, lock_timeout, lock_tables, sql).await {
                Ok(true) => return Ok(()),
                Ok(false) => None,
                // Diesel doesn't tell the error's code. One that came at once was no `lock_timeout`.
                Err(error) if tried.elapsed() < LOCK_TIMEOUT => return Err(self.failed(error)),
                Err(error) => Some(error),
            };
            let holders = self.holders(schema).await.map_err(|source| self.failed(source))?;
            let over = started.elapsed() >= patience.wait;
            if patience.force && !(over && forced) {
                self.end_sessions(&holders)
                    .await
                    .map_err(|source| self.failed(source))?;
                forced = true;
            } else if over {
                return Err(match error {
                    Some(source) if holders.is_empty() => self.failed(source),
                    _ => self.in_use(holders, patience.wait),
                });
            }
            let only_autovacuum = !holders.is_empty() && holders.iter().all(|holder| holder.makes_room);
            lock_timeout = if only_autovacuum {
                LOCK_TIMEOUT_AUTOVACUUM
            } else {
                LOCK_TIMEOUT
            };
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(LOCK_TIMEOUT);
        }
    }

    /// Tries once, and says whether that succeeded. If not, no lock is left that wasn't held before.
    async fn attempt(
        &mut self,
        schema: &SchemaName,
        lock_timeout: Duration,
        lock_tables: bool,
        sql: &str,
    ) -> QueryResult<bool> {
        Transactions::begin_transaction(self.connection).await?;
        let done = self.attempt_in_savepoint(schema, lock_timeout, lock_tables, sql).await;
        match done {
            Ok(true) => Transactions::commit_transaction(self.connection).await?,
            _ => Transactions::rollback_transaction(self.connection).await?,
        }
        done
    }

    async fn attempt_in_savepoint(
        &mut self,
        schema: &SchemaName,
        lock_timeout: Duration,
        lock_tables: bool,
        sql: &str,
    ) -> QueryResult<bool> {
        let set = quote::lock_timeout(lock_timeout);
        self.connection.batch_execute(&set).await?;
        if lock_tables && let Some(lock) = locks::lock_tables(self.connection, schema).await? {
            self.connection.batch_execute(&lock).await?;
        }
        // Those of views, sequences, and whatever else can't be locked.
        if self.holders(schema).await?.iter().any(|holder| holder.own) {
            return Ok(false);
        }
        self.connection.batch_execute(sql).await?;
        Ok(true)
    }

    async fn holders(&mut self, schema: &SchemaName) -> QueryResult<Vec<Holder>> {
        diesel::sql_query(
            "WITH own AS MATERIALIZED ( \
                 SELECT c.oid FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace \
                 WHERE n.nspname = $1), \
             referenced AS (SELECT confrelid AS oid FROM pg_catalog.pg_constraint \
                 WHERE contype = 'f' AND conrelid IN (SELECT oid FROM own)) \
             SELECT l.pid, coalesce(a.application_name, '') AS application, \
                 coalesce(a.usename::pg_catalog.text, '') AS user, \
                 bool_or(l.relation IN (SELECT oid FROM own)) AS own, \
                 coalesce(bool_or(a.backend_type = 'autovacuum worker'), false) AS makes_room \
             FROM pg_catalog.pg_locks l LEFT JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid \
             WHERE l.locktype = 'relation' AND l.granted AND l.pid IS DISTINCT FROM pg_catalog.pg_backend_pid() \
                 AND l.database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()) \
                 AND (l.relation IN (SELECT oid FROM own) OR l.relation IN (SELECT oid FROM referenced)) \
             GROUP BY 1, 2, 3 ORDER BY 1",
        )
        .bind::<Text, _>(schema.as_str())
        .load(self.connection)
        .await
    }

    /// Ends the sessions that use the schema itself: not those that use what all tenants share.
    async fn end_sessions(&mut self, holders: &[Holder]) -> QueryResult<()> {
        let processes: Vec<i32> = holders
            .iter()
            .filter(|holder| holder.own)
            .filter_map(|holder| holder.pid)
            .collect();
        diesel::sql_query("SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.unnest($1) AS pid")
            .bind::<Array<Integer>, _>(processes)
            .execute(self.connection)
            .await
            .map(drop)
    }

    fn in_use(&self, holders: Vec<Holder>, waited: Duration) -> LifecycleError {
        let own = holders.iter().any(|holder| holder.own);
        let by = holders
            .into_iter()
            .filter(|holder| holder.own == own)
            .map(|holder| TenantUse {
                process: holder.pid,
                application: holder.application,
                user: holder.user,
            })
            .collect();
        LifecycleError::InUse {
            operation: self.event.clone(),
            waited,
            by,
        }
    }
}
