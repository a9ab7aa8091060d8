use super::*;
use crate::{Assignment, Insert, Position};

mod world;

impl Batch for Vec<Offset> {
    fn rows(&self) -> u64 {
        self.len() as u64
    }

    fn bytes(&self) -> usize {
        self.len() * 10
    }
}

const SETTINGS: Settings = Settings {
    rows_max: 5,
    bytes_max: 1_000,
    age: ms(500),
    age_max: ms(10_000),
    revoke_wait: ms(8_000),
    stop_on_bad_record: false,
    paused: false,
};

const fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

fn at(raw: i64) -> Offset {
    Offset::new(raw).unwrap()
}

fn p0() -> TopicPartition {
    TopicPartition::new("t", 0)
}

/// A machine that owns partition `t:0` from offset `start`, its first actions done.
fn owning(settings: Settings, start: i64) -> (Machine<Vec<Offset>>, Slot) {
    let mut machine = Machine::new(settings, 7);
    let position = Position::Committed { offset: at(start), metadata: String::new() };
    machine.handle(ms(0), Event::Assigned(vec![Assignment { partition: p0(), position }]));
    let actions = drain(&mut machine);
    assert!(matches!(&actions[..], [Action::Assign(_)]), "{actions:?}");
    let slot = machine.slot("t", 0).unwrap();
    (machine, slot)
}

fn drain(machine: &mut Machine<Vec<Offset>>) -> Vec<Action<Vec<Offset>>> {
    std::iter::from_fn(|| machine.next_action()).collect()
}

fn take(machine: &mut Machine<Vec<Offset>>, slot: Slot, offset: i64, now: Duration) {
    assert_eq!(machine.expects(slot, at(offset)), Verdict::Take);
    if machine.batch(slot).is_none() {
        machine.open(slot, Vec::new(), now);
    }
    machine.batch(slot).unwrap().push(at(offset));
    machine.taken(slot, at(offset), now);
}

fn only_insert(actions: Vec<Action<Vec<Offset>>>) -> Insert<Vec<Offset>> {
    let mut found = None;
    for action in actions {
        if let Action::Insert(insert) = action {
            assert!(found.replace(insert).is_none(), "more than one insert");
        }
    }
    found.expect("an insert")
}

fn committed(actions: &[Action<Vec<Offset>>]) -> Vec<i64> {
    let mut offsets = Vec::new();
    for action in actions {
        if let Action::Commit(commit) = action {
            offsets.extend(commit.offsets.iter().map(|(_id, offset, _metadata)| offset.raw()));
        }
    }
    offsets
}

#[test]
fn a_batch_is_cut_by_age_inserted_and_then_committed() {
    let (mut machine, slot) = owning(SETTINGS, 100);
    take(&mut machine, slot, 103, ms(0)); // 100 to 102 were compacted away
    take(&mut machine, slot, 104, ms(10));
    machine.handle(ms(499), Event::Tick);
    assert!(drain(&mut machine).is_empty(), "not due yet");

    machine.handle(ms(500), Event::Tick);
    let insert = only_insert(drain(&mut machine));
    assert_eq!(insert.batch, [at(103), at(104)]);
    let token = insert.token.as_str();
    assert!(token.starts_with("t:0:100-104:") && token.len() == 12 + 16, "{token}");

    machine.handle(ms(550), Event::Tick);
    assert!(committed(&drain(&mut machine)).is_empty(), "not inserted yet");
    machine.handle(ms(560), Event::Inserted(insert.range));
    machine.handle(ms(600), Event::Tick);
    assert_eq!(committed(&drain(&mut machine)), [105]);
}

#[test]
fn a_later_range_waits_for_the_earlier_one() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    let inserts: Vec<_> = [0, 1]
        .map(|offset| {
            take(&mut machine, slot, offset, ms(0));
            assert!(machine.cut(slot));
            only_insert(drain(&mut machine))
        })
        .into_iter()
        .collect();
    assert_ne!(inserts[0].token, inserts[1].token);
    machine.handle(ms(1), Event::Inserted(inserts[1].range.clone()));
    machine.handle(ms(1), Event::Tick);
    assert!(committed(&drain(&mut machine)).is_empty());
    machine.handle(ms(2), Event::Inserted(inserts[0].range.clone()));
    machine.handle(ms(2), Event::Tick);
    assert_eq!(committed(&drain(&mut machine)), [2]);
}

