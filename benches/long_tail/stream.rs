//! Many requests, one after the other, of tenants and statements drawn from a distribution.

use crate::{
    contenders::{ByHand, Contender, Ours, SearchPath, Wrapped},
    load::{Distribution, Load, Requests},
    report::{Report, median},
    statements::are_written_by_hand,
};

/// How long one case takes.
#[derive(Debug, Clone, Copy)]
pub struct Length {
    rounds: usize,
    requests_a_round: usize,
}

impl Length {
    /// Enough for the caches to be as full as they get, where that is soon.
    pub fn of(load: Load) -> Self {
        let distinct = load.active() * load.statements;
        Self {
            rounds: (4 * distinct / 100).clamp(50, 200),
            requests_a_round: 100,
        }
    }

    pub fn far() -> Self {
        Self {
            rounds: 80,
            requests_a_round: 50,
        }
    }
}

/// Measures all of the contenders, each with fresh connections.
///
/// They take turns round by round, and all have the same requests. The first fifth of the rounds warms up, and counts
/// only for the ratios of the whole.
pub async fn measure(part: &str, url: &str, load: Load, length: Length, seed: u64, report: &mut Report) {
    let ours = Ours::new(url, load.tenants).await;
    let search_path = SearchPath::new(url, load.tenants);
    let wrapped = Wrapped::new(url, load.tenants);
    let listening = match load.distribution {
        // Tenants that are known already don't tell what a first checkout costs.
        Distribution::Hot => None,
        Distribution::Uniform | Distribution::Zipf => Some(Ours::listening(url, load.tenants).await),
    };
    let by_hand = are_written_by_hand(load.active(), load.statements).then(|| ByHand::new(url));
    let mut requests = Requests::new(load, seed);
    let mut times: [Vec<f64>; 5] = Default::default();
    for round in 0..length.rounds {
        let requests = requests.take(length.requests_a_round);
        // In another order each round: whoever follows a slow one finds the processor's caches cold.
        for turn in 0..times.len() {
            let contender = (round + turn) % times.len();
            let time = match (contender, &by_hand, &listening) {
                (0, ..) => ours.time(&requests).await,
                (1, ..) => search_path.time(&requests).await,
                (2, ..) => wrapped.time(&requests).await,
                (3, Some(by_hand), _) => by_hand.time(&requests).await,
                (4, _, Some(listening)) => listening.time(&requests).await,
                _ => continue,
            };
            times[contender].push(time);
        }
    }

    let warm_up = length.rounds / 5;
    let [ours, theirs @ .., listening] = &times;
    let microseconds = |times: &[f64]| median(times.to_vec()) / length.requests_a_round as f64 * 1e6;
    print!(
        "{:<26} {:>7.1} µs",
        format!("{part} {load}"),
        microseconds(&ours[warm_up..])
    );
    for (theirs, name) in theirs
        .iter()
        .zip(["SET search_path", "AsyncPgConnection", "by hand"])
        .filter(|(theirs, _)| !theirs.is_empty())
    {
        let ratios = ours
            .iter()
            .zip(theirs)
            .skip(warm_up)
            .map(|(ours, theirs)| ours / theirs);
        let whole = ours.iter().sum::<f64>() / theirs.iter().sum::<f64>();
        let ratio = report.ratio(
            format!("{part} {load} / {name}"),
            median(ratios.collect()),
            bound(part, load, name),
        );
        print!("   / {name} {ratio}, whole {whole:.2}");
    }
    println!();
    if !listening.is_empty() {
        let name = "SET search_path";
        let ratios = listening.iter().zip(&theirs[0]).skip(warm_up);
        let ratio = median(ratios.map(|(listening, theirs)| listening / theirs).collect());
        println!(
            "{:<26} {:>7.1} µs   / {name} {}",
            format!("{part} {load}, listening"),
            microseconds(&listening[warm_up..]),
            report.ratio(
                format!("{part} {load}, listening / {name}"),
                ratio,
                bound(part, load, name)
            )
        );
    }
}

fn bound(part: &str, load: Load, against: &str) -> Option<f64> {
    match (against, load.distribution) {
        ("by hand", Distribution::Hot) => Some(1.0),
        ("SET search_path", Distribution::Uniform | Distribution::Zipf) if part == "far" => Some(0.55),
        ("SET search_path", Distribution::Uniform) if (load.tenants, load.statements) == (2_000, 5) => Some(0.85),
        ("SET search_path", Distribution::Zipf) if (load.tenants, load.statements) == (2_000, 5) => Some(0.75),
        _ => None,
    }
}
