//! The words of a statement, which show its kind.

use super::lexer::{Kind, Lexer};

/// The words of a statement outside parentheses: unquoted words in capitals, quoted names with their quotes.
/// Strings, numbers, operators and comments are left out. If the text can't be cut into tokens, the result ends at that
/// place.
///
/// ```
/// use diesel_tenants_translate::words;
///
/// assert_eq!(words("/* all */ copy orders (id) TO stdout"), ["COPY", "ORDERS", "TO", "STDOUT"]);
/// assert_eq!(words("LOCK \"Orders\""), ["LOCK", "\"Orders\""]);
/// ```
pub fn words(statement: &str) -> Vec<String> {
    let mut words = Vec::new();
    let Ok(mut lexer) = Lexer::new(statement) else {
        return words;
    };
    let mut parens = 0_usize;
    while let Ok(token) = lexer.next() {
        match token.kind {
            Kind::End => break,
            Kind::Open => parens += 1,
            Kind::Close => parens = parens.saturating_sub(1),
            kind if parens == 0 && kind.is_label() => {
                let text = &statement[token.start as usize..token.end as usize];
                words.push(match kind {
                    Kind::Word(_) => text.to_ascii_uppercase(),
                    _ => text.to_owned(),
                });
            }
            _ => {}
        }
    }
    words
}
