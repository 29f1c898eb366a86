//! Settings of functions, roles and databases: `name=value`.

use crate::{
    SchemaName,
    backend::postgres::quote::{literal, names_between, names_in_list},
};

/// The text after `ALTER ROUTINE …` that changes a setting to a schema's new name; `None` if the setting does not lead
/// to the schema.
///
/// Only whole names count: a search_path is a list of names, and the name of a text search configuration begins with
/// its schema.
pub(super) fn moved(setting: &str, from: &SchemaName, to: &SchemaName) -> Option<String> {
    let (name, value) = setting.split_once('=')?;
    let mut names = parts(name, value)?;
    let places: Vec<usize> = schemas_at(name, &names)
        .filter(|&at| names[at] == from.as_str())
        .collect();
    if places.is_empty() {
        return None;
    }
    for at in places {
        to.as_str().clone_into(&mut names[at]);
    }
    let value = match name {
        "search_path" => names.iter().map(|name| literal(name)).collect::<Vec<_>>().join(", "),
        _ => {
            let names = names
                .iter()
                .map(|name| crate::backend::postgres::quote::identifier(name));
            literal(&names.collect::<Vec<_>>().join("."))
        }
    };
    Some(format!("SET {name} = {value}"))
}

/// The schemas that a setting names. The meaning of an application's own setting, such as `app.schema`, is unknown, so
/// its value counts as a schema.
pub(super) fn named(setting: &str) -> Vec<String> {
    let Some((name, value)) = setting.split_once('=') else {
        return Vec::new();
    };
    match parts(name, value) {
        Some(names) => schemas_at(name, &names).map(|at| names[at].clone()).collect(),
        None if name.contains('.') => vec![value.to_owned()],
        None => Vec::new(),
    }
}

fn parts(name: &str, value: &str) -> Option<Vec<String>> {
    match name {
        "search_path" => Some(names_in_list(value).collect()),
        "default_text_search_config" => Some(names_between(value, '.').collect()),
        _ => None,
    }
}

/// Which parts of a setting's value are names of schemas.
fn schemas_at(name: &str, parts: &[String]) -> std::ops::Range<usize> {
    match name {
        "search_path" => 0..parts.len(),
        // The last part is the configuration's own name.
        _ => 0..parts.len().saturating_sub(1),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn move_client1(setting: &str) -> Option<String> {
        moved(
            setting,
            &SchemaName::new("client1").unwrap(),
            &SchemaName::new("it's \"x\"").unwrap(),
        )
    }

    #[test]
    fn only_a_whole_name_in_a_list_follows() {
        assert_eq!(
            move_client1(r#"search_path="$user", client1, public"#).unwrap(),
            r#"SET search_path = '$user', 'it''s "x"', 'public'"#
        );
        assert_eq!(
            move_client1(r#"search_path="client1",ext"#).unwrap(),
            r#"SET search_path = 'it''s "x"', 'ext'"#
        );
        assert_eq!(
            move_client1("search_path=CLIENT1").unwrap(),
            r#"SET search_path = 'it''s "x"'"#
        );
        for setting in [
            r#"search_path=client11, "Client1", "client1 ", "a,client1""#,
            r#"search_path="""#,
            "search_path=",
            "work_mem=client1",
            "role=client1",
        ] {
            assert_eq!(move_client1(setting), None, "{setting}");
        }
    }

    #[test]
    fn a_text_search_configuration_follows_by_its_schema() {
        assert_eq!(
            move_client1("default_text_search_config=client1.english").unwrap(),
            r#"SET default_text_search_config = '"it''s ""x"""."english"'"#
        );
        assert_eq!(move_client1("default_text_search_config=client1"), None);
    }

    #[test]
    fn a_setting_of_the_users_own_may_name_a_schema() {
        assert_eq!(named("app.schema=client1"), ["client1"]);
        assert_eq!(named(r#"search_path="$user", Client1"#), ["$user", "client1"]);
        assert!(named("role=client1").is_empty());
    }
}
