use crate::backend::postgres::structure::{
    Kind,
    names::{Language, names},
};

/// Whether a text of an object would still contain the name of its schema in another schema. Function bodies have a
/// check of their own.
pub(in crate::backend::postgres::structure) fn keeps_name(
    kind: Kind,
    make: &[String],
    details: &[String],
    schema: &str,
) -> bool {
    let any = |texts: &[String], language| texts.iter().any(|text| names(text, language, schema, false));
    match kind {
        Kind::Default | Kind::Column | Kind::Table => any(details, Language::Expression),
        Kind::Trigger | Kind::TextSearchDictionary => any(make, Language::Arguments),
        Kind::Function => make.iter().any(|text| {
            let header = text.split("\nAS ").next().unwrap_or_default();
            let (set, rest): (Vec<&str>, Vec<&str>) = header.lines().partition(|line| line.starts_with(" SET "));
            names(&rest.join("\n"), Language::Expression, schema, false)
                || names(&set.join("\n"), Language::Arguments, schema, false)
        }),
        Kind::Check
        | Kind::Domain
        | Kind::DomainConstraint
        | Kind::Index
        | Kind::Key
        | Kind::MaterializedView
        | Kind::Policy
        | Kind::Rule
        | Kind::Statistics
        | Kind::View => any(make, Language::Expression),
        _ => false,
    }
}
