//! A store for two tenants: users are shared, items and orders are each tenant's own.
//!
//! The same models, queries and data on two databases: in a folder of SQLite files, which needs no server, or on
//! PostgreSQL.
//!
//! ```sh
//! cargo run --example store --features sqlite                                        # in a temporary folder
//! cargo run --example store --features sqlite -- --database-url sqlite:data
//! cargo run --example store --features sqlite -- --database-url postgres://localhost/store
//! cargo run --example store --features sqlite -- --postgres                          # on a throw-away server
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
        Wanted::Server => {
            let server = Server::start();
            on_postgres(server.url_for("postgres")).await
        }
        Wanted::Url(url) => match url.parse() {
            Ok(folder) => on_sqlite(folder).await,
            Err(_) => on_postgres(url).await,
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

/// Where the store is to be.
enum Wanted {
    /// In a folder that is removed afterwards.
    Temporary,
    /// On a PostgreSQL server that is removed afterwards.
    Server,
    Url(String),
}

fn wanted() -> anyhow::Result<Wanted> {
    let mut arguments = std::env::args().skip(1).filter(|argument| argument != "--");
    match arguments.next().as_deref() {
        Some("--postgres") => Ok(Wanted::Server),
        Some("--database-url") => Ok(Wanted::Url(arguments.next().context("--database-url needs a URL")?)),
        Some(other) => bail!("{other:?} is unknown: give --database-url URL, or --postgres"),
        None => Ok(match std::env::var("DATABASE_URL") {
            Ok(url) if !url.is_empty() => Wanted::Url(url),
            _ => Wanted::Temporary,
        }),
    }
}
