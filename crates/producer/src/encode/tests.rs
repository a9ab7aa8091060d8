use apache_avro::{Schema, reader::datum::GenericDatumReader};
use serde::Serialize;

use super::Encoder;
use crate::{SALES_SCHEMA, Sales};

#[test]
fn the_frame_is_zero_then_the_id_most_significant_byte_first() {
    let schema = Schema::parse_str(r#"{"type":"string"}"#).unwrap();
    let mut encoder = Encoder::new(&schema, 0x0102_0304).unwrap();
    assert_eq!(encoder.encode(&"ab").unwrap(), b"\x00\x01\x02\x03\x04\x04ab");
    assert_eq!(encoder.encode(&"").unwrap(), b"\x00\x01\x02\x03\x04\x00", "nothing is left over");
}

#[test]
fn an_event_that_does_not_fit_is_an_error() {
    #[derive(Serialize)]
    struct Wrong {
        no_such_field: i32,
    }
    let schema = Schema::parse_str(SALES_SCHEMA).unwrap();
    let mut encoder = Encoder::new(&schema, 1).unwrap();
    encoder.encode(&Wrong { no_such_field: 1 }).unwrap_err();
}

#[test]
fn what_is_encoded_decodes_to_itself() {
    let schema = Schema::parse_str(SALES_SCHEMA).unwrap();
    let reader = GenericDatumReader::builder(&schema).build().unwrap();
    let mut encoder = Encoder::new(&schema, 1).unwrap();
    let mut sales = Sales::new(1);
    for ts_ms in 1_700_000_000_000..1_700_000_000_500 {
        let (sale, _) = sales.next(ts_ms);
        let mut datum = &encoder.encode(sale).unwrap()[5..];
        let value = reader.read_value(&mut datum).unwrap();
        assert!(datum.is_empty(), "bytes are left over");
        assert_eq!(value, sale.expected());
    }
}
