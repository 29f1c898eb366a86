//! Advisory locks: one migration of a schema at a time, one fleet migration of a database.
//!
//! Locks of schemas are never waited for in the server: a waiting session holds a snapshot, and another session's
//! `CREATE INDEX CONCURRENTLY` under the same lock would wait for that snapshot.

use std::time::Duration;

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Bool, Text},
};
use diesel_async::{AsyncConnection, RunQueryDsl, TransactionManager};
use tokio_postgres::Error;

use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{Backoff, assertion::require, driver::DriverSession, lock_name, quote::literal},
};

type Transactions = <PostgresConnection as AsyncConnection>::TransactionManager;

/// How long a lock is held, and whether it is shared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum LockSpan {
    /// Until the end of the transaction.
    Transaction,
    /// Until the end of the transaction, shared with other sessions that take it in this way.
    SharedTransaction,
    /// Until it is released, or the session ends.
    Session,
}

impl LockSpan {
    /// The query that tries to take the lock of the name in its parameter, and returns whether it got the lock.
    fn query(self) -> &'static str {
        match self {
            Self::Transaction => {
                "SELECT pg_catalog.pg_try_advisory_xact_lock(pg_catalog.hashtextextended($1, 0)) AS locked"
            }
            Self::SharedTransaction => {
                "SELECT pg_catalog.pg_try_advisory_xact_lock_shared(pg_catalog.hashtextextended($1, 0)) AS locked"
            }
            Self::Session => "SELECT pg_catalog.pg_try_advisory_lock(pg_catalog.hashtextextended($1, 0)) AS locked",
        }
    }
}

/// Tries to take the lock of a name.
pub(crate) async fn try_lock_named(
    connection: &mut PostgresConnection,
    name: &str,
    span: LockSpan,
) -> QueryResult<bool> {
    #[derive(QueryableByName)]
    struct Answer {
        #[diesel(sql_type = Bool)]
        locked: bool,
    }

    let Answer { locked } = diesel::sql_query(span.query())
        .bind::<Text, _>(name)
        .get_result(connection)
        .await?;
    Ok(locked)
}

/// Tries to take the lock on a schema.
pub(crate) async fn try_lock(
    connection: &mut PostgresConnection,
    schema: &SchemaName,
    span: LockSpan,
) -> QueryResult<bool> {
    try_lock_named(connection, &lock_name::of_schema(schema), span).await
}

/// Takes the lock of a name. It tries until the time is over, and returns whether it succeeded. A lock that lasts for a
/// transaction is taken in the open transaction.
pub(crate) async fn lock_named(
    connection: &mut PostgresConnection,
    name: &str,
    span: LockSpan,
    lock_timeout: Duration,
) -> QueryResult<bool> {
    let mut backoff = Backoff::new(lock_timeout);
    while !try_lock_named(connection, name, span).await? {
        if !backoff.pause().await {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Takes the lock on a schema, for a session of the driver. It tries until the time is over, and returns whether it
/// succeeded.
///
/// A lock that lasts for a transaction is taken in a transaction, which `begin` begins for each try. On success it is
/// open.
pub(crate) async fn lock_by(
    session: &DriverSession,
    schema: &SchemaName,
    span: LockSpan,
    lock_timeout: Duration,
    begin: &str,
) -> Result<bool, Error> {
    let mut backoff = Backoff::new(lock_timeout);
    loop {
        if span != LockSpan::Session {
            session.execute(begin).await?;
        }
        if try_lock_by(session, schema, span).await? {
            return Ok(true);
        }
        if span != LockSpan::Session {
            session.execute("ROLLBACK").await?;
        }
        if !backoff.pause().await {
            return Ok(false);
        }
    }
}

async fn try_lock_by(session: &DriverSession, schema: &SchemaName, span: LockSpan) -> Result<bool, Error> {
    let rows = session.query(span.query(), &[&lock_name::of_schema(schema)]).await?;
    // Not `first`: Diesel has a method of that name as well.
    let row = rows.as_slice().first();
    row.map_or(Ok(false), |row| row.try_get(0))
}

/// Releases a lock that was taken for the session.
pub(crate) async fn unlock(connection: &mut PostgresConnection, schema: &SchemaName) -> QueryResult<()> {
    diesel::sql_query("SELECT pg_catalog.pg_advisory_unlock(pg_catalog.hashtextextended($1, 0))")
        .bind::<Text, _>(lock_name::of_schema(schema))
        .execute(connection)
        .await
        .map(drop)
}

/// Takes the advisory locks of schemas. It tries until the time is over, and returns whether it succeeded.
///
/// Locks that last for a transaction are taken in a transaction, which is begun for each try and open on success. No
/// lock is held while waiting for another one, so there are no deadlocks.
pub(crate) async fn lock_all(
    connection: &mut PostgresConnection,
    schemas: &[&SchemaName],
    span: LockSpan,
    lock_timeout: Duration,
) -> QueryResult<bool> {
    let mut backoff = Backoff::new(lock_timeout);
    loop {
        if span != LockSpan::Session {
            Transactions::begin_transaction(connection).await?;
        }
        let mut locked = Vec::new();
        for schema in schemas {
            if !try_lock(connection, schema, span).await? {
                break;
            }
            locked.push(*schema);
        }
        if locked.len() == schemas.len() {
            return Ok(true);
        }
        match span {
            LockSpan::Transaction | LockSpan::SharedTransaction => {
                Transactions::rollback_transaction(connection).await?
            }
            LockSpan::Session => {
                for schema in locked {
                    unlock(connection, schema).await?;
                }
            }
        }
        if !backoff.pause().await {
            return Ok(false);
        }
    }
}

/// Part of the server's error when [a required lock](require_lock) is held by another session: the value that isn't a
/// boolean.
pub(crate) const LOCKED: &str = "diesel-tenants: locked";

/// A condition that takes the lock on a schema until the end of the transaction, or fails.
pub(crate) fn require_lock(schema: &SchemaName) -> String {
    let lock = format!(
        "pg_catalog.pg_try_advisory_xact_lock({})",
        key(&lock_name::of_schema(schema))
    );
    require(&lock, LOCKED)
}

/// The statement that waits in the server for the lock of a name, and holds it until the end of the transaction.
pub(crate) fn wait_for_lock(name: &str) -> String {
    format!("SELECT pg_catalog.pg_advisory_xact_lock({})", key(name))
}

/// Statements that would also release all locks of the session, changed so that the session keeps the lock on a schema.
/// No other session gets the lock in between, because the transaction holds it meanwhile.
pub(crate) fn keeping_lock(schema: &SchemaName, statements: &str) -> String {
    let name = lock_name::of_schema(schema);
    let lock = wait_for_lock(&name);
    format!(
        "{lock}; {statements}; SELECT pg_catalog.pg_advisory_lock({})",
        key(&name)
    )
}

/// The key of a name's lock, as an SQL expression.
fn key(name: &str) -> String {
    format!("pg_catalog.hashtextextended({}, 0)", literal(name))
}
