//! Reads the tables of migrations, in a scratch database, or those of a tenant.

use diesel::{migration::MigrationSource, pg::Pg};
use diesel_async::SimpleAsyncConnection;

use super::{
    extensions::{self, Created, Reused},
    scratch::Scratch,
};
use crate::{
    IntoSchemaName, PostgresConnection, SchemaName, TenantPool,
    backend::postgres::catalog::{extensions::extensions as installed, schema::status_of, typed_tables},
    rust_schema::{
        RustSchema, RustSchemaError, RustSchemaRequest,
        options::{Database, Options},
        rust_schema_request::{SCRATCH_TENANT, declared},
    },
};

/// # Declaring the tables in Rust
impl TenantPool {
    /// Declares the shared tables and the tenants' tables in Rust. See [`schema`](crate::rust_schema).
    pub fn rust_schema(&self) -> RustSchemaRequest<'_> {
        RustSchemaRequest::new(self)
    }
}

impl RustSchemaRequest<'_> {
    /// The database to copy as the scratch database. Default: `template0`, which is empty. For extensions that only a
    /// superuser can create, give a database that has those extensions and nothing else.
    pub fn template(mut self, template: impl Into<String>) -> Self {
        self.template = template.into();
        self
    }

    /// Statements to run in the scratch database before the migrations. They create what the migrations need, but
    /// neither create themselves nor find in the pool's own database: `CREATE SCHEMA extensions; CREATE EXTENSION
    /// citext SCHEMA extensions`. Default: none.
    pub fn set_up(mut self, sql: impl Into<String>) -> Self {
        self.set_up = sql.into();
        self
    }

    /// Declares the tables that the migrations create, in a scratch database on the pool's server.
    ///
    /// The scratch database is created with a unique name, over the connections for migrations
    /// ([`migration_url`](crate::TenantPoolBuilder::migration_url)). It is dropped before this returns, after errors
    /// too. Dropping the future drops it as well, which blocks for a moment. If a process was killed, the first call at
    /// least an hour later drops the database that it left behind. Hooks are not run.
    ///
    /// The scratch database has the extensions of the pool's own database, in their schemas, except those that the
    /// migrations create. An extension that the role can't create is missing; if a migration then fails, the error
    /// names it.
    ///
    /// # Errors
    /// [`RustSchemaError`]. The role must be allowed to create databases.
    pub async fn from_migrations(
        &self,
        shared: impl MigrationSource<Pg> + Send + Sync + 'static,
        tenant: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<RustSchema, RustSchemaError> {
        let name = SchemaName::new(SCRATCH_TENANT)?;
        self.options_of(&name)?;
        let scratch = Scratch::create(self.pool, &self.template).await?;
        let pool = scratch.pool();
        let read = self.migrate_and_read(&pool, &name, shared, tenant).await;
        pool.close();
        let dropped = scratch.drop_now().await;
        let schema = read?;
        dropped.map(|()| schema)
    }

    async fn migrate_and_read(
        &self,
        pool: &TenantPool,
        name: &SchemaName,
        shared: impl MigrationSource<Pg> + Send + Sync + 'static,
        tenant: impl MigrationSource<Pg> + Send + Sync + 'static,
    ) -> Result<RustSchema, RustSchemaError> {
        let mut connection = connect(pool).await?;
        let mut set_up = format!("CREATE SCHEMA IF NOT EXISTS {};", pool.shared_schema().quoted());
        set_up.push_str(&self.set_up);
        connection
            .batch_execute(&set_up)
            .await
            .map_err(RustSchemaError::SetUp)?;
        let (shared, tenant) = (Reused::new(shared), Reused::new(tenant));
        let mut created = Created::default();
        created.add(&shared).await;
        created.add(&tenant).await;
        let extensions = installed(&mut connect(self.pool).await?, self.pool.shared_schema()).await;
        let extensions = created.without(extensions.map_err(RustSchemaError::Read)?);
        let missing = extensions::create(&mut connection, &extensions).await;
        let migrated = migrate(pool, name, shared, tenant).await;
        migrated.map_err(|source| match missing.is_empty() {
            true => source,
            false => RustSchemaError::MissingExtensions {
                extensions: missing,
                source: Box::new(source),
            },
        })?;
        self.read(&mut connect(pool).await?, name).await
    }

    /// Declares the existing tables: the shared ones, and those of one tenant, which represents all tenants.
    ///
    /// # Errors
    /// [`RustSchemaError`].
    pub async fn from_tenant(&self, tenant: impl IntoSchemaName) -> Result<RustSchema, RustSchemaError> {
        let tenant = self.pool.tenant_name(tenant)?;
        let mut connection = connect(self.pool).await?;
        let status = status_of(&tenant, &mut connection)
            .await
            .map_err(RustSchemaError::Read)?;
        if status.is_none() {
            return Err(RustSchemaError::UnknownTenant { tenant });
        }
        self.read(&mut connection, &tenant).await
    }

    async fn read(
        &self,
        connection: &mut PostgresConnection,
        tenant: &SchemaName,
    ) -> Result<RustSchema, RustSchemaError> {
        let options = self.options_of(tenant)?;
        let public = SchemaName::new("public")?;
        let schemas = [&options.shared_schema, tenant, &public];
        let tables = typed_tables::read(connection, &schemas)
            .await
            .map_err(RustSchemaError::Read)?;
        Ok(declared(&tables, &options))
    }

    fn options_of(&self, tenant: &SchemaName) -> Result<Options, RustSchemaError> {
        let extension_schemas = self.pool.migration_connector().extension_schemas();
        self.options(tenant, Database::Postgres, extension_schemas)
    }
}

/// Applies all migrations of the shared schema and of one tenant.
async fn migrate(
    pool: &TenantPool,
    name: &SchemaName,
    shared: impl MigrationSource<Pg> + Send + Sync + 'static,
    tenant: impl MigrationSource<Pg> + Send + Sync + 'static,
) -> Result<(), RustSchemaError> {
    pool.migrate_shared(shared)
        .await
        .map_err(|source| RustSchemaError::MigrateShared(Box::new(source)))?;
    pool.create_tenant(name.clone(), tenant)
        .await
        .map_err(|source| RustSchemaError::MigrateTenant(Box::new(source)))?;
    Ok(())
}

async fn connect(pool: &TenantPool) -> Result<PostgresConnection, RustSchemaError> {
    pool.migration_connector()
        .connect()
        .await
        .map_err(RustSchemaError::Connect)
}
