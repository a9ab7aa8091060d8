//! A Markdown table between two comments in, its cells out.

use anyhow::{Context as _, ensure};

use super::Found;

/// A table whose first column names its rows. Backquotes and spaces around cells are dropped.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<(String, Vec<String>)>,
}

impl Table {
    /// Reads what stands between `<!-- NAME: begin -->` and `<!-- NAME: end -->`.
    ///
    /// # Errors
    ///
    /// When there is no such table, or a row has too few cells.
    pub(super) fn read(document: &str, name: &str) -> anyhow::Result<Self> {
        let begin = document.split_once(&format!("<!-- {name}: begin -->"));
        let between = begin.and_then(|(_, rest)| rest.split_once(&format!("<!-- {name}: end -->")));
        let (text, _) = between.with_context(|| format!("there is no table {name}"))?;
        let mut lines = text.lines().filter(|line| line.starts_with('|')).map(cells);
        let mut columns = lines.next().with_context(|| format!("the table {name} is empty"))?;
        columns.remove(0);
        let mut rows = Vec::new();
        for mut row in lines.skip(1) {
            ensure!(row.len() == columns.len() + 1, "table {name}: {row:?} has too few cells");
            let thing = row.remove(0);
            rows.push((thing, row));
        }
        Ok(Self { columns, rows })
    }

    /// What was found otherwise than it is written, and what was written and not tried.
    pub(super) fn differences(&self, found: &Found) -> Vec<String> {
        let mut told = Vec::new();
        for (row, cells) in &self.rows {
            for (column, written) in self.columns.iter().zip(cells) {
                let seen = found.get(&(row.clone(), column.clone()));
                if seen != Some(written) {
                    let seen = seen.map_or("was not tried", String::as_str);
                    told.push(format!("{column}, {row}: {written:?} is written, but {seen:?}"));
                }
            }
        }
        told
    }
}

fn cells(line: &str) -> Vec<String> {
    let inner = line.trim().trim_matches('|');
    inner.split('|').map(|cell| cell.trim().trim_matches('`').to_owned()).collect()
}

#[cfg(test)]
mod tests;
