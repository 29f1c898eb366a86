//! SQL without the name of the schema that it is about.
//!
//! PostgreSQL's deparsers, under an empty search_path, write the schema before every name that is not PostgreSQL's own. In its place
//! goes a mark, which [`render`] replaces by any schema's name.

use crate::{
    SchemaName,
    translate::{Lexer, SchemaTranslateMap, Token, TokenKind, identifier_name},
};

/// Stands for the schema's name as an identifier.
pub(super) const IDENTIFIER: &str = "\"\u{1}this schema\u{1}\"";
/// Stands for the same within a string.
const IN_STRING: &str = "\"\u{2}this schema\u{2}\"";
/// Stands for the schema's name as a string.
const STRING: &str = "'\u{3}this schema\u{3}'";

/// A text in which marks stand for the schema's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Neutral {
    pub(super) text: String,
    /// Whether it is certain which names are the schema's.
    pub(super) is_clear: bool,
}

/// The text for a schema.
pub(crate) fn render(text: &str, schema: &SchemaName) -> String {
    if !text.contains(['\u{1}', '\u{2}', '\u{3}']) {
        return text.to_owned();
    }
    text.replace(IDENTIFIER, schema.quoted())
        .replace(IN_STRING, &schema.quoted().replace('\'', "''"))
        .replace(STRING, &literal(schema.as_str()))
}

/// A deparsed piece of SQL that holds no query, about another schema.
pub(crate) fn moved(sql: &str, from: &SchemaName, to: &SchemaName) -> String {
    render(&neutral(sql, from, false).text, to)
}

/// The text as people read it, without any schema.
pub(super) fn unqualified(text: &str) -> String {
    text.replace(&format!("{IDENTIFIER}."), "")
        .replace(&format!("{IN_STRING}."), "")
}

/// Takes the name of `schema` out of a deparsed statement, or a part of one. `holds_queries`: see [`Kind`](super::Kind).
pub(super) fn neutral(sql: &str, schema: &SchemaName, holds_queries: bool) -> Neutral {
    let Some(tokens) = Tokens::of(sql, schema.as_str()) else {
        return Neutral {
            text: sql.to_owned(),
            is_clear: false,
        };
    };
    if holds_queries && tokens.may_be_alias() {
        // A function's header, in which types may stand anywhere, has no aliases.
        match tokens.atomic_body() {
            _ if !tokens.is_function() => return by_grammar(sql, schema),
            Some((start, end)) => {
                let header = neutral(&sql[..start], schema, false);
                let body = by_grammar(&sql[start..end], schema);
                return Neutral {
                    text: header.text + &body.text + &sql[end..],
                    is_clear: header.is_clear && body.is_clear,
                };
            }
            None => {}
        }
    }
    let mut out = tokens.replaced(|at| tokens.qualifies(at));
    out.is_clear &= !tokens.has_body || tokens.body_is_clear();
    out
}

/// In a query with an alias, or a column, named like the schema: the translator knows them apart. What it does not look at are the
/// names of types, functions, operators and collations, which have their own places.
fn by_grammar(sql: &str, schema: &SchemaName) -> Neutral {
    let unclear = || Neutral {
        text: sql.to_owned(),
        is_clear: false,
    };
    let mark = SchemaName::new(IDENTIFIER.trim_matches('"')).expect("the mark is a valid name");
    let map = SchemaTranslateMap::new().with(schema.as_str(), mark);
    let Ok(translated) = map.translate(sql) else {
        return unclear();
    };
    match Tokens::of(&translated, schema.as_str()) {
        Some(tokens) if !tokens.has_body => tokens.replaced(|at| tokens.qualifies(at) && tokens.is_no_column(at)),
        _ => unclear(),
    }
}

struct Tokens<'a> {
    sql: &'a str,
    schema: &'a str,
    tokens: Vec<Token>,
    /// Whether there is a function's body in a string that may name the schema.
    has_body: bool,
}

impl<'a> Tokens<'a> {
    fn of(sql: &'a str, schema: &'a str) -> Option<Self> {
        let mut lexer = Lexer::new(sql).ok()?;
        let mut tokens = Vec::new();
        loop {
            let token = lexer.next().ok()?;
            if token.kind == TokenKind::End {
                break;
            }
            tokens.push(token);
        }
        let mut found = Self {
            sql,
            schema,
            tokens,
            has_body: false,
        };
        found.has_body = found.body().is_some_and(|body| mentions(found.text(body), schema));
        Some(found)
    }

    fn kind(&self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn text(&self, at: usize) -> &'a str {
        let Token { start, end, .. } = self.tokens[at];
        &self.sql[start as usize..end as usize]
    }

    fn is_word(&self, at: usize, word: &str) -> bool {
        matches!(self.kind(at), Some(TokenKind::Word(_))) && self.text(at).eq_ignore_ascii_case(word)
    }

    fn is_schemas_name(&self, at: usize) -> bool {
        self.tokens[at].kind.is_label() && identifier_name(self.sql, self.tokens[at]) == self.schema
    }

    fn is_behind_dot(&self, at: usize) -> bool {
        at > 0 && self.kind(at - 1) == Some(TokenKind::Dot)
    }

