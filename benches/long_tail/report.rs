//! What is printed, and which of it is measured at all.

use std::env;

/// The ratios of all runs, and the parts that the reader asked for.
pub struct Report {
    /// The words that the name of a part must contain.
    only: Vec<String>,
    ratios: Vec<Ratio>,
}

struct Ratio {
    name: String,
    bound: Option<f64>,
    /// One for each run.
    values: Vec<f64>,
}

impl Report {
    pub fn new() -> Self {
        let only = env::var("ONLY").unwrap_or_default();
        Self {
            only: only.split_whitespace().map(str::to_owned).collect(),
            ratios: Vec::new(),
        }
    }

    /// Whether the part of that name is to be measured.
    pub fn wants(&self, part: &str) -> bool {
        let words: Vec<_> = part.split(' ').collect();
        self.only.iter().all(|word| words.contains(&&**word))
    }

    /// Notes a ratio of this run. Returns it as it is printed.
    pub fn ratio(&mut self, name: String, value: f64, bound: Option<f64>) -> String {
        match self.ratios.iter_mut().find(|ratio| ratio.name == name) {
            Some(ratio) => ratio.values.push(value),
            None => self.ratios.push(Ratio {
                name,
                bound,
                values: vec![value],
            }),
        }
        match bound {
            Some(bound) => format!("{value:.3} (bound {bound:.2})"),
            None => format!("{value:.3}"),
        }
    }

    /// The medians and the worst of several runs.
    pub fn print(self, runs: usize) {
        println!("\n{runs} runs:{:<56} median  worst  bound", "");
        for Ratio { name, bound, values } in self.ratios {
            let worst = values.iter().copied().fold(f64::MIN, f64::max);
            let bound = match bound {
                Some(bound) if worst <= bound => format!("{bound:.2} holds"),
                Some(bound) => format!("{bound:.2} does not hold"),
                None => "-".to_owned(),
            };
            println!("{name:<62} {:>6.3} {worst:>6.3}  {bound}", median(values));
        }
    }
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
