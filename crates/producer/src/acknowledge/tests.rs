use rdkafka::{error::KafkaError, types::RDKafkaErrorCode};

use super::{AcknowledgedOffsets, Ledger, Stats};

#[test]
fn offsets_are_kept_per_partition() {
    let ledger = Ledger::default();
    for (partition, offset) in [(2, 7), (0, 100), (2, 8), (2, 6)] {
        ledger.acknowledged(partition, offset);
    }
    let expected = Stats {
        acknowledged: 4,
        failed: 0,
        partitions: vec![
            AcknowledgedOffsets { partition: 0, first: 100, last: 100, records: 1 },
            AcknowledgedOffsets { partition: 2, first: 6, last: 8, records: 3 },
        ],
    };
    assert_eq!(ledger.stats(), expected);
}

#[test]
fn failures_are_counted_apart_and_the_first_reason_is_kept() {
    let ledger = Ledger::default();
    for code in [RDKafkaErrorCode::MessageTimedOut, RDKafkaErrorCode::PurgeQueue] {
        ledger.failed(&KafkaError::MessageProduction(code));
    }
    assert_eq!(ledger.counts(), (0, 2));
    assert!(ledger.failure().unwrap().contains("timed out"));
}
