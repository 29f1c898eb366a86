//! A server of MySQL or MariaDB: the library's pool of databases.

use std::time::Duration;

use anyhow::{Context, bail};
use diesel_tenants::{
    CheckoutError, CloneError, DatabaseLimits, DiagnosisReport, DriftError, DriftReport, ExportError, FleetError,
    FleetReport, ImportError, LifecycleError, MigrationError, MigrationSourceError, Mysql, MysqlPoolBuilder, MysqlUrl,
    Revert, SchemaName, ScriptError, TenantInfo, TenantPool,
    directory::DirectoryTables,
    lifecycle::{ArchivedTenant, PurgeReport},
    migrations::{FleetMigration, FleetStatus, OutsideWork, SharedVersions},
    pool::{OWN_DATABASE, SchemaSize},
    rust_schema::{RustSchema, RustSchemaError},
    script::ScriptAnswers,
    transfer::{ExportReport, ImportReport},
};

use super::{
    AnyPool, FleetRun, SchemaSource,
    any_pool::{Done, Manner, Reader, Writer, impl_any_pool, texts},
    own_directory::OwnDirectory,
};
use crate::{
    migrations::Migrations,
    options::Global,
    settings::{DatabaseUrls, Directory, Settings, TenantsSchema},
};

/// The server that a URL names.
pub struct Server(MysqlUrl);

/// A pool of databases.
pub struct Databases {
    pool: TenantPool<Mysql>,
}

impl Databases {
    pub fn into_pool(self) -> TenantPool<Mysql> {
        self.pool
    }
}

impl Server {
    /// Reads the options; connects to nothing yet.
    pub fn new(url: &str, global: &Global) -> anyhow::Result<Self> {
        if global.migration_url.as_deref().is_some_and(|url| !url.is_empty()) {
            bail!(
                "--migration-url, or the variable MIGRATION_DATABASE_URL, bypasses a pooler of PostgreSQL, and this \
                 database is a server of MySQL: leave it out"
            );
        }
        let url: MysqlUrl = url.parse().context("the database URL can't be used")?;
        Ok(Self(encrypted(url)?))
    }

    pub async fn pool(&self, settings: &Settings, max_size: usize) -> anyhow::Result<Databases> {
        let pool = self.builder(settings, max_size)?.build().await;
        Ok(Databases {
            pool: pool.context("can't use the database")?,
        })
    }

    /// A pool of the server of this name in the settings.
    pub async fn pool_of(&self, settings: &Settings, database: &str) -> anyhow::Result<Databases> {
        let main = self.pool(settings, 2).await?;
        if database == OWN_DATABASE {
            return Ok(main);
        }
        let pool = main.pool.using_database(database).pool().await;
        Ok(Databases {
            pool: pool.context("can't use the database")?,
        })
    }

    pub async fn diagnose(&self, settings: &Settings) -> anyhow::Result<DiagnosisReport> {
        Ok(self.builder(settings, 1)?.diagnose().run().await?)
    }

    fn builder(&self, settings: &Settings, max_size: usize) -> anyhow::Result<MysqlPoolBuilder> {
        let file = &settings.tenants;
        for (setting, is_set) in [
            ("extension_schemas", !file.extension_schemas.is_empty()),
            ("search_path_from_role", file.search_path_from_role),
            ("template in [schema]", file.schema.template.is_some()),
            ("set_up in [schema]", file.schema.set_up.is_some()),
        ] {
            if is_set {
                bail!(
                    "{setting} in diesel-tenants.toml is about PostgreSQL, and this database is a server of MySQL: \
                     leave it out"
                );
            }
        }
        let mut builder = TenantPool::builder(self.0.clone()).max_size(max_size);
        builder = match file.directory {
            None => builder.directory_tables_if_found(),
            Some(Directory::Tables) => builder.directory(DirectoryTables::new()),
            Some(Directory::Own) => builder.hooks(OwnDirectory),
        };
        if let Some(schema) = &file.shared_schema {
            builder = builder.shared_schema(schema);
        }
        if let Some(schema) = &file.symbolic_schema {
            builder = builder.symbolic_schema(schema);
        }
        let databases = settings.databases()?;
        builder = builder.database_limits(DatabaseLimits::new().databases(databases.len().max(20)));
        for DatabaseUrls {
            name,
            url,
            tenants,
            replicas,
        } in databases
        {
            if !tenants {
                bail!(
                    "database {name} in diesel-tenants.toml: `tenants = false` is about PostgreSQL, and this database \
                     is a server of MySQL: leave that database out"
                );
            }
            builder = builder.database(&name, further(&name, &url)?);
            for replica in replicas {
                builder = builder.database_replica(&name, further(&name, &replica)?);
            }
        }
        Ok(builder)
    }
}

