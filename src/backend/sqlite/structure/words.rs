/// The words of a statement with single spaces between them, without comments: two texts with the same words mean the
/// same. What is quoted stays as it is.
pub(super) fn words(sql: &str) -> String {
    let mut out = String::with_capacity(sql.len());
    let mut rest = sql;
    let mut is_apart = false;
    while let Some(first) = rest.chars().next() {
        if first.is_ascii_whitespace() {
            rest = &rest[1..];
            is_apart = true;
            continue;
        }
        if rest.starts_with("--") || rest.starts_with("/*") {
            let end = if rest.starts_with("--") { "\n" } else { "*/" };
            rest = rest[2..].split_once(end).map_or("", |(_, rest)| rest);
            is_apart = true;
            continue;
        }
        let length = match first {
            '\'' | '"' | '`' => quoted(rest, first),
            '[' => rest.find(']').map_or(rest.len(), |end| end + 1),
            first => first.len_utf8(),
        };
        // Between two words only: a bracket, a comma or an operator needs no space.
        let is_word = |c: char| c.is_alphanumeric() || matches!(c, '_' | '$' | '\'' | '"' | '`' | '[' | ']');
        if is_apart && is_word(first) && out.chars().next_back().is_some_and(is_word) {
            out.push(' ');
        }
        is_apart = false;
        out.push_str(&rest[..length]);
        rest = &rest[length..];
    }
    out
}

/// How long the quoted text is that begins here. A quote in it is doubled, and so begins another text at once.
fn quoted(text: &str, quote: char) -> usize {
    text[1..].find(quote).map_or(text.len(), |end| end + 2)
}

#[cfg(test)]
mod tests {
    use super::words;

    #[test]
    fn spaces_and_comments_are_no_difference_and_quoted_text_is() {
        let same = [
            "CREATE TABLE a (b INT, c TEXT DEFAULT 'x  y')",
            "CREATE  TABLE a(b INT /* number */ ,\n c TEXT -- text\n DEFAULT 'x  y' )",
        ];
        assert_eq!(words(same[0]), words(same[1]));
        assert_eq!(words(same[0]), "CREATE TABLE a(b INT,c TEXT DEFAULT 'x  y')");
        for different in [
            "CREATE TABLE a (b INT, c TEXT DEFAULT 'x y')",
            "CREATE TABLE a (bINT, c TEXT DEFAULT 'x  y')",
            "CREATE TABLE a (b INT, c TEXT DEFAULT 'x  y' /* unterminated",
        ] {
            assert_ne!(words(same[0]), words(different));
        }
        assert_eq!(words("a 'it''s  --' b"), "a 'it''s  --' b");
        assert_eq!(words("\"a  b\"[c  d]`e  f`"), "\"a  b\"[c  d]`e  f`");
    }
}
