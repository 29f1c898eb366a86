//! Which schemas a text names, if PostgreSQL reads the text anew at each use.

use std::collections::BTreeSet;

use super::{
    language::{BodyLanguage, Language},
    text::Text,
};
use crate::translate::TokenKind;

/// What a search found.
#[derive(Default)]
pub(super) struct Found {
    pub(super) names: BTreeSet<String>,
    pub(super) open: Vec<Question>,
}

/// Decides whether a name in a text is a schema's, if an alias in the text has the name as well.
#[derive(PartialEq, Eq)]
pub(super) struct Question {
    pub(super) text: String,
    pub(super) language: BodyLanguage,
    pub(super) name: String,
    /// Whether the text is a string inside another text.
    pub(super) may_be_prose: bool,
}

/// The values of the strings in a body, except messages; `None` if the body can't be read.
pub(super) fn strings(body: &str) -> Option<Vec<String>> {
    let text = Text::of(body)?;
    let is_string = |&at: &usize| text.kind(at) == Some(TokenKind::String) && !text.is_message(at);
    let strings = (0..text.len()).filter(is_string);
    Some(strings.map(|at| text.says(at).into_owned()).collect())
}

/// Searches a text for names of schemas. `has_parameter`: whether a parameter of the function has such a name.
pub(super) fn search(text: &str, language: Language, has_parameter: bool, is_schema: &dyn Fn(&str) -> bool) -> Found {
    let mut search = Search {
        is_schema,
        has_parameter,
        found: Found::default(),
    };
    match language {
        Language::Foreign => search.words(text),
        _ => search.statements(text, language, language == Language::Arguments, 0),
    }
    search.found
}

/// How deep strings in strings are read.
const DEEPEST: usize = 4;

struct Search<'a> {
    is_schema: &'a dyn Fn(&str) -> bool,
    has_parameter: bool,
    found: Found,
}

