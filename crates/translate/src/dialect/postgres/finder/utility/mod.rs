//! Statements that are not queries: each kind is a row of steps in `kinds`, and the steps are executed here.
//!
//! The files beside this one read statements that name relations in special places.

mod function;
mod grant;
mod kinds;
mod maintenance;
mod publication;
mod rule;
mod table;

use super::{Finder, Frame, expression::Pause, from::FromList, scope::Env};
use crate::{
    dialect::postgres::{
        keyword::{Keyword, Stops},
        lexer::Kind,
    },
    error::Fault,
};
use kinds::Verb;

/// A step through a utility statement.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// Skips these words, as far as they come next in this order.
    Words(&'static [&'static str]),
    /// Skips `IF EXISTS`.
    IfExists,
    /// Skips options in parentheses, if they come next.
    Options,
    /// Continues after the next such keyword outside parentheses.
    Past(Keyword),
    /// Like `Past`, but without such a keyword the statement ends here.
    PastIfAny(Keyword),
    /// `[ONLY] relation [*]`; the keyword ALL in its place names no relation.
    Relation,
    /// `[IF NOT EXISTS] relation`, which the statement creates.
    New,
    /// `[IF NOT EXISTS] name` of an object of another kind, which the statement creates. The name is checked, but not
    /// skipped.
    NewObject,
    /// After the name of the relation that COPY writes to.
    CopySource,
    /// Relations with commas between them, or none; each may have columns in parentheses.
    Relations,
    /// `FROM relation`, if it comes next.
    FromRelation,
    /// `[schema.]relation.column`
    Column,
    /// Expressions, types, options: subqueries, REFERENCES and OWNED BY are found there, columns are left alone.
    Body,
    /// A query or data-modifying statement.
    Query,
    /// A query in parentheses, or a relation.
    QueryOrRelation,
    /// Columns in parentheses, if they come next: names that take no schema.
    ColumnList,
    /// A FROM clause.
    From,
    /// The frame that reads the rest.
    Then(Frame),
    AlterPublication,
    Cluster,
    CommentedConstraint,
    Declare,
    Explain,
    Grant,
    Import,
    Prepare,
    RecursiveView,
    Reindex,
    Rule,
    /// The statement leaves something on the session.
    Session,
    /// The statement may leave something on the session.
    MaySession,
    /// Nothing in the rest of the statement names a relation.
    Nothing,
}

