//! Starts the reading of tables, with the options of the declarations.

use std::collections::{BTreeMap, BTreeSet};

use diesel::{migration::MigrationSource, pg::Pg};
use diesel_async::SimpleAsyncConnection;

use super::{
    AllowTogether, RustSchema, RustSchemaError, SchemaWarning,
    declare::declare,
    extensions::{self, Created, Reused},
    names::is_schema_in_rust,
    options::{Database, Options},
    scratch::Scratch,
    write,
};
use crate::{
    IntoSchemaName, PostgresConnection, SchemaName, TenantPool,
    backend::{
        postgres::catalog::{extensions::extensions as installed, schema::status_of, typed_tables},
        typed_tables::{Relation, TypedTables},
    },
    pool::{Backend, Postgres},
};

/// Declares tables in Rust, from migrations or from a tenant. See [`TenantPool::rust_schema`].
#[must_use = "nothing is read until `from_migrations` or `from_tenant` is awaited"]
#[derive(Debug, Clone)]
pub struct RustSchemaRequest<'a, B: Backend = Postgres> {
    pub(super) pool: &'a TenantPool<B>,
    except: BTreeSet<String>,
    sql_types: BTreeMap<String, String>,
    together: AllowTogether,
    template: String,
    set_up: String,
}

/// # Declaring the tables in Rust
impl TenantPool {
    /// Declares the shared tables and the tenants' tables in Rust. See [`schema`](crate::rust_schema).
    pub fn rust_schema(&self) -> RustSchemaRequest<'_> {
        RustSchemaRequest::new(self)
    }
}

impl<'a, B: Backend> RustSchemaRequest<'a, B> {
    pub(super) fn new(pool: &'a TenantPool<B>) -> Self {
        Self {
            pool,
            except: BTreeSet::new(),
            sql_types: BTreeMap::new(),
            together: AllowTogether::default(),
            template: "template0".to_owned(),
            set_up: String::new(),
        }
    }

    /// Leaves out tables and views of these names, both shared ones and tenants'. Default: none.
    pub fn except<S: Into<String>>(mut self, tables: impl IntoIterator<Item = S>) -> Self {
        self.except.extend(tables.into_iter().map(Into::into));
        self
    }

    /// Uses your own type, or a library's, for a type of the database: `("tsvector",
    /// "diesel_full_text_search::TsVector")`. Both names may be qualified by a schema or a path. Default: a struct is
    /// declared for each type that Diesel lacks, and a domain is declared as its base type. On SQLite and
    /// MySQL, a column whose type Diesel lacks is left out; the name is compared without regard to case, and stands
    /// for the type with any length.
    pub fn sql_type(mut self, name: impl Into<String>, path: impl Into<String>) -> Self {
        self.sql_types.insert(name.into(), path.into());
        self
    }

    /// Which tables may appear together in one query. Default: all.
    pub fn allow_together(mut self, together: AllowTogether) -> Self {
        self.together = together;
        self
    }

    /// The options with which the tables of this tenant are declared. `extension_schemas` are PostgreSQL's.
    pub(super) fn options(
        &self,
        tenant: &SchemaName,
        database: Database,
        extension_schemas: &[SchemaName],
    ) -> Result<Options, RustSchemaError> {
        let symbolic_schema = self.pool.symbolic_schema().map(ToOwned::to_owned);
        for schema in std::iter::once(self.pool.shared_schema().as_str()).chain(symbolic_schema.as_deref()) {
            if !is_schema_in_rust(schema) {
                return Err(RustSchemaError::SchemaNotAnIdentifier {
                    schema: schema.to_owned(),
                });
            }
        }
        Ok(Options {
            database,
            shared_schema: self.pool.shared_schema().clone(),
            tenant: tenant.clone(),
            symbolic_schema,
            extension_schemas: extension_schemas.to_vec(),
            except: self.except.clone(),
            sql_types: self.sql_types.clone(),
            together: self.together,
        })
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

/// Declares tables that were read.
pub(super) fn declared(tables: &TypedTables, options: &Options) -> RustSchema {
    let declarations = declare(tables, options);
    let [shared, tenant] = write::texts(&declarations, options);
    let mut warnings = declarations.warnings;
    warnings.extend(namesakes(&tables.relations, options));
    warnings.sort();
    RustSchema {
        shared,
        tenant,
        warnings,
    }
}

/// The name of the tenant in a scratch database. It appears in no declaration.
pub(super) const SCRATCH_TENANT: &str = "diesel_tenants_scratch";

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

/// Warnings about tenants' tables that have the name of another table.
fn namesakes(relations: &[Relation], options: &Options) -> Vec<SchemaWarning> {
    let of = |schema: &str| -> BTreeSet<&str> {
        let found = relations.iter().filter(|relation| relation.schema == schema);
        found
            .map(|relation| relation.name.as_str())
            .filter(|name| !options.except.contains(*name))
            .collect()
    };
    let (tenant, shared) = (of(options.tenant.as_str()), of(options.shared_schema.as_str()));
    let in_both = tenant.intersection(&shared).map(|table| SchemaWarning::InBoth {
        table: (*table).to_owned(),
    });
    let public = if options.shared_schema.as_str() == "public" {
        BTreeSet::new()
    } else {
        of("public")
    };
    let in_public = tenant.intersection(&public).map(|table| SchemaWarning::InPublic {
        table: (*table).to_owned(),
    });
    in_both.chain(in_public).collect()
}
