//! Which custom types a query names, and when the server is asked for them.

use std::cell::Cell;

use diesel::pg::{PgMetadataLookup, PgTypeMetadata};

use super::Translation;
#[cfg(feature = "blocking")]
use crate::backend::postgres::engine;

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

/// When a connection asks the server for a type that a query names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TypeLookupTime {
    /// After the binds are collected. The library passes the tenant's schema in a separate call.
    Apart,
    /// At once, while it collects the binds, as Diesel's own connections do.
    #[cfg(feature = "blocking")]
    AtOnce,
    /// After it has collected the binds. Meanwhile it learns in which schema to look first.
    #[cfg(feature = "blocking")]
    Later,
}

thread_local! {
    static TYPE_LOOKUP_TIME: Cell<TypeLookupTime> = const { Cell::new(TypeLookupTime::Apart) };
}

/// Collects the binds of a query for a connection that looks up types at this time.
#[cfg(feature = "blocking")]
pub(super) fn collecting_for<T>(time: TypeLookupTime, collect: impl FnOnce() -> T) -> T {
    struct Restore(TypeLookupTime);

    impl Drop for Restore {
        fn drop(&mut self) {
            TYPE_LOOKUP_TIME.set(self.0);
            engine::forget_scope();
        }
    }

    let _restore = Restore(TYPE_LOOKUP_TIME.replace(time));
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
    match TYPE_LOOKUP_TIME.get() {
        TypeLookupTime::Apart => {}
        #[cfg(feature = "blocking")]
        TypeLookupTime::AtOnce => {
            // That notes as well that connections may know types of the tenant.
            let scope = translation.scope_of_types();
            if let (None, Some(scope)) = (named, scope) {
                let own = lookup.lookup_type(name, Some(&scope.schema));
                if own.oid().is_ok() {
                    return own;
                }
            }
        }
        #[cfg(feature = "blocking")]
        TypeLookupTime::Later => engine::tell_scope(translation.scope_of_types()),
    }
    lookup.lookup_type(name, named)
}
