//! Whether two URLs lead to one database.

use std::hash::{BuildHasher, RandomState};

use diesel::{QueryableByName, sql_types::Bool};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};

use super::{LifecycleError, LifecycleEvent, connect};
use crate::TenantPool;

impl TenantPool {
    /// Whether another pool leads to the same database, by whatever URL: a lock that is taken here can't be had there.
    pub(super) async fn leads_to_database_of(
        &self,
        other: &TenantPool,
        event: &LifecycleEvent,
    ) -> Result<bool, LifecycleError> {
        #[derive(QueryableByName)]
        struct Lock {
            #[diesel(sql_type = Bool)]
            taken: bool,
        }

        let failed = |source| LifecycleError::of(event, source);
        // Nobody else has a lock of that number.
        let number = RandomState::new().hash_one(std::process::id()).cast_signed();
        let mut here = connect(self, event).await?;
        let lock = format!("BEGIN; SELECT pg_catalog.pg_advisory_xact_lock({number})");
        here.batch_execute(&lock).await.map_err(failed)?;
        let mut there = connect(other, event).await?;
        let lock = format!("SELECT pg_catalog.pg_try_advisory_xact_lock({number}) AS taken");
        let lock: Lock = diesel::sql_query(lock).get_result(&mut there).await.map_err(failed)?;
        here.batch_execute("ROLLBACK").await.map_err(failed)?;
        Ok(!lock.taken)
    }
}
