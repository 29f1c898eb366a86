//! Two servers, a pool that is small, and what is known of the tenants on them.

use std::{path::Path, time::Duration};

use diesel_tenants::{DirectoryCache, TenantPool, directory::DirectoryTables};
use diesel_tenants_test_support::{Database, Server};
use tokio::task::block_in_place;

use crate::{faults::Fault, proxy::Proxy, random::Random};

pub const POOL_SIZE: usize = 4;

/// How long a process may go by what it knew of a tenant.
pub const CACHED: Duration = Duration::from_millis(50);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    Home,
    Shard,
}

pub struct World {
    home_proxy: Proxy,
    shard_proxy: Proxy,
    pub home: Database,
    pub shard: Database,
    home_server: Server,
    shard_server: Server,
    pub pool: TenantPool,
    files: tempfile::TempDir,
}

/// A pool as every process here has one.
pub async fn pool(home: &str, shard: &str) -> TenantPool {
    let built = TenantPool::builder(home)
        .max_size(POOL_SIZE)
        .wait_timeout(Duration::from_secs(30))
        .migration_lock_timeout(Duration::from_secs(20))
        .directory(DirectoryTables::new())
        .directory_cache(
            DirectoryCache::new()
                .ttl(CACHED)
                .negative_ttl(CACHED)
                .failure_ttl(CACHED)
                .stale_if_error(CACHED),
        )
        .schema_cache(100, CACHED)
        // Names and places change hands at once, and what is remembered is no older than `CACHED`.
        .reuse_after(Duration::ZERO)
        .database("shard", shard)
        .build()
        .await;
    built.expect("a pool")
}

impl World {
    pub async fn begin() -> Self {
        let (home_server, shard_server) = (Server::start(), Server::start());
        let (home, shard) = (home_server.database(), shard_server.database());
        let home_proxy = Proxy::before(home_server.port()).await;
        let shard_proxy = Proxy::before(shard_server.port()).await;
        let through = |url: &str, server: &Server, proxy: &Proxy| {
            url.replace(&format!(":{}/", server.port()), &format!(":{}/", proxy.port()))
        };
        let pool = pool(
            &through(home.url(), &home_server, &home_proxy),
            &through(shard.url(), &shard_server, &shard_proxy),
        )
        .await;
        pool.prepare_directory().await.expect("the directory's tables");
        Self {
            home_proxy,
            shard_proxy,
            home,
            shard,
            home_server,
            shard_server,
            pool,
            files: tempfile::tempdir().expect("a folder"),
        }
    }

    /// Past the proxies.
    pub fn direct_urls(&self) -> (String, String) {
        (self.home.url().to_owned(), self.shard.url().to_owned())
    }

    pub fn files(&self) -> &Path {
        self.files.path()
    }

    pub fn database(&self, end: End) -> &Database {
        match end {
            End::Home => &self.home,
            End::Shard => &self.shard,
        }
    }

    /// Does now what a fault does to the servers. Afterwards they run again.
    pub async fn strike(&self, fault: Fault) {
        let server = |end| match end {
            End::Home => &self.home_server,
            End::Shard => &self.shard_server,
        };
        match fault {
            Fault::None | Fault::Drop { .. } | Fault::KillClient { .. } => {}
            Fault::KillServer { end, outright, .. } => block_in_place(|| {
                if outright {
                    server(end).kill()
                } else {
                    server(end).stop()
                }
                server(end).restart();
            }),
            Fault::EndSessions { end, all, .. } => block_in_place(|| {
                let which = if all { "" } else { "ORDER BY random() LIMIT 1" };
                // Returns once they are gone.
                self.database(end).run(&format!(
                    "DO $$ DECLARE them int[]; BEGIN
                     SELECT array_agg(pid) INTO them FROM (SELECT pid FROM pg_stat_activity WHERE datname = current_database() \
                     AND pid <> pg_backend_pid() AND backend_type = 'client backend' {which}) s;
                     PERFORM pg_terminate_backend(pid) FROM unnest(them) pid;
                     FOR tries IN 1..1000 LOOP
                         PERFORM pg_stat_clear_snapshot();
                         EXIT WHEN NOT EXISTS (SELECT FROM pg_stat_activity WHERE pid = ANY (them));
                         PERFORM pg_sleep(0.005);
                     END LOOP;
                     END $$"
                ));
            }),
            Fault::Cut { end, .. } => match end {
                End::Home => self.home_proxy.cut().await,
                End::Shard => self.shard_proxy.cut().await,
            },
        }
    }
}

/// The names that tenants can have here. There are few, so that they are given again and again.
pub const NAMES: [&str; 8] = [
    "anna",
    "bert",
    "cleo",
    "dora",
    "O'Brien \"e\"",
    "MiXed",
    "größe",
    "user",
];

/// One of the names that nobody has.
pub fn free_name(taken: &[&str], random: &mut Random) -> Option<String> {
    let free: Vec<&str> = NAMES.into_iter().filter(|name| !taken.contains(name)).collect();
    random.pick(&free).map(|name| (*name).to_owned())
}