/// The URL of a further server.
fn further(database: &str, url: &str) -> anyhow::Result<MysqlUrl> {
    let url: Result<MysqlUrl, _> = url.parse();
    encrypted(url.with_context(|| format!("the URL of database {database} can't be used"))?)
}

/// The URL with the authorities that every kind of database has: the system's, or those of SSL_CERT_FILE.
#[cfg(feature = "mysql-rustls")]
fn encrypted(url: MysqlUrl) -> anyhow::Result<MysqlUrl> {
    if !url.is_encrypted() {
        return Ok(url);
    }
    let authorities = super::tls::authorities("require_ssl=true")?;
    Ok(url.trusting(authorities.into_iter().map(|certificate| certificate.to_vec())))
}

/// The library has refused a URL that asks for TLS.
#[cfg(not(feature = "mysql-rustls"))]
fn encrypted(url: MysqlUrl) -> anyhow::Result<MysqlUrl> {
    Ok(url)
}

fn tune<'a, S>(migration: FleetMigration<'a, S, Mysql>, _: &FleetRun<'_>) -> FleetMigration<'a, S, Mysql> {
    migration
}

impl_any_pool!(Databases, tune: tune, {
    fn outside_work(&self, _: Migrations) -> Done<'_, Vec<OutsideWork>, MigrationSourceError> {
        // What changes another database is refused.
        Box::pin(async { Ok(Vec::new()) })
    }

    fn rename_tenant<'a>(&'a self, from: &'a str, to: &'a str, manner: Manner) -> Done<'a, (), LifecycleError> {
        self.pool.rename_tenant(from, to).wait(manner.wait).into_future()
    }

    fn archive_tenant<'a>(&'a self, name: &'a str, manner: Manner) -> Done<'a, SchemaName, LifecycleError> {
        self.pool.archive_tenant(name).wait(manner.wait).into_future()
    }

    fn restore_tenant<'a>(&'a self, archive: &'a str, name: &'a str, _: bool) -> Done<'a, (), LifecycleError> {
        self.pool.restore_tenant(archive, name).into_future()
    }

    fn drop_tenant<'a>(&'a self, name: &'a str, manner: Manner) -> Done<'a, (), LifecycleError> {
        self.pool.drop_tenant(name).wait(manner.wait).into_future()
    }

    fn export_tenant<'a>(&'a self, name: &'a str, writer: Writer<'a>) -> Done<'a, ExportReport, ExportError> {
        Box::pin(self.pool.export_tenant(name).to(writer))
    }

    fn import_tenant<'a>(&'a self, name: &'a str, reader: Reader<'a>) -> Done<'a, ImportReport, ImportError> {
        Box::pin(self.pool.import_tenant(name).from(reader))
    }

    fn run_script<'a>(
        &'a self,
        sql: String,
        only: &'a [String],
        workers: usize,
        stop: &'a (dyn Fn() -> bool + Send + Sync),
    ) -> Done<'a, ScriptAnswers<'a>, ScriptError> {
        let script = self.pool.run_script(sql).concurrency(workers).stop_when(stop);
        match only {
            [] => Box::pin(script.start()),
            only => Box::pin(script.only(only).start()),
        }
    }

    fn rust_schema<'a>(
        &'a self,
        options: &'a TenantsSchema,
        source: SchemaSource,
    ) -> Done<'a, RustSchema, RustSchemaError> {
        let request = options.apply(self.pool.rust_schema());
        Box::pin(async move {
            match source {
                SchemaSource::Tenant(tenant) => request.from_tenant(tenant.as_str()).await,
                SchemaSource::Migrations(shared, tenant) => request.from_migrations(shared, tenant).await,
            }
        })
    }
});
