//! The rules of translation once more, over the tree of `squawk-syntax`: another lexer, another grammar, recursion in
//! place of a stack machine. Nothing here is shared with `crates/translate`.

use std::{collections::BTreeMap, ops::Range, rc::Rc};

use squawk_syntax::{
    SyntaxKind::{self, *},
    SyntaxNode,
};

use crate::identifier;

/// Which bytes get which schema. Keys are places in the text, so that what is met twice is written once.
#[derive(Default)]
pub struct Reference {
    edits: BTreeMap<usize, (Range<usize>, Option<String>)>,
}

/// A name that a level of query has.
#[derive(Clone)]
struct Item {
    name: String,
    is: Is,
}

#[derive(Clone, Copy, PartialEq)]
enum Is {
    /// A table without alias and schema, which is translated unless it is a catalog.
    Unqualified { catalog: bool },
    /// A table without alias, with a schema.
    Qualified,
    /// An alias, a CTE, a function.
    Other,
}

struct Level {
    items: Vec<Item>,
    outer: Env,
}

/// What a place sees; nothing in the expressions of DDL.
type Env = Option<Rc<Level>>;

/// The names that WITH declares, as seen from a place.
type Ctes = Rc<Vec<String>>;

/// The catalogs that the generator knows of.
pub const CATALOGS: [&str; 3] = ["pg_class", "pg_type", "pg_stat_activity"];

impl Reference {
    pub fn new(file: &SyntaxNode) -> Self {
        let mut reference = Self::default();
        for statement in file.children() {
            reference.other(&statement, &Ctes::default());
        }
        reference
    }

    /// The text under a map: the tenant for unqualified names, and a schema for each of some.
    pub fn apply(&self, sql: &str, tenant: &str, named: &[(&str, &str)]) -> String {
        let mut out = String::new();
        let mut copied = 0;
        for (place, schema) in self.edits.values() {
            let new = match schema {
                None => format!("\"{tenant}\"."),
                Some(schema) => match named.iter().find(|(key, new)| key == schema && key != new) {
                    Some((_, new)) => format!("\"{new}\""),
                    None => continue,
                },
            };
            out += &sql[copied..place.start];
            out += &new;
            copied = place.end;
        }
        out + &sql[copied..]
    }

    fn edit(&mut self, place: Range<usize>, schema: Option<String>) {
        self.edits.insert(place.start, (place, schema));
    }

    /// Records a relation by the parts of its name; says what it is in scope, if it has no alias.
    fn relation(&mut self, parts: &[Part]) -> Is {
        match parts {
            [table] => {
                let catalog = CATALOGS.contains(&&*table.name);
                if !catalog {
                    self.edit(table.place.start..table.place.start, None);
                }
                Is::Unqualified { catalog }
            }
            [.., schema, _] => {
                self.edit(schema.place.clone(), Some(schema.name.clone()));
                Is::Qualified
            }
            [] => unreachable!("a name has parts"),
        }
    }

    /// Statements that are no queries, and their parts: relations by the kind of their node, queries inside, columns
    /// left alone.
    fn other(&mut self, node: &SyntaxNode, ctes: &Ctes) {
        match node.kind() {
            kind if is_dml(kind) => _ = self.dml(node, &None, ctes),
            CREATE_RULE => self.rule(node, ctes),
            // A place for a new name, or for one that takes no schema.
            INDEX | TABLE_RENAME_TO | VIEW_RENAME_TO | INDEX_RENAME_TO | SEQUENCE_RENAME_TO | USING_INDEX_NAME
            | CLUSTER_ON | CLUSTER_USING_INDEX => {}
            TABLE_NAME | VIEW | SEQUENCE => {
                let parts = parts(node);
                let temporary = node.parent().is_some_and(|parent| has(&parent, TEMP));
                if !temporary || parts.len() > 1 {
                    self.relation(&parts);
                }
            }
            RELATION_NAME_REF | TABLE_NAME_REF | VIEW_REF | SEQUENCE_REF | INDEX_REF => _ = self.relation(&parts(node)),
            QUALIFIED_COLUMN_NAME_REF => {
                if let [relation @ .., _] = &parts(node)[..]
                    && !relation.is_empty()
                {
                    self.relation(relation);
                }
            }
            // The query of a recursive view sees the view's name as a CTE.
            CREATE_VIEW if node.children_with_tokens().any(|child| child.kind() == RECURSIVE_KW) => {
                let name = child(node, VIEW).and_then(|view| parts(&view).pop());
                let ctes = Rc::new(ctes.iter().cloned().chain(name.map(|part| part.name)).collect());
                node.children().for_each(|child| self.other(&child, &ctes));
            }
            _ => node.children().for_each(|child| self.other(&child, ctes)),
        }
    }

