//! The database, of whatever kind. Only this folder knows which kind it is.

mod any_pool;
mod domains;
mod fleet_run;
#[cfg(feature = "mysql")]
mod mysql;
mod own_directory;
mod places;
mod postgres;
mod schema_source;
#[cfg(feature = "sqlite")]
mod sqlite;
mod tls;

use anyhow::{Context as _, bail};
use diesel_tenants::{DiagnosisReport, TenantPool};

pub use any_pool::{AnyPool, Manner};
pub use domains::Domains;
pub use fleet_run::FleetRun;
pub use places::Places;
pub use postgres::Encryption;
pub use schema_source::SchemaSource;

use crate::{options::Global, settings::Settings};

/// What to do on databases that lack something.
#[derive(Debug, Clone, Copy)]
pub struct Instead<'a> {
    pub on_sqlite: &'a str,
    pub on_mysql: &'a str,
}

/// How to reach the database.
pub struct Database(Kind);

enum Kind {
    Postgres(postgres::Server),
    #[cfg(feature = "sqlite")]
    Sqlite(sqlite::Folder),
    #[cfg(feature = "mysql")]
    Mysql(mysql::Server),
}

impl Database {
    /// Reads the options; connects to nothing yet.
    pub fn new(global: &Global) -> anyhow::Result<Self> {
        let Some(url) = global.database_url.as_deref().filter(|url| !url.is_empty()) else {
            bail!("no database was given: name it by --database-url, by the variable DATABASE_URL, or in a file .env");
        };
        Ok(Self(match url.split_once(':') {
            #[cfg(feature = "sqlite")]
            Some(("sqlite", _)) => Kind::Sqlite(sqlite::Folder::new(url, global)?),
            #[cfg(not(feature = "sqlite"))]
            Some(("sqlite", _)) => bail!(
                "the database URL names a folder of SQLite, and this command was installed without SQLite: install it \
                 anew with its feature `sqlite`, which it has by default"
            ),
            #[cfg(feature = "mysql")]
            Some(("mysql" | "mariadb", _)) => Kind::Mysql(mysql::Server::new(url, global)?),
            #[cfg(not(feature = "mysql"))]
            Some(("mysql" | "mariadb", _)) => bail!(
                "the database URL names a server of MySQL, and this command was installed without MySQL: install it \
                 anew with its feature `mysql-rustls`, which it has by default"
            ),
            _ => Kind::Postgres(postgres::Server::new(url, global)?),
        }))
    }

    /// A pool of at most `max_size` connections.
    pub async fn pool(&self, settings: &Settings, max_size: usize) -> anyhow::Result<Box<dyn AnyPool>> {
        Ok(match &self.0 {
            Kind::Postgres(server) => Box::new(server.pool(settings, max_size).await?),
            #[cfg(feature = "sqlite")]
            Kind::Sqlite(folder) => Box::new(folder.pool(settings, max_size).await?),
            #[cfg(feature = "mysql")]
            Kind::Mysql(server) => Box::new(server.pool(settings, max_size).await?),
        })
    }

