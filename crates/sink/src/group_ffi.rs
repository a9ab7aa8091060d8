//! A consumer in, what only librdkafka's C interface tells about it out: its membership in the
//! group, and the ids of topics.
//!
//! The safe wrapper has neither. Every pointer below comes from librdkafka, is checked for null,
//! is used only while its owner lives, and is given back by a guard.

use std::{
    collections::HashMap,
    ffi::{CStr, CString, c_char},
    time::Duration,
};

use deliver::{Member, TopicId};
use rdkafka::{bindings as ffi, consumer::Consumer as _};

use crate::consume::Consumer;

/// Gives a pointer back when it goes out of scope.
struct Guard<T>(*mut T, unsafe extern "C" fn(*mut T));

impl<T> Guard<T> {
    fn new(pointer: *mut T, destroy: unsafe extern "C" fn(*mut T)) -> Option<Self> {
        (!pointer.is_null()).then_some(Self(pointer, destroy))
    }
}

impl<T> Drop for Guard<T> {
    fn drop(&mut self) {
        // SAFETY: the pointer is not null and `self.1` is the destructor that librdkafka names
        // for what it has made.
        unsafe { (self.1)(self.0) }
    }
}

/// The consumer's place in its group, as librdkafka's main thread knows it now.
pub(crate) fn member(consumer: &Consumer) -> Member {
    // SAFETY: the client lives as long as `consumer`, and the answer belongs to us.
    let metadata = unsafe { ffi::rd_kafka_consumer_group_metadata(consumer.client().native_ptr()) };
    let Some(metadata) = Guard::new(metadata, ffi::rd_kafka_consumer_group_metadata_destroy) else {
        return Member::default();
    };
    // SAFETY: both read from the metadata held by the guard; the string lives as long.
    unsafe {
        Member {
            id: text(ffi::rd_kafka_consumer_group_metadata_member_id(metadata.0)),
            generation: ffi::rd_kafka_consumer_group_metadata_generation_id(metadata.0),
        }
    }
}

/// The ids of topics, of those for which the broker tells one (KIP-516: brokers since 3.1).
/// `None` when it did not answer within `timeout`. Blocks: not for the worker's thread.
pub(crate) fn topic_ids(
    consumer: &Consumer,
    topics: &[String],
    timeout: Duration,
) -> Option<HashMap<String, TopicId>> {
    let client = consumer.client().native_ptr();
    let names: Vec<CString> =
        topics.iter().map(|topic| CString::new(topic.as_str())).collect::<Result<_, _>>().ok()?;
    let mut pointers: Vec<*const c_char> = names.iter().map(|name| name.as_ptr()).collect();
    let timeout_ms = i32::try_from(timeout.as_millis()).unwrap_or(i32::MAX);
    // SAFETY: `names` outlives the call, which copies them; `client` lives as long as `consumer`;
    // the request is answered through a queue of our own, and the answer is read while its event
    // is held.
    unsafe {
        let asked = Guard::new(
            ffi::rd_kafka_TopicCollection_of_topic_names(pointers.as_mut_ptr(), pointers.len()),
            ffi::rd_kafka_TopicCollection_destroy,
        )?;
        let queue = Guard::new(ffi::rd_kafka_queue_new(client), ffi::rd_kafka_queue_destroy)?;
        let options = Guard::new(
            ffi::rd_kafka_AdminOptions_new(
                client,
                ffi::rd_kafka_admin_op_t::RD_KAFKA_ADMIN_OP_DESCRIBETOPICS,
            ),
            ffi::rd_kafka_AdminOptions_destroy,
        )?;
        let mut reason = [0; 256]; // why the timeout was refused: then the default holds
        ffi::rd_kafka_AdminOptions_set_request_timeout(
            options.0,
            timeout_ms,
            reason.as_mut_ptr(),
            reason.len(),
        );
        ffi::rd_kafka_DescribeTopics(client, asked.0, options.0, queue.0);
        let event =
            Guard::new(ffi::rd_kafka_queue_poll(queue.0, timeout_ms), ffi::rd_kafka_event_destroy)?;
        let error = ffi::rd_kafka_event_error(event.0);
        if error == ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR__UNSUPPORTED_FEATURE {
            return Some(HashMap::new());
        }
        let result = ffi::rd_kafka_event_DescribeTopics_result(event.0);
        if error != ffi::rd_kafka_resp_err_t::RD_KAFKA_RESP_ERR_NO_ERROR || result.is_null() {
            return None;
        }
        let mut count = 0;
        let found = ffi::rd_kafka_DescribeTopics_result_topics(result, &raw mut count);
        if found.is_null() {
            return None;
        }
        let found = std::slice::from_raw_parts(found, count);
        Some(found.iter().filter_map(|topic| id(*topic)).collect())
    }
}

/// # Safety
///
/// `topic` must belong to a result that is still held.
unsafe fn id(topic: *const ffi::rd_kafka_TopicDescription_t) -> Option<(String, TopicId)> {
    // SAFETY: the caller holds the result; what is read from it lives as long.
    unsafe {
        let id = ffi::rd_kafka_TopicDescription_topic_id(topic);
        if id.is_null() {
            return None;
        }
        let high = ffi::rd_kafka_Uuid_most_significant_bits(id).cast_unsigned();
        let low = ffi::rd_kafka_Uuid_least_significant_bits(id).cast_unsigned();
        let id = u128::from(high) << 64 | u128::from(low);
        // All zeros: a broker that knows no ids, or no such topic.
        (id != 0).then(|| (text(ffi::rd_kafka_TopicDescription_name(topic)), TopicId(id)))
    }
}

/// # Safety
///
/// `pointer` must be null or a C string that is still held.
unsafe fn text(pointer: *const c_char) -> String {
    if pointer.is_null() {
        return String::new();
    }
    // SAFETY: not null, and held by the caller.
    unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned()
}