    /// The condition and the actions of a rule see `old` and `new`.
    fn rule(&mut self, node: &SyntaxNode, ctes: &Ctes) {
        let env = level(["old", "new"].map(Item::other).to_vec(), &None);
        for part in node.children() {
            for node in part.children() {
                match node.kind() {
                    RELATION_NAME_REF => _ = self.relation(&parts(&node)),
                    _ => self.expression(&node, &env, ctes),
                }
            }
        }
    }

    /// A query or data-modifying statement. Says what clauses behind its parentheses would see: those belong to the
    /// query inside of them.
    fn dml(&mut self, node: &SyntaxNode, outer: &Env, ctes: &Ctes) -> (Env, Ctes) {
        let ctes = match leading_with(node) {
            Some(with) => &self.with(&with, outer, ctes),
            None => ctes,
        };
        let env = match node.kind() {
            SELECT | SELECT_INTO => {
                let items = self.items(child(node, FROM_CLAUSE), outer, ctes);
                let env = level(items, outer);
                for part in node.children() {
                    match part.kind() {
                        WITH_CLAUSE | FROM_CLAUSE => {}
                        INTO_CLAUSE => self.other(&part, ctes),
                        _ => self.expression(&part, &env, ctes),
                    }
                }
                env
            }
            TABLE => {
                let relation = child(node, RELATION_NAME).expect("a name behind TABLE");
                let env = level(vec![self.table(&relation, None, ctes)], outer);
                self.expressions(node, &[WITH_CLAUSE, RELATION_NAME], &env, ctes);
                env
            }
            VALUES => {
                let env = level(vec![], outer);
                self.expressions(node, &[WITH_CLAUSE], &env, ctes);
                env
            }
            COMPOUND_SELECT => {
                let env = level(vec![], outer);
                for part in node.children() {
                    if is_query(&part) {
                        self.dml(&part, outer, ctes);
                    } else {
                        self.expression(&part, &env, ctes);
                    }
                }
                env
            }
            PAREN_SELECT | PAREN_EXPR => {
                let query = node.children().find(is_query).expect("a query in parentheses");
                let (env, inner) = self.dml(&query, outer, ctes);
                for part in node
                    .children()
                    .filter(|part| *part != query && part.kind() != WITH_CLAUSE)
                {
                    self.expression(&part, &env, &inner);
                }
                return (env, inner);
            }
            INSERT => self.insert(node, outer, ctes),
            _ => self.modify(node, outer, ctes),
        };
        (env, Rc::clone(ctes))
    }

    fn with(&mut self, with: &SyntaxNode, outer: &Env, ctes: &Ctes) -> Ctes {
        let recursive = with.children_with_tokens().any(|child| child.kind() == RECURSIVE_KW);
        let tables: Vec<_> = with.children().filter(|node| node.kind() == WITH_TABLE).collect();
        let names = tables.iter().map(|table| identifier(&find(table, CTE_NAME)));
        let mut seen: Vec<String> = ctes.to_vec();
        if recursive {
            seen.extend(names.clone());
        }
        for (table, name) in tables.iter().zip(names) {
            let query = table.children().find(|node| is_dml(node.kind())).expect("a query");
            self.dml(&query, outer, &Rc::new(seen.clone()));
            seen.push(name);
        }
        Rc::new(seen)
    }

