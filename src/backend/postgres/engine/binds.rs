//! The values of a statement, and the OIDs of their types.
//!
//! Diesel asks for the OID of a type that is not built in (an enum, a composite) while it writes the values. Only the
//! server knows it, and Diesel can't wait. So Diesel is answered with stand-ins, twice, and the second ones differ from
//! the first in every byte. Where what Diesel writes differs, an OID stands, and the real one is put in when it is
//! known: at once, after the server was asked, and once more if the server has another one by then.

use std::error::Error as StdError;

use diesel::{
    QueryResult,
    pg::{Pg, PgMetadataLookup, PgTypeMetadata},
    query_builder::{QueryFragment, bind_collector::RawBytesBindCollector},
    result::{DatabaseErrorKind, Error},
};

use super::types::{Oids, TypeName, TypeScope, told_scope};

/// The values of a statement, in order.
#[derive(Debug, Default)]
pub(crate) struct Binds {
    /// The types of the values.
    pub(super) oids: Vec<u32>,
    pub(super) values: Vec<Option<Vec<u8>>>,
    /// The types that the statement names.
    names: Vec<TypeName>,
    places: Vec<OidPlace>,
    /// Where types without a schema are looked for first, if the query tells.
    scope: Option<TypeScope>,
}

/// Where the OID of a named type stands.
#[derive(Debug)]
struct OidPlace {
    value: usize,
    /// In the bytes of the value; `None` is the type of the value itself.
    byte: Option<usize>,
    name: usize,
    is_array: bool,
}

/// The most types that a statement can name: the stand-ins of each must differ in every byte.
const MOST_NAMES: usize = 60;

impl Binds {
    /// Collects the values of a query.
    ///
    /// # Errors
    /// What a value's own conversion answers.
    pub(crate) fn of(query: &dyn QueryFragment<Pg>) -> QueryResult<Self> {
        let mut names = Names {
            names: Vec::new(),
            complement: false,
            scope: None,
        };
        let collected = collect(query, &mut names)?;
        let oid = |metadata: &PgTypeMetadata| {
            let oid = metadata.oid();
            oid.map_err(|error| Error::SerializationError(Box::new(error)))
        };
        let mut binds = Self {
            oids: collected.metadata.iter().map(oid).collect::<QueryResult<_>>()?,
            values: collected.binds,
            scope: names.scope.take(),
            ..Self::default()
        };
        if !names.names.is_empty() {
            names.complement = true;
            let others = collect(query, &mut names)?;
            binds.find_places(&others, names.names)?;
        }
        Ok(binds)
    }

    fn find_places(&mut self, others: &RawBytesBindCollector<Pg>, names: Vec<TypeName>) -> QueryResult<()> {
        if names.len() > MOST_NAMES {
            let message = format!(
                "the statement names {} types that are not built into PostgreSQL, and at most {MOST_NAMES} are \
                 possible",
                names.len()
            );
            return Err(Error::SerializationError(message.into()));
        }
        self.names = names;
        for (value, (oid, other)) in self.oids.iter().zip(&others.metadata).enumerate() {
            if other.oid().is_ok_and(|other| other == !oid) {
                self.places.extend(self.place(value, None, *oid));
            }
        }
        for (value, (bytes, other)) in self.values.iter().zip(&others.binds).enumerate() {
            let (bytes, other) = (
                bytes.as_deref().unwrap_or_default(),
                other.as_deref().unwrap_or_default(),
            );
            let mut byte = 0;
            while let (Some(this), Some(that)) = (oid_at(bytes, byte), oid_at(other, byte)) {
                if this == !that {
                    self.places.extend(self.place(value, Some(byte), this));
                    byte += 4;
                } else {
                    byte += 1;
                }
            }
        }
        Ok(())
    }

    fn place(&self, value: usize, byte: Option<usize>, stand_in: u32) -> Option<OidPlace> {
        let number = (stand_in as usize / 0x0101_0101).checked_sub(1)?;
        (number / 2 < self.names.len()).then_some(OidPlace {
            value,
            byte,
            name: number / 2,
            is_array: number % 2 == 1,
        })
    }

    /// Whether the statement names types that are not built into PostgreSQL.
    pub(crate) fn name_types(&self) -> bool {
        !self.names.is_empty()
    }

    /// Where types without a schema are looked for first, if the query tells.
    pub(super) fn take_scope(&mut self) -> Option<TypeScope> {
        self.scope.take()
    }

    /// The types that the statement names, whose OIDs must be [put in](Self::put_in).
    pub(super) fn names(&self) -> &[TypeName] {
        &self.names
    }

    /// Puts in the OIDs of the named types, in the order of [`names`](Self::names).
    pub(super) fn put_in(&mut self, found: &[Oids]) {
        for place in &self.places {
            let (oid, array_oid) = found[place.name];
            let oid = if place.is_array { array_oid } else { oid };
            match place.byte {
                None => self.oids[place.value] = oid,
                Some(byte) => {
                    let value = self.values[place.value].as_mut();
                    if let Some(bytes) = value.and_then(|value| value.get_mut(byte..byte + 4)) {
                        bytes.copy_from_slice(&oid.to_be_bytes());
                    }
                }
            }
        }
    }
}

