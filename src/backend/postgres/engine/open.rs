//! How a connection is opened: which of the servers, by which socket.

#[cfg(unix)]
use std::path::Path;
use std::{
    any::TypeId,
    hash::{BuildHasher, Hash, RandomState},
    io,
    sync::PoisonError,
};

use diesel::ConnectionError;
use postgres_protocol::message::frontend;
use tokio_postgres::{
    Config, NoTls,
    config::{Host, LoadBalanceHosts, SslMode, TargetSessionAttrs},
    error::SqlState,
    tls::MakeTlsConnect,
};

use super::{
    CancelToken, TlsConnector,
    answer::Answer,
    handshake::{Encrypt, Handshake, Left},
    progress::Kind,
    settings::Settings,
    socket::{Address, Place, PostgresSocket},
    wire::Wire,
};

/// The startup option that keeps a session from writing.
pub(crate) const READ_ONLY: &str = "default_transaction_read_only=on";

/// Why a connection could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OpenError {
    /// No server could be reached, or none is of the kind that is wanted.
    #[error("error connecting to server")]
    Unreachable(#[source] io::Error),
    /// The server refused the connection, or the configuration can't be used.
    #[error(transparent)]
    Refused(tokio_postgres::Error),
    /// The session could not be set up.
    #[error("error setting up the session")]
    Setup(#[source] diesel::result::Error),
}

impl OpenError {
    /// The server's code for its refusal.
    pub(crate) fn code(&self) -> Option<&SqlState> {
        match self {
            Self::Refused(error) => error.code(),
            _ => None,
        }
    }
}

impl From<OpenError> for ConnectionError {
    fn from(error: OpenError) -> Self {
        use std::error::Error as _;

        match error {
            OpenError::Setup(error) => Self::CouldntSetupConfiguration(error),
            error => Self::BadConnection(match error.source() {
                Some(source) => format!("{error}: {source}"),
                None => error.to_string(),
            }),
        }
    }
}

/// Opens a connection to the first server that can be reached and is of the kind that is wanted.
pub(super) async fn open<T: TlsConnector>(config: &Config, tls: T) -> Result<(Wire, CancelToken), OpenError> {
    let mut last_error = invalid("the configuration names no host");
    for address in addresses(config).await? {
        let opening = open_at(address, config, tls.clone());
        // As in libpq, the limit is each server's, and covers more than the socket: a server that hangs takes the
        // connection and never answers.
        let opened = match config.get_connect_timeout() {
            None => opening.await,
            Some(limit) => tokio::time::timeout(*limit, opening)
                .await
                .unwrap_or_else(|_| Err(OpenError::Unreachable(io::ErrorKind::TimedOut.into()))),
        };
        match opened {
            Ok(opened) => return Ok(opened),
            Err(error) => last_error = error,
        }
    }
    Err(last_error)
}

fn invalid(message: &str) -> OpenError {
    OpenError::Unreachable(io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// The addresses of all servers, in the order in which they are tried. A name that can't be resolved is an error only
/// if no other one can.
async fn addresses(config: &Config) -> Result<Vec<Address>, OpenError> {
    let (hosts, host_addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(host_addresses.len());
    if !hosts.is_empty() && !host_addresses.is_empty() && hosts.len() != host_addresses.len() {
        return Err(invalid("there are not as many values of hostaddr as of host"));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(invalid("there are not as many values of port as of host"));
    }
    let is_random = config.get_load_balance_hosts() == LoadBalanceHosts::Random;
    let mut order: Vec<usize> = (0..count).collect();
    if is_random {
        shuffle(&mut order);
    }
    let (mut addresses, mut last_error) = (Vec::new(), None);
    for index in order {
        let port = ports.get(index).or(ports.first()).copied().unwrap_or(5432);
        let name = match hosts.get(index) {
            Some(Host::Tcp(name)) => Some(name.clone()),
            _ => None,
        };
        match (host_addresses.get(index), hosts.get(index)) {
            (Some(ip), _) => addresses.push(Address::new(Place::Tcp((*ip, port).into()), name, config)),
            #[cfg(unix)]
            (None, Some(Host::Unix(folder))) => addresses.push(Address::new(socket_in(folder, port), None, config)),
            (None, Some(Host::Tcp(host))) => match tokio::net::lookup_host((&**host, port)).await {
                Ok(found) => {
                    let mut found: Vec<_> = found.collect();
                    if is_random {
                        shuffle(&mut found);
                    }
                    let address = |found| Address::new(Place::Tcp(found), name.clone(), config);
                    addresses.extend(found.into_iter().map(address));
                }
                Err(error) => last_error = Some(error),
            },
            (None, None) => {}
        }
    }
    match last_error {
        Some(error) if addresses.is_empty() => Err(OpenError::Unreachable(error)),
        _ => Ok(addresses),
    }
}

fn shuffle<T: Hash>(values: &mut [T]) {
    let random = RandomState::new();
    values.sort_by_cached_key(|value| random.hash_one(value));
}

#[cfg(unix)]
fn socket_in(folder: &Path, port: u16) -> Place {
    Place::Unix(folder.join(format!(".s.PGSQL.{port}")))
}

async fn open_at<T: TlsConnector>(
    address: Address,
    config: &Config,
    mut tls: T,
) -> Result<(Wire, CancelToken), OpenError> {
    let socket = address.connect().await.map_err(OpenError::Unreachable)?;
    let host_name = address.host_name();
    let encrypt = MakeTlsConnect::<PostgresSocket>::make_tls_connect(&mut tls, host_name.unwrap_or_default())
        .map_err(|error| OpenError::Unreachable(io::Error::other(error.into())))?;
    let mut config = config.clone();
    // The driver can't see that there is no TLS beneath the handshake.
    if TypeId::of::<T>() == TypeId::of::<NoTls>() && config.get_ssl_mode() == SslMode::Prefer {
        config.ssl_mode(SslMode::Disable);
    }
    if address.is_local() {
        // Over a socket in the file system there is no encryption.
        if config.get_ssl_mode() == SslMode::Prefer {
            config.ssl_mode(SslMode::Disable);
        }
    } else if host_name.is_none() && config.get_ssl_mode() != SslMode::Disable {
        return Err(invalid(
            "TLS needs the name of the server, and the configuration has only its address (hostaddr without host)",
        ));
    }
    let left = Left::default();
    let connected = config
        .connect_raw(Handshake::new(socket, Left::clone(&left)), Encrypt(encrypt))
        .await;
    let (client, connection) = connected.map_err(OpenError::Refused)?;
    let token = client.cancel_token();
    let settings = Settings::of(|name| connection.parameter(name));
    drop((client, connection));
    let transport = left.lock().unwrap_or_else(PoisonError::into_inner).take();
    let Some(transport) = transport else {
        return Err(OpenError::Unreachable(io::ErrorKind::NotConnected.into()));
    };
    let wire = Wire::new(transport, settings);
    set_up(&wire, &config).await?;
    Ok((wire, CancelToken::new(token, address, tls)))
}

/// Has times come in UTC, as Diesel wants them, and asks whether the server is of the kind that is wanted.
async fn set_up(wire: &Wire, config: &Config) -> Result<(), OpenError> {
    let wanted = config.get_target_session_attrs();
    let options = config.get_options().unwrap_or_default();
    let sql = if wanted == TargetSessionAttrs::ReadWrite && options.contains(READ_ONLY) {
        // The session is read-only because its own options say so: what is wanted is the server that others write to.
        "SET TIME ZONE 'UTC'; SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'on' ELSE 'off' END"
    } else {
        "SET TIME ZONE 'UTC'; SHOW transaction_read_only"
    };
    let sent = wire.send(Kind::Simple, |out| {
        frontend::query(sql, out).map_err(super::binds::not_sendable)
    });
    let mut sent = sent.map_err(OpenError::Setup)?;
    let mut is_read_only = false;
    loop {
        match sent.answer().await {
            Ok(Answer::Row(_, values)) => is_read_only = values.ends_with(b"on"),
            Ok(Answer::Ready(_)) => break,
            Ok(_) => {}
            Err(failed) => return Err(OpenError::Setup(failed.into_diesel())),
        }
    }
    let unwanted = match (wanted, is_read_only) {
        (TargetSessionAttrs::ReadWrite, true) => "database does not allow writes",
        (TargetSessionAttrs::ReadOnly, false) => "database is not read only",
        _ => return Ok(()),
    };
    Err(OpenError::Unreachable(io::Error::new(
        io::ErrorKind::PermissionDenied,
        unwanted,
    )))
}
