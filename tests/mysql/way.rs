//! A way to a server that can fall silent, as a network does that drops packets, or lead to another server, as a balancer
//! in front of a cluster does.

use std::sync::{
    Arc,
    atomic::{AtomicU16, Ordering::Relaxed},
};

use diesel_tenants::MysqlUrl;
use diesel_tenants_test_support::MariaDb;
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
    task::JoinSet,
};

/// Closed when it is dropped.
pub struct Way {
    port: u16,
    target: Arc<AtomicU16>,
    silence: Arc<watch::Sender<()>>,
    _accepting: JoinSet<()>,
}

impl Way {
    pub async fn to(server: &MariaDb) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("bound").port();
        let target = Arc::new(AtomicU16::new(port_of(server)));
        let silence = Arc::new(watch::Sender::new(()));
        let mut accepting = JoinSet::new();
        let (leads_to, silencer) = (Arc::clone(&target), Arc::clone(&silence));
        accepting.spawn(async move {
            let mut connections = JoinSet::new();
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", leads_to.load(Relaxed))).await;
                connections.spawn(forward(client, server.expect("the server is up"), silencer.subscribe()));
            }
        });
        Self {
            port,
            target,
            silence,
            _accepting: accepting,
        }
    }

    /// New connections lead to this server.
    pub fn lead_to(&self, server: &MariaDb) {
        self.target.store(port_of(server), Relaxed);
    }

    /// The connections that there are fall silent: nothing is closed, and nothing arrives. New ones don't.
    pub fn silence_old(&self) {
        self.silence.send_replace(());
    }

    /// The way, for an account. The driver would go on by the server's socket, which leads past it.
    pub fn url(&self, account: &str) -> MysqlUrl {
        let url = format!("mysql://{account}@127.0.0.1:{}/?prefer_socket=false", self.port);
        url.parse().unwrap()
    }
}

async fn forward(mut client: TcpStream, mut server: TcpStream, mut silence: watch::Receiver<()>) {
    tokio::select! {
        _ = copy_bidirectional(&mut client, &mut server) => {}
        Ok(()) = silence.changed() => std::future::pending().await,
    }
}

fn port_of(server: &MariaDb) -> u16 {
    let url = server.url();
    url.rsplit(':').next().unwrap().parse().unwrap()
}

/// The account in the URL of a server.
pub fn account_of(server: &MariaDb) -> String {
    let url = server.url();
    let account = url.trim_start_matches("mysql://").rsplit_once('@');
    account.unwrap().0.to_owned()
}
