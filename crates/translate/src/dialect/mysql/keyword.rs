//! The keywords of MySQL and MariaDB by which this reader finds its way. Any other word is a name here, also if it is
//! reserved: the server refuses it where it is no name.

/// What a keyword may be where the grammar wants a name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    /// Any name.
    Name,
    /// A name, but no alias without AS, because it is reserved in one of the servers.
    NotAlias,
    /// Nothing but itself.
    Reserved,
    /// Nothing but itself, and a function's name where an argument may follow.
    Function,
}

macro_rules! keywords {
    ($($variant:ident $text:literal $usage:ident,)*) => {
        /// A keyword of the grammar.
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
    After "AFTER" Name,
    Against "AGAINST" Name,
    Aggregate "AGGREGATE" Name,
    Algorithm "ALGORITHM" Name,
    All "ALL" Reserved,
    Alter "ALTER" Reserved,
    Analyze "ANALYZE" Reserved,
    And "AND" Reserved,
    As "AS" Reserved,
    Asc "ASC" Reserved,
    Before "BEFORE" Reserved,
    Begin "BEGIN" Name,
    Between "BETWEEN" Reserved,
    Binary "BINARY" Reserved,
    Boolean "BOOLEAN" Name,
    Both "BOTH" Reserved,
    By "BY" Reserved,
    Call "CALL" Reserved,
    Cascade "CASCADE" Reserved,
    Cascaded "CASCADED" Name,
    Case "CASE" Reserved,
    Cast "CAST" Name,
    Character "CHARACTER" Reserved,
    Charset "CHARSET" Name,
    Check "CHECK" Reserved,
    Checksum "CHECKSUM" Name,
    Close "CLOSE" Name,
    Collate "COLLATE" Reserved,
    Column "COLUMN" Reserved,
    Columns "COLUMNS" Name,
    Commit "COMMIT" Name,
    Concurrent "CONCURRENT" Name,
    Convert "CONVERT" Function,
    Create "CREATE" Reserved,
    Cross "CROSS" Reserved,
    Current "CURRENT" Name,
    Cursor "CURSOR" Reserved,
    Cycle "CYCLE" Name,
    Database "DATABASE" Name,
    Date "DATE" Name,
    Deallocate "DEALLOCATE" Name,
    Declare "DECLARE" Reserved,
    Default "DEFAULT" Function,
    Definer "DEFINER" Name,
    Delayed "DELAYED" Reserved,
    Delete "DELETE" Reserved,
    Desc "DESC" Reserved,
    Describe "DESCRIBE" Reserved,
    Distinct "DISTINCT" Reserved,
    DistinctRow "DISTINCTROW" Reserved,
    Div "DIV" Reserved,
    Do "DO" Name,
    Drop "DROP" Reserved,
    Dual "DUAL" Reserved,
    Dumpfile "DUMPFILE" Name,
    Duplicate "DUPLICATE" Name,
    Each "EACH" Reserved,
    Else "ELSE" Reserved,
    Elseif "ELSEIF" Reserved,
    End "END" Name,
    Escape "ESCAPE" Name,
    Event "EVENT" Name,
    Events "EVENTS" Name,
    Except "EXCEPT" Reserved,
    Exclude "EXCLUDE" Name,
    Execute "EXECUTE" Name,
    Exists "EXISTS" Reserved,
    Explain "EXPLAIN" Reserved,
    Extended "EXTENDED" Name,
    Extract "EXTRACT" Name,
    Fetch "FETCH" Reserved,
    Fields "FIELDS" Name,
    Following "FOLLOWING" Name,
    Follows "FOLLOWS" Name,
    For "FOR" Reserved,
    Force "FORCE" Reserved,
    Format "FORMAT" Name,
    From "FROM" Reserved,
    Full "FULL" Name,
    Fulltext "FULLTEXT" Reserved,
    Function "FUNCTION" Name,
    Get "GET" Name,
    Global "GLOBAL" Name,
    Group "GROUP" Reserved,
    Groups "GROUPS" Name,
    Handler "HANDLER" Name,
    Having "HAVING" Reserved,
    HighPriority "HIGH_PRIORITY" Reserved,
    History "HISTORY" Name,
    If "IF" Function,
    Ignore "IGNORE" Reserved,
    In "IN" Reserved,
    Index "INDEX" Reserved,
    Indexes "INDEXES" Name,
    Inner "INNER" Reserved,
    Insert "INSERT" Function,
    Intersect "INTERSECT" Reserved,
    Interval "INTERVAL" Reserved,
    Into "INTO" Reserved,
    Is "IS" Reserved,
    Iterate "ITERATE" Reserved,
    Join "JOIN" Reserved,
    JsonTable "JSON_TABLE" Name,
    Key "KEY" Reserved,
    Keys "KEYS" Reserved,
    Lastval "LASTVAL" Name,
    Lateral "LATERAL" Name,
    Leading "LEADING" Reserved,
    Leave "LEAVE" Reserved,
    Left "LEFT" Function,
    Level "LEVEL" Name,
    Like "LIKE" Reserved,
    Limit "LIMIT" Reserved,
    Load "LOAD" Reserved,
    Local "LOCAL" Name,
    Lock "LOCK" Reserved,
    Locked "LOCKED" Name,
    Loop "LOOP" Reserved,
    LowPriority "LOW_PRIORITY" Reserved,
    Match "MATCH" Reserved,
    Member "MEMBER" Name,
    Mod "MOD" Function,
    Mode "MODE" Name,
    Names "NAMES" Name,
    Natural "NATURAL" Reserved,
    Next "NEXT" Name,
    Nextval "NEXTVAL" Name,
    No "NO" Name,
    Not "NOT" Reserved,
    Nowait "NOWAIT" Name,
    NoWriteToBinlog "NO_WRITE_TO_BINLOG" Reserved,
    Null "NULL" Reserved,
    Nulls "NULLS" Name,
    Of "OF" Name,
    Offline "OFFLINE" Name,
    Offset "OFFSET" NotAlias,
    On "ON" Reserved,
    Online "ONLINE" Name,
    Open "OPEN" Name,
    Optimize "OPTIMIZE" Reserved,
    Or "OR" Reserved,
    Order "ORDER" Reserved,
    Others "OTHERS" Name,
    Outer "OUTER" Reserved,
    Outfile "OUTFILE" Reserved,
    Over "OVER" Reserved,
    Partition "PARTITION" Reserved,
    Partitions "PARTITIONS" Name,
    Password "PASSWORD" Name,
    Persist "PERSIST" Name,
    PersistOnly "PERSIST_ONLY" Name,
    Portion "PORTION" NotAlias,
    Precedes "PRECEDES" Name,
    Preceding "PRECEDING" Name,
    Prepare "PREPARE" Name,
    Previous "PREVIOUS" Name,
    Procedure "PROCEDURE" Reserved,
    Quick "QUICK" Name,
    Range "RANGE" Reserved,
    Read "READ" Reserved,
    Recursive "RECURSIVE" Reserved,
    References "REFERENCES" Reserved,
    Regexp "REGEXP" Reserved,
    Release "RELEASE" Reserved,
    Rename "RENAME" Reserved,
    Repair "REPAIR" Name,
    Repeat "REPEAT" Function,
    Replace "REPLACE" Function,
    Resignal "RESIGNAL" Reserved,
    Respect "RESPECT" Name,
    Restrict "RESTRICT" Reserved,
    Return "RETURN" Reserved,
    Returning "RETURNING" NotAlias,
    Reverse "REVERSE" Name,
    Right "RIGHT" Function,
    Rlike "RLIKE" Reserved,
    Role "ROLE" Name,
    Rollback "ROLLBACK" Name,
    Row "ROW" Name,
    Rows "ROWS" Reserved,
    Savepoint "SAVEPOINT" Name,
    Schema "SCHEMA" Name,
    Select "SELECT" Reserved,
    Separator "SEPARATOR" Reserved,
    Sequence "SEQUENCE" Name,
    Session "SESSION" Name,
    Set "SET" Reserved,
    Setval "SETVAL" Name,
    Share "SHARE" Name,
    Show "SHOW" Reserved,
    Signal "SIGNAL" Reserved,
    Skip "SKIP" Name,
    Sounds "SOUNDS" Name,
    Spatial "SPATIAL" Reserved,
    Sql "SQL" Reserved,
    SqlBigResult "SQL_BIG_RESULT" Reserved,
    SqlBufferResult "SQL_BUFFER_RESULT" Name,
    SqlCache "SQL_CACHE" Name,
    SqlCalcFoundRows "SQL_CALC_FOUND_ROWS" Reserved,
    SqlNoCache "SQL_NO_CACHE" Name,
    SqlSmallResult "SQL_SMALL_RESULT" Reserved,
    Start "START" Name,
    Statement "STATEMENT" Name,
    Status "STATUS" Name,
    StraightJoin "STRAIGHT_JOIN" Reserved,
    SystemTime "SYSTEM_TIME" Name,
    Table "TABLE" Reserved,
    Tables "TABLES" Name,
    Temporary "TEMPORARY" Name,
    Then "THEN" Reserved,
    Ties "TIES" Name,
    Time "TIME" Name,
    Timestamp "TIMESTAMP" Name,
    To "TO" Reserved,
    Trailing "TRAILING" Reserved,
    Transaction "TRANSACTION" Name,
    Trigger "TRIGGER" Reserved,
    Triggers "TRIGGERS" Name,
    Trim "TRIM" Name,
    Truncate "TRUNCATE" Name,
    Unbounded "UNBOUNDED" Name,
    Union "UNION" Reserved,
    Unique "UNIQUE" Reserved,
    Unlock "UNLOCK" Reserved,
    Until "UNTIL" Name,
    Update "UPDATE" Reserved,
    Use "USE" Reserved,
    Using "USING" Reserved,
    Value "VALUE" Name,
    Values "VALUES" Function,
    View "VIEW" Name,
    Wait "WAIT" Name,
    When "WHEN" Reserved,
    Where "WHERE" Reserved,
    While "WHILE" Reserved,
    Window "WINDOW" NotAlias,
    With "WITH" Reserved,
    Within "WITHIN" Name,
    Work "WORK" Name,
    Write "WRITE" Reserved,
    Xor "XOR" Reserved,
}

impl Keyword {
    /// The length of the longest keyword.
    const LONGEST: usize = "SQL_CALC_FOUND_ROWS".len();

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
        matches!(self.usage(), Use::Name | Use::NotAlias)
    }

    /// Whether the word may be an alias without AS.
    pub(super) fn is_bare_alias(self) -> bool {
        self.usage() == Use::Name
    }

    /// Whether the word, which is no name, may be a function's name before an opening parenthesis.
    pub(super) fn is_function(self) -> bool {
        self.usage() == Use::Function
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keywords_are_sorted_and_found_in_any_case() {
        assert!(KEYWORDS.is_sorted_by_key(|(text, _)| *text));
        assert!(KEYWORDS.iter().all(|(text, _)| text.len() <= Keyword::LONGEST));
        assert!(
            Keyword::of(b"select") == Keyword::Select && Keyword::of(b"No_Write_To_Binlog") == Keyword::NoWriteToBinlog
        );
        assert!(Keyword::of(b"SQL_CALC_FOUND_ROWS_") == Keyword::None && Keyword::of(b"") == Keyword::None);
    }
}
