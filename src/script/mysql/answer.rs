//! What MySQL answers to a statement, as text.

use mysql_async::{Column, Conn, Row, Value, consts::ColumnType, prelude::Queryable};

use crate::script::StatementAnswer;

/// The number by which the server names the character set of bytes that are no text.
const BINARY: u16 = 63;

/// Runs a statement. A procedure gives an answer for each of its queries.
pub(super) async fn answers_to(connection: &mut Conn, sql: &str) -> mysql_async::Result<Vec<StatementAnswer>> {
    let mut result = connection.query_iter(sql).await?;
    let mut answers = Vec::new();
    loop {
        let columns = result.columns().filter(|columns| !columns.is_empty());
        let count = result.affected_rows();
        // Also ends the set, so that the next one is seen.
        let rows: Vec<Row> = result.collect().await?;
        answers.push(match columns {
            Some(columns) => StatementAnswer {
                columns: Some(columns.iter().map(|column| column.name_str().into_owned()).collect()),
                count: rows.len() as u64,
                rows: rows.into_iter().map(|row| texts(row, &columns)).collect(),
            },
            None => StatementAnswer {
                count,
                ..StatementAnswer::default()
            },
        });
        if result.is_empty() {
            break;
        }
    }
    // A procedure ends with the answer to CALL itself, which says nothing.
    if answers.len() > 1 && answers.last().is_some_and(|last| last.columns.is_none()) {
        answers.pop();
    }
    Ok(answers)
}

fn texts(row: Row, columns: &[Column]) -> Vec<Option<String>> {
    let values = row.unwrap().into_iter();
    values.zip(columns).map(|(value, column)| text(value, column)).collect()
}

/// The server sends texts only; NULL is none.
fn text(value: Value, column: &Column) -> Option<String> {
    match value {
        Value::NULL => None,
        Value::Bytes(bytes) if is_binary(column) => Some(hexadecimal(&bytes)),
        Value::Bytes(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
        other => Some(other.as_sql(false)),
    }
}

/// Whether a column holds bytes that are no text. Numbers and times have the binary character set too.
fn is_binary(column: &Column) -> bool {
    use ColumnType::{
        MYSQL_TYPE_BIT, MYSQL_TYPE_BLOB, MYSQL_TYPE_GEOMETRY, MYSQL_TYPE_LONG_BLOB, MYSQL_TYPE_MEDIUM_BLOB,
        MYSQL_TYPE_STRING, MYSQL_TYPE_TINY_BLOB, MYSQL_TYPE_VAR_STRING, MYSQL_TYPE_VARCHAR,
    };

    let holds_bytes = matches!(
        column.column_type(),
        MYSQL_TYPE_BIT
            | MYSQL_TYPE_BLOB
            | MYSQL_TYPE_GEOMETRY
            | MYSQL_TYPE_LONG_BLOB
            | MYSQL_TYPE_MEDIUM_BLOB
            | MYSQL_TYPE_STRING
            | MYSQL_TYPE_TINY_BLOB
            | MYSQL_TYPE_VAR_STRING
            | MYSQL_TYPE_VARCHAR
    );
    holds_bytes && column.character_set() == BINARY
}

/// As MySQL writes bytes in a statement.
fn hexadecimal(bytes: &[u8]) -> String {
    let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    format!("X'{digits}'")
}
