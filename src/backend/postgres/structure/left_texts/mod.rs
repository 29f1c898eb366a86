//! Finds the texts that contain a schema's name.
//!
//! PostgreSQL refers to nearly everything by OIDs, which a rename doesn't change. What it keeps as text is read here,
//! and nowhere else: the settings of functions, which can follow a rename ([`followers`]), and bodies, strings and
//! options, which can only be reported ([`Texts`], [`outsiders`]).

mod keeps_name;
mod setting;

use std::{cell::RefCell, collections::BTreeSet};

use diesel::{
    QueryResult, QueryableByName,
    sql_types::{Array, Text},
};
use diesel_async::RunQueryDsl;

use super::names::{BodyLanguage, Language, named};
use crate::{PostgresConnection, SchemaName, backend::postgres::splice};
pub(super) use keeps_name::keeps_name;

/// Which functions follow a schema to its new name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Followers {
    /// Only functions in the schema: no other function knows its old name.
    OwnOnly,
    /// All functions of the database: a function elsewhere may lead into the schema as well.
    All,
}

impl Followers {
    /// The query for functions that may have to follow: the text to write after `ALTER ROUTINE`, and the settings. $1
    /// is the schema's old name, $2 its new name, which it already has.
    pub(crate) fn query(self) -> String {
        let functions = match self {
            Self::OwnOnly => {
                "pg_catalog.pg_namespace n JOIN pg_catalog.pg_depend d ON d.refobjid = n.oid \
                 AND d.refclassid = 'pg_catalog.pg_namespace'::pg_catalog.regclass \
                 AND d.classid = 'pg_catalog.pg_proc'::pg_catalog.regclass \
                 JOIN pg_catalog.pg_proc p ON p.oid = d.objid AND p.pronamespace = n.oid WHERE n.nspname = $2"
            }
            Self::All => {
                "pg_catalog.pg_proc p JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace \
                 WHERE $2::pg_catalog.text <> ''"
            }
        };
        format!(
            "SELECT pg_catalog.format('%I.%I(%s)', n.nspname, p.proname, \
             pg_catalog.pg_get_function_identity_arguments(p.oid)) AS routine, p.proconfig AS settings \
             FROM {functions} AND p.proconfig IS NOT NULL \
             AND pg_catalog.strpos(pg_catalog.lower(pg_catalog.array_to_string(p.proconfig, ' ') \
             COLLATE pg_catalog.\"C\"), pg_catalog.lower(pg_catalog.replace($1, '\"', '\"\"') \
             COLLATE pg_catalog.\"C\")) > 0 ORDER BY p.oid"
        )
    }
}

/// The statements that change a function's settings to a schema's new name.
pub(crate) fn follow(
    routine: &str,
    settings: &[String],
    from: &SchemaName,
    to: &SchemaName,
) -> impl Iterator<Item = String> {
    let moved = settings.iter().filter_map(|setting| setting::moved(setting, from, to));
    moved.map(move |set| format!("ALTER ROUTINE {routine} {set}"))
}

/// The statements that change the settings of functions (`SET search_path …`) from a schema's old name to its new name;
/// empty if no function has such settings.
///
/// The schema has its new name already.
pub(crate) async fn followers(
    connection: &mut PostgresConnection,
    from: &SchemaName,
    to: &SchemaName,
    which: Followers,
) -> QueryResult<String> {
    #[derive(QueryableByName)]
    struct Function {
        #[diesel(sql_type = Text)]
        routine: String,
        #[diesel(sql_type = Array<Text>)]
        settings: Vec<String>,
    }

    let functions: Vec<Function> = diesel::sql_query(which.query())
        .bind::<Text, _>(from.as_str())
        .bind::<Text, _>(to.as_str())
        .load(connection)
        .await?;
    let statements = functions
        .iter()
        .flat_map(|Function { routine, settings }| follow(routine, settings, from, to));
    Ok(statements.collect::<Vec<_>>().join(";\n"))
}

/// An object with a text that names schemas.
#[derive(Debug, Clone)]
pub(crate) struct Holder {
    /// The object's schema, if [`Texts`] have the object.
    pub(crate) schema: String,
    /// The object in words; for [`Texts`] without the schema.
    pub(crate) object: String,
    /// The schemas that the text names.
    pub(crate) names: BTreeSet<String>,
    /// Whether the text is rewritten in a copy of the structure, as bodies of functions and their search_path are.
    pub(crate) is_rewritten: bool,
}

#[derive(QueryableByName)]
struct Row {
    #[diesel(sql_type = Text)]
    schema: String,
    #[diesel(sql_type = Text)]
    object: String,
    #[diesel(sql_type = Text)]
    kind: String,
    #[diesel(sql_type = Text)]
    text: String,
}

