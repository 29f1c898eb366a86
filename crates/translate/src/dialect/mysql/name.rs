//! The name that an identifier in the text stands for.

use std::borrow::Cow;

use super::{
    lexer,
    token::{Kind, Token},
};

/// The name that a token of the text stands for.
pub(super) fn name(sql: &str, token: Token) -> Cow<'_, str> {
    let text = &sql[token.start as usize..token.end as usize];
    if token.kind != Kind::Quoted {
        return Cow::Borrowed(text);
    }
    let inner = &text[1..text.len() - 1];
    match inner.contains('`') {
        false => Cow::Borrowed(inner),
        true => Cow::Owned(inner.replace("``", "`")),
    }
}

/// The name at the beginning of this text, behind a dot if there is one; empty if there is none.
pub(in crate::dialect) fn name_at(sql: &str) -> Cow<'_, str> {
    match lexer::first(sql) {
        Ok(token) if token.kind.is_name() => name(sql, token),
        Ok(dot) if dot.kind == Kind::Dot => match lexer::behind(sql, dot) {
            Ok(token) if token.kind.is_name() => name(sql, token),
            _ => Cow::Borrowed(""),
        },
        _ => Cow::Borrowed(""),
    }
}
