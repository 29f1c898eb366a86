//! Parts that many queries have in common, each written once.

use crate::backend::postgres::own_objects;

/// Completes the text of a query:
///
/// | placeholder | what replaces it |
/// |---|---|
/// | `{version_table}` | the name of Diesel's version table |
/// | `{row_policy}` | the name of the policy that hides the rows of other tenants |
/// | `{journal}` | the name of the objects that a move creates in a tenant's schema |
/// | `{in_extension pg_class c.oid}` | the condition that an object of a catalog belongs to an extension |
/// | `{internal pg_class c.oid}` | the condition that an object was created as a part of another one |
///
/// A catalog is given by its name, or by a column that holds its OID: `{in_extension d.classid d.objid}`.
pub(crate) fn splice(sql: &str) -> String {
    let sql = sql
        .replace("{version_table}", own_objects::VERSION_TABLE)
        .replace("{journal}", own_objects::JOURNAL)
        .replace("{row_policy}", own_objects::ROW_POLICY);
    let sql = replace_conditions(&sql, "{in_extension ", 'e');
    replace_conditions(&sql, "{internal ", 'i')
}

fn replace_conditions(sql: &str, placeholder: &str, dependency: char) -> String {
    let mut parts = sql.split(placeholder);
    let mut spliced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (of, rest) = part.split_once('}').expect("a placeholder ends");
        let (catalog, object) = of.split_once(' ').expect("a placeholder has a catalog and an object");
        let catalog = match catalog.contains('.') {
            true => catalog.to_owned(),
            false => format!("'pg_catalog.{catalog}'::pg_catalog.regclass"),
        };
        spliced += &format!(
            "EXISTS (SELECT FROM pg_catalog.pg_depend part WHERE part.classid = {catalog} AND part.objid = {object} \
             AND part.deptype = '{dependency}')"
        );
        spliced += rest;
    }
    spliced
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_replaced_and_nothing_else_is() {
        let sql = "SELECT '{}', '{version_table}', '{journal}_emptied' WHERE NOT {in_extension pg_class c.oid} \
             AND {internal d.classid d.objid} ORDER BY 1";
        assert_eq!(
            splice(sql),
            "SELECT '{}', '__diesel_schema_migrations', '__diesel_tenants_move_emptied' \
             WHERE NOT EXISTS (SELECT FROM pg_catalog.pg_depend part \
             WHERE part.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND part.objid = c.oid AND part.deptype = 'e') \
             AND EXISTS (SELECT FROM pg_catalog.pg_depend part WHERE part.classid = d.classid AND part.objid = d.objid \
             AND part.deptype = 'i') ORDER BY 1"
        );
    }
}
