use super::cluster_id;

#[test]
fn cluster_ids_are_22_characters_of_16_bytes() {
    for _ in 0..1000 {
        let id = cluster_id();
        assert_eq!(id.len(), 22, "{id}");
        let letters = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        assert!(id.chars().all(letters), "{id}");
        assert!(!id.starts_with('-'), "{id} looks like an option");
        // Four bits of the last character are beyond the 16 bytes: a strict decoder wants zeros.
        assert!("AQgw".contains(id.chars().last().unwrap()), "{id}");
    }
    assert_ne!(cluster_id(), cluster_id());
}
