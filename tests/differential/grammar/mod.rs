//! The statements that are generated: each rule with its forms, the shortest one first. `<rule>` stands for a form of
//! that rule, anything else for itself, with a space for each `~`; an empty form leaves the rule out.

mod expressions;
mod modify;
mod names;
mod queries;
mod utility;

/// A rule's name and its forms.
pub type Rule = (&'static str, &'static [&'static str]);

/// The forms of a rule.
pub fn forms(rule: &str) -> &'static [&'static str] {
    let rules = [
        RULES,
        queries::RULES,
        modify::RULES,
        expressions::RULES,
        names::RULES,
        utility::RULES,
    ];
    let found = rules.into_iter().flatten().find(|(name, _)| *name == rule);
    found.unwrap_or_else(|| panic!("no rule {rule}")).1
}

const RULES: &[Rule] = &[
    (
        "script",
        &[
            "<statement>",
            "<statement>",
            "<statement>",
            "<statement>",
            "<statement> ; <statement>",
            "<statement> ; <statement> ; <statement> ;",
        ],
    ),
    (
        "statement",
        &[
            "<query>",
            "<query>",
            "<query>",
            "<insert>",
            "<update>",
            "<delete>",
            "<merge>",
            "<utility>",
            "<utility>",
        ],
    ),
    (
        "dml",
        &["<query>", "<query>", "<insert>", "<update>", "<delete>", "<merge>"],
    ),
];
