//! The client's instructions for a hot checkout and query, with and without subscribers, and without the features.

#[cfg(all(feature = "metrics", feature = "tracing"))]
pub use counting::measure;

use crate::load::Load;

/// What the arguments of a process begin with that is counted.
pub const ARGUMENT: &str = "count";

#[cfg(all(feature = "metrics", feature = "tracing"))]
mod counting {
    use std::{env, path::Path};

    use super::ARGUMENT;
    use crate::{report::Report, subscribers, valgrind};

    /// Two processes run this many checkouts: the difference is that of hot ones.
    const CHECKOUTS: [usize; 2] = [2_000, 4_000];

    /// What the features may cost while nothing is installed.
    const BOUND: f64 = 1.005;

    /// Prints instructions and ratios, if there is valgrind.
    pub fn measure(url: &str, report: &mut Report) {
        if !valgrind::is_installed() {
            println!("instructions: not counted, for want of valgrind");
            return;
        }
        let program = env::current_exe().expect("a path");
        let [none, subscribers @ ..] = subscribers::NAMES.map(|name| count(&program, name, url));
        println!("instructions without a subscriber: {none:.0}");
        for (count, name) in subscribers.iter().zip(&subscribers::NAMES[1..]) {
            let ratio = report.ratio(format!("instructions with spans in {name}"), count / none, None);
            println!("  with spans in {name} {count:.0}: {ratio}");
        }
        let Ok(without) = env::var("WITHOUT") else {
            println!("  without the features: not counted, since WITHOUT names no program");
            return;
        };
        let without = count(Path::new(&without), "none", url);
        let ratio = none / without;
        let ratio = report.ratio("instructions / without the features".to_owned(), ratio, Some(BOUND));
        println!("  without the features {without:.0}: {ratio}");
    }

    fn count(program: &Path, subscriber: &str, url: &str) -> f64 {
        let count = |checkouts: usize| valgrind::count(program, &[ARGUMENT, subscriber, url, &checkouts.to_string()]);
        let [few, many] = CHECKOUTS.map(count);
        (many - few) / (CHECKOUTS[1] - CHECKOUTS[0]) as f64
    }
}

/// What a process that is counted does.
pub async fn run(subscriber: &str, url: &str, checkouts: usize) {
    #[cfg(all(feature = "metrics", feature = "tracing"))]
    if subscriber != "none" {
        let installed = crate::subscribers::named(subscriber);
        tracing::dispatcher::set_global_default(installed).expect("nothing is installed");
    }
    let _ = subscriber;
    Load::new(url).await.run(checkouts).await;
}
