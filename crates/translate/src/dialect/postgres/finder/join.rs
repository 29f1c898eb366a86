//! What follows an item of FROM: joins and their conditions, the next item, or the end of the clause.

use super::{
    Finder, Frame,
    expression::{AFTER_OPERAND, Pause},
    from::FromList,
    scope::{Env, Name},
};
use crate::{
    dialect::postgres::{
        keyword::{Keyword, Stops},
        lexer::Kind,
    },
    error::Fault,
};

/// What may follow a FROM clause.
const FROM_END: Stops = CLAUSES.and(&[
    // WITH CHECK OPTION of a view, WITH NO DATA of a table.
    Keyword::With,
]);

/// The words with which a join begins.
const JOIN_WORDS: [Keyword; 7] = [
    Keyword::Join,
    Keyword::Inner,
    Keyword::Left,
    Keyword::Right,
    Keyword::Full,
    Keyword::Cross,
    Keyword::Natural,
];

const JOIN: Stops = Stops::at(&JOIN_WORDS);

const AFTER_CONDITION: Stops = CLAUSES
    .and(&JOIN_WORDS)
    .and(&[Keyword::Using, Keyword::When])
    .and_comma();

/// The clauses after FROM, of the query itself and of a statement around it.
const CLAUSES: Stops = AFTER_OPERAND.and(&[
    Keyword::On,
    Keyword::Where,
    Keyword::Group,
    Keyword::Having,
    Keyword::Window,
    Keyword::Returning,
]);

impl Finder<'_> {
    /// After an item: a join, the join's condition, the next item, or the end of the list.
    pub(super) fn item_end(&mut self, from: FromList) -> Result<(), Fault> {
        let pending = match self.stack.last() {
            Some(&Frame::Join { left, right }) => Some((left, right)),
            _ => None,
        };
        if let Some(has_condition) = self.join_words()? {
            if has_condition {
                // `a JOIN b JOIN c ON … ON …`: an inner join's left side is the right side of the one around it.
                let left = pending.map_or(from.element, |(_, right)| right);
                let right = self.scopes.next_place(from.level);
                self.stack.push(Frame::Join { left, right });
            }
            self.stack.push(Frame::FromItem(from));
            return Ok(());
        }
        match (self.token.kind, pending) {
            (Kind::Word(Keyword::On), Some((left, _))) => {
                self.advance()?;
                self.stack.pop();
                // A condition sees both sides of its own join, and nothing else of the list.
                let next = self.scopes.next_place(from.level);
                let env = self.scopes.view(from.level, left, next, from.outer);
                self.stack.push(Frame::JoinCondition(from, env));
                Ok(())
            }
            (Kind::Word(Keyword::Using), Some(_)) => {
                self.advance()?;
                self.stack.pop();
                if !self.skip_parens()? {
                    return Err(self.unexpected("USING without its columns"));
                }
                if let Some(alias) = if self.at(Keyword::As) { self.alias()? } else { None } {
                    self.scopes.add_other(from.level, Name::Written(alias));
                }
                self.stack.push(Frame::FromTail(from));
                Ok(())
            }
            (_, Some(_)) => Err(self.unexpected("a join without its ON or USING")),
            (Kind::Comma, None) if !from.in_parens => {
                self.advance()?;
                let next = self.element(from);
                self.stack.push(Frame::FromItem(next));
                Ok(())
            }
            (Kind::Close, None) if from.in_parens => {
                self.closed_query = None;
                self.advance()
            }
            (_, None) if from.in_parens => Err(self.unexpected("a join or a closing parenthesis was expected")),
            (Kind::Word(keyword), None) if FROM_END.has(keyword) => Ok(()),
            (Kind::Close | Kind::Semicolon | Kind::End, None) => Ok(()),
            _ if self.at_json_format()? => Ok(()),
            _ => Err(self.unexpected("this can't follow a FROM clause")),
        }
    }

    /// Skips the words of a join. Returns whether the join has a condition; CROSS and NATURAL joins have none.
    fn join_words(&mut self) -> Result<Option<bool>, Fault> {
        if !matches!(self.token.kind, Kind::Word(keyword) if JOIN.has(keyword)) {
            return Ok(None);
        }
        let natural = self.skip(Keyword::Natural)?;
        let cross = !natural && self.skip(Keyword::Cross)?;
        let mut sided = natural || cross;
        if !cross {
            if self.at(Keyword::Left) || self.at(Keyword::Right) || self.at(Keyword::Full) {
                self.advance()?;
                self.skip(Keyword::Outer)?;
                sided = true;
            } else if self.skip(Keyword::Inner)? {
                sided = true;
            }
        }
        if self.skip(Keyword::Join)? {
            Ok(Some(!natural && !cross))
        } else if sided {
            Err(self.unexpected("JOIN was expected"))
        } else {
            Ok(None)
        }
    }

    pub(super) fn join_condition(&mut self, from: FromList, env: Env) -> Result<(), Fault> {
        loop {
            match self.expression(env, AFTER_CONDITION)? {
                Pause::Nested(nested) => {
                    self.stack.push(Frame::JoinCondition(from, env));
                    self.stack.push(nested.frame());
                    return Ok(());
                }
                // The function left(…) is not a join.
                Pause::Keyword(
                    Keyword::Left | Keyword::Right | Keyword::Full | Keyword::Inner | Keyword::Cross | Keyword::Natural,
                ) if self.second()?.kind == Kind::Open => self.advance()?,
                Pause::Keyword(Keyword::Join) if self.is_join_function()? => self.advance()?,
                // WITH of a type, as in `timestamp with time zone`.
                _ => {
                    self.stack.push(Frame::FromTail(from));
                    return Ok(());
                }
            }
        }
    }
}
