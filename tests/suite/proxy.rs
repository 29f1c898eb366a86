//! A way to the test's server that can fall silent, as a network does that drops packets: nothing is closed, and
//! nothing arrives.

use std::sync::Arc;

use diesel_tenants_test_support::{Database, Server};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream, tcp},
    sync::watch,
    task::JoinSet,
};

/// Closed when it is dropped.
pub struct Proxy {
    port: u16,
    frozen: Arc<watch::Sender<Frozen>>,
    _accepting: JoinSet<()>,
}

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Frozen {
    Nothing,
    /// The connections that there were.
    Old,
    Everything,
}

impl Proxy {
    pub async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let frozen = Arc::new(watch::Sender::new(Frozen::Nothing));
        let mut accepting = JoinSet::new();
        let state = Arc::clone(&frozen);
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let silenced_by = match *state.borrow() {
                    Frozen::Nothing => Frozen::Old,
                    Frozen::Old | Frozen::Everything => Frozen::Everything,
                };
                let server = TcpStream::connect(("127.0.0.1", Server::shared().port()));
                let (client_in, client_out) = client.into_split();
                let (server_in, server_out) = server.await.expect("the test's server is up").into_split();
                connections.spawn(forward(client_in, server_out, state.subscribe(), silenced_by));
                connections.spawn(forward(server_in, client_out, state.subscribe(), silenced_by));
            }
        });
        Self {
            port,
            frozen,
            _accepting: accepting,
        }
    }

    /// A database by way of the proxy.
    pub fn url(&self, database: &Database) -> String {
        let direct = format!(":{}/", Server::shared().port());
        let url = database.url().replace(&direct, &format!(":{}/", self.port));
        assert_ne!(url, database.url(), "the test's server is reached over TCP");
        url
    }

    /// The connections that there are fall silent; new ones don't.
    pub fn silence_old(&self) {
        self.frozen.send_replace(Frozen::Old);
    }

    /// All connections fall silent, those made later too.
    pub fn silence_all(&self) {
        self.frozen.send_replace(Frozen::Everything);
    }
}

async fn forward(
    mut from: tcp::OwnedReadHalf,
    mut to: tcp::OwnedWriteHalf,
    mut frozen: watch::Receiver<Frozen>,
    silenced_by: Frozen,
) {
    let mut buffer = [0; 16 << 10];
    loop {
        let silenced = async { frozen.wait_for(|frozen| *frozen >= silenced_by).await.is_ok() };
        let read = tokio::select! {
            biased;
            is_silenced = silenced => if is_silenced { None } else { return },
            read = from.read(&mut buffer) => Some(read),
        };
        let Some(read) = read else {
            return std::future::pending().await;
        };
        match read {
            Ok(count) if count > 0 && to.write_all(&buffer[..count]).await.is_ok() => {}
            _ => return,
        }
    }
}
