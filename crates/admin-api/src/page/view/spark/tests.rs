use super::*;

fn draw(samples: &[Option<f64>]) -> Spark {
    Spark::new(samples, "rows", |number| format!("{number:.0}"))
}

#[test]
fn nothing_known_draws_nothing() {
    for samples in [&[][..], &[None, None], &[Some(f64::NAN)]] {
        let spark = draw(samples);
        assert_eq!(spark.line, "");
        assert_eq!(spark.label, "rows: nothing known yet");
    }
}

#[test]
fn the_highest_touches_the_top_and_zero_the_bottom() {
    let spark = draw(&[Some(0.0), Some(50.0), Some(100.0)]);
    assert_eq!(spark.line, "M0.0 27.0L60.0 14.0L120.0 1.0");
    assert_eq!(spark.label, "rows: now 100, lowest 0, highest 100");
    assert!(spark.area.ends_with("L120.0 28L0.0 28Z"), "{}", spark.area);
}

#[test]
fn a_gap_interrupts_line_and_area() {
    let spark = draw(&[Some(1.0), None, Some(1.0), Some(1.0)]);
    assert_eq!(spark.line.matches('M').count(), 2);
    assert_eq!(spark.area.matches('Z').count(), 2);
    assert!(spark.area.contains("L0.0 28L0.0 28Z"), "{}", spark.area);
}

#[test]
fn all_zero_is_a_flat_line() {
    assert_eq!(draw(&[Some(0.0), Some(0.0)]).line, "M0.0 27.0L120.0 27.0");
}
