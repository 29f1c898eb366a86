//! Views, triggers, routines and events, which no statement moves to another database. Their definitions are read,
//! changed to the other database's name, and run there.

use std::collections::HashMap;

use diesel::{
    QueryResult, QueryableByName,
    result::Error as DieselError,
    sql_types::{BigInt, Text},
};
use diesel_async::RunQueryDsl;
use diesel_tenants_translate::{Dialect, SchemaName, Template, tokens_for};

use super::OperationError;
use crate::backend::mysql::{DefinitionKind, Session, migrations::Shown, quote, registry::SAVED};

/// An object whose definition is run anew.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Object {
    pub(super) kind: DefinitionKind,
    pub(super) name: String,
    pub(super) definition: String,
    /// The mode in which the server reads the definition.
    pub(super) sql_mode: String,
}

/// The column with a trigger's database. By `TRIGGER_SCHEMA`, MariaDB would read the tables of all databases.
pub(super) const SCHEMA_OF_TRIGGER: &str = "EVENT_OBJECT_SCHEMA";

impl DefinitionKind {
    /// The query for the names of a database's objects of this kind, in the order in which they are made; `None` for
    /// what statements move.
    fn list(self, database: &SchemaName) -> Option<String> {
        let is_in = |column| quote::is_database(column, database);
        Some(match self {
            Self::Sequence | Self::Table => return None,
            Self::Procedure | Self::Function | Self::Package | Self::PackageBody => format!(
                "SELECT ROUTINE_NAME AS name, SQL_MODE AS sql_mode FROM information_schema.ROUTINES \
                 WHERE {} AND ROUTINE_TYPE = '{}' ORDER BY ROUTINE_NAME",
                is_in("ROUTINE_SCHEMA"),
                self.word()
            ),
            Self::View => format!(
                "SELECT TABLE_NAME AS name, '' AS sql_mode FROM information_schema.TABLES \
                 WHERE {} AND TABLE_TYPE = 'VIEW' ORDER BY TABLE_NAME",
                is_in("TABLE_SCHEMA")
            ),
            Self::Trigger => format!(
                "SELECT TRIGGER_NAME AS name, SQL_MODE AS sql_mode FROM information_schema.TRIGGERS WHERE {} \
                 ORDER BY EVENT_OBJECT_TABLE, ACTION_TIMING, EVENT_MANIPULATION, ACTION_ORDER",
                is_in(SCHEMA_OF_TRIGGER)
            ),
            Self::Event => format!(
                "SELECT EVENT_NAME AS name, SQL_MODE AS sql_mode FROM information_schema.EVENTS WHERE {} \
                 ORDER BY EVENT_NAME",
                is_in("EVENT_SCHEMA")
            ),
        })
    }
}

/// The objects of a database, in the order in which they are made.
pub(super) async fn read(session: &mut Session, database: &SchemaName) -> QueryResult<Vec<Object>> {
    #[derive(QueryableByName)]
    struct Listed {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        sql_mode: String,
    }

    let mut objects = Vec::new();
    for kind in DefinitionKind::ALL {
        let Some(list) = kind.list(database) else {
            continue;
        };
        for Listed { name, sql_mode } in session.rows::<Listed>(&list).await? {
            let show = format!(
                "SHOW CREATE {} {}.{}",
                kind.word(),
                quote::database(database),
                quote::identifier(&name)
            );
            let shown: Vec<Shown> = session.rows(&show).await?;
            objects.push(Object {
                kind,
                name,
                definition: shown.into_iter().next().map_or_else(String::new, |Shown(text)| text),
                sql_mode,
            });
        }
    }
    Ok(objects)
}

impl Object {
    /// The definition for another database.
    pub(super) fn moved(&self, from: &SchemaName, to: &SchemaName) -> Result<String, String> {
        let reason = |reason: &str| format!("{} {}: {reason}", self.kind.word().to_ascii_lowercase(), self.name);
        if self.definition.is_empty() {
            return Err(reason("its definition is not shown to this account"));
        }
        if let Some(mode) = Dialect::misread_sql_mode(&self.sql_mode) {
            return Err(reason(&format!(
                "it was made with the sql_mode {mode}: make it anew without that mode"
            )));
        }
        moved(&self.definition, from, to).map_err(|error| reason(&error))
    }

    /// Makes the object in another database, in place of the one that an earlier attempt has made.
    pub(super) async fn make(
        &self,
        session: &mut Session,
        from: &SchemaName,
        to: &SchemaName,
    ) -> Result<(), OperationError> {
        let definition = self.moved(from, to).map_err(|reason| OperationError::Unmovable {
            database: from.clone(),
            what: "moved",
            reasons: vec![reason],
        })?;
        self.drop_in(session, to).await?;
        session
            .run(&format!("SET sql_mode = {}", quote::literal(&self.sql_mode)))
            .await?;
        Ok(session.run(&definition).await?)
    }

    pub(super) async fn drop_in(&self, session: &mut Session, database: &SchemaName) -> QueryResult<()> {
        session
            .run(&format!(
                "DROP {} IF EXISTS {}.{}",
                self.kind.word(),
                quote::database(database),
                quote::identifier(&self.name)
            ))
            .await
    }
}

/// A definition for another database than the one in which it was read. Names without a database stay as they are: they
/// are found in the database in which the definition is run.
pub(super) fn moved(definition: &str, from: &SchemaName, to: &SchemaName) -> Result<String, String> {
    renamed(definition, &[(from, to)])
}

