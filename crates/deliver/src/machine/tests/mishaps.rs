//! What the simulation has found: coincidences of two things that are handled well alone.

use super::*;

pub(super) fn recorded(first: i64, last: i64, rows: u64, bytes: u64) -> Intent {
    Intent {
        first: at(first),
        last: at(last),
        rows,
        bytes,
        used: 0,
        nonce: Nonce(7),
        fingerprint: 5,
        revision: 9,
        unknown_ids: Vec::new(),
    }
}

/// A machine that owns `t:0` with `ranges` recorded and `room` bytes for replays.
pub(super) fn inheriting(ranges: Vec<Intent>, room: usize) -> (Machine<Vec<Offset>>, Slot) {
    let mut machine = Machine::new(SETTINGS, 7);
    machine.handle(ms(0), Event::Room(room));
    machine.handle(ms(0), assigned(ours(ranges[0].first.raw(), ranges)));
    drain(&mut machine);
    let slot = machine.slot("t", 0).unwrap();
    (machine, slot)
}

#[test]
fn a_record_kept_aside_is_forgotten_with_the_rows_before_it() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    take(&mut machine, slot, 0, ms(0));
    machine.stash(slot);
    assert!(!machine.is_stopped(slot));
    machine.handle(ms(1), Event::Revoked(vec![p0()]));
    assert!(machine.is_stopped(slot), "record 0 was given up: 1 must not be taken after it");
}

#[test]
fn what_was_given_up_is_not_named_by_the_commit_of_the_same_tick() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    take(&mut machine, slot, 0, ms(0));
    cut(&mut machine, slot, ms(0));
    take(&mut machine, slot, 1, ms(0));
    assert!(machine.cut(slot));
    machine.handle(ms(1), Event::Tick);
    drain(&mut machine);
    machine.handle(ms(2), Event::CommitDelayed);
    machine.handle(ms(3), Event::Revoked(vec![p0()]));
    machine.handle(ms(8_003), Event::Tick);
    let actions = drain(&mut machine);
    assert!(committed(&actions).is_empty(), "{actions:?}");
    assert!(matches!(actions.last(), Some(Action::Unassign(_))), "{actions:?}");
}

#[test]
fn a_range_that_ended_before_it_was_admitted_holds_nothing() {
    let ranges = vec![recorded(0, 0, 1, 10), recorded(1, 1, 1, 900)];
    let (mut machine, slot) = inheriting(ranges, 50);
    take(&mut machine, slot, 0, ms(0)); // no room for the next: held
    take(&mut machine, slot, 1, ms(0)); // it had been fetched already
    let actions = drain(&mut machine);
    let paused = actions.iter().rposition(|action| matches!(action, Action::Pause(_)));
    let resumed = actions.iter().rposition(|action| matches!(action, Action::Resume(_)));
    assert!(paused < resumed, "{actions:?}");
}

#[test]
fn a_range_read_in_part_before_it_was_admitted_does_not_wait_for_itself() {
    let ranges = vec![recorded(0, 0, 1, 10), recorded(1, 2, 2, 900)];
    let (mut machine, slot) = inheriting(ranges, 50);
    take(&mut machine, slot, 0, ms(0));
    take(&mut machine, slot, 1, ms(0)); // of the next, which is not admitted
    let first = only_insert(drain(&mut machine));
    machine.handle(ms(1), Event::Memory(Pressure::Full));
    machine.handle(ms(2), Event::Inserted(first.range));
    let actions = tick(&mut machine, ms(50));
    assert!(matches!(actions.last(), Some(Action::Resume(_))), "{actions:?}");
    take(&mut machine, slot, 2, ms(51));
    assert_eq!(only_insert(drain(&mut machine)).batch, [at(1), at(2)]);
}

#[test]
fn a_drain_does_not_wait_for_a_record_kept_aside() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    assert!(machine.judge(slot, 3, ms(0)));
    machine.stash(slot);
    machine.handle(ms(1), Event::Drain);
    let actions = tick(&mut machine, ms(2));
    assert!(matches!(actions.last(), Some(Action::Drained)), "{actions:?}");
}

#[test]
fn what_can_never_be_cut_is_given_up() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    let inserts: Vec<_> = (0..8)
        .map(|offset| {
            take(&mut machine, slot, offset, ms(0));
            cut(&mut machine, slot, ms(0))
        })
        .collect();
    take(&mut machine, slot, 8, ms(0));
    for (index, insert) in inserts.into_iter().enumerate() {
        let failed = index == 0;
        let (range, now) = (insert.range, ms(1));
        machine
            .handle(now, if failed { Event::InsertFailed(range) } else { Event::Inserted(range) });
    }
    assert_eq!(machine.bytes(), 10);
    machine.handle(ms(2), Event::Drain);
    let actions = tick(&mut machine, ms(3));
    assert_eq!(machine.bytes(), 0, "behind a range that failed, with no room for another");
    assert!(matches!(actions.last(), Some(Action::Drained)), "{actions:?}");
}

#[test]
fn a_judgement_of_a_record_that_became_a_row_is_taken_back() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    assert!(machine.judge(slot, 3, ms(0)));
    machine.bad(slot, at(0), false, ms(0));
    assert!(machine.judge(slot, 4, ms(0)), "and then it waits, and the registry knows 4");
    take(&mut machine, slot, 1, ms(1));
    machine.handle(ms(500), Event::Tick);
    let actions = drain(&mut machine);
    let [Action::Commit(commit)] = &actions[..] else { panic!("{actions:?}") };
    let (_, offset, metadata) = &commit.offsets[0];
    let ranges = Metadata::parse(metadata, *offset).unwrap().unwrap().ranges;
    assert_eq!(ranges[0].unknown_ids, [3]);
}

#[test]
fn a_replay_with_more_rows_than_recorded_is_never_taken_for_done() {
    let (mut machine, slot) = inheriting(vec![recorded(0, 2, 2, 20)], 1_000);
    for offset in 0..3 {
        take(&mut machine, slot, offset, ms(0));
    }
    let proof = only_insert(drain(&mut machine)).proof;
    assert!(proof.grown && !proof.same, "{proof:?}");
}
