//! Bytes that are no record: refused, never a panic, and nothing of them stays.

use std::sync::LazyLock;

use apache_avro::types::Value as Avro;
use proptest::{collection::vec, prelude::*, strategy::ValueTree, test_runner::TestRunner};

use super::{COLUMNS, EVERYTHING, datum, frozen, plan, random::values, record};
use crate::{Block, Plan, Reason};

static PLAN: LazyLock<Plan> = LazyLock::new(|| plan(EVERYTHING, &COLUMNS));

/// A few records that use every type.
static SAMPLES: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let schema = apache_avro::Schema::parse_str(EVERYTHING).unwrap();
    let mut runner = TestRunner::deterministic();
    let rows = vec(values(), 8).new_tree(&mut runner).unwrap().current();
    rows.into_iter().map(|row| datum(&schema, &Avro::Record(row))).collect()
});

fn block_of(datums: &[Vec<u8>]) -> Block {
    let mut block = Block::new(PLAN.columns());
    for datum in datums {
        PLAN.decode(datum, &record(0), &mut block).unwrap();
    }
    block
}

#[test]
fn every_truncation_is_refused_and_leaves_nothing() {
    let untouched = frozen(block_of(&SAMPLES));
    let mut block = block_of(&SAMPLES);
    let bytes = block.bytes();
    for sample in SAMPLES.iter() {
        for end in 0..sample.len() {
            let error = PLAN.decode(&sample[..end], &record(1), &mut block).unwrap_err();
            assert_ne!(error.reason, Reason::TrailingBytes, "{end} of {}", sample.len());
            assert_eq!((block.rows(), block.bytes()), (SAMPLES.len(), bytes));
        }
    }
    assert_eq!(frozen(block), untouched);
}

#[test]
fn bytes_after_the_record_are_refused() {
    let mut block = block_of(&SAMPLES);
    let longer = [&SAMPLES[0][..], &[0]].concat();
    let error = PLAN.decode(&longer, &record(1), &mut block).unwrap_err();
    assert_eq!(error.reason, Reason::TrailingBytes);
    assert_eq!(frozen(block), frozen(block_of(&SAMPLES)));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    /// Whatever is refused leaves the rows around it as they would be without it.
    #[test]
    fn mutations_are_taken_whole_or_not_at_all(
        which in 0..8_usize,
        changes in vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
                let mut mutated = SAMPLES[which].clone();
        for (place, byte) in changes {
            let place = place.index(mutated.len());
            mutated[place] = byte;
        }
        let mut block = block_of(&SAMPLES[..4]);
        let taken = PLAN.decode(&mutated, &record(0), &mut block).is_ok();
        for sample in &SAMPLES[4..] {
            PLAN.decode(sample, &record(0), &mut block).unwrap();
        }
        prop_assert_eq!(block.rows(), 8 + usize::from(taken));
        if !taken {
            prop_assert_eq!(frozen(block), frozen(block_of(&SAMPLES)));
        }
    }

    #[test]
    fn noise_never_panics(noise in vec(any::<u8>(), 0..300)) {
            let mut block = Block::new(PLAN.columns());
        let taken = PLAN.decode(&noise, &record(0), &mut block).is_ok();
        prop_assert_eq!(block.rows(), usize::from(taken));
    }
}
