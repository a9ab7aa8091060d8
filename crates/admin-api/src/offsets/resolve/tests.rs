use super::*;

fn known() -> Known {
    let at = |partition| ("sales".to_owned(), partition);
    Known {
        ends: [(0, 10, 100), (1, 0, 0), (2, 5, 50)]
            .map(|(partition, low, high)| (at(partition), Ends { low, high }))
            .into(),
        committed: [(at(0), 40), (at(2), 2)].into(),
    }
}

fn numbers(resolved: &Resolved) -> Vec<(i32, i64, u64, u64)> {
    let of = |plan: &PartitionPlan| (plan.partition, plan.offset, plan.come_again, plan.skipped);
    resolved.partitions.iter().map(of).collect()
}

#[test]
fn backwards_records_come_again_and_forwards_they_are_skipped() {
    let known = known();
    let earliest = known.all(|_, ends| ends.low);
    assert_eq!(numbers(&earliest), [(0, 10, 30, 0), (1, 0, 0, 0), (2, 5, 0, 0)]);
    let latest = known.all(|_, ends| ends.high);
    // The offset committed for the last one is gone: what lies below the oldest is not skipped.
    assert_eq!(numbers(&latest), [(0, 100, 0, 60), (1, 0, 0, 0), (2, 50, 0, 45)]);
    assert_eq!(latest.partitions[1].committed, None);
}

#[test]
fn where_nothing_is_committed_all_below_is_skipped_unless_somebody_has_read_it() {
    let known = Known { committed: BTreeMap::new(), ..known() };
    let latest = known.all(|_, ends| ends.high);
    assert_eq!(numbers(&latest), [(0, 100, 0, 90), (1, 0, 0, 0), (2, 50, 0, 45)]);
    let offsets = [(("sales".to_owned(), 0), 70)].into();
    let settled = known.known_to(&offsets, Below::Settled, "");
    assert_eq!(numbers(&settled), [(0, 70, 0, 0)]);
}

#[test]
fn what_kafka_does_not_have_is_replaced_by_the_nearest_and_told() {
    let offsets = [(("sales".to_owned(), 0), 7), (("sales".to_owned(), 2), 51)].into();
    let resolved = known().known_to(&offsets, Below::Settled, "no offset there");
    let told: Vec<_> = resolved.partitions.iter().map(|plan| (plan.offset, plan.asked)).collect();
    assert_eq!(told, [(10, Some(7)), (50, Some(51))]);
    assert_eq!(resolved.left_alone, [left_alone(&("sales".to_owned(), 1), "no offset there")]);
}

#[test]
fn explicit_offsets_are_taken_exactly_or_refused() {
    let explicit = |pairs: &[(&str, i64)]| {
        let offsets = pairs.iter().map(|(name, offset)| ((*name).to_owned(), *offset)).collect();
        known().explicit(&offsets).map(|resolved| numbers(&resolved)).map_err(|error| {
            let OffsetsError::Refused(problems) = error else { panic!("not refused") };
            problems.into_iter().map(|problem| problem.pointer).collect::<Vec<_>>()
        })
    };
    assert_eq!(explicit(&[("sales/0", 10)]), Ok(vec![(0, 10, 30, 0)]));
    assert_eq!(explicit(&[("sales/0", 100), ("sales/1", 0)]).map(|found| found.len()), Ok(2));
    for (name, offset) in [
        ("sales/0", 9),
        ("sales/0", 101),
        ("sales/0", -1),
        ("sales/0", i64::MIN),
        ("sales/1", 1),
        ("sales/3", 0),
        ("sales/-1", 0),
        ("other/0", 0),
        ("sales/0/0", 10),
        ("sales", 10),
        ("", 10),
        ("/", 10),
        ("a~b/0", 1),
    ] {
        let expected = Err(vec![pointer(name)]);
        assert_eq!(explicit(&[(name, offset)]), expected, "{name} {offset}");
    }
    assert_eq!(explicit(&[]), Err(vec!["/offsets".to_owned()]));
    let both = explicit(&[("sales/0", 1), ("sales/2", 1), ("sales/1", 0)]);
    assert_eq!(both, Err(vec![pointer("sales/0"), pointer("sales/2")]));
}

#[test]
fn an_error_names_the_offsets_that_are_there() {
    let offsets = BTreeMap::from([("sales/0".to_owned(), 3)]);
    let Err(OffsetsError::Refused(problems)) = known().explicit(&offsets) else {
        panic!("3 is below 10");
    };
    assert_eq!(problems[0].message, "Kafka has offsets 10 to 100 of it, where 100 is next");
}
