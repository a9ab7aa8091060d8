//! Column buffers in, the bytes of one Native block out.

use bytes::Bytes;

use super::{Block, Store};
use crate::{
    dictionary::Dictionary,
    layout::Layout,
    value::{push_length, push_text},
};

/// Buffers below this are copied into the piece before them: a copy costs less than a piece.
const COPY_MAX: usize = 4 << 10;

/// Version of the serialisation of `LowCardinality`: keys come with each block.
const DICTIONARY_VERSION: u64 = 1;

/// The flags of a dictionary that comes with its block: it has keys of its own, and they replace
/// what came before.
const DICTIONARY_FLAGS: u64 = 1 << 9 | 1 << 10;

/// A block that does not change any more: what `INSERT .. FORMAT Native` takes.
#[derive(Clone, Debug)]
pub struct Frozen {
    /// Number of rows.
    pub rows: u64,
    /// Length of all chunks together.
    pub bytes: usize,
    /// The block, in pieces to be sent one after the other. Cloning a piece copies nothing.
    pub chunks: Vec<Bytes>,
}

impl Block {
    /// Ends the block: number of columns, number of rows, then name, type and values per column.
    /// Large buffers are handed over as they are. A block without rows has no chunks.
    pub fn freeze(self) -> Frozen {
        let rows = self.rows as u64;
        if rows == 0 {
            return Frozen { rows, bytes: 0, chunks: Vec::new() };
        }
        let mut out = Chunks::default();
        push_length(&mut out.open, self.columns.columns().len());
        push_length(&mut out.open, self.rows);
        let mut store = self.store;
        for column in self.columns.columns() {
            push_text(&mut out.open, column.name.as_bytes());
            push_text(&mut out.open, column.column_type.to_string().as_bytes());
            versions(&column.layout, &mut out);
            store.write(&column.layout, &mut out);
        }
        out.close();
        let bytes = out.done.iter().map(Bytes::len).sum();
        Frozen { rows, bytes, chunks: out.done }
    }
}

#[derive(Default)]
struct Chunks {
    done: Vec<Bytes>,
    open: Vec<u8>,
}

impl Chunks {
    fn add(&mut self, buffer: Vec<u8>) {
        if buffer.len() <= COPY_MAX {
            self.open.extend_from_slice(&buffer);
            return;
        }
        self.close();
        self.done.push(Bytes::from(buffer));
    }

    fn number(&mut self, number: u64) {
        self.open.extend_from_slice(&number.to_le_bytes());
    }

    fn close(&mut self) {
        if !self.open.is_empty() {
            self.done.push(Bytes::from(std::mem::take(&mut self.open)));
        }
    }
}

/// What a column says about its dictionaries before any value, wherever they are inside it.
fn versions(layout: &Layout, out: &mut Chunks) {
    match layout {
        Layout::Fixed { .. } | Layout::Text { .. } => {}
        Layout::Dictionary { .. } => out.number(DICTIONARY_VERSION),
        Layout::Nullable { inner, .. } => versions(inner, out),
        Layout::Array { items, .. } => versions(items, out),
        Layout::Map { keys, values, .. } => {
            versions(keys, out);
            versions(values, out);
        }
    }
}

impl Store {
    fn write(&mut self, layout: &Layout, out: &mut Chunks) {
        match layout {
            Layout::Fixed { buffer, .. } | Layout::Text { buffer } => out.add(self.take(*buffer)),
            Layout::Dictionary { dictionary } => {
                let empty = Dictionary::new(false, Vec::new());
                let full = std::mem::replace(&mut self.dictionaries[*dictionary], empty);
                write_dictionary(full, out);
            }
            Layout::Nullable { nulls, inner } => {
                out.add(self.take(*nulls));
                self.write(inner, out);
            }
            Layout::Array { ends, items } => {
                out.add(self.take(*ends));
                self.write(items, out);
            }
            Layout::Map { ends, keys, values } => {
                out.add(self.take(*ends));
                self.write(keys, out);
                self.write(values, out);
            }
        }
    }

    fn take(&mut self, buffer: usize) -> Vec<u8> {
        std::mem::take(&mut self.buffers[buffer])
    }
}

fn write_dictionary(dictionary: Dictionary, out: &mut Chunks) {
    let values_count = dictionary.len() as u64;
    if values_count == 0 {
        return; // so is an array column whose arrays are all empty
    }
    out.number(DICTIONARY_FLAGS | dictionary.width_code());
    let (count, texts, values) = dictionary.into_parts();
    out.number(u64::from(count));
    out.add(texts);
    out.number(values_count);
    out.add(values);
}
