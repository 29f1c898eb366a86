//! How connections are opened.

use std::panic::resume_unwind;

use diesel::ConnectionError;
use tokio::task::JoinSet;
use tokio_postgres::{Client, NoTls};

use super::session_proof::Token;
use crate::{
    PostgresConnection,
    backend::postgres::{
        ConnectError, Connector,
        engine::{CancelToken, DriverConnection, OpenError, TlsConnector, open_client},
    },
};

impl Connector {
    /// Opens a connection.
    pub(crate) async fn connect(&self) -> Result<PostgresConnection, ConnectError> {
        self.must_not_be_outside_test()?;
        tokio::time::timeout(self.options.timeout, self.connect_untimed())
            .await
            .unwrap_or_else(|_| {
                Err(ConnectError::Timeout {
                    server: self.server.clone(),
                    waited: self.options.timeout,
                })
            })
    }

    /// Opens a connection of the driver, which the caller drives. Its settings are not checked.
    pub(crate) async fn connect_client<T: TlsConnector>(
        &self,
        tls: T,
    ) -> Result<(Client, DriverConnection<T>, CancelToken), ConnectError> {
        self.must_not_be_outside_test()?;
        let server = || self.server.clone();
        match tokio::time::timeout(self.options.timeout, open_client(&self.config_to_copy(), tls)).await {
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

    pub(super) fn must_not_be_outside_test(&self) -> Result<(), ConnectError> {
        match self.options.outside_test {
            true => Err(ConnectError::OutsideTest),
            false => Ok(()),
        }
    }

    async fn connect_untimed(&self) -> Result<PostgresConnection, ConnectError> {
        let token = Token::new();
        let mut connection = self.open(token).await?;
        self.refuse_unsafe_session(&mut connection, token).await?;
        Ok(connection)
    }

    /// Opens a connection in the pool's runtime, if it has one, where a task will drive it.
    async fn open(&self, token: Token) -> Result<PostgresConnection, ConnectError> {
        if let Some(runtime) = &self.options.runtime {
            let mut opening = JoinSet::new();
            opening.spawn_on(self.establish(token), runtime);
            match opening.join_next().await {
                Some(Ok(opened)) => return opened,
                Some(Err(error)) if error.is_panic() => resume_unwind(error.into_panic()),
                // That runtime has ended.
                Some(Err(_)) | None => {}
            }
        }
        self.establish(token).await
    }

    fn establish(
        &self,
        token: Token,
    ) -> impl Future<Output = Result<PostgresConnection, ConnectError>> + Send + 'static {
        let (config, server, establish) = (
            self.config_with(token),
            self.server.clone(),
            self.options.establish.clone(),
        );
        async move {
            let opened = match establish {
                Some(establish) => establish(config).await,
                None => match PostgresConnection::open(&config, NoTls).await {
                    Err(source @ (OpenError::Refused(_) | OpenError::Unreachable(_))) => {
                        return Err(ConnectError::Refused { server, source });
                    }
                    opened => opened.map_err(ConnectionError::from),
                },
            };
            opened.map_err(|source| ConnectError::Setup { server, source })
        }
    }
}
