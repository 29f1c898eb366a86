//! The memory of the server's processes, over a uniform load on many tenants.

use std::{collections::BTreeSet, fs};

use diesel_tenants_test_support::Database;

use crate::{
    contenders::{Contender, OURS, Ours, WRAPPED, Wrapped},
    load::{Load, Requests},
};

/// How often the memory is looked at.
const STEPS: usize = 10;
/// The most requests of each contender.
const REQUESTS: usize = 60_000;

/// Prints a table: ours, and the wrapper around `AsyncPgConnection`, which keeps every statement.
pub async fn measure(database: &Database, load: Load) {
    let url = database.url();
    let ours = Ours::new(url, load.tenants).await;
    let wrapped = Wrapped::new(url, load.tenants);
    let mut requests = Requests::new(load, 1);
    let mut processes = [OURS, WRAPPED].map(|name| Processes::of(name, database));
    println!(
        "memory, {load}: private memory of the server's processes, in MB\n\
         requests   ours: largest   all  opened   AsyncPgConnection: largest   all  opened"
    );
    let a_step = (4 * load.tenants * load.statements).min(REQUESTS) / STEPS;
    for step in 1..=STEPS {
        let requests = requests.take(a_step);
        // Whoever waits for the other is idle meanwhile.
        ours.time(&requests).await;
        wrapped.time(&requests).await;
        let [ours, wrapped] = processes.each_mut().map(Processes::look);
        println!(
            "{:>8} {:>15.1} {:>5.0} {:>7} {:>28.1} {:>5.0} {:>7}",
            step * a_step,
            ours.largest,
            ours.all,
            ours.opened,
            wrapped.largest,
            wrapped.all,
            wrapped.opened
        );
    }
}

/// The processes behind the sessions of one name.
struct Processes<'a> {
    name: &'static str,
    database: &'a Database,
    seen: BTreeSet<String>,
}

struct Memory {
    largest: f64,
    all: f64,
    /// How many connections there were, as far as they were there when somebody looked.
    opened: usize,
}

impl<'a> Processes<'a> {
    fn of(name: &'static str, database: &'a Database) -> Self {
        Self {
            name,
            database,
            seen: BTreeSet::new(),
        }
    }

    fn look(&mut self) -> Memory {
        let pids = self.database.values(&format!(
            "SELECT pid FROM pg_stat_activity WHERE application_name = '{}' AND datname = current_database()",
            self.name
        ));
        let sizes: Vec<f64> = pids.iter().map(|pid| private_memory(pid)).collect();
        self.seen.extend(pids);
        Memory {
            largest: sizes.iter().copied().fold(0.0, f64::max),
            all: sizes.iter().sum(),
            opened: self.seen.len(),
        }
    }
}

/// Megabytes that the process shares with nobody; 0 where the system doesn't say, or the process has ended.
fn private_memory(pid: &str) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let kilobytes = status.lines().find_map(|line| {
        let rest = line.strip_prefix("RssAnon:")?;
        rest.split_whitespace().next()?.parse::<f64>().ok()
    });
    kilobytes.unwrap_or(0.0) / 1024.0
}