    /// Whether this is the schema's name in front of another one.
    fn qualifies(&self, at: usize) -> bool {
        self.is_schemas_name(at)
            && !self.is_behind_dot(at)
            && self.kind(at + 1) == Some(TokenKind::Dot)
            && self.kind(at + 2).is_some_and(TokenKind::is_label)
            || self.is_schemas_name(at) && self.is_operators(at)
    }

    fn is_function(&self) -> bool {
        (0..4.min(self.tokens.len())).any(|at| self.is_word(at, "function") || self.is_word(at, "procedure"))
    }

    /// Where the statements of a function are that has them in its own text, between `BEGIN ATOMIC` and `END`.
    fn atomic_body(&self) -> Option<(usize, usize)> {
        let atomic = (1..self.tokens.len()).find(|&at| self.is_word(at - 1, "begin") && self.is_word(at, "atomic"))?;
        let end = self.tokens.last()?.start;
        Some((self.tokens[atomic].end as usize, end as usize))
    }

    /// `OPERATOR(schema.+)`
    fn is_operators(&self, at: usize) -> bool {
        at >= 2 && self.is_word(at - 2, "operator") && self.kind(at - 1) == Some(TokenKind::Open)
    }

    /// Whether an alias, a column or a parameter may have the schema's name: they are all mentioned somewhere by themselves.
    fn may_be_alias(&self) -> bool {
        matches!(self.schema, "new" | "old" | "excluded")
            || (0..self.tokens.len()).any(|at| {
                self.is_schemas_name(at) && (self.kind(at + 1) != Some(TokenKind::Dot) || self.is_behind_dot(at))
            })
    }

    /// Whether the qualified name here is that of a type, function, operator or collation by where it stands.
    fn is_no_column(&self, at: usize) -> bool {
        self.kind(at + 3) == Some(TokenKind::Open)
            || at > 0 && (self.kind(at - 1) == Some(TokenKind::Cast) || self.is_word(at - 1, "collate"))
            || self.is_operators(at)
    }

    /// Where the function's body is, if it is a string of a language that may name tables.
    fn body(&self) -> Option<usize> {
        let language = (0..self.tokens.len()).find(|&at| self.is_word(at, "language"))?;
        if self.is_word(language + 1, "c") || self.is_word(language + 1, "internal") {
            return None;
        }
        (language..self.tokens.len()).find(|&at| {
            self.kind(at) == Some(TokenKind::String) && self.text(at).starts_with('$') && self.is_word(at - 1, "as")
        })
    }

    /// Whether in the body the schema's name is only ever a schema's.
    fn body_is_clear(&self) -> bool {
        let Some(body) = self.body() else { return true };
        let language = (0..body).find(|&at| self.is_word(at, "language")).unwrap_or(body);
        if !self.is_word(language + 1, "sql") && !self.is_word(language + 1, "plpgsql") {
            return false;
        }
        let Some(tokens) = Tokens::of(dollar_content(self.text(body)), self.schema) else {
            return false;
        };
        // A parameter of that name shows before the body.
        let strings = (0..tokens.tokens.len()).filter(|&at| tokens.kind(at) == Some(TokenKind::String));
        !tokens.may_be_alias()
            && !self.may_be_alias()
            && strings.into_iter().all(|at| !mentions(tokens.text(at), self.schema))
    }

    /// The text with marks where the schema's name stands: as `is_schema` says, in strings that name objects, in a search_path, and in
    /// the body.
    fn replaced(&self, is_schema: impl Fn(usize) -> bool) -> Neutral {
        let mut out = String::with_capacity(self.sql.len() + 32);
        let mut copied = 0;
        let mut in_search_path = false;
        let body = self.body().filter(|_| self.has_body);
        for at in 0..self.tokens.len() {
            let Token { kind, start, end } = self.tokens[at];
            in_search_path = match kind {
                TokenKind::String | TokenKind::Comma => in_search_path,
                _ => {
                    at >= 2
                        && self.is_word(at, "to")
                        && self.is_word(at - 1, "search_path")
                        && self.is_word(at - 2, "set")
                }
            };
            let replacement = match kind {
                TokenKind::String
                    if in_search_path && string_content(self.text(at)).as_deref() == Some(self.schema) =>
                {
                    Some(STRING.to_owned())
                }
                TokenKind::String if Some(at) == body => self.replaced_body(at),
                TokenKind::String if self.kind(at + 1) == Some(TokenKind::Cast) && self.is_object_type(at + 2) => {
                    self.replaced_string(at)
                }
                kind if kind.is_label() && is_schema(at) => Some(IDENTIFIER.to_owned()),
                _ => None,
            };
            if let Some(replacement) = replacement {
                out.push_str(&self.sql[copied..start as usize]);
                out.push_str(&replacement);
                copied = end as usize;
            }
        }
        out.push_str(&self.sql[copied..]);
        Neutral {
            text: out,
            is_clear: true,
        }
    }

    /// `regclass` and its kin, the types of which constants are names.
    fn is_object_type(&self, at: usize) -> bool {
        matches!(self.kind(at), Some(TokenKind::Word(_))) && self.text(at).starts_with("reg")
    }

