use super::*;
use crate::error::POISON;

/// The tokens of a text: kinds and spans' texts.
fn tokens(sql: &str) -> Vec<(Kind, &str)> {
    let mut lexer = Lexer::new(sql).unwrap();
    let mut tokens = Vec::new();
    loop {
        let Token { kind, start, end } = lexer.next().unwrap();
        if kind == Kind::End {
            assert_eq!((start as usize, end as usize), (sql.len(), sql.len()));
            return tokens;
        }
        tokens.push((kind, &sql[start as usize..end as usize]));
    }
}

fn texts(sql: &str) -> Vec<&str> {
    tokens(sql).into_iter().map(|(_, text)| text).collect()
}

fn single(sql: &str, kind: Kind) {
    assert_eq!(tokens(sql), [(kind, sql)], "{sql}");
}

fn fails(sql: &str, at: usize) {
    let mut lexer = match Lexer::new(sql) {
        Ok(lexer) => lexer,
        Err(fault) => return assert_eq!(fault.describe(sql).offset(), at, "{sql}"),
    };
    loop {
        match lexer.next() {
            Ok(token) => assert_ne!(token.kind, Kind::End, "{sql}"),
            Err(fault) => return assert_eq!(fault.describe(sql).offset(), at, "{sql}"),
        }
    }
}

#[test]
fn words_take_digits_dollars_and_any_letters() {
    for word in ["a", "_a1$b", "größe", "日本", "e", "u", "x1"] {
        single(word, Kind::Word(Keyword::None));
    }
    single("SeLeCt", Kind::Word(Keyword::Select));
    assert_eq!(texts("a-b"), ["a", "-", "b"]);
}

#[test]
fn quoted_identifiers_double_their_quotes() {
    for name in [r#""a""#, "\"a\n'--\"", "\"\u{1}\"", r#""of more than eight letters""#] {
        single(name, Kind::Quoted);
    }
    for name in [r#""a""b""#, "\"\"\"\""] {
        single(name, Kind::Encoded);
    }
    assert_eq!(texts(r#""a"."b""c""#), [r#""a""#, ".", r#""b""c""#]);
    fails(r#" "a"#, 1);
    fails(r#" "a"""#, 1);
    fails(r#" """#, 1);
}

#[test]
fn uescape_belongs_to_the_identifier_before_it() {
    single(r#"U&"a""#, Kind::Encoded);
    single(r#"u&"a!0061" UESCAPE '!'"#, Kind::Encoded);
    assert_eq!(texts(r#"U&"a" UESCAPE x"#), [r#"U&"a""#, "UESCAPE", "x"]);
    assert_eq!(texts(r#"U & "a""#), ["U", "&", r#""a""#]);
}

#[test]
fn strings_of_all_kinds() {
    for string in [
        "''",
        "'a''b'",
        "'\\'",
        "E'\\''",
        "e'a\\\\'",
        "B'01'",
        "x'1F'",
        "n'a'",
        "U&'\\0061'",
        "'\u{1}'",
    ] {
        single(string, Kind::String);
    }
    assert_eq!(texts("'\\' 'a'"), ["'\\'", "'a'"]);
    fails(" 'a", 1);
    fails(" E'a\\'", 2);
}

#[test]
fn strings_go_on_behind_a_newline() {
    single("'a'\n'b'", Kind::String);
    single("'a' -- b'\n  -- c\n'd'", Kind::String);
    single("E'a'\n'\\''", Kind::String);
    assert_eq!(texts("'a' 'b'"), ["'a'", "'b'"]);
    assert_eq!(texts("'a'\n/* b */'c'"), ["'a'", "'c'"]);
}

#[test]
fn dollar_quotes_end_with_their_own_tag() {
    for string in ["$$$$", "$$a'$b$$", "$a$ $$ $b$ $a$", "$ä$ $ä$", "$_1$$_1$"] {
        single(string, Kind::String);
    }
    single("$1", Kind::Parameter);
    assert_eq!(texts("$1$2"), ["$1", "$2"]);
    assert_eq!(texts("a$$b"), ["a$$b"]);
    fails(" $a$ $$", 1);
    fails(" $a", 1);
    fails(" $", 1);
}

#[test]
fn numbers() {
    for number in [
        "1", "1.5", "1.", ".5", "1e10", "1.5E-3", "1_000", "0x1F", "0b01", "0o17",
    ] {
        single(number, Kind::Number);
    }
    assert_eq!(texts("1..10"), ["1", ".", ".10"]);
    assert_eq!(texts("1e 1x"), ["1", "e", "1", "x"]);
}

#[test]
fn operators_end_at_comments_and_give_back_their_signs() {
    for operator in ["<=", "->>", "@-", "?|", "~~*", "+", "=>", "||/"] {
        single(operator, Kind::Operator);
    }
    single("*", Kind::Star);
    assert_eq!(texts("=-1"), ["=", "-", "1"]);
    assert_eq!(texts("*-1"), ["*", "-", "1"]);
    assert_eq!(texts("+--a\n-"), ["+", "-"]);
    assert_eq!(texts("*/*a*/+"), ["*", "+"]);
    assert_eq!(texts("::a:b"), ["::", "a", ":", "b"]);
    assert_eq!(texts(&"+-".repeat(100)).len(), 200);
}

#[test]
fn comments_nest() {
    assert_eq!(texts("a/*/**/*/b--c\r--d\ne"), ["a", "b", "e"]);
    assert_eq!(texts("--"), [""; 0]);
    fails("a /* /* */", 2);
    fails("/*/", 0);
}

#[test]
fn what_no_token_begins_with_is_a_fault() {
    for byte in ["\\", "{", "}", "\u{7f}", "\u{2}"] {
        fails(&format!("a {byte}"), 2);
    }
    fails("'a\0'", 2);
    fails(POISON, 0);
}
