//! Pauses, and offsets that a person sets.

use super::*;

fn reset(machine: &mut Machine<Vec<Offset>>, to: i64, now: Duration) {
    machine.handle(now, Event::Reset { mark: 0xab, offsets: vec![(p0(), at(to))] });
}

#[test]
fn a_pause_finishes_what_is_held_and_a_resume_goes_on() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    take(&mut machine, slot, 0, ms(0));
    machine.handle(ms(1), Event::Paused(true));
    let actions = drain(&mut machine);
    assert!(matches!(&actions[..], [Action::Pause(paused)] if *paused == [p0()]), "{actions:?}");
    let insert = only_insert(tick(&mut machine, ms(500)));
    machine.handle(ms(501), Event::Inserted(insert.range));
    assert_eq!(committed(&tick(&mut machine, ms(900))), [1]);

    machine.handle(ms(901), Event::Paused(true));
    assert!(drain(&mut machine).is_empty(), "it is paused already");
    machine.handle(ms(902), Event::Paused(false));
    let actions = drain(&mut machine);
    assert!(matches!(&actions[..], [Action::Resume(paused)] if *paused == [p0()]), "{actions:?}");
    take(&mut machine, slot, 1, ms(903));
}

#[test]
fn what_is_assigned_while_paused_waits_and_takes_no_memory() {
    let mut machine = Machine::new(SETTINGS, 7);
    machine.handle(ms(0), Event::Room(1_000));
    machine.handle(ms(0), Event::Paused(true));
    let range = mishaps::recorded(0, 2, 3, 30);
    machine.handle(ms(1), assigned(ours(0, vec![range])));
    let actions = drain(&mut machine);
    assert!(matches!(&actions[..], [Action::Assign(_), Action::Pause(_)]), "{actions:?}");
    assert_eq!(machine.bytes(), 0);
    machine.handle(ms(2), Event::Paused(false));
    let actions = drain(&mut machine);
    assert!(matches!(&actions[..], [Action::Replay(..), Action::Resume(_)]), "{actions:?}");
    assert_eq!(machine.bytes(), 30);
}

#[test]
fn a_reset_names_no_ranges_and_one_more_rewind() {
    let (mut machine, _slot) = mishaps::inheriting(vec![mishaps::recorded(40, 42, 3, 30)], 1_000);
    machine.handle(ms(1), Event::Paused(true));
    drain(&mut machine);
    reset(&mut machine, 7, ms(2));
    let actions = tick(&mut machine, ms(3));
    let [Action::Commit(commit), Action::WasReset(id, offset)] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!((id, *offset), (&p0(), at(7)));
    let (_, offset, metadata) = &commit.offsets[0];
    let found = Metadata::parse(metadata, *offset).unwrap().unwrap();
    assert_eq!((offset.raw(), found.lineage.rewinds, found.ranges), (7, 1, Vec::new()));
    assert_eq!(found.lineage.reset, Some(0xab), "the next owner knows that it is done");
    let view = machine.views().next().unwrap();
    assert_eq!(view.committed, Some((at(7), metadata.as_str())));
    assert!(tick(&mut machine, ms(900)).is_empty(), "told once");
}

/// A machine that owns a partition which a predecessor has set to 7, and what was committed.
fn after_a_reset() -> (Machine<Vec<Offset>>, Lineage) {
    let mut machine = Machine::new(SETTINGS, 7);
    let lineage =
        Lineage { topic: Some(TOPIC), rewinds: 1, reset: Some(0xab), ..Lineage::default() };
    let metadata = Metadata { lineage, ranges: Vec::new() }.text();
    machine.handle(ms(0), assigned(Position::Committed { offset: at(7), metadata }));
    drain(&mut machine);
    (machine, lineage)
}