impl Finder<'_> {
    pub(super) fn utility(&mut self) -> Result<(), Fault> {
        self.verb = self.token;
        match kinds::VERBS
            .iter()
            .find(|(word, _)| self.at_word(word))
            .map(|(_, verb)| verb)
        {
            Some(Verb::Steps(steps)) => {
                self.advance()?;
                self.stack.push(Frame::Steps(steps));
                Ok(())
            }
            Some(Verb::Of(kinds)) => {
                self.advance()?;
                self.kind(kinds)
            }
            Some(Verb::Create(kinds)) => {
                self.advance()?;
                self.skip_words(&["or", "replace", "trusted", "procedural", "unique", "constraint"])?;
                self.creates_temporary = self.skip_persistence()?;
                self.kind(kinds)
            }
            None if self.is_fragment()? => {
                self.stack.push(Frame::Fragment);
                Ok(())
            }
            None => Err(self.unexpected("no statement begins with this word")),
        }
    }

    /// Whether a text that begins with this word, which isn't a verb, is an expression.
    fn is_fragment(&self) -> Result<bool, Fault> {
        let continues = matches!(
            self.second()?.kind,
            Kind::Dot | Kind::Open | Kind::Operator | Kind::Star | Kind::Cast | Kind::OpenBracket | Kind::End
        );
        Ok(continues || self.at(Keyword::Not) || self.at(Keyword::Case) || self.at(Keyword::OtherReserved))
    }

    /// Skips `TEMPORARY` and similar words. Returns whether the created object is temporary.
    pub(super) fn skip_persistence(&mut self) -> Result<bool, Fault> {
        self.skip_words(&["global", "local"])?;
        let temporary = self.skip_word("temporary")? || self.skip_word("temp")?;
        if !temporary {
            self.skip_word("unlogged")?;
        }
        Ok(temporary)
    }

    /// Continues with the steps of the first of `kinds` whose words come next.
    fn kind(&mut self, kinds: &'static [kinds::Row]) -> Result<(), Fault> {
        for (words, steps) in kinds {
            let before = (self.tokens.taken(), self.token);
            let mut found = true;
            for word in words.split_ascii_whitespace() {
                found = found && self.skip_word(word)?;
            }
            // `SET local.x` is a setting of the class `local`.
            if found && self.token.kind != Kind::Dot {
                self.stack.push(Frame::Steps(steps));
                return Ok(());
            }
            self.tokens.go_back(before.0);
            self.token = before.1;
        }
        Err(self.unexpected("this kind of statement is unknown"))
    }

    pub(super) fn steps(&mut self, steps: &'static [Step]) -> Result<(), Fault> {
        let Some((&step, rest)) = steps.split_first() else {
            return Ok(());
        };
        match step {
            Step::Past(keyword) => return self.past(keyword, true, steps, rest),
            Step::PastIfAny(keyword) => return self.past(keyword, false, steps, rest),
            _ => self.stack.push(Frame::Steps(rest)),
        }
        match step {
            Step::Past(_) | Step::PastIfAny(_) => Ok(()),
            Step::Words(words) => self.skip_words(words),
            Step::IfExists => self.skip_existence(),
            Step::Options => self.skip_parens().map(drop),
            Step::Relation if self.at(Keyword::All) => self.nothing(),
            Step::Relation => {
                let name = self.relation_expression()?;
                self.record(&name);
                Ok(())
            }
            Step::New => {
                self.skip_existence()?;
                self.new_relation(self.creates_temporary)
            }
            Step::NewObject => self.new_object(),
            Step::CopySource => self.copy_source(),
            Step::Relations => self.relations(),
            Step::FromRelation => {
                if self.skip(Keyword::From)? {
                    self.relation()?;
                }
                Ok(())
            }
            Step::Column => self.relation_of_column(),
            Step::Body => self.body(),
            Step::Query => self.dml(Env::SILENT),
            Step::QueryOrRelation => {
                if self.skip_kind(Kind::Open)? {
                    self.stack.push(Frame::Close);
                    return self.dml(Env::SILENT);
                }
                self.relation()
            }
            Step::ColumnList => self.skip_parens().map(drop),
            Step::From => {
                let level = self.scopes.level(Env::SILENT);
                self.stack.push(Frame::FromItem(FromList::new(level, Env::SILENT, 0)));
                Ok(())
            }
            Step::Then(frame) => {
                self.stack.push(frame);
                Ok(())
            }
            Step::AlterPublication => self.alter_publication(),
            Step::Cluster => self.cluster(),
            Step::CommentedConstraint => self.commented_constraint(),
            Step::Declare => self.declare(),
            Step::Explain => self.explain(),
            Step::Grant => self.grant(),
            Step::Import => self.import(),
            Step::Prepare => self.prepare(),
            Step::RecursiveView => self.recursive_view(),
            Step::Reindex => self.reindex(),
            Step::Rule => self.rule(),
            Step::Session => {
                self.affects_session();
                Ok(())
            }
            Step::MaySession => {
                self.may_affect_session();
                Ok(())
            }
            Step::Nothing => self.nothing(),
        }
    }

    /// Continues after the next `keyword`, reading all expressions before it.
    fn past(
        &mut self,
        keyword: Keyword,
        required: bool,
        steps: &'static [Step],
        rest: &'static [Step],
    ) -> Result<(), Fault> {
        match self.expression(Env::SILENT, Stops::at(&[keyword]))? {
            Pause::Nested(nested) => {
                self.stack.push(Frame::Steps(steps));
                self.stack.push(nested.frame());
                Ok(())
            }
            Pause::Keyword(_) => {
                self.stack.push(Frame::Steps(rest));
                self.advance()
            }
            _ if required => Err(self.unexpected("a part of the statement is missing")),
            _ => Ok(()),
        }
    }

    /// Skips the rest of a statement. The statement may be a rule's action in parentheses, so a closing parenthesis
    /// ends it too.
    pub(super) fn nothing(&mut self) -> Result<(), Fault> {
        loop {
            match self.token.kind {
                Kind::Semicolon | Kind::End | Kind::Close => return Ok(()),
                Kind::Open => _ = self.skip_parens()?,
                _ => self.advance()?,
            }
        }
    }

    pub(super) fn body(&mut self) -> Result<(), Fault> {
        loop {
            match self.expression(Env::SILENT, REFERENCES)? {
                Pause::Nested(nested) => {
                    self.stack.push(Frame::Body);
                    self.stack.push(nested.frame());
                    return Ok(());
                }
                Pause::Keyword(keyword) => self.reference(keyword)?,
                Pause::Comma | Pause::End => return Ok(()),
            }
        }
    }

    /// `REFERENCES relation`, `OWNED BY relation.column`
    pub(super) fn reference(&mut self, keyword: Keyword) -> Result<(), Fault> {
        self.advance()?;
        if keyword == Keyword::References {
            self.relation()
        } else if self.skip_word("by")? && self.token.kind.is_label() {
            self.relation_of_column()
        } else {
            Ok(())
        }
    }

    /// The relation in `[schema.]relation.column`. A single name, such as a role or NONE, has no relation.
    fn relation_of_column(&mut self) -> Result<(), Fault> {
        if !self.token.kind.is_label() {
            return Err(self.unexpected("the name of a column was expected"));
        }
        let name = self.dotted()?;
        if let Some(relation) = name.without_last() {
            self.record(&relation);
        }
        Ok(())
    }

    pub(super) fn new_relation(&mut self, temporary: bool) -> Result<(), Fault> {
        let name = self.relation_name()?;
        self.created = Some(self.last(&name));
        let schema = self.schema(&name);
        if temporary || schema.is_some_and(|schema| self.name_of(schema) == "pg_temp") {
            self.note_temporary(self.last(&name));
        }
        // A temporary table lives in a schema of its own.
        if !temporary || schema.is_some() {
            self.record(&name);
        }
        Ok(())
    }

    fn relations(&mut self) -> Result<(), Fault> {
        if !self.token.kind.is_name() && !self.at(Keyword::Only) {
            return Ok(());
        }
        loop {
            let name = self.relation_expression()?;
            self.record(&name);
            self.skip_parens()?;
            if !self.skip_kind(Kind::Comma)? {
                return Ok(());
            }
        }
    }
}

const REFERENCES: Stops = Stops::at(&[Keyword::References, Keyword::Owned]);
