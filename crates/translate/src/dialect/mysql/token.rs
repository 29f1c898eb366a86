//! Tokens: their kinds, and their places in the text.

use super::keyword::Keyword;

/// The kind of a token.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// An unquoted identifier or keyword.
    Word(Keyword),
    /// `` `a` ``
    Quoted,
    /// `'a'`, `"a"` or `N'a'`
    String,
    /// `1`, `1.5e3`, `0x1F`, `x'1F'`, `b'01'`, `\N`
    Literal,
    /// `?`
    Parameter,
    /// `@a`
    Variable,
    /// `@@a`
    SystemVariable,
    /// An operator between two operands.
    Operator,
    /// `+` or `-`: between two operands, or before one.
    Sign,
    /// `~` or `!`
    Prefix,
    /// `:=`
    Assign,
    /// `:`
    Colon,
    /// `*`
    Star,
    /// `.`
    Dot,
    /// `,`
    Comma,
    /// `;`
    Semicolon,
    /// `(`
    Open,
    /// `)`
    Close,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// The end of the text.
    End,
}

impl Kind {
    /// Whether the token may name something.
    pub(super) fn is_name(self) -> bool {
        match self {
            Self::Word(keyword) => keyword.is_name(),
            kind => kind == Self::Quoted,
        }
    }
}

/// A token: its kind, and its place in the text.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) start: u32,
    pub(super) end: u32,
}

impl Token {
    /// What stands before the first token.
    pub(super) fn before_all() -> Self {
        Self {
            kind: Kind::Semicolon,
            start: 0,
            end: 0,
        }
    }
}
