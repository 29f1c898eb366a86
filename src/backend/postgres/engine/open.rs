//! How a connection is opened: which of the servers, by which socket.

#[cfg(unix)]
use std::path::Path;
use std::{
    any::TypeId,
    future::Future,
    hash::{BuildHasher, Hash, RandomState},
    io,
    net::IpAddr,
    pin::pin,
    sync::PoisonError,
};

use diesel::ConnectionError;
use futures_util::future::{Either, select};
use postgres_protocol::message::frontend;
use tokio::time::{Instant, timeout_at};
use tokio_postgres::{
    Client, Config, Connection, NoTls, SimpleQueryMessage,
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
    socket::{Address, Endpoint, PostgresSocket},
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

    /// The more telling one of the errors of two servers, or the later one. That a server can't be reached or is not of
    /// the kind that is wanted tells less than what a server refuses. A server without room may be the one that is
    /// wanted: it is worth waiting for.
    fn or(self, later: Self) -> Self {
        let tells = |error: &Self| match (error, error.code()) {
            (Self::Unreachable(_), _) => 0,
            (_, None) => 1,
            (_, Some(code)) if *code != SqlState::TOO_MANY_CONNECTIONS => 2,
            (_, Some(_)) => 3,
        };
        if tells(&self) > tells(&later) { self } else { later }
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
    first_host(config, &OpenWire { config, tls }).await
}

/// Opens a connection of the driver in the same way. The caller drives it.
pub(crate) async fn open_client<T: TlsConnector>(config: &Config, tls: T) -> Result<OpenClient<T>, OpenError> {
    first_host(config, &OpenDriver { config, tls }).await
}

/// A connection of the driver, and what cancels its statements.
pub(crate) type OpenClient<T> = (Client, DriverConnection<T>, CancelToken);

/// What a task has to drive for a connection of the driver.
pub(crate) type DriverConnection<T> = Connection<PostgresSocket, <T as MakeTlsConnect<PostgresSocket>>::Stream>;

/// How a connection is opened at one address, once that is chosen.
trait OpenAt: Sync {
    type Opened: Send;

    fn open_at(&self, address: Address) -> impl Future<Output = Result<Self::Opened, OpenError>> + Send;
}

async fn first_host<O: OpenAt>(config: &Config, opening: &O) -> Result<O::Opened, OpenError> {
    let mut told = invalid("the configuration names no host");
    for host in hosts(config)? {
        match open_host(host, config, opening).await {
            Ok(opened) => return Ok(opened),
            Err(error) => told = told.or(error),
        }
    }
    Err(told)
}

/// Opens a connection to one host. As in libpq, the limit covers more than the socket: a server that hangs takes the
/// connection and never answers. It covers the look-up of the name, too, and the name's addresses share it: so no host
/// uses up the time of the next one.
async fn open_host<O: OpenAt>(host: KnownHost<'_>, config: &Config, opening: &O) -> Result<O::Opened, OpenError> {
    let end = config.get_connect_timeout().map(|limit| Instant::now() + *limit);
    let addresses = until(end, host.addresses(config)).await?;
    open_first(addresses, end, opening).await
}

/// Opens a connection to the first of a host's addresses that answers. Each has an equal part of the time that is left.
async fn open_first<O: OpenAt>(
    addresses: Vec<Address>,
    end: Option<Instant>,
    opening: &O,
) -> Result<O::Opened, OpenError> {
    let mut told = invalid("the name of a host has no address");
    let mut left = u32::try_from(addresses.len()).unwrap_or(u32::MAX);
    for address in addresses {
        let now = Instant::now();
        let end = end.map(|end| now + (end - now) / left);
        left -= 1;
        match until(end, opening.open_at(address)).await {
            Ok(opened) => return Ok(opened),
            Err(error) => told = told.or(error),
        }
    }
    Err(told)
}

async fn until<T>(end: Option<Instant>, opening: impl Future<Output = Result<T, OpenError>>) -> Result<T, OpenError> {
    match end {
        None => opening.await,
        Some(end) => timeout_at(end, opening)
            .await
            .unwrap_or_else(|_| Err(OpenError::Unreachable(io::ErrorKind::TimedOut.into()))),
    }
}

fn invalid(message: &str) -> OpenError {
    OpenError::Unreachable(io::Error::new(io::ErrorKind::InvalidInput, message))
}

/// A host, as the configuration names it.
struct KnownHost<'a> {
    host: Option<&'a Host>,
    address: Option<IpAddr>,
    port: u16,
}

