//! The columns of a result: their types, and their names.

use std::{fmt, io, num::NonZeroU32};

use diesel::pg::TypeOidLookup;
use fallible_iterator::FallibleIterator as _;
use postgres_protocol::message::backend::RowDescriptionBody;

/// The columns of a result.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) types: Box<[ColumnType]>,
    /// Holds the names, which few ask for.
    description: Option<RowDescriptionBody>,
}

pub(super) struct ColumnType(NonZeroU32);

impl TypeOidLookup for ColumnType {
    fn lookup(&self) -> NonZeroU32 {
        self.0
    }
}

impl Columns {
    /// # Errors
    /// If the description is not of the protocol's form.
    pub(super) fn of(description: RowDescriptionBody) -> io::Result<Self> {
        let type_of = |oid: u32| ColumnType(NonZeroU32::new(oid).unwrap_or(NonZeroU32::MIN));
        Ok(Self {
            types: description
                .fields()
                .map(|field| Ok(type_of(field.type_oid())))
                .collect::<Vec<_>>()?
                .into(),
            description: Some(description),
        })
    }

    pub(super) fn name(&self, index: usize) -> Option<&str> {
        let mut fields = self.description.as_ref()?.fields();
        fields.nth(index).ok()?.map(|field| field.name())
    }

    pub(super) fn position(&self, name: &str) -> Option<usize> {
        let mut fields = self.description.as_ref()?.fields();
        fields.position(|field| Ok(field.name() == name)).ok()?
    }
}

impl fmt::Debug for Columns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries((0..self.types.len()).map(|index| self.name(index)))
            .finish()
    }
}