impl Search<'_> {
    fn add(&mut self, name: &str) {
        if (self.is_schema)(name) {
            self.found.names.insert(name.to_owned());
        }
    }

    /// `takes_names`: whether any string may become a name.
    fn statements(&mut self, sql: &str, language: Language, takes_names: bool, depth: usize) {
        let Some(text) = Text::of(sql) else {
            return self.words(sql);
        };
        let takes_names = takes_names || text.takes_names();
        for at in 0..text.len() {
            match text.kind(at) {
                Some(kind) if language.has_names() && kind.is_label() => {
                    let name = text.name(at);
                    if !(self.is_schema)(&name) {
                        continue;
                    }
                    if text.is_schemas(at, takes_names, language == Language::SQL)
                        || self.is_a_name(&text, at, takes_names)
                    {
                        self.found.names.insert(name.into_owned());
                    } else if let Language::Body(language) = language {
                        self.leave_open(&text, at, language, depth);
                    }
                }
                Some(TokenKind::String) if language.has_names() || !text.is_bound(at) => {
                    let is_argument = match language {
                        _ if depth > 0 => false,
                        Language::Body(_) => !text.is_compared(at),
                        _ => text.is_argument(at),
                    };
                    self.string(&text, at, takes_names, is_argument, depth);
                }
                _ => {}
            }
        }
    }

    fn string(&mut self, text: &Text<'_>, at: usize, takes_names: bool, is_argument: bool, depth: usize) {
        if text.is_message(at) {
            return;
        }
        let content = text.says(at);
        if takes_names || is_argument {
            self.add(&content);
            if let Some(elements) = content.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
                elements
                    .split(',')
                    .for_each(|element| self.add(element.trim_matches('"')));
            }
        }
        if depth < DEEPEST {
            self.statements(&content, Language::SQL, takes_names || text.is_joined(at), depth + 1);
        }
    }

    /// Every word counts that has a dot after it, or is alone between quotes, spaces or equals signs.
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

    /// Whether the name before a dot is not known to be an alias, a record or a parameter.
    fn is_a_name(&self, text: &Text<'_>, at: usize, takes_names: bool) -> bool {
        text.is_in_front(at, takes_names) && !self.has_parameter && !text.may_be_alias(&text.name(at))
    }

    /// An alias has the name as well, so only the grammar can distinguish them.
    fn leave_open(&mut self, text: &Text<'_>, at: usize, language: BodyLanguage, depth: usize) {
        if !text.is_in_front(at, false) {
            return;
        }
        let question = Question {
            text: text.sql().to_owned(),
            language,
            name: text.name(at).into_owned(),
            may_be_prose: depth > 0,
        };
        if !self.found.open.contains(&question) {
            self.found.open.push(question);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::backend::postgres::structure::names;

    const PLPGSQL: Language = Language::Body(BodyLanguage::PlPgSql);

    fn names(language: Language, text: &str, name: &str) -> bool {
        names::names(text, language, name, false)
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
            "BEGIN DELETE FROM client1 .notes; END",
            "BEGIN DELETE FROM client1\n. notes; END",
            "SELECT count(*) FROM U&\"clien\\00741\".notes",
            r"BEGIN EXECUTE E'DELETE FROM clien\x741.notes'; END",
            "BEGIN PERFORM public.empty('client1'); END",
            "DECLARE s text = 'client1'; BEGIN PERFORM public.empty(s); END",
            "DECLARE s text; BEGIN s = 'client1'; PERFORM public.empty(s); END",
            "DECLARE s text; BEGIN s := 'client1'; PERFORM public.empty(s); END",
            "BEGIN RETURN 'client1'; END",
            "BEGIN PERFORM public.run('DELETE FROM client1.' || t); END",
            "DECLARE client1 record; BEGIN TRUNCATE client1.notes; END",
            "DECLARE client1 record; BEGIN LOCK client1.notes; END",
            "DECLARE client1 record; BEGIN IF true THEN ALTER TABLE client1.notes ADD x int; END IF; END",
            "DECLARE client1 record; BEGIN COMMENT ON TABLE client1.notes IS 'x'; END",
            "DECLARE client1 record; BEGIN GRANT SELECT ON client1.notes TO x; END",
            "DECLARE client1 record; BEGIN DROP VIEW client1.notes; END",
            "DECLARE client1 record; BEGIN CALL client1.p(); END",
            "DECLARE client1 record; v client1.mood; BEGIN NULL; END",
            "DECLARE client1 record; BEGIN SELECT 1 FROM notes a, client1.notes b INTO client1; END",
        ] {
            assert!(names(PLPGSQL, body, "client1"), "{body}");
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
            (
                "test",
                "BEGIN IF NEW.mode = 'test' THEN RAISE NOTICE 'test'; END IF; RETURN NEW; END",
            ),
            (
                "test",
                "BEGIN RETURN mode IN ('x', 'test'::text) OR 'test' = mode OR mode IS DISTINCT FROM 'test'; END",
            ),
            (
                "test",
                "BEGIN CASE mode WHEN 'test' THEN UPDATE t SET mode = 'test'; END CASE; END",
            ),
            ("items", "BEGIN RAISE EXCEPTION 'No items. Please order.'; END"),
            (
                "items",
                "BEGIN EXECUTE format('DELETE FROM %I.t', TG_TABLE_SCHEMA); RAISE NOTICE '% items', n; END",
            ),
            (
                "a",
                "DECLARE a record; BEGIN SELECT x INTO a.x FROM t; PERFORM a.x; RETURN extract(year FROM a.y); END",
            ),
            (
                "new",
                "BEGIN IF NEW.x IS DISTINCT FROM new.y THEN RETURN new; END IF; END",
            ),
        ] {
            assert!(!names(PLPGSQL, body, name), "{body}");
        }
    }

    #[test]
    fn an_alias_of_a_table_without_a_schema_is_none_in_sql_either() {
        let sql = Language::Body(BodyLanguage::Sql);
        assert!(!names(
            sql,
            "SELECT a.note /* a.x */ FROM more a WHERE a.note = 'a' -- a.x",
            "a"
        ));
        assert!(names(sql, "SELECT a.note FROM more a, a.more b", "a"));
        assert!(names(sql, "SELECT a.note FROM more a; TRUNCATE a.more", "a"));
    }

    #[test]
    fn of_a_deparsed_text_only_unbound_strings_count() {
        for (is_named, text) in [
            (true, "nextval(('client1.seq'::text)::regclass)"),
            (true, "(CURRENT_SCHEMA = 'client1'::name)"),
            (false, "nextval('client1.seq'::regclass)"),
            (false, "SELECT client1.id FROM client1.notes client1"),
            (false, "'client1'::text"),
            (true, "public.next_no('client1'::text)"),
            (true, "public.next_no(ARRAY['x'::text, lower('client1'::text)])"),
            (true, "public.next_no('{client1,x}'::text[])"),
            (true, "SELECT r FROM public.rows_of('client1'::text) r(r)"),
            (true, "(s OPERATOR(public.@@) 'client1'::text)"),
            (true, "('client1'::text OPERATOR(public.@@) s)"),
            (false, "lower('client1'::text)"),
            (false, "pg_catalog.lower('client1'::text)"),
            (false, "(public.mood(x) = 'client1'::text)"),
            (false, "'client1'::public.mood"),
            (false, "CREATE FUNCTION public.f(x text DEFAULT 'client1'::text)"),
            (false, "INSERT INTO public.log (who) VALUES ('client1'::text)"),
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
