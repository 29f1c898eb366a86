//! Checks that a new connection's session is safe to use.

use diesel::{
    OptionalExtension, QueryResult, QueryableByName,
    sql_types::{Array, Bool, Integer, Text},
};
use diesel_async::{RunQueryDsl, SimpleAsyncConnection};
use tokio_postgres::Client;

use super::session_proof::{Token, is_kept_by_pooler, process_id};
use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{
        ConnectError, Connector, PreparedSql,
        engine::OpenError,
        quote::{literal, names_in_list},
        splice,
    },
};

impl Connector {
    /// Checks the session's settings: a pooler may drop the startup options, and a custom setup may forget them.
    pub(crate) async fn refuse_unsafe_session(
        &self,
        connection: &mut PostgresConnection,
        token: Token,
    ) -> Result<(), ConnectError> {
        let settings = self.settings(connection, token).await?;
        self.refuse_unsafe_settings(&settings, token)?;
        self.refuse_unsafe_extension_schemas(connection).await?;
        self.refuse_unsafe_search_path(&settings.search_path)
    }

    /// Checks everything but the search_path.
    pub(super) fn refuse_unsafe_settings(&self, settings: &Settings, token: Token) -> Result<(), ConnectError> {
        if !self.options.may_be_pooled && settings.token != token.to_string() {
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
        Ok(())
    }

    /// Checks a connection of the driver, as far as translated texts depend on its settings.
    pub(crate) async fn refuse_unsafe_client(&self, client: &Client) -> Result<(), ConnectError> {
        let sql = "SELECT pg_catalog.current_setting('search_path'), \
                   pg_catalog.current_setting('standard_conforming_strings') = 'on'";
        let server = || self.server.clone();
        let asked = client.query_typed_one(sql, &[]).await;
        let settings = asked.and_then(|row| Ok((row.try_get(0)?, row.try_get(1)?)));
        let (search_path, standard_strings): (String, bool) = settings.map_err(|source| ConnectError::Refused {
            server: server(),
            source: OpenError::Refused(source),
        })?;
        if !standard_strings {
            return Err(ConnectError::NonstandardStrings { server: server() });
        }
        self.refuse_unsafe_search_path(&search_path)
    }

    /// A search_path may hold nothing but the schemas of extensions.
    pub(crate) fn refuse_unsafe_search_path(&self, search_path: &str) -> Result<(), ConnectError> {
        // Schemas that don't exist are refused too, because they may be created later. `"$user"` is one of them.
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

    async fn refuse_unsafe_extension_schemas(&self, connection: &mut PostgresConnection) -> Result<(), ConnectError> {
        if self.options.extension_schemas.is_empty() {
            return Ok(());
        }
        let ask = diesel::sql_query(unsafe_schema_query()).bind::<Array<Text>, _>(self.extension_schema_names());
        self.refuse_unsafe_schema(ask.get_result(connection).await.optional())
    }

    pub(super) fn extension_schema_names(&self) -> Vec<&str> {
        self.options.extension_schemas.iter().map(SchemaName::as_str).collect()
    }

    pub(super) fn refuse_unsafe_schema(&self, found: QueryResult<Option<UnsafeSchema>>) -> Result<(), ConnectError> {
        match found.map_err(|source| self.failed_query(source))? {
            None => Ok(()),
            Some(UnsafeSchema { schema, found }) => Err(ConnectError::UnsafeExtensionSchema {
                server: self.server.clone(),
                schema,
                found,
            }),
        }
    }

    /// If a pooler may be in between, this runs in a transaction, so that one session prepares and runs the statement.
    /// Unless the pooler keeps its clients' prepared statements apart, the connection prepares none from then on: what
    /// is parsed and run in one round trip reaches one session, whatever the pooler is.
    async fn settings(&self, connection: &mut PostgresConnection, token: Token) -> Result<Settings, ConnectError> {
        let sql = self.settings_query(token);
        let ask = || PreparedSql(diesel::sql_query(&sql));
        if !self.options.may_be_pooled {
            let settings = ask().get_result(connection).await;
            return settings.map_err(|source| self.failed_query(source));
        }
        // With `pool_mode = statement` there are no transactions.
        let begun = connection.batch_execute("BEGIN").await;
        begun.map_err(|source| self.unsafe_pooler(source))?;
        connection.name_statements(&token.to_string());
        let settings: Settings = ask()
            .get_result(connection)
            .await
            .map_err(|source| self.failed_query(source))?;
        // A statement that comes again is prepared.
        let again: QueryResult<Settings> = ask().get_result(connection).await;
        let is_direct = process_id(connection.cancel_token().driver_token()) == Some(settings.process_id);
        let may_prepare = match &again {
            Ok(again) => is_direct || is_kept_by_pooler(&again.statements, token),
            Err(_) => false,
        };
        if !may_prepare {
            connection.limit_statements(0);
            if again.is_ok() {
                let closed = connection.close_statements().await;
                closed.map_err(|source| self.failed_query(source))?;
            }
        }
        let ended = connection.batch_execute("COMMIT").await;
        ended.map_err(|source| self.failed_query(source))?;
        Ok(settings)
    }

    /// The query for the session's settings.
    pub(super) fn settings_query(&self, token: Token) -> String {
        // The text contains the token, so that no other statement of the session can be mistaken for this one.
        let symbolic = self
            .options
            .symbolic_schema
            .as_deref()
            .map_or("NULL".to_owned(), literal);
        format!(
            "SELECT pg_catalog.current_setting('search_path') AS search_path, \
             pg_catalog.current_setting('standard_conforming_strings') = 'on' AS standard_strings, \
             pg_catalog.current_setting('transaction_read_only') = 'on' AS read_only, \
             COALESCE(pg_catalog.current_setting('{}', true), '') AS token, \
             pg_catalog.pg_backend_pid() AS process_id, \
             EXISTS (SELECT FROM pg_catalog.pg_namespace WHERE nspname = {symbolic}) AS symbolic_exists, \
             ARRAY(SELECT name FROM pg_catalog.pg_prepared_statements \
             WHERE pg_catalog.strpos(statement, '{token}') > 0) AS statements",
            Token::SETTING
        )
    }
}

/// The query for a schema of extensions that is unsafe, of those named by $1.
///
/// The objects in a schema are found by an index on dependencies, however many other schemas there are. Objects of
/// extensions, and parts of an extension's tables, depend on these and not on the schema.
pub(super) fn unsafe_schema_query() -> String {
    splice(
        "SELECT n.nspname::text AS schema, COALESCE('holds ' || relation.name, 'lets everybody (PUBLIC) create in it') \
         AS found \
         FROM pg_catalog.pg_namespace n LEFT JOIN LATERAL (\
             SELECT pg_catalog.format('%I.%I', n.nspname, c.relname) AS name FROM pg_catalog.pg_depend d \
             JOIN pg_catalog.pg_class c ON c.oid = d.objid AND c.relkind IN ('r', 'p', 'v', 'm', 'f') \
             WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid = n.oid \
             AND d.classid = 'pg_catalog.pg_class'::pg_catalog.regclass \
             AND NOT {in_extension d.classid d.objid} ORDER BY 1 LIMIT 1) relation ON true \
         WHERE n.nspname = ANY ($1) AND (relation.name IS NOT NULL OR EXISTS (\
             SELECT FROM pg_catalog.aclexplode(n.nspacl) WHERE grantee = 0 AND privilege_type = 'CREATE')) LIMIT 1",
    )
}

/// A schema of extensions that holds more than extensions.
#[derive(QueryableByName)]
pub(super) struct UnsafeSchema {
    #[diesel(sql_type = Text)]
    schema: String,
    #[diesel(sql_type = Text)]
    found: String,
}

/// What is asked of a new connection.
#[derive(QueryableByName)]
pub(super) struct Settings {
    #[diesel(sql_type = Text)]
    pub(super) search_path: String,
    #[diesel(sql_type = Bool)]
    standard_strings: bool,
    #[diesel(sql_type = Bool)]
    read_only: bool,
    /// The connection's own startup option, if it arrived.
    #[diesel(sql_type = Text)]
    token: String,
    #[diesel(sql_type = Integer)]
    process_id: i32,
    /// Whether a real schema has the symbolic schema's name.
    #[diesel(sql_type = Bool)]
    symbolic_exists: bool,
    /// The server's names for the statement that asks.
    #[diesel(sql_type = Array<Text>)]
    statements: Vec<String>,
}
