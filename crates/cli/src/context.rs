//! What every subcommand works with.

use diesel_tenants::TenantPool;

use crate::{
    database::{AnyPool, Database, Encryption, Instead},
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

    /// Whether the settings name further databases.
    pub fn has_further_databases(&self) -> bool {
        !self.settings.tenants.databases.is_empty()
    }

    /// The library's pool, for what has to do with a directory or with several databases.
    pub async fn schemas(&self, what: &str) -> anyhow::Result<(TenantPool, Encryption)> {
        self.database.schemas(&self.settings, what).await
    }
}
