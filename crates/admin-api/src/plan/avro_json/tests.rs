use serde_json::json;

use super::*;

fn long(value: i64) -> Vec<u8> {
    let mut rest = (value << 1 ^ value >> 63).cast_unsigned();
    let mut bytes = Vec::new();
    loop {
        let low = u8::try_from(rest & 0x7f).unwrap();
        rest >>= 7;
        if rest == 0 {
            bytes.push(low);
            return bytes;
        }
        bytes.push(low | 0x80);
    }
}

fn text(text: &str) -> Vec<u8> {
    [long(i64::try_from(text.len()).unwrap()), text.as_bytes().to_vec()].concat()
}

fn record(fields: &str) -> Schema {
    let json = format!(r#"{{"type":"record","name":"R","fields":[{fields}]}}"#);
    Schema::parse(&json, &[]).unwrap()
}

#[test]
fn every_kind_is_readable() {
    let schema = record(
        r#"{"name":"b","type":"boolean"},{"name":"i","type":"int"},{"name":"d","type":"double"},
           {"name":"s","type":"string"},{"name":"raw","type":"bytes"},
           {"name":"e","type":{"type":"enum","name":"E","symbols":["A","B"]}},
           {"name":"u","type":["null","long"]},
           {"name":"list","type":{"type":"array","items":"long"}},
           {"name":"map","type":{"type":"map","values":"string"}},
           {"name":"price","type":{"type":"bytes","logicalType":"decimal","precision":9,"scale":2}},
           {"name":"day","type":{"type":"int","logicalType":"date"}},
           {"name":"at","type":{"type":"long","logicalType":"timestamp-millis"}},
           {"name":"us","type":{"type":"long","logicalType":"timestamp-micros"}}"#,
    );
    let datum = [
        vec![1],
        long(-3),
        1.5_f64.to_le_bytes().to_vec(),
        text("hé"),
        [long(2), vec![0xff, 0x00]].concat(),
        long(1),
        [long(1), long(i64::MIN)].concat(),
        [long(2), long(1), long(2), long(0)].concat(),
        [long(-1), long(4), text("k"), text("v"), long(0)].concat(),
        [long(2), vec![0xff, 0x85]].concat(),
        long(20_778),
        long(1_795_255_200_123),
        long(-1),
    ]
    .concat();
    assert_eq!(
        decode(&schema, &datum).unwrap(),
        json!({
            "b": true, "i": -3, "d": 1.5, "s": "hé", "raw": "0xff00", "e": "B", "u": i64::MIN,
            "list": [1, 2], "map": {"k": "v"}, "price": "-1.23", "day": "2026-11-21",
            "at": "2026-11-21T10:00:00.123Z", "us": "1969-12-31T23:59:59.999999Z",
        })
    );
}

#[test]
fn what_is_not_a_datum_is_refused() {
    let schema = record(r#"{"name":"s","type":"string"}"#);
    assert_eq!(decode(&schema, &[]), Err(SHORT));
    assert_eq!(decode(&schema, &[long(5), vec![b'a']].concat()), Err(SHORT));
    assert_eq!(decode(&schema, &[text("a"), vec![0]].concat()), Err("bytes are left over"));
    assert_eq!(decode(&schema, &long(-1)), Err("a length below zero"));
    assert_eq!(decode(&schema, &long(i64::MAX)), Err(SHORT));
    assert_eq!(decode(&schema, &[0xff; 11]), Err("a number of too many bytes"));
}

#[test]
fn a_small_datum_cannot_become_a_large_answer() {
    let schema = record(r#"{"name":"n","type":{"type":"array","items":"null"}}"#);
    assert_eq!(decode(&schema, &long(i64::MAX)), Err("too many values"));
    assert_eq!(decode(&schema, &[long(i64::MIN), long(0)].concat()), Err("too many values"));
    let json = r#"{"type":"record","name":"R","fields":[
        {"name":"next","type":["null","R"]}]}"#;
    let schema = Schema::parse(json, &[]).unwrap();
    assert_eq!(decode(&schema, &[2; 1_000]), Err("nested too deep"));
}

#[test]
fn decimals_keep_their_point() {
    for (bytes, scale, shown) in [
        (&[][..], 2, "0.00"),
        (&[5], 2, "0.05"),
        (&[0xff], 2, "-0.01"),
        (&[1, 0], 0, "256"),
        (&[0x80], 1, "-12.8"),
    ] {
        assert_eq!(decimal(bytes, scale).unwrap(), shown);
    }
    assert_eq!(decimal(&[1; 17], 0), None);
    let least = [&[0x80][..], &[0; 15]].concat();
    assert_eq!(decimal(&least, 0).unwrap(), i128::MIN.to_string());
}

#[test]
fn days_are_those_of_the_calendar() {
    for (days, shown) in [
        (0, "1970-01-01"),
        (-1, "1969-12-31"),
        (11_016, "2000-02-29"),
        (11_017, "2000-03-01"),
        (-25_567, "1900-01-01"),
        (47_541, "2100-03-01"),
        (47_540, "2100-02-28"),
    ] {
        assert_eq!(date(days).unwrap(), shown);
    }
    assert_eq!(date(i64::MAX), None);
    assert_eq!(date(i64::MIN), None);
    assert_eq!(timestamp_ms(i64::MIN), i64::MIN.to_string());
}
