//! One server for each framework, with the same routes.

pub mod actix;
pub mod axum;
pub mod rocket;

use std::{net::SocketAddr, ops::Deref};

use tokio::{sync::oneshot, task::JoinHandle};

use crate::handlers::Service;

/// A framework, for scenarios to start servers of.
pub trait Serve {
    /// Whether a handler stops when its client hangs up.
    const CANCELS: bool = true;
    /// Whether headers that aren't UTF-8 are seen.
    const KEEPS_ALL_HEADERS: bool = true;

    /// Starts one on a port of its own.
    fn start(service: Service) -> impl Future<Output = Running>;
}

/// A server that runs until it is shut down.
pub struct Running {
    pub address: SocketAddr,
    pub shutdown: oneshot::Sender<()>,
    pub ended: JoinHandle<()>,
}

impl Running {
    /// Takes no more connections, and ends when those that it has are answered.
    pub async fn shut_down(self) {
        let _ = self.shutdown.send(());
        self.ended.await.expect("the server doesn't panic");
    }
}

impl Deref for Running {
    type Target = SocketAddr;

    fn deref(&self) -> &SocketAddr {
        &self.address
    }
}
