use std::{panic::resume_unwind, sync::Arc, time::Duration};

use diesel::{
    ConnectionError, ConnectionResult, OptionalExtension, QueryableByName,
    sql_types::{Array, Bool, Integer, Text},
};
use diesel_async::{AsyncPgConnection, RunQueryDsl, SimpleAsyncConnection};
use futures_core::future::BoxFuture;
use tokio::{
    runtime::{self, Handle},
    task::JoinSet,
};
use tokio_postgres::{Client, Config, Connection, NoTls, Socket, tls::MakeTlsConnect};

use super::{
    ConnectError,
    catalog::splice,
    session_proof::{Token, is_kept_by_pooler, process_id},
    startup::{BUSY, describe, notice_silent_peers, startup_options},
};
use crate::{
    SchemaName,
    backend::postgres::quote::{literal, names_in_list},
};

/// Makes a connection of one's own from the driver's configuration: for TLS, above all.
pub(crate) type EstablishCallback =
    dyn Fn(Config) -> BoxFuture<'static, ConnectionResult<AsyncPgConnection>> + Send + Sync;

/// How connections are made.
#[derive(Clone)]
pub(crate) struct ConnectOptions {
    pub(crate) extension_schemas: Vec<SchemaName>,
    pub(crate) symbolic_schema: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) establish: Option<Arc<EstablishCallback>>,
    /// Where connections are opened and driven, if not where they are asked for.
    pub(crate) runtime: Option<Handle>,
    /// Whether a pooler may be in between: then the search_path is the role's, as those in transaction mode refuse startup options.
    pub(crate) may_be_pooled: bool,
    /// Whether transactions can't write.
    pub(crate) read_only: bool,
}

/// Opens connections whose search_path reaches no tables.
pub(crate) struct Connector {
    config: Config,
    server: String,
    options: ConnectOptions,
}

impl Connector {
    pub(crate) fn new(mut config: Config, options: ConnectOptions) -> Self {
        notice_silent_peers(&mut config);
        if !options.may_be_pooled {
            let startup = format!(
                "{} {}",
                config.get_options().unwrap_or_default(),
                startup_options(&options.extension_schemas, options.read_only)
            );
            config.options(startup.trim());
        }
        Self {
            server: describe(&config),
            config,
            options,
        }
    }

    /// The same, to another database of the server.
    #[cfg(feature = "schema")]
    pub(crate) fn to_database(&self, database: &str) -> Self {
        let mut config = self.config.clone();
        config.dbname(database);
        Self {
            server: describe(&config),
            config,
            options: self.options.clone(),
        }
    }

    /// The schemas of extensions, as a migration's search_path needs them.
    pub(crate) fn extension_schemas(&self) -> &[SchemaName] {
        &self.options.extension_schemas
    }

    /// Whether a pooler may be in between, as far as is known: those in transaction mode refuse startup options.
    pub(crate) fn may_be_pooled(&self) -> bool {
        self.options.may_be_pooled
    }

    /// Whether connections, and requests to cancel a query, can reach the server without TLS.
    pub(crate) fn is_plain(&self) -> bool {
        self.options.establish.is_none()
    }

    pub(crate) fn failed_query(&self, source: diesel::result::Error) -> ConnectError {
        ConnectError::Query {
            server: self.server.clone(),
            source,
        }
    }

    /// Opens a connection.
    pub(crate) async fn connect(&self) -> Result<AsyncPgConnection, ConnectError> {
        tokio::time::timeout(self.options.timeout, self.connect_untimed())
            .await
            .unwrap_or_else(|_| {
                Err(ConnectError::Timeout {
                    server: self.server.clone(),
                    waited: self.options.timeout,
                })
            })
    }

