//! Which requests come, and in which order.

use std::fmt;

use crate::contenders::CONNECTIONS;

/// How many tenants have requests where they are hot.
const HOT: usize = 4;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Distribution {
    /// All of the requests belong to four tenants.
    Hot,
    /// Each tenant has as many requests as any other.
    Uniform,
    /// The tenant of rank n has a request for every n of the first one's.
    Zipf,
}

/// The tenants, and the statements that they run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Load {
    pub tenants: usize,
    pub statements: usize,
    pub distribution: Distribution,
}

#[derive(Debug, Clone, Copy)]
pub struct Request {
    pub tenant: usize,
    pub statement: usize,
    /// How many of the requests before this one still hold their connections.
    pub held: usize,
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let distribution = match self.distribution {
            Distribution::Hot => "hot",
            Distribution::Uniform => "uniform",
            Distribution::Zipf => "zipf",
        };
        write!(f, "{}x{} {distribution}", self.tenants, self.statements)
    }
}

impl Load {
    /// How many tenants have requests.
    pub fn active(&self) -> usize {
        match self.distribution {
            Distribution::Hot => self.tenants.min(HOT),
            Distribution::Uniform | Distribution::Zipf => self.tenants,
        }
    }
}

/// Draws requests; from the same seed always the same ones.
pub struct Requests {
    load: Load,
    /// Where each tenant's share of all requests ends, between 0 and 1.
    shares: Vec<f64>,
    random: Random,
}

impl Requests {
    pub fn new(load: Load, seed: u64) -> Self {
        let weight = |tenant: usize| match load.distribution {
            Distribution::Hot | Distribution::Uniform => 1.0,
            Distribution::Zipf => 1.0 / (tenant + 1) as f64,
        };
        let all: f64 = (0..load.active()).map(weight).sum();
        let shares = (0..load.active()).scan(0.0, |end, tenant| {
            *end += weight(tenant) / all;
            Some(*end)
        });
        Self {
            load,
            shares: shares.collect(),
            random: Random(seed),
        }
    }

    pub fn take(&mut self, count: usize) -> Vec<Request> {
        (0..count).map(|_| self.draw()).collect()
    }

    fn draw(&mut self) -> Request {
        let at = self.random.between_0_and_1();
        // Sums of fractions may end a little below 1.
        let tenant = self.shares.partition_point(|end| *end <= at).min(self.shares.len() - 1);
        Request {
            tenant,
            statement: self.random.below(self.load.statements),
            held: self.random.below(CONNECTIONS),
        }
    }
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn between_0_and_1(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    fn below(&mut self, end: usize) -> usize {
        (self.between_0_and_1() * end as f64) as usize
    }
}
