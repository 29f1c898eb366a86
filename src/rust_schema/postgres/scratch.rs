//! A temporary database: it is migrated, read, and dropped.

use std::{
    thread,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use diesel::QueryResult;
use diesel_async::SimpleAsyncConnection;

use crate::{
    PostgresConnection, SchemaName, TenantPool,
    backend::{
        postgres::catalog::scratch_databases::{is_under_way, role, unused_databases},
        random::random,
    },
    rust_schema::RustSchemaError,
};

/// The beginning of every scratch database's name. The second of its creation and a random number follow.
const PREFIX: &str = "diesel_tenants_scratch_";

/// A scratch database of this age, in seconds, that has no connections was left behind by a killed process.
const ABANDONED_AFTER: u64 = 3600;

/// How long the server may go on creating a database for which nobody waits, before it is left to a later run.
const MADE_WITHIN: Duration = Duration::from_secs(5);

const ASKED_EVERY: Duration = Duration::from_millis(50);

/// A scratch database. Unless [`drop_now`](Self::drop_now) was called, it is dropped with this value: after an error,
/// or when the future is dropped.
pub(super) struct Scratch {
    pool: TenantPool,
    name: SchemaName,
    is_dropped: bool,
}

impl Scratch {
    pub(super) async fn create(pool: &TenantPool, template: &str) -> Result<Self, RustSchemaError> {
        let mut connection = connect(pool).await?;
        require_right(&mut connection).await?;
        // A failure to drop other processes' databases is no reason to fail here.
        let _ = drop_abandoned(&mut connection).await;
        let name = SchemaName::new(&format!("{PREFIX}{}_{:016x}", now(), random()))?;
        let template = SchemaName::new(template)?;
        let sql = format!("{} TEMPLATE {}", creation(&name), template.quoted());
        // The guard starts here: the server may have created the database even if its answer never arrives.
        let scratch = Self {
            pool: pool.clone(),
            name,
            is_dropped: false,
        };
        match connection.batch_execute(&sql).await {
            Ok(()) => Ok(scratch),
            Err(source) => Err(RustSchemaError::CreateScratch {
                database: scratch.name.as_str().to_owned(),
                source,
            }),
        }
    }

    /// A pool for the scratch database with the options of the original pool.
    pub(super) fn pool(&self) -> TenantPool {
        self.pool.on_scratch_database(self.name.as_str())
    }

    pub(super) async fn drop_now(mut self) -> Result<(), RustSchemaError> {
        let dropped = drop_database(&self.pool, &self.name).await;
        self.is_dropped = dropped.is_ok();
        dropped
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        if self.is_dropped {
            return;
        }
        let (pool, name) = (self.pool.clone(), self.name.clone());
        // On a thread of its own, which is joined: the runtime may be about to end, together with the process.
        let dropping = thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.map(|runtime| {
                runtime.block_on(async {
                    wait_until_made(&pool, &name).await?;
                    drop_database(&pool, &name).await
                })
            })
        });
        // If this fails, a later call drops the database.
        let _ = dropping.join();
    }
}

async fn connect(pool: &TenantPool) -> Result<PostgresConnection, RustSchemaError> {
    pool.migration_connector()
        .connect()
        .await
        .map_err(RustSchemaError::Connect)
}

/// Waits for the server: it continues to create a database when the client no longer waits.
async fn wait_until_made(pool: &TenantPool, name: &SchemaName) -> Result<(), RustSchemaError> {
    let mut connection = connect(pool).await?;
    for _ in 0..MADE_WITHIN.as_millis() / ASKED_EVERY.as_millis() {
        let under_way = is_under_way(&mut connection, &creation(name)).await;
        if !under_way.map_err(RustSchemaError::Read)? {
            break;
        }
        tokio::time::sleep(ASKED_EVERY).await;
    }
    Ok(())
}

/// The beginning of the statement that creates the database.
fn creation(name: &SchemaName) -> String {
    format!("CREATE DATABASE {}", name.quoted())
}

async fn drop_database(pool: &TenantPool, name: &SchemaName) -> Result<(), RustSchemaError> {
    let mut connection = connect(pool).await?;
    let sql = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", name.quoted());
    connection
        .batch_execute(&sql)
        .await
        .map_err(|source| RustSchemaError::DropScratch {
            database: name.as_str().to_owned(),
            source,
        })
}

/// Asks for the right beforehand, because the server's own message may be in another language.
async fn require_right(connection: &mut PostgresConnection) -> Result<(), RustSchemaError> {
    let role = role(connection).await.map_err(RustSchemaError::Read)?;
    if role.may_create {
        Ok(())
    } else {
        Err(RustSchemaError::MayNotCreateDatabases { role: role.name })
    }
}

/// Drops the scratch databases of processes that were killed.
async fn drop_abandoned(connection: &mut PostgresConnection) -> QueryResult<()> {
    let unused = unused_databases(connection, PREFIX).await?;
    for name in unused.iter().filter(|name| is_abandoned(name)) {
        let Ok(name) = SchemaName::new(name) else { continue };
        let sql = format!("DROP DATABASE IF EXISTS {}", name.quoted());
        connection.batch_execute(&sql).await?;
    }
    Ok(())
}

fn is_abandoned(name: &str) -> bool {
    let made = name.strip_prefix(PREFIX).and_then(|rest| rest.split('_').next());
    let made = made.and_then(|made| made.parse::<u64>().ok());
    made.is_some_and(|made| made.saturating_add(ABANDONED_AFTER) < now())
}

fn now() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default()
        .as_secs()
}
