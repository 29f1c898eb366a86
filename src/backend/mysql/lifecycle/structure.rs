//! What a tenant's database consists of, as texts that make the same in another database.

use diesel::{QueryResult, QueryableByName, sql_types::Text};
use diesel_tenants_translate::{Dialect, SchemaName, Template, statements_for, tokens_for};

use super::{
    OperationError,
    clone::is_half_migrated,
    database::{self, TableKind},
    objects::{self, Object, renamed},
};
use crate::backend::{
    migration_sql::VERSION_TABLE,
    mysql::{
        DefinitionKind, Session,
        migrations::{PROGRESS_TABLE, Shown, without_counter},
        quote,
        rows::{RowColumn, RowTable},
    },
};

/// Everything of a database except its rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Structure {
    pub(crate) character_set: String,
    pub(crate) collation: String,
    /// The sequences, then the tables.
    pub(crate) tables: Vec<Definition>,
    /// Routines, views, triggers and events.
    pub(crate) objects: Vec<Definition>,
}

/// The statement that makes one thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Definition {
    pub(crate) kind: DefinitionKind,
    pub(crate) name: String,
    pub(crate) sql: String,
    /// The mode in which the server reads the statement; empty for tables.
    pub(crate) sql_mode: String,
}

impl Definition {
    pub(crate) fn is_sequence(&self) -> bool {
        self.kind == DefinitionKind::Sequence
    }

    /// In words for people.
    pub(crate) fn named(&self) -> String {
        format!("{} {}", self.kind.word().to_ascii_lowercase(), self.name)
    }
}

/// Reads a database's structure. Fails if there is something of which no copy with all rows can be made.
pub(crate) async fn structure(
    session: &mut Session,
    database: &SchemaName,
    shared: &SchemaName,
) -> Result<Structure, OperationError> {
    let (character_set, collation) = database::character_set(session, database).await?;
    let found = database::tables(session, database).await?;
    let mut reasons = Vec::new();
    for table in found.iter().filter(|table| table.kind == TableKind::Versioned) {
        reasons.push(format!("table {} keeps the former versions of its rows", table.name));
    }
    for (name, engine) in other_engines(session, database).await? {
        reasons.push(format!(
            "table {name} is of the engine {engine}, of which no moment can be kept: ALTER TABLE … ENGINE = InnoDB"
        ));
    }
    if is_half_migrated(session, database, &found).await? {
        reasons.push("one of its migrations is not finished: migrate it first".to_owned());
    }
    let (tables, objects) = definitions(session, database, &found).await?;
    for definition in tables.iter().chain(&objects) {
        if let Err(reason) = definition.renamed(&[database, shared], &[]) {
            reasons.push(format!("{}: {reason}", definition.named()));
        }
    }
    if reasons.is_empty() {
        return Ok(Structure {
            character_set,
            collation: collation.unwrap_or_default(),
            tables,
            objects,
        });
    }
    Err(OperationError::Unmovable {
        database: database.clone(),
        what: "exported",
        reasons,
    })
}

/// The definitions of a database: of its sequences and tables, and of its other objects.
async fn definitions(
    session: &mut Session,
    database: &SchemaName,
    found: &[database::Table],
) -> QueryResult<(Vec<Definition>, Vec<Definition>)> {
    let mut tables = Vec::new();
    let is_sequence = |table: &&database::Table| table.kind == TableKind::Sequence;
    // A table's default can be the next number of a sequence.
    let sequences = found.iter().filter(is_sequence);
    for table in sequences.chain(found.iter().filter(|table| !is_sequence(table))) {
        let kind = table.kind.of_definition();
        let name = quote::identifier(&table.name);
        let show = format!("SHOW CREATE {} {}.{name}", kind.word(), quote::database(database));
        let shown: Vec<Shown> = session.rows(&show).await?;
        tables.push(Definition {
            kind,
            name: table.name.clone(),
            sql: shown.into_iter().next().map_or_else(String::new, |Shown(text)| text),
            sql_mode: String::new(),
        });
    }
    let objects = objects::read(session, database).await?.into_iter();
    Ok((tables, objects.map(Definition::from).collect()))
}

