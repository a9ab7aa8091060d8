//! What a predecessor recorded is read again, exactly, and before anything new.

use super::*;

fn intent(first: i64, last: i64, rows: u64, bytes: u64) -> Intent {
    let (nonce, fingerprint) = (Nonce(first.unsigned_abs() + 1), 5);
    Intent {
        first: at(first),
        last: at(last),
        rows,
        bytes,
        used: 0,
        nonce,
        fingerprint,
        revision: 9,
        unknown_ids: vec![77],
    }
}

/// A machine that owns `t:0` with `ranges` recorded and `room` bytes for replays.
fn inheriting(ranges: Vec<Intent>, room: usize) -> (Machine<Vec<Offset>>, Slot) {
    let mut machine = Machine::new(SETTINGS, 7);
    machine.handle(ms(0), Event::Room(room));
    let start = ranges[0].first.raw();
    machine.handle(ms(0), assigned(ours(start, ranges)));
    let slot = machine.slot("t", 0).unwrap();
    (machine, slot)
}

#[test]
fn recorded_ranges_are_repeated_exactly_and_then_new_ones_begin() {
    let ranges = vec![intent(10, 12, 3, 30), intent(13, 13, 0, 0), intent(14, 16, 2, 20)];
    let (mut machine, slot) = inheriting(ranges, 1_000);
    assert!(
        matches!(
            &drain(&mut machine)[..],
            [Action::Assign(_), Action::Pause(_), Action::Replay(_, last, 3), Action::Resume(_)]
                if last.raw() == 12
        ),
        "held until there is room, which there is"
    );
    assert_eq!(machine.expects(slot, at(9)), Verdict::Drop, "below what is recorded");
    assert_eq!(machine.recorded_unknown_ids(slot), Some(&[77][..]));
    for offset in [10, 11] {
        take(&mut machine, slot, offset, ms(0));
    }
    assert!(tick(&mut machine, ms(9_000)).is_empty(), "never cut, however old");
    take(&mut machine, slot, 12, ms(9_000));
    let first = only_insert(drain(&mut machine));
    assert_eq!(first.token.as_str(), "t:0:10-12:000000000000000b", "the recorded token");
    assert!(first.proof.same);
    machine.skipped(slot, at(13), ms(9_000));
    take(&mut machine, slot, 14, ms(9_000));
    // 15 and 16 have been compacted away: 17 says so.
    take(&mut machine, slot, 17, ms(9_000));
    let second = only_insert(drain(&mut machine));
    assert_eq!(second.token.as_str(), "t:0:14-16:000000000000000f");
    assert!(!second.proof.same, "one row instead of two");
    assert_eq!(machine.recorded_unknown_ids(slot), None);

    let actions = tick(&mut machine, ms(9_600));
    let third = only_insert(tick(&mut machine, ms(9_600)).into_iter().chain(actions).collect());
    assert_eq!(third.batch, [at(17)]);
    for range in [second.range, third.range, first.range] {
        machine.handle(ms(9_700), Event::Inserted(range));
    }
    assert_eq!(committed(&tick(&mut machine, ms(9_850))), [18]);
}

#[test]
fn what_is_not_read_again_yet_stays_recorded() {
    let (mut machine, slot) = inheriting(vec![intent(0, 0, 1, 10), intent(1, 4, 4, 40)], 1_000);
    drain(&mut machine);
    take(&mut machine, slot, 0, ms(0));
    let first = only_insert(drain(&mut machine));
    machine.handle(ms(1), Event::Inserted(first.range));
    let actions = tick(&mut machine, ms(250));
    let [Action::Commit(commit), ..] = &actions[..] else { panic!("{actions:?}") };
    let (_, offset, metadata) = &commit.offsets[0];
    let left = Metadata::parse(metadata, *offset).unwrap().unwrap().ranges;
    assert_eq!((offset.raw(), left), (1, vec![intent(1, 4, 4, 40)]));
}

