//! What tests of an application need: a throw-away server, a database for each test, tenants in it, and an
//! [audit](isolation::audit) that finds what one tenant's work does to another's tables. The guide is
//! `docs/testing.md`.
//!
//! ```
//! # mod migrations {
//! # use diesel_tenants::diesel_migrations::{self, EmbeddedMigrations, embed_migrations};
//! # pub const SHARED: EmbeddedMigrations = embed_migrations!("migrations");
//! # pub const TENANT: EmbeddedMigrations = embed_migrations!("tenant_migrations");
//! # }
//! use diesel::prelude::*;
//! use diesel_async::RunQueryDsl;
//! use diesel_tenants::{
//!     TenantPool,
//!     testing::{TestTemplate, TestTenants, isolation},
//! };
//!
//! diesel::table! { items (id) { id -> BigInt } }
//!
//! // Prepared once, copied for each test.
//! static STORE: TestTemplate = TestTemplate::new(|url| Box::pin(async move {
//!     let pool = TenantPool::builder(url).build().await?;
//!     pool.migrate_shared(migrations::SHARED).await?;
//!     TestTenants::two(&pool, migrations::TENANT).await?;
//!     Ok(())
//! }));
//!
//! # tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
//! // In a test:
//! let database = STORE.database().await?;
//! let pool = TenantPool::builder(database.url()).build().await?;
//! let report = isolation::audit(&pool, "tenant_a")
//!     .run(async || {
//!         let mut conn = pool.for_tenant("tenant_a").get().await?;
//!         Ok::<i64, Box<dyn std::error::Error>>(items::table.count().get_result(&mut conn).await?)
//!     })
//!     .await?;
//! assert_eq!(report.assert_isolated()?, 0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! # })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod isolation;
mod tenants;
#[cfg(feature = "_web")]
pub mod web;

pub use diesel_tenants_test_support::{
    ClientError, Database, DatabaseError, FolderError, FolderTemplate, PrepareDatabase, PrepareFolder, Server,
    ServerBuilder, StartError, TestFolder, TestTemplate,
};
pub use tenants::{TestTenants, WithTestTenants};
