//! What does not fit in, a message that names every problem and a way out of each out.

use std::fmt::{self, Display, Formatter};

use crate::{Metadata, TableColumn, TableLayout, convert::Obstacle, table::quoted};

/// A schema and a table that cannot be joined: everything that stands in the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mismatch {
    /// The table, quoted.
    pub table: String,
    /// What does not fit, at least one.
    pub problems: Vec<Problem>,
}

/// One thing that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// Field of the schema; `None` where the problem is not with one field.
    pub field: Option<String>,
    /// Column of the table; `None` where the problem is not with one column.
    pub column: Option<String>,
    /// What is there.
    pub found: String,
    /// What was needed.
    pub needed: String,
    /// What a person can do about it.
    pub way_out: String,
}

impl std::error::Error for Mismatch {}

impl Display for Mismatch {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        write!(f, "schema does not fit table {}: ", self.table)?;
        for (index, problem) in self.problems.iter().enumerate() {
            if index > 0 {
                f.write_str("; ")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl Display for Problem {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        if let Some(field) = &self.field {
            write!(f, "field {}: ", quoted(field))?;
        } else if let Some(column) = &self.column {
            write!(f, "column {}: ", quoted(column))?;
        }
        write!(f, "there is {}, needed is {} ({})", self.found, self.needed, self.way_out)
    }
}

impl Mismatch {
    pub(crate) fn new(table: &TableLayout, problems: Vec<Problem>) -> Self {
        Self { table: name(table), problems }
    }

    /// A mapping that another build, or a hand, put together wrongly.
    pub fn of_plan(column: &str, found: String, needed: String) -> Self {
        let problem = Problem {
            field: None,
            column: Some(column.to_owned()),
            found,
            needed,
            way_out: "map the schema to the table again".to_owned(),
        };
        Self { table: "of the mapping".to_owned(), problems: vec![problem] }
    }
}

impl Problem {
    pub(crate) fn of_field(
        table: &TableLayout,
        column: &TableColumn,
        found: &str,
        obstacle: Obstacle,
    ) -> Self {
        let (needed, way_out) = match &obstacle.alter_to {
            Some(fitting) => (obstacle.needed, modify(table, column, fitting)),
            None => (
                format!("another type, {}", obstacle.needed),
                format!("alter table {} drop column {}", name(table), quoted(&column.name)),
            ),
        };
        Self {
            field: Some(column.name.clone()),
            column: Some(column.name.clone()),
            found: format!("{found} for a column {}", column.column_type),
            needed,
            way_out,
        }
    }

    pub(crate) fn of_metadata(table: &TableLayout, column: &TableColumn, kind: Metadata) -> Self {
        Self {
            field: None,
            column: Some(column.name.clone()),
            found: column.column_type.to_string(),
            needed: kind.column_type().to_string(),
            way_out: modify(table, column, &kind.column_type()),
        }
    }

    pub(crate) fn not_a_record(found: &str) -> Self {
        Self {
            field: None,
            column: None,
            found: format!("a schema that is {found}"),
            needed: "a record, other roots are not supported yet".to_owned(),
            way_out: "wrap the value in a record".to_owned(),
        }
    }

    pub(crate) fn no_common_name(fields: usize) -> Self {
        Self {
            field: None,
            column: None,
            found: format!("{fields} fields and no column with the name of one of them"),
            needed: "at least one".to_owned(),
            way_out: "point the pipeline at another table, or add the columns".to_owned(),
        }
    }
}

fn modify(table: &TableLayout, column: &TableColumn, fitting: &crate::ColumnType) -> String {
    format!("alter table {} modify column {} {fitting}", name(table), quoted(&column.name))
}

fn name(table: &TableLayout) -> String {
    format!("{}.{}", quoted(&table.database), quoted(&table.table))
}
