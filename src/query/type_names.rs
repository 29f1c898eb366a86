use diesel::pg::{PgMetadataLookup, PgTypeMetadata};

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
