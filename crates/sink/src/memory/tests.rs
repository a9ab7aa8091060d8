use super::*;

#[test]
fn full_until_half_and_shared_by_all() {
    let budget = Arc::new(Budget::new(480)); // 300 for batches
    let pot = budget.pot();
    let (mut one, mut other) = (pot.share(), pot.share());
    assert_eq!(one.set(200), Pressure::Low);
    assert_eq!(other.set(25), Pressure::High);
    assert_eq!(other.set(100), Pressure::Full);
    assert_eq!(one.set(60), Pressure::Low, "never full itself");
    assert_eq!(other.set(95), Pressure::Full, "155 of 300 is not half yet");
    drop(one);
    assert_eq!(other.set(95), Pressure::Low);
    assert_eq!(budget.used(), 95);
}

#[test]
fn a_pipeline_that_is_stuck_leaves_others_something_to_go_on_with() {
    let budget = Arc::new(Budget::new(480));
    let (stuck, busy) = (budget.pot(), budget.pot());
    let (mut stuck, mut busy) = (stuck.share(), busy.share());
    assert_eq!(stuck.set(149), Pressure::High);
    assert_eq!(stuck.set(150), Pressure::Full, "half of 300");
    assert_eq!(busy.set(74), Pressure::Low);
    assert_eq!(busy.set(80), Pressure::High);
    assert_eq!(busy.set(150), Pressure::Full);
    assert_eq!(busy.set(76), Pressure::Full, "not half of its own yet");
    assert_eq!(busy.set(74), Pressure::Low, "whatever the other one holds");
    assert_eq!(stuck.set(150), Pressure::Full);
}
