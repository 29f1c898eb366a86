//! What SQLite answers to a statement, as text.

use diesel::{
    QueryResult, QueryableByName, RunQueryDsl, SqliteConnection,
    connection::LoadConnection,
    row::{Field, Row},
    sql_types::BigInt,
    sqlite::{Sqlite, SqliteType},
};

use crate::{backend::sqlite::words::words, script::StatementAnswer};

#[derive(QueryableByName)]
struct Changes {
    /// How many rows the connection has changed since it was opened.
    #[diesel(sql_type = BigInt)]
    total: i64,
    /// How many rows the latest statement that changes rows has changed, without those of triggers.
    #[diesel(sql_type = BigInt)]
    latest: i64,
}

/// Runs a statement.
pub(super) fn answer_to(connection: &mut SqliteConnection, sql: &str) -> QueryResult<StatementAnswer> {
    let before = changes(connection)?;
    let (columns, rows) = load(connection, sql)?;
    if let Some(columns) = columns.or_else(|| columns_of(connection, sql)) {
        return Ok(StatementAnswer {
            count: rows.len() as u64,
            columns: Some(columns),
            rows,
        });
    }
    let after = changes(connection)?;
    // The number of the latest statement stays when a statement changes no rows, such as CREATE TABLE.
    let count = match after.total == before.total {
        true => 0,
        false => after.latest.unsigned_abs(),
    };
    Ok(StatementAnswer {
        count,
        ..StatementAnswer::default()
    })
}

fn changes(connection: &mut SqliteConnection) -> QueryResult<Changes> {
    diesel::sql_query("SELECT total_changes() AS total, changes() AS latest").get_result(connection)
}

type Rows = Vec<Vec<Option<String>>>;

/// The rows, with the names of their columns if there are any rows.
fn load(connection: &mut SqliteConnection, sql: &str) -> QueryResult<(Option<Vec<String>>, Rows)> {
    let (mut columns, mut rows) = (None, Vec::new());
    for row in LoadConnection::load(connection, diesel::sql_query(sql))? {
        let row = row?;
        columns.get_or_insert_with(|| names_of(&row));
        let value = |index| {
            let field = Row::get(&row, index)?;
            let mut value = field.value()?;
            Some(match value.value_type() {
                // As SQLite writes it in a statement.
                Some(SqliteType::Binary) => hexadecimal(value.read_blob()),
                _ => value.read_text().to_owned(),
            })
        };
        rows.push((0..row.field_count()).map(value).collect());
    }
    Ok((columns, rows))
}

fn names_of<'a>(row: &impl Row<'a, Sqlite>) -> Vec<String> {
    let name = |index| {
        let field = Row::get(row, index)?;
        field.field_name().map(str::to_owned)
    };
    (0..row.field_count())
        .map(|index| name(index).unwrap_or_default())
        .collect()
}

fn hexadecimal(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("X'{digits}'")
}

/// The columns of a query that had no rows; `None` if it is no query. Diesel tells the columns of a row only, so the
/// query is asked for one row of NULLs.
fn columns_of(connection: &mut SqliteConnection, sql: &str) -> Option<Vec<String>> {
    let words = words(sql);
    if !matches!(words.first()?.as_str(), "select" | "values" | "with") {
        return None;
    }
    // A comment may end the text.
    let named = format!("SELECT q.* FROM (SELECT 1) LEFT JOIN (SELECT * FROM ({sql}\n) LIMIT 0) AS q");
    load(connection, &named).ok()?.0
}
