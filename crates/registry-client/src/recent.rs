//! Ids with values in, at most so many of them out: what was not used for longest goes first.

use std::collections::HashMap;

/// A map from schema ids that never holds more than `entries_max` of them.
#[derive(Debug)]
pub(crate) struct Recent<Value> {
    entries: HashMap<u32, (u64, Value)>,
    entries_max: usize,
    uses: u64,
}

impl<Value> Recent<Value> {
    pub(crate) fn new(entries_max: usize) -> Self {
        Self { entries: HashMap::new(), entries_max, uses: 0 }
    }

    /// Looks an id up, which counts as a use.
    pub(crate) fn get(&mut self, id: u32) -> Option<&Value> {
        self.uses += 1;
        let (used, value) = self.entries.get_mut(&id)?;
        *used = self.uses;
        Some(value)
    }

    /// Adds or replaces an entry. When all places are taken, the one unused for longest is freed:
    /// a walk over all entries, paid only after a request to the registry.
    pub(crate) fn insert(&mut self, id: u32, value: Value) {
        self.uses += 1;
        if self.entries.len() >= self.entries_max && !self.entries.contains_key(&id) {
            let oldest = self.entries.iter().min_by_key(|(_, (used, _))| *used);
            if let Some(oldest) = oldest.map(|(id, _)| *id) {
                self.entries.remove(&oldest);
            }
        }
        self.entries.insert(id, (self.uses, value));
    }

    pub(crate) fn remove(&mut self, id: u32) {
        self.entries.remove(&id);
    }
}

#[cfg(test)]
mod tests;
