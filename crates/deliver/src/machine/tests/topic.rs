//! Topics that are deleted and created again while they are read (rule R16).

use super::*;

const OTHER: TopicId = TopicId(8);

fn topic_is(machine: &mut Machine<Vec<Offset>>, id: TopicId, now: Duration) {
    machine.handle(now, Event::TopicIs { topic: "t".to_owned(), id });
}

/// What the only commit among `actions` says of the only partition.
fn said(actions: &[Action<Vec<Offset>>]) -> (i64, Metadata) {
    let commits = actions.iter().filter_map(|action| {
        if let Action::Commit(commit) = action { Some(&commit.offsets[0]) } else { None }
    });
    let [(_, offset, text)] = &commits.collect::<Vec<_>>()[..] else { panic!("{actions:?}") };
    (offset.raw(), Metadata::parse(text, *offset).unwrap().unwrap())
}

#[test]
fn another_topic_stops_its_partitions_and_the_old_id_is_committed_once_more() {
    let (mut machine, slot) = owning(SETTINGS, 5);
    take(&mut machine, slot, 5, ms(0));
    topic_is(&mut machine, TOPIC, ms(1));
    machine.handle(ms(1), Event::TopicIs { topic: "u".to_owned(), id: OTHER });
    assert!(drain(&mut machine).is_empty(), "it is the topic still");

    topic_is(&mut machine, OTHER, ms(2));
    let actions = drain(&mut machine);
    let [Action::Pause(_), Action::Stop(_, StopReason::TopicRecreated)] = &actions[..] else {
        panic!("{actions:?}")
    };
    assert_eq!(machine.expects(slot, at(6)), Verdict::Drop);
    let (offset, found) = said(&tick(&mut machine, ms(600)));
    assert_eq!((offset, found.lineage.topic, found.ranges), (5, Some(TOPIC), Vec::new()));
    topic_is(&mut machine, OTHER, ms(601));
    assert!(tick(&mut machine, ms(1_200)).is_empty(), "once");
}

#[test]
fn a_range_that_was_not_inserted_stays_recorded_under_the_old_id() {
    let (mut machine, slot) = owning(SETTINGS, 0);
    take(&mut machine, slot, 0, ms(0));
    let insert = cut(&mut machine, slot, ms(0));
    assert_eq!(insert.topic, Some(TOPIC));
    topic_is(&mut machine, OTHER, ms(1_000));
    machine.handle(ms(1_000), Event::InsertFailed(insert.range));
    let stops = drain(&mut machine);
    let stops = stops.iter().filter(|action| matches!(action, Action::Stop(..))).count();
    assert_eq!((machine.stopped(slot), stops), (Some(StopReason::TopicRecreated), 1));
    let (offset, found) = said(&tick(&mut machine, ms(2_000)));
    assert_eq!((offset, found.lineage.topic, found.ranges.len()), (0, Some(TOPIC), 1));
}

#[test]
fn a_reset_of_a_partition_that_stopped_for_it_is_of_the_new_topic() {
    let (mut machine, _) = owning(SETTINGS, 5);
    topic_is(&mut machine, OTHER, ms(0));
    tick(&mut machine, ms(500));
    machine.handle(ms(501), Event::Reset { mark: 0xab, offsets: vec![(p0(), at(0))] });
    let (offset, found) = said(&tick(&mut machine, ms(502)));
    assert_eq!((offset, found.lineage.topic), (0, Some(OTHER)));
}

/// Whoever asked for the reset knew nothing of the new topic: the next owner stops.
#[test]
fn a_reset_of_a_partition_that_stopped_for_something_else_is_of_the_old_topic() {
    let (mut machine, slot) = owning(SETTINGS, 5);
    machine.stop(slot, StopReason::SchemaMismatch);
    topic_is(&mut machine, OTHER, ms(0));
    assert!(tick(&mut machine, ms(500)).iter().all(|one| !matches!(one, Action::Commit(_))));
    machine.handle(ms(501), Event::Reset { mark: 0xab, offsets: vec![(p0(), at(3))] });
    let (offset, found) = said(&tick(&mut machine, ms(502)));
    assert_eq!((offset, found.lineage.topic), (3, Some(TOPIC)));
}
