//! SQLite's keywords.

/// What a keyword may be where the grammar wants a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Any name: SQLite falls back to an identifier.
    Name,
    /// A name, but no alias without AS.
    NotAlias,
    /// Nothing but itself.
    Reserved,
}

macro_rules! keywords {
    ($($variant:ident $text:literal $usage:ident,)*) => {
        /// A keyword of SQLite's grammar.
        #[derive(Clone, Copy, PartialEq, Eq, Debug)]
        pub(super) enum Keyword {
            /// The word is no keyword.
            None,
            $($variant,)*
        }

        /// The keywords in the order of their texts.
        const KEYWORDS: &[(&str, Keyword)] = &[$(($text, Keyword::$variant),)*];

        impl Keyword {
            const fn usage(self) -> Use {
                match self {
                    Self::None => Use::Name,
                    $(Self::$variant => Use::$usage,)*
                }
            }
        }
    };
}

keywords! {
    Abort "ABORT" Name,
    Action "ACTION" Name,
    Add "ADD" Reserved,
    After "AFTER" Name,
    All "ALL" Reserved,
    Alter "ALTER" Reserved,
    Always "ALWAYS" Name,
    Analyze "ANALYZE" Name,
    And "AND" Reserved,
    As "AS" Reserved,
    Asc "ASC" Name,
    Attach "ATTACH" Name,
    Autoincrement "AUTOINCREMENT" Reserved,
    Before "BEFORE" Name,
    Begin "BEGIN" Name,
    Between "BETWEEN" Reserved,
    By "BY" Name,
    Cascade "CASCADE" Name,
    Case "CASE" Reserved,
    Cast "CAST" Name,
    Check "CHECK" Reserved,
    Collate "COLLATE" Reserved,
    Column "COLUMN" Name,
    Commit "COMMIT" Reserved,
    Conflict "CONFLICT" Name,
    Constraint "CONSTRAINT" Reserved,
    Create "CREATE" Reserved,
    Cross "CROSS" NotAlias,
    Current "CURRENT" Name,
    CurrentDate "CURRENT_DATE" Name,
    CurrentTime "CURRENT_TIME" Name,
    CurrentTimestamp "CURRENT_TIMESTAMP" Name,
    Database "DATABASE" Name,
    Default "DEFAULT" Reserved,
    Deferrable "DEFERRABLE" Reserved,
    Deferred "DEFERRED" Name,
    Delete "DELETE" Reserved,
    Desc "DESC" Name,
    Detach "DETACH" Name,
    Distinct "DISTINCT" Reserved,
    Do "DO" Name,
    Drop "DROP" Reserved,
    Each "EACH" Name,
    Else "ELSE" Reserved,
    End "END" Name,
    Escape "ESCAPE" Reserved,
    Except "EXCEPT" Reserved,
    Exclude "EXCLUDE" Name,
    Exclusive "EXCLUSIVE" Name,
    Exists "EXISTS" Reserved,
    Explain "EXPLAIN" Name,
    Fail "FAIL" Name,
    Filter "FILTER" Name,
    First "FIRST" Name,
    Following "FOLLOWING" Name,
    For "FOR" Name,
    Foreign "FOREIGN" Reserved,
    From "FROM" Reserved,
    Full "FULL" NotAlias,
    Generated "GENERATED" Name,
    Glob "GLOB" Name,
    Group "GROUP" Reserved,
    Groups "GROUPS" Name,
    Having "HAVING" Reserved,
    If "IF" Name,
    Ignore "IGNORE" Name,
    Immediate "IMMEDIATE" Name,
    In "IN" Reserved,
    Index "INDEX" Reserved,
    Indexed "INDEXED" NotAlias,
    Initially "INITIALLY" Name,
    Inner "INNER" NotAlias,
    Insert "INSERT" Reserved,
    Instead "INSTEAD" Name,
    Intersect "INTERSECT" Reserved,
    Into "INTO" Reserved,
    Is "IS" Reserved,
    Isnull "ISNULL" Reserved,
    Join "JOIN" Reserved,
    Key "KEY" Name,
    Last "LAST" Name,
    Left "LEFT" NotAlias,
    Like "LIKE" Name,
    Limit "LIMIT" Reserved,
    Match "MATCH" Name,
    Materialized "MATERIALIZED" Name,
    Natural "NATURAL" NotAlias,
    No "NO" Name,
    Not "NOT" Reserved,
    Nothing "NOTHING" Reserved,
    Notnull "NOTNULL" Reserved,
    Null "NULL" Reserved,
    Nulls "NULLS" Name,
    Of "OF" Name,
    Offset "OFFSET" Name,
    On "ON" Reserved,
    Or "OR" Reserved,
    Order "ORDER" Reserved,
    Others "OTHERS" Name,
    Outer "OUTER" NotAlias,
    Over "OVER" Name,
    Partition "PARTITION" Name,
    Plan "PLAN" Name,
    Pragma "PRAGMA" Name,
    Preceding "PRECEDING" Name,
    Primary "PRIMARY" Reserved,
    Query "QUERY" Name,
    Raise "RAISE" Name,
    Range "RANGE" Name,
    Recursive "RECURSIVE" Name,
    References "REFERENCES" Reserved,
    Regexp "REGEXP" Name,
    Reindex "REINDEX" Name,
    Release "RELEASE" Name,
    Rename "RENAME" Name,
    Replace "REPLACE" Name,
    Restrict "RESTRICT" Name,
    Returning "RETURNING" Reserved,
    Right "RIGHT" NotAlias,
    Rollback "ROLLBACK" Name,
    Row "ROW" Name,
    Rows "ROWS" Name,
    Savepoint "SAVEPOINT" Name,
    Select "SELECT" Reserved,
    Set "SET" Reserved,
    Table "TABLE" Reserved,
    Temp "TEMP" Name,
    Temporary "TEMPORARY" Name,
    Then "THEN" Reserved,
    Ties "TIES" Name,
    To "TO" Reserved,
    Transaction "TRANSACTION" Reserved,
    Trigger "TRIGGER" Name,
    Unbounded "UNBOUNDED" Name,
    Union "UNION" Reserved,
    Unique "UNIQUE" Reserved,
    Update "UPDATE" Reserved,
    Using "USING" Reserved,
    Vacuum "VACUUM" Name,
    Values "VALUES" Reserved,
    View "VIEW" Name,
    Virtual "VIRTUAL" Name,
    When "WHEN" Reserved,
    Where "WHERE" Reserved,
    Window "WINDOW" Name,
    With "WITH" Name,
    Within "WITHIN" Name,
    Without "WITHOUT" Name,
}

