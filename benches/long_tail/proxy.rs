//! A TCP proxy that makes the server as far away as a network would, and counts round trips.

use std::{
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed},
        mpsc,
    },
    thread,
    time::{Duration, Instant},
};

use tokio_postgres::NoTls;

use crate::report::median;

/// Forwards connections to the server, until the program ends.
///
/// Everything a client sends arrives `delay` later than it was sent; what the server sends is forwarded at once. So the
/// delay is that of a round trip. Each chunk that one `read` returns waits for itself: chunks that were sent in a row
/// arrive in a row, they don't add up. The system wakes a thread some 60 µs late. Threads, since tokio's timers count
/// whole milliseconds.
pub struct Proxy {
    port: u16,
    round_trips: Arc<AtomicUsize>,
}

impl Proxy {
    pub fn start(server: u16, delay: Duration) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let port = listener.local_addr().expect("an address").port();
        let round_trips = Arc::new(AtomicUsize::new(0));
        let counted = Arc::clone(&round_trips);
        thread::spawn(move || {
            for client in listener.incoming() {
                let client = client.expect("a client");
                let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).expect("the server is up");
                forward(client, server, delay, Arc::clone(&counted));
            }
        });
        Self { port, round_trips }
    }

    /// The URL of a database behind the proxy.
    pub fn url(&self, url: &str, server: u16) -> String {
        url.replace(&format!(":{server}/"), &format!(":{}/", self.port))
    }

    /// How often a client has sent something after the server's last answer, on all connections together.
    pub fn round_trips(&self) -> usize {
        self.round_trips.load(Relaxed)
    }
}

/// The seconds that the smallest query takes.
pub async fn round_trip(url: &str) -> f64 {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a session");
    tokio::spawn(connection);
    let mut times = Vec::new();
    for _ in 0..50 {
        let started = Instant::now();
        client.simple_query("SELECT 1").await.expect("a row");
        times.push(started.elapsed().as_secs_f64());
    }
    median(times)
}

fn forward(client: TcpStream, server: TcpStream, delay: Duration, round_trips: Arc<AtomicUsize>) {
    for stream in [&client, &server] {
        stream.set_nodelay(true).expect("a TCP stream");
    }
    let [client_reader, server_reader] = [&client, &server].map(|stream| stream.try_clone().expect("a handle"));
    let answered = Arc::new(AtomicBool::new(true));
    let (chunks, delayed) = mpsc::channel::<(Instant, Vec<u8>)>();

    let sent_after_answer = Arc::clone(&answered);
    thread::spawn(move || {
        each_chunk(client_reader, |chunk| {
            if sent_after_answer.swap(false, Relaxed) {
                round_trips.fetch_add(1, Relaxed);
            }
            chunks.send((Instant::now() + delay, chunk.to_vec())).is_ok()
        });
    });
    thread::spawn(move || {
        let mut server = server;
        for (due, chunk) in delayed {
            thread::sleep(due.saturating_duration_since(Instant::now()));
            if server.write_all(&chunk).is_err() {
                break;
            }
        }
        let _ = server.shutdown(Shutdown::Both);
    });
    thread::spawn(move || {
        let mut client = client;
        each_chunk(server_reader, |chunk| {
            answered.store(true, Relaxed);
            client.write_all(chunk).is_ok()
        });
        let _ = client.shutdown(Shutdown::Both);
    });
}

/// Until one side closes the connection, or `forward` says that it can't.
fn each_chunk(mut from: TcpStream, mut forward: impl FnMut(&[u8]) -> bool) {
    let mut buffer = vec![0; 64 * 1024];
    while let Ok(length @ 1..) = from.read(&mut buffer) {
        if !forward(&buffer[..length]) {
            break;
        }
    }
}