/// Diesel hands out a lookup without lifetimes only, so the names are moved in and out.
fn collect(query: &dyn QueryFragment<Pg>, names: &mut Names) -> QueryResult<RawBytesBindCollector<Pg>> {
    let mut collected = RawBytesBindCollector::new();
    query.collect_binds(&mut collected, names, &Pg)?;
    Ok(collected)
}

/// Answers Diesel's questions for OIDs with stand-ins.
struct Names {
    names: Vec<TypeName>,
    /// Which of the two stand-ins.
    complement: bool,
    scope: Option<TypeScope>,
}

impl PgMetadataLookup for Names {
    fn lookup_type(&mut self, name: &str, schema: Option<&str>) -> PgTypeMetadata {
        if let Some(scope) = told_scope() {
            self.scope = Some(scope);
        }
        let known = self
            .names
            .iter()
            .position(|known| *known.name == *name && known.schema.as_deref() == schema);
        let number = known.unwrap_or_else(|| {
            self.names.push(TypeName {
                schema: schema.map(Into::into),
                name: name.into(),
            });
            self.names.len() - 1
        });
        let (oid, array_oid) = stand_ins(number);
        match self.complement {
            false => PgTypeMetadata::new(oid, array_oid),
            true => PgTypeMetadata::new(!oid, !array_oid),
        }
    }
}

/// Stand for the OIDs of the type with this number. All four bytes are the same, and no two numbers have a byte in
/// common, nor with the complement of any.
fn stand_ins(number: usize) -> Oids {
    let stand_in = |number: usize| (number as u32 + 1).wrapping_mul(0x0101_0101);
    (stand_in(2 * number), stand_in(2 * number + 1))
}

fn oid_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|oid| u32::from_be_bytes(*oid))
}

/// An error of what can't be put into the protocol's form: nothing was sent.
pub(super) fn not_sendable(error: impl StdError) -> Error {
    Error::DatabaseError(DatabaseErrorKind::UnableToSendCommand, Box::new(error.to_string()))
}

#[cfg(test)]
mod tests {
    use diesel::sql_types::{Array, BigInt, Integer, Record, Text};

    use super::*;

    #[derive(diesel::sql_types::SqlType)]
    #[diesel(postgres_type(name = "color", schema = "paint"))]
    struct Color;

    #[derive(Debug, diesel::expression::AsExpression)]
    #[diesel(sql_type = Color)]
    struct Red;

    impl diesel::serialize::ToSql<Color, Pg> for Red {
        fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, Pg>) -> diesel::serialize::Result {
            std::io::Write::write_all(out, b"red")?;
            Ok(diesel::serialize::IsNull::No)
        }
    }

    type Pair = Record<(Integer, Color)>;

    #[derive(Debug, diesel::expression::AsExpression)]
    #[diesel(sql_type = Pair)]
    struct OneRed;

    impl diesel::serialize::ToSql<Pair, Pg> for OneRed {
        fn to_sql<'b>(&'b self, out: &mut diesel::serialize::Output<'b, '_, Pg>) -> diesel::serialize::Result {
            diesel::serialize::WriteTuple::<(Integer, Color)>::write_tuple(&(1, Red), &mut out.reborrow())
        }
    }

    #[test]
    fn values_of_the_servers_own_types_name_none() {
        let query = diesel::sql_query("SELECT $1, $2")
            .bind::<BigInt, _>(7)
            .bind::<Text, _>("seven");
        let binds = Binds::of(&query).expect("two values");
        assert_eq!(binds.oids, [20, 25]);
        assert!(binds.names().is_empty());
    }

    #[test]
    fn oids_are_put_in_wherever_diesel_writes_them_and_once_more() {
        let query = diesel::sql_query("SELECT $1, $2, $3")
            .bind::<Color, _>(Red)
            .bind::<Array<Color>, _>(vec![Red, Red])
            .bind::<Pair, _>(OneRed);
        let mut binds = Binds::of(&query).expect("three values");
        let [name] = binds.names() else {
            panic!("{:?}", binds.names());
        };
        assert_eq!((&*name.name, name.schema.as_deref()), ("color", Some("paint")));
        for (oid, array_oid) in [(70_001, 70_002), (80_001, 80_002)] {
            binds.put_in(&[(oid, array_oid)]);
            assert_eq!(binds.oids[..2], [oid, array_oid]);
            let value = |number: usize| binds.values[number].clone().expect("no NULL");
            assert_eq!(value(0), b"red");
            // Of an array: the dimensions, whether it has NULLs, the elements' type.
            assert_eq!(value(1)[8..12], oid.to_be_bytes());
            // Of a record: the number of columns, the first one's type, length and value, the second one's type.
            assert_eq!(value(2)[16..20], oid.to_be_bytes());
        }
    }

    #[test]
    fn stand_ins_have_no_byte_in_common_with_each_other_nor_with_any_complement() {
        let all: Vec<u32> = (0..MOST_NAMES)
            .flat_map(|number| <[u32; 2]>::from(stand_ins(number)))
            .collect();
        for (index, one) in all.iter().enumerate() {
            assert!(!all[index + 1..].contains(one));
            assert!(!all.contains(&!one));
        }
    }
}