    /// Opens a connection of the driver's own, to be driven by the caller. Its settings are not looked at.
    pub(crate) async fn connect_client<T>(
        &self,
        tls: T,
    ) -> Result<(Client, Connection<Socket, T::Stream>), ConnectError>
    where
        T: MakeTlsConnect<Socket>,
    {
        let server = || self.server.clone();
        match tokio::time::timeout(self.options.timeout, self.config_to_copy().connect(tls)).await {
            Ok(connected) => connected.map_err(|source| ConnectError::Refused {
                server: server(),
                source,
            }),
            Err(_) => Err(ConnectError::Timeout {
                server: server(),
                waited: self.options.timeout,
            }),
        }
    }

    async fn connect_untimed(&self) -> Result<AsyncPgConnection, ConnectError> {
        let token = Token::new();
        let mut connection = match self.open(token).await {
            // Diesel's own first statements were mixed up.
            Err(ConnectError::Setup {
                source: ConnectionError::CouldntSetupConfiguration(source),
                ..
            }) if self.options.may_be_pooled && is_mixed_up(&source) => return Err(self.unsafe_pooler(Some(source))),
            opened => opened?,
        };
        self.refuse_unsafe_session(&mut connection, token).await?;
        Ok(connection)
    }

    /// With the startup option by which the connection knows its own session again. Poolers refuse such options.
    fn config_with(&self, token: Token) -> Config {
        let mut config = self.config.clone();
        if !self.options.may_be_pooled {
            let options = format!("{} {}", config.get_options().unwrap_or_default(), token.option());
            config.options(options.trim());
        }
        config
    }

    /// While rows are copied, a server may be busy with other things for longer than it may be silent elsewhere.
    fn config_to_copy(&self) -> Config {
        let mut config = self.config_with(Token::new());
        config.tcp_user_timeout(BUSY);
        config
    }

    /// Whether a connection that was opened in one runtime would be there too if it were opened in this one.
    pub(crate) fn would_open_in(&self, runtime: runtime::Id) -> bool {
        self.options.runtime.is_some() || Handle::current().id() == runtime
    }

    /// Opens a connection in the pool's runtime, if it has one, where a task will drive it.
    async fn open(&self, token: Token) -> Result<AsyncPgConnection, ConnectError> {
        if let Some(runtime) = &self.options.runtime {
            let mut opening = JoinSet::new();
            opening.spawn_on(self.establish(token), runtime);
            match opening.join_next().await {
                Some(Ok(opened)) => return opened,
                Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
                // It has ended.
                Some(Err(_)) | None => {}
            }
        }
        self.establish(token).await
    }

