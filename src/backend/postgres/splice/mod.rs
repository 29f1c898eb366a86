//! Parts that many queries have in common, each written once.

use crate::backend::postgres::own_objects;

/// What belongs to schema $1, for `WITH`: `own (class, object)`, and `own_schema`, `own_relation`, `own_type`.
const OWN: &str = include_str!("own.sql");

/// Completes the text of a query:
///
/// | placeholder | what replaces it |
/// |---|---|
/// | `{version_table}` | the name of Diesel's version table |
/// | `{row_policy}` | the name of the policy that hides the rows of other tenants |
/// | `{journal}` | the name of the objects that a move creates in a tenant's schema |
/// | `{in_extension pg_class c.oid}` | the condition that an object of a catalog belongs to an extension |
/// | `{internal pg_class c.oid}` | the condition that an object was created as a part of another one |
/// | `{in_schemas pg_class c}` | the condition that `pg_class c` is in the schemas with the OIDs $1 |
/// | `{in_schema pg_class c}` | the same of the schema with the name $1 |
/// | `{in_named_schemas pg_class c}` | the same of the schemas with the names $1 |
/// | `{own}` | all that belongs to the schema with the name $1, after `WITH` |
///
/// A catalog is given by its name, or by a column that holds its OID: `{in_extension d.classid d.objid}`.
///
/// No catalog has an index that begins with the schema. What is in a schema is found by what depends on the schema,
/// which PostgreSQL has an index for: a query then costs what the schema holds, not what the database does. Indexes,
/// composite types' relations, row types and arrays don't depend on the schema themselves, but on a table or a type:
/// `{in_schema …}` finds none of them, `{own}` does. All of this is written in such a way that the planner, whose
/// estimates of `pg_depend` are poor, is left no choice. The constraints of a type are those with `conrelid = 0` as
/// well, which is what their index begins with.
pub(crate) fn splice(sql: &str) -> String {
    let sql = sql
        .replace("{own}", OWN)
        .replace("{version_table}", own_objects::VERSION_TABLE)
        .replace("{journal}", own_objects::JOURNAL)
        .replace("{row_policy}", own_objects::ROW_POLICY);
    let sql = replace(&sql, "{in_extension ", |catalog, object| part(catalog, object, 'e'));
    let sql = replace(&sql, "{internal ", |catalog, object| part(catalog, object, 'i'));
    let sql = replace(&sql, "{in_schemas ", |catalog, alias| {
        inside(catalog, alias, "= ANY ($1)")
    });
    let sql = replace(&sql, "{in_schema ", |catalog, alias| {
        let schema = "= (SELECT s.oid FROM pg_catalog.pg_namespace s WHERE s.nspname = $1)";
        inside(catalog, alias, schema)
    });
    replace(&sql, "{in_named_schemas ", |catalog, alias| {
        let schemas = "= ANY (ARRAY(SELECT s.oid FROM pg_catalog.pg_namespace s \
             WHERE s.nspname = ANY ($1::pg_catalog.text[]::pg_catalog.name[])))";
        inside(catalog, alias, schemas)
    })
}

/// Replaces a placeholder with two arguments.
fn replace(sql: &str, placeholder: &str, with: impl Fn(&str, &str) -> String) -> String {
    let mut parts = sql.split(placeholder);
    let mut spliced = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (of, rest) = part.split_once('}').expect("a placeholder ends");
        let (catalog, object) = of.split_once(' ').expect("a placeholder has a catalog and an object");
        spliced += &with(catalog, object);
        spliced += rest;
    }
    spliced
}

/// The OID of a catalog, which is given by its name or by a column.
fn class(catalog: &str) -> String {
    match catalog.contains('.') {
        true => catalog.to_owned(),
        false => format!("'pg_catalog.{catalog}'::pg_catalog.regclass"),
    }
}

/// `OFFSET` keeps it from becoming a join that reads all of `pg_depend`.
fn part(catalog: &str, object: &str, dependency: char) -> String {
    format!(
        "EXISTS (SELECT FROM pg_catalog.pg_depend part WHERE part.classid = {} AND part.objid = {object} \
         AND part.deptype = '{dependency}' OFFSET 0)",
        class(catalog)
    )
}

/// By the objects that depend on the schema, and by the schema that the object says it is in: a constant of the type
/// `regnamespace` makes an object depend on another schema as well.
fn inside(catalog: &str, alias: &str, schema: &str) -> String {
    let column = match catalog {
        "pg_class" => "relnamespace",
        "pg_type" => "typnamespace",
        "pg_proc" => "pronamespace",
        "pg_collation" => "collnamespace",
        "pg_operator" => "oprnamespace",
        "pg_statistic_ext" => "stxnamespace",
        "pg_ts_dict" => "dictnamespace",
        "pg_ts_config" => "cfgnamespace",
        "pg_default_acl" => "defaclnamespace",
        _ => unreachable!("no query asks for the objects of {catalog}"),
    };
    format!(
        "{alias}.{column} {schema} AND {alias}.oid = ANY (ARRAY(SELECT d.objid FROM pg_catalog.pg_depend d \
         WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass AND d.refobjid {schema} \
         AND d.classid = {}))",
        class(catalog)
    )
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
             WHERE part.classid = 'pg_catalog.pg_class'::pg_catalog.regclass AND part.objid = c.oid \
             AND part.deptype = 'e' OFFSET 0) \
             AND EXISTS (SELECT FROM pg_catalog.pg_depend part WHERE part.classid = d.classid AND part.objid = d.objid \
             AND part.deptype = 'i' OFFSET 0) ORDER BY 1"
        );
        assert_eq!(
            splice("SELECT FROM pg_type t WHERE {in_schemas pg_type t}"),
            "SELECT FROM pg_type t WHERE t.typnamespace = ANY ($1) AND t.oid = ANY (ARRAY(SELECT d.objid \
             FROM pg_catalog.pg_depend d WHERE d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass \
             AND d.refobjid = ANY ($1) AND d.classid = 'pg_catalog.pg_type'::pg_catalog.regclass))"
        );
    }
}
