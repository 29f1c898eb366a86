//! Schema-per-tenant multi-tenancy for [Diesel](diesel): one shared schema, one schema for each tenant, and ordinary
//! typed queries that reach the right tenant because the *connection* translates schema names. On SQLite each tenant is
//! a file, on MySQL and MariaDB a database.
//!
//! Shared tables are pinned to their schema, `table! { public.users … }`. A tenant's tables have none,
//! `table! { orders … }`, and get the schema of the checkout, before anything is sent:
//!
//! ```no_run
//! use diesel::prelude::*;
//! use diesel_async::RunQueryDsl;
//! use diesel_tenants::TenantPool;
//!
//! diesel::table! { public.users (id) { id -> BigInt, name -> Text } }
//! diesel::table! { orders (id) { id -> BigInt, user_id -> BigInt, quantity -> Integer } }
//! diesel::joinable!(orders -> users (user_id));
//! diesel::allow_tables_to_appear_in_same_query!(users, orders);
//!
//! # async fn run() -> Result<(), Box<dyn std::error::Error>> {
//! let pool = TenantPool::builder("postgres://localhost/store").max_size(16).build().await?;
//! let mut conn = pool.for_tenant("client1").get().await?;
//! let ordered = users::table
//!     .inner_join(orders::table) // "public"."users" INNER JOIN "client1"."orders"
//!     .select((users::name, orders::quantity))
//!     .load::<(String, i32)>(&mut conn)
//!     .await?;
//! # Ok(())
//! # }
//! ```
//!
//! # Where to look
//!
//! - **Guides**, one page a topic, from the first service to a fleet of servers: [`guide`].
//! - **Checking out connections**: [`TenantPool`], whose page groups its methods and says
//!   [how calls end](TenantPool#how-calls-end); its options are in [`TenantPoolBuilder`].
//! - **Creating and migrating tenants**: [`migrations`], [`TenantPool::create_tenant`].
//! - **Renaming, suspending, archiving and dropping tenants**: [`lifecycle`].
//! - **A copy of a tenant**: [`TenantPool::clone_tenant`].
//! - **A tenant in a file, or on another server**: [`transfer`].
//! - **Tenants whose structure differs from a template**: [`TenantPool::drift`].
//! - **The same work for many tenants**: [`fan_out`], [`TenantPool::each_tenant`].
//! - **Problems before they cause errors**: [`TenantPoolBuilder::diagnose`].
//! - **Rust declarations of the tables, from the migrations**: `rust_schema`, with the feature `schema`.
//! - **Tenants on several servers, or sharing tables**: [`directory`], [`Placement`], [`TenantPool::move_tenant`].
//! - **The tenant of the running request**: [`context`].
//! - **Web services** in Actix, Axum and Rocket: `web`, with the features `actix`, `axum`, `rocket`. The guide is
//!   `docs/web.md`; each framework has one of its own beside it.
//! - **SQL for all tenants, answered as text**: [`script`].
//! - **One query for another tenant**: [`TranslateDsl::in_schema`].
//! - **Figures, metrics and spans**: [`TenantPool::statistics`], [`guide::signals`].
//! - **Without a pool**: [`TenantConnection`] around any diesel-async connection.
//! - **Tenants as files of SQLite, without a server**: `SqliteFolder`, with the feature `sqlite`. The guide is
//!   `docs/sqlite.md`.
//! - **Tenants as databases of MySQL or MariaDB**: `MysqlUrl`, with the feature `mysql`. The guide is `docs/mysql.md`.
//! - **Without async**: `blocking`, with the feature `blocking`. The guide is `docs/blocking.md`.
//! - **Migrations in a folder on disk**: `migrations::MigrationFolder`, with the feature `toml`.
//! - **From a shell**: the command `diesel-tenants`, of the package `diesel-tenants-cli`; `docs/command.md` shows it.
//! - **What is translated, and what can't be**: [`translate`], [`SchemaTranslateMap`]. The translator is a package of
//!   its own, `diesel-tenants-translate`. It needs neither Diesel nor a connection: use it with sqlx or tokio-postgres.
//! - **Tests of your application**: `testing`, with the feature `testing`. The guide is `docs/testing.md`.
//! - **How the library is built**: `docs/architecture.md` in the repository.
//!
//! # Features
//!
//! No feature is on by default.
//!
//! | feature | what it adds | the dependency |
//! |---|---|---|
//! | `actix` | `web::actix`: a middleware and extractors for Actix Web 4 | `actix-web` |
//! | `axum` | `web::axum`: a layer and extractors for Axum 0.8 | `axum`, `tower-layer`, `tower-service` |
//! | `rocket` | `web::rocket`: a fairing and request guards for Rocket 0.5 | `rocket` |
//! | `blocking` | `blocking`: Diesel's own connections under a map, and a pool of them, on PostgreSQL and SQLite | `r2d2` |
//! | `metrics` | `TenantPool::record_metrics`: the pool's [figures](guide::signals) for any recorder | `metrics` |
//! | `mysql` | `TenantPool<Mysql>`: each tenant is a database on a server of MySQL or MariaDB | `mysql_async` |
//! | `mysql-rustls` | TLS for these connections | `rustls`, with `ring` |
//! | `schema` | `rust_schema` and `TenantPool::rust_schema`: Rust declarations of the tables | `similar`, `unicode-ident` |
//! | `serde` | `Serialize` for the reports and statuses of migrations | `serde` |
//! | `toml` | `migrations::MigrationFolder`: migrations from a folder, `metadata.toml` checked | `toml`, `serde` |
//! | `sqlite` | `TenantPool<Sqlite>`: each tenant is a file | `libsqlite3-sys`, which compiles SQLite |
//! | `testing` | `testing`: a throw-away server, a database for each test, and an audit of what a tenant's work reaches; on Unix | `diesel-tenants-test-support` |
//! | `tracing` | [spans](guide::signals#spans) for checkouts, queries, migrations and operations on tenants; server errors of web requests in the log | `tracing` |
//!
//! The three web frameworks also share `idna`, `ipnet`, `percent-encoding` and `url`.
//!
//! # What is promised
//!
//! - **Nothing is shown to the wrong tenant.** A tenant's table without a tenant is an error that names the table. A
//!   checkout for a tenant that does not exist is an error. On PostgreSQL, the pool refuses new connections whose
//!   search_path reaches tables. So a name that the translator can't see, such as a name in a string, gives the error
//!   "relation does not exist" (on MySQL "No database selected", on SQLite "no such table"), and never another tenant's
//!   row.
//! - **No session state.** Nothing is `SET` for a checkout, so that nothing can leak, and poolers in transaction mode
//!   work. A connection on which *you* leave state is closed and not handed out again. One exception: tenants that
//!   [share tables](Placement::rows). Their id is a session setting, set at checkout and reset before another tenant
//!   gets the connection.
//! - **The tenant is part of every cache key**: of prepared statements, of type OIDs, of finished texts.
//! - **Names are data**: [validated](SchemaName) once, quoted always.
//! - **Any future may be dropped at any point.** Its connection then returns to the pool clean, or is closed.

