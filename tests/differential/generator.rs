//! Statements at random, from a seed: the productions of `grammar`, written out with white space and comments of all
//! kinds between the tokens.

use crate::grammar::forms;

/// How many rules may be nested before each is written in its shortest form.
const DEEPEST: u32 = 24;

/// SplitMix64: enough for choosing, and the same everywhere.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ mixed >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % bound as u64) as usize
    }
}

pub struct Generator {
    random: Random,
    text: String,
}

impl Generator {
    /// The text of a seed: one statement or a few.
    pub fn text(seed: u64) -> String {
        let mut generator = Self {
            random: Random(seed),
            text: String::new(),
        };
        generator.write("script", 0);
        generator.text
    }

    fn write(&mut self, rule: &str, depth: u32) {
        let forms = forms(rule);
        // The deeper, the likelier is the short form, which each rule has first. Texts don't grow without bound,
        // either.
        let short =
            depth > DEEPEST || self.text.len() > 4000 || self.random.below(DEEPEST as usize) < depth as usize / 2;
        let form = if short {
            forms[0]
        } else {
            forms[self.random.below(forms.len())]
        };
        for word in form.split(' ').filter(|word| !word.is_empty()) {
            match word.strip_prefix('<').and_then(|word| word.strip_suffix('>')) {
                Some(rule) if !rule.is_empty() => self.write(rule, depth + 1),
                _ => self.token(word),
            }
        }
    }

    fn token(&mut self, token: &str) {
        let tight = |c: Option<char>| c.is_none_or(|c| "().,;[]".contains(c));
        let may_touch = tight(self.text.chars().next_back()) || tight(token.chars().next());
        let dotted = token == "." || self.text.ends_with('.');
        let gap = match self.random.below(40) {
            _ if self.text.is_empty() => "",
            0 => "\n",
            1 => " /* FROM orders */ ",
            2 => " -- JOIN orders '\n\t",
            3 => "/* a /* nested \" */ comment */",
            4..20 if may_touch => "",
            _ if dotted => "",
            _ => " ",
        };
        self.text += gap;
        let keyword = token.bytes().all(|byte| byte.is_ascii_uppercase()) && self.random.below(3) == 0;
        self.text += &if keyword {
            token.to_lowercase()
        } else {
            token.replace('~', " ")
        };
    }
}
