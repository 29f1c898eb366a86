//! Names in scope: the names that FROM clauses bring into scope, and which of them each column reference sees.
//!
//! All of this serves one rule. A column with two parts, `t.c`, stays as it is, with one exception: if both an
//! unqualified and a schema-qualified table `t` are in scope, the column means the unqualified table, which is the
//! tenant's, and gets its schema. Select lists come before their FROM, so columns wait here until the end of the
//! statement. Unless a table's name occurred twice, no column is looked at again.

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map::Entry},
};

use crate::{
    dialect::postgres::{
        identifier,
        lexer::{Kind, Token},
    },
    error::Fault,
    schema_name::MAX_NAME_BYTES,
    slot::Slot,
};

/// A view of the names in scope: some items of one level of query, and the scope around that level.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Env(u32);

/// A level of query: one FROM clause, or the target of a statement and the items beside it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) struct Level(u32);

impl Level {
    /// The level of a query that has not begun.
    pub(super) const NONE: Self = Self(u32::MAX);

    /// The view of everything that the level has, or will have at its end.
    pub(super) fn all(self) -> Env {
        Env(self.0)
    }
}

impl Env {
    /// A scope in which columns need no handling, as in the expressions of DDL, which see only one table.
    pub(super) const SILENT: Self = Self(u32::MAX);
}

/// What a name in scope stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Target {
    /// A table without an alias and without a schema; `translated` unless it is a catalog.
    Unqualified { translated: bool },
    /// A table without an alias, in a schema that the text names.
    Qualified,
    /// An alias, a CTE or a function, which hides tables of its name.
    Other,
}

/// The name of an item.
#[derive(Clone, Copy)]
pub(super) enum Name {
    /// The name is in this token of the text. It is decoded only when it matters, which is rare.
    Written(Token),
    /// The grammar gives the name.
    Given(&'static str),
}

/// A query level's name, in the order of its FROM clause.
struct Item {
    level: Level,
    /// The item's place in the order of its level.
    place: u32,
    /// The place from which on an aliased join hides the item.
    hidden_from: u32,
    /// The first item that this one hides, if this is the alias of a join.
    covers: u32,
    name: Name,
    target: Target,
}

/// Sees the items `from..to` of a level, then what `outer` sees.
#[derive(Clone, Copy)]
struct View {
    level: Level,
    from: u32,
    to: u32,
    outer: Env,
    /// For a level's own view: how many items the level has so far.
    items: u32,
}

struct Column {
    env: Env,
    table: Token,
}

#[derive(Default)]
pub(super) struct Scopes {
    views: Vec<View>,
    items: Vec<Item>,
    columns: Vec<Column>,
    /// One bit for the name of each table found, by a small hash.
    seen: u64,
    /// Whether a table's name may have occurred twice.
    suspicious: bool,
}

/// The answer of an [`Env`] about a name.
#[derive(Clone, Copy)]
struct Answer {
    /// Whether a column of a table with that name gets a schema.
    qualify: bool,
    /// The nearest unqualified table of that name, unless a nearer item of another kind hides it.
    tenants: Option<bool>,
}

/// More tables of one name than any FROM clause has: PostgreSQL accepts a name twice only from different schemas, or if
/// the alias of a join hides it.
const MOST_NAMESAKES: usize = 1000;

impl Scopes {
    /// A new level of query inside `outer`, still without items.
    pub(super) fn level(&mut self, outer: Env) -> Level {
        let level = Level(self.views.len() as u32);
        self.view(level, 0, u32::MAX, outer);
        level
    }

    pub(super) fn view(&mut self, level: Level, from: u32, to: u32, outer: Env) -> Env {
        let env = Env(self.views.len() as u32);
        self.views.push(View {
            level,
            from,
            to,
            outer,
            items: 0,
        });
        env
    }

    /// The place that the next item of a level will get.
    pub(super) fn next_place(&self, level: Level) -> u32 {
        self.views[level.0 as usize].items
    }

    /// How many items all levels have, for [`Scopes::alias_join`].
    pub(super) fn mark(&self) -> u32 {
        self.items.len() as u32
    }

    /// Adds a table without an alias to a level; returns its index, for [`Scopes::becomes_other`].
    pub(super) fn add_table(&mut self, level: Level, sql: &str, name: Token, target: Target) -> u32 {
        match sign_of(sql, name) {
            Some(sign) => {
                self.suspicious |= self.seen & sign != 0;
                self.seen |= sign;
            }
            None => self.suspicious = true,
        }
        self.add(level, Name::Written(name), target)
    }

    /// Adds to a level a name that hides tables.
    pub(super) fn add_other(&mut self, level: Level, name: Name) -> u32 {
        self.add(level, name, Target::Other)
    }

    fn add(&mut self, level: Level, name: Name, target: Target) -> u32 {
        let at = self.mark();
        let place = &mut self.views[level.0 as usize].items;
        self.items.push(Item {
            level,
            place: *place,
            hidden_from: u32::MAX,
            covers: at,
            name,
            target,
        });
        *place += 1;
        at
    }

    /// Changes an item that turned out to be a CTE, declared later in the text.
    pub(super) fn becomes_other(&mut self, item: u32) {
        self.items[item as usize].target = Target::Other;
    }

