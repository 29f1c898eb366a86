//! The SQL to run, before it is translated for each tenant.

use diesel_tenants_translate::statements_for;

use crate::{
    RefusedStatement, SchemaTranslateMap,
    backend::sqlite::words::ends_transaction,
    query::{Refusals, Sharing},
    script::ScriptError,
    translate::{Dialect, Template, TranslateError},
};

/// The statements of a script, each with the places of its tables.
pub(super) struct Script<'a> {
    statements: Vec<(&'a str, Template)>,
}

impl<'a> Script<'a> {
    /// Fails if the text can't be translated, or must not be run.
    pub(super) fn read(sql: &'a str) -> Result<Self, ScriptError> {
        // As a whole first, so that an error names its place in the whole text.
        Template::analyse_for(Dialect::Sqlite, sql)?;
        let mut statements = Vec::new();
        for range in statements_for(Dialect::Sqlite, sql)? {
            let statement = &sql[range];
            let template = Template::analyse_for(Dialect::Sqlite, statement)?;
            if let Some(refusals) = Refusals::of(statement, &template)
                && let Some(refused) = refusals.on(Sharing::InTurn)
                // The connection is this tenant's alone.
                && !matches!(refused, RefusedStatement::LastValue { .. })
            {
                return Err(refused.clone().into());
            }
            statements.push((statement, template));
        }
        Ok(Self { statements })
    }

    /// Whether a transaction has to be begun: several statements are one, unless they begin or end it themselves.
    pub(super) fn needs_transaction(&self) -> bool {
        let controls = |(statement, _): &(&str, Template)| ends_transaction(statement);
        self.statements.len() > 1 && !self.statements.iter().any(controls)
    }

    /// The texts of the statements for one tenant.
    pub(super) fn for_tenant(&self, map: &SchemaTranslateMap) -> Result<Vec<String>, TranslateError> {
        let statements = self.statements.iter();
        statements
            .map(|(statement, template)| Ok(template.render(statement, map)?.into_owned()))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn several_statements_are_one_transaction_unless_they_say_otherwise() {
        for sql in ["SELECT 1; SELECT 2", "SAVEPOINT a; ROLLBACK TO a; RELEASE a"] {
            assert!(Script::read(sql).unwrap().needs_transaction(), "{sql}");
        }
        for sql in [
            "SELECT 1",
            "VACUUM",
            "BEGIN; SELECT 1; COMMIT",
            "/* so */ begin; SELECT 1; end",
            "",
        ] {
            assert!(!Script::read(sql).unwrap().needs_transaction(), "{sql}");
        }
    }

    #[test]
    fn what_reaches_beyond_the_two_files_or_changes_their_locking_is_refused() {
        for sql in [
            "ATTACH 'x.db' AS x",
            "SELECT 1; DETACH public",
            "VACUUM INTO 'x.db'",
            "SELECT last_insert_rowid(); PRAGMA journal_mode = DELETE",
            "PRAGMA locking_mode = EXCLUSIVE",
            "PRAGMA temp_store_directory = '/x'",
            "CREATE VIEW v AS SELECT * FROM public.users",
            "SELECT 'x",
        ] {
            assert!(Script::read(sql).is_err(), "{sql}");
        }
        for sql in [
            "PRAGMA journal_mode",
            "SELECT last_insert_rowid()",
            "CREATE TEMP TABLE t (a)",
        ] {
            assert!(Script::read(sql).is_ok(), "{sql}");
        }
    }
}