impl Row {
    /// `None` for a setting.
    fn language(&self) -> Option<Language> {
        match &*self.kind {
            "setting" => None,
            "sql" => Some(Language::Body(BodyLanguage::Sql)),
            "plpgsql" => Some(Language::Body(BodyLanguage::PlPgSql)),
            "expression" => Some(Language::Expression),
            "arguments" => Some(Language::Arguments),
            _ => Some(Language::Foreign),
        }
    }

    /// The schemas that the text names.
    fn names(&self, is_schema: &dyn Fn(&str) -> bool) -> BTreeSet<String> {
        match self.language() {
            Some(language) => named(&self.text, language, false, is_schema),
            None => {
                let named = setting::named(&self.text).into_iter();
                named.filter(|name| is_schema(name)).collect()
            }
        }
    }

    fn holder(self, is_schema: &dyn Fn(&str, &str) -> bool) -> Option<Holder> {
        let names = self.names(&|name| is_schema(&self.schema, name));
        let is_rewritten = match self.language() {
            // A text that can't be rewritten is refused when the structure is read.
            Some(Language::Body(_)) => true,
            Some(Language::Foreign) => self.kind != "options",
            Some(_) => false,
            None => self.text.starts_with("search_path="),
        };
        (!names.is_empty()).then_some(Holder {
            is_rewritten,
            schema: self.schema,
            object: self.object,
            names,
        })
    }
}

/// The texts of some schemas.
pub(crate) struct Texts(Vec<Row>);

impl Texts {
    pub(crate) async fn of(connection: &mut PostgresConnection, schemas: &[&str]) -> QueryResult<Self> {
        let rows = diesel::sql_query(splice(include_str!("texts.sql")))
            .bind::<Array<Text>, _>(schemas)
            .load(connection)
            .await?;
        Ok(Self(rows))
    }

    /// All names in the texts that could be those of schemas.
    pub(crate) fn possible_names(&self) -> BTreeSet<String> {
        let asked = RefCell::new(BTreeSet::new());
        for row in &self.0 {
            row.names(&|name| {
                asked.borrow_mut().insert(name.to_owned());
                false
            });
        }
        asked.into_inner()
    }

    /// The objects whose texts name a schema. `is_schema` decides, from the object's schema and a name in the text.
    pub(crate) fn holders(self, is_schema: &dyn Fn(&str, &str) -> bool) -> Vec<Holder> {
        merged(self.0, is_schema)
    }
}

/// The objects in a schema whose texts name that schema, so that they would lead there from a copy of the structure as
/// well.
pub(crate) async fn left_behind(connection: &mut PostgresConnection, schema: &SchemaName) -> QueryResult<Vec<String>> {
    let is_own = |_: &str, name: &str| name == schema.as_str();
    let texts = Texts::of(connection, &[schema.as_str()]).await?;
    let left = texts.holders(&is_own).into_iter().filter(|holder| !holder.is_rewritten);
    Ok(left.map(|holder| holder.object).collect())
}

/// The objects outside a schema whose texts name it: bodies and settings of functions elsewhere, settings of roles and of
/// the database, options of foreign servers and tables.
pub(crate) async fn outsiders(
    connection: &mut PostgresConnection,
    outside_of: &SchemaName,
    name: &SchemaName,
) -> QueryResult<Vec<Holder>> {
    let rows: Vec<Row> = diesel::sql_query(format!(
        "SELECT '' AS schema, o.* FROM ({}) o",
        include_str!("outsiders.sql")
    ))
    .bind::<Text, _>(outside_of.as_str())
    .bind::<Text, _>(unescaped_part(name))
    .load(connection)
    .await?;
    Ok(merged(rows, &|_, found| found == name.as_str()))
}

/// The longest part of a name that a text with the name contains, in small or capital letters, unless it has a backslash:
/// quotes may be doubled. Only ASCII, in small letters: PostgreSQL folds these in the same way in every locale.
fn unescaped_part(name: &SchemaName) -> String {
    let is_between = |char: char| matches!(char, '"' | '\'' | '\\') || !char.is_ascii();
    let parts = name.as_str().split(is_between);
    let longest = parts.max_by_key(|part| part.len()).unwrap_or_default();
    longest.to_ascii_lowercase()
}

/// Merges the rows of each object into one, in the same order.
fn merged(rows: Vec<Row>, is_schema: &dyn Fn(&str, &str) -> bool) -> Vec<Holder> {
    let mut holders: Vec<Holder> = Vec::new();
    for mut holder in rows.into_iter().filter_map(|row| row.holder(is_schema)) {
        match holders.last_mut() {
            Some(last) if last.schema == holder.schema && last.object == holder.object => {
                last.names.append(&mut holder.names);
                last.is_rewritten &= holder.is_rewritten;
            }
            _ => holders.push(holder),
        }
    }
    holders
}