    fn replaced_string(&self, at: usize) -> Option<String> {
        let content = string_content(self.text(at))?;
        let tokens = Tokens::of(&content, self.schema)?;
        let Neutral { text, .. } = tokens.replaced(|at| tokens.qualifies(at));
        (text != content).then(|| literal(&text).replace(IDENTIFIER, IN_STRING))
    }

    fn replaced_body(&self, at: usize) -> Option<String> {
        let content = dollar_content(self.text(at));
        let tokens = Tokens::of(content, self.schema)?;
        let Neutral { text, .. } = tokens.replaced(|at| tokens.qualifies(at));
        (text != content).then(|| literal(&text).replace(IDENTIFIER, IN_STRING))
    }
}

/// Whether a text has the schema's name with a dot behind it, as a whole word.
fn mentions(text: &str, schema: &str) -> bool {
    let quoted = format!("\"{}\".", schema.replace('"', "\"\""));
    if text.contains(&quoted) {
        return true;
    }
    let bare = format!("{schema}.");
    let lower = text.to_lowercase();
    lower
        .match_indices(&bare)
        .any(|(at, _)| !lower[..at].ends_with(|before: char| before.is_alphanumeric() || matches!(before, '_' | '$')))
}

/// What a plain string says, or one with backslashes doubled, as PostgreSQL writes them.
fn string_content(token: &str) -> Option<String> {
    let (inner, escapes) = match token.strip_prefix(['E', 'e']) {
        Some(rest) => (rest, true),
        None => (token, false),
    };
    let inner = inner.strip_prefix('\'')?.strip_suffix('\'')?.replace("''", "'");
    Some(if escapes { inner.replace("\\\\", "\\") } else { inner })
}

/// What stands between the tags of `$tag$…$tag$`.
fn dollar_content(token: &str) -> &str {
    let tag = token[1..].find('$').map_or(token.len(), |at| at + 2);
    token.get(tag..token.len().saturating_sub(tag)).unwrap_or_default()
}

/// A plain string: backslashes mean themselves, as on every connection of ours.
fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn through(sql: &str, from: &str, to: &str, queries: bool) -> String {
        let Neutral { text, is_clear } = neutral(sql, &SchemaName::new(from).unwrap(), queries);
        assert!(is_clear, "{sql}");
        render(&text, &SchemaName::new(to).unwrap())
    }

    #[test]
    fn the_schema_is_replaced_where_it_qualifies_and_nowhere_else() {
        for (sql, expected) in [
            (
                "CREATE TABLE a.a (a a.a, b text DEFAULT 'a.b')",
                "CREATE TABLE \"it's\".a (a \"it's\".a, b text DEFAULT 'a.b')",
            ),
            ("nextval('a.s'::regclass)", "nextval('\"it''s\".s'::regclass)"),
            ("'a.f(a.t)'::regprocedure", "'\"it''s\".f(\"it''s\".t)'::regprocedure"),
            (
                "x OPERATOR(a.+) y COLLATE a.c",
                "x OPERATOR(\"it's\".+) y COLLATE \"it's\".c",
            ),
            (
                "SET search_path TO 'a', 'b' AS 'a'",
                "SET search_path TO 'it''s', 'b' AS 'a'",
            ),
        ] {
            assert_eq!(through(sql, "a", "it's", false), expected);
        }
    }

    #[test]
    fn an_alias_named_like_the_schema_stays() {
        assert_eq!(
            through(
                "CREATE VIEW a.v AS SELECT a.x::a.mood, a.f(a.y) FROM a.a, a.t",
                "a",
                "b",
                true
            ),
            "CREATE VIEW \"b\".v AS SELECT a.x::\"b\".mood, \"b\".f(a.y) FROM \"b\".a, \"b\".t"
        );
    }

    #[test]
    fn a_body_follows_its_schema_or_is_unclear() {
        let function = |language: &str, body: &str| {
            format!(
                "CREATE OR REPLACE FUNCTION a.f()\n RETURNS void\n LANGUAGE {language}\nAS $function${body}$function$\n"
            )
        };
        assert_eq!(
            through(
                &function("plpgsql", "BEGIN INSERT INTO a.t VALUES ('x'); END"),
                "a",
                "b'",
                true
            ),
            "CREATE OR REPLACE FUNCTION \"b'\".f()\n RETURNS void\n LANGUAGE plpgsql\n\
             AS 'BEGIN INSERT INTO \"b''\".t VALUES (''x''); END'\n"
        );
        let a = SchemaName::new("a").unwrap();
        for (language, body) in [
            ("plpgsql", "DECLARE a record; BEGIN a.x := 1; END"),
            ("plpgsql", "BEGIN EXECUTE 'DELETE FROM a.t'; END"),
            ("plpython3u", "plpy.execute('DELETE FROM a.t')"),
        ] {
            assert!(!neutral(&function(language, body), &a, true).is_clear, "{body}");
        }
        assert!(neutral(&function("plpgsql", "BEGIN NULL; END"), &a, true).is_clear);
    }
}
