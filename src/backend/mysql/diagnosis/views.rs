//! Which databases a view's definition names.

use diesel_tenants_translate::{Dialect, tokens_for};

/// The names before a dot in a definition as the server writes it: of databases, and of tables before their columns.
/// The server writes all names in backticks.
pub(super) fn qualifiers(definition: &str) -> Vec<String> {
    let places = tokens_for(Dialect::Mysql, definition).unwrap_or_default();
    let tokens: Vec<&str> = places.into_iter().map(|place| &definition[place]).collect();
    let mut found = Vec::new();
    for (at, window) in tokens.windows(2).enumerate() {
        let follows_dot = at > 0 && tokens[at - 1] == ".";
        if window[1] == "." && !follows_dot {
            let name = window[0].trim_matches('`').replace("``", "`");
            if !found.contains(&name) {
                found.push(name);
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn databases_are_found_before_tables_and_columns() {
        let definition = "select `client2`.`items`.`id` AS `id`,'`client3`.`x`' AS `text` from `client2`.`items` \
                          join `a``b`.`c`";
        assert_eq!(qualifiers(definition), ["client2", "a`b"]);
    }
}
