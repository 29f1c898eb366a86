//! Words of the statements that create, alter and drop objects.

/// Words that may stand between the verb and the kind of the object.
pub(super) const MODIFIERS: [&str; 15] = [
    "or",
    "procedural",
    "trusted",
    "replace",
    "global",
    "local",
    "temp",
    "temporary",
    "unlogged",
    "unique",
    "recursive",
    "materialized",
    "constraint",
    "default",
    "foreign",
];

/// Words that may stand between the kind of an object and its name.
pub(super) const FILLERS: [&str; 8] = [
    "if",
    "not",
    "exists",
    "only",
    "concurrently",
    "column",
    "class",
    "family",
];

/// Objects with a name in a schema.
pub(super) const NAMED: [&str; 18] = [
    "table",
    "view",
    "sequence",
    "function",
    "procedure",
    "routine",
    "aggregate",
    "type",
    "domain",
    "collation",
    "conversion",
    "operator",
    "statistics",
    "index",
    "configuration",
    "dictionary",
    "parser",
    "template",
];

/// Objects of the database or the server: the first word of their kind, after modifiers.
pub(super) const OF_ALL: [&str; 21] = [
    "access",
    "cast",
    "data",
    "database",
    "event",
    "extension",
    "group",
    "language",
    "large",
    "mapping",
    "owned",
    "privileges",
    "publication",
    "role",
    "schema",
    "server",
    "subscription",
    "system",
    "tablespace",
    "transform",
    "user",
];

/// Objects that live in the schema of their relation, which is named after ON.
pub(super) const OF_RELATION: [&str; 5] = ["index", "trigger", "policy", "rule", "constraint"];
