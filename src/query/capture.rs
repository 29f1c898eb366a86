//! The binds of a query, kept for a second attempt.

use std::{collections::HashMap, sync::OnceLock};

use diesel::{
    QueryResult,
    pg::{Pg, PgTypeMetadata},
    query_builder::{QueryFragment, bind_collector::RawBytesBindCollector},
};

use super::type_names::{TypeKey, TypeNames};

/// The binds of a query that was sent. They are kept so that the query can be sent a second time when its value is
/// gone. Types are kept by name, because their OIDs may be different the second time.
#[derive(Debug, Default)]
pub(crate) struct Capture(OnceLock<Option<Captured>>);

#[derive(Debug, Clone)]
struct Captured {
    /// The types that are not built into PostgreSQL.
    names: Vec<TypeKey>,
    binds: Vec<Bind>,
}

#[derive(Debug, Clone)]
pub(super) struct Bind {
    pub(super) metadata: PgTypeMetadata,
    pub(super) bytes: Option<Vec<u8>>,
    /// Where an OID stands in the bytes: the bytes of arrays and composites name the types of their elements.
    oids: Vec<(usize, u32)>,
}

/// The most names for which [`stand_ins`] has OIDs: the OIDs of the two runs must differ in every byte.
const MOST_NAMES: usize = 60;

/// Made-up OIDs for the type with this number, one for each of two runs. They differ in every byte, so that comparing
/// the runs shows where an OID stands.
fn stand_ins(number: usize) -> [PgTypeMetadata; 2] {
    let both = |number: usize| (number as u32 + 1) * 0x0101_0101;
    let (oid, array_oid) = (both(2 * number), both(2 * number + 1));
    [
        PgTypeMetadata::new(oid, array_oid),
        PgTypeMetadata::new(!oid, !array_oid),
    ]
}

impl Capture {
    /// Keeps binds that were collected, if they name no types.
    pub(super) fn keep(&self, out: &RawBytesBindCollector<Pg>, from: usize) {
        self.0.get_or_init(|| {
            let binds = out.metadata[from..].iter().zip(&out.binds[from..]);
            let bind = |(metadata, bytes): (&PgTypeMetadata, &Option<Vec<u8>>)| Bind {
                metadata: metadata.clone(),
                bytes: bytes.clone(),
                oids: Vec::new(),
            };
            Some(Captured {
                names: Vec::new(),
                binds: binds.map(bind).collect(),
            })
        });
    }

    /// Collects the binds of a query that names types, and keeps them.
    pub(super) fn collect<Q: QueryFragment<Pg>>(&self, query: &Q, names: &TypeNames) {
        self.0.get_or_init(|| Captured::collect(query, names).ok().flatten());
    }

    /// The binds, with the OIDs that types of these names have now. `None` if they could not be kept.
    pub(super) async fn binds_now<F>(&self, find: impl Fn(TypeKey) -> F) -> QueryResult<Option<Vec<Bind>>>
    where
        F: Future<Output = QueryResult<(u32, u32)>>,
    {
        let Some(Some(captured)) = self.0.get() else {
            return Ok(None);
        };
        let mut captured = captured.clone();
        let mut oids = HashMap::new();
        for (number, name) in captured.names.drain(..).enumerate() {
            let (oid, array_oid) = find(name).await?;
            let [stand_in, _] = stand_ins(number);
            oids.extend(stand_in.oid().into_iter().map(|stand_in| (stand_in, oid)));
            oids.extend(stand_in.array_oid().into_iter().map(|stand_in| (stand_in, array_oid)));
        }
        for bind in &mut captured.binds {
            bind.replace(&oids);
        }
        Ok(Some(captured.binds))
    }
}

impl Captured {
    fn collect<Q: QueryFragment<Pg>>(query: &Q, names: &TypeNames) -> QueryResult<Option<Self>> {
        if names.answers.len() > MOST_NAMES {
            return Ok(None);
        }
        let run = |which: usize| -> QueryResult<RawBytesBindCollector<Pg>> {
            let mut names = names.clone();
            for (number, (_, answer)) in names.answers.iter_mut().enumerate() {
                answer.clone_from(&stand_ins(number)[which]);
            }
            let mut out = RawBytesBindCollector::new();
            query.collect_binds(&mut out, &mut names, &Pg)?;
            Ok(out)
        };
        let (one, other) = (run(0)?, run(1)?);
        let binds = one.metadata.into_iter().zip(one.binds.into_iter().zip(other.binds));
        Ok(Some(Self {
            names: names.answers.iter().map(|(name, _)| name.clone()).collect(),
            binds: binds
                .map(|(metadata, (bytes, other))| Bind::new(metadata, bytes, other))
                .collect(),
        }))
    }
}

impl Bind {
    /// Finds the OIDs in the bytes of two runs: an OID stands wherever the bytes differ.
    fn new(metadata: PgTypeMetadata, bytes: Option<Vec<u8>>, other: Option<Vec<u8>>) -> Self {
        let (one, two) = (
            bytes.as_deref().unwrap_or_default(),
            other.as_deref().unwrap_or_default(),
        );
        let mut oids = Vec::new();
        let mut at = 0;
        while let (Some(this), Some(that)) = (oid_at(one, at), oid_at(two, at)) {
            if this == !that {
                oids.push((at, this));
                at += 4;
            } else {
                at += 1;
            }
        }
        Self { metadata, bytes, oids }
    }

    fn replace(&mut self, oids: &HashMap<u32, u32>) {
        let now = |stand_in: u32| oids.get(&stand_in).copied().unwrap_or(stand_in);
        if let (Ok(oid), Ok(array_oid)) = (self.metadata.oid(), self.metadata.array_oid()) {
            self.metadata = PgTypeMetadata::new(now(oid), now(array_oid));
        }
        for (at, stand_in) in self.oids.drain(..) {
            let place = self.bytes.as_mut().and_then(|bytes| bytes.get_mut(at..at + 4));
            if let Some(place) = place {
                place.copy_from_slice(&now(stand_in).to_be_bytes());
            }
        }
    }
}

fn oid_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..)?.first_chunk().map(|oid| u32::from_be_bytes(*oid))
}
