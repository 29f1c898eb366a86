//! The name that an identifier in the text stands for.

use std::borrow::Cow;

use super::lexer::{self, Kind, Token};

/// The name that a token of the text stands for, in the case in which it is written.
pub(super) fn name(sql: &str, token: Token) -> Cow<'_, str> {
    let text = &sql[token.start as usize..token.end as usize];
    if !matches!(token.kind, Kind::Quoted | Kind::String) {
        return Cow::Borrowed(text);
    }
    let inner = &text[1..text.len() - 1];
    let quote = &text[..1];
    // A bracket inside `[…]` is not doubled.
    if quote == "[" || !inner.contains(quote) {
        Cow::Borrowed(inner)
    } else {
        Cow::Owned(inner.replace(&quote.repeat(2), quote))
    }
}

/// The name at the beginning of this text, behind a dot if there is one; empty if there is none.
pub(in crate::dialect) fn name_at(sql: &str) -> Cow<'_, str> {
    match lexer::first(sql) {
        Ok(token) if token.kind.is_name() => name(sql, token),
        Ok(token) if token.kind == Kind::Dot => name_at(&sql[token.end as usize..]),
        _ => Cow::Borrowed(""),
    }
}
