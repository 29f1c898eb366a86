//! Queries, WITH and FROM.

use super::Rule;

pub const RULES: &[Rule] = &[
    (
        "query",
        &["<plain>", "<plain>", "<plain>", "<parens>", "<with> <plain>"],
    ),
    // In an expression: no clauses behind parentheses.
    (
        "subquery",
        &[
            "<select> <tail>",
            "<set> <tail>",
            "<values> <tail>",
            "TABLE <relation> <tail>",
            "<with> <select> <tail>",
            "<with> <set> <tail>",
        ],
    ),
    (
        "plain",
        &[
            "<select> <tail>",
            "<select> <tail>",
            "<select> <tail>",
            "<set> <tail>",
            "<values> <tail>",
            "TABLE <source> <tail>",
            "( <select> ) <tail>",
        ],
    ),
    ("parens", &["( <query> )"]),
    (
        "set",
        &[
            "<operand> <operator> <operand>",
            "<operand> <operator> <operand> <operator> <operand>",
        ],
    ),
    (
        "operand",
        &["<select>", "<select>", "<values>", "TABLE <relation>", "( <single> )"],
    ),
    (
        "single",
        &[
            "<select> <tail>",
            "<values> <tail>",
            "<set> <tail>",
            "<with> <select> <tail>",
        ],
    ),
    ("operator", &["UNION", "UNION ALL", "INTERSECT", "EXCEPT DISTINCT"]),
    (
        "select",
        &[
            "SELECT <targets> FROM <items>",
            "SELECT <targets> <from>",
            "SELECT <targets> <from> <where>",
            "SELECT <quantifier> <targets> <from> <where> <group> <window>",
        ],
    ),
    ("quantifier", &["", "ALL", "DISTINCT", "DISTINCT ON ( <expression> )"]),
    ("from", &["FROM <items>", "FROM <items>", "FROM <items>", ""]),
    (
        "values",
        &[
            "VALUES ( <expression> )",
            "VALUES ( 1 , <expression> ) , ( 2 , <expression> )",
        ],
    ),
    ("targets", &["<target>", "<target> , <target>", "*"]),
    (
        "target",
        &[
            "<column>",
            "<column>",
            "<expression>",
            "<expression> AS <label>",
            "<expression> AS select",
            "<name> . *",
            "<schema> . <table> . *",
        ],
    ),
    ("where", &["", "WHERE <expression>", "WHERE <expression>"]),
    (
        "group",
        &[
            "",
            "",
            "GROUP BY <column>",
            "GROUP BY <column> HAVING <expression>",
            "GROUP BY GROUPING SETS ( ( <column> ) , ( ) )",
            "GROUP BY ROLLUP ( <column> , <column> )",
        ],
    ),
    (
        "window",
        &["", "", "WINDOW w AS ( PARTITION BY <column> ORDER BY <column> )"],
    ),
    (
        "tail",
        &[
            "",
            "",
            "",
            "",
            "ORDER BY <column>",
            "ORDER BY <expression> DESC NULLS LAST LIMIT 1",
            "LIMIT 10 OFFSET <column>",
            "OFFSET 1 ROW FETCH FIRST 2 ROWS ONLY",
            "FOR UPDATE",
            "FOR NO KEY UPDATE OF <name> NOWAIT",
            "ORDER BY <column> FOR SHARE OF <name> , <name> SKIP LOCKED",
        ],
    ),
    // WITH.
    (
        "with",
        &[
            "WITH <cte>",
            "WITH <cte> , <cte>",
            "WITH RECURSIVE <cte>",
            "WITH RECURSIVE <cte> , <cte>",
        ],
    ),
    (
        "cte",
        &[
            "<name> AS ( <dml> )",
            "<name> ( a , b ) AS ( <dml> )",
            "<name> AS MATERIALIZED ( <dml> )",
            "<name> AS NOT MATERIALIZED ( <query> )",
            "<name> AS ( <query> ) SEARCH DEPTH FIRST BY id SET sequence",
            "<name> AS ( <query> ) CYCLE id SET cycle USING path",
        ],
    ),
    // FROM.
    (
        "items",
        &[
            "<item>",
            "<item>",
            "<item>",
            "<item> , <item>",
            "<item> , <item> , <item>",
        ],
    ),
    (
        "item",
        &[
            "<relation>",
            "<source> <alias>",
            "<source> <alias>",
            "<source>",
            "<join>",
            "<join>",
            "( <join> )",
            "( ( <join> ) )",
            "( <join> ) <alias>",
            "( <query> ) <alias>",
            "LATERAL ( <query> ) <alias>",
            "<relation> <alias> TABLESAMPLE bernoulli ( <expression> ) REPEATABLE ( 1 )",
            "<function>",
            "<function>",
        ],
    ),
    (
        "source",
        &[
            "<relation>",
            "<relation>",
            "<relation>",
            "ONLY <relation>",
            "ONLY ( <relation> )",
            "<relation> *",
        ],
    ),
    (
        "join",
        &[
            "<item> JOIN <right> ON <expression>",
            "<item> LEFT JOIN <right> ON <expression>",
            "<item> FULL OUTER JOIN <right> USING ( id )",
            "<item> JOIN <right> USING ( id ) AS <name>",
            "<item> CROSS JOIN <single_item>",
            "<item> NATURAL RIGHT JOIN <single_item>",
        ],
    ),
    // The right side of a join: another join there has its condition before the outer one's.
    (
        "right",
        &[
            "<relation>",
            "<single_item>",
            "<single_item>",
            "<right> JOIN <right> ON <expression>",
            "<right> LEFT JOIN <right> USING ( id )",
        ],
    ),
    (
        "single_item",
        &[
            "<relation>",
            "<source> <alias>",
            "( <join> )",
            "( <join> ) <alias>",
            "( <query> ) <alias>",
            "LATERAL ( <query> ) <alias>",
            "<function>",
        ],
    ),
    (
        "function",
        &[
            "f ( <column> )",
            "f ( <expression> ) <alias>",
            "orders ( <column> )",
            "public . f ( <column> ) WITH ORDINALITY AS <name> ( a , b )",
            "LATERAL generate_series ( 1 , <expression> ) <alias>",
            "f ( <column> ) AS <name> ( id int , name text )",
            "ROWS FROM ( orders ( <column> ) , f ( 1 ) ) <alias>",
            "ROWS FROM ( items ( <column> ) )",
            "json_table ( <column> , '$' COLUMNS ( id int PATH '$.id' , NESTED PATH '$.x' COLUMNS ( name text ) ) ) <alias>",
            "xmltable ( '/x' PASSING <column> COLUMNS id int PATH 'id' DEFAULT <column> , n FOR ORDINALITY ) AS <name>",
        ],
    ),
    (
        "alias",
        &["<name>", "AS <name>", "<name> ( id , name )", "AS <name> ( id )"],
    ),
];
