//! The places of a text's tokens.

use std::ops::Range;

use crate::{
    dialect::{Dialect, mysql, sqlite},
    error::{Fault, TranslateError},
};

/// The byte ranges of the tokens in a text of this dialect, without the space and the comments between them. A string
/// and a quoted name are one token each, with their quotes.
///
/// ```
/// use diesel_tenants_translate::{Dialect, tokens_for};
///
/// let sql = "DROP TABLE `a;b` -- all of it";
/// let tokens: Vec<_> = tokens_for(Dialect::Mysql, sql)?.into_iter().map(|place| &sql[place]).collect();
/// assert_eq!(tokens, ["DROP", "TABLE", "`a;b`"]);
/// # Ok::<(), diesel_tenants_translate::TranslateError>(())
/// ```
///
/// # Errors
/// [`TranslateError`] if the text can't be cut into tokens.
pub fn tokens_for(dialect: Dialect, sql: &str) -> Result<Vec<Range<usize>>, TranslateError> {
    let places = match dialect {
        Dialect::Postgres => postgres(sql),
        Dialect::Sqlite => sqlite::token_places(sql),
        Dialect::Mysql => mysql::token_places(sql),
    };
    places.map_err(|fault| fault.describe(sql))
}

fn postgres(sql: &str) -> Result<Vec<Range<usize>>, Fault> {
    use crate::dialect::postgres::lexer::{Kind, Lexer};

    let mut lexer = Lexer::new(sql)?;
    let mut places = Vec::new();
    loop {
        let token = lexer.next()?;
        if token.kind == Kind::End {
            return Ok(places);
        }
        places.push(token.start as usize..token.end as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tokens(dialect: Dialect, sql: &str) -> Vec<&str> {
        let places = tokens_for(dialect, sql).unwrap();
        places.into_iter().map(|place| &sql[place]).collect()
    }

    #[test]
    fn every_dialect_cuts_a_text_by_its_own_rules() {
        let sql = "SELECT 'a\\'' AS \"b;c\" -- d";
        assert_eq!(tokens(Dialect::Mysql, sql), ["SELECT", "'a\\''", "AS", "\"b;c\""]);
        let sql = "SELECT 'a''' AS \"b;c\" -- d";
        for dialect in [Dialect::Postgres, Dialect::Sqlite] {
            assert_eq!(tokens(dialect, sql), ["SELECT", "'a'''", "AS", "\"b;c\""]);
        }
        assert!(tokens(Dialect::Mysql, " # nothing").is_empty());
    }

    #[test]
    fn a_text_that_cannot_be_cut_is_an_error() {
        for dialect in [Dialect::Postgres, Dialect::Sqlite, Dialect::Mysql] {
            assert!(tokens_for(dialect, "SELECT 'a").is_err());
        }
    }
}
