//! What the definition of an object is, to see later whether a statement has changed it.

use std::borrow::Cow;

use diesel::{
    QueryResult, deserialize,
    mysql::Mysql,
    row::NamedRow,
    sql_types::{Nullable, Text},
};

use super::statement::Kind;
use crate::backend::{
    migration_sql::checksum,
    mysql::{DefinitionKind, Session},
};

/// What `SHOW CREATE` says.
pub(in crate::backend::mysql) struct Shown(pub(in crate::backend::mysql) String);

impl diesel::QueryableByName<Mysql> for Shown {
    fn build<'a>(row: &impl NamedRow<'a, Mysql>) -> deserialize::Result<Self> {
        let column = |kind: DefinitionKind| NamedRow::get::<Nullable<Text>, Option<String>>(row, kind.shown_in()).ok();
        let text = DefinitionKind::ALL
            .into_iter()
            .find_map(column)
            .ok_or("no column with a definition")?;
        // NULL is what somebody sees who may not see a routine's body.
        Ok(Self(text.unwrap_or_default()))
    }
}

/// A checksum of the definition that a statement changes; `None` if the object doesn't exist.
pub(super) async fn of(session: &mut Session, kind: &Kind) -> QueryResult<Option<String>> {
    let Kind::Object { show } = kind else {
        return Ok(None);
    };
    match session.rows::<Shown>(show).await {
        Ok(rows) => Ok(rows
            .first()
            .map(|Shown(text)| checksum::of(&[without_counter(text).into_owned()]))),
        // The server has different errors for each kind of object that isn't there.
        Err(_) if session.is_alive().await => Ok(None),
        Err(error) => Err(error),
    }
}

/// A table's definition without its next number, which grows with the rows.
pub(in crate::backend::mysql) fn without_counter(definition: &str) -> Cow<'_, str> {
    const COUNTER: &str = " AUTO_INCREMENT=";

    // The options of a table stand behind its columns.
    let options = definition.rfind("\n)").unwrap_or(definition.len());
    let Some(start) = definition[options..].find(COUNTER).map(|start| options + start) else {
        return Cow::Borrowed(definition);
    };
    let number = &definition[start + COUNTER.len()..];
    let behind = number.trim_start_matches(|digit: char| digit.is_ascii_digit());
    Cow::Owned([&definition[..start], behind].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tables_next_number_is_no_part_of_its_definition() {
        let definition = "CREATE TABLE `a` (\n  `b` int COMMENT ' AUTO_INCREMENT=3'\n) ENGINE=InnoDB AUTO_INCREMENT=71 \
                          DEFAULT CHARSET=utf8mb4";
        let without =
            "CREATE TABLE `a` (\n  `b` int COMMENT ' AUTO_INCREMENT=3'\n) ENGINE=InnoDB DEFAULT CHARSET=utf8mb4";
        assert_eq!(without_counter(definition), without);
        assert_eq!(without_counter(without), without);
    }
}