#[test]
fn a_bad_record_is_passed_only_when_its_dead_letter_is_acknowledged() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    let BadRecord::DeadLetter(record) = machine.bad(slot, at(0), ms(0)) else { panic!("stopped") };
    take(&mut machine, slot, 1, ms(0));
    machine.handle(ms(500), Event::Tick);
    let insert = only_insert(drain(&mut machine));
    machine.handle(ms(510), Event::Inserted(insert.range));
    machine.handle(ms(550), Event::Tick);
    assert!(committed(&drain(&mut machine)).is_empty());
    machine.handle(ms(560), Event::DeadLetterAcked(record));
    machine.handle(ms(600), Event::Tick);
    assert_eq!(committed(&drain(&mut machine)), [2]);
}

#[test]
fn start_is_committed_before_the_first_record() {
    let mut machine = Machine::<Vec<Offset>>::new(SETTINGS, 7);
    let assignment = Assignment { partition: p0(), position: Position::Start(at(40)) };
    machine.handle(ms(0), Event::Assigned(vec![assignment]));
    for attempt in 0..3 {
        let actions = drain(&mut machine);
        let [Action::Commit(commit)] = &actions[..] else { panic!("{actions:?}") };
        assert_eq!(committed(&actions), [40]);
        if attempt < 2 {
            machine.handle(ms(attempt), Event::CommitDelayed);
            machine.handle(ms(attempt), Event::Tick);
        } else {
            machine.handle(ms(attempt), Event::Committed(commit.clone()));
        }
    }
    assert!(matches!(&drain(&mut machine)[..], [Action::Assign(_)]));
}

#[test]
fn unknown_metadata_stops_the_partition() {
    let mut machine = Machine::<Vec<Offset>>::new(SETTINGS, 7);
    let position = Position::Committed { offset: at(5), metadata: "9;what".into() };
    machine.handle(ms(0), Event::Assigned(vec![Assignment { partition: p0(), position }]));
    let slot = machine.slot("t", 0).unwrap();
    let actions = drain(&mut machine);
    let stopped =
        actions.iter().any(|action| matches!(action, Action::Stop(_, StopReason::UnknownMetadata)));
    assert!(stopped, "{actions:?}");
    assert_eq!(machine.expects(slot, at(5)), Verdict::Drop);
    machine.handle(ms(1_000), Event::Tick);
    assert!(drain(&mut machine).is_empty(), "nothing is committed over it");
}

#[test]
fn a_schema_that_does_not_fit_stops_behind_the_records_before_it() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    take(&mut machine, slot, 0, ms(0));
    machine.stop(slot, StopReason::SchemaMismatch);
    assert_eq!(machine.expects(slot, at(1)), Verdict::Drop);
    machine.handle(ms(50), Event::Tick);
    let insert = only_insert(drain(&mut machine));
    machine.handle(ms(60), Event::Inserted(insert.range));
    machine.handle(ms(100), Event::Tick);
    assert_eq!(committed(&drain(&mut machine)), [1], "the record that does not fit is not passed");
}

#[test]
fn a_revoke_waits_for_inserts_but_not_for_ever() {
    for answered in [true, false] {
        let (mut machine, slot) = owning(SETTINGS, 0);
        take(&mut machine, slot, 0, ms(0));
        assert!(machine.cut(slot));
        let insert = only_insert(drain(&mut machine));
        take(&mut machine, slot, 1, ms(0));
        machine.handle(ms(100), Event::Revoked(vec![p0()]));
        assert_eq!(machine.bytes(), 10, "what was open is given up");
        machine.handle(ms(8_099), Event::Tick);
        assert!(drain(&mut machine).is_empty());
        if answered {
            machine.handle(ms(8_099), Event::Inserted(insert.range.clone()));
        }
        machine.handle(ms(8_100), Event::Tick);
        let actions = drain(&mut machine);
        assert_eq!(committed(&actions), if answered { vec![1] } else { vec![] });
        assert!(matches!(actions.last(), Some(Action::Unassign(_))), "{actions:?}");
        assert_eq!(machine.bytes(), 0);
        machine.handle(ms(9_000), Event::Inserted(insert.range)); // too late: no effect
        machine.handle(ms(9_050), Event::Tick);
        assert!(drain(&mut machine).is_empty());
    }
}

