//! Requests per second of one endpoint, hot: with this crate's layer and extractor, with schema names written by hand, and
//! with `SET search_path`, in each framework.
//!
//! The contenders are routes that find their tenants in the same header `Host`, run the same typed query
//! with one bind, and have a pool of four connections each. They take turns, some hundred requests at a time over four connections,
//! so that a machine whose speed drifts slows them all; what counts are the ratios, and their median over the rounds.
//!
//! Some of a process's speed is luck that lasts as long as it does: where its code and memory lie, which processor serves which connection.
//! Rounds are those of several processes therefore.

mod actix;
mod axum;
mod client;
mod queries;
mod rocket;

use std::{
    env,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use client::Client;
use diesel_tenants_test_support::Server;
use queries::TENANTS;

const CLIENTS: usize = 4;
const REQUESTS_A_ROUND: usize = 400;
/// Rounds that prepare the statements, and aren't counted.
const WARM_UP: usize = 5;
const ROUNDS: usize = 18;
const PROCESSES: usize = 16;

const FRAMEWORKS: [&str; 3] = ["Axum", "Actix Web", "Rocket"];
/// For which framework a process measures, and with which database.
const FRAMEWORK: &str = "FRAMEWORK";
const DATABASE: &str = "DATABASE";

/// Ours first.
const CONTENDERS: [&str; 3] = ["/ours", "/by-hand", "/search-path"];

type Times = [Vec<f64>; CONTENDERS.len()];

fn main() {
    match (env::var(FRAMEWORK), env::var(DATABASE)) {
        (Ok(framework), Ok(url)) => print(&measure(&framework, url)),
        _ => compare(),
    }
}

/// All frameworks, by processes of their own.
fn compare() {
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
    for framework in FRAMEWORKS {
        let mut times = Times::default();
        for _ in 0..PROCESSES {
            let process = Command::new(env::current_exe().expect("a path"))
                .env(FRAMEWORK, framework)
                .env(DATABASE, database.url())
                .stderr(Stdio::inherit())
                .output()
                .expect("it starts");
            assert!(process.status.success(), "{framework}");
            let printed = String::from_utf8(process.stdout).expect("numbers");
            // Rocket may say that it has launched.
            for line in printed.lines().filter(|line| line.starts_with(char::is_numeric)) {
                for (times, time) in times.iter_mut().zip(line.split(' ')) {
                    times.push(time.parse().expect("seconds"));
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
}

/// A line for each round.
fn print([ours, by_hand, search_path]: &Times) {
    for ((ours, by_hand), search_path) in ours.iter().zip(by_hand).zip(search_path) {
        println!("{ours} {by_hand} {search_path}");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn measure(framework: &str, url: String) -> Times {
    let addresses = match framework {
        "Axum" => axum::start(url),
        "Actix Web" => actix::start(url),
        _ => rocket::start(url),
    };
    let mut clients: [Vec<Client>; 3] = Default::default();
    for (clients, address) in clients.iter_mut().zip(addresses) {
        for _ in 0..CLIENTS {
            clients.push(Client::connect(address).await);
        }
    }
    let mut times = Times::default();
    for round in 0..WARM_UP + ROUNDS {
        // In all orders, as whoever follows a slow one finds the processor's caches cold.
        let step = 1 + round / CONTENDERS.len() % 2;
        for turn in 0..CONTENDERS.len() {
            let contender = (round + turn * step) % CONTENDERS.len();
            let time = time(&mut clients[contender], CONTENDERS[contender]).await;
            if round >= WARM_UP {
                times[contender].push(time.as_secs_f64());
            }
        }
    }
    times
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
