//! Sources that contain only some of another source's migrations, or none.

use std::fmt;

use diesel::{
    backend::Backend,
    migration::{Migration, MigrationName, MigrationSource, Result},
};

/// No migrations: for a tenant that gets its schema now, and its tables later by
/// [`migrate_tenant`](crate::TenantPool::migrate_tenant).
///
/// ```no_run
/// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), diesel_tenants::LifecycleError> {
/// use diesel_tenants::migrations::NoMigrations;
///
/// pool.create_tenant("client1", NoMigrations).await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct NoMigrations;

impl<DB: Backend> MigrationSource<DB> for NoMigrations {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<DB>>>> {
        Ok(Vec::new())
    }
}

/// Some of the migrations of another source, in its order.
///
/// ```no_run
/// # use diesel_tenants::TenantPool;
/// # async fn run(pool: TenantPool) -> Result<(), Box<dyn std::error::Error>> {
/// use diesel_migrations::FileBasedMigrations;
/// use diesel_tenants::migrations::ChosenMigrations;
///
/// let all = FileBasedMigrations::from_path("tenant_migrations")?;
/// pool.create_tenant("small", ChosenMigrations::with_versions(all.clone(), ["0001", "0004"])).await?;
/// pool.create_tenant("plain", ChosenMigrations::matching(all, |name| !name.to_string().contains("_billing"))).await?;
/// # Ok(())
/// # }
/// ```
pub struct ChosenMigrations<S> {
    source: S,
    choice: Choice,
}

type Predicate = dyn Fn(&dyn MigrationName) -> bool + Send + Sync;

enum Choice {
    Versions(Vec<String>),
    Matching(Box<Predicate>),
}

impl<S> ChosenMigrations<S> {
    /// The migrations of these versions, in any order. A version may be written as in its folder's name, with or
    /// without dashes.
    ///
    /// A version that the source lacks is an error when the migrations are read.
    pub fn with_versions<V: Into<String>>(source: S, versions: impl IntoIterator<Item = V>) -> Self {
        let versions = versions.into_iter().map(Into::into).collect();
        Self {
            source,
            choice: Choice::Versions(versions),
        }
    }

    /// The migrations for which `choice` returns true. It gets each name, which displays as version and title
    /// (`0001_orders`).
    pub fn matching(source: S, choice: impl Fn(&dyn MigrationName) -> bool + Send + Sync + 'static) -> Self {
        Self {
            source,
            choice: Choice::Matching(Box::new(choice)),
        }
    }
}

impl<DB: Backend, S: MigrationSource<DB>> MigrationSource<DB> for ChosenMigrations<S> {
    fn migrations(&self) -> Result<Vec<Box<dyn Migration<DB>>>> {
        let mut migrations = self.source.migrations()?;
        match &self.choice {
            Choice::Matching(choice) => migrations.retain(|migration| choice(migration.name())),
            Choice::Versions(versions) => {
                let is = |migration: &dyn Migration<DB>, version: &String| {
                    let known = migration.name().version().to_string();
                    known == *version || known == version.replace('-', "")
                };
                for version in versions {
                    if !migrations.iter().any(|migration| is(&**migration, version)) {
                        return Err(Box::new(UnknownChoice {
                            version: version.clone(),
                        }));
                    }
                }
                migrations.retain(|migration| versions.iter().any(|version| is(&**migration, version)));
            }
        }
        Ok(migrations)
    }
}

impl<S: fmt::Debug> fmt::Debug for ChosenMigrations<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("ChosenMigrations");
        debug.field("source", &self.source);
        if let Choice::Versions(versions) = &self.choice {
            debug.field("versions", versions);
        }
        debug.finish_non_exhaustive()
    }
}

#[derive(Debug, thiserror::Error)]
#[error("version {version:?} was chosen, and the source has no migration of that version")]
struct UnknownChoice {
    version: String,
}
