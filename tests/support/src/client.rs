use std::{thread, time::Duration};

use tokio::{runtime, time::timeout};
use tokio_postgres::{Config, NoTls, SimpleQueryMessage, error::SqlState};

/// Rows as text, NULL as `None`.
pub(crate) type Rows = Vec<Vec<Option<String>>>;

/// Why the server gave no answer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ClientError {
    /// The operating system refused a thread, or what a runtime needs.
    #[error("could not start a thread or runtime for the query")]
    Thread(#[source] std::io::Error),
    /// Nobody answers there, or the server refuses the connection.
    #[error("could not connect")]
    Connect(#[source] tokio_postgres::Error),
    /// The server refused the statement.
    #[error("the query failed")]
    Query(#[source] tokio_postgres::Error),
    /// The server took too long.
    #[error("no answer within {} s", .0.as_secs())]
    TooSlow(Duration),
}

impl ClientError {
    /// Whether the server refused a statement for this reason.
    pub(crate) fn is(&self, state: &SqlState) -> bool {
        matches!(self, Self::Query(error) if error.code() == Some(state))
    }
}

/// Sends `sql`, which may hold many statements, on a connection of its own, and returns the rows of all of them.
///
/// On a thread of its own: a runtime cannot block on another one, and callers stand inside of runtimes of every kind
/// and outside of any.
pub(crate) fn run(url: &str, sql: &str, patience: Duration) -> Result<Rows, ClientError> {
    thread::scope(|scope| {
        let work = || {
            let runtime = runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .map_err(ClientError::Thread)?;
            let answer = runtime.block_on(async { timeout(patience, send(url, sql)).await });
            answer.unwrap_or(Err(ClientError::TooSlow(patience)))
        };
        let thread = thread::Builder::new()
            .spawn_scoped(scope, work)
            .map_err(ClientError::Thread)?;
        thread.join().expect("the work does not panic")
    })
}

async fn send(url: &str, sql: &str) -> Result<Rows, ClientError> {
    let config: Config = url.parse().map_err(ClientError::Connect)?;
    let (client, connection) = config.connect(NoTls).await.map_err(ClientError::Connect)?;
    let driver = tokio::spawn(connection);
    let messages = client.simple_query(sql).await.map_err(ClientError::Query)?;
    drop(client);
    // A session counts until it has ended, and CREATE DATABASE and DROP DATABASE count them.
    let _ = driver.await;

    let rows = messages.into_iter().filter_map(|message| match message {
        SimpleQueryMessage::Row(row) => Some(
            (0..row.len())
                .map(|column| row.get(column).map(str::to_owned))
                .collect(),
        ),
        _ => None,
    });
    Ok(rows.collect())
}
