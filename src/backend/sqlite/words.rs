//! The words of a statement, as far as they show what kind of statement it is.

/// Whether a statement begins or ends a transaction.
pub(crate) fn ends_transaction(statement: &str) -> bool {
    let tokens = tokens(statement);
    match &*tokens.first().copied().unwrap_or_default().to_ascii_lowercase() {
        "begin" | "commit" | "end" => true,
        // In quotes it is the name of the transaction, which SQLite ignores: `ROLLBACK TRANSACTION "to"`.
        "rollback" => !tokens.iter().any(|token| token.eq_ignore_ascii_case("to")),
        _ => false,
    }
}

/// The words and signs of a statement, in small letters and without quotes, up to the tenth.
pub(crate) fn words(statement: &str) -> Vec<String> {
    let unquoted = |token: &str| match token.chars().next() {
        Some('"' | '`' | '\'' | '[') if token.len() > 1 => token[1..token.len() - 1].to_ascii_lowercase(),
        _ => token.to_ascii_lowercase(),
    };
    tokens(statement).into_iter().map(unquoted).collect()
}

/// The words and signs of a statement as they are written, up to the tenth.
fn tokens(statement: &str) -> Vec<&str> {
    let mut tokens = Vec::new();
    let mut rest = statement;
    while tokens.len() < 10 {
        rest = skip_blank(rest);
        let Some(first) = rest.chars().next() else { break };
        let length = match first {
            '"' | '`' | '\'' => quoted(rest, first),
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            _ => word(rest).max(first.len_utf8()),
        };
        let (token, after) = rest.split_at(length);
        tokens.push(token);
        rest = after;
    }
    tokens
}

/// Skips space and comments, as SQLite does.
fn skip_blank(mut text: &str) -> &str {
    loop {
        text = text.trim_start_matches([' ', '\t', '\n', '\x0c', '\r', '\u{feff}']);
        text = if let Some(comment) = text.strip_prefix("--") {
            comment.find('\n').map_or("", |end| &comment[end..])
        } else if let Some(comment) = text.strip_prefix("/*") {
            comment.find("*/").map_or("", |end| &comment[end + 2..])
        } else {
            return text;
        };
    }
}

fn quoted(text: &str, quote: char) -> usize {
    let mut inside = text.char_indices().skip(1).peekable();
    while let Some((at, character)) = inside.next() {
        if character == quote && inside.next_if(|(_, next)| *next == quote).is_none() {
            return at + 1;
        }
    }
    text.len()
}

fn word(text: &str) -> usize {
    let is_part = |character: char| character.is_ascii_alphanumeric() || matches!(character, '_' | '$' | '\u{80}'..);
    text.find(|character| !is_part(character)).unwrap_or(text.len())
}