/// The hosts, in the order in which they are tried.
fn hosts(config: &Config) -> Result<Vec<KnownHost<'_>>, OpenError> {
    let (hosts, addresses, ports) = (config.get_hosts(), config.get_hostaddrs(), config.get_ports());
    let count = hosts.len().max(addresses.len());
    if !hosts.is_empty() && !addresses.is_empty() && hosts.len() != addresses.len() {
        return Err(invalid("there are not as many values of hostaddr as of host"));
    }
    if ports.len() > 1 && ports.len() != count {
        return Err(invalid("there are not as many values of port as of host"));
    }
    let mut order: Vec<usize> = (0..count).collect();
    if is_random(config) {
        shuffle(&mut order);
    }
    let host = |index| KnownHost {
        host: hosts.get(index),
        address: addresses.get(index).copied(),
        port: ports.get(index).or(ports.first()).copied().unwrap_or(5432),
    };
    Ok(order.into_iter().map(host).collect())
}

impl KnownHost<'_> {
    /// The addresses of the host, in the order in which they are tried.
    async fn addresses(&self, config: &Config) -> Result<Vec<Address>, OpenError> {
        let Self { host, address, port } = *self;
        let name = match host {
            Some(Host::Tcp(name)) => Some(name),
            _ => None,
        };
        let address_of = |place| Address::new(place, name.cloned(), config);
        Ok(match (address, host) {
            (Some(ip), _) => vec![address_of(Endpoint::Tcp((ip, port).into()))],
            #[cfg(unix)]
            (None, Some(Host::Unix(folder))) => vec![address_of(socket_in(folder, port))],
            (None, Some(Host::Tcp(name))) => {
                let found = tokio::net::lookup_host((&**name, port)).await;
                let mut found: Vec<_> = found.map_err(OpenError::Unreachable)?.collect();
                if is_random(config) {
                    shuffle(&mut found);
                }
                found.into_iter().map(Endpoint::Tcp).map(address_of).collect()
            }
            (None, None) => Vec::new(),
        })
    }
}

fn is_random(config: &Config) -> bool {
    config.get_load_balance_hosts() == LoadBalanceHosts::Random
}

fn shuffle<T: Hash>(values: &mut [T]) {
    let random = RandomState::new();
    values.sort_by_cached_key(|value| random.hash_one(value));
}

#[cfg(unix)]
fn socket_in(folder: &Path, port: u16) -> Endpoint {
    Endpoint::Unix(folder.join(format!(".s.PGSQL.{port}")))
}

/// Opens connections of the library's own kind.
struct OpenWire<'a, T> {
    config: &'a Config,
    tls: T,
}

impl<T: TlsConnector> OpenAt for OpenWire<'_, T> {
    type Opened = (Wire, CancelToken);

    async fn open_at(&self, address: Address) -> Result<Self::Opened, OpenError> {
        let (socket, encrypt, config) = connect(&address, self.config, &self.tls).await?;
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
        Ok((wire, CancelToken::new(token, address, self.tls.clone())))
    }
}

/// Opens connections of the driver.
struct OpenDriver<'a, T> {
    config: &'a Config,
    tls: T,
}