    fn insert(&mut self, node: &SyntaxNode, outer: &Env, ctes: &Ctes) -> Env {
        let target = self.target(node, REQUIRED_AS_ALIAS);
        let conflict = level(vec![target.clone(), Item::other("excluded")], outer);
        let returning = level(vec![target], outer);
        for part in node.children() {
            match part.kind() {
                WITH_CLAUSE | RELATION_NAME_REF => {}
                COLUMN_TARGET_LIST => self.expression(&part, &level(vec![], outer), ctes),
                ON_CONFLICT_CLAUSE => self.expression(&part, &conflict, ctes),
                RETURNING_CLAUSE => self.expression(&part, &returning, ctes),
                _ => self.expression(&part, outer, ctes),
            }
        }
        returning
    }

    /// UPDATE, DELETE and MERGE.
    fn modify(&mut self, node: &SyntaxNode, outer: &Env, ctes: &Ctes) -> Env {
        let mut items = vec![self.target(node, OPTIONAL_AS_ALIAS)];
        for kind in [FROM_CLAUSE, USING_CLAUSE, USING_ON_CLAUSE] {
            items.extend(self.items(child(node, kind), outer, ctes));
        }
        let env = level(items, outer);
        for part in node.children() {
            match part.kind() {
                WITH_CLAUSE | RELATION_NAME | TABLE_RELATION_NAME | FROM_CLAUSE | USING_CLAUSE => {}
                USING_ON_CLAUSE => self.expression(&child(&part, ON_CLAUSE).expect("a condition"), &env, ctes),
                _ => self.expression(&part, &env, ctes),
            }
        }
        env
    }

    /// The target of a data-modifying statement never is a CTE.
    fn target(&mut self, node: &SyntaxNode, alias: SyntaxKind) -> Item {
        let relation = node
            .children()
            .filter(|child| child.kind() != WITH_CLAUSE)
            .flat_map(|child| child.descendants())
            .find(|node| matches!(node.kind(), RELATION_NAME_REF | TABLE_NAME_REF))
            .expect("a target");
        let mut parts = parts(&relation);
        let is = self.relation(&parts);
        match child(node, alias) {
            Some(alias) => Item::other(&identifier(&find(&alias, TABLE_ALIAS))),
            None => Item {
                name: parts.pop().expect("a name has parts").name,
                is,
            },
        }
    }

    fn items(&mut self, clause: Option<SyntaxNode>, outer: &Env, ctes: &Ctes) -> Vec<Item> {
        let mut items = Vec::new();
        for item in clause.iter().flat_map(SyntaxNode::children).filter(is_from_item) {
            items.extend(self.item(&item, outer, &items, ctes));
        }
        items
    }

    /// `left` is what LATERAL sees of the same FROM.
    fn item(&mut self, node: &SyntaxNode, outer: &Env, left: &[Item], ctes: &Ctes) -> Vec<Item> {
        let lateral = level(left.to_vec(), outer);
        let alias = child(node, FROM_ALIAS).and_then(|alias| child(&alias, TABLE_ALIAS));
        let alias = alias.map(|alias| identifier(&alias));
        match node.kind() {
            JOIN_EXPR => return self.join(node, outer, left, ctes),
            RELATION_FROM_ITEM => {
                let item = self.table(&find(node, RELATION_NAME_REF), alias, ctes);
                if let Some(sample) = child(node, TABLESAMPLE_CLAUSE) {
                    self.expression(&sample, &lateral, ctes);
                }
                return vec![item];
            }
            PAREN_FROM_ITEM => {
                let inside = node
                    .children()
                    .find(|child| is_query(child) || child.kind() == PAREN_EXPR)
                    .expect("something in parentheses");
                if is_query(&inside) {
                    let sees_left = node.children_with_tokens().any(|child| child.kind() == LATERAL_KW);
                    self.dml(&inside, if sees_left { &lateral } else { outer }, ctes);
                } else {
                    let join = inside.children().find(is_from_item).expect("a join");
                    let items = self.item(&join, outer, left, ctes);
                    if alias.is_none() {
                        return items;
                    }
                }
            }
            _ => {
                self.expressions(node, &[FROM_ALIAS], &lateral, ctes);
                if alias.is_none() {
                    return vec![Item::other(&function_name(node))];
                }
            }
        }
        alias.iter().map(|alias| Item::other(alias)).collect()
    }

