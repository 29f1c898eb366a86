//! Tables that fit the terminal.

use std::io::{IsTerminal, stdout};

use comfy_table::{ContentArrangement, Table, presets};
use terminal_size::{Width, terminal_size_of};

use super::visible;

/// The width of a terminal whose width is unknown.
const DEFAULT_WIDTH: usize = 80;

/// A column narrower than this, and narrower than its contents, is hard to read.
const NARROWEST: usize = 10;

/// The width of the frame's lines and spaces for each column, and at the end.
const FRAME: usize = 3;

/// A table of known columns.
pub fn table<const COLUMNS: usize>(
    header: [&str; COLUMNS],
    rows: impl IntoIterator<Item = [String; COLUMNS]>,
) -> String {
    let header: Vec<String> = header.map(str::to_owned).into();
    table_of(&header, rows.into_iter().map(Vec::from))
}

/// A table. On a terminal it has a frame and fits the terminal's width; if that makes columns too narrow, each row is
/// printed as lines of one value each. Elsewhere it has plain columns of any width, with one line for each row.
pub fn table_of(header: &[String], rows: impl IntoIterator<Item = Vec<String>>) -> String {
    let cells = |row: &[String]| row.iter().map(|cell| visible::line(cell)).collect::<Vec<_>>();
    let header = cells(header);
    let rows: Vec<Vec<String>> = rows.into_iter().map(|row| cells(&row)).collect();
    match stdout().is_terminal() {
        true => for_terminal(&header, &rows, width()),
        false => plain(&header, &rows),
    }
}

/// `COLUMNS` takes precedence over the terminal's own width, as in other commands.
fn width() -> usize {
    let named = std::env::var("COLUMNS").ok().and_then(|columns| columns.parse().ok());
    let asked = || terminal_size_of(stdout()).map(|(Width(width), _)| width.into());
    named.or_else(asked).filter(|&width| width > 0).unwrap_or(DEFAULT_WIDTH)
}

fn for_terminal(header: &[String], rows: &[Vec<String>], width: usize) -> String {
    let mut boxed = of(header, rows);
    boxed.load_style(presets::UTF8_FULL_CONDENSED);
    let least: usize = boxed
        .column_max_content_widths()
        .into_iter()
        .map(|widest| usize::from(widest).min(NARROWEST) + FRAME)
        .sum();
    if least < width {
        boxed
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(width).unwrap_or(u16::MAX));
        return boxed.to_string();
    }
    let width = u16::try_from(width).unwrap_or(u16::MAX);
    let records = rows.iter().map(|row| {
        let mut record = Table::new();
        record
            .load_style(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(width)
            .add_rows(header.iter().zip(row).map(|(name, value)| [name, value]));
        lines(&mut record)
    });
    records.collect::<Vec<_>>().join("\n\n")
}

fn plain(header: &[String], rows: &[Vec<String>]) -> String {
    let mut table = of(header, rows);
    table
        .set_content_arrangement(ContentArrangement::Disabled)
        .load_style(presets::NOTHING);
    lines(&mut table)
}

fn of(header: &[String], rows: &[Vec<String>]) -> Table {
    let mut table = Table::new();
    table.set_header(header).add_rows(rows);
    table
}

/// A table without a frame.
fn lines(table: &mut Table) -> String {
    for column in table.column_iter_mut() {
        column.set_padding((0, 2));
    }
    let lines: Vec<String> = table.lines().map(|line| line.trim_end().to_owned()).collect();
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(count: usize) -> String {
        vec!["word"; count].join(" ")
    }

    fn widest(table: &str) -> usize {
        table.lines().map(|line| line.chars().count()).max().unwrap_or_default()
    }

    #[test]
    fn a_table_fits_whatever_terminal_there_is() {
        let header = ["", "check", "found"].map(str::to_owned);
        let unbroken = "x".repeat(200);
        let rows = [["ok", "pooler", &words(30)], ["problem", "pool", &unbroken]];
        let rows: Vec<Vec<String>> = rows.map(|row| row.map(str::to_owned).to_vec()).into();
        for width in [20, 30, 40, 60, 79, 80, 81, 120, 200] {
            let table = for_terminal(&header, &rows, width);
            assert!(widest(&table) <= width, "at {width}:\n{table}");
            let letters = table.matches('x').count();
            assert_eq!(letters, 200, "nothing is cut off:\n{table}");
        }
        let columns: Vec<String> = (0..30).map(|column| format!("column_{column}")).collect();
        let rows = vec![columns.clone(), columns.clone()];
        let table = for_terminal(&columns, &rows, 80);
        assert!(widest(&table) <= 80 && table.contains("column_29"), "{table}");
        assert_eq!(table.matches("\n\n").count(), 1, "a row after the other:\n{table}");
    }

    #[test]
    fn plain_columns_are_not_wrapped() {
        let header = ["a".to_owned(), "b".to_owned()];
        let table = plain(&header, &[vec![words(40), "x".to_owned()]]);
        assert_eq!(table.lines().count(), 2, "{table}");
    }
}
