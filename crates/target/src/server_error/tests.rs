use super::*;

fn parse(answer: &str) -> ServerError {
    ServerError::parse(answer)
}

#[test]
fn code_name_and_text_are_read() {
    let error = parse(
        "Code: 60. DB::Exception: Table shop.sales does not exist. (UNKNOWN_TABLE) (version \
         26.7.2.1)",
    );
    assert_eq!((error.code, error.name.as_str()), (60, "UNKNOWN_TABLE"));
    assert_eq!(error.text, "Table shop.sales does not exist");
    assert_eq!(error.to_string(), "Table shop.sales does not exist (code 60, UNKNOWN_TABLE)");
}

#[test]
fn parentheses_in_the_message_are_not_its_name() {
    let error = parse(
        "Code: 16. DB::Exception: No such column zz in table d.t (758c7156-59a3). \
         (NO_SUCH_COLUMN_IN_TABLE) (version 26.7.2.1)",
    );
    assert_eq!(error.text, "No such column zz in table d.t (758c7156-59a3)");
    assert_eq!(error.name, "NO_SUCH_COLUMN_IN_TABLE");
}

/// Messages as the server gives them, each with the value `hush` in it.
#[test]
fn values_do_not_get_through() {
    for (answer, start) in [
        (
            "Code: 6. DB::Exception: Cannot parse string 'hush' as UInt64: syntax error at begin \
             of string. Note: there are toUInt64OrZero: while executing 'FUNCTION x'. \
             (CANNOT_PARSE_TEXT) (version 26.7.2.1)",
            "Cannot parse string",
        ),
        (
            "Code: 469. DB::Exception: Constraint `cc` for table d.t (3b171413-87fd) is violated \
             at row 1. Expression: (s != 'hush'). Column values: s = hush. (VIOLATED_CONSTRAINT) \
             (version 26.7.2.1)",
            "Constraint `cc` for table d.t (",
        ),
        ("Code: 321. DB::Exception: Value 77hush is out of range", "Value"),
        ("Code: 27. DB::Exception: Cannot parse input: expected x\nhush\n(hush)", "Cannot parse"),
        ("Code: 9999. \"hush\"", ""),
        ("Code: 60. DB::Exception: No table\nhush", "No table"),
        ("Code: 6. DB::Exception: Cannot parse 'while pushing to view hush' as UInt64", "Cannot"),
        ("<html>\nhush", "<html>"),
    ] {
        let error = parse(answer);
        assert!(error.text.starts_with(start), "{error:?}");
        assert!(!format!("{error:?}").contains("hush"), "{error:?}");
    }
}

#[test]
fn an_answer_without_a_code_is_not_the_servers() {
    for answer in ["", "Bad Gateway", "Code: x. y", "Code:", "\u{0}\u{1b}[2J"] {
        let error = parse(answer);
        assert_eq!((error.code, error.name.as_str()), (0, ""));
        assert!(!error.text.chars().any(char::is_control));
    }
}

#[test]
fn a_view_that_throws_is_named() {
    let error = parse(
        "Code: 395. DB::Exception: Value passed to 'throwIf' function is non-zero: while executing \
         'FUNCTION f': while pushing to view shop.hourly. (FUNCTION_THROW_IF_VALUE_IS_NON_ZERO) \
         (version 26.7.2.1)",
    );
    assert_eq!(error.view.as_deref(), Some("shop.hourly"));
    assert!(error.to_string().contains("in materialized view shop.hourly"), "{error}");
    for other in ["No table", "Cannot parse 'while pushing to view a' as UInt64"] {
        assert_eq!(parse(&format!("Code: 6. DB::Exception: {other}. (X_Y)")).view, None);
    }
}

#[test]
fn texts_are_short() {
    let error = parse(&format!("Code: 60. DB::Exception: {}", "ä".repeat(10_000)));
    assert_eq!(error.text.chars().count(), CHARS_MAX + 1);
}
