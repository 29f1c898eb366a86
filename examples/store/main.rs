//! A store for two tenants: users are shared, items and orders are each tenant's own.
//!
//! The same models, queries and data on three databases: in a folder of SQLite files, which needs no server, on
//! PostgreSQL, or on MySQL or MariaDB.
//!
//! ```sh
//! cargo run --example store --features sqlite                                        # in a temporary folder
//! cargo run --example store --features sqlite -- --database-url sqlite:data
//! cargo run --example store --features sqlite -- --database-url postgres://localhost/store
//! cargo run --example store --features sqlite -- --postgres                          # on a throw-away server
//! cargo run --example store --features sqlite,mysql -- --database-url mysql://app@localhost
//! cargo run --example store --features sqlite,mysql -- --mysql                       # on a throw-away MariaDB
//! ```
//!
//! Without an argument, the environment variable `DATABASE_URL` counts.

#![expect(clippy::duplicate_mod, reason = "the same code is compiled for each database")]

mod schema;

/// The store on PostgreSQL.
mod postgres {
    #[path = "../bill.rs"]
    pub mod bill;
    pub mod database;
    #[path = "../seed.rs"]
    pub mod seed;
}

/// The store on SQLite, by the same code.
mod sqlite {
    #[path = "../bill.rs"]
    pub mod bill;
    pub mod database;
    #[path = "../seed.rs"]
    pub mod seed;
}

/// The store on MySQL or MariaDB, by the same code.
#[cfg(feature = "mysql")]
mod mysql {
    #[path = "../bill.rs"]
    pub mod bill;
    pub mod database;
    #[path = "../seed.rs"]
    pub mod seed;
}

use anyhow::{Context, bail};
use diesel_tenants::SqliteFolder;
use diesel_tenants_test_support::Server;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    match wanted()? {
        Wanted::Temporary => {
            let folder = tempfile::tempdir()?;
            on_sqlite(SqliteFolder::new(folder.path())).await
        }
        Wanted::Postgres => {
            let server = Server::start();
            on_postgres(server.url_for("postgres")).await
        }
        Wanted::Mysql => on_throw_away_mysql().await,
        Wanted::Url(url) => match url.split_once(':') {
            Some(("sqlite", _)) => on_sqlite(url.parse()?).await,
            Some(("mysql" | "mariadb", _)) => on_mysql(&url).await,
            _ => on_postgres(url).await,
        },
    }
}

async fn on_sqlite(folder: SqliteFolder) -> anyhow::Result<()> {
    let pool = sqlite::database::open(folder).await?;
    sqlite::bill::print_all(&pool).await
}

async fn on_postgres(url: String) -> anyhow::Result<()> {
    let pool = postgres::database::open(url).await?;
    postgres::bill::print_all(&pool).await
}

#[cfg(feature = "mysql")]
async fn on_mysql(url: &str) -> anyhow::Result<()> {
    let pool = mysql::database::open(url.parse()?).await?;
    mysql::bill::print_all(&pool).await
}

#[cfg(feature = "mysql")]
async fn on_throw_away_mysql() -> anyhow::Result<()> {
    let server = diesel_tenants_test_support::MariaDb::start()?;
    on_mysql(&server.url()).await
}

#[cfg(not(feature = "mysql"))]
async fn on_mysql(_: &str) -> anyhow::Result<()> {
    bail!("MySQL needs a feature: cargo run --example store --features sqlite,mysql -- …")
}

#[cfg(not(feature = "mysql"))]
async fn on_throw_away_mysql() -> anyhow::Result<()> {
    on_mysql("").await
}

/// Where the store is to be.
enum Wanted {
    /// In a folder that is removed afterwards.
    Temporary,
    /// On a PostgreSQL server that is removed afterwards.
    Postgres,
    /// On a MariaDB server that is removed afterwards.
    Mysql,
    Url(String),
}

fn wanted() -> anyhow::Result<Wanted> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--");
    match arguments.next().as_deref() {
        Some("--postgres") => Ok(Wanted::Postgres),
        Some("--mysql") => Ok(Wanted::Mysql),
        Some("--database-url") => Ok(Wanted::Url(arguments.next().context("--database-url needs a URL")?)),
        Some(other) => bail!("{other:?} is unknown: give --database-url URL, --postgres, or --mysql"),
        None => Ok(match std::env::var("DATABASE_URL") {
            Ok(url) if !url.is_empty() => Wanted::Url(url),
            _ => Wanted::Temporary,
        }),
    }
}
