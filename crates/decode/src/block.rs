//! Rows of one column list in, one Native block out.

use std::sync::Arc;

use crate::{ColumnList, Spare, dictionary::Dictionary, layout::Layout};

mod freeze;

pub use self::freeze::Frozen;

/// Rows that become one insert. Every row is whole: [`crate::Plan::decode`] adds one or none.
#[derive(Debug)]
pub struct Block {
    columns: Arc<ColumnList>,
    rows: usize,
    bytes: usize,
    store: Store,
    /// Lengths of the buffers of variable length after the last row.
    marks: Vec<usize>,
}

/// The buffers that layouts point into.
#[derive(Debug)]
pub(crate) struct Store {
    pub(crate) buffers: Vec<Vec<u8>>,
    pub(crate) dictionaries: Vec<Dictionary>,
}

/// How large the buffers of a block were, to give the next one as much at once.
#[derive(Clone, Debug, Default)]
pub struct Sizes {
    buffers: Vec<usize>,
    dictionaries: Vec<usize>,
}

impl Block {
    /// An empty block.
    pub fn new(columns: &Arc<ColumnList>) -> Self {
        Self::with_capacity_of(columns, &Sizes::default())
    }

    /// An empty block with room for what a block of those sizes held. Sizes of another column list
    /// do no harm.
    pub fn with_capacity_of(columns: &Arc<ColumnList>, sizes: &Sizes) -> Self {
        Self::reusing(columns, sizes, &mut Spare::default())
    }

    /// The same as [`Block::with_capacity_of`] in buffers of `spare`, as far as it has them.
    pub fn reusing(columns: &Arc<ColumnList>, sizes: &Sizes, spare: &mut Spare) -> Self {
        let slots = columns.slots();
        let room = |sizes: &[usize], index: usize| {
            // A sixteenth more: batches cut by age differ a little.
            sizes.get(index).map_or(0, |size| size + size / 16)
        };
        let buffers =
            (0..slots.buffers).map(|index| spare.take(room(&sizes.buffers, index))).collect();
        let dictionaries = slots
            .dictionaries
            .iter()
            .enumerate()
            .map(|(index, nullable)| {
                let values = spare.take(room(&sizes.dictionaries, index));
                Dictionary::new(*nullable, values)
            })
            .collect();
        Self {
            columns: Arc::clone(columns),
            rows: 0,
            bytes: 0,
            store: Store { buffers, dictionaries },
            marks: vec![0; slots.variable.len()],
        }
    }

    /// How large the buffers are now.
    pub fn sizes(&self) -> Sizes {
        Sizes {
            buffers: self.store.buffers.iter().map(Vec::len).collect(),
            dictionaries: self.store.dictionaries.iter().map(Dictionary::values_bytes).collect(),
        }
    }

    /// The columns of its rows.
    pub fn columns(&self) -> &Arc<ColumnList> {
        &self.columns
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Bytes of the rows, without the names of the columns: what will be sent, uncompressed.
    /// Costs nothing, and does not count room that is reserved but not used.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Bytes held on the heap, room that is not used yet included. Adds up all buffers.
    pub fn heap_bytes(&self) -> usize {
        let buffers = self.store.buffers.iter().map(Vec::capacity).sum::<usize>();
        let dictionaries = self.store.dictionaries.iter().map(Dictionary::heap_bytes);
        buffers + dictionaries.sum::<usize>()
    }

    pub(crate) fn store(&mut self) -> &mut Store {
        &mut self.store
    }

    /// Makes what was written since the last row a row.
    #[inline(always)]
    pub(crate) fn commit(&mut self) {
        self.rows += 1;
        let mut bytes = self.rows * self.columns.row_bytes();
        for (&buffer, mark) in self.columns.slots().variable.iter().zip(&mut self.marks) {
            *mark = self.store.buffers[buffer].len();
            bytes += *mark;
        }
        for dictionary in &mut self.store.dictionaries {
            dictionary.commit();
            bytes += dictionary.bytes();
        }
        self.bytes = bytes;
    }

    /// Takes back what was written since the last row.
    #[cold]
    pub(crate) fn roll_back(&mut self) {
        let slots = self.columns.slots();
        for (&buffer, &mark) in slots.variable.iter().zip(&self.marks) {
            self.store.buffers[buffer].truncate(mark);
        }
        for &(buffer, width) in &slots.fixed {
            self.store.buffers[buffer].truncate(self.rows * width);
        }
        self.store.dictionaries.iter_mut().for_each(Dictionary::roll_back);
    }
}

impl Store {
    /// Adds a value of so many bytes.
    #[inline(always)]
    pub(crate) fn push<const N: usize>(&mut self, buffer: usize, value: [u8; N]) {
        self.buffers[buffer].extend_from_slice(&value);
    }

    /// Adds the default value of a column of that layout.
    pub(crate) fn push_blank(&mut self, layout: &Layout) {
        match layout {
            Layout::Fixed { buffer, blank } => self.buffers[*buffer].extend_from_slice(blank),
            Layout::Text { buffer } => self.buffers[*buffer].push(0),
            Layout::Dictionary { dictionary } => self.dictionaries[*dictionary].push_default(),
            Layout::Nullable { nulls, inner } => {
                self.buffers[*nulls].push(1);
                self.push_blank(inner);
            }
            Layout::Array { ends, .. } | Layout::Map { ends, .. } => self.push_end(*ends, 0),
        }
    }

    /// Adds the end of an array of so many items.
    #[inline(always)]
    pub(crate) fn push_end(&mut self, ends: usize, items: u64) {
        let ends = &mut self.buffers[ends];
        let before = ends.last_chunk::<8>().map_or(0, |end| u64::from_le_bytes(*end));
        ends.extend_from_slice(&(before + items).to_le_bytes());
    }
}
