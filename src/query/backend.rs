use diesel::{QueryResult, backend::Backend, pg::Pg, query_builder::QueryFragment};

use super::{Translation, type_names::TypeNames};

/// A database whose queries can be translated. What differs between databases is behind this trait.
///
/// Implemented for PostgreSQL ([`Pg`]).
pub trait TranslatedBackend: Backend<QueryBuilder: Default> + Default + 'static {
    /// A backend value with a static lifetime: a pass over a query lends its own only for the moment.
    #[doc(hidden)]
    fn get() -> &'static Self;

    #[doc(hidden)]
    #[expect(private_interfaces, reason = "only this crate implements these methods")]
    fn collect_binds<'b, Q>(
        query: &'b Q,
        translation: &Translation,
        out: &mut Self::BindCollector<'b>,
        lookup: &mut Self::MetadataLookup,
        backend: &'b Self,
    ) -> QueryResult<()>
    where
        Q: QueryFragment<Self>;
}

impl TranslatedBackend for Pg {
    fn get() -> &'static Self {
        &Self
    }

    // Looks custom types up in the tenant's schema, so that the tenant is part of the key under which a connection
    // caches their OIDs. A lookup can't be wrapped, since Diesel asks for one without lifetimes: the names are
    // recorded first, and the answers played back.
    #[expect(private_interfaces, reason = "only this crate implements these methods")]
    fn collect_binds<'b, Q>(
        query: &'b Q,
        translation: &Translation,
        out: &mut Self::BindCollector<'b>,
        lookup: &mut Self::MetadataLookup,
        backend: &'b Self,
    ) -> QueryResult<()>
    where
        Q: QueryFragment<Self>,
    {
        let collected = out.binds.len();
        let mut types = TypeNames::default();
        query.collect_binds(out, &mut types, backend)?;
        if types.answers.is_empty() {
            return Ok(());
        }
        for ((schema, name), answer) in &mut types.answers {
            *answer = lookup.lookup_type(name, translation.schema_of_type(name, schema.as_deref()));
        }
        out.binds.truncate(collected);
        out.metadata.truncate(collected);
        query.collect_binds(out, &mut types, backend)
    }
}
