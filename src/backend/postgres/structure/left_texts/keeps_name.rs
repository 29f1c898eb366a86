use crate::backend::{
    object_kind::ObjectKind,
    postgres::structure::names::{Language, names},
};

/// Whether a text of an object would still contain the name of its schema in another schema. Function bodies have a
/// check of their own.
pub(in crate::backend::postgres::structure) fn keeps_name(
    kind: ObjectKind,
    make: &[String],
    details: &[String],
    schema: &str,
) -> bool {
    let any = |texts: &[String], language| texts.iter().any(|text| names(text, language, schema, false));
    match kind {
        ObjectKind::Default | ObjectKind::Column | ObjectKind::Table => any(details, Language::Expression),
        ObjectKind::Trigger | ObjectKind::TextSearchDictionary => any(make, Language::Arguments),
        ObjectKind::Function => make.iter().any(|text| {
            let header = text.split("\nAS ").next().unwrap_or_default();
            let (set, rest): (Vec<&str>, Vec<&str>) = header.lines().partition(|line| line.starts_with(" SET "));
            names(&rest.join("\n"), Language::Expression, schema, false)
                || names(&set.join("\n"), Language::Arguments, schema, false)
        }),
        ObjectKind::Check
        | ObjectKind::Domain
        | ObjectKind::DomainConstraint
        | ObjectKind::Index
        | ObjectKind::Key
        | ObjectKind::MaterializedView
        | ObjectKind::Policy
        | ObjectKind::Rule
        | ObjectKind::Statistics
        | ObjectKind::View => any(make, Language::Expression),
        _ => false,
    }
}
