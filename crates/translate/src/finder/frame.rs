//! What the finder's stack holds: the grammar's nonterminals, as far as the finder tells them apart.

use super::{super::lexer::Token, cte::With, from::FromList, modify::Modify, query::Query, scope::Env, utility::Step};

/// What is expected next in the text.
#[derive(Clone, Copy)]
pub(super) enum Frame {
    /// Statements with semicolons between them, to the end of the text or of a function's body.
    Script { in_body: bool },
    /// One statement of any kind.
    Statement { outer: Env },
    /// A query or INSERT, UPDATE, DELETE, MERGE, with or without a WITH.
    Dml { outer: Env },
    /// The same behind its WITH; `ctes` is how many names were in scope before it.
    Main { outer: Env, ctes: u32 },
    /// The next name of a WITH.
    With(With),
    /// Behind the body of a WITH's name, which is `name`.
    CteEnd(With, Token),
    /// An operand of a query: SELECT, VALUES, TABLE or a query in parentheses.
    Query(Query),
    /// Behind an operand that was in parentheses.
    Operand(Query),
    /// The clauses of an operand.
    Clauses(Query),
    /// The next item of a FROM clause.
    FromItem(FromList),
    /// Behind the opening parenthesis of a FROM item.
    FromParen(FromList),
    /// Behind a FROM item that began with a parenthesis inside of one. Before it were so many items, and so many names of WITH.
    FromWrapped(FromList, u32, u32),
    /// Behind a FROM item in parentheses: its alias is next.
    FromAlias(FromList, u32),
    /// Behind a function in FROM that is called like `name`.
    FromFunction(FromList, Option<Token>),
    /// Behind the arguments of TABLESAMPLE.
    Repeatable { env: Env },
    /// Behind a FROM item and its alias.
    FromTail(FromList),
    /// A join that waits for its ON or USING: the items of its left side begin at `left`, those of its right side at `right`.
    Join { left: u32, right: u32 },
    /// The condition of a join.
    JoinCondition(FromList, Env),
    /// The clauses of a data-modifying statement behind its target.
    Modify(Modify),
    /// The source of an INSERT.
    InsertSource(Modify),
    /// The left side of an assignment behind SET.
    SetTarget { env: Env },
    /// What follows the left side of an assignment.
    SetValue { env: Env },
    /// A list of column names in parentheses, behind its opening one.
    Columns { env: Env },
    /// Inside of parentheses in an expression. `fresh` until something was read.
    Paren { env: Env, fresh: bool },
    /// Inside of the parentheses of a function.
    Arguments { env: Env },
    /// Behind parentheses that came first in parentheses. `ctes` is how many names were in scope before them.
    Wrapped { env: Env, ctes: u32 },
    /// The same inside of the parentheses of a function.
    WrappedArgument { env: Env, ctes: u32 },
    /// Inside of `[…]`.
    Bracket { env: Env },
    /// Inside of CASE … END.
    Case { env: Env },
    /// An expression which is the whole text.
    Fragment,
    /// The rest of a utility statement.
    Steps(&'static [Step]),
    /// The clauses of CREATE TABLE behind its name.
    TableClauses,
    /// The elements of a table in parentheses; `start` at the beginning of one.
    Elements { start: bool },
    /// The commands of ALTER TABLE; `start` at the beginning of one.
    Commands { start: bool },
    /// Behind the first action of a rule in parentheses.
    RuleFirst { env: Env },
    /// The actions of a rule, behind its DO.
    RuleActions { env: Env },
    /// The condition of a rule.
    RuleCondition { env: Env },
    /// The objects of a publication; `tables` while they are tables.
    PublicationObjects { tables: bool },
    /// Behind such an object.
    PublicationNext { tables: bool },
    /// The clauses of CREATE FUNCTION, its name and arguments among them.
    Function,
    /// The end of what a view's own name was declared for.
    LeaveCtes { depth: u32 },
    /// The end of a statement.
    StatementEnd,
    /// Expressions and clauses of DDL.
    Body,
    /// More columns of a list, in the midst of one.
    MoreColumns { env: Env },
    /// A closing parenthesis.
    Close,
}
