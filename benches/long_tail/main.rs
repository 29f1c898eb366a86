//! The long tail: many tenants with few requests each, against what one would write without this crate.
//!
//! A request checks out a connection for the tenant that was drawn, runs one of 5 or 30 statements, and gives the
//! connection back. The statements are typed queries, updates and an upsert, distinct by their text. The tenants are
//! drawn from four of them (`hot`), from all alike (`uniform`), or by Zipf's law with s = 1 (`zipf`). The contenders:
//!
//! - ours: `pool.for_tenant(name).get()`;
//! - ours, `listening`: the same from a pool that is built with `listen()`, which has looked all tenants up before the
//!   first request. Its ratios have rows of their own, so that a bound's row says which of the two it is about;
//! - `SET search_path` at each checkout, with unqualified tables and diesel-async's cache of statements;
//! - `AsyncPgConnection` under this crate's wrapper, made anew at each checkout: nobody asks whether the tenant exists,
//!   nothing bounds the statements, and the text is rendered again, since only a pool keeps what it knows of a map;
//! - by hand: `table!` with each tenant's schema, where at most twenty tenants have requests (four with 30 statements).
//!
//! Each case begins with pools of their own, of four connections each, which hand out the one that came back last and
//! test none. The requests come one after the other. Each keeps its connection until none to three later ones have
//! begun, as if others ran at the same time: so all four connections are in use, as they are in a service. The
//! contenders take turns, a hundred requests at a time, and all have the same ones. What is printed of a case: the time
//! of a request of ours, and the ratios of ours to each other contender, as the median over the rounds after the first
//! fifth. `whole` is the ratio of the times of all rounds, from the first request on. A case has four requests for each
//! tenant and statement, 5,000 to 20,000 in all.
//!
//! `far` is the same over a proxy that delays whatever the client sends by 1 ms: so much more is a round trip. Its
//! cases have 4,000 requests, most of them the first of their tenant and statement on their connection.
//!
//! `first` takes the times of first checkouts and first runs, each on another tenant, in turn with a bare
//! `tokio_postgres::Client::query_typed` of the same text on yet another one; with no other tenants but those, and with
//! `OTHERS` (1,000) of twenty tables. It times single requests, and needs a quiet machine: what takes two round trips
//! is interrupted more often than what takes one. `memory` shows how the server's processes grow. `instructions` counts
//! the client's instructions of hot requests with valgrind, if there is one: with one query, and with five statements,
//! of which two write.
//!
//! `scripts/bench.sh long_tail` pins client and server to one core. `RUNS=3` does everything three times, and prints
//! the medians and the worst. `TENANTS=10000` adds cases with so many tenants. `ONLY` names words that a part must
//! have: `ONLY="stream 2000x5"`, `ONLY="far zipf"`, `ONLY=first`. A bound is what the ratio should not exceed; nothing
//! fails when it does.

mod contenders;
mod first;
mod instructions;
mod load;
mod memory;
mod proxy;
mod report;
mod statements;
mod stream;
mod tenants;
mod valgrind;

use std::{env, time::Duration};

use load::{Distribution, Load};
use proxy::Proxy;
use report::Report;
use statements::STATEMENTS;
use stream::Length;

/// The sizes that are always measured.
const TENANTS: [usize; 4] = [1, 20, 300, 2_000];
/// What a round trip takes longer through the proxy.
const DELAY: Duration = Duration::from_millis(1);
/// The load that has bounds.
const LONG: Load = Load {
    tenants: 2_000,
    statements: 5,
    distribution: Distribution::Uniform,
};

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [first, contender, url, statements, requests] if first == instructions::ARGUMENT => {
            let [statements, requests] = [statements, requests].map(|number| number.parse().expect("a number"));
            instructions::run(contender, url, statements, requests).await;
        }
        _ => measure().await,
    }
}

async fn measure() {
    let runs = number("RUNS", 1);
    let more = number("TENANTS", 0);
    let others = number("OTHERS", 1_000);
    let mut report = Report::new();
    let mut sizes = TENANTS.to_vec();
    sizes.extend((more > 0).then_some(more));
    let largest = sizes.iter().copied().fold(0, usize::max);

    let server = tenants::server();
    let database = tenants::database(&server, largest);
    for run in 0..runs {
        let seed = run as u64;
        for load in cases(&sizes) {
            if report.wants(&format!("stream {load}")) {
                stream::measure("stream", database.url(), load, Length::of(load), seed, &mut report).await;
            }
        }
        let proxy = Proxy::start(server.port(), DELAY);
        let url = proxy.url(database.url(), server.port());
        for distribution in [Distribution::Uniform, Distribution::Zipf] {
            let load = Load { distribution, ..LONG };
            if report.wants(&format!("far {load}")) {
                println!(
                    "far: a round trip of SELECT 1 takes {:.2} ms",
                    proxy::round_trip(&url).await * 1e3
                );
                stream::measure("far", &url, load, Length::far(), seed, &mut report).await;
            }
        }
        if report.wants("instructions") {
            instructions::measure(database.url(), &mut report);
        }
        if report.wants("first") {
            first::measure(&server, others, &mut report).await;
        }
        if report.wants("memory") && run == 0 {
            let load = Load {
                tenants: largest,
                ..LONG
            };
            memory::measure(&database, load).await;
        }
    }
    if runs > 1 {
        report.print(runs);
    }
}

/// Where one tenant is all there is, the distributions are one and the same.
fn cases(sizes: &[usize]) -> Vec<Load> {
    let mut cases = Vec::new();
    for &tenants in sizes {
        for statements in [5, STATEMENTS] {
            for distribution in [Distribution::Hot, Distribution::Uniform, Distribution::Zipf] {
                if tenants > 1 || distribution == Distribution::Hot {
                    cases.push(Load {
                        tenants,
                        statements,
                        distribution,
                    });
                }
            }
        }
    }
    cases
}

fn number(variable: &str, default: usize) -> usize {
    match env::var(variable) {
        Ok(number) => number.parse().unwrap_or_else(|_| panic!("{variable} is not a number")),
        Err(_) => default,
    }
}