#[test]
fn results_of_an_older_epoch_do_nothing() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    take(&mut machine, slot, 0, ms(0));
    assert!(machine.cut(slot));
    let old = only_insert(drain(&mut machine));
    machine.handle(ms(1), Event::Lost(vec![p0()]));
    let position = Position::Committed { offset: at(0), metadata: String::new() };
    machine.handle(ms(2), Event::Assigned(vec![Assignment { partition: p0(), position }]));
    let slot = machine.slot("t", 0).unwrap();
    take(&mut machine, slot, 0, ms(2));
    assert!(machine.cut(slot));
    drain(&mut machine);
    machine.handle(ms(3), Event::Inserted(old.range));
    machine.handle(ms(50), Event::Tick);
    assert!(committed(&drain(&mut machine)).is_empty());
}

#[test]
fn at_most_eight_ranges_are_in_flight() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    let mut inserts = Vec::new();
    for offset in 0..8 {
        take(&mut machine, slot, offset, ms(0));
        assert!(machine.cut(slot));
        inserts.push(only_insert(drain(&mut machine)));
    }
    for offset in 8..13 {
        take(&mut machine, slot, offset, ms(0));
    }
    assert!(!machine.cut(slot));
    assert!(matches!(&drain(&mut machine)[..], [Action::Pause(_)]), "full and nowhere to go");
    machine.handle(ms(1), Event::Inserted(inserts[0].range.clone()));
    assert!(matches!(&drain(&mut machine)[..], [Action::Resume(_)]));
}

#[test]
fn memory_pauses_at_full_and_resumes_only_at_low() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    take(&mut machine, slot, 0, ms(0));
    machine.handle(ms(0), Event::Memory(Pressure::Full));
    assert!(matches!(&drain(&mut machine)[..], [Action::Pause(_)]));
    machine.handle(ms(1), Event::Tick);
    only_insert(drain(&mut machine)); // the largest open batch is cut before its time
    machine.handle(ms(2), Event::Memory(Pressure::High));
    assert!(drain(&mut machine).is_empty());
    machine.handle(ms(3), Event::Memory(Pressure::Low));
    assert!(matches!(&drain(&mut machine)[..], [Action::Resume(_)]));
}

#[test]
fn a_record_out_of_turn_is_noticed() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    machine.stash(slot);
    assert_eq!(machine.expects(slot, at(1)), Verdict::OutOfTurn);
    machine.unstash(slot);
    assert_eq!(machine.expects(slot, at(0)), Verdict::Take);
}

#[test]
fn an_insert_that_is_refused_stops_its_partition_and_is_not_passed() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    take(&mut machine, slot, 0, ms(0));
    assert!(machine.cut(slot));
    let refused = only_insert(drain(&mut machine));
    take(&mut machine, slot, 1, ms(0));
    machine.handle(ms(1), Event::InsertFailed(refused.range));
    machine.handle(ms(2), Event::Tick);
    let later = only_insert(drain(&mut machine));
    machine.handle(ms(3), Event::Inserted(later.range));
    machine.handle(ms(4), Event::Drain);
    machine.handle(ms(50), Event::Tick);
    let actions = drain(&mut machine);
    assert!(committed(&actions).is_empty());
    assert!(matches!(actions.last(), Some(Action::Drained)), "a drain does not wait for it");
}

#[test]
fn many_partitions_make_older_batches() {
    let age = |partitions| SETTINGS.effective_age(partitions).as_millis();
    assert_eq!([1, 25, 50, 200, 1_000].map(age), [500, 500, 1_000, 4_000, 10_000]);
}

#[test]
fn a_paused_pipeline_owns_its_partitions_and_fetches_nothing() {
    let mut machine = Machine::<Vec<Offset>>::new(Settings { paused: true, ..SETTINGS }, 7);
    let position = Position::Start(at(3));
    machine.handle(ms(0), Event::Assigned(vec![Assignment { partition: p0(), position }]));
    machine.handle(ms(0), Event::Tick);
    let actions = drain(&mut machine);
    let Some(Action::Commit(commit)) = actions.first() else { panic!("{actions:?}") };
    machine.handle(ms(1), Event::Committed(commit.clone()));
    let actions = drain(&mut machine);
    assert!(matches!(&actions[..], [Action::Assign(_), Action::Pause(_)]), "{actions:?}");
}
