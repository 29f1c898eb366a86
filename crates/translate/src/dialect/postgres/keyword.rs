//! The words that give a query its structure.
//!
//! Only two groups of words are here: those that change how a query is read, and reserved words that can't be a name or
//! an alias. The verbs and nouns of utility statements are compared as text where they are used.

macro_rules! keywords {
    (reserved: { $($reserved:ident = $($reserved_text:literal)|+),+ $(,)? } free: { $($free:ident = $($free_text:literal)|+),+ $(,)? }) => {
        /// A word of the grammar, or [`Keyword::None`] for an ordinary name.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        #[repr(u8)]
        pub enum Keyword {
            $($reserved,)+
            /// A name, not a word of the grammar.
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
        Exists = "exists", Of = "of", JsonArray = "json_array", Format = "format",
        // An expression may follow, whose parentheses don't call a function.
        BeforeOperand = "between" | "by" | "content" | "document" | "escape" | "groups" | "passing" | "path" | "range"
            | "ref" | "return" | "value" | "version" | "zone",
        Rows = "rows", Trim = "trim",
    }
}

impl Keyword {
    /// The keyword that begins `text`, in any case of letters; `length` is the word's length.
    pub(crate) fn of(text: &[u8], length: usize) -> Self {
        if !(2..=LONGEST).contains(&length) {
            return Self::None;
        }
        let word = &text[..length];
        let letters = match text.first_chunk() {
            // Reading eight bytes at once costs less than reading the word's bytes one by one.
            Some(eight) => letters_of(*eight, length),
            None => letters(word),
        };
        let mut slot = slot_of(letters, length);
        loop {
            let index = match SLOTS[slot] {
                0 => return Self::None,
                number => number as usize - 1,
            };
            let (known, keyword) = WORDS[index];
            if LETTERS[index] == letters
                && known.len() == length
                && (length <= 8 || known.as_bytes().eq_ignore_ascii_case(word))
            {
                return keyword;
            }
            slot = (slot + 1) % SLOTS.len();
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

    /// These stops, and commas.
    pub(crate) const fn and_comma(self) -> Self {
        Self(self.0 | Self::COMMA)
    }

    /// These stops, and these words.
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

// A hash table of the words, built by the compiler. The hash is of a word's length and its first eight letters.
// Collisions go to the next free slot.

const LONGEST: usize = 17;
/// For each slot, the number of its word in [`WORDS`], counted from 1; 0 if the slot is empty.
static SLOTS: [u8; 512] = fill();

/// The [`letters`] of each of [`WORDS`].
static LETTERS: [u64; WORDS.len()] = {
    let mut all = [0; WORDS.len()];
    let mut i = 0;
    while i < WORDS.len() {
        all[i] = letters(WORDS[i].0.as_bytes());
        i += 1;
    }
    all
};

/// A word's first eight letters in one case, as one number, which costs less to compare than text.
const fn letters(word: &[u8]) -> u64 {
    match word.first_chunk() {
        Some(eight) => letters_of(*eight, 8),
        None => {
            let mut eight = [0; 8];
            let mut i = 0;
            while i < word.len() {
                eight[i] = word[i];
                i += 1;
            }
            letters_of(eight, word.len())
        }
    }
}

/// The [`letters`] of a word of `length` bytes, from eight bytes that begin with the word.
const fn letters_of(eight: [u8; 8], length: usize) -> u64 {
    const NO_CASE: u64 = u64::from_ne_bytes([0x20; 8]);
    let letters = u64::from_le_bytes(eight) | NO_CASE;
    if length < 8 {
        letters & ((1 << (8 * length)) - 1)
    } else {
        letters
    }
}

const fn slot_of(letters: u64, length: usize) -> usize {
    // Fibonacci hashing, to nine bits.
    (letters.wrapping_add(length as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 55) as usize
}

const fn fill() -> [u8; 512] {
    let mut slots = [0; 512];
    let mut i = 0;
    while i < WORDS.len() {
        let word = WORDS[i].0.as_bytes();
        let mut slot = slot_of(letters(word), word.len());
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
            for written in [text.to_string(), text.to_uppercase()] {
                for behind in ["", ",", " AND some more"] {
                    let followed = written.clone() + behind;
                    assert_eq!(Keyword::of(followed.as_bytes(), text.len()), *keyword, "{followed}");
                }
            }
        }
    }

    #[test]
    fn other_words_are_names() {
        for word in [
            "orders",
            "x",
            "selects",
            "selec",
            "größe",
            "current_dada",
            "returnins",
            "current_timestamps",
            "",
        ] {
            assert_eq!(Keyword::of(word.as_bytes(), word.len()), Keyword::None, "{word}");
        }
        assert!(Keyword::None.is_name() && Keyword::Values.is_name() && !Keyword::OtherReserved.is_name());
    }
}
