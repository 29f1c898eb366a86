//! The translator against an independent grammar: statements at random, in which `squawk-syntax` finds the names to
//! translate by rules written a second time (`reference`). Both must make the same text of each, and that text must
//! still be SQL.
//!
//! `DIFFERENTIAL_STATEMENTS` is how many texts are tried, `DIFFERENTIAL_SEED` the first one's seed:
//!
//! ```text
//! DIFFERENTIAL_STATEMENTS=1000000 cargo test --release --test differential
//! ```
//!
//! Some texts are SQL that the parser can't read, such as clauses behind a query in parentheses inside of an expression
//! (`SELECT ((SELECT 1) ORDER BY 1)`): these are counted and left out. Not generated at all: bodies of functions,
//! CREATE SCHEMA with elements, and what stands in strings; nor a query in FROM without an alias, of which the parser
//! makes a set operation if one follows.

mod generator;
mod grammar;
mod reference;

use diesel_tenants::SchemaTranslateMap;
use squawk_syntax::{SourceFile, SyntaxKind, SyntaxNode};

use crate::{generator::Generator, reference::Reference};

const TENANT: &str = "client1";
const NAMED: [(&str, &str); 2] = [("public", "public"), ("shared", "shared_x")];

fn from_environment(variable: &str, default: u64) -> u64 {
    match std::env::var(variable) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{variable} must be a number")),
        Err(_) => default,
    }
}

/// At most one text in so many may be one that the parser can't read.
const READABLE: u64 = 50;

#[test]
fn both_grammars_find_the_same_names() {
    let first = from_environment("DIFFERENTIAL_SEED", 0);
    let texts = from_environment("DIFFERENTIAL_STATEMENTS", 2000);
    let (mut bytes, mut unread, mut different) = (0, 0, 0);
    for seed in first..first + texts {
        let sql = Generator::text(seed);
        bytes += sql.len();
        match compare(&sql) {
            Outcome::Same => {}
            Outcome::Unread => unread += 1,
            Outcome::Different(difference) => {
                different += 1;
                eprintln!("seed {seed}: {difference}\n{sql}\n");
            }
        }
        assert!(different < 20, "too many differences to go on");
    }
    eprintln!(
        "{texts} texts from seed {first}, {bytes} bytes; {unread} not read by the parser, {different} differences"
    );
    assert_eq!(different, 0, "texts are read differently");
    assert!(unread <= texts / READABLE, "the parser reads too few of the texts");
}

enum Outcome {
    Same,
    /// The parser finds an error in the generated text.
    Unread,
    Different(String),
}

fn compare(sql: &str) -> Outcome {
    let parsed = SourceFile::parse(sql);
    if !parsed.errors().is_empty() {
        return Outcome::Unread;
    }
    let reference = Reference::new(&parsed.syntax_node());
    let tenant = SchemaTranslateMap::tenant(TENANT.parse().expect("a name"));
    let mapped = NAMED.iter().fold(tenant.clone(), |map, (key, schema)| {
        map.with(*key, schema.parse().expect("a name"))
    });
    for (map, named) in [(tenant, &[][..]), (mapped, &NAMED)] {
        let ours = match map.translate(sql) {
            Ok(ours) => ours,
            Err(error) => return Outcome::Different(error.to_string()),
        };
        let theirs = reference.apply(sql, TENANT, named);
        if ours != theirs {
            return Outcome::Different(format!("ours:\n{ours}\ntheirs:\n{theirs}\n"));
        }
        if let Some(error) = SourceFile::parse(&ours).errors().first() {
            return Outcome::Different(format!("no SQL any more, {error:?}:\n{ours}"));
        }
    }
    Outcome::Same
}

/// What an identifier names: folded, without its quotes, decoded.
fn identifier(node: &SyntaxNode) -> String {
    let tokens: Vec<String> = node
        .descendants_with_tokens()
        .filter_map(|element| element.into_token())
        .filter(|token| !matches!(token.kind(), SyntaxKind::WHITESPACE | SyntaxKind::COMMENT))
        .map(|token| token.text().to_owned())
        .collect();
    let mut name = match tokens[0].split_once('"') {
        None => tokens[0].to_ascii_lowercase(),
        Some((prefix, rest)) => {
            let inner = rest.strip_suffix('"').expect("a closing quote").replace("\"\"", "\"");
            // U&"…" UESCAPE '!'
            let escape = tokens.get(2).map_or("\\", |string| string.trim_matches('\''));
            if prefix.is_empty() {
                inner
            } else {
                decode(&inner, escape)
            }
        }
    };
    name.truncate(diesel_tenants_translate::quote::clipped(&name, 63).len());
    name
}

/// `\0061` and `\+000061`, which are the only escapes that are generated.
fn decode(inner: &str, escape: &str) -> String {
    let mut pieces = inner.split(escape);
    let mut name = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        let (digits, rest) = match piece.strip_prefix('+') {
            Some(long) => long.split_at(6),
            None => piece.split_at(4),
        };
        let code = u32::from_str_radix(digits, 16).expect("hexadecimal digits");
        name.push(char::from_u32(code).expect("a character"));
        name += rest;
    }
    name
}
