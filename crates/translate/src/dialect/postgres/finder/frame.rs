//! The elements of the finder's stack: the grammar's nonterminals, as far as the finder distinguishes them.

use super::{cte::With, from::FromList, modify::Modify, query::Query, scope::Env, utility::Step};
use crate::dialect::postgres::lexer::Token;

/// What is expected next in the text.
#[derive(Clone, Copy)]
pub(super) enum Frame {
    /// Statements with semicolons between them, to the end of the text or of a function's body.
    Script { in_body: bool },
    /// One statement of any kind.
    Statement { outer: Env },
    /// A query or INSERT, UPDATE, DELETE, MERGE, with or without a WITH.
    Dml { outer: Env },
    /// Such a statement after its WITH; `ctes` is how many names were in scope before the WITH.
    Main { outer: Env, ctes: u32 },
    /// The next name of a WITH.
    With(With),
    /// After the body of a WITH's name, which is `name`.
    CteEnd(With, Token),
    /// An operand of a query: SELECT, VALUES, TABLE or a query in parentheses.
    Query(Query),
    /// After an operand that was in parentheses.
    Operand(Query),
    /// The clauses of an operand.
    Clauses(Query),
    /// The next item of a FROM clause.
    FromItem(FromList),
    /// After the opening parenthesis of a FROM item.
    FromParen(FromList),
    /// After a FROM item that began with `((`. The numbers count the items, and the names of WITH, that came before it.
    FromWrapped(FromList, u32, u32),
    /// After a FROM item in parentheses: its alias is next.
    FromAlias(FromList, u32),
    /// After a function in FROM; `name` is the function's name.
    FromFunction(FromList, Option<Token>),
    /// After the arguments of TABLESAMPLE.
    Repeatable { env: Env },
    /// After a FROM item and its alias.
    FromTail(FromList),
    /// A join that waits for its ON or USING: the items of its left side begin at `left`, those of its right side at
    /// `right`.
    Join { left: u32, right: u32 },
    /// The condition of a join.
    JoinCondition(FromList, Env),
    /// The clauses of a data-modifying statement after its target.
    Modify(Modify),
    /// The source of an INSERT.
    InsertSource(Modify),
    /// The left side of an assignment after SET.
    SetTarget { env: Env },
    /// What follows the left side of an assignment.
    SetValue { env: Env },
    /// A list of column names in parentheses, after its opening one.
    Columns { env: Env },
    /// Inside parentheses in an expression. `fresh` until something was read.
    Paren { env: Env, fresh: bool },
    /// Inside the parentheses of a function.
    Arguments { env: Env },
    /// After parentheses that came first inside parentheses. `ctes` is how many names were in scope before them.
    Wrapped { env: Env, ctes: u32 },
    /// Like `Wrapped`, inside the parentheses of a function.
    WrappedArgument { env: Env, ctes: u32 },
    /// Inside `[…]`.
    Bracket { env: Env },
    /// Inside CASE … END.
    Case { env: Env },
    /// An expression that is the whole text.
    Fragment,
    /// The rest of a utility statement.
    Steps(&'static [Step]),
    /// The clauses of CREATE TABLE after its name.
    TableClauses,
    /// The elements of a table in parentheses; `start` at the beginning of one.
    Elements { start: bool },
    /// The commands of ALTER TABLE; `start` at the beginning of one.
    Commands { start: bool },
    /// After the first action of a rule in parentheses.
    RuleFirst { env: Env },
    /// The actions of a rule, after its DO.
    RuleActions { env: Env },
    /// The condition of a rule.
    RuleCondition { env: Env },
    /// The objects of a publication; `tables` while they are tables.
    PublicationObjects { tables: bool },
    /// After an object of a publication.
    PublicationNext { tables: bool },
    /// The clauses of CREATE FUNCTION, including its name and arguments.
    Function,
    /// The end of the scope of a recursive view's own name.
    LeaveCtes { depth: u32 },
    /// The end of a statement.
    StatementEnd,
    /// Expressions and clauses of DDL.
    Body,
    /// The rest of a list of columns.
    MoreColumns { env: Env },
    /// A closing parenthesis.
    Close,
}