    /// Adds the alias of a join. It hides the names inside the join, those of its level since `mark`, from everything
    /// that follows.
    pub(super) fn alias_join(&mut self, level: Level, mark: u32, name: Token) {
        let next = self.next_place(level);
        let mut at = self.mark();
        while at > mark {
            let item = &mut self.items[at as usize - 1];
            if item.level == level {
                item.hidden_from = item.hidden_from.min(next);
            }
            // Items that an inner alias hides already need no visit.
            at = item.covers.min(at - 1);
        }
        let alias = self.add_other(level, Name::Written(name));
        self.items[alias as usize].covers = mark;
    }

    /// A column reference of two parts, whose table is named by the token.
    pub(super) fn column(&mut self, env: Env, table: Token) {
        self.columns.push(Column { env, table });
    }

    /// Ends a statement: decides which columns get a schema, and forgets all names.
    pub(super) fn resolve(&mut self, sql: &str, slots: &mut Vec<Slot>) -> Result<(), Fault> {
        if self.suspicious {
            self.qualify_ambiguous(sql, slots)?;
        }
        self.clear();
        Ok(())
    }

    pub(super) fn clear(&mut self) {
        self.views.clear();
        self.items.clear();
        self.columns.clear();
        (self.seen, self.suspicious) = (0, false);
    }

    /// The number of elements for which memory is kept.
    pub(super) fn capacity(&self) -> usize {
        self.views.capacity() + self.items.capacity() + self.columns.capacity()
    }

    fn qualify_ambiguous(&self, sql: &str, slots: &mut Vec<Slot>) -> Result<(), Fault> {
        let items: Vec<_> = self.items.iter().map(|item| (item, item.name.text(sql))).collect();
        let mut namesakes: HashMap<&str, u32> = HashMap::new();
        for (_, name) in items.iter().filter(|(item, _)| item.target != Target::Other) {
            *namesakes.entry(name).or_default() += 1;
        }
        namesakes.retain(|_, count| *count > 1);
        if namesakes.is_empty() {
            return Ok(());
        }
        let mut names: HashMap<(Level, &str), Vec<&Item>> = HashMap::new();
        for (item, name) in items.iter().filter(|(_, name)| namesakes.contains_key(&**name)) {
            let same = names.entry((item.level, name)).or_default();
            same.push(item);
            if same.len() > MOST_NAMESAKES {
                return Err(Fault::not_understood(
                    0,
                    "a FROM clause that has the same name again and again",
                ));
            }
        }
        let mut answers = HashMap::new();
        for column in &self.columns {
            let name = identifier::name(sql, column.table);
            let Some((&name, _)) = namesakes.get_key_value(&*name) else {
                continue;
            };
            if self.answer(column.env, name, &names, &mut answers).qualify {
                slots.push(Slot::Unqualified { at: column.table.start });
            }
        }
        Ok(())
    }

    /// Asks the views from the inside out. Each view answers only once for a name, so that deep nesting costs no more
    /// than its depth in total.
    fn answer<'n>(
        &self,
        env: Env,
        name: &'n str,
        names: &HashMap<(Level, &str), Vec<&Item>>,
        answers: &mut HashMap<(Env, &'n str), Answer>,
    ) -> Answer {
        let mut asked = Vec::new();
        let mut next = env;
        let mut answer = Answer {
            qualify: false,
            tenants: None,
        };
        while next != Env::SILENT {
            match answers.entry((next, name)) {
                Entry::Occupied(known) => {
                    answer = *known.get();
                    break;
                }
                Entry::Vacant(_) => asked.push(next),
            }
            next = self.views[next.0 as usize].outer;
        }
        for env in asked.into_iter().rev() {
            let view = self.views[env.0 as usize];
            let same = names.get(&(view.level, name)).map(Vec::as_slice).unwrap_or_default();
            let visible = || same.iter().filter(|item| view.shows(item)).map(|item| item.target);
            answer = Self::shadow(visible, answer);
            answers.insert((env, name), answer);
        }
        answer
    }

    /// The answer of a view that shows the items `visible`, where `outer` is the answer of the scope around it.
    fn shadow<I: Iterator<Item = Target>>(visible: impl Fn() -> I, outer: Answer) -> Answer {
        let here = visible().find_map(|target| match target {
            Target::Unqualified { translated } => Some(translated),
            _ => None,
        });
        match visible().count() {
            0 => outer,
            _ if visible().any(|target| target == Target::Other) => Answer {
                qualify: false,
                tenants: None,
            },
            count => {
                let tenants = here.or(outer.tenants);
                Answer {
                    qualify: tenants == Some(true) && (count > 1 || here.is_none()),
                    tenants,
                }
            }
        }
    }
}

impl Name {
    fn text(self, sql: &str) -> Cow<'_, str> {
        match self {
            Self::Written(token) => identifier::name(sql, token),
            Self::Given(name) => Cow::Borrowed(name),
        }
    }
}

/// One bit, chosen by the length, the first and the last letter of a name; all spellings of a name have the same bit.
/// `None` if the name would have to be decoded.
fn sign_of(sql: &str, name: Token) -> Option<u64> {
    let quotes = match name.kind {
        Kind::Encoded => return None,
        Kind::Quoted => 1,
        _ => 0,
    };
    let letters = &sql.as_bytes()[name.start as usize + quotes..name.end as usize - quotes];
    // Longer names may be cut to the same name.
    if letters.len() > MAX_NAME_BYTES {
        return None;
    }
    let (first, last) = (letters.first()? | 0x20, letters.last()? | 0x20);
    Some(1 << ((letters.len() * 7 + first as usize * 31 + last as usize) % 64))
}

impl View {
    fn shows(&self, item: &Item) -> bool {
        (self.from..self.to).contains(&item.place) && (item.hidden_from == u32::MAX || self.to <= item.hidden_from)
    }
}
