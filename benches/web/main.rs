//! Requests per second of one endpoint, hot: with this crate's layer and extractor, with schema names written by hand, and
//! with `SET search_path`, in each framework.
//!
//! The contenders are routes that find their tenants in the same header `Host`, run the same typed query
//! with one bind, and have a pool of four connections each. They take turns, some hundred requests at a time over four connections,
//! so that a machine whose speed drifts slows them all; what counts are the ratios, and their median over the rounds.

mod actix;
mod axum;
mod client;
mod queries;
mod rocket;

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use client::Client;
use diesel_tenants_test_support::Server;
use queries::TENANTS;

const CLIENTS: usize = 4;
const REQUESTS_A_ROUND: usize = 400;
/// Rounds that prepare the statements, and aren't counted.
const WARM_UP: usize = 5;
const ROUNDS: usize = 300;

/// Ours first.
const CONTENDERS: [&str; 3] = ["/ours", "/by-hand", "/search-path"];

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let server = Server::start();
    let database = server.database();
    database
        .run("CREATE TABLE public.users (id int PRIMARY KEY, name text); INSERT INTO public.users VALUES (1, 'Ada')");
    for tenant in 0..TENANTS {
        database.run(&format!(
            "CREATE SCHEMA tenant{tenant};
             CREATE TABLE tenant{tenant}.orders (id int PRIMARY KEY, user_id int, quantity int);
             INSERT INTO tenant{tenant}.orders VALUES (1, 1, {tenant})"
        ));
    }
    measure("Axum", axum::start(database.url().to_owned())).await;
    measure("Actix Web", actix::start(database.url().to_owned())).await;
    measure("Rocket", rocket::start(database.url().to_owned())).await;
}

async fn measure(framework: &str, addresses: [SocketAddr; 3]) {
    let mut clients: [Vec<Client>; 3] = Default::default();
    for (clients, address) in clients.iter_mut().zip(addresses) {
        for _ in 0..CLIENTS {
            clients.push(Client::connect(address).await);
        }
    }
    let mut times: [Vec<f64>; 3] = Default::default();
    for round in 0..WARM_UP + ROUNDS {
        // In another order each round: whoever follows a slow one finds the processor's caches cold.
        for turn in 0..CONTENDERS.len() {
            let contender = (round + turn) % CONTENDERS.len();
            let time = time(&mut clients[contender], CONTENDERS[contender]).await;
            if round >= WARM_UP {
                times[contender].push(time.as_secs_f64());
            }
        }
    }
    let [ours, by_hand, search_path] = &times;
    let ratio = |theirs: &[f64]| median(ours.iter().zip(theirs).map(|(ours, theirs)| theirs / ours));
    let a_second = REQUESTS_A_ROUND as f64 / median(ours.iter().copied());
    println!("{framework}: {a_second:.0} requests a second; in relation to");
    println!("  table! with the schema's name  {:.3}", ratio(by_hand));
    println!("  SET search_path                {:.3}", ratio(search_path));
}

async fn time(clients: &mut [Client], path: &str) -> Duration {
    let started = Instant::now();
    let all = clients.iter_mut().enumerate().map(async |(number, client)| {
        for request in 0..REQUESTS_A_ROUND / CLIENTS {
            let tenant = (number + request) % TENANTS;
            let answer = client.get(path, &format!("tenant{tenant}.shop.example")).await;
            assert_eq!(answer, format!("[\"Ada\",{tenant}]"), "{path}");
        }
    });
    futures_util::future::join_all(all).await;
    started.elapsed()
}

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
