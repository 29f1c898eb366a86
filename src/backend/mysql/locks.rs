//! Keeps two operations from working on the same database at the same time.
//!
//! A lock is a row of the shared database, locked by a transaction that stays open. The lock ends with its connection,
//! however its process ends. The work is done on another connection, because a definition would commit the
//! transaction; and the server finishes a statement whose client is gone. So that connection
//! [holds](Session::hold) the database as well, until its last statement has ended.

use std::time::Duration;

use diesel_tenants_translate::SchemaName;
use sha2::{Digest, Sha256};

use super::{
    Server, Session, SessionError, is_deadlock, is_wait_timeout, quote,
    registry::{LOCKS, prepare},
};

/// How long an operation waits for another one on the same database, unless it is told otherwise.
pub(crate) const LOCK_TIMEOUT: Duration = Duration::from_secs(30);

/// Locks on databases, until it is dropped.
pub(crate) struct Lock {
    session: Session,
}

impl Lock {
    /// Waits for the locks on some databases. Makes the registry's tables, if they are missing.
    pub(crate) async fn acquire(
        server: &Server,
        databases: &[&SchemaName],
        wait: Duration,
    ) -> Result<Self, SessionError> {
        let mut session = server.open().await?;
        prepare(&mut session, server.shared()).await?;
        Self::acquire_on(session, server, databases, wait).await
    }

    /// Like [`acquire`](Self::acquire), on a session that has been a lock's before.
    pub(crate) async fn acquire_on(
        mut session: Session,
        server: &Server,
        databases: &[&SchemaName],
        wait: Duration,
    ) -> Result<Self, SessionError> {
        let mut databases = databases.to_vec();
        // Everybody takes them in the same order, so that nobody waits in a circle.
        databases.sort();
        databases.dedup();
        session.wait_at_most(wait).await?;
        let table = format!("{}.{LOCKS}", quote::database(server.shared()));
        for database in &databases {
            let name = quote::literal(database.as_str());
            let query = format!("SELECT COUNT(*) AS number FROM {table} WHERE name = {name}");
            if session.number(&query).await? == 0 {
                let inserted = session
                    .run(&format!("INSERT IGNORE INTO {table} (name) VALUES ({name})"))
                    .await;
                inserted.map_err(|error| locked(error, database, wait))?;
            }
        }
        session.run("START TRANSACTION").await?;
        for database in databases {
            let name = quote::literal(database.as_str());
            let query = format!("SELECT COUNT(*) AS number FROM {table} WHERE name = {name} FOR UPDATE");
            session
                .number(&query)
                .await
                .map_err(|error| locked(error, database, wait))?;
        }
        Ok(Self { session })
    }

    /// Fails if the lock was lost together with its connection. Also keeps the server from closing a connection that is
    /// idle for long.
    pub(crate) async fn confirm(&mut self) -> Result<(), SessionError> {
        Ok(self.session.run("DO 0").await?)
    }

    /// Gives the lock up, and the session back for the next one.
    pub(crate) async fn release(mut self) -> Result<Session, SessionError> {
        self.session.run("ROLLBACK").await?;
        Ok(self.session)
    }
}

fn locked(error: diesel::result::Error, database: &SchemaName, waited: Duration) -> SessionError {
    match is_wait_timeout(&error) || is_deadlock(&error) {
        true => SessionError::Locked {
            database: database.clone(),
            waited,
        },
        false => error.into(),
    }
}

impl Session {
    /// Holds a database for the work on it, and waits until the last statement of an earlier holder has ended, whose
    /// client may be gone. Only the holder of the database's [`Lock`] calls this.
    pub(crate) async fn hold(&mut self, database: &SchemaName, wait: Duration) -> Result<(), SessionError> {
        let name = quote::literal(&name_of(database));
        let got = self
            .number(&format!("SELECT GET_LOCK({name}, {}) AS number", seconds(wait)))
            .await?;
        match got {
            1 => Ok(()),
            _ => Err(SessionError::Locked {
                database: database.clone(),
                waited: wait,
            }),
        }
    }

    /// Stops holding a database.
    pub(crate) async fn let_go(&mut self, database: &SchemaName) -> Result<(), SessionError> {
        let name = quote::literal(&name_of(database));
        Ok(self.run(&format!("DO RELEASE_LOCK({name})")).await?)
    }
}

fn seconds(wait: Duration) -> i64 {
    wait.as_secs_f64().ceil().clamp(0.0, 1e6) as i64
}

/// The name of the server's own lock on a database. It has at most 64 letters, whose case doesn't count.
fn name_of(database: &SchemaName) -> String {
    let hash = Sha256::digest(database.as_str());
    let digits: String = hash[..16].iter().map(|byte| format!("{byte:02x}")).collect();
    format!("diesel-tenants {digits}")
}
