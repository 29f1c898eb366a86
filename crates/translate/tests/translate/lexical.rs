//! Strings, comments and identifiers.

use super::check;

#[test]
fn strings_hide_what_is_in_them() {
    check(&[
        "SELECT 'FROM a', 'it''s FROM b', E'it\\'s FROM c', N'x', B'1', X'1F', U&'\\0041 FROM d' FROM §e",
        "SELECT $$ FROM a '$$, $q$ $$ FROM b $q$, $ä$ FROM c $ä$ FROM §d",
        "SELECT 'a' \n -- it's\n 'FROM b' FROM §c",
        "SELECT E'a'\n'\\' FROM b' FROM §c",
        "SELECT '\\' FROM §a",
    ]);
}

#[test]
fn comments_hide_what_is_in_them() {
    check(&[
        "SELECT 1 -- FROM a\nFROM §b -- FROM c",
        "SELECT /* FROM a /* FROM b */ FROM c */ 1 FROM/**/§d",
        "SELECT 2 */*x*/ 3, 1 - -1, 5 */**/ 2, '--' FROM §a--",
        "SELECT a <--b\n c FROM §d",
    ]);
}

#[test]
fn identifiers_compare_as_postgresql_folds_them() {
    check(&[
        "WITH Größe AS (SELECT 1) SELECT * FROM GRößE, §\"Größe\", §größen",
        r#"WITH "a""b" AS (SELECT 1) SELECT * FROM U&"a""b", U&"\0061""b", §"a""B""#,
        r#"WITH data AS (SELECT 1) SELECT * FROM U&"d\0061t\+000061", u&"d!0061ta" UESCAPE '!', §U&"data!" UESCAPE '?'"#,
        r#"WITH "😀" AS (SELECT 1) SELECT * FROM U&"\D83D\DE00", §"x""#,
        r#"WITH data AS (SELECT 1) SELECT * FROM U&"d!0061ta" UESCAPE $$!$$, U&"d!0061ta" uescape E'!', U&"d\0061ta" UESCAPE E'\\', U&"d$0061ta" UESCAPE /* ' */ $t$$$t$, §U&"data!" UESCAPE $$?$$"#,
        r#"SELECT U&"!0061" UESCAPE '!' . x, «U&"sh!0061red" UESCAPE '!'» . t . y FROM §a"#,
    ]);
}

#[test]
fn names_are_cut_at_63_bytes_as_the_server_does() {
    let long = "x".repeat(63);
    check(&[&format!(
        "WITH {long}a AS (SELECT 1) SELECT * FROM {long}b, {long}, §y{long}"
    )]);
}

#[test]
fn tokens_need_no_space_between_them() {
    check(&[
        r#"SELECT"a"."x"FROM§"a"WHERE"a"."x"=1"#,
        r#"SELECT 1from§"a""#,
        "SELECT a.x,t$1.y,$1,1.5e3,.5,0x1F,1_000 FROM §t$1",
        "SELECT x->'a'#>>'{b}',y@>z,-x,@-1,~y,a?|b FROM§\"a\"",
    ]);
}
