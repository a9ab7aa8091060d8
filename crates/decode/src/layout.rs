//! A column's type in, the buffers that hold its values out.

use schema_map::ColumnType;

/// Which buffers of a block a column uses, and how.
#[derive(Clone, Debug)]
pub(crate) enum Layout {
    /// As many bytes per value as `blank`, the default value, has.
    Fixed { buffer: usize, blank: &'static [u8] },
    /// Each value with its length before it.
    Text { buffer: usize },
    /// A dictionary; its default is NULL where the column is nullable.
    Dictionary { dictionary: usize },
    /// A byte per value, 1 for NULL; and the values, blank where NULL.
    Nullable { nulls: usize, inner: Box<Layout> },
    /// Where each value's items end, counted from the first; and the items.
    Array { ends: usize, items: Box<Layout> },
    /// Where each value's entries end, counted from the first; the keys; the values.
    Map { ends: usize, keys: Box<Layout>, values: Box<Layout> },
}

/// Buffers and dictionaries of a block, counted while columns are laid out.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    /// Number of buffers.
    pub(crate) buffers: usize,
    /// Buffers with so many bytes per row, always.
    pub(crate) fixed: Vec<(usize, usize)>,
    /// Buffers whose length the number of rows does not tell.
    pub(crate) variable: Vec<usize>,
    /// For each dictionary, whether it is nullable.
    pub(crate) dictionaries: Vec<bool>,
}

impl Slots {
    /// Lays out a column; `None` for a type that is never written to.
    pub(crate) fn column(&mut self, column_type: &ColumnType) -> Option<Layout> {
        self.lay_out(column_type, true)
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "the rest has a width or is not written")]
    fn lay_out(&mut self, column_type: &ColumnType, top: bool) -> Option<Layout> {
        match column_type {
            ColumnType::String => {
                let buffer = self.variable();
                Some(Layout::Text { buffer })
            }
            ColumnType::LowCardinality(inner) => {
                self.dictionaries.push(inner.is_nullable());
                Some(Layout::Dictionary { dictionary: self.dictionaries.len() - 1 })
            }
            ColumnType::Nullable(inner) => {
                let nulls = self.fixed(1, top);
                let inner = Box::new(self.lay_out(inner, top)?);
                Some(Layout::Nullable { nulls, inner })
            }
            ColumnType::Array(items) => {
                let ends = self.fixed(8, top);
                Some(Layout::Array { ends, items: Box::new(self.lay_out(items, false)?) })
            }
            ColumnType::Map(keys, values) => {
                let ends = self.fixed(8, top);
                let keys = Box::new(self.lay_out(keys, false)?);
                Some(Layout::Map { ends, keys, values: Box::new(self.lay_out(values, false)?) })
            }
            other => {
                let blank = blank(other)?;
                Some(Layout::Fixed { buffer: self.fixed(blank.len(), top), blank })
            }
        }
    }

    fn variable(&mut self) -> usize {
        self.buffers += 1;
        self.variable.push(self.buffers - 1);
        self.buffers - 1
    }

    /// Inside an array the rows do not tell how many values there are.
    fn fixed(&mut self, width: usize, top: bool) -> usize {
        if !top {
            return self.variable();
        }
        self.buffers += 1;
        self.fixed.push((self.buffers - 1, width));
        self.buffers - 1
    }
}

/// 1900-01-01 in days since 1970-01-01: what ClickHouse gives a `Date32` without a value.
const FIRST_DATE32: [u8; 4] = (-25_567_i32).to_le_bytes();

/// The default value, which also tells the width.
#[expect(clippy::wildcard_enum_match_arm, reason = "other types are never written to")]
fn blank(column_type: &ColumnType) -> Option<&'static [u8]> {
    Some(match column_type {
        ColumnType::Bool | ColumnType::UInt8 => &[0; 1],
        ColumnType::Date => &[0; 2],
        ColumnType::Date32 => &FIRST_DATE32,
        ColumnType::Int32 | ColumnType::UInt32 | ColumnType::Float32 => &[0; 4],
        ColumnType::Int64
        | ColumnType::UInt64
        | ColumnType::Float64
        | ColumnType::DateTime64 { .. } => &[0; 8],
        ColumnType::Uuid => &[0; 16],
        ColumnType::Decimal { precision: ..=9, .. } => &[0; 4],
        ColumnType::Decimal { precision: ..=18, .. } => &[0; 8],
        ColumnType::Decimal { precision: ..=38, .. } => &[0; 16],
        _ => return None,
    })
}
