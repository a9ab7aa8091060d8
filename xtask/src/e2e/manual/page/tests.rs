use super::{Class, blocks, fits, missing};

const PAGE: &str = include_str!("../../../../../docs/operations.md");

#[test]
fn blocks_have_their_class_and_answer() {
    let page = "# Look\n```sh smoke\necho a\n```\n\n```text\na\n```\n\ntext\n```text\nno answer\n```\n\
                ## Deeper\n```sh not-run: it costs money\nrm x\n```\n```yaml\n```sh\n```\n";
    let found = blocks(page).unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(
        (found[0].heading.as_str(), found[0].line, found[0].class),
        ("Look", 2, Class::Smoke)
    );
    assert_eq!(
        (found[0].script(), &found[0].expected[..]),
        ("echo a".to_owned(), &["a".to_owned()][..])
    );
    assert_eq!((found[1].heading.as_str(), found[1].class), ("Deeper", Class::NotRun));
    assert!(found[1].expected.is_empty());
}

#[test]
fn an_answer_follows_at_once() {
    let found = blocks("```sh smoke\necho a\n```\nThen:\n```text\nb\n```\n").unwrap();
    assert!(found[0].expected.is_empty());
}

#[test]
fn no_block_slips_by() {
    for fence in ["sh", "sh often", "sh not-run", "sh not-run: ", "bash", "shell smoke", ""] {
        let refused = blocks(&format!("```{fence}\necho a\n```\n"));
        assert!(refused.is_err(), "```{fence}");
    }
}

#[test]
fn an_answer_has_the_lines_in_order() {
    let expected = ["a".to_owned(), "c".to_owned()];
    assert_eq!(missing("a\nb\nc\n", &expected), None);
    assert_eq!(missing("c\na\n", &expected), Some("c"));
    assert_eq!(missing("a c\n", &expected), Some("a"));
    assert_eq!(missing("", &[]), None);
}

#[test]
fn dots_stand_for_anything() {
    for (line, wanted, fit) in [
        ("abc", "abc", true),
        ("abc", "ab", false),
        ("abc", "a…", true),
        ("abc", "…c", true),
        ("abc", "a…c", true),
        ("abcd", "a…c", false),
        ("a1b2c", "a…b…c", true),
        ("a1c", "a…b…c", false),
        ("abc", "…", true),
        ("ab", "ab…b", false),
    ] {
        assert_eq!(fits(line, wanted), fit, "{line} {wanted}");
    }
}

#[test]
fn the_manual_can_be_run() {
    let found = blocks(PAGE).unwrap();
    let count = |class| found.iter().filter(|block| block.class == class).count();
    assert_eq!(count(Class::Always), 1, "one block says what the others use");
    assert_eq!(found[0].class, Class::Always, "and it is the first");
    for (class, least) in [(Class::Smoke, 8), (Class::Pipeline, 6), (Class::Manual, 10)] {
        assert!(count(class) >= least, "{class:?}: {}", count(class));
    }
    assert!(count(Class::NotRun) <= 4, "most of the manual is run");
}

#[test]
fn pages_beside_the_manual_are_run_with_it() {
    for (path, page) in crate::e2e::manual::PAGES.into_iter().skip(1) {
        let found = blocks(page).unwrap();
        let run = found.iter().filter(|block| block.class == Class::Manual).count();
        assert!(run >= 3, "{path}: {run} blocks");
        assert!(found.iter().all(|block| block.class != Class::NotRun), "{path}");
    }
}
