//! Reads the tables of databases, to declare them.

use diesel::{migration::MigrationSource, mysql};

use super::{moved::Moved, scratch::Scratch};
use crate::{
    IntoSchemaName, Mysql, SchemaName, TenantPool,
    backend::mysql::{Server, typed_tables::Reader},
    pool::MysqlError,
    rust_schema::{
        RustSchema, RustSchemaError, RustSchemaRequest,
        options::{Database, Options},
        rust_schema_request::{SCRATCH_TENANT, declared},
    },
    tenancy::TenantStatus,
};

/// # Declaring the tables in Rust
impl TenantPool<Mysql> {
    /// Declares the shared tables and the tenants' tables in Rust. See [`rust_schema`](crate::rust_schema).
    ///
    /// Enums and sets are declared as `Text`, numbers as `Unsigned<…>` where they are, and `tinyint(1)` as `Bool`.
    pub fn rust_schema(&self) -> RustSchemaRequest<'_, Mysql> {
        RustSchemaRequest::new(self)
    }
}

impl RustSchemaRequest<'_, Mysql> {
    /// Declares the tables that the migrations create, in two scratch databases on the pool's server. Where migrations
    /// name the shared database, they get the scratch one.
    ///
    /// The scratch databases are dropped before this returns, after errors too. Dropping the future drops them as well,
    /// which blocks for a moment. If a process was killed, the first call at least an hour later drops the databases
    /// that it left behind. Hooks are not run. Migrations that are written in Rust are an error.
    ///
    /// # Errors
    /// [`RustSchemaError`]. The account must be allowed to create databases, and to drop them.
    pub async fn from_migrations(
        &self,
        shared: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
        tenant: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    ) -> Result<RustSchema, RustSchemaError> {
        let name = SchemaName::new(SCRATCH_TENANT)?;
        let options = self.options(&name, Database::Mysql, &[])?;
        let scratch = Scratch::create(self.pool.mysql_server()).await?;
        let declared = self.migrated(&scratch, &options, shared, tenant).await;
        let dropped = scratch.drop_now().await;
        let declared = declared?;
        dropped.map(|()| declared)
    }

    async fn migrated(
        &self,
        scratch: &Scratch,
        options: &Options,
        shared: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
        tenant: impl MigrationSource<mysql::Mysql> + Send + Sync + 'static,
    ) -> Result<RustSchema, RustSchemaError> {
        let (name, other) = (&options.shared_schema, &scratch.shared);
        let shared = Moved {
            source: shared,
            shared: name.clone(),
            scratch: other.clone(),
        };
        let tenant = Moved {
            source: tenant,
            shared: name.clone(),
            scratch: other.clone(),
        };
        let pool = self.pool.on_shared_database(&scratch.shared).await;
        let pool = pool.map_err(|source| RustSchemaError::ScratchServer(Box::new(source)))?;
        let migrated = async {
            pool.migrate_shared(shared)
                .await
                .map_err(|source| RustSchemaError::MigrateShared(Box::new(source)))?;
            pool.create_tenant(scratch.tenant.clone(), tenant)
                .await
                .map_err(|source| RustSchemaError::MigrateTenant(Box::new(source)))
        };
        let migrated = migrated.await;
        pool.close();
        migrated?;
        let server = self.pool.mysql_server();
        read(&server, [&scratch.shared, &scratch.tenant], options).await
    }

    /// Declares the existing tables: the shared ones, and those of one tenant, which represents all tenants.
    ///
    /// # Errors
    /// [`RustSchemaError`].
    pub async fn from_tenant(&self, tenant: impl IntoSchemaName) -> Result<RustSchema, RustSchemaError> {
        let tenant = self.pool.tenant_name(tenant)?;
        let options = self.options(&tenant, Database::Mysql, &[])?;
        let tenants = self.pool.all_tenants().await;
        let mut tenants = tenants
            .map_err(|error| RustSchemaError::Tenants(Box::new(error)))?
            .into_iter();
        let is_complete = |status| status != TenantStatus::Unfinished;
        if !tenants.any(|found| found.name == tenant && is_complete(found.status)) {
            return Err(RustSchemaError::UnknownTenant { tenant });
        }
        read(
            &self.pool.mysql_server(),
            [self.pool.shared_schema(), &tenant],
            &options,
        )
        .await
    }
}

/// Reads the databases of the shared tables and of the tenant, under the names that the options have for them.
async fn read(
    server: &Server,
    [shared, tenant]: [&SchemaName; 2],
    options: &Options,
) -> Result<RustSchema, RustSchemaError> {
    let failed = |error| RustSchemaError::Server(MysqlError::session(error));
    let mut session = server.open().await.map_err(failed)?;
    let mut reader = Reader::default();
    let read = async {
        reader.read(&mut session, shared, &options.shared_schema).await?;
        reader.read(&mut session, tenant, &options.tenant).await
    };
    match read.await.map_err(RustSchemaError::Read)? {
        true => Ok(declared(&reader.finish(), options)),
        false => Err(RustSchemaError::UnknownTenant {
            tenant: options.tenant.clone(),
        }),
    }
}
