use diesel::{
    QueryResult,
    backend::Backend,
    pg::{Pg, PgMetadataLookup, PgTypeMetadata},
    query_builder::QueryFragment,
};

use super::{Capture, Translation};

/// A database whose queries can be translated. What differs between databases is behind this trait.
///
/// Implemented for PostgreSQL ([`Pg`]).
pub trait TranslatedBackend: Backend<QueryBuilder: Default> + Default + 'static {
    /// The backend, for as long as anybody wants it: a pass over a query lends its own for a moment only.
    #[doc(hidden)]
    fn get() -> &'static Self;

    #[doc(hidden)]
    #[expect(private_interfaces, reason = "the seam is ours to implement, not the users'")]
    fn collect_binds<'b, Q>(
        query: &'b Q,
        translation: &Translation,
        capture: Option<&Capture>,
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
    #[expect(private_interfaces, reason = "the seam is ours to implement, not the users'")]
    fn collect_binds<'b, Q>(
        query: &'b Q,
        translation: &Translation,
        capture: Option<&Capture>,
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
            if let Some(capture) = capture {
                capture.keep(out, collected);
            }
            return Ok(());
        }
        for ((schema, name), answer) in &mut types.answers {
            *answer = lookup.lookup_type(name, translation.schema_of_type(name, schema.as_deref()));
        }
        if let Some(capture) = capture {
            capture.collect(query, &types);
        }
        out.binds.truncate(collected);
        out.metadata.truncate(collected);
        query.collect_binds(out, &mut types, backend)
    }
}

/// A type's schema, as far as it is named, and its name.
pub(super) type TypeKey = (Option<String>, String);

/// Remembers which types a query asks for, and answers with what is known of them. A handful at most.
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
