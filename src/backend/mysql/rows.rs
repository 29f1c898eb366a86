//! Rows as bytes: read from one table, and written into another one, in the character sets of their columns.
//!
//! The server sends each value as text, in the column's own character set, and takes it back as it is: nothing is
//! converted, whatever was stored. A row is a number of bytes before each value (all bits for NULL), and those bytes.

use diesel_tenants_translate::SchemaName;
use mysql_async::{Conn, QueryResult, Row, TextProtocol, Value, prelude::Queryable};

use super::quote;
use crate::variants::with_all_variants;

/// A table whose rows are read or written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowTable {
    pub(crate) name: String,
    pub(crate) columns: Vec<RowColumn>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct RowColumn {
    pub(crate) name: String,
    pub(crate) kind: ColumnKind,
}

with_all_variants! {
    /// How a column's values are read and written.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub(crate) enum ColumnKind {
        /// As they are.
        Plain,
        /// The server writes six digits of such numbers, unless they are made longer ones.
        Float,
        /// The server takes no bytes for them, only text.
        Text,
    }
    const ALL;
}

impl RowColumn {
    pub(crate) fn of(name: &str, data_type: &str) -> Self {
        let kind = match data_type.to_ascii_lowercase().as_str() {
            "float" => ColumnKind::Float,
            "json" | "uuid" | "inet4" | "inet6" => ColumnKind::Text,
            _ => ColumnKind::Plain,
        };
        Self {
            name: name.to_owned(),
            kind,
        }
    }
}

