/// The parts of a column's definition, as the catalog query returns them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column<'a> {
    /// The type, with the collation if it differs from the type's.
    pub(crate) data_type: &'a str,
    /// ` GENERATED ALWAYS AS (…) STORED`, or nothing.
    pub(crate) generated: &'a str,
    /// ` CONSTRAINT … NOT NULL NO INHERIT`, without the parts that are the default, or nothing.
    pub(crate) not_null: &'a str,
    /// `ALWAYS`, `BY DEFAULT`, or nothing.
    pub(crate) identity: &'a str,
    /// Options of the identity's sequence.
    pub(crate) options: &'a str,
    /// The same options, in the form of `ALTER COLUMN`.
    pub(crate) settings: &'a str,
    /// `SEQUENCE NAME … `
    pub(crate) sequence: &'a str,
    /// The name, quoted.
    pub(crate) name: &'a str,
    /// The table, quoted.
    pub(crate) table: &'a str,
    /// The name of the NOT NULL constraint, quoted, if the server has one.
    pub(crate) constraint: &'a str,
    /// `own`, `inherited` or `partition`.
    pub(crate) origin: &'a str,
}

impl<'a> Column<'a> {
    pub(crate) fn of(details: &'a [String]) -> Option<Self> {
        let [
            data_type,
            generated,
            not_null,
            identity,
            options,
            settings,
            sequence,
            name,
            table,
            constraint,
            origin,
        ] = details
        else {
            return None;
        };
        Some(Self {
            data_type,
            generated,
            not_null,
            identity,
            options,
            settings,
            sequence,
            name,
            table,
            constraint,
            origin,
        })
    }

    /// The definition as in `CREATE TABLE` and after `ADD COLUMN`. `default` is ` DEFAULT …`, or nothing.
    pub(crate) fn definition(&self, default: &str) -> String {
        let Self {
            name,
            data_type,
            generated,
            not_null,
            ..
        } = self;
        let identity = self.identity_clause();
        format!("{name} {data_type}{default}{generated}{identity}{not_null}")
    }

    /// ` GENERATED … AS IDENTITY (…)`, or nothing.
    pub(crate) fn identity_clause(&self) -> String {
        let Self {
            identity,
            options,
            sequence,
            ..
        } = self;
        match *identity {
            "" => String::new(),
            identity => format!(" GENERATED {identity} AS IDENTITY ({sequence}{options})"),
        }
    }

    /// The statement that adds the column to its table.
    pub(crate) fn add(&self, default: &str) -> String {
        format!("ALTER TABLE {} ADD COLUMN {}", self.table, self.definition(default))
    }

    /// Whether both are defined in the same way. The name of an identity's sequence doesn't count.
    pub(crate) fn is_like(&self, other: &Self) -> bool {
        let parts = |column: &Self| {
            [
                column.data_type,
                column.generated,
                column.not_null,
                column.identity,
                column.options,
            ]
            .map(str::to_owned)
        };
        parts(self) == parts(other)
    }
}