    /// `a JOIN b JOIN c ON … ON …`: a condition sees the two sides of its own join and nothing else of the FROM.
    ///
    /// Joins are put together here, from their parts in the text's order: the tree has
    /// `(a CROSS JOIN (b JOIN c ON …))`, where PostgreSQL reads `((a CROSS JOIN b) JOIN c ON …)`.
    fn join(&mut self, node: &SyntaxNode, outer: &Env, left: &[Item], ctes: &Ctes) -> Vec<Item> {
        let mut sides: Vec<Vec<Item>> = Vec::new();
        let mut unconditional = false;
        for part in join_parts(node) {
            match part.kind() {
                ON_CLAUSE | JOIN_USING_CLAUSE => {
                    let right = sides.pop().expect("a right side");
                    let both = sides.last_mut().expect("a left side");
                    both.extend(right);
                    if part.kind() == ON_CLAUSE {
                        let env = level(both.clone(), outer);
                        self.expression(&part, &env, ctes);
                    }
                    let alias = child(&part, REQUIRED_AS_ALIAS);
                    both.extend(alias.map(|alias| Item::other(&identifier(&find(&alias, TABLE_ALIAS)))));
                }
                JOIN => {
                    unconditional =
                        has(&part, JOIN_CROSS) || part.first_token().is_some_and(|token| token.kind() == NATURAL_KW)
                }
                _ => {
                    let before: Vec<_> = left.iter().chain(sides.iter().flatten()).cloned().collect();
                    let items = self.item(&part, outer, &before, ctes);
                    match sides.last_mut() {
                        Some(side) if unconditional => side.extend(items),
                        _ => sides.push(items),
                    }
                    unconditional = false;
                }
            }
        }
        sides.concat()
    }

    /// A table in FROM, which a CTE may hide.
    fn table(&mut self, relation: &SyntaxNode, alias: Option<String>, ctes: &Ctes) -> Item {
        let parts = parts(relation);
        let name = parts[parts.len() - 1].name.clone();
        let is = if parts.len() == 1 && ctes.contains(&name) {
            Is::Other
        } else {
            self.relation(&parts)
        };
        match alias {
            Some(alias) => Item::other(&alias),
            None => Item { name, is },
        }
    }

    fn expressions(&mut self, node: &SyntaxNode, but: &[SyntaxKind], env: &Env, ctes: &Ctes) {
        for part in node.children().filter(|part| !but.contains(&part.kind())) {
            self.expression(&part, env, ctes);
        }
    }

    fn expression(&mut self, node: &SyntaxNode, env: &Env, ctes: &Ctes) {
        match node.kind() {
            kind if is_dml(kind) => _ = self.dml(node, env, ctes),
            // Names of items in scope, which take no schema.
            LOCKING_CLAUSE => {}
            FIELD_EXPR => match column(node) {
                Some(parts) => self.column(&parts, env),
                None => self.expressions(node, &[], env, ctes),
            },
            // What is called is no column.
            CALL_EXPR => {
                let arguments = node
                    .children()
                    .skip_while(|child| matches!(child.kind(), FIELD_EXPR | NAME_REF));
                arguments.for_each(|child| self.expression(&child, env, ctes));
            }
            _ => self.expressions(node, &[], env, ctes),
        }
    }

    fn column(&mut self, parts: &[Part], env: &Env) {
        match parts {
            [.., schema, _, _] => self.edit(schema.place.clone(), Some(schema.name.clone())),
            [table, _] if qualifies(&table.name, env) => self.edit(table.place.start..table.place.start, None),
            _ => {}
        }
    }
}

/// Whether `name.column` is to be qualified: the nearest unqualified table of that name is the tenant's, no alias
/// stands before it, but another table of that name beside it or before it.
fn qualifies(name: &str, env: &Env) -> bool {
    let mut met = 0;
    let mut level = env;
    while let Some(here) = level {
        let namesakes: Vec<Is> = here
            .items
            .iter()
            .filter(|item| item.name == name)
            .map(|item| item.is)
            .collect();
        if namesakes.contains(&Is::Other) {
            return false;
        }
        met += namesakes.len();
        let unqualified = namesakes.iter().find(|is| **is != Is::Qualified);
        if let Some(is) = unqualified {
            return *is == Is::Unqualified { catalog: false } && met > 1;
        }
        level = &here.outer;
    }
    false
}

impl Item {
    fn other(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            is: Is::Other,
        }
    }
}