/// A definition with other names of databases, by pairs of the former name and the new one.
pub(crate) fn renamed(definition: &str, names: &[(&SchemaName, &SchemaName)]) -> Result<String, String> {
    let unreadable = |error| format!("its text can't be read: {error}");
    let template = Template::analyse_for(Dialect::Mysql, definition).map_err(unreadable)?;
    let tokens = tokens_for(Dialect::Mysql, definition).map_err(unreadable)?;
    let mut places = HashMap::new();
    for (from, to) in names {
        places.extend(template.places_of(from.as_str()).map(|place| (place, *to)));
    }
    let mut moved = String::with_capacity(definition.len());
    let mut copied = 0;
    for token in tokens {
        if let Some(to) = places.get(&token.start) {
            moved.push_str(&definition[copied..token.start]);
            moved.push_str(&quote::database(to));
            copied = token.end;
        }
    }
    moved.push_str(&definition[copied..]);
    Ok(moved)
}

/// Makes objects in another database, each in the mode in which it was made before.
pub(super) async fn make_all(
    session: &mut Session,
    objects: &[Object],
    from: &SchemaName,
    to: &SchemaName,
) -> Result<(), OperationError> {
    session.use_database(to).await?;
    let made = make_in_turn(session, objects, from, to).await;
    // What follows must not be written in the mode of the last object.
    let set = session.set().await;
    made?;
    Ok(set?)
}

/// A view may need another one, so views are tried until all are made.
async fn make_in_turn(
    session: &mut Session,
    objects: &[Object],
    from: &SchemaName,
    to: &SchemaName,
) -> Result<(), OperationError> {
    let mut left: Vec<&Object> = objects.iter().collect();
    while !left.is_empty() {
        let before = left.len();
        let mut failed = None;
        let mut next = Vec::new();
        for object in left {
            match object.make(session, from, to).await {
                Ok(()) => {}
                Err(error) if session.is_alive().await => {
                    failed.get_or_insert(error);
                    next.push(object);
                }
                Err(error) => return Err(error),
            }
        }
        left = next;
        if let Some(error) = failed.filter(|_| left.len() == before) {
            return Err(error);
        }
    }
    Ok(())
}

/// Writes objects down, in place of those that were written down for this database before.
pub(super) async fn save(
    session: &mut Session,
    shared: &SchemaName,
    database: &SchemaName,
    objects: &[Object],
) -> QueryResult<()> {
    forget(session, shared, database).await?;
    for (number, object) in (0_i64..).zip(objects) {
        diesel::sql_query(format!(
            "INSERT INTO {}.{SAVED} (tenant, number, kind, name, definition, sql_mode) VALUES (?, ?, ?, ?, ?, ?)",
            quote::database(shared)
        ))
        .bind::<Text, _>(database.as_str())
        .bind::<BigInt, _>(number)
        .bind::<Text, _>(object.kind.word())
        .bind::<Text, _>(&object.name)
        .bind::<Text, _>(&object.definition)
        .bind::<Text, _>(&object.sql_mode)
        .execute(&mut session.connection)
        .await?;
    }
    Ok(())
}

/// The objects that were written down for a database.
pub(super) async fn saved(
    session: &mut Session,
    shared: &SchemaName,
    database: &SchemaName,
) -> QueryResult<Vec<Object>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        kind: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        definition: String,
        #[diesel(sql_type = Text)]
        sql_mode: String,
    }

    let rows: Vec<Row> = session
        .rows(&format!(
            "SELECT kind, name, definition, sql_mode FROM {}.{SAVED} WHERE tenant = {} ORDER BY number",
            quote::database(shared),
            quote::literal(database.as_str())
        ))
        .await?;
    let object = |row: Row| {
        let kind = DefinitionKind::of_word(&row.kind);
        Ok(Object {
            // Left out, the object would be forgotten.
            kind: kind.ok_or_else(|| DieselError::DeserializationError(unknown(&row.kind).into()))?,
            name: row.name,
            definition: row.definition,
            sql_mode: row.sql_mode,
        })
    };
    rows.into_iter().map(object).collect()
}

fn unknown(kind: &str) -> String {
    format!(
        "{SAVED} holds an object of the kind {kind:?}, which this version of the library does not know: use the newer one"
    )
}

pub(super) async fn forget(session: &mut Session, shared: &SchemaName, database: &SchemaName) -> QueryResult<()> {
    session
        .run(&format!(
            "DELETE FROM {}.{SAVED} WHERE tenant = {}",
            quote::database(shared),
            quote::literal(database.as_str())
        ))
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_definition_gets_the_new_name_where_the_former_one_is_a_database_and_nowhere_else() {
        let (from, to) = ("a b".parse().unwrap(), "c`d".parse().unwrap());
        let definition = "CREATE VIEW `v` AS select `a b`.`t`.`x` AS `a b`, 'a b' from (`a b`.`t` join `other`.`u`)";
        assert_eq!(
            moved(definition, &from, &to).unwrap(),
            "CREATE VIEW `v` AS select `c``d`.`t`.`x` AS `a b`, 'a b' from (`c``d`.`t` join `other`.`u`)"
        );
        assert!(moved("HANDLER t OPEN", &from, &to).is_err());
    }
}
