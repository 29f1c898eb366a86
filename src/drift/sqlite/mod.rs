//! How tenants that are files of SQLite differ.

mod compare;

use std::sync::Arc;

use diesel::{migration::MigrationSource, sqlite};

use self::compare::compare;
use super::{Drift, DriftError, DriftReport};
use crate::{
    IntoSchemaName, SchemaName, Sqlite, TenantPool,
    backend::sqlite::{
        blocking,
        files::{FILE_LOCK_TIMEOUT, FileError},
        migrations::Plan,
        structure::Structure,
    },
    pool::SqliteError,
};

/// How many threads look at files.
const THREADS: usize = 2;

/// # Comparing tenants with a template
///
/// Tables with their columns, indexes, views and triggers are compared; rows are not, and nothing is changed. Spaces
/// and comments in a statement are no difference. The order of a table's columns is one.
///
/// A repair has no statement for a table that differs: SQLite can change few things of a table in place, and then a
/// migration has to copy its rows.
impl TenantPool<Sqlite> {
    /// Compares the structure of tenants with that of a template tenant.
    ///
    /// ```no_run
    /// # async fn run(pool: diesel_tenants::TenantPool<diesel_tenants::Sqlite>) -> Result<(), diesel_tenants::DriftError> {
    /// let report = pool.drift("template", ["client1", "client2"]).await?;
    /// for drift in &report.drifted {
    ///     for difference in &drift.differences {
    ///         println!("{}: {difference}", drift.tenant);
    ///     }
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`DriftError`]. A tenant that does not exist is no error: the report names it.
    pub async fn drift<N: IntoSchemaName>(
        &self,
        template: impl IntoSchemaName,
        tenants: impl IntoIterator<Item = N>,
    ) -> Result<DriftReport, DriftError> {
        let template = self.tenant_name(template)?;
        let names = self.names(tenants)?;
        let (folder, name) = (self.folder(), template.clone());
        let expected = blocking(move || folder.structures(&[name], 1).pop()).await;
        match expected.unwrap_or(Ok(None)) {
            Ok(Some((facts, expected))) if facts.status.is_migrated() => self.drift_from(expected, names).await,
            Ok(_) => Err(DriftError::UnknownTemplate { template }),
            Err(error) => Err(unread(template, error)),
        }
    }

    /// Compares the structure of tenants with the one that these migrations make. They are applied to a new file in the
    /// folder, which is then removed.
    ///
    /// ```no_run
    /// # async fn run<M>(pool: diesel_tenants::TenantPool<diesel_tenants::Sqlite>, migrations: M) -> Result<(), Box<dyn std::error::Error>>
    /// # where M: diesel::migration::MigrationSource<diesel::sqlite::Sqlite> + Send + Sync + 'static {
    /// let tenants = pool.tenants().await?;
    /// let report = pool.drift_from_migrations(migrations, tenants.into_iter().map(|tenant| tenant.name)).await?;
    /// assert!(report.is_clean(), "{report:?}");
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// As for [`drift`](Self::drift), and if a migration fails.
    pub async fn drift_from_migrations<N: IntoSchemaName>(
        &self,
        migrations: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
        tenants: impl IntoIterator<Item = N>,
    ) -> Result<DriftReport, DriftError> {
        let names = self.names(tenants)?;
        let folder = self.folder();
        let migrations = Arc::new(migrations);
        let expected = blocking(move || {
            let plan = Plan::read(&*migrations).map_err(SqliteError::migrations)?;
            folder.structure_of(&plan, FILE_LOCK_TIMEOUT).map_err(SqliteError::file)
        });
        let expected = expected.await.map_err(|source| DriftError::Migrations {
            source: Box::new(source),
        })?;
        self.drift_from(expected, names).await
    }

    fn names<N: IntoSchemaName>(&self, tenants: impl IntoIterator<Item = N>) -> Result<Vec<SchemaName>, DriftError> {
        let names = tenants.into_iter().map(|tenant| self.tenant_name(tenant));
        Ok(names.collect::<Result<_, _>>()?)
    }

    async fn drift_from(&self, expected: Structure, names: Vec<SchemaName>) -> Result<DriftReport, DriftError> {
        let folder = self.folder();
        let (names, structures) = blocking(move || {
            let structures = folder.structures(&names, THREADS);
            (names, structures)
        })
        .await;
        let mut report = DriftReport::default();
        for (tenant, found) in names.into_iter().zip(structures) {
            match found {
                Ok(Some((facts, found))) if facts.status.is_migrated() => {
                    let drift: Drift = compare(tenant, &expected, &found);
                    match drift.differences.is_empty() {
                        true => report.alike += 1,
                        false => report.drifted.push(drift),
                    }
                }
                Ok(_) => report.missing.push(tenant),
                Err(error) => return Err(unread(tenant, error)),
            }
        }
        Ok(report)
    }
}

fn unread(tenant: SchemaName, error: FileError) -> DriftError {
    DriftError::File {
        tenant,
        source: Box::new(SqliteError::file(error)),
    }
}