fn level(items: Vec<Item>, outer: &Env) -> Env {
    Some(Rc::new(Level {
        items,
        outer: outer.clone(),
    }))
}

/// A part of a dotted name.
struct Part {
    name: String,
    place: Range<usize>,
}

impl Part {
    fn new(node: &SyntaxNode) -> Self {
        let range = node.text_range();
        Self {
            name: identifier(node),
            place: range.start().into()..range.end().into(),
        }
    }
}

/// The parts of a relation's name.
fn parts(node: &SyntaxNode) -> Vec<Part> {
    node.descendants()
        .filter(|node| matches!(node.kind(), PATH_SEGMENT | PATH_SEGMENT_REF))
        .map(|node| Part::new(&node))
        .collect()
}

/// The parts of a column with dots, a star among them; nothing for the fields of other expressions.
fn column(node: &SyntaxNode) -> Option<Vec<Part>> {
    let mut nodes = node.children();
    let base = nodes.next()?;
    let mut parts = match base.kind() {
        NAME_REF => vec![Part::new(&base)],
        FIELD_EXPR => column(&base)?,
        _ => return None,
    };
    let range = node.text_range();
    parts.push(nodes.next().map_or_else(
        || Part {
            name: "*".into(),
            place: range.end().into()..range.end().into(),
        },
        |field| Part::new(&field),
    ));
    Some(parts)
}

/// The items, joins and conditions of joins without parentheses, in the text's order.
fn join_parts(node: &SyntaxNode) -> Vec<SyntaxNode> {
    match node.kind() {
        JOIN_EXPR => node.children().flat_map(|child| join_parts(&child)).collect(),
        JOIN => [node.clone()]
            .into_iter()
            .chain(node.children().flat_map(|child| join_parts(&child)))
            .collect(),
        ON_CLAUSE | JOIN_USING_CLAUSE => vec![node.clone()],
        _ if is_from_item(node) => vec![node.clone()],
        _ => vec![],
    }
}

fn function_name(item: &SyntaxNode) -> String {
    match item.kind() {
        JSON_TABLE_FROM_ITEM => "json_table".into(),
        XML_TABLE_FROM_ITEM => "xmltable".into(),
        _ => {
            let called = find(item, CALL_EXPR).first_child().expect("what is called");
            identifier(&called.last_child().unwrap_or(called))
        }
    }
}

fn is_dml(kind: SyntaxKind) -> bool {
    let queries = [SELECT, SELECT_INTO, TABLE, VALUES, COMPOUND_SELECT, PAREN_SELECT];
    queries.contains(&kind) || [INSERT, UPDATE, DELETE, MERGE].contains(&kind)
}

/// Whether a node is a query, however many parentheses are around it.
fn is_query(node: &SyntaxNode) -> bool {
    is_dml(node.kind()) || node.kind() == PAREN_EXPR && node.children().any(|child| is_query(&child))
}

fn is_from_item(node: &SyntaxNode) -> bool {
    let items = [
        JOIN_EXPR,
        RELATION_FROM_ITEM,
        PAREN_FROM_ITEM,
        FUNCTION_FROM_ITEM,
        ROWS_FROM_ITEM,
        JSON_TABLE_FROM_ITEM,
        XML_TABLE_FROM_ITEM,
        EXPR_FROM_ITEM,
    ];
    items.contains(&node.kind())
}

/// The WITH before a statement, which stands in the first operand of a set operation but belongs to all of it.
fn leading_with(node: &SyntaxNode) -> Option<SyntaxNode> {
    match node.kind() {
        COMPOUND_SELECT => leading_with(&node.first_child()?),
        PAREN_EXPR => None,
        _ => child(node, WITH_CLAUSE),
    }
}

fn child(node: &SyntaxNode, kind: SyntaxKind) -> Option<SyntaxNode> {
    node.children().find(|child| child.kind() == kind)
}

fn has(node: &SyntaxNode, kind: SyntaxKind) -> bool {
    child(node, kind).is_some()
}

fn find(node: &SyntaxNode, kind: SyntaxKind) -> SyntaxNode {
    let found = node.descendants().find(|node| node.kind() == kind);
    found.unwrap_or_else(|| panic!("no {kind:?} in {node}"))
}
