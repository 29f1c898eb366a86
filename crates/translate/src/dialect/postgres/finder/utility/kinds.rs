//! The kinds of utility statements, one a row: the words that they begin with, and where they name relations.

use super::Step::{self, *};
use crate::dialect::postgres::{finder::Frame, keyword::Keyword};

/// The words that a kind begins with, and the steps after them.
pub(super) type Row = (&'static str, &'static [Step]);

/// What a statement's first word leads to.
pub(super) enum Verb {
    Steps(&'static [Step]),
    /// The words that follow determine the kind.
    Of(&'static [Row]),
    /// Modifiers, then words that determine the kind.
    Create(&'static [Row]),
}

/// The first words of statements other than queries.
pub(super) const VERBS: &[(&str, Verb)] = &[
    ("abort", Verb::Steps(&[MaySession, Nothing])),
    ("alter", Verb::Of(ALTER)),
    ("analyse", Verb::Steps(ANALYZE)),
    ("analyze", Verb::Steps(ANALYZE)),
    ("begin", Verb::Steps(&[MaySession, Nothing])),
    ("call", Verb::Steps(&[MaySession, Body])),
    ("checkpoint", Verb::Steps(&[Nothing])),
    ("close", Verb::Steps(&[Nothing])),
    ("cluster", Verb::Steps(&[Options, Words(&["verbose"]), Cluster])),
    ("comment", Verb::Of(COMMENT)),
    ("commit", Verb::Steps(&[MaySession, Nothing])),
    (
        "copy",
        Verb::Steps(&[Words(&["binary"]), QueryOrRelation, ColumnList, CopySource, Body]),
    ),
    ("create", Verb::Create(CREATE)),
    ("deallocate", Verb::Steps(&[Session, Nothing])),
    ("declare", Verb::Steps(&[Declare, Past(Keyword::For), Query])),
    ("discard", Verb::Steps(&[Session, Nothing])),
    // A block of code can do anything.
    ("do", Verb::Steps(&[MaySession, Nothing])),
    ("drop", Verb::Of(DROP)),
    ("end", Verb::Steps(&[MaySession, Nothing])),
    ("execute", Verb::Steps(&[MaySession, Body])),
    ("explain", Verb::Steps(&[Explain])),
    ("fetch", Verb::Steps(&[Nothing])),
    ("grant", Verb::Steps(&[Grant])),
    ("import", Verb::Steps(&[Import])),
    ("listen", Verb::Steps(&[Session, Nothing])),
    ("load", Verb::Steps(&[Session, Nothing])),
    ("lock", Verb::Steps(&[Words(&["table"]), Relations, Nothing])),
    ("move", Verb::Steps(&[Nothing])),
    ("notify", Verb::Steps(&[Nothing])),
    ("prepare", Verb::Steps(&[Prepare])),
    ("reassign", Verb::Steps(&[Nothing])),
    (
        "refresh",
        Verb::Steps(&[Words(&["materialized", "view", "concurrently"]), Relation, Nothing]),
    ),
    ("reindex", Verb::Steps(&[Options, Reindex])),
    ("release", Verb::Steps(&[MaySession, Nothing])),
    ("reset", Verb::Steps(&[Session, Nothing])),
    ("return", Verb::Steps(&[Body])),
    ("revoke", Verb::Steps(&[Grant])),
    ("rollback", Verb::Steps(&[MaySession, Nothing])),
    ("savepoint", Verb::Steps(&[MaySession, Nothing])),
    ("security", Verb::Steps(&[Nothing])),
    ("set", Verb::Of(SET)),
    ("show", Verb::Steps(&[Nothing])),
    ("start", Verb::Steps(&[MaySession, Nothing])),
    ("truncate", Verb::Steps(&[Words(&["table"]), Relations, Nothing])),
    ("unlisten", Verb::Steps(&[Session, Nothing])),
    (
        "vacuum",
        Verb::Steps(&[
            Options,
            Words(&["full", "freeze", "verbose", "analyze", "analyse"]),
            Options,
            Relations,
            Nothing,
        ]),
    ),
];

const ANALYZE: &[Step] = &[Options, Words(&["verbose"]), Relations, Nothing];

const SET: &[Row] = &[
    ("constraints all", &[Nothing]),
    ("constraints", &[Relations, Nothing]),
    ("local", &[Nothing]),
    ("transaction", &[Nothing]),
    ("", &[Session, Nothing]),
];

/// The steps for a kind of object whose statements name no relation, or only in strings.
const OPAQUE: &[Step] = &[Nothing];

const CREATE: &[Row] = &[
    ("access method", OPAQUE),
    ("aggregate", OBJECT),
    ("cast", OPAQUE),
    ("collation", OBJECT),
    ("conversion", OBJECT),
    ("database", OPAQUE),
    ("default conversion", OBJECT),
    ("domain", &[NewObject, Body]),
    ("event trigger", OPAQUE),
    ("extension", OPAQUE),
    ("foreign data wrapper", OPAQUE),
    ("foreign table", TABLE),
    ("function", FUNCTION),
    ("group", OPAQUE),
    // An index, a trigger, a policy and a rule take no schema of their own: they live in their relation's schema.
    ("index", &[Past(Keyword::On), Relation, Body]),
    ("language", OPAQUE),
    ("materialized view", &[New, Past(Keyword::As), Query]),
    ("operator class", OBJECT),
    ("operator family", OBJECT),
    ("operator", OBJECT),
    ("policy", ON_RELATION),
    ("procedure", FUNCTION),
    (
        "publication",
        &[
            PastIfAny(Keyword::For),
            Then(Frame::PublicationObjects { tables: false }),
        ],
    ),
    ("recursive view", &[New, RecursiveView]),
    ("role", OPAQUE),
    (
        "rule",
        &[
            Past(Keyword::As),
            Words(&["on", "select", "insert", "update", "delete"]),
            Past(Keyword::To),
            Relation,
            Rule,
        ],
    ),
    // Other objects that the statement creates live in the new schema.
    ("schema", OPAQUE),
    ("sequence", &[New, Body]),
    ("server", OPAQUE),
    ("statistics", &[NewObject, Past(Keyword::From), From]),
    ("subscription", OPAQUE),
    ("table", TABLE),
    ("tablespace", OPAQUE),
    (
        "text search",
        &[
            Words(&["configuration", "dictionary", "parser", "template"]),
            NewObject,
            Nothing,
        ],
    ),
    ("transform", OPAQUE),
    ("trigger", &[Past(Keyword::On), Relation, FromRelation, Body]),
    ("type", OBJECT),
    ("user", OPAQUE),
    ("view", &[New, Past(Keyword::As), Query]),
];

const TABLE: &[Step] = &[New, Then(Frame::TableClauses)];
const FUNCTION: &[Step] = &[NewObject, Then(Frame::Function)];
/// The steps for an object that lives in a schema, and whose statement names no relation.
const OBJECT: &[Step] = &[NewObject, Nothing];
const ON_RELATION: &[Step] = &[Past(Keyword::On), Relation, Body];

const ALTER: &[Row] = &[
    ("aggregate", OPAQUE),
    ("collation", OPAQUE),
    ("conversion", OPAQUE),
    ("database", OPAQUE),
    ("default privileges", OPAQUE),
    ("domain", &[Body]),
    ("event trigger", OPAQUE),
    ("extension", OPAQUE),
    ("foreign data wrapper", OPAQUE),
    ("foreign table", ALTER_RELATION),
    ("function", OPAQUE),
    ("group", OPAQUE),
    ("index", ALTER_RELATION),
    ("language", OPAQUE),
    ("large object", OPAQUE),
    ("materialized view", ALTER_RELATION),
    ("operator", OPAQUE),
    ("policy", ON_RELATION),
    ("procedural language", OPAQUE),
    ("procedure", OPAQUE),
    ("publication", &[AlterPublication]),
    ("role", OPAQUE),
    ("routine", OPAQUE),
    ("rule", ON_RELATION),
    ("schema", OPAQUE),
    ("sequence", ALTER_RELATION),
    ("server", OPAQUE),
    ("statistics", OPAQUE),
    ("subscription", OPAQUE),
    ("system", OPAQUE),
    ("table", ALTER_RELATION),
    ("tablespace", OPAQUE),
    ("text search", OPAQUE),
    ("trigger", ON_RELATION),
    ("type", OPAQUE),
    ("user", OPAQUE),
    ("view", ALTER_RELATION),
];

/// The new name after RENAME TO takes no schema either: it is one of the commands' words.
const ALTER_RELATION: &[Step] = &[IfExists, Relation, Then(Frame::Commands { start: true })];

const DROP: &[Row] = &[
    ("access method", OPAQUE),
    ("aggregate", OPAQUE),
    ("cast", OPAQUE),
    ("collation", OPAQUE),
    ("conversion", OPAQUE),
    ("database", OPAQUE),
    ("domain", OPAQUE),
    ("event trigger", OPAQUE),
    ("extension", OPAQUE),
    ("foreign data wrapper", OPAQUE),
    ("foreign table", DROP_RELATIONS),
    ("function", OPAQUE),
    ("group", OPAQUE),
    ("index", DROP_RELATIONS),
    ("language", OPAQUE),
    ("materialized view", DROP_RELATIONS),
    ("operator", OPAQUE),
    ("owned", OPAQUE),
    ("policy", DROP_ON_RELATION),
    ("procedural language", OPAQUE),
    ("procedure", OPAQUE),
    ("publication", OPAQUE),
    ("role", OPAQUE),
    ("routine", OPAQUE),
    ("rule", DROP_ON_RELATION),
    ("schema", OPAQUE),
    ("sequence", DROP_RELATIONS),
    ("server", OPAQUE),
    ("statistics", OPAQUE),
    ("subscription", OPAQUE),
    ("table", DROP_RELATIONS),
    ("tablespace", OPAQUE),
    ("text search", OPAQUE),
    ("transform", OPAQUE),
    ("trigger", DROP_ON_RELATION),
    ("type", OPAQUE),
    ("user", OPAQUE),
    ("view", DROP_RELATIONS),
];

const DROP_RELATIONS: &[Step] = &[Words(&["concurrently"]), IfExists, Relations, Nothing];
const DROP_ON_RELATION: &[Step] = &[Past(Keyword::On), Relation, Nothing];

const COMMENT: &[Row] = &[
    ("on column", &[Column, Nothing]),
    ("on constraint", &[Past(Keyword::On), CommentedConstraint]),
    ("on foreign table", COMMENT_ON),
    ("on index", COMMENT_ON),
    ("on materialized view", COMMENT_ON),
    ("on policy", DROP_ON_RELATION),
    ("on rule", DROP_ON_RELATION),
    ("on sequence", COMMENT_ON),
    ("on table", COMMENT_ON),
    ("on trigger", DROP_ON_RELATION),
    ("on view", COMMENT_ON),
    // Objects of all other kinds are not relations.
    ("on", OPAQUE),
];

const COMMENT_ON: &[Step] = &[Relation, Nothing];
