//! The times of a hot checkout and query, under each subscriber.

use std::time::{Duration, Instant};

use metrics_exporter_prometheus::PrometheusBuilder;
use tracing::dispatcher;

use crate::{
    load::Load,
    report::{Report, median},
    subscribers,
};

const CHECKOUTS_A_ROUND: usize = 100;
/// Rounds that prepare the statements, and aren't counted.
const WARM_UP: usize = 20;
const ROUNDS: usize = 400;

/// How often the library tells a recorder of metrics.
const EVERY: Duration = Duration::from_secs(5);

/// What spans and metrics may cost.
const BOUND: f64 = 1.02;

/// The place of "none" among the subscribers.
const NONE: usize = 0;

pub async fn measure(url: &str, report: &mut Report) {
    let load = Load::new(url).await;
    let metrics = metrics(&load).await;
    let mut times: [Vec<f64>; subscribers::NAMES.len()] = Default::default();
    for round in 0..WARM_UP + ROUNDS {
        // In another order each round: whoever follows a slow one finds the processor's caches cold.
        for turn in 0..times.len() {
            let turn = (round + turn) % times.len();
            let time = time(&load, subscribers::NAMES[turn]).await;
            if round >= WARM_UP {
                times[turn].push(time);
            }
        }
    }
    println!(
        "a hot checkout and query without a subscriber: {:.1} µs",
        median(times[NONE].clone()) * 1e6
    );
    for (subscriber, name) in subscribers::NAMES.iter().enumerate().skip(1) {
        let ratios = times[subscriber]
            .iter()
            .zip(&times[NONE])
            .map(|(with, without)| with / without);
        let ratio = median(ratios.collect()) + metrics;
        let ratio = report.ratio(format!("time with spans in {name}, and metrics"), ratio, Some(BOUND));
        println!("  with spans in {name}, and metrics: {ratio}");
    }
}

/// A checkout's seconds.
async fn time(load: &Load, subscriber: &str) -> f64 {
    // A new subscriber makes each place that opens spans ask again whether it is wanted.
    let _installed = dispatcher::set_default(&subscribers::named(subscriber));
    load.run(1).await;
    let begun = Instant::now();
    load.run(CHECKOUTS_A_ROUND).await;
    begun.elapsed().as_secs_f64() / CHECKOUTS_A_ROUND as f64
}

/// The part of the time that telling a recorder takes: it has to be told of each tenant that came since.
async fn metrics(load: &Load) -> f64 {
    let recorder = PrometheusBuilder::new().build_recorder();
    let mut times = Vec::new();
    for _ in 0..100 {
        load.run(40).await;
        let begun = Instant::now();
        metrics::with_local_recorder(&recorder, || load.pool.record_metrics());
        times.push(begun.elapsed().as_secs_f64());
    }
    let time = median(times);
    let part = time / EVERY.as_secs_f64();
    println!(
        "telling a recorder takes {:.0} µs, each {EVERY:?}: {part:.5} of the time",
        time * 1e6
    );
    part
}