/// All definitions of a database as they are, also of what can't be exported, without the library's own tables.
pub(crate) async fn all_definitions(session: &mut Session, database: &SchemaName) -> QueryResult<Vec<Definition>> {
    let mut found = database::tables(session, database).await?;
    found.retain(|table| table.name != VERSION_TABLE && table.name != PROGRESS_TABLE);
    let (mut all, objects) = definitions(session, database, &found).await?;
    for definition in &mut all {
        definition.sql = without_counter(&definition.sql).into_owned();
    }
    all.extend(objects);
    Ok(all)
}

impl From<Object> for Definition {
    fn from(object: Object) -> Self {
        let Object {
            kind,
            name,
            definition,
            sql_mode,
        } = object;
        Self {
            kind,
            name,
            sql: definition,
            sql_mode,
        }
    }
}

impl Definition {
    /// The databases that the definition names, apart from these.
    pub(crate) fn others(&self, known: &[&SchemaName]) -> Vec<String> {
        let Ok(template) = Template::analyse_for(Dialect::Mysql, &self.sql) else {
            return Vec::new();
        };
        let is_known = |schema: &str| known.iter().any(|name| name.as_str() == schema);
        template
            .schemas()
            .filter(|schema| !is_known(schema))
            .map(str::to_owned)
            .collect()
    }

    /// The same definition in another database.
    pub(crate) fn moved(&self, from: &SchemaName, to: &SchemaName) -> Result<Self, String> {
        Ok(Self {
            sql: renamed(&self.sql, &[(from, to)])?,
            ..self.clone()
        })
    }

    /// The statement with these names in place of those, or why it can't be run in another database. It must make what
    /// it says, and name no databases but these.
    pub(crate) fn renamed(
        &self,
        known: &[&SchemaName],
        names: &[(&SchemaName, &SchemaName)],
    ) -> Result<String, String> {
        if self.sql.is_empty() {
            return Err("its definition is not shown to this account".to_owned());
        }
        if let Some(mode) = Dialect::misread_sql_mode(&self.sql_mode) {
            return Err(format!(
                "it was made with the sql_mode {mode}: make it anew without that mode"
            ));
        }
        let unreadable = |error| format!("its text can't be read: {error}");
        let statements = statements_for(Dialect::Mysql, &self.sql).map_err(unreadable)?.len();
        let tokens = tokens_for(Dialect::Mysql, &self.sql).map_err(unreadable)?;
        // Behind the words about who has defined it, the kind of object stands.
        let words: Vec<&str> = tokens.into_iter().map(|place| &self.sql[place]).take(20).collect();
        let kind: Vec<&str> = self.kind.word().split(' ').collect();
        let is_kind = |words: &[&str]| {
            words
                .iter()
                .zip(&kind)
                .all(|(word, of_kind)| word.eq_ignore_ascii_case(of_kind))
        };
        let creates = words.first().is_some_and(|word| word.eq_ignore_ascii_case("CREATE"));
        if statements != 1 || !creates || !words.windows(kind.len()).any(is_kind) {
            return Err("its text makes something else".to_owned());
        }
        let renamed = renamed(&self.sql, names)?;
        match self.others(known).first() {
            Some(other) => Err(format!("it leads to the database {other:?}")),
            None => Ok(renamed),
        }
    }
}

/// The tables whose rows are copied, with the columns that hold what was written into them.
pub(crate) async fn row_tables(
    session: &mut Session,
    database: &SchemaName,
    structure: &Structure,
) -> QueryResult<Vec<RowTable>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        relation: String,
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        data_type: String,
    }

    let columns: Vec<Row> = session
        .rows(&format!(
            "SELECT TABLE_NAME AS relation, COLUMN_NAME AS name, CAST(DATA_TYPE AS CHAR) AS data_type \
             FROM information_schema.COLUMNS WHERE TABLE_SCHEMA = {0} AND BINARY TABLE_SCHEMA = BINARY {0} \
             AND COALESCE(GENERATION_EXPRESSION, '') = '' ORDER BY TABLE_NAME, ORDINAL_POSITION",
            quote::literal(database.as_str())
        ))
        .await?;
    let tables = structure.tables.iter().filter(|table| !table.is_sequence());
    let table = |definition: &Definition| RowTable {
        name: definition.name.clone(),
        columns: columns
            .iter()
            .filter(|column| column.relation == definition.name)
            .map(|column| RowColumn::of(&column.name, &column.data_type))
            .collect(),
    };
    Ok(tables.map(table).collect())
}

