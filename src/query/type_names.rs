use std::cell::Cell;

use diesel::pg::{PgMetadataLookup, PgTypeMetadata};

use super::Translation;
use crate::SchemaName;

/// A type's schema, if the query names it, and the type's name.
pub(super) type TypeKey = (Option<String>, String);

/// Remembers which types a query asks for, and answers from what is known of them. A query asks for a handful at most.
#[derive(Clone, Default)]
pub(super) struct TypeNames {
    pub(super) answers: Vec<(TypeKey, PgTypeMetadata)>,
}

impl PgMetadataLookup for TypeNames {
    fn lookup_type(&mut self, name: &str, schema: Option<&str>) -> PgTypeMetadata {
        let known = self
            .answers
            .iter()
            .find(|((s, n), _)| s.as_deref() == schema && n == name);
        if let Some((_, answer)) = known {
            return answer.clone();
        }
        let unknown = PgTypeMetadata::new(0, 0);
        self.answers
            .push(((schema.map(str::to_owned), name.to_owned()), unknown.clone()));
        unknown
    }
}

thread_local! {
    static IS_ASKED_AT_ONCE: Cell<bool> = const { Cell::new(false) };
}

/// Runs `collect` for a connection that asks the server for a type as soon as a query names it. Other connections note
/// what is asked for, and answer with stand-ins.
pub(super) fn asking_at_once<T>(collect: impl FnOnce() -> T) -> T {
    struct Restore(bool);

    impl Drop for Restore {
        fn drop(&mut self) {
            IS_ASKED_AT_ONCE.set(self.0);
        }
    }

    let _restore = Restore(IS_ASKED_AT_ONCE.replace(true));
    collect()
}

/// Looks for a type in the schema that a query names. If it names none, the type is looked for in the tenant's schema,
/// and then on the search path, where the types of extensions are.
pub(super) fn look_up_type(
    lookup: &mut dyn PgMetadataLookup,
    translation: &Translation,
    name: &str,
    schema: Option<&str>,
) -> PgTypeMetadata {
    let named = schema.map(|schema| translation.schema_of_type(schema));
    let tenant = translation.map().unqualified().map(SchemaName::as_str);
    if named.is_none() && tenant.is_some() && IS_ASKED_AT_ONCE.get() {
        let own = lookup.lookup_type(name, tenant);
        if own.oid().is_ok() {
            return own;
        }
    }
    lookup.lookup_type(name, named)
}
