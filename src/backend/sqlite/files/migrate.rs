use std::time::Duration;

use diesel_tenants_translate::SchemaName;

use super::{FileError, Folder};
use crate::backend::sqlite::migrations::{Confined, Durability, MigrationProblem, Plan};

impl Folder {
    /// Applies a tenant's pending migrations, and returns their versions.
    pub(crate) fn migrate(
        &self,
        tenant: &SchemaName,
        migrations: &Plan,
        wait: Duration,
    ) -> Result<Vec<String>, FileError> {
        self.with_migrations("migrate", tenant, wait, |confined| confined.apply(migrations))
    }

    /// Reverts a tenant's newest migrations, and returns their versions.
    pub(crate) fn revert(
        &self,
        tenant: &SchemaName,
        migrations: &Plan,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<String>, FileError> {
        self.with_migrations("revert", tenant, wait, |confined| confined.revert(migrations, count))
    }

    /// Reverts the shared schema's newest migrations, and returns their versions.
    pub(crate) fn revert_shared(
        &self,
        migrations: &Plan,
        count: usize,
        wait: Duration,
    ) -> Result<Vec<String>, FileError> {
        let path = self.shared_path();
        let _lock = self.lock_shared("revert", wait)?;
        if !path.exists() {
            return Err(FileError::Missing { path: path.to_owned() });
        }
        let confined = Confined::to_shared(path, Durability::Durable, wait);
        confined.revert(migrations, count).map_err(FileError::migration(path))
    }

    /// The versions that would be applied to a tenant, oldest first.
    pub(crate) fn pending(&self, tenant: &SchemaName, migrations: &Plan) -> Result<Vec<String>, FileError> {
        let path = self.path_of(tenant)?;
        self.require_migrated(tenant)?;
        let confined = Confined::to_shared(&path, Durability::Durable, Duration::from_secs(5));
        confined.pending(migrations).map_err(FileError::migration(&path))
    }

    fn with_migrations(
        &self,
        purpose: &'static str,
        tenant: &SchemaName,
        wait: Duration,
        work: impl FnOnce(&Confined) -> Result<Vec<String>, MigrationProblem>,
    ) -> Result<Vec<String>, FileError> {
        let path = self.path_of(tenant)?;
        let _lock = self.lock(purpose, &[tenant], wait)?;
        self.require_migrated(tenant)?;
        work(&self.confine(&path, Durability::Durable, wait)).map_err(FileError::migration(&path))
    }

    /// Fails unless there is a file that may be migrated. It needs no version table: the first migration makes one.
    fn require_migrated(&self, tenant: &SchemaName) -> Result<(), FileError> {
        let is_migrated = match self.facts(tenant)? {
            Some(facts) => facts.status.is_migrated(),
            None => self.has_file(tenant)?,
        };
        match is_migrated {
            true => Ok(()),
            false => Err(FileError::Missing {
                path: self.path_of(tenant)?,
            }),
        }
    }
}