    /// How soon other processes see that a tenant was suspended.
    pub fn suspension_is_seen(&self) -> &'static str {
        match &self.0 {
            Kind::Postgres(_) => "within a minute, by default",
            #[cfg(feature = "sqlite")]
            Kind::Sqlite(_) => "within a minute, by default",
            #[cfg(feature = "mysql")]
            Kind::Mysql(_) => "within half a second",
        }
    }

    /// Looks for problems. `integrity` is whether the contents of all files are checked.
    pub async fn diagnose(&self, settings: &Settings, integrity: bool) -> anyhow::Result<DiagnosisReport> {
        match &self.0 {
            Kind::Postgres(_) if integrity => bail!(
                "--integrity reads files of SQLite, and this database is one of PostgreSQL: its extension amcheck \
                 checks tables and indexes"
            ),
            Kind::Postgres(server) => server.diagnose(settings).await,
            #[cfg(feature = "sqlite")]
            Kind::Sqlite(folder) => folder.diagnose(settings, integrity).await,
            #[cfg(feature = "mysql")]
            Kind::Mysql(_) if integrity => bail!(
                "--integrity reads files of SQLite, and this database is one of MySQL: `CHECK TABLE` checks tables there"
            ),
            #[cfg(feature = "mysql")]
            Kind::Mysql(server) => server.diagnose(settings).await,
        }
    }

    /// Fails unless the database is one of PostgreSQL: for an option or a subcommand that only PostgreSQL has.
    /// `instead` is what to do on others.
    #[cfg_attr(
        not(all(feature = "mysql", feature = "sqlite")),
        expect(unused_variables, reason = "each is for one other kind of database")
    )]
    pub fn needs_postgres(&self, what: &str, instead: Instead<'_>) -> anyhow::Result<()> {
        let Instead { on_sqlite, on_mysql } = instead;
        match &self.0 {
            Kind::Postgres(_) => Ok(()),
            #[cfg(feature = "sqlite")]
            Kind::Sqlite(_) => bail!("{what} needs PostgreSQL, and this database is a folder of SQLite: {on_sqlite}"),
            #[cfg(feature = "mysql")]
            Kind::Mysql(_) => bail!("{what} needs PostgreSQL, and this database is a server of MySQL: {on_mysql}"),
        }
    }

    /// A pool for what only PostgreSQL can do.
    pub async fn postgres(&self, settings: &Settings, what: &str, instead: Instead<'_>) -> anyhow::Result<TenantPool> {
        self.needs_postgres(what, instead)?;
        match &self.0 {
            Kind::Postgres(server) => server.tenant_pool(settings, 2).await,
            #[cfg(feature = "sqlite")]
            Kind::Sqlite(_) => unreachable!("refused above"),
            #[cfg(feature = "mysql")]
            Kind::Mysql(_) => unreachable!("refused above"),
        }
    }

    /// The library's pool, and the TLS of its connections, for what only PostgreSQL can do: moves, and work on several
    /// databases at once. `instead` is what to do on others.
    pub async fn schemas(
        &self,
        settings: &Settings,
        what: &str,
        instead: Instead<'_>,
    ) -> anyhow::Result<(TenantPool, Encryption)> {
        self.needs_postgres(what, instead)?;
        match &self.0 {
            Kind::Postgres(server) => {
                let (builder, tls) = server.builder(settings, 4)?;
                Ok((builder.build().await.context("can't use the database")?, tls))
            }
            #[allow(unreachable_patterns, reason = "the other kinds are features")]
            _ => unreachable!("refused above"),
        }
    }

    /// Whether the library's pool works on all its databases at once: [`TenantPool::all_databases`].
    pub fn has_all_databases(&self) -> bool {
        matches!(self.0, Kind::Postgres(_))
    }

    /// Whether one call of a subcommand works on all databases that the settings name.
    pub fn works_on_all_at_once(&self) -> bool {
        match &self.0 {
            Kind::Postgres(_) => true,
            #[cfg(feature = "sqlite")]
            Kind::Sqlite(_) => true,
            #[cfg(feature = "mysql")]
            Kind::Mysql(_) => false,
        }
    }

    /// A pool of the database of this name in the settings, for a kind of database whose subcommands work on one at a
    /// time.
    #[cfg_attr(not(feature = "mysql"), expect(unused_variables, reason = "there is no such kind"))]
    pub async fn pool_of(&self, settings: &Settings, database: &str) -> anyhow::Result<Box<dyn AnyPool>> {
        match &self.0 {
            #[cfg(feature = "mysql")]
            Kind::Mysql(server) => Ok(Box::new(server.pool_of(settings, database).await?)),
            #[allow(unreachable_patterns, reason = "the other kinds are features")]
            _ => bail!("database {database:?} is reached by the subcommands that work on all databases"),
        }
    }

    /// A pool for what has to do with a directory, and with where tenants live.
    #[cfg_attr(
        not(feature = "sqlite"),
        expect(unused_variables, reason = "all other kinds have it")
    )]
    pub async fn places(&self, settings: &Settings, what: &str) -> anyhow::Result<Box<dyn Places>> {
        Ok(match &self.0 {
            Kind::Postgres(server) => Box::new(server.tenant_pool(settings, 4).await?),
            #[cfg(feature = "mysql")]
            Kind::Mysql(server) => Box::new(server.pool(settings, 4).await?.into_pool()),
            #[cfg(feature = "sqlite")]
            Kind::Sqlite(_) => bail!("{what} needs PostgreSQL or MySQL, and this database is a folder of SQLite"),
        })
    }

    /// A pool whose directory knows domains.
    pub async fn domains(&self, settings: &Settings) -> anyhow::Result<Box<dyn Domains>> {
        Ok(match &self.0 {
            Kind::Postgres(server) => Box::new(server.tenant_pool(settings, 2).await?),
            #[cfg(feature = "sqlite")]
            Kind::Sqlite(folder) => Box::new(folder.pool(settings, 2).await?.into_pool()),
            #[cfg(feature = "mysql")]
            Kind::Mysql(server) => Box::new(server.pool(settings, 2).await?.into_pool()),
        })
    }
}
