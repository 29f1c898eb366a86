//! What one statement of a migration works on, by its tokens.

use super::{
    reader::{Reader, word},
    words::{FILLERS, MODIFIERS, NAMED, OF_ALL, OF_RELATION},
};
use crate::translate::{Token, TokenKind, identifier_name};

/// An object that a statement creates, alters or drops outside the tenant's schema.
pub(super) struct Target {
    /// The schema that the statement names, if any.
    pub(super) schema: Option<String>,
    /// Where the object's name ends in the text.
    pub(super) end: usize,
}

/// The targets outside the tenant's schema of one statement, which is given by its tokens.
pub(super) fn target(sql: &str, tokens: &[Token]) -> Vec<Target> {
    let mut reader = Reader::new(sql, tokens);
    let verb = reader.next_word();
    match &*verb {
        "create" | "alter" | "drop" => reader.object(&verb),
        "comment" | "security" => {
            reader.past("on");
            reader.object(&verb)
        }
        "grant" | "revoke" => reader.grant(),
        "truncate" => {
            reader.skip(&["table"]);
            reader.names(true)
        }
        "refresh" => {
            reader.skip(&["materialized", "view"]);
            reader.names(false)
        }
        "import" => {
            reader.past("into");
            reader.whole(1)
        }
        "reassign" => reader.whole(1),
        "set" => {
            reader.skip(&["session", "local"]);
            reader.search_path()
        }
        "select" | "with" | "values" => reader.query(),
        _ => Vec::new(),
    }
}

impl Reader<'_> {
    /// After CREATE, ALTER, DROP, or COMMENT ON: a kind of object and its name.
    fn object(&mut self, verb: &str) -> Vec<Target> {
        let first = self.at;
        self.skip(&MODIFIERS);
        if self.tokens[first..self.at.min(self.tokens.len())]
            .iter()
            .any(|token| ["temp", "temporary"].contains(&&*word(self.sql, *token)))
        {
            return Vec::new();
        }
        if self.peek_word() == "text" {
            self.skip(&["text", "search"]);
        }
        // COMMENT ON COLUMN a.b names a table's column, COMMENT ON CONSTRAINT a ON b a table's constraint.
        let is_constraint = self.at > first && word(self.sql, self.tokens[self.at - 1]) == "constraint";
        if (verb == "comment" || verb == "security") && is_constraint {
            self.past("on");
            self.skip(&["domain"]);
            return self.names(false);
        }
        let kind = self.next_word();
        let is_relations = OF_RELATION.contains(&&*kind) && (verb == "create" || kind != "index");
        if is_relations {
            // In CREATE RULE, the event has an ON of its own.
            self.past(if kind == "rule" && verb == "create" { "to" } else { "on" });
            self.skip(&["only"]);
            return self.names(false);
        }
        if kind == "column" {
            return self.column();
        }
        if OF_ALL.contains(&&*kind) {
            if ["event", "access"].contains(&&*kind) {
                self.at += 1;
            }
            self.skip(&FILLERS);
            return self.whole(1);
        }
        if !NAMED.contains(&&*kind) {
            // The server doesn't know such a statement either.
            return Vec::new();
        }
        self.skip(&FILLERS);
        let mut found = self.names(verb == "drop");
        if verb == "alter" && found.is_empty() {
            found = self.new_schema();
        }
        found
    }

    /// `SET SCHEMA other` after the name of the altered object.
    fn new_schema(&mut self) -> Vec<Target> {
        while self.at < self.tokens.len() {
            if self.next_word() == "set" && self.peek_word() == "schema" {
                self.at += 1;
                return self.schema_name();
            }
        }
        Vec::new()
    }

    fn schema_name(&self) -> Vec<Target> {
        let name = self.peek().filter(|token| token.kind.is_label());
        name.map(|token| Target {
            schema: Some(identifier_name(self.sql, token).into_owned()),
            end: token.end as usize,
        })
        .into_iter()
        .collect()
    }

    /// One name, or several with commas between them: the first name that has a schema.
    fn names(&mut self, are_many: bool) -> Vec<Target> {
        loop {
            let parts = self.dotted();
            if let [.., schema, name] = parts.as_slice() {
                return self.outside(*schema, *name);
            }
            if !are_many || self.peek().is_none_or(|token| token.kind != TokenKind::Comma) {
                return Vec::new();
            }
            self.at += 1;
        }
    }

    /// `[schema.]table.column`
    fn column(&mut self) -> Vec<Target> {
        match self.dotted().as_slice() {
            [.., schema, _, column] => self.outside(*schema, *column),
            _ => Vec::new(),
        }
    }

    fn outside(&self, schema: Token, last: Token) -> Vec<Target> {
        let schema = identifier_name(self.sql, schema).into_owned();
        if schema == "pg_temp" {
            return Vec::new();
        }
        vec![Target {
            schema: Some(schema),
            end: last.end as usize,
        }]
    }

    /// The statement up to the end of `more` further tokens.
    fn whole(&mut self, more: usize) -> Vec<Target> {
        let last = (self.at + more).min(self.tokens.len());
        let end = self.tokens[..last].last().map(|token| token.end as usize);
        end.map(|end| Target { schema: None, end }).into_iter().collect()
    }

    fn grant(&mut self) -> Vec<Target> {
        let start = self.at;
        self.past("on");
        if self.at >= self.tokens.len() {
            // A role is granted to another role.
            self.at = start;
            return self.whole(3);
        }
        match &*self.peek_word() {
            "schema" => {
                self.at += 1;
                self.schema_name()
            }
            "all" => {
                self.past("schema");
                self.schema_name()
            }
            "database" | "foreign" | "language" | "large" | "parameter" | "tablespace" => self.whole(2),
            _ => {
                self.skip(&[
                    "table",
                    "sequence",
                    "function",
                    "procedure",
                    "routine",
                    "type",
                    "domain",
                ]);
                self.names(true)
            }
        }
    }

    /// `SET search_path = first`, unless it is empty.
    fn search_path(&mut self) -> Vec<Target> {
        if self.next_word() != "search_path" {
            return Vec::new();
        }
        self.at += 1;
        let Some(value) = self.peek() else { return Vec::new() };
        let text = &self.sql[value.start as usize..value.end as usize];
        if ["''", "\"\""].contains(&text) || ["default", "pg_catalog"].contains(&&*text.to_ascii_lowercase()) {
            return Vec::new();
        }
        vec![Target {
            schema: Some(identifier_name(self.sql, value).trim_matches('\'').to_owned()),
            end: value.end as usize,
        }]
    }

    /// `SELECT … INTO schema.table`, and `set_config('search_path', 'schema', …)`.
    fn query(&mut self) -> Vec<Target> {
        let text = |token: &Token| &self.sql[token.start as usize..token.end as usize];
        let is_path = |window: &&[Token]| {
            word(self.sql, window[0]) == "set_config"
                && text(&window[2]) == "'search_path'"
                && window[4].kind == TokenKind::String
                && !["''", "'pg_catalog'"].contains(&text(&window[4]))
        };
        if let Some(window) = self.tokens.windows(5).find(is_path) {
            return vec![Target {
                schema: Some(text(&window[4]).trim_matches('\'').to_owned()),
                end: window[4].end as usize,
            }];
        }
        let inserts = self
            .tokens
            .iter()
            .any(|token| ["insert", "merge"].contains(&&*word(self.sql, *token)));
        if inserts {
            return Vec::new();
        }
        self.past("into");
        self.skip(&["unlogged", "table"]);
        self.names(false)
    }
}
