use super::K6;

#[test]
fn the_image_is_of_the_same_version() {
    let compose = include_str!("../../../compose/load.yaml");
    let image = format!("image: grafana/k6:{}\n", K6.trim_start_matches('v'));
    assert!(compose.contains(&image), "compose/load.yaml has no {image}");
}