impl Keyword {
    /// The length of the longest keyword.
    const LONGEST: usize = "CURRENT_TIMESTAMP".len();

    /// The keyword that this word is, in any case of its letters.
    pub(super) fn of(word: &[u8]) -> Self {
        let mut upper = [0; Self::LONGEST];
        let Some(upper) = upper.get_mut(..word.len()) else {
            return Self::None;
        };
        upper.copy_from_slice(word);
        upper.make_ascii_uppercase();
        match KEYWORDS.binary_search_by(|(text, _)| text.as_bytes().cmp(upper)) {
            Ok(found) => KEYWORDS[found].1,
            Err(_) => Self::None,
        }
    }

    /// Whether the word may name something.
    pub(super) fn is_name(self) -> bool {
        self.usage() != Use::Reserved
    }

    /// Whether the word may be an alias without AS.
    pub(super) fn is_bare_alias(self) -> bool {
        self.usage() == Use::Name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted_and_found_in_any_case() {
        assert!(KEYWORDS.is_sorted_by_key(|(text, _)| *text));
        assert!(Keyword::of(b"select") == Keyword::Select && Keyword::of(b"Within") == Keyword::Within);
        assert!(Keyword::of(b"CURRENT_TIMESTAMPS") == Keyword::None && Keyword::of(b"") == Keyword::None);
    }
}
