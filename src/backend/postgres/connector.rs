use std::{sync::Arc, time::Duration};

use diesel::ConnectionResult;
use diesel_async::AsyncPgConnection;
use futures_core::future::BoxFuture;
use tokio::runtime::{self, Handle};
use tokio_postgres::Config;

use super::{
    ConnectError,
    session_proof::Token,
    startup::{BUSY, describe, notice_silent_peers, startup_options},
};
use crate::SchemaName;

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
    pub(super) server: String,
    pub(super) options: ConnectOptions,
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

    /// With the startup option by which the connection knows its own session again. Poolers refuse such options.
    pub(super) fn config_with(&self, token: Token) -> Config {
        let mut config = self.config.clone();
        if !self.options.may_be_pooled {
            let options = format!("{} {}", config.get_options().unwrap_or_default(), token.option());
            config.options(options.trim());
        }
        config
    }

    /// While rows are copied, a server may be busy with other things for longer than it may be silent elsewhere.
    pub(super) fn config_to_copy(&self) -> Config {
        let mut config = self.config_with(Token::new());
        config.tcp_user_timeout(BUSY);
        config
    }

    /// Whether a connection that was opened in one runtime would be there too if it were opened in this one.
    pub(crate) fn would_open_in(&self, runtime: runtime::Id) -> bool {
        self.options.runtime.is_some() || Handle::current().id() == runtime
    }

    pub(super) fn unsafe_pooler(&self, source: Option<diesel::result::Error>) -> ConnectError {
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
            };
            let connector = Connector::new(config, options);
            assert_eq!(times(&connector.config_with(Token::new())), expected, "{query}");
            let copies = (expected.0, expected.1, Some(seconds(900)));
            assert_eq!(times(&connector.config_to_copy()), copies, "{query}");
        }
    }
}