impl ColumnKind {
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Float => "float",
            Self::Text => "text",
        }
    }

    pub(crate) fn of_word(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// What a value has before it if it is NULL.
const NULL: u32 = u32::MAX;

/// The session reads texts as quote::literal writes them, and keeps the bytes of values. Values that the server would
/// have to change are errors.
const SETTINGS: &str = "SET SESSION sql_mode = 'STRICT_ALL_TABLES,NO_AUTO_VALUE_ON_ZERO,ALLOW_INVALID_DATES', \
                        time_zone = '+00:00', foreign_key_checks = 0, unique_checks = 0";

/// Prepares a connection to read the rows of one moment.
pub(crate) async fn begin_reading(connection: &mut Conn) -> mysql_async::Result<()> {
    connection.query_drop(SETTINGS).await?;
    connection.query_drop("SET NAMES utf8mb4").await?;
    connection.query_drop("SET character_set_results = NULL").await?;
    connection
        .query_drop("SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        .await?;
    connection
        .query_drop("START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY")
        .await
}

/// Prepares a connection to write rows.
pub(crate) async fn begin_writing(connection: &mut Conn) -> mysql_async::Result<()> {
    connection.query_drop(SETTINGS).await?;
    connection.query_drop("SET NAMES binary").await?;
    // Rows that were there before a rule came. MySQL has no such variable, and checks them.
    let _ = connection.query_drop("SET SESSION check_constraint_checks = 0").await;
    Ok(())
}

/// The rows of a table that has columns, one after the other.
pub(crate) async fn read<'a>(
    connection: &'a mut Conn,
    database: &SchemaName,
    table: &RowTable,
) -> mysql_async::Result<QueryResult<'a, 'static, TextProtocol>> {
    let values = table.columns.iter().map(|column| {
        let name = quote::identifier(&column.name);
        match column.kind {
            ColumnKind::Float => format!("{name} * 1E0"),
            ColumnKind::Plain | ColumnKind::Text => name,
        }
    });
    let values: Vec<String> = values.collect();
    let (database, name) = (quote::database(database), quote::identifier(&table.name));
    connection
        .query_iter(format!("SELECT {} FROM {database}.{name}", values.join(", ")))
        .await
}

/// Appends a row's bytes.
pub(crate) fn encode(row: Row, bytes: &mut Vec<u8>) {
    for value in row.unwrap() {
        match value {
            Value::NULL => bytes.extend(NULL.to_be_bytes()),
            Value::Bytes(value) => append(&value, bytes),
            // The text protocol has no others.
            other => append(other.as_sql(true).as_bytes(), bytes),
        }
    }
}

fn append(value: &[u8], bytes: &mut Vec<u8>) {
    let length = u32::try_from(value.len()).unwrap_or(NULL - 1);
    bytes.extend(length.to_be_bytes());
    bytes.extend(value);
}

/// Statements that write rows, of some hundred kilobytes each, or of one row that is longer.
pub(crate) struct Inserts {
    beginning: Vec<u8>,
    columns: Vec<RowColumn>,
    statement: Vec<u8>,
    /// Bytes of which the end has not come yet.
    pending: Vec<u8>,
    /// How many rows there were.
    pub(crate) rows: i64,
}

/// How long a statement gets before it is sent.
const LONG: usize = 256 * 1024;

impl Inserts {
    pub(crate) fn into(database: &SchemaName, table: &RowTable) -> Self {
        let columns: Vec<String> = table
            .columns
            .iter()
            .map(|column| quote::identifier(&column.name))
            .collect();
        let beginning = format!(
            "INSERT INTO {}.{} ({}) VALUES ",
            quote::database(database),
            quote::identifier(&table.name),
            columns.join(", ")
        );
        Self {
            beginning: beginning.into_bytes(),
            columns: table.columns.clone(),
            statement: Vec::new(),
            pending: Vec::new(),
            rows: 0,
        }
    }

    /// Takes some bytes of rows, and gives the statements that are long enough to be sent.
    pub(crate) fn take(&mut self, bytes: &[u8]) -> Vec<Vec<u8>> {
        self.pending.extend(bytes);
        let pending = std::mem::take(&mut self.pending);
        let mut rest = &pending[..];
        let mut complete = Vec::new();
        while let Some((values, behind)) = row(rest, self.columns.len()) {
            self.add(&values);
            rest = behind;
            if self.statement.len() >= LONG {
                complete.push(std::mem::take(&mut self.statement));
            }
        }
        self.pending = rest.to_vec();
        complete
    }

    /// The last statement. `None` if the bytes end within a row.
    pub(crate) fn end(&mut self) -> Option<Option<Vec<u8>>> {
        let last = std::mem::take(&mut self.statement);
        self.pending
            .is_empty()
            .then(|| Some(last).filter(|last| !last.is_empty()))
    }

    fn add(&mut self, values: &[Option<&[u8]>]) {
        match self.statement.is_empty() {
            true => self.statement.extend(&self.beginning),
            false => self.statement.push(b','),
        }
        for (number, (value, column)) in values.iter().zip(&self.columns).enumerate() {
            self.statement.push(if number == 0 { b'(' } else { b',' });
            match value {
                None => self.statement.extend(b"NULL"),
                Some(value) => {
                    if column.kind == ColumnKind::Text {
                        self.statement.extend(b"_utf8mb4");
                    }
                    literal(value, &mut self.statement);
                }
            }
        }
        self.statement.push(b')');
        self.rows += 1;
    }
}

/// The values of a row; `None` for NULL.
type Values<'a> = Vec<Option<&'a [u8]>>;

/// The values of the first row, and what is behind it; `None` if it is not complete.
fn row(mut bytes: &[u8], columns: usize) -> Option<(Values<'_>, &[u8])> {
    let mut values = Vec::with_capacity(columns);
    // A table without columns that are written has no rows in an export.
    if columns == 0 || bytes.is_empty() {
        return None;
    }
    for _ in 0..columns {
        let (length, rest) = bytes.split_first_chunk::<4>()?;
        let length = u32::from_be_bytes(*length);
        if length == NULL {
            values.push(None);
            bytes = rest;
        } else {
            let (value, rest) = rest.split_at_checked(usize::try_from(length).ok()?)?;
            values.push(Some(value));
            bytes = rest;
        }
    }
    Some((values, bytes))
}

/// Bytes as a string, in a session in which strings are bytes.
fn literal(value: &[u8], statement: &mut Vec<u8>) {
    statement.push(b'\'');
    for &byte in value {
        match byte {
            0 => statement.extend(b"\\0"),
            b'\'' | b'\\' => statement.extend([b'\\', byte]),
            _ => statement.push(byte),
        }
    }
    statement.push(b'\'');
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> RowTable {
        RowTable {
            name: "a`b".to_owned(),
            columns: vec![RowColumn::of("x", "blob"), RowColumn::of("y", "json")],
        }
    }

    #[test]
    fn rows_become_statements_wherever_their_bytes_are_cut() {
        let mut bytes = Vec::new();
        for value in [Some(&b"\0'\\\n\xff"[..]), Some(b"{}"), None, Some(b"")] {
            match value {
                Some(value) => append(value, &mut bytes),
                None => bytes.extend(NULL.to_be_bytes()),
            }
        }
        let expected = b"INSERT INTO `t`.`a``b` (`x`, `y`) VALUES ('\\0\\'\\\\\n\xff',_utf8mb4'{}'),(NULL,_utf8mb4'')";
        for cut in 0..bytes.len() {
            let mut inserts = Inserts::into(&"t".parse().unwrap(), &table());
            assert!(inserts.take(&bytes[..cut]).is_empty());
            assert!(inserts.take(&bytes[cut..]).is_empty());
            assert_eq!(inserts.end().unwrap().unwrap(), expected, "{cut}");
            assert_eq!(inserts.rows, 2);
        }
        let mut inserts = Inserts::into(&"t".parse().unwrap(), &table());
        inserts.take(&bytes[..bytes.len() - 1]);
        assert!(inserts.end().is_none(), "the end is missing");
    }

    #[test]
    fn long_statements_are_sent_before_the_end() {
        let mut bytes = Vec::new();
        append(&vec![b'x'; LONG], &mut bytes);
        append(b"{}", &mut bytes);
        let mut inserts = Inserts::into(&"t".parse().unwrap(), &table());
        assert_eq!(inserts.take(&bytes).len(), 1);
        assert_eq!(inserts.end(), Some(None));
    }

    #[test]
    fn kinds_of_columns_have_words() {
        for kind in ColumnKind::ALL {
            assert_eq!(ColumnKind::of_word(kind.word()), Some(kind));
        }
    }
}
