use super::*;
use crate::{
    Assignment, Insert, Intent, Lineage, Member, Metadata, Nonce, Origin, Position, TopicId,
};

mod mishaps;
mod replay;
mod steer;
mod topic;

impl Batch for Vec<Offset> {
    fn rows(&self) -> u64 {
        self.len() as u64
    }

    fn bytes(&self) -> usize {
        self.len() * 10
    }

    fn fingerprint(&self) -> u64 {
        5
    }
}

const SETTINGS: Settings = Settings {
    rows_max: 5,
    bytes_max: 1_000,
    age: ms(500),
    age_max: ms(10_000),
    revoke_wait: ms(8_000),
    paused: false,
    poll_interval_max: ms(300_000),
    exactly_once: true,
    intents: true,
    revision: 9,
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

fn me() -> Member {
    Member { id: "me".into(), generation: 3 }
}

const TOPIC: TopicId = TopicId(1);

fn assigned(position: Position) -> Event {
    let assignment = Assignment { partition: p0(), position, topic: Some(TOPIC), member: me() };
    Event::Assigned(vec![assignment])
}

/// What our own earlier commit at `offset` says, with `ranges` in flight.
fn ours(offset: i64, ranges: Vec<Intent>) -> Position {
    let lineage = Lineage { topic: Some(TOPIC), ..Lineage::default() };
    Position::Committed { offset: at(offset), metadata: Metadata { lineage, ranges }.text() }
}

/// A machine that owns partition `t:0` from offset `start`, its first actions done.
fn owning(settings: Settings, start: i64) -> (Machine<Vec<Offset>>, Slot) {
    let mut machine = Machine::new(settings, 7);
    machine.handle(ms(0), assigned(ours(start, Vec::new())));
    let actions = drain(&mut machine);
    assert!(matches!(&actions[..], [Action::Assign(_)]), "{actions:?}");
    let slot = machine.slot("t", 0).unwrap();
    (machine, slot)
}

impl Machine<Vec<Offset>> {
    fn current_epoch(&self, slot: Slot) -> Epoch {
        self.get(slot).unwrap().epoch
    }
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

/// Ticks, and answers the commit that follows. Returns what is asked for in all.
fn tick(machine: &mut Machine<Vec<Offset>>, now: Duration) -> Vec<Action<Vec<Offset>>> {
    machine.handle(now, Event::Tick);
    let mut actions = drain(machine);
    for index in 0..actions.len() {
        if let Action::Commit(commit) = &actions[index] {
            machine.handle(now, Event::Committed(commit.clone()));
            actions.extend(drain(machine));
        }
    }
    actions
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

/// Cuts what is open, announces it and returns the insert that follows.
fn cut(machine: &mut Machine<Vec<Offset>>, slot: Slot, now: Duration) -> Insert<Vec<Offset>> {
    assert!(machine.cut(slot));
    only_insert(tick(machine, now))
}

#[test]
fn a_batch_is_cut_by_age_announced_inserted_and_then_committed() {
    let (mut machine, slot) = owning(SETTINGS, 100);
    take(&mut machine, slot, 103, ms(0)); // 100 to 102 were compacted away
    take(&mut machine, slot, 104, ms(10));
    machine.handle(ms(499), Event::Tick);
    assert!(drain(&mut machine).is_empty(), "not due yet");

    machine.handle(ms(500), Event::Tick);
    let actions = drain(&mut machine);
    let [Action::Commit(intent)] = &actions[..] else { panic!("{actions:?}") };
    let (_, offset, metadata) = &intent.offsets[0];
    let recorded = Metadata::parse(metadata, *offset).unwrap().unwrap();
    assert_eq!((offset.raw(), recorded.ranges[0].rows, recorded.ranges[0].revision), (100, 2, 9));
    machine.handle(ms(501), Event::Committed(intent.clone()));
    let insert = only_insert(drain(&mut machine));
    assert_eq!(insert.batch, [at(103), at(104)]);
    let token = insert.token.as_str();
    assert_eq!(token, format!("t:0:100-104:{}", recorded.ranges[0].nonce));

    machine.handle(ms(550), Event::Tick);
    assert!(committed(&drain(&mut machine)).is_empty(), "not inserted yet");
    machine.handle(ms(560), Event::Inserted(insert.range));
    assert!(tick(&mut machine, ms(749)).is_empty(), "what is done waits for company");
    let actions = tick(&mut machine, ms(750));
    assert_eq!(committed(&actions), [105]);
    let [Action::Commit(done)] = &actions[..] else { panic!("{actions:?}") };
    assert!(done.offsets[0].2.ends_with("@0;"), "no range is left: {done:?}");
}

#[test]
fn a_commit_that_is_not_answered_is_repeated_as_it_was() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    take(&mut machine, slot, 0, ms(0));
    assert!(machine.cut(slot));
    machine.handle(ms(1), Event::Tick);
    let first = drain(&mut machine);
    machine.handle(ms(2), Event::CommitDelayed);
    take(&mut machine, slot, 1, ms(3));
    assert!(machine.cut(slot), "cut meanwhile, and announced by the next commit");
    machine.handle(ms(4), Event::Tick);
    let second = drain(&mut machine);
    let ([Action::Commit(first)], [Action::Commit(second)]) = (&first[..], &second[..]) else {
        panic!("{first:?} {second:?}")
    };
    assert_eq!(first, second);
    machine.handle(ms(5), Event::Committed(second.clone()));
    assert_eq!(only_insert(drain(&mut machine)).batch, [at(0)]);
    assert_eq!(only_insert(tick(&mut machine, ms(6))).batch, [at(1)]);
}

#[test]
fn whoever_is_not_the_owner_commits_nothing() {
    let member = |id: &str, generation| Member { id: id.into(), generation };
    let ours = Membership { member: me(), ..Membership::default() };
    let cases = [
        (Membership { lost: true, ..ours.clone() }, Fenced::Lost),
        (Membership { fatal: true, ..ours.clone() }, Fenced::Fatal),
        (Membership { member: member("", 3), ..ours.clone() }, Fenced::NoMember),
        (Membership { member: member("me", 0), ..ours.clone() }, Fenced::NoMember),
        (Membership { member: member("you", 4), ..ours.clone() }, Fenced::AnotherMember),
        (Membership { since_poll: ms(300_000), ..ours.clone() }, Fenced::PollOverdue),
    ];
    for (membership, why) in cases {
        let (mut machine, slot) = owning(SETTINGS, 0);
        take(&mut machine, slot, 0, ms(0));
        assert!(machine.cut(slot));
        machine.handle(ms(1), Event::Tick);
        let Some(Action::Commit(commit)) = machine.next_action() else { panic!("no commit") };
        let later = Membership { member: member("me", 4), ..ours.clone() };
        assert!(machine.may_commit(&commit, &later), "a later generation of the same member");
        assert!(!machine.may_commit(&commit, &membership));
        let actions = drain(&mut machine);
        assert!(matches!(&actions[..], [Action::FailStop(found)] if *found == why), "{actions:?}");
        machine.handle(ms(2), Event::Committed(commit));
        assert!(drain(&mut machine).is_empty(), "nothing is inserted after that");
    }
    let (mut machine, _) = owning(SETTINGS, 0);
    let other = (TopicPartition::new("t", 1), at(0), String::new());
    assert!(!machine.may_commit(&Commit { offsets: vec![other] }, &ours), "not its partition");
}

#[test]
fn a_refused_commit_ends_everything() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    take(&mut machine, slot, 0, ms(0));
    assert!(machine.cut(slot));
    machine.handle(ms(1), Event::Tick);
    let Some(Action::Commit(commit)) = machine.next_action() else { panic!("no commit") };
    machine.handle(ms(2), Event::CommitRefused(commit));
    let actions = drain(&mut machine);
    assert!(matches!(&actions[..], [Action::FailStop(Fenced::Refused)]), "{actions:?}");
    assert_eq!(machine.bytes(), 0);
    machine.handle(ms(50), Event::Tick);
    assert!(drain(&mut machine).is_empty());
}

#[test]
fn a_later_range_waits_for_the_earlier_one() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    let inserts: Vec<_> = [0, 1]
        .map(|offset| {
            take(&mut machine, slot, offset, ms(0));
            cut(&mut machine, slot, ms(0))
        })
        .into_iter()
        .collect();
    assert_ne!(inserts[0].token, inserts[1].token);
    machine.handle(ms(1), Event::Inserted(inserts[1].range.clone()));
    machine.handle(ms(1), Event::Tick);
    assert!(committed(&drain(&mut machine)).is_empty());
    machine.handle(ms(2), Event::Inserted(inserts[0].range.clone()));
    machine.handle(ms(250), Event::Tick);
    assert_eq!(committed(&drain(&mut machine)), [2]);
}

