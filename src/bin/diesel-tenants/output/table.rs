use std::io::{IsTerminal, stdout};

use comfy_table::{ContentArrangement, Table, presets};

/// A table of known columns.
pub fn table<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let header: Vec<String> = header.map(str::to_owned).into();
    table_of(&header, rows.into_iter().map(Vec::from))
}

/// A table: with lines on a terminal, plain columns otherwise.
pub fn table_of(header: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let mut table = Table::new();
    table
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header)
        .add_rows(rows);
    if stdout().is_terminal() {
        return table.load_style(presets::UTF8_FULL_CONDENSED).to_string();
    }
    table.load_style(presets::NOTHING);
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}
