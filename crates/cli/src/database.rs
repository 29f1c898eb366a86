//! The database: the library's pool, and how connections are encrypted.

use anyhow::{Context, bail};
use diesel_tenants::{
    BoxFuture, PostgresConnection, TenantPool, TenantPoolBuilder,
    directory::DirectoryTables,
    lifecycle::{HookResult, LifecycleEvent, LifecycleHooks},
};
use tokio_postgres::{Config, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    options::Global,
    settings::{Directory, Settings},
    tls,
};

/// How to reach the database.
pub struct Database {
    url: String,
    migration_url: Option<String>,
    tls: Option<MakeRustlsConnect>,
}

impl Database {
    /// Reads the options; connects to nothing yet.
    pub fn new(global: &Global) -> anyhow::Result<Self> {
        let Some(url) = global.database_url.as_deref().filter(|url| !url.is_empty()) else {
            bail!("no database was given: name it by --database-url, by the variable DATABASE_URL, or in a file .env");
        };
        let url = adapted(url);
        let migration_url = global.migration_url.as_deref().map(adapted);
        // The parser's own reason may hold the password.
        url.parse::<Config>()
            .ok()
            .context(diesel_tenants::BuildError::InvalidUrl)?;
        let is_encrypted = |url: &str| {
            let config = url.parse::<Config>();
            config.is_ok_and(|config| config.get_ssl_mode() == SslMode::Require)
        };
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

    /// A pool of at most `max_size` connections.
    pub async fn pool(&self, settings: &Settings, max_size: usize) -> anyhow::Result<TenantPool> {
        let builder = self.builder(settings, max_size);
        builder.build().await.context("can't use the database")
    }

    /// What such a pool is built of.
    pub fn builder(&self, settings: &Settings, max_size: usize) -> TenantPoolBuilder {
        let file = &settings.tenants;
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
        if let Some(tls) = &self.tls {
            let tls = tls.clone();
            builder = builder.establish_with(move |config| {
                let tls = tls.clone();
                Box::pin(async move { PostgresConnection::connect(&config, tls).await })
            });
        }
        builder
    }

    /// How connections are encrypted, if they are.
    pub fn tls(&self) -> Option<MakeRustlsConnect> {
        self.tls.clone()
    }
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

/// Hooks that refuse every operation of which the application's own directory would have to know.
struct OwnDirectory;

impl LifecycleHooks for OwnDirectory {
    fn before<'a>(&'a self, _: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        Box::pin(async {
            Err("the application has a directory of its own (`directory = \"own\"` in diesel-tenants.toml), which this \
                 command can't change: do it in the application"
                .into())
        })
    }
}
