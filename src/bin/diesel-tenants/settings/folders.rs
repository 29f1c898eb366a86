//! Where migrations are found.

use std::{env, path::PathBuf};

use anyhow::{Context, bail};
use diesel_tenants::migrations::MigrationFolder;

use super::Settings;
use crate::arguments::Migrations;

/// Whose migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Owner {
    Shared,
    Tenant,
}

impl Owner {
    /// Where they are if nothing says so: the first folder that there is.
    fn defaults(self) -> [&'static str; 2] {
        match self {
            Self::Shared => ["migrations/shared", "migrations"],
            Self::Tenant => ["migrations/tenant", "tenant_migrations"],
        }
    }
}

impl Settings {
    /// Reads the migrations, on a thread that may block.
    pub async fn migrations(&self, owner: Owner, options: &Migrations) -> anyhow::Result<MigrationFolder> {
        let path = self.migration_folder(owner, options)?;
        let read = tokio::task::spawn_blocking(move || MigrationFolder::read(path)).await?;
        read.context("the migrations can't be used, and nothing was done")
    }

    fn migration_folder(&self, owner: Owner, options: &Migrations) -> anyhow::Result<PathBuf> {
        if let Some(folder) = &options.migration_dir {
            return Ok(folder.clone());
        }
        let variable = match owner {
            Owner::Shared => env::var_os("MIGRATION_DIRECTORY").filter(|value| !value.is_empty()),
            Owner::Tenant => None,
        };
        if let Some(folder) = variable {
            return Ok(folder.into());
        }
        let named = match owner {
            Owner::Shared => {
                let ours = self.tenants.migrations_directory.shared.as_ref();
                ours.or(self.diesel.migrations_directory.dir.as_ref())
            }
            Owner::Tenant => self.tenants.migrations_directory.tenant.as_ref(),
        };
        if let Some(folder) = named {
            return Ok(self.root.join(folder));
        }
        let defaults = owner.defaults();
        match defaults.iter().find(|folder| self.root.join(folder).is_dir()) {
            Some(folder) => Ok(self.root.join(folder)),
            None => bail!(
                "there is no folder of migrations, neither {} nor {} in {}: name it by --migration-dir, or in diesel-tenants.toml",
                defaults[0],
                defaults[1],
                self.root.display()
            ),
        }
    }
}
