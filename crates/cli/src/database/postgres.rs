//! A server of PostgreSQL: the library's pool, and how connections are encrypted.

use std::time::Duration;

use anyhow::{Context, bail};
use diesel::{migration::MigrationSource, pg::Pg};
use diesel_tenants::{
    CheckoutError, CloneError, DatabaseLimits, DiagnosisReport, DriftError, DriftReport, ExportError, FleetError,
    FleetReport, ImportError, LifecycleError, MigrationError, MigrationSourceError, PostgresConnection, Revert,
    SchemaName, ScriptError, TenantInfo, TenantPool, TenantPoolBuilder,
    directory::DirectoryTables,
    lifecycle::{ArchivedTenant, PurgeReport},
    migrations::{FleetMigration, FleetStatus, OutsideWork, SharedVersions, outside_work},
    pool::SchemaSize,
    rust_schema::{RustSchema, RustSchemaError},
    script::ScriptAnswers,
    transfer::{ExportReport, ImportReport},
};
use tokio_postgres::{Config, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::{
    AnyPool, FleetRun, SchemaSource,
    any_pool::{Done, Manner, Reader, Writer, impl_any_pool, texts},
    own_directory::OwnDirectory,
    tls,
};
use crate::{
    migrations::Migrations,
    options::Global,
    settings::{DatabaseUrls, Directory, Settings, TenantsSchema},
};

/// How connections are encrypted, if they are.
pub type Encryption = Option<MakeRustlsConnect>;

/// How to reach the server.
pub struct Server {
    url: String,
    migration_url: Option<String>,
    tls: Option<MakeRustlsConnect>,
}

/// A pool of schemas.
pub struct Schemas {
    pool: TenantPool,
    tls: Option<MakeRustlsConnect>,
}

impl Server {
    /// Reads the options; connects to nothing yet.
    pub fn new(url: &str, global: &Global) -> anyhow::Result<Self> {
        let url = adapted(url);
        let migration_url = global.migration_url.as_deref().map(adapted);
        // The parser's own reason may hold the password.
        if url.parse::<Config>().is_err() {
            bail!(
                "the database URL can't be parsed; it should look like postgres://user:password@host:5432/database, \
                 with every character of user and password percent-encoded that is not a letter or digit, or like \
                 mysql://user:password@host:3306 or sqlite:FOLDER"
            );
        }
        let tls = if [Some(&url), migration_url.as_ref()]
            .into_iter()
            .flatten()
            .any(|url| is_encrypted(url))
        {
            Some(tls::connector()?)
        } else {
            None
        };
        Ok(Self {
            url,
            migration_url,
            tls,
        })
    }

    pub async fn pool(&self, settings: &Settings, max_size: usize) -> anyhow::Result<Schemas> {
        let (builder, tls) = self.builder(settings, max_size)?;
        let pool = builder.build().await.context("can't use the database")?;
        Ok(Schemas { pool, tls })
    }

    /// The library's pool.
    pub async fn tenant_pool(&self, settings: &Settings, max_size: usize) -> anyhow::Result<TenantPool> {
        let (builder, _) = self.builder(settings, max_size)?;
        builder.build().await.context("can't use the database")
    }

    pub async fn diagnose(&self, settings: &Settings) -> anyhow::Result<DiagnosisReport> {
        let (builder, tls) = self.builder(settings, 2)?;
        let diagnosis = builder.diagnose();
        Ok(match tls {
            Some(tls) => diagnosis.tls(tls).run().await?,
            None => diagnosis.run().await?,
        })
    }

    /// The options of a pool, and how its connections are encrypted, if any are.
    pub fn builder(&self, settings: &Settings, max_size: usize) -> anyhow::Result<(TenantPoolBuilder, Encryption)> {
        let file = &settings.tenants;
        let databases = settings.databases()?;
        let mut builder = TenantPool::builder(&self.url)
            .max_size(max_size)
            .extension_schemas(&file.extension_schemas);
        builder = match file.directory {
            None => builder.directory_tables_if_found(),
            Some(Directory::Tables) => builder.directory(DirectoryTables::new()),
            Some(Directory::Own) => builder.hooks(OwnDirectory),
        };
        if let Some(url) = &self.migration_url {
            builder = builder.migration_url(url);
        }
        if let Some(schema) = &file.shared_schema {
            builder = builder.shared_schema(schema);
        }
        if let Some(schema) = &file.symbolic_schema {
            builder = builder.symbolic_schema(schema);
        }
        if file.search_path_from_role {
            builder = builder.search_path_from_role();
        }
        if file.refuse_outside_work {
            builder = builder.refuse_outside_work();
        }
        let mut tls = self.tls.clone();
        builder = builder.database_limits(DatabaseLimits::new().databases(databases.len().max(20)));
        for DatabaseUrls {
            name,
            url,
            tenants,
            replicas,
        } in databases
        {
            let url = checked(&name, &url)?;
            if tls.is_none() && is_encrypted(&url) {
                tls = Some(tls::connector()?);
            }
            builder = match tenants {
                true => builder.database(&name, url),
                false => builder.database_without_tenants(&name, url),
            };
            for replica in replicas {
                builder = builder.database_replica(&name, checked(&name, &replica)?);
            }
        }
        if let Some(tls) = tls.clone() {
            builder = builder.establish_with(move |config| {
                let tls = tls.clone();
                Box::pin(async move { PostgresConnection::connect(&config, tls).await })
            });
        }
        Ok((builder, tls))
    }
}

fn is_encrypted(url: &str) -> bool {
    let config = url.parse::<Config>();
    config.is_ok_and(|config| config.get_ssl_mode() == SslMode::Require)
}

/// The URL of a further database, as the driver reads it.
fn checked(database: &str, url: &str) -> anyhow::Result<String> {
    let url = adapted(url);
    // The parser's own reason may hold the password.
    if url.parse::<Config>().is_err() {
        bail!(
            "the URL of database {database} can't be parsed; it should look like \
             postgres://user:password@host:5432/database"
        );
    }
    Ok(url)
}

/// The URL with an `application_name`, by which other programs see what uses a tenant, and with an `sslmode` that the
/// driver knows: with `require` this command checks everything that `verify-full` checks.
fn adapted(url: &str) -> String {
    let mut url = url.to_owned();
    for mode in ["verify-full", "verify-ca"] {
        url = url.replace(&format!("sslmode={mode}"), "sslmode=require");
    }
    if url.contains("application_name=") {
        return url;
    }
    let is_url = url.starts_with("postgres://") || url.starts_with("postgresql://");
    let separator = match is_url {
        false => " ",
        true if url.contains('?') => "&",
        true => "?",
    };
    url + separator + "application_name=diesel-tenants"
}

fn tune<'a, S>(migration: FleetMigration<'a, S>, run: &FleetRun<'_>) -> FleetMigration<'a, S>
where
    S: MigrationSource<Pg> + Send + Sync + 'static,
{
    let mut migration = migration;
    if let Some(lock_timeout) = run.lock_timeout {
        migration = migration.lock_timeout(lock_timeout);
    }
    if let Some(lock_attempts) = run.lock_attempts {
        migration = migration.lock_attempts(lock_attempts);
    }
    if let Some(statements) = run.statements_per_connection {
        migration = migration.statements_per_connection(statements);
    }
    migration
}

impl_any_pool!(Schemas, tune: tune, {
    fn outside_work(&self, migrations: Migrations) -> Done<'_, Vec<OutsideWork>, MigrationSourceError> {
        Box::pin(outside_work(migrations))
    }

    fn rename_tenant<'a>(&'a self, from: &'a str, to: &'a str, manner: Manner) -> Done<'a, (), LifecycleError> {
        let rename = self.pool.rename_tenant(from, to).wait(manner.wait);
        match manner.leave_texts {
            true => rename.leave_texts().into_future(),
            false => rename.into_future(),
        }
    }

    fn archive_tenant<'a>(&'a self, name: &'a str, manner: Manner) -> Done<'a, SchemaName, LifecycleError> {
        let mut archive = self.pool.archive_tenant(name).wait(manner.wait);
        if manner.force {
            archive = archive.force();
        }
        if manner.leave_texts {
            archive = archive.leave_texts();
        }
        archive.into_future()
    }

    fn restore_tenant<'a>(
        &'a self,
        archive: &'a str,
        name: &'a str,
        leave_texts: bool,
    ) -> Done<'a, (), LifecycleError> {
        let restore = self.pool.restore_tenant(archive, name);
        match leave_texts {
            true => restore.leave_texts().into_future(),
            false => restore.into_future(),
        }
    }

    fn drop_tenant<'a>(&'a self, name: &'a str, manner: Manner) -> Done<'a, (), LifecycleError> {
        let drop = self.pool.drop_tenant(name).wait(manner.wait);
        match manner.force {
            true => drop.force().into_future(),
            false => drop.into_future(),
        }
    }

    fn export_tenant<'a>(&'a self, name: &'a str, writer: Writer<'a>) -> Done<'a, ExportReport, ExportError> {
        let mut export = self.pool.export_tenant(name);
        if let Some(tls) = &self.tls {
            export = export.tls(tls.clone());
        }
        Box::pin(export.to(writer))
    }

    fn import_tenant<'a>(&'a self, name: &'a str, reader: Reader<'a>) -> Done<'a, ImportReport, ImportError> {
        let mut import = self.pool.import_tenant(name);
        if let Some(tls) = &self.tls {
            import = import.tls(tls.clone());
        }
        Box::pin(import.from(reader))
    }

    fn run_script<'a>(
        &'a self,
        sql: String,
        only: &'a [String],
        workers: usize,
        stop: &'a (dyn Fn() -> bool + Send + Sync),
    ) -> Done<'a, ScriptAnswers<'a>, ScriptError> {
        let mut script = self.pool.run_script(sql).concurrency(workers).stop_when(stop);
        if !only.is_empty() {
            script = script.only(only);
        }
        if let Some(tls) = &self.tls {
            script = script.tls(tls.clone());
        }
        Box::pin(script.start())
    }

    fn rust_schema<'a>(
        &'a self,
        options: &'a TenantsSchema,
        source: SchemaSource,
    ) -> Done<'a, RustSchema, RustSchemaError> {
        let mut request = options.apply(self.pool.rust_schema());
        if let Some(template) = &options.template {
            request = request.template(template);
        }
        if let Some(sql) = &options.set_up {
            request = request.set_up(sql);
        }
        Box::pin(async move {
            match source {
                SchemaSource::Tenant(tenant) => request.from_tenant(tenant.as_str()).await,
                SchemaSource::Migrations(shared, tenant) => request.from_migrations(shared, tenant).await,
            }
        })
    }
});
