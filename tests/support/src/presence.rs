//! Which processes use a server that outlives them, so that what a killed one left can be told from what another needs.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use tokio::runtime;
use tokio_postgres::{Client, Config, NoTls};

use crate::{client::ClientError, database::PREFIX};

/// The first half of the lock's key; the second is the process's tag.
const LOCK: u32 = 0x6474_7473;

/// A session that holds an advisory lock for as long as this process runs: it ends with the process, however that ends.
#[derive(Debug)]
pub(crate) struct Presence {
    holds: Arc<AtomicBool>,
}

impl Presence {
    /// Returns once the lock is held. Afterwards, in the background, it drops the databases of processes that have
    /// none.
    pub(crate) fn announce(url: String, tag: u32) -> Result<Self, ClientError> {
        let holds = Arc::new(AtomicBool::new(true));
        let (report, reported) = mpsc::channel();
        let work = {
            let holds = Arc::clone(&holds);
            move || {
                hold(&url, tag, &report);
                holds.store(false, Ordering::Release);
            }
        };
        let name = "diesel-tenants-presence".to_owned();
        let thread = thread::Builder::new().name(name).spawn(work);
        thread.map_err(ClientError::Thread)?;
        // The thread always reports, unless it panics.
        reported.recv().unwrap_or(Ok(()))?;
        Ok(Self { holds })
    }

    /// Whether the session still has the lock. It ends early if the server is restarted.
    pub(crate) fn holds(&self) -> bool {
        self.holds.load(Ordering::Acquire)
    }
}

fn hold(url: &str, tag: u32, report: &mpsc::Sender<Result<(), ClientError>>) {
    let runtime = match runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return drop(report.send(Err(ClientError::Thread(error)))),
    };
    runtime.block_on(async {
        match lock(url, tag).await {
            Err(error) => drop(report.send(Err(error))),
            Ok((client, session)) => {
                let _ = report.send(Ok(()));
                // What can't be dropped now is left to the next process.
                let _ = drop_left_behind(&client).await;
                let _ = session.await;
            }
        }
    });
}

async fn lock(url: &str, tag: u32) -> Result<(Client, tokio::task::JoinHandle<()>), ClientError> {
    let config: Config = url.parse().map_err(ClientError::Connect)?;
    let (client, connection) = config.connect(NoTls).await.map_err(ClientError::Connect)?;
    let session = tokio::spawn(async move { drop(connection.await) });
    // This session has nothing to do for as long as the tests run. Before version 14 there is no such limit.
    let sql = format!(
        "SELECT pg_catalog.set_config(name, '0', false) FROM pg_catalog.pg_settings WHERE name = 'idle_session_timeout';
         SELECT pg_catalog.pg_advisory_lock({}, {})",
        LOCK.cast_signed(),
        tag.cast_signed()
    );
    client.simple_query(&sql).await.map_err(ClientError::Query)?;
    Ok((client, session))
}

/// The databases are listed before the locks: a process has its lock before it has a database.
async fn drop_left_behind(client: &Client) -> Result<(), tokio_postgres::Error> {
    let pattern = format!("^{PREFIX}[0-9a-f]{{8}}_[0-9]+$");
    let sql = "SELECT datname::text FROM pg_catalog.pg_database WHERE datname ~ $1";
    let databases = client.query(sql, &[&pattern]).await?;
    let sql = "SELECT objid FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND classid = $1 AND objsubid = 2";
    let locks = client.query(sql, &[&LOCK]).await?;
    let running: Vec<u32> = locks.iter().map(|row| row.get(0)).collect();
    for row in &databases {
        let name: String = row.get(0);
        let tag = name.get(PREFIX.len()..PREFIX.len() + 8).unwrap_or_default();
        match u32::from_str_radix(tag, 16) {
            Ok(tag) if !running.contains(&tag) => {}
            _ => continue,
        }
        // Without FORCE: where somebody is still connected, a process lost its lock, and has not asked for it again.
        let _ = client.batch_execute(&format!("DROP DATABASE IF EXISTS {name}")).await;
    }
    Ok(())
}