    fn establish(
        &self,
        token: Token,
    ) -> impl Future<Output = Result<AsyncPgConnection, ConnectError>> + Send + 'static {
        let (config, server, establish) = (
            self.config_with(token),
            self.server.clone(),
            self.options.establish.clone(),
        );
        async move {
            let opened = match establish {
                Some(establish) => establish(config).await,
                None => {
                    let (client, driver) = match config.connect(NoTls).await {
                        Ok(connected) => connected,
                        Err(source) => return Err(ConnectError::Refused { server, source }),
                    };
                    AsyncPgConnection::try_from_client_and_connection(client, driver).await
                }
            };
            opened.map_err(|source| ConnectError::Setup { server, source })
        }
    }

    /// Asks rather than trusts: a pooler may drop the startup options, and a custom setup may forget them.
    async fn refuse_unsafe_session(
        &self,
        connection: &mut AsyncPgConnection,
        token: Token,
    ) -> Result<(), ConnectError> {
        let settings = self.settings(connection, token).await?;
        if self.options.may_be_pooled {
            let is_direct = process_id(&connection.cancel_token()) == Some(settings.process_id);
            if !is_direct && !is_kept_by_pooler(&settings.statements) {
                return Err(self.unsafe_pooler(None));
            }
        } else if settings.token != token.to_string() {
            return Err(ConnectError::LostOptions {
                server: self.server.clone(),
            });
        }
        if let (true, Some(schema)) = (settings.symbolic_exists, &self.options.symbolic_schema) {
            return Err(ConnectError::SymbolicSchemaExists {
                server: self.server.clone(),
                schema: schema.clone(),
            });
        }
        if !settings.standard_strings {
            return Err(ConnectError::NonstandardStrings {
                server: self.server.clone(),
            });
        }
        if self.options.read_only && !settings.read_only {
            return Err(ConnectError::Writable {
                server: self.server.clone(),
            });
        }
        self.refuse_unsafe_extension_schemas(connection).await?;
        self.refuse_unsafe_search_path(&settings.search_path)
    }

    /// Asks the same of a connection of the driver's own, as far as translated texts depend on it.
    pub(crate) async fn refuse_unsafe_client(&self, client: &Client) -> Result<(), ConnectError> {
        let sql = "SELECT pg_catalog.current_setting('search_path'), \
                   pg_catalog.current_setting('standard_conforming_strings') = 'on'";
        let server = || self.server.clone();
        let asked = client.query_typed_one(sql, &[]).await;
        let settings = asked.and_then(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        let (search_path, standard_strings): (String, bool) = settings.map_err(|source| ConnectError::Refused {
            server: server(),
            source,
        })?;
        if !standard_strings {
            return Err(ConnectError::NonstandardStrings { server: server() });
        }
        self.refuse_unsafe_search_path(&search_path)
    }

    /// A search_path may hold nothing but the schemas of extensions.
    pub(crate) fn refuse_unsafe_search_path(&self, search_path: &str) -> Result<(), ConnectError> {
        // Also schemas that don't exist: they may one day. `"$user"` is such a one.
        let allowed = |schema: &str| {
            schema.is_empty()
                || schema == "pg_catalog"
                || self
                    .options
                    .extension_schemas
                    .iter()
                    .any(|allowed| allowed.as_str() == schema)
        };
        let unsafe_schema = names_in_list(search_path).find(|schema| !allowed(schema));
        match unsafe_schema {
            Some(schema) => Err(ConnectError::UnsafeSearchPath {
                server: self.server.clone(),
                schema,
            }),
            None => Ok(()),
        }
    }

    /// What depends on a schema is found by an index, however many others there are. Objects of extensions, and what belongs
    /// to a table of theirs, depend on those.
    async fn refuse_unsafe_extension_schemas(&self, connection: &mut AsyncPgConnection) -> Result<(), ConnectError> {
        #[derive(QueryableByName)]
        struct Unsafe {
            #[diesel(sql_type = Text)]
            schema: String,
            #[diesel(sql_type = Text)]
            found: String,
        }

        if self.options.extension_schemas.is_empty() {
            return Ok(());
        }
        let schemas: Vec<&str> = self.options.extension_schemas.iter().map(SchemaName::as_str).collect();
        let found: Option<Unsafe> = diesel::sql_query(splice(
            "SELECT n.nspname::text AS schema, COALESCE('holds ' || relation.name, 'lets everybody (PUBLIC) create in it') AS found \
             FROM pg_catalog.pg_namespace n LEFT JOIN LATERAL (\
                 SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name FROM pg_catalog.pg_depend d \
                 JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
                 WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid \
                 AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
                 AND NOT {in_extension d.classid d.objid} ORDER BY 1 LIMIT 1) relation ON true \
             WHERE n.nspname = ANY ($1) AND (relation.name IS NOT NULL OR EXISTS (\
                 SELECT FROM pg_catalog.aclexplode(n.nspacl) WHERE grantee = 0 AND privilege_type = 'CREATE')) LIMIT 1",
        ))
        .bind::<Array<Text>, _>(schemas)
        .get_result(connection)
        .await
        .optional()
        .map_err(|source| self.failed_query(source))?;
        match found {
            None => Ok(()),
            Some(Unsafe { schema, found }) => Err(ConnectError::UnsafeExtensionSchema {
                server: self.server.clone(),
                schema,
                found,
            }),
        }
    }

    /// Where a pooler may be in between, in a transaction: so that one session sees the statement prepared and run.
    async fn settings(&self, connection: &mut AsyncPgConnection, token: Token) -> Result<Settings, ConnectError> {
        // The text holds the token, so that no other statement of the session is taken for this one.
        let symbolic = self
            .options
            .symbolic_schema
            .as_deref()
            .map_or("NULL".to_owned(), literal);
        let sql = format!(
            "SELECT pg_catalog.current_setting('search_path') AS search_path, \
             pg_catalog.current_setting('standard_conforming_strings') = 'on' AS standard_strings, \
             pg_catalog.current_setting('transaction_read_only') = 'on' AS read_only, \
             COALESCE(pg_catalog.current_setting('{}', true), '') AS token, \
             pg_catalog.pg_backend_pid() AS process_id, \
             EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {symbolic}) AS symbolic_exists, \
             ARRAY(SELECT name FROM pg_catalog.pg_prepared_statements \
             WHERE pg_catalog.strpos(statement, '{token}') > 0) AS statements",
            Token::SETTING
        );
        if !self.options.may_be_pooled {
            let settings = diesel::sql_query(sql).get_result(connection).await;
            return settings.map_err(|source| self.failed_query(source));
        }
        // With `pool_mode = statement` there are none.
        let begun = connection.batch_execute("BEGIN").await;
        begun.map_err(|source| self.unsafe_pooler(Some(source)))?;
        let settings = diesel::sql_query(sql).get_result(connection).await;
        let settings = settings.map_err(|source| match is_mixed_up(&source) {
            true => self.unsafe_pooler(Some(source)),
            false => self.failed_query(source),
        })?;
        let ended = connection.batch_execute("COMMIT").await;
        ended.map_err(|source| self.failed_query(source))?;
        Ok(settings)
    }

    fn unsafe_pooler(&self, source: Option<diesel::result::Error>) -> ConnectError {
        ConnectError::UnsafePooler {
            server: self.server.clone(),
            source,
        }
    }
}

