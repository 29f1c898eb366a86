//! The client's instructions for a hot checkout and query, counted by valgrind.

use std::env;

use crate::{
    contenders::{ByHand, Contender, Ours, SearchPath, Wrapped},
    load::{Distribution, Load, Requests},
    report::Report,
    valgrind,
};

/// What the arguments of a process begin with that is counted.
pub const ARGUMENT: &str = "count";

/// One query, and the small set with its updates and its upsert.
const STATEMENTS: [usize; 2] = [1, 5];

fn load(statements: usize) -> Load {
    Load {
        tenants: 4,
        statements,
        distribution: Distribution::Hot,
    }
}

/// Two processes of each contender run this many requests: the difference is that of hot requests.
const REQUESTS: [usize; 2] = [2_000, 4_000];

const CONTENDERS: [&str; 4] = ["ours", "by hand", "SET search_path", "AsyncPgConnection"];

/// Prints instructions and ratios, if there is valgrind.
pub fn measure(url: &str, report: &mut Report) {
    if !valgrind::is_installed() {
        println!("instructions: not counted, for want of valgrind");
        return;
    }
    for statements in STATEMENTS {
        let load = load(statements);
        let counts = CONTENDERS.map(|contender| {
            let [few, many] = REQUESTS.map(|requests| count(contender, url, statements, requests));
            (many - few) / (REQUESTS[1] - REQUESTS[0]) as f64
        });
        let [ours, theirs @ ..] = counts;
        print!("instructions {load}: {ours:.0}");
        for (theirs, name) in theirs.iter().zip(&CONTENDERS[1..]) {
            let bound = (*name == "by hand").then_some(0.6);
            let ratio = report.ratio(format!("instructions {load} / {name}"), ours / theirs, bound);
            print!("   / {name} {theirs:.0}: {ratio}");
        }
        println!();
    }
}

fn count(contender: &str, url: &str, statements: usize, requests: usize) -> f64 {
    let program = env::current_exe().expect("a path");
    valgrind::count(
        &program,
        &[ARGUMENT, contender, url, &statements.to_string(), &requests.to_string()],
    )
}

/// What a process that is counted does.
pub async fn run(contender: &str, url: &str, statements: usize, requests: usize) {
    let load = load(statements);
    let requests = Requests::new(load, 1).take(requests);
    match contender {
        "ours" => Ours::new(url, load.tenants).await.time(&requests).await,
        "by hand" => ByHand::new(url).time(&requests).await,
        "SET search_path" => SearchPath::new(url, load.tenants).time(&requests).await,
        _ => Wrapped::new(url, load.tenants).time(&requests).await,
    };
}