#![forbid(unsafe_code)]
#![deny(missing_docs)]

mod backend;
pub mod balance;
#[cfg(feature = "blocking")]
pub mod blocking;
pub mod connection;
pub mod context;
pub mod diagnosis;
pub mod directory;
pub mod drift;
pub mod fan_out;
pub mod guide;
pub mod lifecycle;
pub mod migrations;
pub mod pool;
pub mod query;
#[cfg(feature = "schema")]
pub mod rust_schema;
pub mod script;
pub mod signals;
#[cfg(feature = "sqlite")]
pub mod sqlite;
pub mod tenancy;
#[cfg(feature = "testing")]
pub mod testing;
pub mod transfer;
pub mod translate;
mod variants;
#[cfg(feature = "_web")]
pub mod web;

#[doc(inline)]
pub use crate::{
    backend::postgres::{ConnectError, engine::PostgresConnection, engine::TlsConnector},
    connection::{RefusedStatement, TenantConnection},
    context::with_tenant,
    diagnosis::{DiagnosisError, DiagnosisReport},
    drift::{Drift, DriftError, DriftReport},
    lifecycle::{CloneError, CloneRequest, LifecycleError},
    migrations::{FleetError, FleetReport, MigrationError, MigrationSourceError, Revert},
    pool::{
        Backend, BuildError, Checkout, CheckoutError, DatabaseLimits, PlacementPolicy, Postgres, Recycling,
        TenantDirectory, TenantInfo, TenantPool, TenantPoolBuilder,
    },
    query::{TranslateDsl, Translated},
    script::{ScriptError, ScriptFailure},
    tenancy::{DirectoryCache, LifecycleEvent, LifecycleHooks, Placement, TenantStatus},
    transfer::{ExportError, ImportError, MoveError},
    translate::{SchemaTranslateMap, TranslateError},
};