/// Whether a statement's name was another client's as well, or known to another session only. Diesel doesn't tell the code.
fn is_mixed_up(error: &diesel::result::Error) -> bool {
    matches!(error, diesel::result::Error::DatabaseError(_, information)
        if information.message().contains("prepared statement"))
}

/// What a new connection is asked for.
#[derive(QueryableByName)]
struct Settings {
    #[diesel(sql_type = Text)]
    search_path: String,
    #[diesel(sql_type = Bool)]
    standard_strings: bool,
    #[diesel(sql_type = Bool)]
    read_only: bool,
    /// The connection's own startup option, if it arrived.
    #[diesel(sql_type = Text)]
    token: String,
    #[diesel(sql_type = Integer)]
    process_id: i32,
    /// Whether there is a schema of the symbolic one's name.
    #[diesel(sql_type = Bool)]
    symbolic_exists: bool,
    /// What the server calls the statement that asks.
    #[diesel(sql_type = Array<Text>)]
    statements: Vec<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_silent_peer_is_noticed_within_a_minute_or_when_the_url_says_so() {
        let times = |config: &Config| {
            let keepalives = (config.get_keepalives_idle(), config.get_keepalives_interval());
            let timeout = config.get_tcp_user_timeout().copied();
            (keepalives, config.get_keepalives_retries(), timeout)
        };
        let seconds = Duration::from_secs;
        for (query, expected) in [
            ("", ((seconds(30), Some(seconds(10))), Some(3), Some(seconds(60)))),
            (
                "?keepalives_idle=300&keepalives_interval=70&keepalives_retries=9&tcp_user_timeout=600",
                ((seconds(300), Some(seconds(70))), Some(9), Some(seconds(600))),
            ),
        ] {
            let config: Config = format!("postgres://localhost/store{query}").parse().unwrap();
            let options = ConnectOptions {
                extension_schemas: Vec::new(),
                symbolic_schema: None,
                timeout: seconds(10),
                establish: None,
                runtime: None,
                may_be_pooled: false,
                read_only: false,
            };
            let connector = Connector::new(config, options);
            assert_eq!(times(&connector.config_with(Token::new())), expected, "{query}");
            let copies = (expected.0, expected.1, Some(seconds(900)));
            assert_eq!(times(&connector.config_to_copy()), copies, "{query}");
        }
    }
}
