//! INSERT, UPDATE, DELETE and MERGE.

use super::Rule;

pub const RULES: &[Rule] = &[
    (
        "insert",
        &[
            "INSERT INTO <relation> <values>",
            "<maybe_with> INSERT INTO <relation> <as> <insert_columns> <overriding> <insert_source> <conflict> <returning>",
        ],
    ),
    ("maybe_with", &["", "", "", "<with>"]),
    ("as", &["", "", "AS <name>"]),
    (
        "insert_columns",
        &[
            "",
            "( id , name )",
            "( id , <table> , data . field , list [ <expression> ] )",
        ],
    ),
    ("overriding", &["", "", "OVERRIDING USER VALUE"]),
    (
        "insert_source",
        &[
            "<values>",
            "VALUES ( DEFAULT , <expression> )",
            "DEFAULT VALUES",
            "<query>",
            "<query>",
        ],
    ),
    (
        "conflict",
        &[
            "",
            "",
            "ON CONFLICT DO NOTHING",
            "ON CONFLICT ( id , lower ( name ) ) WHERE <expression> DO UPDATE SET <set_columns> <where>",
            "ON CONFLICT ON CONSTRAINT orders_pkey DO UPDATE SET <set_columns>",
        ],
    ),
    ("set_columns", &["<set_column>", "<set_column> , <set_column>"]),
    (
        "set_column",
        &[
            "id = <expression>",
            "<table> = <expression>",
            "name = excluded . name",
            "id = DEFAULT",
            "( id , name ) = ( <expression> , DEFAULT )",
            "( id , name ) = ROW ( <expression> , 1 )",
            "( id , name ) = ( <select> )",
            "list [ <expression> ] = <expression>",
            "data . field = <expression>",
        ],
    ),
    ("returning", &["", "", "RETURNING *", "RETURNING <targets>"]),
    (
        "update",
        &[
            "UPDATE <relation> SET <set_columns>",
            "<maybe_with> UPDATE <source> <maybe_alias> SET <set_columns> <from> <where> <returning>",
            "UPDATE <relation> SET id = 1 WHERE CURRENT OF orders",
        ],
    ),
    ("maybe_alias", &["", "", "<name>", "AS <name>"]),
    (
        "delete",
        &[
            "DELETE FROM <relation>",
            "<maybe_with> DELETE FROM <source> <maybe_alias> <where> <returning>",
            "<maybe_with> DELETE FROM <source> <maybe_alias> USING <items> <where> <returning>",
        ],
    ),
    (
        "merge",
        &[
            "MERGE INTO <relation> USING <relation> <alias> ON <expression> WHEN MATCHED THEN DELETE",
            "<maybe_with> MERGE INTO <source> <maybe_alias> USING <item> ON <expression> <whens> <returning>",
        ],
    ),
    ("whens", &["<when>", "<when> <when>", "<when> <when> <when>"]),
    (
        "when",
        &[
            "WHEN MATCHED THEN DO NOTHING",
            "WHEN MATCHED AND <expression> THEN UPDATE SET <set_columns>",
            "WHEN NOT MATCHED THEN INSERT ( id , name ) VALUES ( <expression> , DEFAULT )",
            "WHEN NOT MATCHED BY SOURCE AND <expression> THEN DELETE",
            "WHEN NOT MATCHED BY TARGET THEN INSERT DEFAULT VALUES",
        ],
    ),
];
