//! What was done, in numbers, and the last of it in words.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::atomic::Ordering::SeqCst,
    time::Duration,
};

use crate::{faults::Fault, operation::Operation, writers::Shared};

/// How many of the last steps are told when something is found.
const REMEMBERED: usize = 12;

#[derive(Default)]
pub struct Report {
    operations: BTreeMap<&'static str, usize>,
    faults: BTreeMap<&'static str, usize>,
    pub again: usize,
    pub checks: usize,
    acknowledged: u64,
    reads: u64,
    longest: (Duration, &'static str),
    last: VecDeque<String>,
    current: &'static str,
}

impl Report {
    pub fn begins(&mut self, operation: &Operation, fault: Fault) {
        self.current = operation.kind();
        *self.operations.entry(operation.kind()).or_default() += 1;
        *self.faults.entry(fault.kind()).or_default() += 1;
        if self.last.len() == REMEMBERED {
            self.last.pop_front();
        }
        self.last.push_back(format!("{operation:?} with {fault:?}"));
    }

    /// What an attempt ended with.
    pub fn told(&mut self, text: &str) {
        if let Some(last) = self.last.back_mut() {
            *last = format!("{last}\n      -> {text}");
        }
    }

    pub fn took(&mut self, time: Duration) {
        self.longest = self.longest.max((time, self.current));
    }

    pub fn written(&mut self, writers: &Shared) {
        (self.acknowledged, self.reads) = (writers.acknowledged.load(SeqCst), writers.reads.load(SeqCst));
    }

    /// The last steps, the newest last.
    pub fn last(&self) -> String {
        let steps: Vec<String> = self.last.iter().map(|step| format!("    {step}")).collect();
        steps.join("\n")
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |counts: &BTreeMap<&'static str, usize>| {
            let counts: Vec<String> = counts.iter().map(|(kind, count)| format!("{count} {kind}")).collect();
            counts.join(", ")
        };
        let operations: usize = self.operations.values().sum();
        write!(
            f,
            "{operations} operations ({}); {}; {} calls made again; {} writes acknowledged and {} looked at by who wrote them; {} checks; \
             the longest was {} with {:.1} s",
            list(&self.operations),
            list(&self.faults),
            self.again,
            self.acknowledged,
            self.reads,
            self.checks,
            self.longest.1,
            self.longest.0.as_secs_f64()
        )
    }
}
