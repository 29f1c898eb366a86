//! The id that a session generated last, which it remembers for `LAST_INSERT_ID()`.

use diesel::QueryResult;
use diesel_async::{AsyncMysqlConnection, SimpleAsyncConnection};

/// The function by which any statement can set the id.
const FUNCTION: &str = "last_insert_id";

/// Statements that set no id unless they name the function.
const OTHERS: [&str; 4] = ["SELECT", "UPDATE", "DELETE", "SHOW"];

/// Whether a session may remember an id of this text: unless it is one statement that generates none.
pub(crate) fn leaves_id(sql: &str) -> bool {
    let first = sql.split(|letter: char| !letter.is_ascii_alphabetic()).next();
    let is_other = first.is_some_and(|first| OTHERS.iter().any(|other| first.eq_ignore_ascii_case(other)));
    !is_other || sql.contains(';') || contains_function(sql)
}

fn contains_function(sql: &str) -> bool {
    let windows = sql.as_bytes().windows(FUNCTION.len());
    windows
        .into_iter()
        .any(|text| text.eq_ignore_ascii_case(FUNCTION.as_bytes()))
}

/// Has the session forget the id.
pub(crate) async fn forget(connection: &mut AsyncMysqlConnection) -> QueryResult<()> {
    connection.batch_execute("DO LAST_INSERT_ID(0)").await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_statement_that_may_set_the_id_is_found() {
        for sql in [
            "INSERT INTO a VALUES (1)",
            "insert a set b = 1",
            "REPLACE INTO a VALUES (1)",
            "CALL a()",
            "LOAD DATA INFILE 'a' INTO TABLE b",
            "WITH a AS (SELECT 1) SELECT * FROM a",
            "/* a */ INSERT INTO a VALUES (1)",
            "(SELECT 1)",
            "SELECT 1; INSERT INTO a VALUES (1)",
            "UPDATE a SET b = Last_Insert_Id(b + 1)",
            "SELECT LAST_INSERT_ID(5)",
        ] {
            assert!(leaves_id(sql), "{sql}");
        }
        for sql in [
            "SELECT `a` FROM `b`",
            "update a set b = 1",
            "DELETE FROM a",
            "SHOW TABLES",
        ] {
            assert!(!leaves_id(sql), "{sql}");
        }
    }
}