/// Where the sequences stand, by their names.
pub(crate) async fn positions(
    session: &mut Session,
    database: &SchemaName,
    structure: &Structure,
) -> QueryResult<Vec<(String, i64)>> {
    let mut positions = Vec::new();
    for sequence in structure.tables.iter().filter(|table| table.is_sequence()) {
        let name = quote::identifier(&sequence.name);
        let query = format!(
            "SELECT next_not_cached_value AS number FROM {}.{name}",
            quote::database(database)
        );
        positions.push((sequence.name.clone(), session.number(&query).await?));
    }
    Ok(positions)
}

/// The tables of other engines than InnoDB, with their engines.
async fn other_engines(session: &mut Session, database: &SchemaName) -> QueryResult<Vec<(String, String)>> {
    #[derive(QueryableByName)]
    struct Row {
        #[diesel(sql_type = Text)]
        name: String,
        #[diesel(sql_type = Text)]
        engine: String,
    }

    let rows: Vec<Row> = session
        .rows(&format!(
            "SELECT TABLE_NAME AS name, COALESCE(ENGINE, '') AS engine FROM information_schema.TABLES \
             WHERE TABLE_SCHEMA = {0} AND BINARY TABLE_SCHEMA = BINARY {0} AND TABLE_TYPE = 'BASE TABLE' \
             AND COALESCE(ENGINE, '') <> 'InnoDB' ORDER BY TABLE_NAME",
            quote::literal(database.as_str())
        ))
        .await?;
    Ok(rows.into_iter().map(|row| (row.name, row.engine)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn definition(kind: DefinitionKind, sql: &str) -> Definition {
        Definition {
            kind,
            name: "x".to_owned(),
            sql: sql.to_owned(),
            sql_mode: String::new(),
        }
    }

    #[test]
    fn a_definition_makes_what_it_says_and_names_no_other_database() {
        let (own, shared) = ("client1".parse().unwrap(), "public".parse().unwrap());
        let (new, common) = ("client2".parse().unwrap(), "common".parse().unwrap());
        let renamed = |kind: DefinitionKind, sql: &str| {
            definition(kind, sql).renamed(&[&own, &shared], &[(&own, &new), (&shared, &common)])
        };
        assert_eq!(
            renamed(
                DefinitionKind::View,
                "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`%` SQL SECURITY DEFINER VIEW `x` AS select \
                             `client1`.`t`.`a` AS `a` from (`client1`.`t` join `public`.`u`)"
            )
            .unwrap(),
            "CREATE ALGORITHM=UNDEFINED DEFINER=`a`@`%` SQL SECURITY DEFINER VIEW `x` AS select `client2`.`t`.`a` AS \
             `a` from (`client2`.`t` join `common`.`u`)"
        );
        for (kind, sql) in [
            (DefinitionKind::Table, "DROP TABLE x"),
            (DefinitionKind::Table, "CREATE TABLE x (a INT); DROP TABLE y"),
            (DefinitionKind::Table, "CREATE VIEW x AS SELECT 1"),
            (
                DefinitionKind::Table,
                "CREATE TABLE x (a INT, FOREIGN KEY (a) REFERENCES client3.y (a))",
            ),
            (DefinitionKind::View, "CREATE VIEW x AS SELECT * FROM client3.items"),
            (DefinitionKind::Table, "CREATE TABLE x (a INT"),
            (DefinitionKind::Table, ""),
        ] {
            assert!(renamed(kind, sql).is_err(), "{sql}");
        }
    }
}
