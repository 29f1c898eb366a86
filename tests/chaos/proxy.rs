//! A way to a server that can be cut.

use std::{
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
    sync::watch,
};

use crate::tenants::lock;

pub struct Proxy {
    port: u16,
    /// Tells the connections that there are to end.
    cutter: Arc<Mutex<watch::Sender<()>>>,
}

impl Proxy {
    pub async fn before(server: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let cutter = Arc::new(Mutex::new(watch::Sender::new(())));
        let here = Arc::clone(&cutter);
        tokio::spawn(async move {
            loop {
                let Ok((client, _)) = listener.accept().await else {
                    continue;
                };
                let cut = lock(&here).subscribe();
                tokio::spawn(carry(client, server, cut));
            }
        });
        Self { port, cutter }
    }

    pub fn port(&self) -> u16 {
        self.port
    }

    /// Ends all connections that there are, and returns once they have ended.
    pub async fn cut(&self) {
        let cut = std::mem::replace(&mut *lock(&self.cutter), watch::Sender::new(()));
        cut.send_replace(());
        while cut.receiver_count() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }
}

async fn carry(mut client: TcpStream, server: u16, mut cut: watch::Receiver<()>) {
    let carried = async {
        if let Ok(mut server) = TcpStream::connect(("127.0.0.1", server)).await {
            let _ = client.set_nodelay(true);
            let _ = server.set_nodelay(true);
            let _ = copy_bidirectional(&mut client, &mut server).await;
        }
    };
    tokio::select! {
        () = carried => {}
        _ = cut.changed() => {}
    }
    drop(client);
}
