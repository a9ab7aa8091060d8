//! Rows of `system.columns` in, the layout of a table out.

use crate::{ColumnType, fingerprint::Fingerprint};

/// A table: its name and its columns in their order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableLayout {
    /// Database, unquoted.
    pub database: String,
    /// Table, unquoted.
    pub table: String,
    /// All columns, as the server orders them, those that cannot be inserted included.
    pub columns: Vec<TableColumn>,
}

/// A column of a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableColumn {
    /// Name, unquoted.
    pub name: String,
    /// Type.
    pub column_type: ColumnType,
    /// Where a value comes from when an insert does not name the column.
    pub default: DefaultKind,
}

/// What `system.columns.default_kind` says about a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DefaultKind {
    /// No expression: the type's default value.
    None,
    /// `DEFAULT expression`, evaluated when an insert leaves the column out.
    Default,
    /// `MATERIALIZED expression`: computed at insert, cannot be inserted.
    Materialized,
    /// `ALIAS expression`: computed at read, not stored.
    Alias,
    /// `EPHEMERAL`: can be inserted, is not stored; feeds other columns' defaults.
    Ephemeral,
}

impl DefaultKind {
    /// Reads `system.columns.default_kind`; the empty text is [`DefaultKind::None`], and `None`
    /// comes back for a kind this version does not know.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "" => Self::None,
            "DEFAULT" => Self::Default,
            "MATERIALIZED" => Self::Materialized,
            "ALIAS" => Self::Alias,
            "EPHEMERAL" => Self::Ephemeral,
            _ => return None,
        })
    }
}

impl TableLayout {
    /// A number that changes when the name, a column, its type, order or kind of default does.
    /// The same on every machine and in every release, so that it can be stored.
    pub fn fingerprint(&self) -> u64 {
        let mut print = Fingerprint::new();
        print.text(&self.database).text(&self.table);
        for column in &self.columns {
            print
                .text(&column.name)
                .text(&column.column_type.to_string())
                .number(column.default as u64);
        }
        print.finish()
    }

    /// The column of that name.
    pub fn column(&self, name: &str) -> Option<&TableColumn> {
        self.columns.iter().find(|column| column.name == name)
    }
}

/// A name as it can stand in a statement: in backquotes unless it is a plain word.
///
/// Type names count as plain words too where only an identifier can stand, but inside
/// `Tuple(..)` a name equal to a type would read as that type, so those are quoted.
pub(crate) fn identifier(name: &str) -> String {
    let mut letters = name.chars();
    let starts_well =
        letters.next().is_some_and(|first| first.is_ascii_alphabetic() || first == '_');
    let plain = starts_well
        && letters.all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        && matches!(ColumnType::parse(name), ColumnType::Other(_));
    if plain { name.to_owned() } else { quoted(name) }
}

/// A name in backquotes, whatever it holds.
pub fn quoted(name: &str) -> String {
    let mut found = String::with_capacity(name.len() + 2);
    found.push('`');
    for letter in name.chars() {
        if matches!(letter, '`' | '\\') {
            found.push('\\');
        }
        found.push(letter);
    }
    found.push('`');
    found
}

#[cfg(test)]
mod tests;
