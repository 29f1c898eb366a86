//! Seeded random choices, so that a failure repeats.

/// A small linear generator (Knuth's constants).
pub struct Random(pub u64);

impl Random {
    pub fn below(&mut self, bound: usize) -> usize {
        self.0 = self
            .0
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % bound
    }

    pub fn pick<'a>(&mut self, from: &[&'a str]) -> &'a str {
        from[self.below(from.len())]
    }

    /// Whether this is the one of so many.
    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    /// A statement of the list with some pieces taken out, doubled, or put elsewhere.
    pub fn mutant(&mut self, statements: &[&str], tokens: &[&str]) -> String {
        let mut words: Vec<_> = self.pick(statements).split(' ').collect();
        for _ in 0..1 + self.below(3) {
            let at = self.below(words.len());
            match self.below(3) {
                0 if words.len() > 1 => drop(words.remove(at)),
                1 => words.insert(at, self.pick(tokens)),
                _ => words.swap(at, 0),
            }
        }
        words.join(" ")
    }
}