#[cfg(feature = "mysql")]
#[doc(inline)]
pub use crate::{
    backend::mysql::connecting::MysqlConnectError,
    pool::{Mysql, MysqlPoolBuilder, MysqlUrl},
};
#[cfg(feature = "sqlite")]
#[doc(inline)]
pub use crate::{
    backend::sqlite::connection::AsyncSqliteConnection,
    pool::{Sqlite, SqliteFolder, SqlitePoolBuilder},
};
#[doc(inline)]
pub use diesel_tenants_translate::{IntoSchemaName, MAX_NAME_BYTES, SchemaName, SchemaNameError};

/// Diesel's own package of migrations, in the version that this library uses.
///
/// ```
/// use diesel_tenants::diesel_migrations::{self, EmbeddedMigrations, embed_migrations};
///
/// const SHARED_MIGRATIONS: EmbeddedMigrations = embed_migrations!("migrations");
/// ```
pub use diesel_migrations;
/// The driver of MySQL and MariaDB: its options, its errors.
#[cfg(feature = "mysql")]
pub use mysql_async;
/// The driver, whose types appear in a few signatures: its configuration, its errors, and its TLS connectors.
pub use tokio_postgres;

/// The future that hooks return, and functions that establish connections.
pub use futures_core::future::BoxFuture;

#[cfg(doctest)]
mod documents {
    #[doc = include_str!("../README.md")]
    struct Readme;

    // Its examples use libpq, and two web frameworks.
    #[cfg(all(
        feature = "blocking",
        feature = "_libpq",
        feature = "actix",
        feature = "rocket",
        feature = "sqlite"
    ))]
    #[doc = include_str!("../docs/blocking.md")]
    struct Blocking;

    #[doc = include_str!("../docs/connections.md")]
    struct Connections;

    #[doc = include_str!("../docs/lifecycle.md")]
    struct Lifecycle;

    #[doc = include_str!("../docs/migrations.md")]
    struct Migrations;

    #[doc = include_str!("../docs/translation.md")]
    struct Translation;

    #[doc = include_str!("../docs/clone-and-drift.md")]
    struct CloneAndDrift;

    #[cfg(feature = "schema")]
    #[doc = include_str!("../docs/schema.md")]
    struct Schema;

    #[doc = include_str!("../docs/placements.md")]
    struct Placements;

    #[doc = include_str!("../docs/export-and-import.md")]
    struct ExportAndImport;

    #[cfg(feature = "sqlite")]
    #[doc = include_str!("../docs/sqlite.md")]
    struct Sqlite;

    #[cfg(feature = "mysql")]
    #[doc = include_str!("../docs/mysql.md")]
    struct Mysql;

    #[cfg(all(feature = "axum", feature = "mysql", feature = "sqlite", feature = "testing"))]
    #[doc = include_str!("../docs/testing.md")]
    struct Testing;

    #[cfg(feature = "actix")]
    #[doc = include_str!("../docs/actix.md")]
    struct Actix;

    #[cfg(feature = "axum")]
    #[doc = include_str!("../docs/axum.md")]
    struct Axum;

    #[cfg(feature = "rocket")]
    #[doc = include_str!("../docs/rocket.md")]
    struct Rocket;
}
