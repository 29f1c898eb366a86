//! Statements that are no queries: each kind is a row of steps in [`kinds`](super::kinds), which are taken here.

use super::{
    super::{
        error::Fault,
        keyword::{Keyword, Stops},
        lexer::{Kind, Token},
    },
    Finder, Frame,
    expression::Pause,
    from::From,
    kinds,
    scope::Env,
};

/// A step through a utility statement.
#[derive(Clone, Copy)]
pub(super) enum Step {
    /// Skips these words as long as any of them comes next.
    Words(&'static [&'static str]),
    /// Skips options in parentheses, if they come next.
    Options,
    /// Reads on behind the next such keyword outside of parentheses.
    Past(Keyword),
    /// `[ONLY] relation [*]`, but the keyword ALL stands for many and ends the steps.
    Relation,
    /// A relation that the statement creates.
    New,
    /// Relations with commas between them, or none; each may have columns in parentheses.
    Relations,
    /// `FROM relation`, if it comes next.
    FromRelation,
    /// `[schema.]relation.column`
    Column,
    /// Expressions, types, options: subqueries, REFERENCES and OWNED BY are found in it, columns are left alone.
    Body,
    /// A query or data-modifying statement.
    Query,
    /// A query in parentheses, or a relation with its columns.
    QueryOrRelation,
    /// Any statement.
    Statement,
    /// A FROM clause.
    From,
    /// Goes on as a statement of another kind does, in its own file.
    Then(Frame),
    /// What was read so far leaves something on the session, or may.
    Session,
    /// Nothing in the rest of the statement names a relation.
    Nothing,
}

