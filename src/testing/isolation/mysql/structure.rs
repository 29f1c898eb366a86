//! What the catalogs say of the structure of each database.

use std::collections::BTreeMap;

use super::{
    super::{Access, AuditError, Leak},
    Object, leak,
    observer::{Observer, Said},
};

/// What is said of each object.
pub(super) struct Structure(BTreeMap<Object, Vec<String>>);

/// The structure of a database: its tables and views with their columns, indexes, constraints and triggers, its routines
/// and events, and the rights to them. An emptied table of InnoDB has another number.
const STRUCTURE: &str = "\
    SELECT SCHEMA_NAME AS `schema`, '' AS object, \
      CONCAT_WS(' ', DEFAULT_CHARACTER_SET_NAME, DEFAULT_COLLATION_NAME) AS said FROM information_schema.SCHEMATA \
    UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, \
      CONCAT_WS(' ', TABLE_TYPE, ENGINE, CREATE_TIME, CREATE_OPTIONS, TABLE_COLLATION, TABLE_COMMENT) \
      FROM information_schema.TABLES \
    UNION ALL SELECT CONVERT(CAST(CAST(SUBSTRING_INDEX(NAME, '/', 1) AS BINARY) AS CHAR CHARACTER SET filename) \
        USING utf8mb4), \
      CONVERT(CAST(CAST(SUBSTRING_INDEX(SUBSTRING_INDEX(NAME, '/', -1), '#', 1) AS BINARY) \
        AS CHAR CHARACTER SET filename) USING utf8mb4), \
      CONCAT('InnoDB ', TABLE_ID) FROM information_schema.INNODB_SYS_TABLES WHERE NAME LIKE '_%/_%' \
    UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, VIEW_DEFINITION FROM information_schema.VIEWS \
    UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, \
      CONCAT_WS(' ', ORDINAL_POSITION, COLUMN_NAME, COLUMN_TYPE, IS_NULLABLE, COLUMN_DEFAULT, EXTRA, COLUMN_COMMENT) \
      FROM information_schema.COLUMNS \
    UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, CONCAT_WS(' ', INDEX_NAME, SEQ_IN_INDEX, COLUMN_NAME, NON_UNIQUE) \
      FROM information_schema.STATISTICS \
    UNION ALL SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONCAT_WS(' ', CONSTRAINT_NAME, CHECK_CLAUSE) \
      FROM information_schema.CHECK_CONSTRAINTS \
    UNION ALL SELECT CONSTRAINT_SCHEMA, TABLE_NAME, CONCAT_WS(' ', CONSTRAINT_NAME, UNIQUE_CONSTRAINT_SCHEMA, \
        REFERENCED_TABLE_NAME, UPDATE_RULE, DELETE_RULE) FROM information_schema.REFERENTIAL_CONSTRAINTS \
    UNION ALL SELECT EVENT_OBJECT_SCHEMA, EVENT_OBJECT_TABLE, CONCAT_WS(' ', TRIGGER_NAME, ACTION_STATEMENT) \
      FROM information_schema.TRIGGERS \
    UNION ALL SELECT ROUTINE_SCHEMA, ROUTINE_NAME, CONCAT_WS(' ', ROUTINE_TYPE, LAST_ALTERED, ROUTINE_DEFINITION) \
      FROM information_schema.ROUTINES \
    UNION ALL SELECT EVENT_SCHEMA, EVENT_NAME, CONCAT_WS(' ', LAST_ALTERED, STATUS, EVENT_DEFINITION) \
      FROM information_schema.EVENTS \
    UNION ALL SELECT REPLACE(TABLE_SCHEMA, '\\\\_', '_'), '', CONCAT_WS(' ', GRANTEE, PRIVILEGE_TYPE, IS_GRANTABLE) \
      FROM information_schema.SCHEMA_PRIVILEGES \
    UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, CONCAT_WS(' ', GRANTEE, PRIVILEGE_TYPE, IS_GRANTABLE) \
      FROM information_schema.TABLE_PRIVILEGES \
    UNION ALL SELECT TABLE_SCHEMA, TABLE_NAME, CONCAT_WS(' ', COLUMN_NAME, GRANTEE, PRIVILEGE_TYPE, IS_GRANTABLE) \
      FROM information_schema.COLUMN_PRIVILEGES";

impl Structure {
    pub(super) async fn read(observer: &mut Observer) -> Result<Self, AuditError> {
        let said: Vec<Said> = observer.rows("read the structure of all databases", STRUCTURE).await?;
        let mut all: BTreeMap<_, Vec<String>> = BTreeMap::new();
        for (object, said) in said.into_iter().map(Said::of) {
            all.entry(object).or_default().push(said);
        }
        all.values_mut().for_each(|said| said.sort_unstable());
        Ok(Self(all))
    }

    /// What differs from an earlier look, in schemas that are not allowed.
    pub(super) fn since(&self, before: &Self, allowed: &[String]) -> Vec<Leak> {
        let gone = before.0.keys().filter(|object| !self.0.contains_key(*object));
        let gone = gone.map(|object| (object, "it is gone"));
        let others = self.0.iter().filter_map(|(object, said)| match before.0.get(object) {
            None => Some((object, "it is new")),
            Some(before) if before != said => {
                Some((object, "its definition or the rights to it changed, or it was emptied"))
            }
            Some(_) => None,
        });
        let changed = gone.chain(others).filter(|((schema, _), _)| !allowed.contains(schema));
        changed
            .map(|(object, how)| leak(object, Access::Changed, how.to_owned()))
            .collect()
    }
}
