//! The next value of a datum in, its column's buffers longer by one value out.

use schema_map::TypeId;

use super::{scalar::Scalar, skip::Skips};
use crate::{Reason, block::Store, layout::Layout, read::Input};

/// What to do with one value. Numbers are places of buffers and dictionaries in the [`Store`].
#[derive(Debug)]
pub(super) enum Op {
    Scalar(Scalar),
    /// Reads over a type of the schema.
    Skip(TypeId),
    /// Reads nothing, adds the default value.
    Blank(Layout),
    /// A union of null, at `branch`, and a value.
    Nullable {
        branch: usize,
        nulls: usize,
        value: Scalar,
        blank: Layout,
    },
    /// A value that is never null in a column that could hold one.
    NeverNull {
        nulls: usize,
        value: Scalar,
    },
    /// The same as `Nullable` where the dictionary knows NULL.
    NullableDictionary {
        branch: usize,
        place: usize,
        value: Scalar,
    },
    Array {
        ends: usize,
        item: Box<Op>,
    },
    Map {
        ends: usize,
        entry: Box<(Scalar, Op)>,
    },
}

impl Op {
    /// Reads one value and stores it. What a failed value left in the store is for the caller to
    /// take back.
    #[inline(always)]
    pub(super) fn run(
        &self,
        input: &mut Input<'_>,
        store: &mut Store,
        skips: &Skips,
    ) -> Result<(), Reason> {
        match self {
            Self::Scalar(value) => value.run(input, store),
            Self::Skip(id) => skips.run(*id, input),
            Self::Blank(layout) => {
                store.push_blank(layout);
                Ok(())
            }
            Self::Nullable { branch, nulls, value, blank } => {
                if input.index(2, Reason::BadUnionIndex)? == *branch {
                    store.push(*nulls, [1]);
                    store.push_blank(blank);
                    return Ok(());
                }
                store.push(*nulls, [0]);
                value.run(input, store)
            }
            Self::NeverNull { nulls, value } => {
                store.push(*nulls, [0]);
                value.run(input, store)
            }
            Self::NullableDictionary { branch, place, value } => {
                if input.index(2, Reason::BadUnionIndex)? == *branch {
                    store.dictionaries[*place].push_default();
                    return Ok(());
                }
                value.run(input, store)
            }
            Self::Array { ends, item } => {
                let each =
                    |input: &mut Input<'_>, store: &mut Store| item.run_inside(input, store, skips);
                items(*ends, input, store, each)
            }
            Self::Map { ends, entry } => {
                let (key, value) = entry.as_ref();
                items(*ends, input, store, |input, store| {
                    key.run(input, store)?;
                    value.run_inside(input, store, skips)
                })
            }
        }
    }

    /// The same, for values inside values: a call, where the fields of a record have none.
    fn run_inside(
        &self,
        input: &mut Input<'_>,
        store: &mut Store,
        skips: &Skips,
    ) -> Result<(), Reason> {
        self.run(input, store, skips)
    }
}

/// Runs `each` for every item of an array or map, then notes where they end.
#[inline(always)]
fn items(
    ends: usize,
    input: &mut Input<'_>,
    store: &mut Store,
    each: impl Fn(&mut Input<'_>, &mut Store) -> Result<(), Reason>,
) -> Result<(), Reason> {
    let mut all = 0_u64;
    loop {
        let count = input.block()?;
        if count == 0 {
            store.push_end(ends, all);
            return Ok(());
        }
        all += u64::from(count);
        for _ in 0..count {
            each(input, store)?;
        }
    }
}
