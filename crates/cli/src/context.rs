//! What every subcommand works with.

use diesel_tenants::TenantPool;

use crate::{database::Database, options::Global, output::Printer, settings::Settings};

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
    pub async fn pool(&self) -> anyhow::Result<TenantPool> {
        self.database.pool(&self.settings, 2).await
    }
}
