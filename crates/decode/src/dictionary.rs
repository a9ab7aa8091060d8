//! Texts of a `LowCardinality(String)` column in, each text once and an index per value out.

use std::{collections::HashMap, sync::Arc};

/// Lists of symbols whose codes are remembered: as many versions of an enum as are likely to meet
/// in one block. More are right too, only slower.
const KNOWN_MAX: usize = 8;

/// A symbol that has no code yet.
const NO_CODE: u32 = u32::MAX;

/// Symbols of an enum, shared by a plan and the blocks it writes to.
pub(crate) type Symbols = Arc<[Box<[u8]>]>;

/// Codes, and the texts they stand for. Code 0 is the default: the empty text, or NULL where the
/// column is nullable.
#[derive(Debug)]
pub(crate) struct Dictionary {
    /// Texts in the order of their codes, each with its length before it.
    texts: Vec<u8>,
    codes: HashMap<Box<[u8]>, u32>,
    /// Number of texts.
    count: u32,
    /// One code per value, `width` bytes each.
    values: Vec<u8>,
    width: Width,
    known: Vec<Known>,
    /// The last text that was pushed: topics, and other texts that hardly change.
    last: (Vec<u8>, u32),
    mark: Mark,
}

/// Bytes of a code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Width {
    One,
    Two,
    Four,
}

/// Codes of the symbols of one list, [`NO_CODE`] where not used yet.
#[derive(Debug)]
struct Known {
    symbols: Symbols,
    codes: Vec<u32>,
}

/// Where the last whole row ended.
#[derive(Clone, Copy, Debug, Default)]
struct Mark {
    values: usize,
    count: u32,
    texts: usize,
}

impl Width {
    fn bytes(self) -> usize {
        match self {
            Self::One => 1,
            Self::Two => 2,
            Self::Four => 4,
        }
    }
}

impl Dictionary {
    /// No values yet, in an empty buffer for them.
    pub(crate) fn new(nullable: bool, values: Vec<u8>) -> Self {
        let mut new = Self {
            texts: vec![0],
            codes: HashMap::new(),
            count: 1,
            values,
            width: Width::One,
            known: Vec::new(),
            last: (Vec::new(), NO_CODE),
            mark: Mark::default(),
        };
        if !nullable {
            new.codes.insert(Box::default(), 0);
        }
        new.commit();
        new
    }

    /// Adds the default value.
    pub(crate) fn push_default(&mut self) {
        self.push(0);
    }

    /// Adds a symbol; `index` is a place in `symbols`.
    #[inline(always)]
    pub(crate) fn push_symbol(&mut self, symbols: &Symbols, index: usize) {
        if let Some(known) = self.known.first()
            && Arc::ptr_eq(&known.symbols, symbols)
            && let Some(&code) = known.codes.get(index)
            && code != NO_CODE
        {
            return self.push(code);
        }
        self.push_new_symbol(symbols, index);
    }

    /// Adds a text.
    pub(crate) fn push_text(&mut self, text: &[u8]) {
        if *self.last.0 != *text || self.last.1 == NO_CODE {
            self.last.1 = self.code(text);
            self.last.0.clear();
            self.last.0.extend_from_slice(text);
        }
        self.push(self.last.1);
    }

    /// Makes what was pushed so far stay.
    #[inline(always)]
    pub(crate) fn commit(&mut self) {
        self.mark = Mark { values: self.values.len(), count: self.count, texts: self.texts.len() };
    }

    /// Takes back what was pushed since the last commit.
    pub(crate) fn roll_back(&mut self) {
        let Mark { values, count, texts } = self.mark;
        self.values.truncate(values);
        if self.count > count {
            self.codes.retain(|_, code| *code < count);
            self.known.clear();
            self.last.1 = NO_CODE;
            self.count = count;
            self.texts.truncate(texts);
        }
    }

    /// Bytes that will be sent.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> usize {
        self.mark.values + self.mark.texts
    }

    /// Bytes held on the heap, about.
    pub(crate) fn heap_bytes(&self) -> usize {
        // A text is held twice; an entry of the table takes some 40 bytes.
        self.values.capacity() + 2 * self.texts.capacity() + 40 * self.codes.capacity()
    }

    /// Bytes of the values, for the next block's.
    pub(crate) fn values_bytes(&self) -> usize {
        self.values.len()
    }

    /// Number of values.
    pub(crate) fn len(&self) -> usize {
        self.values.len() / self.width.bytes()
    }

    /// Width of a code as the Native format names it: 0, 1, 2 for 8, 16, 32 bits.
    pub(crate) fn width_code(&self) -> u64 {
        match self.width {
            Width::One => 0,
            Width::Two => 1,
            Width::Four => 2,
        }
    }

    /// Number of texts, the texts, the codes of the values.
    pub(crate) fn into_parts(self) -> (u32, Vec<u8>, Vec<u8>) {
        (self.count, self.texts, self.values)
    }

    #[inline(always)]
    fn push(&mut self, code: u32) {
        let [first, second, ..] = code.to_le_bytes();
        match self.width {
            Width::One => self.values.push(first),
            Width::Two => self.values.extend_from_slice(&[first, second]),
            Width::Four => self.values.extend_from_slice(&code.to_le_bytes()),
        }
    }

    #[cold]
    fn push_new_symbol(&mut self, symbols: &Symbols, index: usize) {
        let Some(text) = symbols.get(index) else { return self.push(0) };
        let code = self.code(text);
        let place = self.known.iter().position(|known| Arc::ptr_eq(&known.symbols, symbols));
        let place = place.unwrap_or_else(|| {
            self.known.truncate(KNOWN_MAX - 1);
            let codes = vec![NO_CODE; symbols.len()];
            self.known.push(Known { symbols: Arc::clone(symbols), codes });
            self.known.len() - 1
        });
        self.known.swap(0, place);
        if let Some(known) = self.known.first_mut() {
            known.codes[index] = code;
        }
        self.push(code);
    }

    fn code(&mut self, text: &[u8]) -> u32 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        let code = self.count;
        self.count += 1;
        self.codes.insert(text.into(), code);
        crate::value::push_text(&mut self.texts, text);
        if code == 1 << 8 {
            self.widen(Width::Two);
        } else if code == 1 << 16 {
            self.widen(Width::Four);
        }
        code
    }

    fn widen(&mut self, width: Width) {
        let (old, new) = (self.width.bytes(), width.bytes());
        let mut values = Vec::with_capacity(self.values.capacity() / old * new);
        for code in self.values.chunks_exact(old) {
            values.extend_from_slice(code);
            values.resize(values.len() + new - old, 0);
        }
        self.mark.values = self.mark.values / old * new;
        self.values = values;
        self.width = width;
    }
}

#[cfg(test)]
mod tests;
