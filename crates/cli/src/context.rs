//! What every subcommand works with.

use diesel_tenants::TenantPool;

use crate::{
    chosen_databases::Databases,
    database::{AnyPool, Database, Encryption, Instead, Places},
    options::Global,
    output::Printer,
    settings::Settings,
};

/// The settings, the database, and where results go.
pub struct Context {
    pub settings: Settings,
    pub database: Database,
    pub printer: Printer,
}

impl Context {
    pub fn new(global: &Global, printer: Printer) -> anyhow::Result<Self> {
        Ok(Self {
            settings: Settings::read(global)?,
            database: Database::new(global)?,
            printer,
        })
    }

    /// A pool for work that uses one connection at a time.
    pub async fn pool(&self) -> anyhow::Result<Box<dyn AnyPool>> {
        self.database.pool(&self.settings, 2).await
    }

    /// The same, for what only PostgreSQL can do; `instead` is what to do on others.
    pub async fn postgres(&self, what: &str, instead: Instead<'_>) -> anyhow::Result<TenantPool> {
        self.database.postgres(&self.settings, what, instead).await
    }

    /// Whether the settings name further databases, and one call of a subcommand works on all of them.
    pub fn has_further_databases(&self) -> bool {
        !self.settings.tenants.databases.is_empty() && self.database.works_on_all_at_once()
    }

    /// A pool of the database that is meant, where a call of a subcommand works on one.
    pub async fn pool_of(&self, what: &str, databases: &Databases) -> anyhow::Result<Box<dyn AnyPool>> {
        if self.settings.tenants.databases.is_empty() || self.database.works_on_all_at_once() {
            databases.refuse(what)?;
            return self.pool().await;
        }
        let database = databases.the_one(what)?;
        self.database.pool_of(&self.settings, database).await
    }

    /// The library's pool, and the TLS of its connections, for what only PostgreSQL can do: moves, and work on several
    /// databases at once.
    pub async fn schemas(&self, what: &str, instead: Instead<'_>) -> anyhow::Result<(TenantPool, Encryption)> {
        self.database.schemas(&self.settings, what, instead).await
    }

    /// A pool for what has to do with a directory, and with where tenants live.
    pub async fn places(&self, what: &str) -> anyhow::Result<Box<dyn Places>> {
        self.database.places(&self.settings, what).await
    }
}