#[test]
fn a_reset_that_a_predecessor_has_carried_out_is_not_done_again() {
    let (mut machine, _) = after_a_reset();
    machine.handle(ms(1), Event::Paused(true));
    drain(&mut machine);
    reset(&mut machine, 7, ms(2));
    assert!(tick(&mut machine, ms(900)).is_empty(), "Kafka holds its mark");
    let again = Event::Reset { mark: 0xac, offsets: vec![(p0(), at(3))] };
    machine.handle(ms(901), again);
    assert_eq!(committed(&tick(&mut machine, ms(1_800))), [3], "another reset");
}

#[test]
fn what_is_committed_after_a_reset_carries_its_mark() {
    let (mut machine, lineage) = after_a_reset();
    let slot = machine.slot("t", 0).unwrap();
    take(&mut machine, slot, 7, ms(1));
    let actions = tick(&mut machine, ms(900));
    let Some(Action::Commit(commit)) = actions.first() else { panic!("{actions:?}") };
    let found = Metadata::parse(&commit.offsets[0].2, at(7)).unwrap().unwrap();
    assert_eq!((found.lineage, found.ranges.len()), (lineage, 1));
}

#[test]
fn a_reset_waits_for_what_is_under_way_and_takes_nothing_meanwhile() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    take(&mut machine, slot, 0, ms(0));
    let insert = cut(&mut machine, slot, ms(0));
    take(&mut machine, slot, 1, ms(1));
    machine.handle(ms(1), Event::Paused(true));
    drain(&mut machine);
    reset(&mut machine, 0, ms(2));
    assert_eq!(machine.expects(slot, at(2)), Verdict::Drop);
    assert!(committed(&tick(&mut machine, ms(900))).is_empty(), "an insert may still land");
    machine.handle(ms(901), Event::Inserted(insert.range));
    let actions = tick(&mut machine, ms(902));
    assert_eq!(committed(&actions), [0]);
    assert!(matches!(actions.last(), Some(Action::WasReset(..))), "{actions:?}");
    assert_eq!(machine.expects(slot, at(0)), Verdict::Drop, "only in the next assignment");
}

#[test]
fn a_reset_waits_for_the_answer_to_the_commit_before_it() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    take(&mut machine, slot, 0, ms(0));
    let insert = cut(&mut machine, slot, ms(0));
    machine.handle(ms(1), Event::Inserted(insert.range));
    machine.handle(ms(300), Event::Tick);
    assert_eq!(committed(&drain(&mut machine)), [1]);
    machine.handle(ms(301), Event::CommitDelayed);
    machine.handle(ms(302), Event::Paused(true));
    drain(&mut machine);
    reset(&mut machine, 0, ms(303));
    let actions = tick(&mut machine, ms(600));
    assert!(matches!(&actions[..], [Action::Commit(_)]), "not told before it is so: {actions:?}");
    assert_eq!(committed(&actions), [1], "repeated as it was");
    let actions = tick(&mut machine, ms(900));
    assert!(matches!(&actions[..], [Action::Commit(_), Action::WasReset(..)]), "{actions:?}");
    assert_eq!(committed(&actions), [0]);
}

#[test]
fn only_what_is_paused_or_stopped_is_reset() {
    let (mut machine, slot) = owning(SETTINGS, 5);
    reset(&mut machine, 0, ms(0));
    assert!(tick(&mut machine, ms(300)).is_empty(), "it runs");
    machine.stop(slot, StopReason::OffsetOutOfRange);
    reset(&mut machine, 0, ms(301));
    assert_eq!(committed(&tick(&mut machine, ms(600))), [0]);
    let mut machine = Machine::new(SETTINGS, 7);
    let theirs = Position::Committed { offset: at(9), metadata: "theirs".into() };
    machine.handle(ms(0), assigned(theirs));
    drain(&mut machine);
    reset(&mut machine, 3, ms(1));
    let actions = tick(&mut machine, ms(2));
    let [Action::Commit(commit), Action::WasReset(..)] = &actions[..] else {
        panic!("{actions:?}")
    };
    let found = Metadata::parse(&commit.offsets[0].2, at(3)).unwrap().unwrap();
    assert_eq!((found.lineage.topic, found.lineage.rewinds), (Some(TOPIC), 1));
}
