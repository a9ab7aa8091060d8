//! Bytes of Kafka records and a compiled plan in, one ClickHouse Native block out.
//!
//! Pure: no I/O, no clock. A [`Plan`] is compiled once for a writer schema and a table; it then
//! writes records straight into the column buffers of a [`Block`], and either a whole row or
//! nothing. [`Block::freeze`] makes the bytes of `INSERT .. FORMAT Native` of it.

mod bad_record;
mod block;
mod column_list;
mod dictionary;
mod frame;
mod layout;
mod plan;
mod read;
mod spare;
mod value;

pub use crate::{
    bad_record::{BadRecord, Reason},
    block::{Block, Frozen, Sizes},
    column_list::ColumnList,
    frame::confluent_frame,
    plan::{DECODER_VERSION, HeaderVisitor, Headers, Plan, RecordMeta, no_headers},
    spare::Spare,
};
