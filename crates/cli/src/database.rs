//! The database: the library's pool, and plain connections for what has no types.

use anyhow::{Context, bail};
use diesel::ConnectionError;
use diesel_async::AsyncPgConnection;
use diesel_tenants::{
    BoxFuture, SchemaName, TenantPool,
    directory::DirectoryTables,
    lifecycle::{HookResult, LifecycleEvent, LifecycleHooks},
};
use tokio_postgres::{Client, Config, NoTls, config::SslMode};
use tokio_postgres_rustls::MakeRustlsConnect;

use crate::{
    arguments::Global,
    causes::causes,
    settings::{Directory, Settings},
    tls,
};

/// How to reach the database.
pub struct Database {
    url: String,
    migration_url: Option<String>,
    config: Config,
    tls: Option<MakeRustlsConnect>,
}

impl Database {
    /// By the options; connects to nothing yet.
    pub fn new(global: &Global) -> anyhow::Result<Self> {
        let Some(url) = global.database_url.as_deref().filter(|url| !url.is_empty()) else {
            bail!("which database? Name it by --database-url, by the variable DATABASE_URL, or in a file .env");
        };
        let url = adapted(url);
        let migration_url = global.migration_url.as_deref().map(adapted);
        // The parser's own reason may hold the password.
        let config: Config = url.parse().ok().context(diesel_tenants::BuildError::InvalidUrl)?;
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
            config,
            tls,
        })
    }

    /// A pool of so many connections.
    pub async fn pool(&self, settings: &Settings, max_size: usize) -> anyhow::Result<TenantPool> {
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
                Box::pin(async move {
                    let bad = |error: tokio_postgres::Error| ConnectionError::BadConnection(causes(&error));
                    let (client, connection) = config.connect(tls).await.map_err(bad)?;
                    AsyncPgConnection::try_from_client_and_connection(client, connection).await
                })
            });
        }
        builder.build().await.context("can't use the database")
    }

    /// How connections are encrypted, if they are.
    pub fn tls(&self) -> Option<MakeRustlsConnect> {
        self.tls.clone()
    }

    /// A connection of its own, with some startup options.
    pub async fn client(&self, options: &str) -> Result<Client, tokio_postgres::Error> {
        let mut config = self.config.clone();
        // A pooler may refuse the very parameter.
        if !options.is_empty() {
            let options = format!("{} {options}", config.get_options().unwrap_or_default());
            config.options(options.trim());
        }
        match &self.tls {
            Some(tls) => {
                let (client, connection) = config.connect(tls.clone()).await?;
                tokio::spawn(connection);
                Ok(client)
            }
            None => {
                let (client, connection) = config.connect(NoTls).await?;
                tokio::spawn(connection);
                Ok(client)
            }
        }
    }

    /// The same, on which no table is found by its bare name: as the library's own connections are.
    pub async fn safe_client(&self, settings: &Settings) -> anyhow::Result<Client> {
        if settings.tenants.search_path_from_role {
            return self.client("").await.context("can't connect to the database");
        }
        let schemas = settings.tenants.extension_schemas.iter().map(SchemaName::try_from);
        let schemas = schemas.collect::<Result<Vec<_>, _>>()?;
        let options = format!(
            "{} -c diesel_tenants.command={}",
            safe_options(&schemas),
            std::process::id()
        );
        let client = self.client(&options).await.context("can't connect to the database")?;
        let sql = "SELECT pg_catalog.current_setting('diesel_tenants.command', true)";
        let arrived: Option<String> = client.query_typed_one(sql, &[]).await?.get(0);
        if arrived != Some(std::process::id().to_string()) {
            bail!("a pooler in between drops startup options: set search_path_from_role in diesel-tenants.toml");
        }
        Ok(client)
    }
}

/// The settings of the library's own connections, with white space and backslashes escaped as startup options want it.
fn safe_options(extension_schemas: &[SchemaName]) -> String {
    let path: Vec<&str> = extension_schemas.iter().map(SchemaName::quoted).collect();
    let mut options = String::from("-c standard_conforming_strings=on -c search_path=");
    for character in path.join(",").chars() {
        if character.is_ascii_whitespace() || character == '\\' {
            options.push('\\');
        }
        options.push(character);
    }
    options
}

/// The URL with a name by which others see who uses a tenant; and with an `sslmode` that the driver knows: with `require` this
/// command checks all that `verify-full` does.
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

/// Refuses what an application's own directory would have to be told.
struct OwnDirectory;

impl LifecycleHooks for OwnDirectory {
    fn before<'a>(&'a self, _: &'a LifecycleEvent) -> BoxFuture<'a, HookResult> {
        Box::pin(async {
            Err("by diesel-tenants.toml the application has a directory of its own (`directory = \"own\"`), which this command can't \
                 tell: do it in the application"
                .into())
        })
    }
}
