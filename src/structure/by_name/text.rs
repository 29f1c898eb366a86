//! Which schemas a text names, where PostgreSQL reads it anew each time that it is used.

use std::{borrow::Cow, collections::BTreeSet};

use crate::translate::{Token, TokenKind, identifier_name, string_content, tokens};

/// What a text is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Language {
    /// The body of a function in SQL or PL/pgSQL: names and strings count.
    Body,
    /// What PostgreSQL deparses: names are bound to their objects, strings are not.
    Expression,
    /// Arguments of a trigger: strings that are handed to a function, whatever it does with them.
    Arguments,
    /// Something that only its reader understands: options, and bodies in other languages.
    Foreign,
}

/// The names in a text that are those of schemas, as `is_schema` says. What may be an alias or a column counts as one.
pub(super) fn named(text: &str, language: Language, is_schema: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
    let mut search = Search {
        is_schema,
        found: BTreeSet::new(),
    };
    match language {
        Language::Body => search.statements(text, true, false, 0),
        Language::Expression => search.statements(text, false, false, 0),
        Language::Arguments => search.statements(text, false, true, 0),
        Language::Foreign => search.words(text),
    }
    search.found
}

/// Functions to which a string can be the name of a schema.
const TAKE_NAMES: [&str; 10] = [
    "execute",
    "set_config",
    "format",
    "concat",
    "quote_ident",
    "current_schema",
    "current_schemas",
    "pg_get_serial_sequence",
    "search_path",
    "to_regclass",
];

/// Strings within strings are looked into so deep.
const DEEPEST: usize = 4;

struct Search<'a> {
    is_schema: &'a dyn Fn(&str) -> bool,
    found: BTreeSet<String>,
}

impl Search<'_> {
    fn add(&mut self, name: &str) {
        if (self.is_schema)(name) {
            self.found.insert(name.to_owned());
        }
    }

    fn statements(&mut self, sql: &str, names_count: bool, strings_count: bool, depth: usize) {
        let Some(text) = Text::of(sql) else {
            return self.words(sql);
        };
        let takes_names = strings_count || (0..text.tokens.len()).any(|at| text.takes_names(at));
        for at in 0..text.tokens.len() {
            match text.kind(at) {
                Some(kind) if names_count && kind.is_label() => {
                    let name = text.name(at);
                    if (self.is_schema)(&name) && text.is_schemas(at, &name, takes_names) {
                        self.found.insert(name.into_owned());
                    }
                }
                Some(TokenKind::String) if names_count || !text.is_bound(at) => {
                    let content = string_content(text.text(at));
                    if takes_names {
                        self.add(&content);
                    }
                    if depth < DEEPEST {
                        self.statements(&content, true, takes_names, depth + 1);
                    }
                }
                _ => {}
            }
        }
    }

    /// Every word counts that has a dot behind it, or stands alone between quotes, spaces or signs of equality.
    fn words(&mut self, text: &str) {
        let is_part = |character: char| character.is_alphanumeric() || matches!(character, '_' | '$' | '-');
        for word in text
            .split(|character| !is_part(character))
            .filter(|word| !word.is_empty())
        {
            self.add(word);
        }
        for quoted in text.split('"').skip(1).step_by(2) {
            self.add(quoted);
        }
        if let Some((_, value)) = text.split_once('=') {
            self.add(value);
        }
    }
}

struct Text<'a> {
    sql: &'a str,
    tokens: Vec<Token>,
}

impl<'a> Text<'a> {
    fn of(sql: &'a str) -> Option<Self> {
        tokens(sql).map(|tokens| Self { sql, tokens })
    }

    fn kind(&self, at: usize) -> Option<TokenKind> {
        self.tokens.get(at).map(|token| token.kind)
    }

