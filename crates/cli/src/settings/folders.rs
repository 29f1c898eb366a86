//! Where migrations are found.

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};
use diesel_tenants::migrations::MigrationFolder;

use super::Settings;
use crate::options::{SharedMigrations, TenantMigrations};

impl Settings {
    /// Reads the shared schema's migrations.
    pub async fn shared_migrations(&self, options: &SharedMigrations) -> anyhow::Result<MigrationFolder> {
        let ours = self.tenants.migrations_directory.shared.as_deref();
        let named = ours.or(self.diesel.migrations_directory.dir.as_deref());
        let defaults = ["migrations/shared", "migrations"];
        read(self.folder(options.migration_dir.as_deref(), named, defaults)?).await
    }

    /// Reads the shared schema's migrations, if the project has any.
    pub async fn shared_migrations_if_any(&self) -> anyhow::Result<Option<MigrationFolder>> {
        let ours = self.tenants.migrations_directory.shared.as_deref();
        let named = ours.or(self.diesel.migrations_directory.dir.as_deref());
        let defaults = ["migrations/shared", "migrations"];
        // As the option of `shared migrate` is read.
        let option = std::env::var_os("MIGRATION_DIRECTORY").map(PathBuf::from);
        let option = option.filter(|folder| !folder.as_os_str().is_empty());
        let is_there = defaults.iter().any(|folder| self.root.join(folder).is_dir());
        if option.is_none() && named.is_none() && !is_there {
            return Ok(None);
        }
        Ok(Some(read(self.folder(option.as_deref(), named, defaults)?).await?))
    }

    /// Reads the tenants' migrations.
    pub async fn tenant_migrations(&self, options: &TenantMigrations) -> anyhow::Result<MigrationFolder> {
        let named = self.tenants.migrations_directory.tenant.as_deref();
        let defaults = ["migrations/tenant", "tenant_migrations"];
        read(self.folder(options.migration_dir.as_deref(), named, defaults)?).await
    }

    /// The folder of the declarations of tables, as a short path for messages.
    pub fn schema_folder(&self, option: Option<&Path>) -> PathBuf {
        if let Some(folder) = option {
            return folder.to_owned();
        }
        let named = self.tenants.schema.folder.as_deref();
        let folder = self.root.join(named.unwrap_or(Path::new("src/schema")));
        let here = std::env::current_dir().unwrap_or_default();
        folder.strip_prefix(here).map(Path::to_owned).unwrap_or(folder)
    }

    /// The folder that the option names, or else the one that a file names, or else the first default that exists.
    fn folder(&self, option: Option<&Path>, named: Option<&Path>, defaults: [&str; 2]) -> anyhow::Result<PathBuf> {
        if let Some(folder) = option.filter(|folder| !folder.as_os_str().is_empty()) {
            return Ok(folder.to_owned());
        }
        if let Some(folder) = named {
            return Ok(self.root.join(folder));
        }
        match defaults.iter().find(|folder| self.root.join(folder).is_dir()) {
            Some(folder) => Ok(self.root.join(folder)),
            None => bail!(
                "there is no folder of migrations, neither {} nor {} in {}: name the folder by --migration-dir, or in \
                 diesel-tenants.toml",
                defaults[0],
                defaults[1],
                self.root.display()
            ),
        }
    }
}

/// Reads a folder on a thread that may block.
async fn read(folder: PathBuf) -> anyhow::Result<MigrationFolder> {
    let read = tokio::task::spawn_blocking(move || MigrationFolder::read(folder)).await?;
    read.context("the migrations can't be used, and nothing was done")
}
