use super::{Draw, Skewed};

#[test]
fn a_seed_means_these_numbers_on_every_machine() {
    // The first outputs for seed 1234567 of the reference implementation in C.
    let mut draw = Draw::new(1_234_567);
    let drawn = [draw.bits(), draw.bits(), draw.bits()];
    assert_eq!(
        drawn,
        [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]
    );
}

#[test]
fn numbers_stay_below_their_end_and_reach_both_sides() {
    let mut draw = Draw::new(1);
    let mut seen = [0; 7];
    for _ in 0..7_000 {
        seen[draw.below(7) as usize] += 1;
    }
    assert!(seen.iter().all(|count| (800..1_200).contains(count)), "{seen:?}");
    assert_eq!(draw.below(1), 0);
}

#[test]
fn skewed_numbers_follow_their_weights() {
    let skewed = Skewed::new(100, 1);
    let mut draw = Draw::new(1);
    let mut seen = vec![0u32; 100];
    for _ in 0..100_000 {
        seen[skewed.draw(&mut draw) as usize] += 1;
    }
    // Weights 1, 1/2, .. 1/100 sum to 5.19.
    assert!((18_300..20_300).contains(&seen[0]), "{}", seen[0]);
    assert!((8_900..10_400).contains(&seen[1]), "{}", seen[1]);
    assert!(seen[99] > 100, "{}", seen[99]);
}
