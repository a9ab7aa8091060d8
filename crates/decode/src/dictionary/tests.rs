use std::sync::Arc;

use super::{Dictionary, KNOWN_MAX, Symbols};

fn symbols(texts: &[&str]) -> Symbols {
    texts.iter().map(|text| Box::from(text.as_bytes())).collect()
}

#[test]
fn versions_of_an_enum_with_another_order_share_codes() {
    let versions: Vec<_> = (0..KNOWN_MAX + 3)
        .map(|number| {
            let mut texts = vec!["a", "b", "c", "d", "e"];
            texts.rotate_left(number % 5);
            symbols(&texts)
        })
        .collect();
    let mut dictionary = Dictionary::new(false, Vec::new());
    let mut expected = Vec::new();
    for round in 0..50 {
        let symbols = &versions[round * 7 % versions.len()];
        let index = round % symbols.len();
        dictionary.push_symbol(symbols, index);
        dictionary.commit();
        expected.push(symbols[index].clone());
    }
    let (count, texts, values) = dictionary.into_parts();
    assert_eq!((count, values.len()), (6, 50));
    // Each text here is one byte after its length, the first text is empty.
    let text = |code: u8| texts[2 * usize::from(code)];
    let found: Vec<_> = values.iter().map(|code| Box::from([text(*code)])).collect();
    assert_eq!(found, expected);
}

#[test]
fn the_default_is_the_empty_text_only_where_null_is_not() {
    let mut plain = Dictionary::new(false, Vec::new());
    plain.push_text(b"");
    plain.push_default();
    assert_eq!(plain.into_parts(), (1, vec![0], vec![0, 0]));
    let mut nullable = Dictionary::new(true, Vec::new());
    nullable.push_text(b"");
    nullable.push_default();
    assert_eq!(nullable.into_parts(), (2, vec![0, 0], vec![1, 0]));
}

#[test]
fn symbols_taken_back_get_their_code_again() {
    let colors = symbols(&["red", "green"]);
    let mut dictionary = Dictionary::new(false, Vec::new());
    dictionary.push_symbol(&colors, 1);
    dictionary.roll_back();
    dictionary.push_symbol(&Arc::clone(&colors), 0);
    dictionary.push_symbol(&colors, 1);
    dictionary.commit();
    let (count, texts, values) = dictionary.into_parts();
    assert_eq!((count, values), (3, vec![1, 2]));
    assert_eq!(texts, b"\x00\x03red\x05green");
}
