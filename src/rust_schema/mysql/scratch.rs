//! Two temporary databases: they are migrated, read, and dropped.

use std::{
    thread,
    time::{Duration, Instant, SystemTime, UNIX_EPOCH},
};

use crate::{
    SchemaName,
    backend::{
        mysql::{Server, Session, SessionError, scratch_databases as databases},
        random::random,
    },
    pool::MysqlError,
    rust_schema::RustSchemaError,
};

/// The beginning of every scratch database's name. The second of its creation and a random number follow.
const PREFIX: &str = "diesel_tenants_scratch_";

/// What the name of the tenant's database has behind the name of the shared one.
const TENANT: &str = "_tenant";

/// Scratch databases of this age, in seconds, were left behind by a killed process.
const ABANDONED_AFTER: u64 = 3600;

/// How long databases are tried to be dropped in which a task of this process still makes tables.
const DROPPED_WITHIN: Duration = Duration::from_secs(20);

/// Two scratch databases. Unless [`drop_now`](Self::drop_now) was called, they are dropped with this value: after an
/// error, or when the future is dropped.
pub(super) struct Scratch {
    server: Server,
    pub(super) shared: SchemaName,
    pub(super) tenant: SchemaName,
    is_dropped: bool,
}

impl Scratch {
    /// Chooses names. The databases are made by the migrations.
    pub(super) async fn create(server: Server) -> Result<Self, RustSchemaError> {
        // A failure to drop other processes' databases is no reason to fail here.
        let _ = drop_abandoned(&server).await;
        let shared = format!("{PREFIX}{}_{:016x}", now(), random());
        Ok(Self {
            tenant: SchemaName::new(&format!("{shared}{TENANT}"))?,
            shared: SchemaName::new(&shared)?,
            server,
            is_dropped: false,
        })
    }

    pub(super) async fn drop_now(mut self) -> Result<(), RustSchemaError> {
        let dropped = self.names_dropped().await;
        self.is_dropped = dropped.is_ok();
        dropped
    }

    async fn names_dropped(&self) -> Result<(), RustSchemaError> {
        let failed = |error| RustSchemaError::Server(MysqlError::session(error));
        let mut session = self.server.open().await.map_err(failed)?;
        // The tenant's tables refer to the shared ones.
        for database in [&self.tenant, &self.shared] {
            let dropped = databases::remove(&mut session, database).await;
            dropped.map_err(|source| RustSchemaError::DropScratch {
                database: database.as_str().to_owned(),
                source,
            })?;
        }
        Ok(())
    }

    /// Drops the databases until they stay away: what a dropped future began goes on in a task.
    async fn drop_for_good(server: &Server, names: [&SchemaName; 2]) -> Result<(), SessionError> {
        let begun = Instant::now();
        let mut session = server.open().await?;
        // That task may hold what a drop waits for, and wait for the drop itself.
        session.wait_at_most(Duration::from_secs(1)).await?;
        loop {
            for database in names {
                let _ = databases::remove(&mut session, database).await;
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
            if !databases::any_exists(&mut session, names).await? || begun.elapsed() > DROPPED_WITHIN {
                return Ok(());
            }
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.is_dropped {
            return;
        }
        let (server, tenant, shared) = (self.server.clone(), self.tenant.clone(), self.shared.clone());
        // On a thread of its own, which is joined: the runtime may be about to end, together with the process. On a
        // runtime of one thread, the task that still makes tables could not go on meanwhile.
        let has_threads =
            |runtime: tokio::runtime::Handle| runtime.runtime_flavor() == tokio::runtime::RuntimeFlavor::MultiThread;
        let is_joined = tokio::runtime::Handle::try_current().is_ok_and(has_threads);
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| runtime.block_on(Self::drop_for_good(&server, [&tenant, &shared])))
        });
        // If this fails, a later call drops the databases.
        if is_joined {
            let _ = dropping.join();
        }
    }
}

/// Drops the scratch databases of processes that were killed.
async fn drop_abandoned(server: &Server) -> Result<(), SessionError> {
    let mut session: Session = server.open().await?;
    let mut abandoned = databases::named(&mut session, PREFIX).await?;
    abandoned.retain(|name| is_abandoned(name));
    // A tenant's database has the longer name, and goes first.
    abandoned.sort_by_key(|name| std::cmp::Reverse(name.len()));
    for name in &abandoned {
        if let Ok(name) = SchemaName::new(name) {
            databases::remove(&mut session, &name).await?;
        }
    }
    Ok(())
}

/// Whether a database has a name as this module gives them, which was given long ago.
fn is_abandoned(name: &str) -> bool {
    let parts = || {
        let (made, chance) = name.strip_prefix(PREFIX)?.split_once('_')?;
        let chance = chance.strip_suffix(TENANT).unwrap_or(chance);
        let is_ours = chance.len() == 16 && u64::from_str_radix(chance, 16).is_ok();
        is_ours.then_some(made.parse::<u64>().ok()?)
    };
    parts().is_some_and(|made| made.saturating_add(ABANDONED_AFTER) < now())
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_old_databases_with_a_name_of_ours_are_abandoned() {
        for name in [
            "diesel_tenants_scratch_1700000000_0123456789abcdef",
            "diesel_tenants_scratch_1700000000_0123456789abcdef_tenant",
        ] {
            assert!(is_abandoned(name), "{name}");
        }
        let fresh = format!("{PREFIX}{}_0123456789abcdef", now());
        for name in [
            fresh.as_str(),
            "diesel_tenants_scratch_1700000000_client1",
            "diesel_tenants_scratch_notes",
            "client1",
        ] {
            assert!(!is_abandoned(name), "{name}");
        }
    }
}
