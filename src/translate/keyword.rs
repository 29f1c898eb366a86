//! The words that give a query its structure.
//!
//! Only words that change how a query is read are here, and the reserved ones that can't be a name or an alias. The verbs and nouns of utility
//! statements are compared as text where they are used.

macro_rules! keywords {
    (reserved: { $($reserved:ident = $($reserved_text:literal)|+),+ $(,)? } free: { $($free:ident = $($free_text:literal)|+),+ $(,)? }) => {
        /// A word of the grammar, or [`Keyword::None`] for an ordinary name.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub(crate) enum Keyword {
            $($reserved,)+
            /// No word of the grammar: a name.
            None,
            $($free,)+
        }

        const WORDS: &[(&str, Keyword)] = &[
            $($(($reserved_text, Keyword::$reserved),)+)+
            $($(($free_text, Keyword::$free),)+)+
        ];
    };
}

keywords! {
    // Reserved, or allowed for functions and types only: none of these can name a table or be an alias without AS.
    reserved: {
        As = "as", Select = "select", Table = "table", With = "with", From = "from", Where = "where", Group = "group",
        Having = "having", Window = "window", Union = "union", Intersect = "intersect", Except = "except",
        Order = "order", Limit = "limit", Offset = "offset", Fetch = "fetch", For = "for", Into = "into", On = "on",
        Using = "using", Returning = "returning", Create = "create", Grant = "grant", Default = "default",
        Distinct = "distinct", All = "all", Is = "is", Not = "not", Collate = "collate", Collation = "collation",
        Case = "case", End = "end", Then = "then", When = "when", Only = "only", Lateral = "lateral", Join = "join",
        Inner = "inner", Left = "left", Right = "right", Full = "full", Cross = "cross", Natural = "natural",
        Outer = "outer", Tablesample = "tablesample", References = "references", Do = "do", To = "to", Like = "like",
        Cast = "cast",
        // Functions that are called without parentheses.
        ValueFunction = "current_catalog" | "current_date" | "current_role" | "current_schema" | "current_time"
            | "current_timestamp" | "current_user" | "localtime" | "localtimestamp" | "session_user" | "system_user"
            | "user",
        OtherReserved = "analyse" | "analyze" | "and" | "any" | "array" | "asc" | "asymmetric" | "authorization"
            | "binary" | "both" | "check" | "column" | "concurrently" | "constraint" | "deferrable" | "desc" | "else"
            | "false" | "foreign" | "freeze" | "ilike" | "in" | "initially" | "isnull" | "leading" | "notnull" | "null"
            | "or" | "overlaps" | "placing" | "primary" | "similar" | "some" | "symmetric" | "trailing" | "true"
            | "unique" | "variadic" | "verbose",
    }
    free: {
        Values = "values", Insert = "insert", Update = "update", Delete = "delete", Merge = "merge", Set = "set",
        Recursive = "recursive", Operator = "operator", Within = "within", Begin = "begin", Owned = "owned",
        Rows = "rows", Exists = "exists", Of = "of",
    }
}

impl Keyword {
    /// The keyword that `word` is in any case of letters.
    pub(crate) fn of(word: &[u8]) -> Self {
        if !(2..=LONGEST).contains(&word.len()) {
            return Self::None;
        }
        let wanted = (letters_of(word), word.len(), word[0] | 0x20);
        let mut slot = slot_of(word);
        loop {
            match SLOTS[slot] {
                0 => return Self::None,
                index if LETTERS[index as usize - 1] == wanted => return WORDS[index as usize - 1].1,
                _ => slot = (slot + 1) % SLOTS.len(),
            }
        }
    }

    /// Whether the word can be a table's name, or an alias that follows without AS.
    pub(crate) fn is_name(self) -> bool {
        self as u8 >= Self::None as u8
    }
}

/// A set of keywords at which the reading of an expression stops.
#[derive(Clone, Copy)]
pub(crate) struct Stops(u128);

impl Stops {
    pub(crate) const NONE: Self = Self(0);
    const COMMA: u128 = 1 << 127;

    pub(crate) const fn at(words: &[Keyword]) -> Self {
        let mut bits = 0;
        let mut i = 0;
        while i < words.len() {
            bits |= 1 << words[i] as u8;
            i += 1;
        }
        Self(bits)
    }

    /// The same, and at commas.
    pub(crate) const fn and_comma(self) -> Self {
        Self(self.0 | Self::COMMA)
    }

    /// The same, and at these words.
    pub(crate) const fn and(self, words: &[Keyword]) -> Self {
        Self(self.0 | Self::at(words).0)
    }

    pub(crate) fn has(self, keyword: Keyword) -> bool {
        self.0 & (1 << keyword as u8) != 0
    }

    pub(crate) fn has_comma(self) -> bool {
        self.0 & Self::COMMA != 0
    }
}

// The words in a table addressed by a hash of length, first, middle and last letter, built by the compiler. Collisions go to the next free slot.

const LONGEST: usize = 17;
const SLOTS: [u8; 512] = fill();

/// A word's letters without their case, in one number, which costs less to compare than text: the last 16 of them.
const fn letters_of(word: &[u8]) -> u128 {
    let mut letters = 0;
    let mut i = 0;
    while i < word.len() {
        letters = letters << 8 | (word[i] | 0x20) as u128;
        i += 1;
    }
    letters
}

/// What a word must be to be one of [`WORDS`], in their order: its last letters, its length, and its first letter, for none is
/// longer than 17.
static LETTERS: [(u128, usize, u8); WORDS.len()] = {
    let mut letters = [(0, 0, 0); WORDS.len()];
    let mut i = 0;
    while i < WORDS.len() {
        let word = WORDS[i].0.as_bytes();
        letters[i] = (letters_of(word), word.len(), word[0] | 0x20);
        i += 1;
    }
    letters
};

const fn slot_of(word: &[u8]) -> usize {
    let first = (word[0] | 0x20) as usize;
    let middle = (word[word.len() / 2] | 0x20) as usize;
    let last = (word[word.len() - 1] | 0x20) as usize;
    (word.len() * 101 + first * 7 + middle * 31 + last * 67) % 512
}

const fn fill() -> [u8; 512] {
    let mut slots = [0; 512];
    let mut i = 0;
    while i < WORDS.len() {
        let mut slot = slot_of(WORDS[i].0.as_bytes());
        while slots[slot] != 0 {
            slot = (slot + 1) % 512;
        }
        slots[slot] = i as u8 + 1;
        i += 1;
    }
    slots
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_found_in_any_case() {
        for (text, keyword) in WORDS {
            assert!(text.len() <= LONGEST);
            assert_eq!(Keyword::of(text.as_bytes()), *keyword, "{text}");
            assert_eq!(Keyword::of(text.to_uppercase().as_bytes()), *keyword, "{text}");
        }
    }

    #[test]
    fn other_words_are_names() {
        for word in ["orders", "x", "selects", "selec", "größe", "current_timestamps", ""] {
            assert_eq!(Keyword::of(word.as_bytes()), Keyword::None, "{word}");
        }
        assert!(Keyword::None.is_name() && Keyword::Values.is_name() && !Keyword::OtherReserved.is_name());
    }
}
