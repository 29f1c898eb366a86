//! Reads the tables of files, to declare them.

use std::sync::Arc;

use diesel::{migration::MigrationSource, sqlite};

use super::scratch::Scratch;
use crate::{
    IntoSchemaName, SchemaName, Sqlite, SqliteFolder, TenantPool,
    backend::{
        sqlite::{blocking, files::Folder, typed_tables},
        typed_tables::TypedTables,
    },
    pool::SqliteError,
    rust_schema::{
        RustSchema, RustSchemaError, RustSchemaRequest,
        options::{Database, Options},
        rust_schema_request::{SCRATCH_TENANT, declared},
    },
};

/// # Declaring the tables in Rust
impl TenantPool<Sqlite> {
    /// Declares the shared tables and the tenants' tables in Rust. See [`rust_schema`](crate::rust_schema).
    ///
    /// A column gets the type that the `diesel` command gives it by the type with which it was declared. `INTEGER
    /// PRIMARY KEY` is never NULL, and declared so; any other column of a primary key can be NULL unless it is `NOT
    /// NULL`.
    pub fn rust_schema(&self) -> RustSchemaRequest<'_, Sqlite> {
        RustSchemaRequest::new(self)
    }
}

impl RustSchemaRequest<'_, Sqlite> {
    /// Declares the tables that the migrations create, in a scratch folder among the system's temporary files.
    ///
    /// The folder is removed before this returns, after errors too, and when the future is dropped. If a process was
    /// killed, the first call at least an hour later removes the folder that it left behind. Hooks are not run. The
    /// pool's own folder is not touched.
    ///
    /// # Errors
    /// [`RustSchemaError`].
    pub async fn from_migrations(
        &self,
        shared: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
        tenant: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
    ) -> Result<RustSchema, RustSchemaError> {
        let name = SchemaName::new(SCRATCH_TENANT)?;
        let options = self.options(&name, Database::Sqlite, &[])?;
        let scratch = Scratch::create()?;
        let declared = self.migrated(&scratch, name, options, shared, tenant).await;
        scratch.remove().await;
        declared
    }

    async fn migrated(
        &self,
        scratch: &Scratch,
        name: SchemaName,
        options: Options,
        shared: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
        tenant: impl MigrationSource<sqlite::Sqlite> + Send + Sync + 'static,
    ) -> Result<RustSchema, RustSchemaError> {
        let folder = SqliteFolder::new(scratch.path());
        let builder = TenantPool::builder(folder).shared_schema(self.pool.shared_schema().as_str());
        let pool = builder.build().await.map_err(|source| RustSchemaError::ScratchPool {
            path: scratch.path().to_owned(),
            source: Box::new(source),
        })?;
        pool.migrate_shared(shared)
            .await
            .map_err(|source| RustSchemaError::MigrateShared(Box::new(source)))?;
        pool.create_tenant(name.clone(), tenant)
            .await
            .map_err(|source| RustSchemaError::MigrateTenant(Box::new(source)))?;
        let read = read(pool.folder(), name, options).await;
        pool.close();
        read
    }

    /// Declares the existing tables: the shared ones, and those of one tenant, which represents all tenants.
    ///
    /// # Errors
    /// [`RustSchemaError`].
    pub async fn from_tenant(&self, tenant: impl IntoSchemaName) -> Result<RustSchema, RustSchemaError> {
        let tenant = self.pool.tenant_name(tenant)?;
        let options = self.options(&tenant, Database::Sqlite, &[])?;
        read(self.pool.folder(), tenant, options).await
    }
}

async fn read(folder: Arc<Folder>, tenant: SchemaName, options: Options) -> Result<RustSchema, RustSchemaError> {
    let read = blocking(move || {
        let mut tables = TypedTables::default();
        typed_tables::read_shared(&folder, &mut tables)?;
        let is_there = typed_tables::read_tenant(&folder, &tenant, &mut tables)?;
        Ok(match is_there {
            true => Ok(declared(&tables, &options)),
            false => Err(tenant),
        })
    });
    let read = read
        .await
        .map_err(|error| RustSchemaError::Files(SqliteError::file(error)))?;
    read.map_err(|tenant| RustSchemaError::UnknownTenant { tenant })
}
