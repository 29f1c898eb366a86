//! Requests per second of one endpoint, hot: with this crate's layer and extractor, with schema names written by hand,
//! and with `SET search_path`, in each framework.
//!
//! The contenders are routes that find their tenants in the same header `Host`, run the same typed query with one bind,
//! and have a pool of four connections each. They take turns, some hundred requests at a time over four connections, so
//! that a machine whose speed drifts slows them all; what counts are the ratios, and their median over the rounds.
//!
//! Some of a process's speed is luck that lasts as long as it does: where its memory lies, which processor serves which
//! connection. So there are several processes; the median of theirs is printed, with the quartiles.

mod actix;
mod axum;
mod client;
mod queries;
mod rocket;
#[path = "../shared/shop.rs"]
mod shop;

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
const ROUNDS: usize = 24;
const PROCESSES: usize = 16;

/// What a process's line with numbers begins with.
const FOUND: &str = "found: ";

const FRAMEWORKS: [&str; 3] = ["Axum", "Actix Web", "Rocket"];

/// Everybody follows each other one as often, also from round to round: who follows a slow one finds the processor's
/// caches cold.
const ORDERS: [[usize; 3]; 6] = [[0, 1, 2], [0, 2, 1], [2, 1, 0], [1, 0, 2], [1, 2, 0], [2, 0, 1]];

/// Ours first.
const CONTENDERS: [&str; 3] = ["/ours", "/by-hand", "/search-path"];

type Times = [Vec<f64>; CONTENDERS.len()];

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        // One of the processes.
        [framework, url] => print(&measure(framework, url.clone())),
        _ => compare(),
    }
}

/// All frameworks, by processes of their own.
fn compare() {
    let server = Server::start();
    let database = shop::database(&server, TENANTS);
    for framework in FRAMEWORKS {
        let processes: Vec<_> = (0..PROCESSES).map(|_| run(framework, database.url())).collect();
        let column = |contender: usize| quartiles(processes.iter().map(|medians| medians[contender]));
        let a_second = REQUESTS_A_ROUND as f64 / column(0)[1];
        println!("{framework}: {a_second:.0} requests a second; in relation to");
        for (contender, name) in [(1, "table! with the schema's name"), (2, "SET search_path")] {
            let [low, median, high] = column(contender);
            println!("  {name:30} {median:.3} ({low:.3} to {high:.3})");
        }
    }
}

/// What a process found: the seconds of a round of ours, and those of the others in relation to it.
fn run(framework: &str, url: &str) -> [f64; CONTENDERS.len()] {
    let process = Command::new(env::current_exe().expect("a path"))
        .args([framework, url])
        .stderr(Stdio::inherit())
        .output()
        .expect("it starts");
    assert!(process.status.success(), "{framework}");
    let printed = String::from_utf8(process.stdout).expect("text");
    // Rocket may say that it has launched.
    let found = printed
        .lines()
        .find_map(|line| line.strip_prefix(FOUND))
        .expect("numbers");
    let mut found = found.split(' ').map(|number| number.parse().expect("a number"));
    std::array::from_fn(|_| found.next().expect("one for each contender"))
}

fn print([ours, by_hand, search_path]: &Times) {
    let ratio = |theirs: &[f64]| quartiles(ours.iter().zip(theirs).map(|(ours, theirs)| theirs / ours))[1];
    let ours = quartiles(ours.iter().copied())[1];
    println!("{FOUND}{ours} {} {}", ratio(by_hand), ratio(search_path));
}

#[tokio::main(flavor = "current_thread")]
async fn measure(framework: &str, url: String) -> Times {
    let addresses = match framework {
        "Axum" => axum::start(url),
        "Actix Web" => actix::start(url),
        "Rocket" => rocket::start(url),
        other => panic!("no framework: {other}"),
    };
    let mut clients: [Vec<Client>; 3] = Default::default();
    for (clients, address) in clients.iter_mut().zip(addresses) {
        for _ in 0..CLIENTS {
            clients.push(Client::connect(address).await);
        }
    }
    let mut times = Times::default();
    for round in 0..WARM_UP + ROUNDS {
        for contender in ORDERS[round % ORDERS.len()] {
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

/// The lower one, the median, and the upper one.
fn quartiles(values: impl Iterator<Item = f64>) -> [f64; 3] {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    [1, 2, 3].map(|quarter| values[values.len() * quarter / 4])
}
