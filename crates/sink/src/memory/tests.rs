use super::*;

#[test]
fn full_until_half_and_shared_by_all() {
    let budget = Budget::new(480); // 300 for batches
    let (mut one, mut other) = (budget.share(), budget.share());
    assert_eq!(one.set(200), Pressure::Low);
    assert_eq!(other.set(25), Pressure::High);
    assert_eq!(other.set(100), Pressure::Full);
    assert_eq!(one.set(60), Pressure::Low, "never full itself");
    assert_eq!(other.set(95), Pressure::Full, "155 of 300 is not half yet");
    drop(one);
    assert_eq!(other.set(95), Pressure::Low);
    assert_eq!(budget.used(), 95);
}