#[test]
fn a_replay_waits_for_memory_and_a_large_one_goes_alone() {
    let (mut machine, slot) = inheriting(vec![intent(0, 0, 1, 900), intent(1, 1, 1, 900)], 100);
    let actions = drain(&mut machine);
    assert!(matches!(actions.last(), Some(Action::Resume(_))), "alone: {actions:?}");
    assert_eq!(machine.bytes(), 900, "promised");
    machine.handle(ms(1), Event::Memory(Pressure::Full));
    assert!(drain(&mut machine).is_empty(), "what has been promised memory goes on");
    take(&mut machine, slot, 0, ms(1));
    let actions = drain(&mut machine);
    assert!(matches!(actions.last(), Some(Action::Pause(_))), "not the next: {actions:?}");
    let first = only_insert(actions);
    assert_eq!(machine.bytes(), 10);
    machine.handle(ms(2), Event::Inserted(first.range));
    let actions = tick(&mut machine, ms(50));
    assert!(matches!(actions.last(), Some(Action::Resume(_))), "alone again: {actions:?}");
}

#[test]
fn a_range_whose_end_was_compacted_away_ends_when_that_is_known() {
    let (mut machine, slot) = inheriting(vec![intent(0, 5, 2, 20)], 1_000);
    drain(&mut machine);
    take(&mut machine, slot, 0, ms(0));
    take(&mut machine, slot, 1, ms(0));
    let (partition, epoch) = (p0(), machine.current_epoch(slot));
    machine.handle(ms(1), Event::Passed { partition, epoch, next: at(9) });
    assert_eq!(only_insert(drain(&mut machine)).token.as_str(), "t:0:0-5:0000000000000001");
}

#[test]
fn a_range_that_became_no_row_at_all_is_passed() {
    let (mut machine, slot) = inheriting(vec![intent(0, 3, 2, 20)], 1_000);
    drain(&mut machine);
    take(&mut machine, slot, 4, ms(0)); // the records of the range are gone
    assert_eq!(committed(&tick(&mut machine, ms(250))), [4]);
}

#[test]
fn a_replay_that_is_revoked_half_way_leaves_all_to_the_next_owner() {
    let (mut machine, slot) = inheriting(vec![intent(0, 3, 4, 40)], 1_000);
    drain(&mut machine);
    take(&mut machine, slot, 0, ms(0));
    machine.handle(ms(1), Event::Revoked(vec![p0()]));
    let actions = tick(&mut machine, ms(2));
    assert!(committed(&actions).is_empty(), "{actions:?}");
    assert!(matches!(actions.last(), Some(Action::Unassign(_))), "{actions:?}");
    assert_eq!(machine.bytes(), 0);
}

#[test]
fn rows_that_need_two_batches_now_stop_the_partition() {
    let (mut machine, slot) = inheriting(vec![intent(0, 3, 4, 40)], 1_000);
    drain(&mut machine);
    take(&mut machine, slot, 0, ms(0));
    assert!(!machine.cut(slot));
    assert!(machine.is_stopped(slot));
    drain(&mut machine);
    assert!(tick(&mut machine, ms(900)).is_empty(), "nothing of it is inserted");
}

#[test]
fn offsets_set_by_hand_break_the_lineage() {
    for (position, unbroken) in [
        (ours(0, Vec::new()), true),
        (Position::Committed { offset: at(0), metadata: String::new() }, false),
    ] {
        let mut machine = Machine::new(SETTINGS, 7);
        machine.handle(ms(0), assigned(position));
        drain(&mut machine);
        let slot = machine.slot("t", 0).unwrap();
        take(&mut machine, slot, 0, ms(0));
        assert_eq!(cut(&mut machine, slot, ms(0)).proof.unbroken, unbroken);
    }
}

#[test]
fn ids_judged_unknown_are_recorded_and_a_ninth_cuts_the_batch() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    for id in 0..8 {
        assert!(machine.judge(slot, id, ms(0)));
        machine.bad(slot, at(i64::from(id)), false, ms(0));
    }
    assert!(machine.judge(slot, 3, ms(0)), "named already");
    assert!(!machine.judge(slot, 8, ms(0)));
    assert!(machine.cut(slot));
    machine.handle(ms(250), Event::Tick);
    let actions = drain(&mut machine);
    let [Action::Commit(commit)] = &actions[..] else { panic!("{actions:?}") };
    assert!(commit.offsets[0].2.ends_with(":u0.1.2.3.4.5.6.7"), "{commit:?}");
    assert!(machine.judge(slot, 8, ms(1)));
}
