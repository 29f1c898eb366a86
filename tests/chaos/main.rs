//! Kills servers and clients, drops futures and cuts connections at random moments of everything that can be done to
//! tenants, while others write to them. Then it makes the same call again, and looks whether all is as it should be: no
//! acknowledged write is lost, nobody sees another tenant's row, each tenant is there or not, the directory says what
//! the schemas are, nothing is left over, and the pool is of use.
//!
//! `CHAOS_SECONDS=600 cargo test --test chaos` runs it for ten minutes; by default it is a quarter of a minute.
//! `CHAOS_SEED`, which is printed, has it choose the same operations and faults again, as far as their timing allows.

mod checks;
mod choose;
mod client;
mod faults;
mod migrations;
mod operation;
mod play;
mod proxy;
mod random;
mod report;
mod tenants;
mod world;
mod writers;

use std::{
    env,
    process::ExitCode,
    time::{Duration, Instant, SystemTime},
};

use play::Play;

#[tokio::main]
async fn main() -> ExitCode {
    if client::is_one().await || !is_asked_for() {
        return ExitCode::SUCCESS;
    }
    let seed = setting("CHAOS_SEED").unwrap_or_else(|| {
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        now.map_or(0, |now| now.as_nanos() as u64 % 1_000_000)
    });
    let time = Duration::from_secs(setting("CHAOS_SECONDS").unwrap_or(15));
    println!("chaos: seed {seed}, for {} s", time.as_secs());
    let mut play = Play::begin(seed).await;
    let begun = Instant::now();
    while begun.elapsed() < time {
        if let Err(found) = play.step().await {
            println!(
                "chaos: seed {seed}, after {:.0} s: {}",
                begun.elapsed().as_secs_f64(),
                play.report
            );
            println!("  the last steps:\n{}", play.report.last());
            println!("  found: {found}");
            return ExitCode::FAILURE;
        }
    }
    println!("chaos: seed {seed}: {}; nothing found", play.report);
    ExitCode::SUCCESS
}

fn setting(name: &str) -> Option<u64> {
    let value = env::var(name).ok()?;
    Some(value.parse().unwrap_or_else(|_| panic!("{name} is no number: {value}")))
}

/// Whether the arguments that `cargo test` hands to every test ask for this one.
fn is_asked_for() -> bool {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let names: Vec<&String> = arguments.iter().filter(|argument| !argument.starts_with('-')).collect();
    let is_listed = arguments.iter().any(|argument| argument == "--list");
    !is_listed && (names.is_empty() || names.iter().any(|name| "chaos".contains(name.as_str())))
}
