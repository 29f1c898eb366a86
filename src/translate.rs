//! SQL text and a map of schemas in, SQL text out. The package `diesel-tenants-translate` does this; it needs neither
//! Diesel nor a connection.

pub use diesel_tenants_translate::{
    CacheStatistics, Dialect, Hazard, HazardKind, Place, SchemaTranslateMap, SessionEffect, Template, TranslateError,
    statements, template_statistics, words,
};
pub(crate) use diesel_tenants_translate::{
    Evictions, POISON,
    lexer::{Kind as TokenKind, Token, dollar_content, identifier_name, string_content, tokens},
    transaction_control,
};
