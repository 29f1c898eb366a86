//! The SQL to run, before it is translated for each tenant.

use diesel_tenants_translate::statements_for;

use crate::{
    SchemaTranslateMap,
    backend::mysql::words::controls_transaction,
    script::ScriptError,
    translate::{Dialect, Template, TranslateError},
};

/// The statements of a script, each with the places of its tables.
pub(super) struct Script<'a> {
    statements: Vec<(&'a str, Template)>,
}

impl<'a> Script<'a> {
    /// Fails if the text can't be translated.
    pub(super) fn read(sql: &'a str) -> Result<Self, ScriptError> {
        // As a whole first, so that an error names its place in the whole text.
        Template::analyse_for(Dialect::Mysql, sql)?;
        let mut statements = Vec::new();
        for range in statements_for(Dialect::Mysql, sql)? {
            let statement = &sql[range];
            statements.push((statement, Template::analyse_for(Dialect::Mysql, statement)?));
        }
        Ok(Self { statements })
    }

    /// Whether a transaction has to be begun: several statements are one, unless they begin or end it themselves.
    pub(super) fn needs_transaction(&self) -> bool {
        let controls = |(statement, _): &(&str, Template)| controls_transaction(statement);
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
        for sql in ["SELECT 1; SELECT 2", "SAVEPOINT a; ROLLBACK TO a; RELEASE SAVEPOINT a"] {
            assert!(Script::read(sql).unwrap().needs_transaction(), "{sql}");
        }
        for sql in [
            "SELECT 1",
            "OPTIMIZE TABLE orders",
            "START TRANSACTION; SELECT 1; COMMIT",
            "/* so */ begin; SELECT 1; commit",
            "",
        ] {
            assert!(!Script::read(sql).unwrap().needs_transaction(), "{sql}");
        }
    }

    #[test]
    fn what_leaves_the_tenants_database_unseen_is_refused() {
        for sql in [
            "USE client2",
            "SELECT 1; USE client2",
            "PREPARE p FROM 'SELECT 1'",
            "SELECT 1 /*!50000 FROM client2.items */",
            "LOAD DATA INFILE 'x' INTO TABLE items",
            "SELECT 'x",
        ] {
            assert!(Script::read(sql).is_err(), "{sql}");
        }
    }
}
