use super::*;

/// A kind, names that are of it, and names that are not.
type Case = (fn(&str) -> bool, &'static [&'static str], &'static [&'static str]);

#[test]
fn files_are_known_by_their_names() {
    let cases: [Case; 6] = [
        (
            is_dockerfile,
            &["Dockerfile", "connect/Dockerfile", "a/Dockerfile.x", "a/b.dockerfile"],
            &[".dockerignore", "docs/Dockerfiles.md"],
        ),
        (is_script, &["sql/migrate.sh", "a.bash"], &["a.rs", "sh"]),
        (is_yaml, &["compose.yaml", "a/b.yml"], &["a.yaml.md"]),
        (is_json, &["a.json", "schemas/sales.avsc"], &["a.jsonl"]),
        (is_workflow, &[".github/workflows/ci.yaml"], &["compose.yaml", ".github/workflows/a.md"]),
        (
            is_compose,
            &["compose.yaml", "compose/kafka.yaml", "compose/tls.yaml"],
            &[
                "compose/pipelines/sales.yaml",
                "compose/kafka/a.yaml",
                "compose/sink.toml",
                "a.yaml",
            ],
        ),
    ];
    for (is_one, yes, no) in cases {
        assert!(yes.iter().copied().all(is_one), "{yes:?}");
        assert!(!no.iter().copied().any(is_one), "{no:?}");
    }
}

#[test]
fn a_script_is_known_by_its_first_line_too() -> anyhow::Result<()> {
    let files = Files::listed()?;
    assert!(files.that(is_script)?.contains(&".ci/run".to_owned()));
    assert!(files.has("Cargo.toml"));
    assert!(!files.that(is_script)?.contains(&"LICENSE".to_owned()));
    Ok(())
}
