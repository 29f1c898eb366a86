//! Opens connections to one server by the options of a pool.

use std::{sync::Arc, time::Duration};

use diesel::ConnectionResult;

use futures_core::future::BoxFuture;
use tokio::runtime::{self, Handle};
use tokio_postgres::Config;

use super::{
    session_proof::Token,
    startup::{COPY_SILENCE, describe, leave_time_for_other_hosts, notice_silent_peers, startup_options},
};
use crate::{PostgresConnection, SchemaName, backend::postgres::ConnectError};

/// The application's own function that opens a connection from the driver's configuration, mostly for TLS.
pub(crate) type EstablishCallback =
    dyn Fn(Config) -> BoxFuture<'static, ConnectionResult<PostgresConnection>> + Send + Sync;

/// How connections are opened.
#[derive(Clone)]
pub(crate) struct ConnectOptions {
    pub(crate) extension_schemas: Vec<SchemaName>,
    pub(crate) symbolic_schema: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) establish: Option<Arc<EstablishCallback>>,
    /// The runtime that opens and drives the connections; `None` for the caller's runtime.
    pub(crate) runtime: Option<Handle>,
    /// Whether a pooler may be in between. Then the search_path comes from the role, because poolers in transaction
    /// mode refuse startup options.
    pub(crate) may_be_pooled: bool,
    /// Whether transactions can't write.
    pub(crate) read_only: bool,
    /// Whether connections would be outside of the transaction in which all of a test runs. None is opened then.
    pub(crate) outside_test: bool,
}

/// Opens connections whose search_path reaches no tables.
pub(crate) struct Connector {
    config: Config,
    pub(crate) server: String,
    pub(crate) options: ConnectOptions,
}

impl Connector {
    pub(crate) fn new(mut config: Config, options: ConnectOptions) -> Self {
        notice_silent_peers(&mut config);
        leave_time_for_other_hosts(&mut config, options.timeout);
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

    /// A connector with the same options, to another database of the server.
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

    /// A connector for what would be outside of the transaction in which all of a test runs: it opens no connection.
    pub(crate) fn outside_test(&self) -> Self {
        Self {
            config: self.config.clone(),
            server: self.server.clone(),
            options: ConnectOptions {
                outside_test: true,
                ..self.options.clone()
            },
        }
    }

    /// The database's name.
    pub(crate) fn database(&self) -> &str {
        self.config
            .get_dbname()
            .or_else(|| self.config.get_user())
            .unwrap_or_default()
    }

    /// The schemas of extensions, as a migration's search_path needs them.
    pub(crate) fn extension_schemas(&self) -> &[SchemaName] {
        &self.options.extension_schemas
    }

    /// Whether a pooler may be in between, by the options.
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

    /// The configuration with the startup option by which the connection recognizes its own session. Poolers refuse
    /// such options.
    pub(crate) fn config_with(&self, token: Token) -> Config {
        let mut config = self.config.clone();
        if !self.options.may_be_pooled {
            let options = format!("{} {}", config.get_options().unwrap_or_default(), token.option());
            config.options(options.trim());
        }
        config
    }

    /// The configuration for copying rows: meanwhile a server may be busy, and silent, for longer than other
    /// connections allow.
    pub(crate) fn config_to_copy(&self) -> Config {
        let mut config = self.config_with(Token::new());
        config.tcp_user_timeout(COPY_SILENCE);
        config
    }

    /// Whether a connection would be driven by the given runtime if the current runtime opened it.
    pub(crate) fn would_open_in(&self, runtime: runtime::Id) -> bool {
        self.options.runtime.is_some() || Handle::current().id() == runtime
    }

    pub(crate) fn unsafe_pooler(&self, source: diesel::result::Error) -> ConnectError {
        ConnectError::UnsafePooler {
            server: self.server.clone(),
            source,
        }
    }
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
                outside_test: false,
            };
            let connector = Connector::new(config, options);
            assert_eq!(times(&connector.config_with(Token::new())), expected, "{query}");
            let copies = (expected.0, expected.1, Some(seconds(900)));
            assert_eq!(times(&connector.config_to_copy()), copies, "{query}");
        }
    }
}