    fn text(&self, at: usize) -> &'a str {
        let Token { start, end, .. } = self.tokens[at];
        &self.sql[start as usize..end as usize]
    }

    fn name(&self, at: usize) -> Cow<'a, str> {
        identifier_name(self.sql, self.tokens[at])
    }

    fn is_one_of(&self, at: usize, words: &[&str]) -> bool {
        matches!(self.kind(at), Some(TokenKind::Word(_)))
            && words.iter().any(|word| self.text(at).eq_ignore_ascii_case(word))
    }

    fn is_behind_dot(&self, at: usize) -> bool {
        at > 0 && self.kind(at - 1) == Some(TokenKind::Dot)
    }

    fn takes_names(&self, at: usize) -> bool {
        // PostgreSQL writes `"current_schema"()`.
        let is_such = |name: &str| TAKE_NAMES.contains(&name) || name.starts_with("to_reg") || name.starts_with("reg");
        self.tokens[at].kind.is_label() && is_such(&self.name(at))
    }

    /// Whether PostgreSQL deparsed a constant of an object's type here, such as `'t'::regclass`: it is bound.
    fn is_bound(&self, at: usize) -> bool {
        self.kind(at + 1) == Some(TokenKind::Cast)
            && matches!(self.kind(at + 2), Some(TokenKind::Word(_)))
            && self.text(at + 2).starts_with("reg")
    }

    /// Whether the name here is a schema's.
    fn is_schemas(&self, at: usize, name: &str, takes_names: bool) -> bool {
        if self.is_behind_dot(at) {
            return false;
        }
        if self.is_on_search_path(at) {
            return true;
        }
        if self.kind(at + 1) != Some(TokenKind::Dot) {
            return false;
        }
        let Some(next) = self.kind(at + 2) else {
            // The begin of a name that is put together.
            return takes_names || self.tokens.len() == 2;
        };
        if !next.is_label() {
            return false;
        }
        let is_relation = at > 0
            && self.is_one_of(
                at - 1,
                &[
                    "from",
                    "join",
                    "into",
                    "update",
                    "table",
                    "only",
                    "references",
                    "truncate",
                    "call",
                    "perform",
                ],
            );
        is_relation
            || matches!(self.kind(at + 3), Some(TokenKind::Open | TokenKind::Dot))
            || self.is_one_of(at + 4, &["rowtype"])
            || at > 0 && self.kind(at - 1) == Some(TokenKind::Cast)
            || !self.may_be_alias(name)
    }

    /// `search_path = a, here` or `search_path TO here`
    fn is_on_search_path(&self, at: usize) -> bool {
        let mut before = at;
        while before > 1 {
            before -= 1;
            match self.kind(before) {
                Some(TokenKind::Comma | TokenKind::String) => {}
                Some(TokenKind::Operator) => {
                    return self.text(before) == "=" && self.is_one_of(before - 1, &["search_path"]);
                }
                Some(_) if self.is_one_of(before, &["to"]) => return self.is_one_of(before - 1, &["search_path"]),
                Some(kind) if kind.is_label() && self.kind(before + 1) == Some(TokenKind::Comma) => {}
                _ => return false,
            }
        }
        false
    }

    /// Whether a table, an alias, a record or a parameter has the name: it is mentioned somewhere by itself.
    fn may_be_alias(&self, name: &str) -> bool {
        matches!(name, "new" | "old" | "excluded")
            || (0..self.tokens.len()).any(|at| {
                self.tokens[at].kind.is_label()
                    && (self.kind(at + 1) != Some(TokenKind::Dot) || self.is_behind_dot(at))
                    && self.name(at) == name
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(language: Language, text: &str, name: &str) -> bool {
        !named(text, language, &|found| found == name).is_empty()
    }

    #[test]
    fn a_body_names_a_schema_by_a_name_or_a_string() {
        for body in [
            "BEGIN INSERT INTO client1.note_log VALUES (NEW.id); RETURN NEW; END",
            "SELECT * FROM notes, client1.note_log",
            "SELECT client1.f(1)",
            "SELECT 'client1.notes'::regclass",
            "SELECT nextval('\"client1\".seq')",
            "DECLARE v client1.notes%ROWTYPE; BEGIN END",
            "DECLARE v client1.mood; BEGIN END",
            "BEGIN SET LOCAL search_path TO public, client1; END",
            "BEGIN SET search_path = CLIENT1; END",
            "BEGIN PERFORM set_config('search_path', 'client1', true); END",
            "BEGIN EXECUTE 'SET search_path = client1'; END",
            "BEGIN EXECUTE format('DELETE FROM %I.notes', 'client1'); END",
            "BEGIN EXECUTE 'DELETE FROM client1.' || t; END",
            "BEGIN EXECUTE $q$ SELECT $i$client1.notes$i$::regclass $q$; END",
            "SELECT client1.id FROM client1.notes AS client1",
        ] {
            assert!(names(Language::Body, body, "client1"), "{body}");
        }
    }

    #[test]
    fn an_alias_a_record_a_comment_or_a_word_of_a_message_is_no_schema() {
        for (name, body) in [
            ("a", "SELECT a.id FROM notes a JOIN note_log b ON a.id = b.note_id"),
            ("new", "BEGIN INSERT INTO note_log VALUES (NEW.id); RETURN NEW; END"),
            ("client1", "SELECT 1 -- client1.notes"),
            ("client1", "SELECT 1 /* client1.notes */"),
            ("new", "UPDATE orders SET state = 'new' WHERE state = 'old'"),
            ("done", "BEGIN RAISE NOTICE 'All done.'; END"),
            ("client1", "SELECT * FROM client11.notes, x.client1"),
            ("orders", "SELECT orders.id FROM orders"),
        ] {
            assert!(!names(Language::Body, body, name), "{body}");
        }
    }

    #[test]
    fn of_a_deparsed_text_only_unbound_strings_count() {
        for (is_named, text) in [
            (true, "nextval(('client1.seq'::text)::regclass)"),
            (true, "(CURRENT_SCHEMA = 'client1'::name)"),
            (false, "nextval('client1.seq'::regclass)"),
            (false, "SELECT client1.id FROM client1.notes client1"),
            (false, "'client1'::text"),
        ] {
            assert_eq!(names(Language::Expression, text, "client1"), is_named, "{text}");
        }
        let trigger = "CREATE TRIGGER t AFTER INSERT ON client2.notes FOR EACH ROW EXECUTE FUNCTION log('client1')";
        assert!(names(Language::Arguments, trigger, "client1"));
        assert!(!names(Language::Arguments, trigger, "client2"));
    }

    #[test]
    fn options_and_other_languages_name_a_schema_by_a_word() {
        assert!(names(Language::Foreign, "schema_name=client1", "client1"));
        assert!(names(Language::Foreign, "schema_name=my tenant", "my tenant"));
        assert!(names(
            Language::Foreign,
            "plpy.execute('DELETE FROM client1.notes')",
            "client1"
        ));
        assert!(!names(Language::Foreign, "schema_name=client11", "client1"));
    }
}
