//! Expressions: operands with operators between them. Which operator binds more tightly doesn't matter here.

use super::{
    Finder, Read,
    keyword::Keyword,
    token::{Kind, Token},
};
use crate::{error::Fault, session_effect::HazardKind};

impl Finder<'_> {
    pub(super) fn expression(&mut self) -> Read {
        self.nested(|finder| {
            loop {
                while matches!(
                    finder.kind(),
                    Kind::Sign | Kind::Prefix | Kind::Word(Keyword::Not | Keyword::Binary)
                ) {
                    finder.advance();
                }
                let operand = finder.token();
                finder.operand()?;
                if !finder.after_operand(operand)? {
                    return Ok(());
                }
            }
        })
    }

    pub(super) fn expressions(&mut self) -> Read {
        self.expression()?;
        while self.skip_kind(Kind::Comma) {
            self.expression()?;
        }
        Ok(())
    }

    /// `expression [ASC | DESC], …`
    pub(super) fn sorted_expressions(&mut self) -> Read {
        loop {
            self.expression()?;
            self.skip_any(&[Keyword::Asc, Keyword::Desc]);
            if !self.skip_kind(Kind::Comma) {
                return Ok(());
            }
        }
    }

    /// What follows an operand; whether another operand must follow.
    fn after_operand(&mut self, operand: Token) -> Result<bool, Fault> {
        loop {
            match self.kind() {
                Kind::Operator | Kind::Sign | Kind::Star => {
                    self.advance();
                    return Ok(true);
                }
                Kind::Assign => {
                    self.advance();
                    if operand.kind == Kind::Variable {
                        self.affects_session(operand);
                    }
                    return Ok(true);
                }
                Kind::Word(Keyword::Is) => {
                    self.advance();
                    self.skip(Keyword::Not);
                    if self.is(Keyword::Distinct) && self.is_ahead(1, Keyword::From) {
                        self.at += 2;
                    }
                    return Ok(true);
                }
                // Otherwise it belongs to MATCH … AGAINST (… IN BOOLEAN MODE).
                Kind::Word(Keyword::In) => match self.ahead(1) {
                    Kind::Open => self.in_list()?,
                    Kind::Word(Keyword::Boolean | Keyword::Natural) => return Ok(false),
                    // POSITION(a IN b)
                    _ => {
                        self.advance();
                        return Ok(true);
                    }
                },
                Kind::Word(Keyword::Not) => match self.ahead(1) {
                    Kind::Word(Keyword::In) => drop(self.advance()),
                    Kind::Word(keyword) if BETWEEN_OPERANDS.contains(&keyword) => {
                        self.at += 2;
                        return Ok(true);
                    }
                    _ => return Ok(false),
                },
                Kind::Word(Keyword::Collate) => {
                    self.advance();
                    self.advance();
                }
                Kind::Word(Keyword::Sounds) if self.is_ahead(1, Keyword::Like) => {
                    self.at += 2;
                    return Ok(true);
                }
                Kind::Word(Keyword::Member) if self.is_ahead(1, Keyword::Of) || self.ahead(1) == Kind::Open => {
                    self.advance();
                    self.skip(Keyword::Of);
                    return Ok(true);
                }
                Kind::Word(keyword) if OPERATORS.contains(&keyword) || BETWEEN_OPERANDS.contains(&keyword) => {
                    self.advance();
                    return Ok(true);
                }
                _ => return Ok(false),
            }
        }
    }

    /// `IN (query)` and `IN (expression, …)`
    fn in_list(&mut self) -> Read {
        self.advance();
        self.parenthesized()
    }

    /// A query or expressions in parentheses.
    pub(super) fn parenthesized(&mut self) -> Read {
        self.open()?;
        if self.at_query() && !(self.in_duplicates && self.is(Keyword::Values)) {
            self.query()?;
        } else {
            self.expressions()?;
            // ((SELECT …) UNION SELECT …)
            self.rest_of_query()?;
        }
        self.close()
    }

    fn operand(&mut self) -> Read {
        match self.kind() {
            Kind::String => {
                while self.skip_kind(Kind::String) {}
                Ok(())
            }
            Kind::Literal | Kind::Parameter | Kind::Variable => {
                self.advance();
                Ok(())
            }
            Kind::SystemVariable => {
                let variable = self.advance();
                self.note_system_variable(variable);
                Ok(())
            }
            Kind::Open => self.parenthesized(),
            Kind::OpenBrace => self.escape(),
            Kind::Dot => self.column_or_call(),
            Kind::Word(keyword) => self.operand_of_word(keyword),
            Kind::Quoted => self.column_or_call(),
            _ => Err(self.unexpected("an expression was expected")),
        }
    }

    fn operand_of_word(&mut self, keyword: Keyword) -> Read {
        let is_call = self.ahead(1) == Kind::Open;
        match keyword {
            Keyword::Case => self.case(),
            Keyword::Exists => {
                self.advance();
                self.open()?;
                self.query()?;
                self.close()
            }
            Keyword::Interval => self.interval(),
            Keyword::Match => self.match_against(),
            Keyword::Null | Keyword::Default if !is_call => {
                self.advance();
                Ok(())
            }
            Keyword::All if is_call => {
                self.advance();
                self.parenthesized()
            }
            Keyword::Next | Keyword::Previous if self.is_ahead(1, Keyword::Value) && self.is_ahead(2, Keyword::For) => {
                self.value_of_sequence()
            }
            keyword if is_call && keyword.is_function() => {
                let name = self.advance();
                self.call(name)
            }
            keyword if keyword.is_name() => self.column_or_call(),
            _ => Err(self.unexpected("an expression was expected")),
        }
    }

    /// `{d 'date'}` and `{fn function(…)}`
    fn escape(&mut self) -> Read {
        self.advance();
        self.label()?;
        self.expression()?;
        self.expect_kind(Kind::CloseBrace, "a closing brace was expected")
    }

    /// `CASE [expression] WHEN … THEN … [ELSE …] END`
    fn case(&mut self) -> Read {
        self.advance();
        if !self.is(Keyword::When) {
            self.expression()?;
        }
        while self.skip(Keyword::When) {
            self.expression()?;
            self.expect(Keyword::Then, "THEN was expected")?;
            self.expression()?;
        }
        if self.skip(Keyword::Else) {
            self.expression()?;
        }
        self.expect(Keyword::End, "the END of a CASE was expected")
    }

    /// `INTERVAL expression unit`, or the function `INTERVAL(a, b, …)`.
    fn interval(&mut self) -> Read {
        self.advance();
        self.expression()?;
        if let Kind::Word(_) = self.kind()
            && UNITS
                .iter()
                .any(|unit| self.text(self.token()).eq_ignore_ascii_case(unit))
        {
            self.advance();
        }
        Ok(())
    }

    /// `MATCH (column, …) AGAINST (expression [IN BOOLEAN MODE | …])`, also without the first parentheses.
    fn match_against(&mut self) -> Read {
        self.advance();
        self.expressions()?;
        self.expect(Keyword::Against, "AGAINST was expected")?;
        self.open()?;
        self.expression()?;
        while self.kind() != Kind::Close && !self.at_statement_end() {
            self.advance();
        }
        self.close()
    }

    /// `NEXT VALUE FOR sequence`
    fn value_of_sequence(&mut self) -> Read {
        if self.is(Keyword::Previous) {
            self.note_hazard(HazardKind::CurrentValue, self.token());
        }
        self.at += 3;
        self.relation().map(drop)
    }
}

/// Words between two operands.
const OPERATORS: [Keyword; 6] = [
    Keyword::And,
    Keyword::Or,
    Keyword::Xor,
    Keyword::Div,
    Keyword::Mod,
    Keyword::Escape,
];

/// Words between two operands that may have NOT before them. BETWEEN is followed by two operands with AND between them.
const BETWEEN_OPERANDS: [Keyword; 4] = [Keyword::Like, Keyword::Rlike, Keyword::Regexp, Keyword::Between];

/// The units of an interval.
const UNITS: [&str; 28] = [
    "microsecond",
    "second",
    "minute",
    "hour",
    "day",
    "week",
    "month",
    "quarter",
    "year",
    "second_microsecond",
    "minute_microsecond",
    "minute_second",
    "hour_microsecond",
    "hour_second",
    "hour_minute",
    "day_microsecond",
    "day_second",
    "day_minute",
    "day_hour",
    "year_month",
    "sql_tsi_second",
    "sql_tsi_minute",
    "sql_tsi_hour",
    "sql_tsi_day",
    "sql_tsi_week",
    "sql_tsi_month",
    "sql_tsi_quarter",
    "sql_tsi_year",
];