impl<T: TlsConnector> OpenAt for OpenDriver<'_, T> {
    type Opened = OpenClient<T>;

    async fn open_at(&self, address: Address) -> Result<Self::Opened, OpenError> {
        let (socket, encrypt, config) = connect(&address, self.config, &self.tls).await?;
        let connected = config.connect_raw(socket, encrypt).await;
        let (client, mut connection) = connected.map_err(OpenError::Refused)?;
        if config.get_target_session_attrs() != TargetSessionAttrs::Any {
            let asked = client.simple_query(is_read_only(&config));
            let answer = match select(pin!(asked), &mut connection).await {
                Either::Left((answer, _)) => answer.map_err(OpenError::Refused)?,
                Either::Right((ended, _)) => {
                    ended.map_err(OpenError::Refused)?;
                    return Err(OpenError::Unreachable(io::ErrorKind::UnexpectedEof.into()));
                }
            };
            let is_on = |message: &SimpleQueryMessage| match message {
                SimpleQueryMessage::Row(row) => row.get(0) == Some("on"),
                _ => false,
            };
            must_be_wanted(&config, answer.iter().any(is_on))?;
        }
        let token = CancelToken::new(client.cancel_token(), address, self.tls.clone());
        Ok((client, connection, token))
    }
}

/// What a connector for TLS makes for one connection.
type TlsConnect<T> = <T as MakeTlsConnect<PostgresSocket>>::TlsConnect;

/// Opens a socket, over which a connection may then begin by the configuration that is returned.
async fn connect<T: TlsConnector>(
    address: &Address,
    config: &Config,
    tls: &T,
) -> Result<(PostgresSocket, TlsConnect<T>, Config), OpenError> {
    let socket = address.connect().await.map_err(OpenError::Unreachable)?;
    let host_name = address.host_name();
    let encrypt = MakeTlsConnect::<PostgresSocket>::make_tls_connect(&mut tls.clone(), host_name.unwrap_or_default())
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
    Ok((socket, encrypt, config))
}

/// The query whose answer is `on` if the server takes no writes.
fn is_read_only(config: &Config) -> &'static str {
    let options = config.get_options().unwrap_or_default();
    if config.get_target_session_attrs() == TargetSessionAttrs::ReadWrite && options.contains(READ_ONLY) {
        // The session is read-only because its own options say so: what is wanted is the server that others write to.
        "SELECT CASE WHEN pg_catalog.pg_is_in_recovery() THEN 'on' ELSE 'off' END"
    } else {
        "SHOW transaction_read_only"
    }
}

/// Has times come in UTC, as Diesel wants them, and asks whether the server is of the kind that is wanted.
async fn set_up(wire: &Wire, config: &Config) -> Result<(), OpenError> {
    let sql = format!("SET TIME ZONE 'UTC'; {}", is_read_only(config));
    let sent = wire.send(Kind::Simple, |out| {
        frontend::query(&sql, out).map_err(super::binds::not_sendable)
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
    must_be_wanted(config, is_read_only)
}

fn must_be_wanted(config: &Config, is_read_only: bool) -> Result<(), OpenError> {
    let unwanted = match (config.get_target_session_attrs(), is_read_only) {
        (TargetSessionAttrs::ReadWrite, true) => "database does not allow writes",
        (TargetSessionAttrs::ReadOnly, false) => "database is not read only",
        _ => return Ok(()),
    };
    Err(OpenError::Unreachable(io::Error::new(
        io::ErrorKind::PermissionDenied,
        unwanted,
    )))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_addresses_of_one_host_share_its_time() {
        let silent = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut config = Config::new();
        config.user("nobody").connect_timeout(Duration::from_secs(1));
        let address = || Address::new(Endpoint::Tcp(silent.local_addr().unwrap()), None, &config);
        let begun = Instant::now();
        let end = Some(begun + Duration::from_secs(1));
        let addresses = vec![address(), address(), address()];
        let config = config.clone().ssl_mode(SslMode::Disable).clone();
        let opening = OpenWire {
            config: &config,
            tls: NoTls,
        };
        let opened = open_first(addresses, end, &opening).await;
        assert!(matches!(opened.err(), Some(OpenError::Unreachable(error)) if error.kind() == io::ErrorKind::TimedOut));
        let took = begun.elapsed();
        assert!(
            took >= Duration::from_millis(950) && took < Duration::from_millis(1_500),
            "{took:?}"
        );
    }
}
