//! Which of Diesel's SQL types stands for one of PostgreSQL's own types.

/// `name` becomes `Text`: it is read and compared as text.
const OWN: &[(&str, &str)] = &[
    ("bool", "Bool"),
    ("bpchar", "Bpchar"),
    ("bytea", "Bytea"),
    ("char", "CChar"),
    ("cidr", "Cidr"),
    ("date", "Date"),
    ("datemultirange", "Datemultirange"),
    ("daterange", "Daterange"),
    ("float4", "Float4"),
    ("float8", "Float8"),
    ("inet", "Inet"),
    ("int2", "Int2"),
    ("int4", "Int4"),
    ("int4multirange", "Int4multirange"),
    ("int4range", "Int4range"),
    ("int8", "Int8"),
    ("int8multirange", "Int8multirange"),
    ("int8range", "Int8range"),
    ("interval", "Interval"),
    ("json", "Json"),
    ("jsonb", "Jsonb"),
    ("macaddr", "Macaddr"),
    ("macaddr8", "Macaddr8"),
    ("money", "Money"),
    ("name", "Text"),
    ("numeric", "Numeric"),
    ("nummultirange", "Nummultirange"),
    ("numrange", "Numrange"),
    ("oid", "Oid"),
    ("pg_lsn", "PgLsn"),
    ("text", "Text"),
    ("time", "Time"),
    ("timestamp", "Timestamp"),
    ("timestamptz", "Timestamptz"),
    ("tsmultirange", "Tsmultirange"),
    ("tsrange", "Tsrange"),
    ("tstzmultirange", "Tstzmultirange"),
    ("tstzrange", "Tstzrange"),
    ("uuid", "Uuid"),
    ("varchar", "Varchar"),
];

/// The name in `table!` for a type of `pg_catalog`; `None` if Diesel has none.
pub(super) fn of(name: &str) -> Option<&'static str> {
    OWN.iter().find(|(own, _)| *own == name).map(|(_, own)| *own)
}
