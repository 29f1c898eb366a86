use std::sync::Arc;

use diesel::{
    backend,
    migration::{self, Migration, MigrationSource},
    pg::Pg,
};

#[cfg(feature = "mysql")]
use crate::Mysql;
#[cfg(feature = "sqlite")]
use crate::Sqlite;
use crate::{Backend, LifecycleError, Postgres, SchemaName, TenantPool};

/// The tenants of a test: `tenant_a`, `tenant_b` and so on.
///
/// ```no_run
/// # use diesel_tenants::diesel_migrations::{self, EmbeddedMigrations, embed_migrations};
/// # const TENANT_MIGRATIONS: EmbeddedMigrations = embed_migrations!("tenant_migrations");
/// # async fn run(pool: diesel_tenants::TenantPool) -> Result<(), Box<dyn std::error::Error>> {
/// use diesel_tenants::testing::TestTenants;
///
/// let [a, b] = TestTenants::two(&pool, TENANT_MIGRATIONS).await?;
/// let mut conn = pool.for_tenant(&a).get().await?;
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone, Copy)]
pub struct TestTenants;

impl TestTenants {
    /// Makes the tenants `tenant_a` and `tenant_b`, as far as they are missing, with these migrations.
    ///
    /// # Errors
    /// [`LifecycleError`], as for `ensure_tenant`.
    pub async fn two<B: WithTestTenants>(
        pool: &TenantPool<B>,
        migrations: impl MigrationSource<B::Dialect> + Send + Sync + 'static,
    ) -> Result<[SchemaName; 2], LifecycleError> {
        Self::make(pool, migrations).await
    }

    /// Makes as many tenants as the caller names: `let [a, b, c] = TestTenants::make(&pool, migrations).await?`. The
    /// 27th is `tenant_27`.
    ///
    /// # Errors
    /// [`LifecycleError`], as for `ensure_tenant`.
    pub async fn make<B: WithTestTenants, const N: usize>(
        pool: &TenantPool<B>,
        migrations: impl MigrationSource<B::Dialect> + Send + Sync + 'static,
    ) -> Result<[SchemaName; N], LifecycleError> {
        let migrations = Arc::new(migrations);
        let names = std::array::from_fn(name);
        for tenant in &names {
            B::ensure_tenant(pool, tenant, Shared(Arc::clone(&migrations))).await?;
        }
        Ok(names)
    }
}

fn name(index: usize) -> SchemaName {
    let letter = u8::try_from(index).ok().filter(|index| *index < 26);
    let name = match letter {
        Some(letter) => format!("tenant_{}", char::from(b'a' + letter)),
        None => format!("tenant_{}", index + 1),
    };
    name.parse().expect("a short plain name is valid")
}

/// Kinds of database in which [`TestTenants`] can be made. Only this library implements it.
pub trait WithTestTenants: Backend {
    /// Which of Diesel's backends the migrations are for.
    type Dialect: backend::Backend;

    #[doc(hidden)]
    fn ensure_tenant(
        pool: &TenantPool<Self>,
        tenant: &SchemaName,
        migrations: impl MigrationSource<Self::Dialect> + Send + Sync + 'static,
    ) -> impl Future<Output = Result<(), LifecycleError>> + Send;
}

impl WithTestTenants for Postgres {
    type Dialect = Pg;

    async fn ensure_tenant(
        pool: &TenantPool,
        tenant: &SchemaName,
        migrations: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<(), LifecycleError> {
        pool.ensure_tenant(tenant, migrations).await.map(drop)
    }
}

#[cfg(feature = "sqlite")]
impl WithTestTenants for Sqlite {
    type Dialect = diesel::sqlite::Sqlite;

    async fn ensure_tenant(
        pool: &TenantPool<Self>,
        tenant: &SchemaName,
        migrations: impl MigrationSource<diesel::sqlite::Sqlite> + Send + Sync + 'static,
    ) -> Result<(), LifecycleError> {
        pool.ensure_tenant(tenant, migrations).await.map(drop)
    }
}

#[cfg(feature = "mysql")]
impl WithTestTenants for Mysql {
    type Dialect = diesel::mysql::Mysql;

    async fn ensure_tenant(
        pool: &TenantPool<Self>,
        tenant: &SchemaName,
        migrations: impl MigrationSource<diesel::mysql::Mysql> + Send + Sync + 'static,
    ) -> Result<(), LifecycleError> {
        pool.ensure_tenant(tenant, migrations).await.map(drop)
    }
}

/// The same migrations for each tenant.
struct Shared<M>(Arc<M>);

impl<DB: backend::Backend, M: MigrationSource<DB>> MigrationSource<DB> for Shared<M> {
    fn migrations(&self) -> migration::Result<Vec<Box<dyn Migration<DB>>>> {
        self.0.migrations()
    }
}