#[test]
fn a_bad_record_is_passed_only_when_its_dead_letter_is_acknowledged() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    let BadRecord::DeadLetter(record) = machine.bad(slot, at(0), false, ms(0)) else {
        panic!("stopped")
    };
    take(&mut machine, slot, 1, ms(0));
    let insert = only_insert(tick(&mut machine, ms(500)));
    machine.handle(ms(510), Event::Inserted(insert.range));
    machine.handle(ms(550), Event::Tick);
    assert!(committed(&drain(&mut machine)).is_empty());
    machine.handle(ms(560), Event::DeadLetterAcked(record));
    machine.handle(ms(800), Event::Tick);
    assert_eq!(committed(&drain(&mut machine)), [2]);
}

#[test]
fn start_is_committed_before_the_first_record() {
    let mut machine = Machine::<Vec<Offset>>::new(SETTINGS, 7);
    let origin = Origin { partitions: 4, at_ms: 77 };
    machine.handle(ms(0), assigned(Position::Start(at(40), origin)));
    for attempt in 0..3 {
        let actions = drain(&mut machine);
        let [Action::Commit(commit)] = &actions[..] else { panic!("{actions:?}") };
        assert_eq!(committed(&actions), [40]);
        assert!(commit.offsets[0].2.ends_with(";0;4@77;"), "{commit:?}");
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
    machine
        .handle(ms(0), assigned(Position::Committed { offset: at(5), metadata: "9;what".into() }));
    expect_stopped(machine, StopReason::UnknownMetadata);
}

#[test]
fn offsets_of_another_topic_stop_the_partition() {
    let mut machine = Machine::<Vec<Offset>>::new(SETTINGS, 7);
    let lineage = Lineage { topic: Some(TopicId(8)), ..Lineage::default() };
    let metadata = Metadata { lineage, ranges: Vec::new() }.text();
    machine.handle(ms(0), assigned(Position::Committed { offset: at(5), metadata }));
    expect_stopped(machine, StopReason::TopicRecreated);
}

#[test]
fn lost_offsets_stop_the_partition() {
    let mut machine = Machine::<Vec<Offset>>::new(SETTINGS, 7);
    machine.handle(ms(0), assigned(Position::Missing(at(5))));
    expect_stopped(machine, StopReason::OffsetsLost);
}

fn expect_stopped(mut machine: Machine<Vec<Offset>>, reason: StopReason) {
    let slot = machine.slot("t", 0).unwrap();
    let actions = drain(&mut machine);
    let [Action::Stop(_, stopped), Action::Assign(_), Action::Pause(_)] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(*stopped, reason);
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
    let insert = only_insert(tick(&mut machine, ms(50)));
    machine.handle(ms(60), Event::Inserted(insert.range));
    machine.handle(ms(300), Event::Tick);
    assert_eq!(committed(&drain(&mut machine)), [1], "the record that does not fit is not passed");
}

#[test]
fn a_revoke_waits_for_inserts_but_not_for_ever() {
    for answered in [true, false] {
        let (mut machine, slot) = owning(SETTINGS, 0);
        take(&mut machine, slot, 0, ms(0));
        let insert = cut(&mut machine, slot, ms(0));
        take(&mut machine, slot, 1, ms(0));
        assert!(machine.cut(slot));
        take(&mut machine, slot, 2, ms(0));
        machine.handle(ms(100), Event::Revoked(vec![p0()]));
        assert_eq!(machine.bytes(), 10, "what no commit has named is given up");
        assert!(matches!(&drain(&mut machine)[..], [Action::Pause(_)] | []));
        let actions = tick(&mut machine, ms(8_098));
        assert!(!actions.iter().any(|action| matches!(action, Action::Unassign(_))));
        if answered {
            machine.handle(ms(8_099), Event::Inserted(insert.range.clone()));
            assert_eq!(committed(&tick(&mut machine, ms(8_099))), [1]);
        }
        let actions = tick(&mut machine, ms(8_100));
        assert!(committed(&actions).is_empty());
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
    let old = cut(&mut machine, slot, ms(0));
    machine.handle(ms(1), Event::Lost(vec![p0()]));
    machine.handle(ms(2), assigned(ours(0, Vec::new())));
    let slot = machine.slot("t", 0).unwrap();
    take(&mut machine, slot, 0, ms(2));
    cut(&mut machine, slot, ms(2));
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
        inserts.push(cut(&mut machine, slot, ms(0)));
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
    only_insert(tick(&mut machine, ms(1))); // the largest open batch is cut before its time
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
    let refused = cut(&mut machine, slot, ms(0));
    take(&mut machine, slot, 1, ms(0));
    machine.handle(ms(1), Event::InsertFailed(refused.range));
    let later = only_insert(tick(&mut machine, ms(2)));
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
    machine.handle(ms(0), assigned(Position::Start(at(3), Origin::default())));
    let actions = drain(&mut machine);
    let Some(Action::Commit(commit)) = actions.first() else { panic!("{actions:?}") };
    machine.handle(ms(1), Event::Committed(commit.clone()));
    let actions = drain(&mut machine);
    assert!(matches!(&actions[..], [Action::Assign(_), Action::Pause(_)]), "{actions:?}");
}
