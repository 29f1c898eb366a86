use std::io::{IsTerminal, stdout};

use comfy_table::{ContentArrangement, Table, presets};

/// A table of known columns.
pub fn table<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> Table {
    let header: Vec<String> = header.map(str::to_owned).into();
    table_of(&header, rows.into_iter().map(Vec::from))
}

/// A table: with lines on a terminal, plain columns otherwise.
pub fn table_of(header: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> Table {
    let mut table = Table::new();
    table
        .load_style(if stdout().is_terminal() {
            presets::UTF8_FULL_CONDENSED
        } else {
            presets::NOTHING
        })
        .set_content_arrangement(ContentArrangement::Disabled)
        .set_header(header)
        .add_rows(rows);
    table
}
