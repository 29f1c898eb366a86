//! Sequences of a schema, and their positions. Sequences of extensions are left out.

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{BigInt, Bool, Text},
};
use diesel_async::RunQueryDsl;
use tokio_postgres::Error;

use crate::{
    PostgresConnection, SchemaName,
    backend::postgres::{
        driver::DriverSession,
        quote::{identifier, literal},
        splice,
    },
};

/// The position of a sequence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sequence {
    pub(crate) name: String,
    pub(crate) last_value: i64,
    pub(crate) is_called: bool,
}

impl Sequence {
    /// The statement that brings the sequence of this name in a schema to this position.
    pub(crate) fn set(&self, schema: &SchemaName) -> String {
        let name = literal(&quoted(schema, &self.name));
        let Self {
            last_value, is_called, ..
        } = self;
        format!("SELECT pg_catalog.setval({name}, {last_value}, {is_called})")
    }
}

/// The query for the names, in their order. $1 is the schema.
fn names_query() -> String {
    splice(
        "SELECT c.relname::pg_catalog.text AS name FROM pg_catalog.pg_class c \
         WHERE {in_schema pg_class c} AND c.relkind = 'S' AND NOT {in_extension pg_class c.oid} ORDER BY 1",
    )
}

/// The query for the position of one sequence: its last value, and whether that value was used.
fn position_query(schema: &SchemaName, name: &str) -> String {
    format!("SELECT last_value, is_called FROM {}", quoted(schema, name))
}

/// The positions of a schema's sequences. They don't follow the transaction's snapshot.
pub(crate) async fn sequences(connection: &mut PostgresConnection, schema: &SchemaName) -> QueryResult<Vec<Sequence>> {
    #[derive(QueryableByName)]
    struct Position {
        #[diesel(sql_type = BigInt)]
        last_value: i64,
        #[diesel(sql_type = Bool)]
        is_called: bool,
    }

    let names = names(connection, schema).await?;
    let mut sequences = Vec::with_capacity(names.len());
    for name in names {
        let Position { last_value, is_called } = diesel::sql_query(position_query(schema, &name))
            .get_result(connection)
            .await?;
        sequences.push(Sequence {
            name,
            last_value,
            is_called,
        });
    }
    Ok(sequences)
}

/// Like `sequences`, with a session of the driver.
pub(crate) async fn sequences_by(session: &DriverSession, schema: &SchemaName) -> Result<Vec<Sequence>, Error> {
    let mut sequences = Vec::new();
    for row in session.query(&names_query(), &[&schema.as_str()]).await? {
        let name: String = row.try_get(0)?;
        for row in session.query(&position_query(schema, &name), &[]).await? {
            sequences.push(Sequence {
                name: name.clone(),
                last_value: row.try_get(0)?,
                is_called: row.try_get(1)?,
            });
        }
    }
    Ok(sequences)
}

/// The statements that give the sequences of a schema the positions of another schema's sequences; empty if there are
/// none.
pub(crate) async fn copies(
    connection: &mut PostgresConnection,
    from: &SchemaName,
    to: &SchemaName,
) -> QueryResult<String> {
    let copies = names(connection, from).await?.into_iter().map(|name| {
        format!(
            "SELECT pg_catalog.setval({}, last_value, is_called) FROM {}",
            literal(&quoted(to, &name)),
            quoted(from, &name)
        )
    });
    Ok(copies.collect::<Vec<_>>().join("; "))
}

async fn names(connection: &mut PostgresConnection, schema: &SchemaName) -> QueryResult<Vec<String>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
    }

    let rows: Vec<Row> = diesel::sql_query(names_query())
        .bind::<Text, _>(schema.as_str())
        .load(connection)
        .await?;
    Ok(rows.into_iter().map(|row| row.name).collect())
}

fn quoted(schema: &SchemaName, name: &str) -> String {
    format!("{}.{}", schema.quoted(), identifier(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_quoted() {
        let sequence = Sequence {
            name: "s'\"".to_owned(),
            last_value: -1,
            is_called: false,
        };
        assert_eq!(
            sequence.set(&SchemaName::new("it's \"x\"").unwrap()),
            r#"SELECT pg_catalog.setval('"it''s ""x"""."s''"""', -1, false)"#
        );
    }
}
