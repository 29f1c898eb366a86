//! What spans and metrics cost a hot checkout and query.
//!
//! One pool of one connection runs the same typed query for twenty tenants, a hundred checkouts a round. The rounds
//! take turns between four subscribers of the crate `tracing`: none, one that keeps nothing but the spans themselves
//! (`registry`), one that keeps each closed span with its fields, as an exporter does (`kept`), and the one of
//! tracing-subscriber that formats the fields for its log lines (`fmt`). What is printed are the ratios of their times
//! to those without a subscriber, each to the round just before or behind it, and the median over the rounds.
//!
//! A recorder of metrics is never called by a checkout, so it has no ratio of its own: a thread tells it every five
//! seconds what was counted. `metrics` is the part of these five seconds that this takes.
//!
//! `instructions` counts what the client executes for a hot checkout and query, by valgrind, if there is one. `WITHOUT`
//! names this program, compiled without the features `tracing` and `metrics`: then it is counted too.
//!
//! ```sh
//! cargo bench --bench signals --no-run                    # prints the path for WITHOUT
//! WITHOUT=target/release/deps/signals-… RUNS=3 scripts/bench.sh signals
//! ```
//!
//! `RUNS=3` does everything three times, and prints the medians and the worst. A bound is what the ratio should not
//! exceed; nothing fails when it does.

mod instructions;
mod load;
#[path = "../long_tail/report.rs"]
mod report;
#[path = "../shared/shop.rs"]
mod shop;
#[cfg(all(feature = "metrics", feature = "tracing"))]
mod subscribers;
#[cfg(all(feature = "metrics", feature = "tracing"))]
mod times;
#[path = "../long_tail/valgrind.rs"]
mod valgrind;

use std::env;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match &arguments[..] {
        [first, signals, url, checkouts] if first == instructions::ARGUMENT => {
            instructions::run(signals, url, checkouts.parse().expect("a number")).await;
        }
        _ => measure().await,
    }
}

#[cfg(all(feature = "metrics", feature = "tracing"))]
async fn measure() {
    let mut report = report::Report::new();
    let runs = env::var("RUNS").map_or(1, |runs| runs.parse().expect("RUNS is a number"));
    let server = diesel_tenants_test_support::Server::start();
    let database = shop::database(&server, load::TENANTS);
    for _ in 0..runs {
        if report.wants("times") {
            times::measure(database.url(), &mut report).await;
        }
        if report.wants("instructions") {
            instructions::measure(database.url(), &mut report);
        }
    }
    if runs > 1 {
        report.print(runs);
    }
}

#[cfg(not(all(feature = "metrics", feature = "tracing")))]
async fn measure() {
    println!("without the features `metrics` and `tracing` there is nothing to compare");
}