impl Finder<'_> {
    pub(super) fn utility(&mut self) -> Result<(), Fault> {
        let verb = self.token;
        match kinds::VERBS.iter().find(|(word, _)| self.at_word(word)) {
            Some((_, kinds::Verb::Steps(steps))) => {
                self.advance()?;
                self.stack.push(Frame::Steps(steps));
            }
            Some((_, kinds::Verb::Create)) => {
                self.advance()?;
                let temporary = self.creation_modifiers()?;
                self.affects_session |= temporary;
                self.creates_temporary = temporary;
                self.kind(kinds::CREATE, "this kind of CREATE is unknown")?;
            }
            Some((_, kinds::Verb::Of(kinds))) => {
                self.advance()?;
                self.kind(kinds, "this kind of statement is unknown")?;
            }
            None if self.is_fragment(verb)? => self.stack.push(Frame::Fragment),
            None => return Err(self.unexpected("no statement begins with this word")),
        }
        Ok(())
    }

    /// Whether a text that begins with this word can only be an expression.
    fn is_fragment(&self, word: Token) -> Result<bool, Fault> {
        let reserved = !word.kind.is_name();
        let follows = matches!(
            self.second()?.kind,
            Kind::Dot | Kind::Open | Kind::Operator | Kind::Star | Kind::Cast | Kind::OpenBracket | Kind::End
        );
        Ok(follows
            || reserved
                && matches!(
                    word.kind,
                    Kind::Word(Keyword::Not | Keyword::Case | Keyword::OtherReserved)
                ))
    }

    /// Skips `OR REPLACE`, `TEMPORARY` and so on. Says whether what is created is temporary.
    pub(super) fn creation_modifiers(&mut self) -> Result<bool, Fault> {
        let mut temporary = false;
        loop {
            if self.at_word("temp") || self.at_word("temporary") {
                temporary = true;
            } else if ![
                "or",
                "replace",
                "global",
                "local",
                "unlogged",
                "unique",
                "constraint",
                "trusted",
                "procedural",
            ]
            .iter()
            .any(|word| self.at_word(word))
            {
                return Ok(temporary);
            }
            self.advance()?;
        }
    }

    /// Finds the row of `kinds` whose words come next.
    fn kind(&mut self, kinds: &'static [kinds::Kind], unknown: &'static str) -> Result<(), Fault> {
        for (words, steps) in kinds {
            let before = (self.lexer, self.token);
            if words.is_empty() || words.split(' ').all(|word| self.skip_word(word).unwrap_or(false)) {
                self.stack.push(Frame::Steps(steps));
                return Ok(());
            }
            (self.lexer, self.token) = before;
        }
        Err(self.unexpected(unknown))
    }

    pub(super) fn steps(&mut self, steps: &'static [Step]) -> Result<(), Fault> {
        let Some((step, rest)) = steps.split_first() else {
            return Ok(());
        };
        match step {
            Step::Past(_) | Step::Body => {}
            _ => self.stack.push(Frame::Steps(rest)),
        }
        match *step {
            Step::Words(words) => self.skip_words(words),
            Step::Options => self.skip_parens().map(drop),
            Step::Past(keyword) => match self.expression(Env::SILENT, Stops::at(&[keyword]))? {
                Pause::Nested(nested) => {
                    self.stack.push(Frame::Steps(steps));
                    self.stack.push(nested);
                    Ok(())
                }
                Pause::Keyword(_) => {
                    self.stack.push(Frame::Steps(rest));
                    self.advance()
                }
                _ => Err(self.unexpected("a part of the statement is missing")),
            },
            Step::Relation if self.at(Keyword::All) => self.nothing(),
            Step::Relation => {
                let name = self.relation_expression()?;
                self.record(&name);
                Ok(())
            }
            Step::New => {
                self.skip_words(&["if"])?;
                if self.skip(Keyword::Not)? {
                    self.skip_word("exists")?;
                }
                self.new_relation(self.creates_temporary)
            }
            Step::Relations => self.relations(),
            Step::FromRelation => {
                if self.skip(Keyword::From)? {
                    self.relation()?;
                }
                Ok(())
            }
            Step::Column => self.relation_of_column(),
            Step::Body => self.body(rest),
            Step::Query => {
                self.stack.push(Frame::Dml { outer: Env::SILENT });
                Ok(())
            }
            Step::QueryOrRelation => {
                if self.skip_kind(Kind::Open)? {
                    self.stack.push(Frame::Close);
                    self.stack.push(Frame::Dml { outer: Env::SILENT });
                    Ok(())
                } else {
                    self.relation()?;
                    self.skip_parens().map(drop)
                }
            }
            Step::Statement => {
                self.stack.push(Frame::Statement { outer: Env::SILENT });
                Ok(())
            }
            Step::From => {
                let (level, _) = self.scopes.level(Env::SILENT);
                self.stack
                    .push(Frame::FromItem(From::list(level, Env::SILENT, 0, self.scopes.mark())));
                Ok(())
            }
            Step::Then(frame) => {
                self.stack.push(frame);
                Ok(())
            }
            Step::Session => {
                self.affects_session = true;
                Ok(())
            }
            Step::Nothing => self.nothing(),
        }
    }

    /// Skips the rest of a statement.
    pub(super) fn nothing(&mut self) -> Result<(), Fault> {
        loop {
            match self.token.kind {
                Kind::Semicolon | Kind::End => return Ok(()),
                Kind::Open => {
                    self.skip_parens()?;
                }
                Kind::Close => {
                    return if self.in_rule() {
                        Ok(())
                    } else {
                        Err(self.unexpected("an unbalanced parenthesis"))
                    };
                }
                _ => self.advance()?,
            }
        }
    }

    pub(super) fn body(&mut self, rest: &'static [Step]) -> Result<(), Fault> {
        const PLACES: Stops = Stops::at(&[Keyword::References, Keyword::Owned]);
        loop {
            match self.expression(Env::SILENT, PLACES)? {
                Pause::Nested(nested) => {
                    self.stack.push(Frame::Body(rest));
                    self.stack.push(nested);
                    return Ok(());
                }
                Pause::Keyword(keyword) => self.reference(keyword)?,
                _ => {
                    self.stack.push(Frame::Steps(rest));
                    return Ok(());
                }
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

    /// The relation in `[schema.]relation.column`. A single name, such as a role's or NONE, has none.
    fn relation_of_column(&mut self) -> Result<(), Fault> {
        let name = self.dotted()?;
        if let Some(relation) = name.without_last() {
            self.record(&relation);
        }
        Ok(())
    }

    pub(super) fn new_relation(&mut self, temporary: bool) -> Result<(), Fault> {
        let name = self.relation_name()?;
        self.created = Some(name.last());
        self.affects_session |= temporary;
        // A temporary table lives in a schema of its own.
        if !temporary || name.parts > 1 {
            self.record(&name);
        }
        Ok(())
    }

    pub(super) fn relations(&mut self) -> Result<(), Fault> {
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
