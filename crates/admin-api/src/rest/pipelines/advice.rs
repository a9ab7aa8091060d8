//! Why a pipeline stopped in, what resolves it out.

/// What a person does about a reason that sinks report. Every one has an answer: a test compares
/// with the list of reasons.
#[must_use]
pub fn advice(reason: &str) -> &'static str {
    match reason {
        "schema-mismatch" => {
            "The records' schema does not fit the table, or ClickHouse does not let the sink look at \
             the table, create it or insert. Mend the table, the schema or the right that the \
             error names, then restart the pipeline."
        }
        "bad-record" => {
            "A record cannot become a row and the pipeline says on_error: stop. Set on_error: \
             dead-letter to put it aside, or move the offset past it."
        }
        "insert-refused" => {
            "ClickHouse refuses the rows. Mend what the error names, such as a right or a \
             constraint, then restart the pipeline."
        }
        "unknown-metadata" => {
            "The offsets were committed by a newer version or another program. Run that version, \
             or reset the pipeline's offsets to `table`."
        }
        "offsets-lost" => {
            "The group's offsets are gone although it has worked before. Reset the pipeline's \
             offsets to `table`, the first record that is not in the table, or to `mirror`, the \
             copy in the status topic; to `earliest` if the topic was deleted and created again."
        }
        "offset-out-of-range" => {
            "The topic no longer has the record to go on from. Reset the pipeline's offsets to \
             `table`, the first record that the topic still has and the table has not; what is \
             gone cannot be read any more."
        }
        "topic-recreated" => {
            "The topic was deleted and created again, so the offsets are those of another topic. \
             Reset them to `earliest`, or those of this topic to 0 with `explicit` if the pipeline \
             has others."
        }
        "range-unprovable" => {
            "Whether some rows arrived cannot be shown. Look for the range that the error names in \
             the table, then reset the offset behind it if it is there, or to its first record if \
             it is not."
        }
        "guarantee-missing" => {
            "The table cannot give exactly-once. Mend what the findings name, or set delivery: \
             at-least-once."
        }
        "invalid-spec" => {
            "This sink cannot run the document. Correct it as the error says, or upgrade the sink."
        }
        "config" => "This sink is set up wrongly for the pipeline: the error says which setting.",
        _ => "The error says what happened. After it is mended, restart the pipeline.",
    }
}

#[cfg(test)]
mod tests;
